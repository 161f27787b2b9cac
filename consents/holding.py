"""What a legal hold does: keeps evidence when its number is erased, and ends by itself (trust.md § 6).

The evidence is re-encrypted under `FERNET_HOLD_KEYS`, which the daily work never uses. Everything else
about the number goes as always.
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from consents.models import HeldEvidence, LegalHold, Subject

TRACE_FOR = timedelta(days=730)


def keep_evidence(subject: Subject, *, now: datetime) -> list[LegalHold]:
    """Copy the evidence of a number that is about to go into each of its holds. Return the holds."""
    holds = list(subject.holds.select_for_update(of=("self",)).filter(_is_active(now)))
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


def _is_active(now: datetime) -> Q:
    return Q(approved_at__isnull=False, released_at=None, ends_on__gte=_today(now))


def end_holds(now: datetime, limit: int) -> dict[str, int]:
    """Delete the evidence of holds that are over, and what they say of a person. Who did what stays.

    A hold that nobody approved ends in the same way.
    """
    with transaction.atomic():
        over = LegalHold.objects.over(_today(now)).filter(
            Q(reason__isnull=False) | Q(subject__isnull=False)
        )
        ids = list(over.order_by("pk").values_list("pk", flat=True)[:limit])
        counts = end(ids)
        old = LegalHold.objects.filter(ends_on__lt=_today(now) - TRACE_FOR).order_by("pk")
        old_ids = list(old.values_list("pk", flat=True)[:limit])
        gone = LegalHold.objects.filter(pk__in=old_ids).delete()[1]
    ended = {LegalHold._meta.label: len(ids)} if ids else {}
    return counts | ended | gone


def end(ids: list[int]) -> dict[str, int]:
    """Delete what these holds keep, and what they say of a person. Return rows per table."""
    counts: dict[str, int] = HeldEvidence.objects.filter(hold__in=ids).delete()[1]
    LegalHold.objects.filter(pk__in=ids).update(reason=None, subject=None, tag_key=None)
    return counts


def count_ended(now: datetime) -> dict[str, int]:
    """Return how much of what is held is due to go."""
    over = LegalHold.objects.over(_today(now))
    return {
        HeldEvidence._meta.label: HeldEvidence.objects.filter(hold__in=over).count(),
        LegalHold._meta.label: over.filter(reason__isnull=False).count(),
    }


def _today(now: datetime) -> date:
    return timezone.localdate(now)
