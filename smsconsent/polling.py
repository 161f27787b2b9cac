"""The net under the callbacks: a report that never came, or that nobody vouched for, is asked for.

One look-up per message, and never a new one for what has been answered (strex.md § 6, § 10).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from smsconsent.gateways import Gateway, Receipt
from smsconsent.gateways.state import SharedState
from smsconsent.outbox import LOOKUPS_AT_ONCE, OutboundMessage, Recorder, look_up

# As long as a message without an end may live at the gateway.
LONGEST_LIFE = timedelta(hours=24)
CLOSED = "no_receipt"
MOST_DOUBTED = 500


def ask_overdue(
    model: type[OutboundMessage],
    *,
    gateway: Gateway,
    record: Recorder,
    now: datetime,
    limit: int = 500,
) -> int:
    """Ask once about each message whose report is long overdue, and close it. Return how many were asked.

    Overdue: its life is over by STREX_RECEIPT_GRACE. Closed without a report, it counts as handed over.
    """
    grace = settings.STREX_RECEIPT_GRACE
    over = Q(not_after__lte=now - grace, handed_over_at__lte=now - grace) | Q(
        not_after=None, handed_over_at__lte=now - LONGEST_LIFE - grace
    )
    waiting = model._default_manager.filter(over, state=model.State.HANDED_OVER)
    ids = list(waiting.exclude(detail=CLOSED).values_list("pk", flat=True)[:limit])
    answered = _ask(gateway, ids, record=record, now=now)
    model._default_manager.filter(pk__in=answered, state=model.State.HANDED_OVER).update(
        detail=CLOSED
    )
    return len(answered)


def doubt(gateway: str, message_id: UUID) -> None:
    """Remember to ask about a message: a report about it came, and nobody vouched for it."""
    state = SharedState(gateway)
    known: list[str] = state.get("doubted", [])
    if str(message_id) not in known and len(known) < MOST_DOUBTED:
        state.set("doubted", [*known, str(message_id)])


def ask_doubted(*, gateway: Gateway, record: Recorder, now: datetime) -> int:
    """Ask about the messages that were doubted. Return how many the gateway knew something of."""
    state = SharedState(gateway.name)
    ids = [UUID(text) for text in state.get("doubted", [])]
    state.delete("doubted")
    return len(_ask(gateway, ids, record=record, now=now)) if ids else 0


def _ask(gateway: Gateway, ids: Sequence[UUID], *, record: Recorder, now: datetime) -> list[UUID]:
    """Look each of them up, record what the gateway knows, and return those it gave an answer about."""
    answered: list[UUID] = []
    with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
        for message_id, found in zip(
            ids, pool.map(lambda each: look_up(gateway, each), ids), strict=True
        ):
            if isinstance(found, Receipt):
                record(found, now=now)
            if not isinstance(found, Exception):
                answered.append(message_id)
    return answered
