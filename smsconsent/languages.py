"""Which language a page is in: bokmål unless somebody chooses. The browser's wish is not asked (guide: nb by default)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

CODES = frozenset(code for code, _name in settings.LANGUAGES)


class LanguageMiddleware:
    """`?lang=nn` chooses for one page and sets no cookie; a colleague's own choice is on the account."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]  # Django's own middleware sets it so
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def language_of(request: HttpRequest) -> str:
    """Return the language asked for by the address, else the colleague's own, else bokmål."""
    asked = request.GET.get("lang", "")
    if asked in CODES:
        return asked
    user = getattr(request, "user", None)
    own = getattr(user, "language", "")
    return own if own in CODES else settings.LANGUAGE_CODE
