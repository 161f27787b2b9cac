"""What became of a message: from the gateway's reports, and by asking it about what was lost."""

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from smsconsent.gateways import (
    Gateway,
    GatewayMisconfigured,
    GatewayUnavailable,
    Receipt,
    ReceiptState,
    gateway_name,
    watch,
)
from smsconsent.gateways.pacing import RateLimit
from smsconsent.gateways.state import SharedState
from smsconsent.outbox.messages import Lease, Move, OutboundMessage, find

log = logging.getLogger(__name__)


LOOKUPS_AT_ONCE = 8


# Each so many of a day are said again.
ALARM_EVERY = 20


class Listener(Protocol):
    """Draws conclusions from a receipt, in the transaction that records it.

    Not told of each message that simply arrived (`arrivals`).
    """

    def __call__(self, row: Any, receipt: Receipt, /, *, now: datetime) -> None: ...


class Recorder(Protocol):
    """Takes in what the gateway reports about one message: `record_receipt`, or what stands on it."""

    def __call__(self, receipt: Receipt, /, *, now: datetime) -> object: ...


def recover(
    model: type[OutboundMessage],
    *,
    gateway: Gateway,
    now: datetime,
    limit: int = 200,
    record: Recorder | None = None,
    pace: RateLimit | None = None,
) -> int:
    """Settle rows whose lease ran out, by asking the gateway. Return how many were looked at.

    Seen by the gateway: handed over, and `record` takes in what it reports. Never seen: back in the
    queue, and so through the gate again, under the same id. Too old to tell: stays `unknown`, for
    staff to see, never sent again. Raises GatewayUnavailable, and leaves them for later, when `pace` has no
    room for so many.
    """
    until = now + settings.OUTBOX_LEASE
    _break_leases(model, now=now)
    with transaction.atomic():
        lost = model._default_manager.filter(in_doubt=True, lease_until__lte=now)
        rows = list(_locked(lost.order_by("lease_until"))[:limit])
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(lease_until=until)
    if pace and rows:
        pace.wait_for_room(len(rows))
    with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
        for row, found in zip(
            rows, pool.map(lambda row: look_up(gateway, row.pk), rows), strict=True
        ):
            # Without an answer it waits; but not longer than the gateway could still tell.
            if not isinstance(found, Exception) or _is_too_old(row, now):
                known = None if isinstance(found, Exception) else found
                _settle(row, known, until=until, record=record or record_receipt, now=now)
    return len(rows)


@transaction.atomic
def _break_leases(model: type[OutboundMessage], *, now: datetime) -> None:
    """Whoever held these batches has died, in time or in the call: nobody knows what has left."""
    over = Lease.of(model).filter(until__lte=now).select_for_update(skip_locked=True)
    for lease in over.order_by("pk"):
        _doubt(model._default_manager.filter(pk__any=lease.keys), now=now)
        lease.delete()


def _doubt(rows: QuerySet[Any], *, now: datetime) -> int:
    """Have the gateway asked about these before they may leave. Return how many waited."""
    queued = rows.filter(state=OutboundMessage.State.QUEUED)
    return queued.update(state=OutboundMessage.State.RECOVERING, lease_until=now)


def record_receipt(
    receipt: Receipt, *, row: OutboundMessage | None = None, now: datetime
) -> OutboundMessage | None:
    """Move the message forward by what the gateway reports. Return it, or None for an unknown id.

    `row` is the message, when it has been found already.
    handed_over < failed < delivered: a late, doubled or reordered report cannot undo a better state,
    and a duplicate proves no more than that the gateway has the message (strex.md § 4, § 10). News that
    the account is refused stops the lanes: a report that somebody vouched for and an answer to our own
    question both pass here.
    """
    row = row or find(receipt.id)
    if row is None or not _advance(row, receipt, now=now):
        return row
    if receipt.misconfigured:
        watch.stop_lanes()
    compare_parts(row, receipt)
    if row.listener:
        listener: Listener = import_string(row.listener)
        listener(row, receipt, now=now)
    return row


