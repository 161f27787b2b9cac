"""What Strex Connect offers beside messages: codes to confirm with, its own opt-out, keywords."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_client import Answer
from smsconsent.phones import Phone

PIN_DIGITS = 6
PIN_TRIES = 3


class Synced(StrEnum):
    """What Strex' own subscription service answers to a stop of ours."""

    DONE = "done"
    NOT_ACTIVE = "not_active"
    UNKNOWN = "unknown"
    OFF = "off"


class Keyword(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


def send_pincode(
    gateway: Strex,
    pin_id: UUID,
    *,
    recipient: Phone,
    sender: str,
    before: str = "",
    after: str = "",
) -> None:
    """Let Strex send a code of six digits, good for five minutes, three tries and one use.

    The tries are counted at Strex, so keep a limit of your own as well. Raises GatewayUnavailable
    (the code may have been sent: a repeat under the same id sends no second one) and
    GatewayMisconfigured.
    """
    fields = {
        "transactionId": str(pin_id),
        "recipient": recipient.e164,
        "sender": sender,
        "prefixText": before,
        "suffixText": after,
        "pincodeLength": PIN_DIGITS,
        "maxAttempts": PIN_TRIES,
        "verificationMode": "AtMostOnce",
    }
    wanted = {name: value for name, value in fields.items() if value != ""}
    _require_success(gateway.ask("POST", "api/pincodes", content=_encode(wanted)))


def check_pincode(gateway: Strex, pin_id: UUID, pincode: str) -> bool:
    """Return whether this is the code. An id that Strex no longer knows is a no."""
    params = {"transactionId": str(pin_id), "pincode": pincode}
    answer = gateway.ask("GET", "api/pincodes/verification", params=params)
    if answer.status == 404:
        return False
    _require_success(answer)
    return answer.body.strip() == b"true"


def sync_stop(gateway: Strex, phone: Phone, *, short_number: str, keyword: str) -> Synced:
    """Tell Strex' own keyword service that this person has stopped.

    Off unless STREX_SYNC_STOP: our database is the truth, and an account without such a service has
    nothing to be told. How the key is written there is STREX_COMMAND_AUTHORIZATION. Raises
    GatewayUnavailable and GatewayMisconfigured.
    """
    if not gateway.settings.sync_stop:
        return Synced.OFF
    authorization = gateway.settings.command_authorization.format(key=gateway.settings.api_key)
    command = {
        "phone": phone.e164,
        "shortNumber": short_number,
        "keyword": keyword,
        "action": "unsubscribe",
    }
    answer = gateway.ask(
        "POST",
        "api/services/command",
        headers={"Authorization": authorization},
        content=_encode(command),
    )
    match answer.status:
        case 204:
            return Synced.NOT_ACTIVE
        case 404:
            return Synced.UNKNOWN
        case _:
            _require_success(answer)
            return Synced.DONE


def point_keyword_here(
    gateway: Strex, *, short_number_id: str, text: str, aliases: Sequence[str] = ()
) -> Keyword:
    """Register a keyword whose messages come to our callback address, or point an old one there.

    `short_number_id` is Strex' name of it, such as `NO-2002`. Safe to repeat. Raises
    GatewayUnavailable and GatewayMisconfigured.
    """
    wanted = {
        "shortNumberId": short_number_id,
        "keywordText": text,
        "mode": "Startswith",
        "forwardUrl": gateway.settings.inbound_url(),
        "enabled": True,
        "aliases": list(aliases),
    }
    found = _find_keyword(gateway, short_number_id, text)
    if found is None:
        _require_success(gateway.ask("POST", "api/keywords", content=_encode(wanted)))
        return Keyword.CREATED
    if all(found.get(name) == value for name, value in wanted.items() if value != []):
        return Keyword.UNCHANGED
    path = f"api/keywords/{found['keywordId']}"
    template = "/api/keywords/{id}"
    content = _encode(found | wanted)
    _require_success(gateway.ask("PUT", path, template=template, content=content))
    return Keyword.CHANGED


def list_keywords(gateway: Strex, *, short_number_id: str = "") -> list[dict[str, Any]]:
    """Return the keywords of the account, or of one short number such as `NO-2002`.

    Raises GatewayUnavailable and GatewayMisconfigured.
    """
    params = {"shortNumberId": short_number_id} if short_number_id else None
    answer = gateway.ask("GET", "api/keywords", params=params)
    _require_success(answer)
    try:
        found = json.loads(answer.body)
    except ValueError:
        raise GatewayUnavailable("the gateway's list of keywords is not JSON") from None
    entries = found if isinstance(found, list) else []
    return [dict(entry) for entry in entries if isinstance(entry, dict) and entry.get("keywordId")]


def _find_keyword(gateway: Strex, short_number_id: str, text: str) -> dict[str, Any] | None:
    for keyword in list_keywords(gateway, short_number_id=short_number_id):
        if str(keyword.get("keywordText", "")).lower() == text.lower():
            return keyword
    return None


def _encode(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def _require_success(answer: Answer) -> None:
    if 400 <= answer.status < 500:
        raise GatewayMisconfigured(f"the gateway answers {answer.status}")
    if not answer.is_success:
        raise GatewayUnavailable(f"the gateway answers {answer.status}")
