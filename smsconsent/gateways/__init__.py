"""The contract between the outbox and whoever carries the messages, and the way to a carrier.

A gateway is a class that keeps the promises of `Gateway`. `settings.GATEWAY` names it: a short name
from `BUILDERS`, or the dotted path of a callable that takes nothing and returns one.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from smsconsent.phones import Phone

# It stands in the address of its callbacks.
_NAME = re.compile(r"[a-z0-9_-]{1,30}", re.ASCII)
BUILDERS = {
    "strex": "smsconsent.gateways.strex.build",
    "http_json": "smsconsent.gateways.http_json.build",
}


class GatewayUnavailable(Exception):
    """Nothing was sent. Try the same ids again after `retry_after` seconds."""

    def __init__(self, message: str = "", *, retry_after: float = 30) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CannotBeAsked(GatewayUnavailable):
    """It offers no way to ask about a message, now or later. Nothing was asked."""


class GatewayMisconfigured(Exception):
    """Key, address or account is wrong. Nothing was sent; a person must mend it."""


class CallbackRefused(Exception):
    """The signature of a callback is wrong or malformed: answer 401."""


class CallbackMalformed(Exception):
    """A callback is not one JSON object with the fields we need: answer 400."""


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"


class Outgoing(NamedTuple):
    """One message for the gateway. `tag` is for statistics and holds nothing personal."""

    id: UUID
    recipient: Phone
    sender: str
    text: str
    not_after: datetime | None
    urgent: bool
    tag: str


class Handover(NamedTuple):
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
    `bounce`: counts towards three in a row, after which the number is treated as gone.
    `barred`: the operator bars this subscriber for now; pause the number for 30 days.
    `transient`: the trouble was theirs; a service message may be sent once more, as a new row.
    `unexpected`: a code that we do not know or that cannot occur; tell the operator of the system.
    `unexplained`: it failed and nobody says why; worth a look when there are many.
    `misconfigured`: the account itself is refused, so nothing more should be sent.
    """

    id: UUID
    state: ReceiptState
    detail: str
    final: bool
    gone: bool
    duplicate: bool
    stopped: bool
    segments: int | None
    bounce: bool = False
    barred: bool = False
    transient: bool = False
    unexpected: bool = False
    unexplained: bool = False
    misconfigured: bool = False


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
    """What a callback may do. Stale and unsigned may stop, never start."""

    SIGNED = "signed"
    STALE = "stale"
    UNSIGNED = "unsigned"


class Basis(StrEnum):
    """Why a callback has its trust, for the evidence: who vouched for the sender."""

    SIGNATURE = "signature"
    PATH = "path"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback whose sender was checked. `nonce` is (key name, nonce), or None when unsigned.

    Trust is `signed` with another `basis` only where the operator of the system chose so: `path`
    (the account does not sign, the secret address stands in) or `off` (simulator and tests).
    """

    trust: Trust
    nonce: tuple[str, str] | None
    basis: Basis = Basis.SIGNATURE


class Gateway(Protocol):
    """What the outbox and the webhooks need of a carrier of SMS.

    `name` stands in the address that it calls back at, /hooks/<name>/…, and over what is counted of it.
    """

    name: str
    max_batch: int

    def hand_over(self, batch: Sequence[Outgoing], *, now: datetime) -> list[Handover]:
        """Give over a batch; one result per message, in order. Returns within seconds.

        Raises GatewayUnavailable or GatewayMisconfigured only if nothing was sent.
        """

    def look_up(self, message_id: UUID) -> Receipt | None:
        """Return what became of a message, or None when the gateway has never seen the id.

        Raises GatewayUnavailable, GatewayMisconfigured, and CannotBeAsked if there is no way to ask.
        """

    def cancel(self, message_id: UUID) -> bool:
        """Delete a scheduled message. False when it is too late or was never there."""

    def verify(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Callback:
        """Check who sent a callback. Raises CallbackRefused."""

    def read_inbound(self, body: bytes) -> Inbound:
        """Raises CallbackMalformed."""

    def read_receipt(self, body: bytes) -> Receipt | Inbound | None:
        """Return None for an id that is not ours. Raises CallbackMalformed.

        Inbound: the provider reports what a person has asked its own service for.
        """

    def ping(self) -> None:
        """Raise GatewayUnavailable or GatewayMisconfigured unless the gateway answers."""


def get_gateway() -> Gateway:
    """Return the gateway in the settings, one per process. Raises GatewayMisconfigured."""
    return gateway_of_process(settings.GATEWAY, os.getpid())


def gateway_name() -> str:
    """Return what the gateway in the settings calls itself. One that cannot be built: what GATEWAY says."""
    # A builder's short name is the gateway's own. Pages may ask for it without building one.
    if settings.GATEWAY in BUILDERS:
        return settings.GATEWAY
    try:
        return get_gateway().name
    except GatewayMisconfigured:
        return settings.GATEWAY


@cache
def gateway_of_process(name: str, pid: int) -> Gateway:
    """Build a gateway. The process is part of the key: a connection must not survive a fork."""
    try:
        builder = import_string(BUILDERS.get(name, name))
    except ImportError as error:
        raise GatewayMisconfigured(f"GATEWAY names {name!r}, which does not exist") from error
    gateway: Gateway = builder()
    if not _NAME.fullmatch(gateway.name):
        raise GatewayMisconfigured(
            f"the gateway's name {gateway.name!r} cannot stand in an address"
        )
    return gateway
