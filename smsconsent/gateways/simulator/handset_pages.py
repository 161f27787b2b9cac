"""The mobile phone in the browser: the page, its conversations as JSON, and what the person sends."""

import re
from importlib.resources import files

from smsconsent.gateways.simulator.handsets import Entry, tidy_number
from smsconsent.gateways.simulator.http import HttpError, Request, Response, Routes, as_json
from smsconsent.gateways.simulator.world import World

LONGEST_TEXT = 2000
RECENT_NUMBERS = 12
_TO = re.compile(r"\+?[0-9]{3,15}", re.ASCII)
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_WEB = files("smsconsent.gateways.simulator") / "web"
_ASSETS = {asset.name: asset.read_bytes() for asset in _WEB.iterdir() if asset.is_file()}
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
routes = Routes()


def page(name: str) -> Response:
    """Return a file of ours, under the strict policy that all of them have."""
    if name not in _ASSETS:
        raise HttpError(404, "There is nothing here.")
    kind = {"Content-Type": _TYPES[name.rpartition(".")[2]]}
    return Response(200, _ASSETS[name], kind | PAGE_HEADERS)


@routes.add("GET", "/")
@routes.add("GET", "/handset")
def to_handset(world: World, request: Request) -> Response:
    return Response(302, headers={"Location": "/handset/"})


@routes.add("GET", "/handset/")
def handset_page(world: World, request: Request) -> Response:
    return page("handset.html")


@routes.add("GET", "/web/{name}")
def asset(world: World, request: Request, name: str) -> Response:
    return page(name)


@routes.add("GET", "/favicon.ico")
def icon(world: World, request: Request) -> Response:
    return page("icon.svg")


@routes.add("GET", "/handset/numbers.json")
def numbers(world: World, request: Request) -> Response:
    """Return the phones that were used last, and the short numbers that can be written to."""
    phones = [
        {"number": handset.number, "last": handset.entries[-1].as_json()}
        for handset in world.handsets.recent(RECENT_NUMBERS)
    ]
    return as_json({"phones": phones, "shortNumbers": list(world.config.short_numbers)})


@routes.add("GET", "/handset/{typed}.json")
def conversation(world: World, request: Request, typed: str) -> Response:
    """Return everything one phone received and sent, the newest last."""
    handset = world.handsets.find(_number(typed))
    version = f'"{handset.version}"' if handset else '"0"'
    if request.headers.get("if-none-match") == version:
        return Response(304, headers={"ETag": version})
    entries = [entry.as_json() for entry in handset.entries] if handset else []
    return as_json(entries, ETag=version, Cache_Control="no-cache")


@routes.add("POST", "/handset/{typed}")
def send(world: World, request: Request, typed: str) -> Response:
    """Let the person send a text. 202: it is on its way to whoever its keyword names."""
    fields = request.json_object()
    to, text = fields.get("to"), fields.get("text")
    if not isinstance(to, str) or not _TO.fullmatch(to.replace(" ", "")):
        raise HttpError(400, "An SMS goes to a short number or a phone number, not to a name.")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise HttpError(400, f"The text has 1 to {LONGEST_TEXT} characters.")
    entry: Entry = world.inbox.receive(_number(typed), to.replace(" ", ""), text)
    return as_json(entry.as_json(), 202)


def _number(typed: str) -> str:
    number = tidy_number(typed)
    if not number:
        raise HttpError(400, "That is not a phone number.")
    return number
