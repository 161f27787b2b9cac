"""The net under the callbacks and the senders: what nobody told us, or nobody vouched for, is asked for.

One look-up per message, and never a new one for what has been answered (strex.md § 4, § 6, § 10).
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from smsconsent.gateways import CannotBeAsked, Gateway, GatewayUnavailable, Receipt
from smsconsent.gateways.pacing import RateLimit
from smsconsent.gateways.state import SharedState
from smsconsent.outbox import (
    LOOKUPS_AT_ONCE,
    OutboundMessage,
    Question,
    Recorder,
    lanes,
    look_up,
    recover,
)

log = logging.getLogger(__name__)

# As long as a message without an end may live at the gateway.
LONGEST_LIFE = timedelta(hours=24)
# What stands on a message instead of a report: the gateway has none; or it could not be asked.
CLOSED, UNASKED = "no_receipt", "cannot_ask"
# At a time, where there is no pace to keep.
MOST_ASKED = 100
MOST_MARKED = 10_000


def ask_overdue(
    model: type[OutboundMessage],
    *,
    gateway: Gateway,
    record: Recorder,
    now: datetime,
    limit: int = 500,
) -> int:
    """Ask once about each message whose report is long overdue, and close it. Return how many were asked.

    Overdue: its life is over by STREX_RECEIPT_GRACE. Closed without a report, it counts as handed over. At a
    gateway that offers no way to ask they are marked UNASKED: should it ever offer one, they are asked about.
    """
    grace = settings.STREX_RECEIPT_GRACE
    over = Q(not_after__lte=now - grace, handed_over_at__lte=now - grace) | Q(
        not_after=None, handed_over_at__lte=now - LONGEST_LIFE - grace
    )
    waiting = model._default_manager.filter(over, state=model.State.HANDED_OVER)
    ids = list(waiting.exclude(detail=CLOSED).values_list("pk", flat=True)[:limit])
    try:
        answered = _ask(gateway, ids, record=record, now=now)
    except CannotBeAsked:
        untold = waiting.exclude(detail__in=[CLOSED, UNASKED]).values("pk")[:MOST_MARKED]
        model._default_manager.filter(pk__in=untold).update(detail=UNASKED)
        return 0
    model._default_manager.filter(pk__in=answered, state=model.State.HANDED_OVER).update(
        detail=CLOSED
    )
    return len(answered)


def recover_all(
    model: type[OutboundMessage],
    *,
    gateway: Gateway,
    record: Recorder,
    clock: Callable[[], datetime],
    until: Callable[[], bool],
) -> int:
    """Settle every message whose lease ran out, as `outbox.recover` does. Return how many were looked at.

    A killed sender leaves a whole batch. No faster than messages leave; what is left when `until` says so, or
    when others ask as fast as we may, waits for a later call.
    """
    pace, count = _pace(gateway), 0
    with suppress(GatewayUnavailable):
        while not until():
            taken = recover(
                model,
                gateway=gateway,
                record=record,
                now=clock(),
                limit=pace.largest(MOST_ASKED),
                pace=pace,
            )
            if not taken:
                break
            count += taken
    return count


def _pace(gateway: Gateway) -> RateLimit:
    return RateLimit(settings.STREX_MESSAGES_PER_SECOND, f"{gateway.name}:asked")


def doubt(message_id: UUID, *, now: datetime) -> None:
    """Have the gateway asked what became of a message. It counts with the open transaction."""
    Question.put(message_id, now=now)


def ask_doubted(
    *,
    gateway: Gateway,
    record: Recorder,
    clock: Callable[[], datetime],
    until: Callable[[], bool] = lambda: False,
) -> int:
    """Ask about the messages that were doubted, the oldest first, until none waits. Return how many it knew.

    No faster than messages leave, and no further when the gateway does not answer: what is left waits. After
    STREX_RECOVERY_WINDOW the gateway may have forgotten them: they are marked UNASKED, and left to
    `ask_overdue`.
    """
    pace = _pace(gateway)
    _give_up(gateway, before=clock() - settings.STREX_RECOVERY_WINDOW)
    count = 0
    while not until():
        now = clock()
        ids = Question.take(now=now, limit=pace.largest(MOST_ASKED))
        if not ids:
            break
        try:
            pace.wait_for_room(len(ids))
        except GatewayUnavailable:  # Another worker asks as fast as we may.
            break
        try:
            answered = _ask(gateway, ids, record=record, now=now)
        except CannotBeAsked:
            # Whoever runs the system is told by `doctor`, and may mend it in time.
            break
        Question.settle(answered, taken_at=now)
        count += len(answered)
        if len(answered) < len(ids):
            break
    return count


def _give_up(gateway: Gateway, *, before: datetime) -> None:
    """Let questions go that have waited too long, and say so: on the messages, in the log, and in a count."""
    lost = Question.give_up(before=before)
    if not lost:
        return
    for lane in lanes():
        unreported = lane._default_manager.filter(pk__any=lost, state=lane.State.HANDED_OVER)
        unreported.filter(detail="").update(detail=UNASKED)
    SharedState(gateway.name).count("unasked", len(lost))
    log.error("the gateway could not be asked about %d messages in time", len(lost))


def _ask(gateway: Gateway, ids: Sequence[UUID], *, record: Recorder, now: datetime) -> list[UUID]:
    """Look each of them up, record what the gateway knows, and return those it gave an answer about.

    Raises CannotBeAsked.
    """
    answered: list[UUID] = []
    with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
        for message_id, found in zip(
            ids, pool.map(lambda each: look_up(gateway, each), ids), strict=True
        ):
            if isinstance(found, CannotBeAsked):
                raise found
            if isinstance(found, Receipt):
                record(found, now=now)
            if not isinstance(found, Exception):
                answered.append(message_id)
    return answered
