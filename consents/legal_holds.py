"""What a legal hold does: keeps evidence when its number is erased, and ends by itself (trust.md § 6).

The evidence is re-encrypted under `FERNET_HOLD_KEYS`, which the daily work never uses. Everything else
about the number goes as always.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from consents import purging
from consents.models import HeldEvidence, LegalHold, Subject
from consents.purging import Counts

TRACE_FOR = timedelta(days=730)


def keep_evidence(subject: Subject, *, now: datetime) -> list[LegalHold]:
    """Copy the evidence of a number that is about to go into each of its holds. Return the holds."""
    active = LegalHold.objects.active(timezone.localdate(now)).filter(subject=subject)
    holds = list(active.select_for_update(of=("self",)))
    details = list(subject.event_details.values_list("event_id", "detail")) if holds else []
    HeldEvidence.objects.bulk_create(
        [
            HeldEvidence(hold=hold, event_id=event_id, detail=detail)
            for hold in holds
            for event_id, detail in details
        ],
        ignore_conflicts=True,
    )
    for hold in holds:
        hold.tag_key = bytes(subject.tag_key).hex()
        hold.save(update_fields=["tag_key"])
    return holds


def end_holds(now: datetime, limit: int) -> Counts:
    """Delete the evidence of holds that are over, and what they say of a person. Who did what stays.

    A hold that nobody approved ends in the same way.
    """
    with transaction.atomic():
        old = list(_old(now).order_by("pk").values_list("pk", flat=True)[:limit])
        gone = purging.delete_by_id(LegalHold, old)
        ended = list(_ended(now).order_by("pk").values_list("pk", flat=True)[:limit])
        return purging.added(gone, end(ended))


def end(ids: list[int]) -> Counts:
    """Delete what these holds keep, and what they say of a person. Return rows per table."""
    kept: Counts = HeldEvidence.objects.filter(hold__in=ids).delete()[1]
    ended = LegalHold.objects.filter(pk__in=ids).update(reason=None, subject=None, tag_key=None)
    return kept | {LegalHold._meta.label: ended}


def count_ended(now: datetime) -> Counts:
    """Return how much of what is held is due to go."""
    due = _ended(now) | _old(now)
    return {
        HeldEvidence._meta.label: HeldEvidence.objects.filter(hold__in=due).count(),
        LegalHold._meta.label: due.count(),
    }


def _ended(now: datetime) -> QuerySet[LegalHold]:
    """Holds that are over and still say something of a person."""
    over = LegalHold.objects.over(timezone.localdate(now))
    return over.filter(Q(reason__isnull=False) | Q(subject__isnull=False))


def _old(now: datetime) -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(ends_on__lt=timezone.localdate(now) - TRACE_FOR)
