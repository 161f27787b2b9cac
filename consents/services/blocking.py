"""The block list: pseudonyms of numbers that must not be asked again (law.md L34, L37-L39)."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from consents import transitions
from consents.ledger import Proof
from consents.models import Organisation, Purpose, Subject, Suppression
from consents.services.settling import REVIEW_BLOCKS_AFTER, suppress
from smsconsent.phones import Phone
from smsconsent.staff.models import User

log = logging.getLogger(__name__)


@transaction.atomic
def block_number(
    organisation: Organisation,
    phone: Phone,
    *,
    purpose: Purpose | None,
    reason: Suppression.Reason,
    by: User,
    now: datetime,
) -> int:
    """Block a number for one purpose or for all, and end what it stands on. Return how many ended.

    An objection withdraws; «it was not me» and «wrong person» say that the yes was never theirs.
    """
    suppress(organisation, phone, purpose=purpose, reason=reason, now=now)
    subject = Subject.objects.with_phone(organisation, phone).first()
    if subject is None:
        return 0
    proof = Proof("staff", facts={"colleague": by.pk, "channel": f"block_{reason}"})
    consents = subject.consents.select_related("subject", "purpose").order_by("pk")
    about = consents.filter(purpose=purpose) if purpose else consents
    end = transitions.invalidate
    if reason == Suppression.Reason.OBJECTION:
        end = transitions.withdraw
    return sum(end(each, proof=proof, now=now) for each in about)


@transaction.atomic
def unblock_number(organisation: Organisation, phone: Phone, *, by: User) -> int:
    """Delete every entry of this number: the person asks for it, and knows what it means (L38).

    Return how many. It restores no consent: only a fresh request and a fresh yes do.
    """
    count, _tables = Suppression.objects.blocking(organisation, phone).delete()
    log.info("block list entries removed", extra={"count": count, "colleague": by.pk})
    return count


def review_blocks(organisation: Organisation, *, by: User, now: datetime) -> int:
    """Keep the entries whose review is due for another period. Return how many."""
    today = timezone.localdate(now)
    due = organisation.suppressions.filter(review_on__lte=today)
    count = due.update(review_on=today + REVIEW_BLOCKS_AFTER)
    log.info("block list reviewed", extra={"count": count, "colleague": by.pk})
    return count
