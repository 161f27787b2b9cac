"""The commonest news of all: a message that had left has arrived. One trip to the database.

Whatever else a gateway reports goes by `outbox.record_receipt`, which also tells the listeners.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection

from smsconsent import outbox
from smsconsent.gateways import Receipt, ReceiptState
from smsconsent.outbox import OutboundMessage
from smsconsent.trips import Answer, Trip, stored

State = OutboundMessage.State


def is_arrival(receipt: Receipt, row: OutboundMessage) -> bool:
    """Return whether the report says that a message which had left was delivered, and nothing else."""
    strange = (receipt.duplicate, receipt.unexpected, receipt.unexplained, receipt.misconfigured)
    return (
        receipt.state is ReceiptState.DELIVERED
        and row.state == State.HANDED_OVER
        and not any(strange)
    )


def record_arrivals(
    arrived: Sequence[tuple[OutboundMessage, Receipt]], *, now: datetime, trip: Trip
) -> list[Answer]:
    """Have these messages recorded as delivered, and counted, if they are still as `is_arrival` saw them.

    They are different ones. The rows of the answers name those that were moved; the others somebody has
    moved meanwhile, and nothing was written about them.
    """
    answers = []
    for lane in outbox.lanes():
        mine = [each for each in arrived if isinstance(each[0], lane)]
        if mine and connection.vendor == "postgresql":
            answers.append(_move_together(lane, mine, now=now, trip=trip))
        elif mine:
            answers += [_move(row, receipt, now=now, trip=trip) for row, receipt in mine]
        for row, receipt in mine:
            if receipt.segments:
                trip.then(partial(outbox.compare_parts, row, receipt))
    return answers


def _move_together(
    lane: type[OutboundMessage],
    arrived: Sequence[tuple[OutboundMessage, Receipt]],
    *,
    now: datetime,
    trip: Trip,
) -> Answer:
    one = "(%s::uuid, %s, %s::timestamptz, %s::int)"
    # In the order of their keys, as whoever else moves several does.
    values = [
        (
            stored(lane, "pk", row.pk),
            receipt.detail[:40],
            stored(lane, "handed_over_at", row.handed_over_at or now),
            receipt.segments or None,
        )
        for row, receipt in sorted(arrived, key=lambda each: each[0].pk)
    ]
    move = (
        f"UPDATE {lane._meta.db_table} AS m SET state = %s, lease_until = NULL, detail = said.detail,"  # noqa: S608  names
        " handed_over_at = said.at, segments = coalesce(said.segments, m.segments)"
        f" FROM (VALUES {', '.join([one] * len(values))}) AS said (id, detail, at, segments)"
        " WHERE m.id = said.id AND m.state = %s"
    )
    params = [
        State.DELIVERED.value,
        *(each for line in values for each in line),
        State.HANDED_OVER.value,
    ]
    return lane.move_together(
        move, params, before=State.HANDED_OVER, after=State.DELIVERED, trip=trip
    )


def _move(row: OutboundMessage, receipt: Receipt, *, now: datetime, trip: Trip) -> Answer:
    """The same for one, where there is no way to go and each has a statement of its own."""
    table, key = row._meta.db_table, stored(type(row), "pk", row.pk)
    changes: dict[str, Any] = {
        "state": State.DELIVERED.value,
        "lease_until": None,
        "detail": receipt.detail[:40],
        "handed_over_at": stored(type(row), "handed_over_at", row.handed_over_at or now),
    }
    if receipt.segments:
        changes["segments"] = receipt.segments
    move = (
        f"UPDATE {table} SET {', '.join(f'{name} = %s' for name in changes)}"  # noqa: S608  names of columns
        " WHERE id = %s AND state = %s"
    )
    return row.move_one(move, [*changes.values(), key, row.state], State.DELIVERED, trip=trip)
