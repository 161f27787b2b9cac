"""The page as it was served: its digest goes into the evidence (law.md L19), and comes back with the form.

The digest is SHA-256 of the page's bytes with two values emptied: the one-time token against forged
requests, and the digest's own place. Whoever saved the page can compute it.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

MOST_REMEMBERED = 1000
_remembered: dict[bytes, str] = {}

_CHANGING = re.compile(rb'(name="(?:csrfmiddlewaretoken|page)"\s+value=")[^"]*(")')
_OWN_PLACE = re.compile(rb'(name="page"\s+value=")[^"]*(")')


def digest(page: HttpResponse) -> str:
    """Return the digest of a rendered page: 64 hexadecimal digits."""
    return sha256(_CHANGING.sub(rb"\1\2", page.content)).hexdigest()


def remember(request: HttpRequest, page: HttpResponse, rests_on: Sequence[Model]) -> str:
    """Return the digest of a page, and keep it for whoever sends the form back.

    Kept under all that decides what the page says: its address, its language and every column of the rows
    that it shows. So a page that has changed in any way is rendered anew, and nothing has to be cleared.
    """
    name = digest(page)
    if key := _key(request, rests_on):
        if len(_remembered) >= MOST_REMEMBERED:
            _remembered.clear()
        _remembered[key] = name
    return name


def recall(request: HttpRequest, rests_on: Sequence[Model]) -> str | None:
    """Return the digest that this very page had when it was rendered last, if this process has done so."""
    key = _key(request, rests_on)
    return _remembered.get(key) if key else None


def _key(request: HttpRequest, rests_on: Sequence[Model]) -> bytes | None:
    """None for a visitor with cookies of other pages: what they hold (a message) may be shown."""
    if not {settings.CSRF_COOKIE_NAME}.issuperset(request.COOKIES):
        return None
    rows = [
        [getattr(row, field.attname) for field in row._meta.concrete_fields] for row in rests_on
    ]
    return sha256(repr((request.get_full_path(), get_language(), rows)).encode()).digest()


def named(page: HttpResponse, name: str) -> HttpResponse:
    """Return the page with its digest in its forms, so that an answer says what it answers."""
    page.content = _OWN_PLACE.sub(rb"\g<1>" + name.encode() + rb"\2", page.content)
    return page


def is_another(request: HttpRequest, name: str) -> bool:
    """Return whether the form was opened on other words than those that are asked now."""
    return request.POST.get("page", name) != name


def facts(request: HttpRequest, name: str) -> dict[str, str | int]:
    """Return what the evidence says of the page. A form that names none was not made by our page."""
    return {"page_sha256": name, "page_named": int("page" in request.POST)}
