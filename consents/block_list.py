"""The block list asks to be looked through: an entry is kept no longer than it is needed (law.md L38)."""

from datetime import datetime
from functools import partial

from django.db.models import QuerySet
from django.utils import timezone

from consents.models import Organisation, Suppression
from consents.officers import mail_officers, officers_of
from consents.turns import take_turns


def remind(*, now: datetime) -> int:
    """Mail the privacy officers where entries wait for review. Return how many wait.

    Mail that cannot be sent keeps no other organisation waiting. Raises the first error at the end.
    """
    due = Suppression.objects.filter(review_on__lte=timezone.localdate(now))
    owners = Organisation.objects.filter(pk__in=due.values("organisation")).order_by("pk")
    return take_turns(owners, partial(_remind_one, due=due))


def _remind_one(organisation: Organisation, *, due: QuerySet[Suppression]) -> int:
    if not officers_of(organisation):
        return 0
    count = due.filter(organisation=organisation).count()
    mail_officers(organisation, "blocks", {"count": count})
    return count
