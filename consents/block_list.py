"""The block list asks to be looked through: an entry is kept no longer than it is needed (law.md L38)."""

from datetime import datetime

from django.utils import timezone

from consents.models import Organisation, Suppression
from consents.officers import mail_officers, officers_of


def remind(*, now: datetime) -> int:
    """Mail the privacy officers where entries wait for review. Return how many wait."""
    due = Suppression.objects.filter(review_on__lte=timezone.localdate(now))
    owners = Organisation.objects.filter(pk__in=due.values("organisation")).order_by("pk")
    return sum(_remind_one(owner, due.filter(organisation=owner).count()) for owner in owners)


def _remind_one(organisation: Organisation, count: int) -> int:
    if not officers_of(organisation):
        return 0
    mail_officers(organisation, "blocks", {"count": count})
    return count
