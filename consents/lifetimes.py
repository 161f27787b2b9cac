"""What ends by itself: a request that nobody answered, and a consent whose time is over."""

from datetime import datetime

from consents import transitions
from consents.models import Consent


def lapse_unanswered(*, now: datetime, limit: int = 500) -> int:
    """End the requests that nobody answered in time. Return how many."""
    late = Consent.objects.filter(state=Consent.State.PENDING, answer_by__lte=now)
    return sum(
        transitions.lapse(consent, now=now)
        for consent in late.select_related("subject", "purpose").order_by("answer_by")[:limit]
    )


def expire_consents(*, now: datetime, limit: int = 500) -> int:
    """End the consents whose lifetime is over. Return how many."""
    late = Consent.objects.filter(state=Consent.State.GRANTED, valid_until__lte=now)
    return sum(
        transitions.expire(consent, now=now)
        for consent in late.select_related("subject", "purpose").order_by("valid_until")[:limit]
    )
