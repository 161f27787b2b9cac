"""What the gateway says of a campaign while it runs: when the rest may follow, and when to stop.

Strex stops more than 100 identical messages within an hour, and does not say what makes two of them
identical (strex.md § 7). So a small part of a campaign goes first and tells.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from campaigns import audiences
from campaigns.models import Campaign, Delivery
from smsconsent.gateways import Receipt

log = logging.getLogger(__name__)

# More than the hundred that Strex lets through, so that these receipts prove that it does.
RECEIPTS_NEEDED = 101
CANARY_PATIENCE = timedelta(minutes=15)
STOPS, STOPS_WITHIN = 5, timedelta(minutes=10)
REJECTED_PERCENT, REJECTED_AT_LEAST = 2, 5


def queue_canary(campaign: Campaign, *, now: datetime) -> int:
    """Queue the audience, or its first STREX_CANARY_SIZE if it is larger. Return how many."""
    size: int = settings.STREX_CANARY_SIZE
    count = audiences.freeze(campaign, now=now, limit=size or None)
    if size and count == size:
        Campaign.objects.filter(pk=campaign.pk).update(is_canary=True)
    return count


def release_canaries(*, now: datetime) -> int:
    """Queue the rest of each campaign whose first part went well. Return how many campaigns.

    Well: 101 receipts, or a quarter of an hour since the last of them left, and none was stopped.
    """
    ids = list(Campaign.objects.sending().filter(is_canary=True).values_list("pk", flat=True)[:20])
    return sum(_release(pk, now=now) for pk in ids)


@transaction.atomic
def _release(campaign_id: int, *, now: datetime) -> bool:
    campaign = (
        Campaign.objects.sending()
        .select_for_update(no_key=True, of=("self",), skip_locked=True)
        .select_related("purpose__organisation", "purpose__sender")
        .filter(pk=campaign_id, is_canary=True)
        .first()
    )
    if campaign is None:
        return False
    if campaign.provider_stops:
        _pause(campaign, "provider_stopped")
        return False
    if not _went_well(campaign, now=now):
        return False
    campaign.is_canary = False
    campaign.save(update_fields=["is_canary"])
    audiences.freeze(campaign, now=now)
    return True


def _went_well(campaign: Campaign, *, now: datetime) -> bool:
    rows = campaign.deliveries
    answered = rows.filter(state__in=[Delivery.State.DELIVERED, Delivery.State.FAILED]).count()
    if answered >= RECEIPTS_NEEDED:
        return True
    if rows.filter(state__in=audiences.WAITING).exists():
        return False
    last = rows.aggregate(last=Max("handed_over_at"))["last"]
    return last is None or last <= now - CANARY_PATIENCE


def on_receipt(row: Delivery, receipt: Receipt, *, now: datetime) -> None:
    """Pause a campaign that the gateway stops or rejects. Called once per receipt that said news."""
    if not receipt.stopped and receipt.detail.lower() != "rejected":
        return
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=row.campaign_id)
    if receipt.stopped:
        lately = [at for at in campaign.provider_stops if at > (now - STOPS_WITHIN).isoformat()]
        campaign.provider_stops = [*lately, now.isoformat()][-STOPS:]
    else:
        campaign.rejected_count += 1
    campaign.save(update_fields=["provider_stops", "rejected_count"])
    if len(campaign.provider_stops) >= STOPS:
        _pause(campaign, "provider_stopped")
    elif campaign.rejected_count > _most_rejected(campaign):
        _pause(campaign, "many_rejected")


def _most_rejected(campaign: Campaign) -> float:
    frozen = audiences.Waterfall.from_json(campaign.audience) if campaign.audience else None
    return max(REJECTED_AT_LEAST, (frozen.rest if frozen else 0) * REJECTED_PERCENT / 100)


def _pause(campaign: Campaign, reason: str) -> None:
    """Hold what has not left, until a colleague says go on."""
    paused = Campaign.objects.sending().filter(pk=campaign.pk)
    if paused.update(state=Campaign.State.PAUSED, pause_reason=reason):
        log.error("campaign %s is paused: %s", campaign.pk, reason)
