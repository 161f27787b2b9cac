"""Error pages in plain words, where Django has none of its own: too much sent (413), not done here (405)."""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 413 to a body above the limit, else 400. Set as `handler400`."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return defaults.bad_request(request, exception)


class NotAllowedMiddleware:
    """Give a bare 405 a page when a person is looking. Programs, which ask for no HTML, get it bare."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content and is_person(request):
            response.content = render(request, "405.html").content
        return response


def is_person(request: HttpRequest) -> bool:
    """A browser names HTML when it asks for a page; `*/*` is a program's."""
    return "text/html" in request.headers.get("Accept", "")
