"""The page as it was served: its digest goes into the evidence (law.md L19), and comes back with the form.

The digest is SHA-256 of the page's bytes with two values emptied: the one-time token against forged
requests, and the digest's own place. Whoever saved the page can compute it.
"""

import re
from hashlib import sha256

from django.http import HttpRequest, HttpResponse

_CHANGING = re.compile(rb'(name="(?:csrfmiddlewaretoken|page)"\s+value=")[^"]*(")')
_OWN_PLACE = re.compile(rb'(name="page"\s+value=")[^"]*(")')


def digest(page: HttpResponse) -> str:
    """Return the digest of a rendered page: 64 hexadecimal digits."""
    return sha256(_CHANGING.sub(rb"\1\2", page.content)).hexdigest()


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
