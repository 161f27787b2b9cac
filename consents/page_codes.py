"""The codes that open my page, made into SMS where they may be: after the page has answered all alike."""

from datetime import datetime

from django.db import transaction

from consents import writing
from consents.models import ServiceMessage, Visit

Kind = ServiceMessage.Kind


def queue_codes(*, now: datetime, limit: int = 100) -> int:
    """Queue the SMS of each visit to my page that waits for its code. Return how many were queued.

    The page itself stores one row for every number. Only here do known and unknown numbers part, where
    nobody is waiting who could measure it (trust.md T17).
    """
    with transaction.atomic():
        waiting = list(
            Visit.objects.filter(code__isnull=False)
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("pk")[:limit]
        )
        senders = [_queue_code(visit, now=now) for visit in waiting if visit.expires_at > now]
        Visit.objects.filter(pk__in=[visit.pk for visit in waiting]).update(code=None)
    return sum(senders)


def _queue_code(visit: Visit, *, now: datetime) -> bool:
    """Queue one code, to a number that we know, at an organisation that has a sender."""
    subject, sender = visit.subject, visit.organisation.senders.order_by("pk").first()
    if subject is None or sender is None:
        return False
    context: dict[str, object] = {
        "organisation": visit.organisation,
        "code": visit.code,
        "until": visit.expires_at,
    }
    writing.store(
        Kind.PAGE_CODE,
        organisation=visit.organisation,
        subject=subject,
        consent=None,
        sender=sender.value,
        phone=subject.phone,
        text=writing.render(Kind.PAGE_CODE, context, subject.language),
        language=subject.language,
        now=now,
        not_after=visit.expires_at,
    )
    return True
