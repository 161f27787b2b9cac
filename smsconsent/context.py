"""What every template may use: the language of the page, and the way to the same page in another."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from smsconsent.languages import NAMES, STAFF_PATHS
from smsconsent.outbox import why_stopped


class LanguageChoice(NamedTuple):
    """One line of the language switch."""

    code: str
    name: str
    url: str
    is_current: bool


def site(request: HttpRequest) -> dict[str, Any]:
    """Return `languages` for the switch and `lang_query` for links: `?lang=nn`, or nothing for bokmål.

    `sending_stop` says why nothing leaves; it is asked only where it is shown. Inside the portal the
    language belongs to the account, so `lang_query` is empty there.
    """
    current = get_language() or settings.LANGUAGE_CODE
    carries = current != settings.LANGUAGE_CODE and not request.path.startswith(STAFF_PATHS)
    return {
        "languages": [
            LanguageChoice(code, name, _same_page(request, code), code == current)
            for code, name in NAMES.items()
        ],
        "lang_query": f"?lang={current}" if carries else "",
        "sending_stop": why_stopped,
    }


def _same_page(request: HttpRequest, code: str) -> str:
    query = request.GET.copy()
    query.pop("lang", None)
    if code != settings.LANGUAGE_CODE:
        query["lang"] = code
    return f"{request.path}?{query.urlencode()}" if query else request.path
