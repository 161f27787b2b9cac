"""How a campaign begins, once its time has come, and when it is over."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from campaigns import audiences, rollout, sending
from campaigns.models import Campaign, Delivery
from consents import calendar
from consents.models import Purpose

SENDS_FOR = timedelta(hours=24)
# So many more people than were approved are no longer the audience that somebody looked at (law.md L59).
GROWN_BY, GROWN_PERCENT = 20, 10


def start_due(*, now: datetime) -> int:
    """Start the scheduled campaigns whose time has come. Return how many began."""
    ids = list(Campaign.objects.due(now).order_by("send_at").values_list("pk", flat=True)[:20])
    return sum(_start_one(pk, now=now) for pk in ids)


@transaction.atomic
def _start_one(campaign_id: int, *, now: datetime) -> bool:
    """Freeze the audience and begin, once, whoever else tries."""
    campaign = (
        Campaign.objects.due(now)
        .select_for_update(no_key=True, of=("self",), skip_locked=True)
        .filter(pk=campaign_id)
        .first()
    )
    if campaign is None:
        return False
    if not sending.is_approved(campaign):
        campaign.state = Campaign.State.PAUSED
        campaign.pause_reason = "not_approved"
        campaign.save(update_fields=["state", "pause_reason"])
        return False
    if _has_grown(campaign, now=now):
        # A draft again: its author sends it for approval with the number of today.
        campaign.state, campaign.pause_reason = Campaign.State.DRAFT, "audience_grown"
        campaign.submitted_by = campaign.submitted_at = None
        campaign.save(update_fields=["state", "pause_reason", "submitted_by", "submitted_at"])
        return False
    campaign.not_after = campaign.not_after or default_end(campaign.purpose, now)
    campaign.state, campaign.started_at = Campaign.State.SENDING, now
    campaign.save(update_fields=["state", "started_at", "not_after"])
    rollout.queue_canary(campaign, now=now)
    return True


def _has_grown(campaign: Campaign, *, now: datetime) -> bool:
    """Whether it would go to many more than its approval was about."""
    approved = campaign.approvals.latest("pk").recipient_count
    most = approved + max(GROWN_BY, approved * GROWN_PERCENT // 100)
    return audiences.waterfall(campaign.purpose, now=now).rest > most


def default_end(purpose: Purpose, starts_at: datetime) -> datetime:
    """Return when it is too late: the end of the first open day. A stalled campaign wakes nobody (F075)."""
    if not settings.QUIET_HOURS:
        return starts_at + SENDS_FOR
    day = timezone.localtime(calendar.next_opening(purpose, starts_at)).date()
    end = datetime.combine(day, purpose.closes_at)
    return timezone.make_aware(end, timezone.get_default_timezone())


def finish(*, now: datetime) -> int:
    """Mark as sent the campaigns with nothing left to send or to find out. Return how many."""
    rows = Delivery.objects.filter(campaign=OuterRef("pk"))
    queued, doubted = rows.filter(due_at__isnull=False), rows.filter(in_doubt=True)
    going = Campaign.objects.sending().filter(is_canary=False)
    done = going.exclude(Exists(queued)).exclude(Exists(doubted.exclude(lease_until=None)))
    return done.update(state=Campaign.State.SENT, ended_at=now)
