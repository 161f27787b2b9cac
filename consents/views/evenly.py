"""Pages that take a number answer when their time has come, not when they are ready (trust.md T17).

What is done for a number that is known and for one that is not takes the same trips to the database
(`services.request_consent`), but never to the microsecond; and somebody who asks often enough could tell.
"""

from collections.abc import Callable
from functools import wraps
from time import perf_counter, sleep

from django.conf import settings
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def answers_evenly(view: View) -> View:
    """Hold back the answer to a POST until `settings.EVEN_ANSWER` seconds after it came in.

    Longer work is held back no further: then the machine is so busy that its own unrest covers the rest.
    """

    @wraps(view)
    def wait(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        began = perf_counter()
        response = view(request, *args, **kwargs)
        if request.method == "POST":
            sleep(max(0.0, began + settings.EVEN_ANSWER - perf_counter()))
        return response

    return wait
