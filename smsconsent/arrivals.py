"""The commonest news of all: a message that had left has arrived. One trip to the database.

Whatever else a gateway reports goes by `outbox.record_receipt`, which also tells the listeners.
"""

from datetime import datetime
from typing import Any

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


def take_arrival(row: OutboundMessage, receipt: Receipt, *, now: datetime, trip: Trip) -> Answer:
    """Have a message put down as delivered, and counted, if it is still in the state in which it was read.

    The answer's count is 0 when somebody has moved it meanwhile; then nothing was written.
    """
    table, key = row._meta.db_table, stored(type(row), "pk", row.pk)
    changes: dict[str, Any] = {
        "state": State.DELIVERED.value,
        "lease_until": None,
        "detail": receipt.detail[:40],
        "handed_over_at": stored(type(row), "handed_over_at", row.handed_over_at or now),
    }
    if receipt.segments:
        changes["segments"] = receipt.segments
        trip.then(lambda: outbox.compare_parts(row, receipt))
    move = (
        f"UPDATE {table} SET {', '.join(f'{name} = %s' for name in changes)}"  # noqa: S608  names of columns
        " WHERE id = %s AND state = %s"
    )
    return row.move_one(move, [*changes.values(), key, row.state], State.DELIVERED, trip=trip)
