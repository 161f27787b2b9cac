"""What the gateway reports of messages: taken in before it is acknowledged, once (trust.md § 8.7)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection, transaction

from consents import suspensions
from consents.models import CallbackNonce
from consents.services.callbacks import ReplayedNonce, count, nonce_of, require_same
from smsconsent import arrivals, outbox, polling
from smsconsent.gateways import Callback, Receipt, ReceiptState, Trust
from smsconsent.gateways.state import SharedState
from smsconsent.outbox import OutboundMessage
from smsconsent.together import Together
from smsconsent.trips import Trip

MOST_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class Report:
    """A receipt as it came in. None: it could not be read as one of ours."""

    receipt: Receipt | None
    gateway: str
    callback: Callback
    body: bytes
    now: datetime

    @property
    def is_of_an_arrival(self) -> bool:
        """The commonest news, as far as can be told without looking at the message."""
        receipt, trust = self.receipt, self.callback.trust
        is_delivery = receipt is not None and receipt.state is ReceiptState.DELIVERED
        return is_delivery and trust is Trust.SIGNED

    @property
    def nonce(self) -> CallbackNonce | None:
        return nonce_of(self.callback, self.body, now=self.now)


def receive_receipt(
    receipt: Receipt | None,
    *,
    gateway: str,
    callback: Callback,
    body: bytes,
    now: datetime,
) -> None:
    """Record what became of a message. An unknown id changes nothing. Raises ReplayedNonce.

    A number that shows signs of a new owner is suspended: nothing is sent to it before a fresh yes. News
    of messages that arrived share a transaction when they come together.
    """
    report = Report(receipt, gateway, callback, body, now)
    (_receive_arrival if report.is_of_an_arrival else _receive)(report)


def receive_together(reports: Sequence[Report]) -> list[bool | Exception]:
    """Take in news of arrivals in one transaction, and each by itself where that does not do.

    That is so for a second report on a message, for what was taken in before, and for what turns out to
    be no plain arrival. SQLite has one writer: there each goes by itself.
    """
    outcomes: dict[int, bool | Exception] = {}
    if len(reports) > 1 and connection.vendor == "postgresql":
        outcomes = _take_in_together(reports)
    return [
        outcomes[id(each)] if id(each) in outcomes else _attempt(partial(_receive, each))
        for each in reports
    ]


def _take_in_together(reports: Sequence[Report]) -> dict[int, bool | Exception]:
    """Return how those fared that were taken in, by their `id`. Of the others nothing was stored."""
    firsts = {each.receipt.id: each for each in reversed(reports) if each.receipt}
    found = outbox.find_all(list(firsts))
    plain: list[Report] = []
    arrived: list[tuple[OutboundMessage, Receipt]] = []
    for key, message in found.items():
        report = firsts[key]
        if report.receipt and arrivals.is_arrival(report.receipt, message):
            arrived.append((message, report.receipt))
            plain.append(report)
    if not plain:
        return {}
    nonces = [nonce for each in plain if (nonce := each.nonce)]
    now = max(each.now for each in plain)
    try:
        moved = _record_arrivals(arrived, nonces, now=now)
    except DatabaseError:
        # One was here before, or somebody holds what another needs: each tells by itself which it is.
        return {}
    for gateway in {each.gateway for each in plain}:
        SharedState(gateway).touch("receipt")
    return {
        # One that somebody has moved since we looked is looked at again.
        id(each): message.pk in moved
        or _attempt(partial(suspensions.record_receipt, receipt, now=now))
        for each, (message, receipt) in zip(plain, arrived, strict=True)
    }


def _attempt(act: Callable[[], None]) -> bool | Exception:
    try:
        act()
    except (ReplayedNonce, DatabaseError) as error:
        return error
    return True


_receive_arrival = Together(receive_together, most=MOST_TOGETHER)


def _receive(report: Report) -> None:
    receipt, nonce = report.receipt, report.nonce
    message = outbox.find(receipt.id) if receipt else None
    if receipt and message and report.is_of_an_arrival and arrivals.is_arrival(receipt, message):
        SharedState(report.gateway).touch("receipt")
        try:
            moved = _record_arrivals([(message, receipt)], [nonce] if nonce else [], now=report.now)
        except IntegrityError:
            require_same(nonce)
            return
        if not moved:
            suspensions.record_receipt(receipt, now=report.now)
        return
    with transaction.atomic():
        if not _is_replay(nonce):
            SharedState(report.gateway).touch("receipt")
            _take_report(report, message)


def _record_arrivals(
    arrived: Sequence[tuple[OutboundMessage, Receipt]],
    nonces: Sequence[CallbackNonce],
    *,
    now: datetime,
) -> set[UUID]:
    """Take in that messages have arrived, and the nonces with it. Return the ids of those that were moved.

    Raises IntegrityError, and stores nothing, when a nonce was used before.
    """
    trip = Trip()
    trip.insert(sorted(nonces, key=attrgetter("nonce")))
    answers = suspensions.record_arrivals(arrived, now=now, trip=trip)
    trip.go_alone()
    return {UUID(str(key)) for answer in answers for (key,) in answer.rows}


def _take_report(report: Report, message: OutboundMessage | None) -> None:
    receipt, trust, gateway = report.receipt, report.callback.trust, report.gateway
    if receipt is None or message is None:
        count(gateway, "unknown_id")
        return
    for what in ("unexpected", "unexplained", "duplicate"):
        if getattr(receipt, what):
            count(gateway, what)
    # Unproven news may not change anything; the gateway itself is asked instead (strex.md § 6). And a
    # duplicate tells that an earlier try arrived, not what became of it (strex.md § 4).
    is_lost = message.state in {message.State.RECOVERING, message.State.UNKNOWN}
    is_doubtful = trust is not Trust.SIGNED or (receipt.duplicate and is_lost)
    if is_doubtful and message.state != message.State.DELIVERED:
        polling.doubt(receipt.id, now=report.now)
    if trust is not Trust.SIGNED:
        return
    suspensions.record_receipt(receipt, message=message, now=report.now)


def _is_replay(nonce: CallbackNonce | None) -> bool:
    """Remember the nonce in the callback's own transaction, so that a failed attempt may come again."""
    if nonce is None:
        return False
    trip = Trip()
    fresh = trip.insert([nonce], ignore_conflicts=True)
    trip.go()
    if fresh.count:
        return False
    require_same(nonce)
    return True
