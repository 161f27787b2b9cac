"""Which language a page is in: bokmål, unless the person or the colleague has chosen another.

No cookie and no browser header decides: a public page is the same for everyone who opens its address
(law.md L17, L18), and a link to a page in another language says so itself with `?lang=nn`.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

# Each language in its own words, as people who need the choice read it.
NAMES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}
STAFF_PATHS = ("/staff/", "/admin/")


def language_of(request: HttpRequest) -> str:
    """Return the language of the page: the colleague's own in the portal, else `?lang=`, else bokmål.

    An unknown `?lang=` is as if it were not there. Public pages never look at the session.
    """
    if request.path.startswith(STAFF_PATHS) and request.user.is_authenticated:
        return known(request.user.language)
    return known(request.GET.get("lang"))


def known(code: str | None) -> str:
    """Return the code when the product speaks that language, else the default."""
    return code if code in NAMES else settings.LANGUAGE_CODE


class LanguageMiddleware:
    """Answer each request in its language, and leave the thread as it was found."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response
