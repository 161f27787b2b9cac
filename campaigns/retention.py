"""What becomes of a campaign's rows: counts stay, people go (guide G15, G25)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from campaigns import tallies
from campaigns.models import Campaign, Delivery
from consents.retention import Counts, Policy

# As long as a promise may still be counted from them (30 days), and a day more.
DELIVERIES_FOR = timedelta(days=31)
BATCH = 5000


def _ended(now: datetime) -> list[Campaign]:
    ended = Campaign.objects.filter(ended_at__lte=now - DELIVERIES_FOR, anonymised_at=None)
    return list(ended.order_by("ended_at")[:20])


def count_deliveries(now: datetime) -> Counts:
    """Return how many rows are due to be anonymised."""
    count = Delivery.objects.filter(campaign__in=_ended(now)).count()
    return {Delivery._meta.label: count}


def purge_deliveries(now: datetime, limit: int) -> Counts:
    """Delete one batch of the rows of an ended campaign; with the last one, keep the counts.

    Decision record 10 says why they are deleted, and not dropped with a partition.
    """
    for campaign in _ended(now):
        with transaction.atomic():
            # Nothing hangs on a delivery, so a batch of them is two statements, and is over in milliseconds.
            ids = list(campaign.deliveries.values_list("pk", flat=True)[: max(limit, BATCH)])
            Delivery.objects.filter(pk__any=ids).delete()
            if len(ids) < max(limit, BATCH):
                campaign.outcome, campaign.anonymised_at = tallies.by_state(campaign), now
                campaign.save(update_fields=["outcome", "anonymised_at"])
        if ids:
            return {Delivery._meta.label: len(ids)}
    return {}


POLICY: tuple[Policy, ...] = (
    Policy(
        name="deliveries",
        title=_("Campaign messages"),
        covers=("campaigns.Delivery.subject", "campaigns.Delivery.consent"),
        reason=_(
            "To send each message once, to keep the promise of how often, and to show why it was sent."
        ),
        life=_("31 days after the campaign has ended. Then only counts remain."),
        purge=purge_deliveries,
        count=count_deliveries,
    ),
)
