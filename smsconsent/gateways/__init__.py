"""The contract between the outbox and whoever carries the messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from smsconsent.phones import Phone


class GatewayUnavailable(Exception):
    """Nothing was sent. Try the same ids again after `retry_after` seconds."""

    def __init__(self, message: str = "", *, retry_after: float = 30) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GatewayMisconfigured(Exception):
    """Key, address or account is wrong. Nothing was sent; a person must mend it."""


class CallbackRefused(Exception):
    """The signature of a callback is wrong or malformed: answer 401."""


class CallbackMalformed(Exception):
    """A callback is not one JSON object with the fields we need: answer 400."""


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for the gateway. `tag` is for statistics and holds nothing personal."""

    id: UUID
    recipient: Phone
    sender: str
    text: str
    not_after: datetime | None
    urgent: bool
    tag: str


@dataclass(frozen=True, slots=True)
class Handover:
    """What the gateway said to one message; `reason` is one machine word."""

    id: UUID
    outcome: Outcome
    reason: str = ""


class ReceiptState(StrEnum):
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one message.

    `final`: nothing more will come. `gone`: the operator knows no subscriber with this number.
    `duplicate`: the id was used before, which says nothing new about the message itself.
    `stopped`: the provider's own guard held the message back.
    """

    id: UUID
    state: ReceiptState
    detail: str
    final: bool
    gone: bool
    duplicate: bool
    stopped: bool
    segments: int | None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One SMS from a person. `sender` is None when it is no phone number."""

    message_id: str
    sender: Phone | None
    recipient: str
    text: str
    is_stop: bool | None
    received_at: datetime | None


class Trust(StrEnum):
    """How sure we are of the sender of a callback. Stale and unsigned may stop, never start."""

    SIGNED = "signed"
    STALE = "stale"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback whose sender was checked. `nonce` is (key name, nonce), or None when unsigned."""

    trust: Trust
    nonce: tuple[str, str] | None


class Gateway(Protocol):
    """What the outbox and the webhooks need of a carrier of SMS."""

    name: str
    max_batch: int

    def hand_over(self, batch: Sequence[Outgoing], *, now: datetime) -> list[Handover]:
        """Give over a batch. Raises GatewayUnavailable or GatewayMisconfigured only if nothing was sent."""

    def look_up(self, message_id: UUID) -> Receipt | None:
        """Return what became of a message, or None when the gateway has never seen the id."""

    def cancel(self, message_id: UUID) -> bool:
        """Delete a scheduled message. False when it is too late."""

    def verify(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Callback:
        """Check who sent a callback. Raises CallbackRefused."""

    def read_inbound(self, body: bytes) -> Inbound:
        """Raises CallbackMalformed."""

    def read_receipt(self, body: bytes) -> Receipt | None:
        """Return None for an id that is not ours. Raises CallbackMalformed."""

    def ping(self) -> None:
        """Raise GatewayUnavailable or GatewayMisconfigured unless the gateway answers."""
