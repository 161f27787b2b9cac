"""Out-messages: what a client may ask for, and what we remember of it."""

import re
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zlib import crc32

from smsconsent.gateways.simulator.clock import iso

PRIORITIES = {"High": 0, "Normal": 1, "Low": 2}
DELIVERY_MODES = ("AtMostOnce", "AtLeastOnce")
DEFAULT_MINUTES_TO_LIVE = 120
# What comes back as it was sent.
ECHOED = (
    "transactionId",
    "sessionId",
    "correlationId",
    "keywordId",
    "sender",
    "recipient",
    "content",
    "allowUnicode",
    "sendTime",
    "timeToLive",
    "priority",
    "deliveryMode",
    "deliveryReportUrl",
    "tags",
    "properties",
)
_RECIPIENT = re.compile(r"\+[0-9]{6,15}", re.ASCII)
_LETTER_SENDER = re.compile(r"[A-Za-z0-9]{2,11}", re.ASCII)
_NUMBER_SENDER = re.compile(r"\+?[0-9]{3,15}", re.ASCII)


@dataclass(slots=True)
class Message:
    """One out-message. `fields` is what the client sent, `problem` why it will not leave."""

    id: str
    fields: dict[str, Any]
    created_at: float
    readable_at: float
    due_at: float
    problem: str = ""
    status: str = "Queued"
    detail: str = "None"
    delivered: bool | None = None
    parts: int = 1
    sent_text: str = ""
    changed_at: float = 0.0
    received_at: float | None = None
    is_deleted: bool = False

    @property
    def recipient(self) -> str:
        return str(self.fields.get("recipient", ""))

    @property
    def sender(self) -> str:
        return str(self.fields.get("sender", ""))

    @property
    def rank(self) -> int:
        return PRIORITIES.get(self.fields.get("priority") or "Normal", 1)

    @property
    def is_final(self) -> bool:
        return self.status in ("Ok", "Failed")

    @property
    def expires_at(self) -> float:
        minutes = self.fields.get("timeToLive") or DEFAULT_MINUTES_TO_LIVE
        return self.due_at + 60 * float(minutes)

    def as_out_message(self) -> dict[str, Any]:
        """Return the message as `GET /api/out-messages/{id}` shows it: what is null is left out."""
        shown = {name: self.fields.get(name) for name in ECHOED} | {
            "transactionId": self.id,
            "statusCode": self.status,
            "detailedStatusCode": self.detail,
            "delivered": self.delivered,
            "operatorId": "no.telenor" if self.status != "Queued" else None,
            "smscTransactionId": self.smsc_id if self.status != "Queued" else None,
            "smscMessageParts": self.parts if self.status != "Queued" else None,
            "created": iso(self.created_at),
            "lastModified": iso(self.changed_at or self.created_at),
        }
        return {name: value for name, value in shown.items() if value is not None}

    def as_report(self) -> dict[str, Any]:
        """Return the delivery report for the state it is in."""
        return {
            "correlationId": self.fields.get("correlationId"),
            "sessionId": self.fields.get("sessionId"),
            "transactionId": self.id,
            "price": None,
            "sender": self.sender,
            "recipient": self.recipient,
            "operatorId": "no.telenor",
            "statusCode": self.status,
            "detailedStatusCode": self.detail,
            "delivered": self.delivered,
            "billed": None,
            "smscTransactionId": self.smsc_id,
            "smscMessageParts": self.parts,
            "received": iso(self.received_at // 60 * 60) if self.received_at else None,
            "tags": self.fields.get("tags") or [],
            "properties": self.fields.get("properties") or {},
        }

    @property
    def smsc_id(self) -> str:
        return f"{crc32(self.id.encode()):011x}"


@dataclass(slots=True)
class MessageStore:
    """The messages by id. The oldest final ones are dropped, so that memory is bounded."""

    keep: int
    by_id: dict[str, Message] = field(default_factory=dict)
    _final: deque[str] = field(default_factory=deque)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        self.by_id[message.id] = message
        self.count("accepted")

    def finish(self, message: Message) -> None:
        """Note that a message is final."""
        self.count(f"{message.status}/{message.detail}")
        self._final.append(message.id)
        while len(self._final) > self.keep:
            self.by_id.pop(self._final.popleft(), None)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def clear(self) -> None:
        self.by_id.clear()
        self.counts.clear()
        self._final.clear()

    def readable(self, message_id: str, now: float) -> Message | None:
        """Return a message that a client may see: not deleted, and old enough when from a batch."""
        message = self.by_id.get(message_id)
        if message is None or message.is_deleted or message.readable_at > now:
            return None
        return message

    def sent_between(self, start: float, end: float) -> Iterator[Message]:
        for message in self.by_id.values():
            if start <= message.created_at < end and not message.is_deleted:
                yield message


def make_message(fields: dict[str, Any], *, now: float, readable_at: float) -> Message:
    """Return a new message; without an id it gets one. Only what Strex knows is kept."""
    kept = {name: fields[name] for name in ECHOED if fields.get(name) is not None}
    for name in ("content", "sender", "deliveryReportUrl"):
        # A campaign says the same a hundred thousand times: keep it once.
        if isinstance(kept.get(name), str):
            kept[name] = sys.intern(kept[name])
    problem = problem_of(fields)
    due_at = now if problem else max(now, read_time(kept.get("sendTime")) or now)
    return Message(
        id=str(fields.get("transactionId") or uuid4()),
        fields=kept,
        created_at=now,
        readable_at=readable_at,
        due_at=due_at,
        problem=problem,
    )


def problem_of(fields: dict[str, Any]) -> str:
    """Return what is wrong with an out-message, or nothing."""
    sender, recipient = fields.get("sender"), fields.get("recipient")
    life = fields.get("timeToLive")
    wrong = {
        "Sender is required.": not sender or not isinstance(sender, str),
        "Recipient is required.": not recipient or not isinstance(recipient, str),
        "Content is required.": not isinstance(fields.get("content", ""), str),
        "Recipient must be + and digits.": not _RECIPIENT.fullmatch(str(recipient)),
        "Sender must be 2 to 11 letters or digits, or a number.": not (
            _LETTER_SENDER.fullmatch(str(sender)) or _NUMBER_SENDER.fullmatch(str(sender))
        ),
        "TimeToLive must be 5 to 1440.": life is not None
        and not (isinstance(life, int) and 5 <= life <= 1440),
        "Priority is unknown.": fields.get("priority") not in (None, *PRIORITIES),
        "DeliveryMode is unknown.": fields.get("deliveryMode") not in (None, *DELIVERY_MODES),
        "AllowUnicode is true or false.": fields.get("allowUnicode") not in (None, True, False),
        "SendTime is not a time.": fields.get("sendTime") is not None
        and read_time(fields.get("sendTime")) is None,
    }
    return next((message for message, is_wrong in wrong.items() if is_wrong), "")


def read_time(value: object) -> float | None:
    """Return seconds since 1970 of an ISO 8601 moment, which is UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
