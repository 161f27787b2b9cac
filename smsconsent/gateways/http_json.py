"""Any gateway that takes a message as JSON over HTTP, described in a file: docs/gateways.md."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any
from uuid import UUID

from django.conf import settings as django_settings

from smsconsent import gsm
from smsconsent.gateways import (
    Basis,
    Callback,
    CallbackMalformed,
    CallbackRefused,
    CannotBeAsked,
    GatewayMisconfigured,
    GatewayUnavailable,
    Handover,
    Inbound,
    Outcome,
    Outgoing,
    Receipt,
    ReceiptState,
    Trust,
)
from smsconsent.gateways.http_client import Answer, Deadline, HttpClient, OutcomeUnknown
from smsconsent.gateways.http_json_settings import JsonSettings
from smsconsent.gateways.pacing import RateLimit
from smsconsent.gateways.reading import (
    read_flag,
    read_id,
    read_moment_or_none,
    read_object,
    read_phone,
    read_text,
)
from smsconsent.gateways.state import SharedState

NOBODY = UUID(int=0)
LONGEST_RECIPIENT = 20
_PLACE = re.compile(r"\{(id|to|from|text|not_after)\}")
_STATES = {
    "waiting": ReceiptState.HANDED_OVER,
    "delivered": ReceiptState.DELIVERED,
    "failed": ReceiptState.FAILED,
    "gone": ReceiptState.FAILED,
    "barred": ReceiptState.FAILED,
}


def build() -> "HttpJson":
    """Return the adapter for the file that HTTP_JSON_CONFIG names."""
    return HttpJson(JsonSettings.from_django(django_settings))


class HttpJson:
    """One account at the gateway that the settings describe."""

    name = "http_json"

    def __init__(self, settings: JsonSettings, *, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.client = HttpClient(settings, state=SharedState(self.name))
        self.rate = RateLimit(settings.messages_per_second, self.name)
        # Without a way to ask, what was not posted would be as unknown as what was: one at a time.
        self.max_batch = self.rate.largest(settings.batch if settings.status_path else 1)
        self._clock = clock

    def close(self) -> None:
        """Close the connections that are kept open between calls."""
        self.client.close()

    def hand_over(self, batch: Sequence[Outgoing], *, now: datetime) -> list[Handover]:
        """Post one after the other within the deadline; one result per message, in order.

        Raises GatewayUnavailable or GatewayMisconfigured only if nothing was sent, and ValueError if an
        id stands twice in the batch.
        """
        if len({message.id for message in batch}) < len(batch):
            raise ValueError("the same id stands twice in the batch")
        deadline = Deadline(self.settings.deadline)
        if batch:
            self.rate.wait_for_room(len(batch), urgent=any(message.urgent for message in batch))
        results: list[Handover] = []
        for message in batch:
            try:
                results.append(self._post(message, deadline))
            except (GatewayUnavailable, GatewayMisconfigured):
                if not any(each.outcome is not Outcome.REJECTED for each in results):
                    raise
                break
            except OutcomeUnknown:
                break
        rest = batch[len(results) :]
        return results + [Handover(each.id, Outcome.UNKNOWN, "no_answer") for each in rest]

    def look_up(self, message_id: UUID) -> Receipt | None:
        """Return what became of a message, or None when the gateway does not have it.

        Raises GatewayUnavailable, GatewayMisconfigured, and CannotBeAsked without a `status_path`.
        """
        if not self.settings.status_path:
            raise CannotBeAsked("this gateway cannot be asked about a message")
        path = self.settings.status_path
        answer = self._ask("GET", path.replace("{id}", str(message_id)), template=path)
        if answer.status == 404:
            return None
        try:
            found = self._receipt(message_id, read_object(answer.body))
        except CallbackMalformed:
            found = None
        if not answer.is_success or found is None or not found.detail:
            raise GatewayUnavailable(f"the gateway answers {answer.status} without a state")
        return found

    def cancel(self, message_id: UUID) -> bool:
        """Nothing is ever scheduled there, so there is nothing to take back."""
        return False

    def verify(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Callback:
        """Check HMAC-SHA256, in hexadecimal, over the body; before it «timestamp.» if one is configured.

        Without a secret every callback counts as unsigned: it may stop, never start. Raises
        CallbackRefused.
        """
        if not self.settings.signing_secret:
            return Callback(Trust.UNSIGNED, None, Basis.PATH)
        given = _header(headers, self.settings.signature_header).lower()
        stamp, signed, fresh = "", body, True
        if self.settings.timestamp_header:
            stamp = _header(headers, self.settings.timestamp_header)
            signed, fresh = f"{stamp}.".encode() + body, self._is_fresh(stamp, now)
        secret = self.settings.signing_secret.encode()
        if not compare_digest(given.encode(), hmac_digest(secret, signed, "sha256").hex().encode()):
            raise CallbackRefused("the signature is wrong")
        nonce = sha256(f"{path} {stamp} {given}".encode()).hexdigest()
        return Callback(Trust.SIGNED if fresh else Trust.STALE, (self.name, nonce))

    def read_inbound(self, body: bytes) -> Inbound:
        """Raises CallbackMalformed."""
        fields, names = read_object(body), self.settings.inbound
        recipient = read_text(_find(fields, names.get("to", "")))
        return Inbound(
            message_id=read_id(_find(fields, names.get("id", "id"))),
            sender=read_phone(_find(fields, names.get("from", "from")), fake=False),
            recipient=recipient[:LONGEST_RECIPIENT],
            text=read_text(_find(fields, names.get("text", "text"))),
            is_stop=read_flag(_find(fields, names.get("is_stop", ""))),
            received_at=read_moment_or_none(_find(fields, names.get("at", ""))),
        )

    def read_receipt(self, body: bytes) -> Receipt | None:
        """Return None for an id that is not ours. Raises CallbackMalformed."""
        fields = read_object(body)
        try:
            message_id = UUID(read_id(_find(fields, self.settings.receipt.get("id", "id"))))
        except ValueError:
            return None
        return self._receipt(message_id, fields)

    def ping(self) -> None:
        """Ask for the configured address, or for a message that cannot exist."""
        if self.settings.ping_path:
            if not self._ask("GET", self.settings.ping_path).is_success:
                raise GatewayMisconfigured("the address of the gateway is wrong (HTTP_JSON_CONFIG)")
        elif self.settings.status_path:
            self.look_up(NOBODY)

    def _post(self, message: Outgoing, deadline: Deadline) -> Handover:
        content = json.dumps(render(self.settings.body, message), ensure_ascii=False).encode()
        answer = self.client.call(
            "POST",
            self.settings.send_path,
            content=content,
            headers=self.settings.headers,
            deadline=deadline,
        )
        match answer.status:
            case status if status in self.settings.success:
                return Handover(message.id, Outcome.ACCEPTED)
            case 409:
                # The id is known there: an earlier try arrived.
                return Handover(message.id, Outcome.ACCEPTED)
            case 400 | 413 | 422:
                reason = "too_large" if answer.status == 413 else "invalid_payload"
                return Handover(message.id, Outcome.REJECTED, reason)
            case status if status == 408 or status >= 500:
                return Handover(message.id, Outcome.UNKNOWN, f"status_{status}")
            case status:
                raise GatewayMisconfigured(f"the gateway answers {status} (HTTP_JSON_CONFIG)")

    def _ask(self, method: str, path: str, *, template: str = "") -> Answer:
        try:
            answer = self.client.call(
                method, path, template=template, headers=self.settings.headers
            )
        except OutcomeUnknown as error:
            raise GatewayUnavailable("the gateway did not answer in time") from error
        if answer.status >= 500:
            raise GatewayUnavailable(f"the gateway answers {answer.status}")
        return answer

    def _receipt(self, message_id: UUID, fields: Mapping[str, Any]) -> Receipt:
        names = self.settings.receipt
        word = read_text(_find(fields, names.get("state", "status")))
        meaning = self.settings.states.get(word.lower(), "")
        state = _STATES.get(meaning, ReceiptState.HANDED_OVER)
        return Receipt(
            id=message_id,
            state=state,
            detail=word,
            final=state is not ReceiptState.HANDED_OVER,
            gone=meaning == "gone",
            duplicate=False,
            stopped=False,
            segments=None,
            bounce=meaning == "failed",
            barred=meaning == "barred",
            unexpected=meaning not in _STATES,
        )

    def _is_fresh(self, stamp: str, now: datetime) -> bool:
        if not re.fullmatch(r"[0-9]{1,12}", stamp, re.ASCII):
            raise CallbackRefused("the time of the signature is malformed")
        return abs(now.timestamp() - int(stamp)) <= self.settings.clock_skew


def render(template: Any, message: Outgoing) -> Any:
    """Fill the places {id} {to} {from} {text} {not_after}. What is filled in is not read again."""
    values = {
        "id": str(message.id),
        "to": message.recipient.e164,
        "from": message.sender,
        "text": gsm.measure(message.text).text,
        "not_after": message.not_after.isoformat() if message.not_after else "",
    }
    match template:
        case str():
            return _PLACE.sub(lambda place: values[place[1]], template)
        case dict():
            return {name: render(value, message) for name, value in template.items()}
        case list():
            return [render(value, message) for value in template]
        case _:
            return template


def _find(fields: Mapping[str, Any], path: str) -> object:
    """Return what stands at a path such as `message.id`, or None."""
    found: Any = fields
    for name in path.split(".") if path else [""]:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _header(headers: Mapping[str, str], name: str) -> str:
    """Return the one header of that name. Raises CallbackRefused for none or for two."""
    found = [value for key, value in headers.items() if key.lower() == name.lower()]
    if len(found) != 1:
        raise CallbackRefused("the signature header is missing or doubled")
    return found[0]
