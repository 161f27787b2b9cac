"""What becomes of a campaign's rows: counts stay, people go (guide G15, G25)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns import tallies
from campaigns.models import Campaign, Delivery
from consents import purging
from consents.purging import Counts
from consents.retention import Policy

# As long as a promise may still be counted from them (30 days), and a day more.
DELIVERIES_FOR = timedelta(days=31)


def _ended(now: datetime) -> list[Campaign]:
    ended = Campaign.objects.filter(ended_at__lte=now - DELIVERIES_FOR, anonymised_at=None)
    return list(ended.order_by("ended_at")[:20])


def count_deliveries(now: datetime) -> Counts:
    """Return how many rows are due to be anonymised."""
    count = Delivery.objects.filter(campaign__in=_ended(now)).count()
    return {Delivery._meta.label: count}


def purge_deliveries(now: datetime, limit: int) -> Counts:
    """Delete one batch of the rows of an ended campaign; with the last one, keep the counts.

    Decision 10 says why they are deleted, and not dropped with a partition.
    """
    for campaign in _ended(now):
        # In the order of an index, so that no batch looks again at what the others have left behind.
        rows = campaign.deliveries.order_by("campaign", "subject")
        with transaction.atomic():
            gone = purging.delete(rows, limit=limit)
            if not any(gone.values()):
                campaign.outcome, campaign.anonymised_at = tallies.by_state(campaign), now
                campaign.save(update_fields=["outcome", "anonymised_at"])
        if any(gone.values()):
            return gone
    return {}


POLICY: tuple[Policy, ...] = (
    Policy(
        name="deliveries",
        title=_("Campaign messages"),
        covers=("campaigns.Delivery.subject", "campaigns.Delivery.consent"),
        reason=_(
            "To send each message only once, to keep to the promised frequency, and to "
            "show why it was sent."
        ),
        life=_("31 days after the campaign has ended. Then only counts remain."),
        purge=purge_deliveries,
        count=count_deliveries,
    ),
)