def _locked(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_for_update(skip_locked=True, of=("self",))


def look_up(gateway: Gateway, message_id: UUID) -> Receipt | Exception | None:
    """Ask the gateway; what it raises because it does not answer is returned."""
    try:
        return gateway.look_up(message_id)
    except (GatewayUnavailable, GatewayMisconfigured) as error:
        return error


def _is_too_old(row: OutboundMessage, now: datetime) -> bool:
    return now - row.queued_at > settings.STREX_RECOVERY_WINDOW


@transaction.atomic
def _settle(
    row: OutboundMessage,
    found: Receipt | None,
    *,
    until: datetime,
    record: Recorder,
    now: datetime,
) -> None:
    """Decide one row whose lease ran out, unless somebody else has moved it meanwhile."""
    too_late = row.not_after is not None and row.not_after <= now
    changes: dict[str, Any] = {"lease_until": None}
    if found is not None:
        changes |= {"state": row.State.HANDED_OVER, "handed_over_at": row.handed_over_at or now}
    elif _is_too_old(row, now):
        changes |= {"state": row.State.UNKNOWN}
    elif too_late:
        changes |= {"state": row.State.EXPIRED, "reason": "not_after"}
    else:
        changes |= {"state": row.State.QUEUED, "not_before": now}
    if _move(row, changes, lease_until=until) and found is not None:
        record(found, now=now)


def _move(row: OutboundMessage, changes: dict[str, Any], **still: Any) -> bool:
    """Change one row if it is still in the state in which it was read, and count it. Return whether."""
    model = type(row)
    mine = model._default_manager.filter(pk=row.pk, state=row.state, **still)
    if not mine.update(**changes):
        return False
    if model.counted_by:
        group, moves = getattr(row, model.counted_by), Counter[Move]()
        moves[_counted(group, row.state, row.reason)] -= 1
        moves[_counted(group, changes["state"], changes.get("reason", row.reason))] += 1
        model.note(moves)
    return True


def _counted(group: Any, state: str, reason: str) -> Move:
    waits = state in {OutboundMessage.State.QUEUED, OutboundMessage.State.RECOVERING}
    return (group, OutboundMessage.State.QUEUED, "") if waits else (group, state, reason)


_BEFORE: dict[str, list[str]] = {
    ReceiptState.HANDED_OVER: ["leased", "unknown"],
    ReceiptState.FAILED: ["leased", "unknown", "handed_over"],
    ReceiptState.DELIVERED: ["leased", "unknown", "handed_over", "failed"],
}


def _advance(row: OutboundMessage, receipt: Receipt, *, now: datetime) -> bool:
    """Return whether the receipt said something new."""
    state = ReceiptState.HANDED_OVER if receipt.duplicate else receipt.state
    changes: dict[str, Any] = {"state": state, "lease_until": None}
    if not receipt.duplicate:
        changes["detail"] = receipt.detail[:40]
    if receipt.segments:
        changes["segments"] = receipt.segments
    if row.state == row.State.QUEUED:
        _wait_for_sender(row, now=now)
    # Somebody may move it between our look and our write: then look again.
    while row.state in _BEFORE[state]:
        first = {} if row.handed_over_at else {"handed_over_at": now}
        if _move(row, changes | first):
            return True
        row.refresh_from_db()
    return False


def compare_parts(row: OutboundMessage, receipt: Receipt) -> None:
    """Say it when the gateway charges for another number of parts than was approved (strex.md § 7)."""
    ours, theirs = row.counted_segments, receipt.segments
    if not ours or not theirs or ours == theirs:
        return
    if SharedState(gateway_name()).count("parts_differ") % ALARM_EVERY == 1:
        log.error("message %s: %d parts at the gateway, %d by our count", row.pk, theirs, ours)


@transaction.atomic
def _wait_for_sender(row: OutboundMessage, *, now: datetime) -> None:
    """Look again once whoever may be posting this message has recorded it.

    If the sender died, the lease is still there, and the receipt is the proof that the message left.
    """
    model = type(row)
    row.refresh_from_db(from_queryset=model._default_manager.select_for_update(of=("self",)))
    mine = model._default_manager.filter(pk=row.pk)
    if row.state == row.State.QUEUED and mine.filter(pk__in=Lease.covered(model)).exists():
        _doubt(mine, now=now)
        row.refresh_from_db()
