"""What Strex Connect offers beside messages: codes to confirm with, and its own opt-out."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable
from smsconsent.gateways.http_client import Answer, OutcomeUnknown
from smsconsent.gateways.strex import Strex
from smsconsent.phones import Phone

PIN_DIGITS = 6
PIN_TRIES = 3


class Synced(StrEnum):
    """What Strex' own subscription service answers to a stop of ours."""

    DONE = "done"
    NOT_ACTIVE = "not_active"
    UNKNOWN = "unknown"
    OFF = "off"


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
    require_success(gateway.ask("POST", "api/pincodes", content=encode(wanted)))


def check_pincode(gateway: Strex, pin_id: UUID, pincode: str) -> bool:
    """Return whether this is the code. An id that Strex no longer knows is a no."""
    params = {"transactionId": str(pin_id), "pincode": pincode}
    answer = gateway.ask("GET", "api/pincodes/verification", params=params)
    if answer.status == 404:
        return False
    require_success(answer)
    return answer.body.strip() == b"true"


def sync_stop(gateway: Strex, phone: Phone, *, short_number: str, keyword: str) -> Synced:
    """Tell Strex' own keyword service that this person has stopped.

    Off unless STREX_SYNC_STOP: our database is the truth, and an account without such a service has
    nothing to be told. How the key is written there nobody has told us (strex.md § 12, 8), so it is a
    setting, STREX_COMMAND_AUTHORIZATION; and a refusal says nothing of the key where messages go, so they
    go on. Raises GatewayUnavailable and GatewayMisconfigured.
    """
    if not gateway.settings.sync_stop:
        return Synced.OFF
    command = {
        "phone": phone.e164,
        "shortNumber": short_number,
        "keyword": keyword,
        "action": "unsubscribe",
    }
    form = gateway.settings.command_authorization
    try:
        answer = gateway.client.post_apart(
            "api/services/command",
            headers=lambda key: {"Authorization": form.replace("{key}", key)} if key else {},
            content=encode(command),
        )
    except OutcomeUnknown as error:
        raise GatewayUnavailable("the gateway did not answer in time") from error
    match answer.status:
        case 204:
            return Synced.NOT_ACTIVE
        case 404:
            return Synced.UNKNOWN
        case _:
            require_success(answer)
            return Synced.DONE


def encode(fields: Mapping[str, Any]) -> bytes:
    """Return JSON."""
    return json.dumps(fields, ensure_ascii=False).encode()


def require_success(answer: Answer) -> None:
    """Raise GatewayMisconfigured for a 4xx and GatewayUnavailable for anything else than success."""
    if 400 <= answer.status < 500:
        raise GatewayMisconfigured(f"the gateway answers {answer.status}")
    if not answer.is_success:
        raise GatewayUnavailable(f"the gateway answers {answer.status}")
