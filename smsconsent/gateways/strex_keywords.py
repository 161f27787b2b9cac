"""Keywords at Strex, so that messages reach us: first a plan that can be read, then its steps."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from smsconsent.gateways import GatewayUnavailable
from smsconsent.gateways.http_client import Answer
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_services import encode, require_success

ONE = "/api/keywords/{id}"
# The first word decides. A catch-all (`*`) of a number that is ours alone is nobody's to plan or to delete.
MODE = "Startswith"
PLANNED_MODES = {"startswith", "text", "exact"}


class Action(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """A keyword that shall be ours. `short_number_id` is Strex' name of the number, such as `NO-2002`."""

    short_number_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the plan. `changes`: what differs, as (is, shall be)."""

    action: Action
    keyword: Wanted
    id: str = ""
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


def plan(gateway: Strex, wanted: Iterable[Wanted]) -> list[Step]:
    """Compare what is at Strex with what is wanted, on the numbers that are wanted. Changes nothing.

    To be deleted is what forwards to us and nobody wants any more; what forwards to others is theirs.
    Raises GatewayUnavailable and GatewayMisconfigured.
    """
    keywords = sorted(set(wanted))
    steps: list[Step] = []
    for number in sorted({keyword.short_number_id for keyword in keywords}):
        there = list_keywords(gateway, short_number_id=number)
        mine = [keyword for keyword in keywords if keyword.short_number_id == number]
        steps += [_compare(gateway, keyword, there) for keyword in mine]
        names = {keyword.text.lower() for keyword in mine}
        steps += [
            Step(Action.DELETE, Wanted(number, entry["keywordText"]), entry["keywordId"])
            for entry in there
            if _is_ours(gateway, entry) and str(entry["keywordText"]).lower() not in names
        ]
    return steps


def take(gateway: Strex, step: Step) -> None:
    """Do one step of a plan. Safe to repeat. Raises GatewayUnavailable and GatewayMisconfigured."""
    path = f"api/keywords/{step.id}"
    match step.action:
        case Action.CREATE:
            answer = gateway.ask("POST", "api/keywords", content=encode(step.fields))
        case Action.CHANGE:
            answer = gateway.ask("PUT", path, template=ONE, content=encode(step.fields))
        case Action.DELETE:
            answer = gateway.ask("DELETE", path, template=ONE)
            # Somebody was faster.
            answer = Answer(204) if answer.status == 404 else answer
        case _:
            return
    require_success(answer)


def list_keywords(gateway: Strex, *, short_number_id: str = "") -> list[dict[str, Any]]:
    """Return the keywords of the account, or of one short number.

    Raises GatewayUnavailable and GatewayMisconfigured.
    """
    params = {"shortNumberId": short_number_id} if short_number_id else None
    answer = gateway.ask("GET", "api/keywords", params=params)
    require_success(answer)
    try:
        found = json.loads(answer.body)
    except ValueError:
        raise GatewayUnavailable("the gateway's list of keywords is not JSON") from None
    entries = found if isinstance(found, list) else []
    return [
        dict(entry)
        for entry in entries
        if isinstance(entry, dict) and entry.get("keywordId") and entry.get("keywordText")
    ]


def _compare(gateway: Strex, keyword: Wanted, there: Iterable[Mapping[str, Any]]) -> Step:
    shall = {
        "shortNumberId": keyword.short_number_id,
        "keywordText": keyword.text,
        "mode": MODE,
        "forwardUrl": gateway.settings.inbound_url(),
        "enabled": True,
    }
    texts = (each for each in there if str(each["keywordText"]).lower() == keyword.text.lower())
    found = next(texts, None)
    if found is None:
        return Step(Action.CREATE, keyword, fields=shall)
    changes = {
        name: (found.get(name), value)
        for name, value in shall.items()
        if not _is_same(name, found.get(name), value)
    }
    action = Action.CHANGE if changes else Action.KEEP
    return Step(action, keyword, str(found["keywordId"]), changes, dict(found) | shall)


def _is_same(name: str, current: object, wanted: object) -> bool:
    if name == "mode":
        # `Text` is the old name of the same mode.
        return str(current).lower() in {MODE.lower(), "text"}
    if name == "keywordText":
        return str(current).lower() == str(wanted).lower()
    return current == wanted


def _is_ours(gateway: Strex, entry: Mapping[str, Any]) -> bool:
    forwards_here = entry.get("forwardUrl") in gateway.settings.inbound_urls()
    return forwards_here and str(entry.get("mode")).lower() in PLANNED_MODES
