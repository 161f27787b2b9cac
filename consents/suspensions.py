"""Whose number is it now? Operators hand numbers on to new people; a consent does not follow (law.md L58).

A sign of that suspends the number: no yes given before it counts, and a fresh one does (trust.md T20).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from consents.dates import add_months
from consents.models import Consent, ServiceMessage, Subject
from consents.models.subjects import BARRED_FOR
from smsconsent import arrivals, outbox
from smsconsent.gateways import Receipt, ReceiptState
from smsconsent.trips import Answer, Trip, places, stored

BOUNCES, BOUNCING_FOR = 3, timedelta(days=14)
DAY = timedelta(days=1)
Doubt = Subject.Doubt
State = outbox.OutboundMessage.State
# Once a message has one of these, a report about it is a repetition, or comes too late to count.
SETTLED = {State.DELIVERED, State.FAILED}


@transaction.atomic
def record_receipt(
    receipt: Receipt, *, message: outbox.OutboundMessage | None = None, now: datetime
) -> None:
    """Record what became of a message, and what that says about its number. Repeating it changes nothing.

    Whoever has found the message already hands it in.
    """
    message = message or outbox.find(receipt.id)
    if message is None:
        return
    subject_id = _number_of(message)
    if subject_id is not None and not receipt.duplicate:
        _note(message, subject_id, receipt, now=now)
    outbox.record_receipt(receipt, row=message, now=now)


def record_arrivals(
    arrived: Sequence[tuple[outbox.OutboundMessage, Receipt]], *, now: datetime, trip: Trip
) -> list[Answer]:
    """Record, on one trip, that messages have arrived: the numbers are alive, and the messages delivered.

    The numbers first, as everywhere. See `arrivals.record_arrivals` for the answers.
    """
    numbers = {_number_of(message) for message, _receipt in arrived} - {None}
    if numbers:
        _note_reached(sorted(filter(None, numbers)), now=now, trip=trip)
    return arrivals.record_arrivals(arrived, now=now, trip=trip)


def suspend(subjects: QuerySet[Subject], *, reason: Doubt, now: datetime) -> int:
    """Have no earlier yes from these numbers count any more. Return how many."""
    return subjects.update(
        suspended_at=now,
        suspended_for=reason,
        barred_until=None,
        bounce_count=0,
        bouncing_since=None,
    )


def suspend_silent(*, now: datetime, limit: int = 10_000) -> int:
    """Suspend numbers that have given no sign of life for SILENCE_MONTHS. One statement. Return how many.

    A sign of life is a message that arrived, or the person's own yes.
    """
    if not settings.SILENCE_MONTHS:
        return 0
    limit_at = add_months(now, -settings.SILENCE_MONTHS)
    mine = Consent.objects.filter(subject=OuterRef("pk"))
    heard = mine.filter(Q(confirmed_at__gt=limit_at) | Q(renewed_at__gt=limit_at))
    silent = Subject.objects.filter(
        Q(reached_at=None) | Q(reached_at__lte=limit_at),
        Exists(mine.standing(now)),
        ~Exists(heard),
        created_at__lte=limit_at,
    )
    chosen = silent.order_by("pk").values("pk")[:limit]
    return suspend(Subject.objects.filter(pk__in=chosen), reason=Doubt.SILENT, now=now)


def _number_of(message: outbox.OutboundMessage) -> int | None:
    """Return whose number this message tells of. An answer to a stranger tells of nobody."""
    if isinstance(message, ServiceMessage) and message.consent_id is None:
        return None
    subject_id: int | None = getattr(message, "subject_id", None)
    return subject_id


def _note(
    message: outbox.OutboundMessage, subject_id: int, receipt: Receipt, *, now: datetime
) -> None:
    """Subject before message, as everywhere: erasing takes its locks in that order."""
    mine = Subject.objects.filter(pk=subject_id)
    if receipt.state == ReceiptState.DELIVERED:
        if message.state != State.DELIVERED:
            trip = Trip()
            _note_reached([subject_id], now=now, trip=trip)
            trip.go()
        return
    if not (receipt.gone or receipt.barred or receipt.bounce):
        return
    subject = mine.select_for_update(no_key=True, of=("self",)).first()
    message.refresh_from_db(fields=["state"])
    if subject is None or message.state in SETTLED:
        return
    if receipt.gone:
        suspend(mine, reason=Doubt.GONE, now=now)
    elif receipt.barred:
        _bar(subject, mine, now=now)
    else:
        _bounce(subject, mine, now=now)


def _note_reached(numbers: Sequence[int], *, now: datetime, trip: Trip) -> None:
    """Written once a day at most, so that reports cost no write each. Locked in the order of their keys."""
    at, day_ago = (stored(Subject, "reached_at", each) for each in (now, now - DAY))
    waiting = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    trip.add(
        f"""UPDATE consents_subject
            SET reached_at = %s, bounce_count = 0, bouncing_since = NULL, barred_until = NULL
            WHERE id IN (
                SELECT id FROM consents_subject
                WHERE id IN {places(numbers)} AND (reached_at IS NULL OR reached_at <= %s
                                                   OR bounce_count > 0 OR barred_until IS NOT NULL)
                ORDER BY id{waiting})""",  # noqa: S608  placeholders
        [at, *numbers, day_ago],
    )


def _bar(subject: Subject, mine: QuerySet[Subject], *, now: datetime) -> None:
    if subject.barred_until is not None:
        suspend(mine, reason=Doubt.BARRED, now=now)
        return
    mine.update(barred_until=now + BARRED_FOR)


def _bounce(subject: Subject, mine: QuerySet[Subject], *, now: datetime) -> None:
    since, count = subject.bouncing_since or now, subject.bounce_count + 1
    if count >= BOUNCES and now - since >= BOUNCING_FOR:
        suspend(mine, reason=Doubt.BOUNCED, now=now)
        return
    mine.update(bounce_count=min(count, BOUNCES), bouncing_since=since)
