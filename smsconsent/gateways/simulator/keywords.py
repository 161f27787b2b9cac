"""Keywords: which message from a person goes to which address."""

import re
from typing import Any
from uuid import uuid4

from smsconsent.gateways.simulator.clock import iso

MODES = ("Exact", "Startswith", "Text", "Wildcard", "Regex")
# The most particular wins.
_ORDER = {"Exact": 0, "Startswith": 1, "Text": 1, "Wildcard": 2, "Regex": 3}
_FIELDS = (
    "shortNumberId",
    "keywordText",
    "mode",
    "forwardUrl",
    "enabled",
    "customProperties",
    "tags",
    "aliases",
)


class KeywordStore:
    """The keywords of the account, by id."""

    def __init__(self) -> None:
        self._by_id: dict[str, dict[str, Any]] = {}

    def add(self, fields: dict[str, Any], *, now: float) -> str:
        """Register a keyword and return its id. Raises ValueError saying what is wrong."""
        keyword = _checked(fields)
        keyword_id = str(uuid4())
        stamps = {"created": iso(now), "lastModified": iso(now)}
        self._by_id[keyword_id] = {"keywordId": keyword_id} | keyword | stamps
        return keyword_id

    def change(self, keyword_id: str, fields: dict[str, Any], *, now: float) -> bool:
        """Replace a keyword. False when there is none with that id. Raises ValueError."""
        if keyword_id not in self._by_id:
            return False
        changes = _checked(fields) | {"lastModified": iso(now)}
        self._by_id[keyword_id] = self._by_id[keyword_id] | changes
        return True

    def remove(self, keyword_id: str) -> bool:
        return self._by_id.pop(keyword_id, None) is not None

    def get(self, keyword_id: str) -> dict[str, Any] | None:
        return self._by_id.get(keyword_id)

    def search(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """Return those that match: the text filter means *contains*, the others are exact."""
        return [keyword for keyword in self._by_id.values() if _fits_search(keyword, wanted)]

    def clear(self) -> None:
        self._by_id.clear()

    def short_number_id(self, recipient: str) -> str:
        """Return the longest known short number that the recipient begins with.

        What follows it is a dialogue number: an answer then needs no keyword.
        """
        known = {keyword["shortNumberId"] for keyword in self._by_id.values()}
        fitting = [name for name in known if recipient.startswith(name.partition("-")[2])]
        return max(fitting, key=len, default="")

    def match(self, short_number_id: str, text: str) -> dict[str, Any] | None:
        """Return the most particular enabled keyword that the text answers to, in any case of letters."""
        fitting = [
            keyword
            for keyword in self._by_id.values()
            if keyword["shortNumberId"] == short_number_id
            and keyword["enabled"]
            and _fits(keyword, text)
        ]
        return min(
            fitting,
            key=lambda keyword: (_ORDER[keyword["mode"]], -len(keyword["keywordText"])),
            default=None,
        )


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    keyword = {name: fields.get(name) for name in _FIELDS}
    for name in ("shortNumberId", "keywordText", "mode", "forwardUrl"):
        if not isinstance(keyword[name], str) or not keyword[name]:
            raise ValueError(f"{name} is required.")
    if keyword["mode"] not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}.")
    if keyword["mode"] == "Regex":
        try:
            re.compile(str(keyword["keywordText"]))
        except re.error as error:
            raise ValueError(f"keywordText is not a pattern: {error}") from error
    keyword["enabled"] = keyword["enabled"] is not False
    keyword["tags"] = keyword["tags"] or []
    keyword["aliases"] = keyword["aliases"] or []
    keyword["customProperties"] = keyword["customProperties"] or {}
    return keyword


def _fits_search(keyword: dict[str, Any], wanted: dict[str, str]) -> bool:
    if wanted.get("keywordText", "").lower() not in keyword["keywordText"].lower():
        return False
    if "tag" in wanted and wanted["tag"] not in keyword["tags"]:
        return False
    exact = (name for name in ("shortNumberId", "mode") if name in wanted)
    return all(keyword[name] == wanted[name] for name in exact)


def _fits(keyword: dict[str, Any], text: str) -> bool:
    names = [str(name) for name in (keyword["keywordText"], *keyword["aliases"])]
    text = text.strip()
    match keyword["mode"]:
        case "Exact":
            first = text.split(maxsplit=1)[0] if text else ""
            return first.lower() in {name.lower() for name in names}
        case "Startswith" | "Text":
            return any(text.lower().startswith(name.lower()) for name in names)
        case "Wildcard":
            return any(_wildcard(name).fullmatch(text) for name in names)
        case _:
            return any(re.search(name, text, re.IGNORECASE) for name in names)


def _wildcard(pattern: str) -> re.Pattern[str]:
    """`*` any run of characters, `?` one character, `#` one digit."""
    signs = {"*": ".*", "?": ".", "#": r"\d"}
    expression = "".join(signs.get(char) or re.escape(char) for char in pattern)
    return re.compile(expression, re.IGNORECASE | re.DOTALL)
