"""From `Outgoing` to the JSON that Strex takes, and the refusals that spare us a call."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from smsconsent import gsm
from smsconsent.gateways import Outgoing
from smsconsent.gateways.strex_settings import StrexSettings

SHORTEST_LIFE = timedelta(minutes=5)
LONGEST_LIFE = timedelta(minutes=1440)
# The platform takes 66 parts, but guides name 16 for two of the operators.
MOST_PARTS = 16
FAKE_RANGE = "+47000000"

_SENDER = re.compile(r"\+?[0-9]{3,15}|[A-Za-z0-9]{2,11}", re.ASCII)

Item = tuple[UUID, bytes]


class Refused(Exception):
    """We do not send this message; `reason` is one machine word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLate(Refused):
    """Less than five minutes are left, and Strex takes no shorter life."""


class Encoder:
    """Writes the messages of one batch. What many of them share (text, sender, life) is done once."""

    def __init__(self, settings: StrexSettings, *, now: datetime) -> None:
        self._settings = settings
        self._now = now
        self._shared: dict[tuple[Any, ...], str | Refused] = {}

    def encode(self, message: Outgoing) -> bytes:
        """Return one JSON object. Raises Refused."""
        to = message.recipient.e164
        is_fake = to.startswith(FAKE_RANGE)
        # Numbers in this range reach nobody; outside a test they are a mistake.
        if is_fake and not self._settings.allow_fake_numbers:
            raise Refused("fake_number")
        key = (message.sender, message.text, message.tag, message.urgent, message.not_after)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = self._encode_shared(message)
        if isinstance(shared, Refused):
            raise shared
        properties = ',"properties":{"TestInProd":true}' if is_fake else ""
        # A UUID and an E.164 number hold nothing that JSON would escape.
        return f'{{"transactionId":"{message.id}","recipient":"{to}"{properties},{shared}'.encode()

    def _encode_shared(self, message: Outgoing) -> str | Refused:
        try:
            return json.dumps(self._shared_fields(message), ensure_ascii=False)[1:]
        except Refused as refusal:
            return refusal

    def _shared_fields(self, message: Outgoing) -> dict[str, Any]:
        measure = gsm.measure(message.text)
        if not _SENDER.fullmatch(message.sender):
            raise Refused("invalid_sender")
        # The meaning of a pair of tildes at Strex is unknown: it may be taken out of the text.
        if "~~" in measure.text and not self._settings.allow_tildes:
            raise Refused("tildes")
        if measure.segments > MOST_PARTS:
            raise Refused("too_long")
        fields: dict[str, Any] = {
            "sender": message.sender,
            "content": measure.text,
            # Never absent: their own documents disagree on what absence does.
            "allowUnicode": measure.encoding == "ucs2",
            "priority": "High" if message.urgent else "Low",
            "timeToLive": self._minutes_to_live(message.not_after),
            "deliveryReportUrl": self._settings.receipt_url(),
            "tags": [message.tag] if message.tag else [],
        }
        return {name: value for name, value in fields.items() if value not in ("", [], None)}

    def _minutes_to_live(self, not_after: datetime | None) -> int | None:
        if not_after is None:
            return None
        left = not_after - self._now
        if left < SHORTEST_LIFE:
            raise TooLate("not_after")
        return min(left, LONGEST_LIFE) // timedelta(minutes=1)


def split(items: Sequence[Item], *, most: int, largest: int) -> Iterator[list[Item]]:
    """Yield runs of at most `most` items and, if one item alone is not larger, `largest` bytes as JSON."""
    run: list[Item] = []
    size = 2
    for item in items:
        if run and (len(run) == most or size + len(item[1]) > largest):
            yield run
            run, size = [], 2
        run.append(item)
        size += len(item[1]) + 1
    if run:
        yield run


def join(items: Sequence[Item]) -> bytes:
    """Return a JSON array."""
    return b"[" + b",".join(content for _id, content in items) + b"]"
