"""What a campaign that is over before it is sent leaves behind: messages that wait and will not be sent.

A colleague cancels it, or it is paused when its last moment passes; then nobody can go on with it any more,
and its people would otherwise be kept for good, and out of every later campaign (guide G15, G25).

None of them can leave any more, since only a campaign that is sending is claimed from and the gate refuses
the others. So they are marked in batches, each a short transaction, and the page shows how far it has come.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from campaigns.models import Campaign, Delivery
from smsconsent import outbox

BATCH = 2_000
TOO_LATE = "not_after"


def end_overdue(*, now: datetime) -> int:
    """Cancel the campaigns that are paused past their last moment. Return how many."""
    overdue = Campaign.objects.filter(state=Campaign.State.PAUSED, not_after__lte=now)
    return overdue.update(state=Campaign.State.CANCELLED, ended_at=now, pause_reason=TOO_LATE)


@transaction.atomic
def block_some(campaign: Campaign) -> int:
    """Mark one batch of what still waits as stopped or too late, and return how many it was.

    A message that is being handed over in this moment is waited for.
    """
    waiting = campaign.deliveries.filter(due_at__isnull=False).order_by("due_at")
    batch = Delivery.objects.filter(pk__any=list(waiting.values_list("pk", flat=True)[:BATCH]))
    if campaign.pause_reason == TOO_LATE:
        return outbox.end_queued(batch, state=Delivery.State.EXPIRED, reason=TOO_LATE)
    return outbox.block_queued(batch, reason="cancelled")


def block_rest(*, until: Callable[[], bool]) -> int:
    """Go on until nothing of a cancelled campaign waits or `until` says so. Return how many were marked."""
    waiting = Delivery.objects.filter(campaign=OuterRef("pk"), due_at__isnull=False)
    cancelled = Campaign.objects.filter(Exists(waiting), state=Campaign.State.CANCELLED)
    done = 0
    for campaign in cancelled.order_by("pk"):
        while not until() and (count := block_some(campaign)):
            done += count
    return done
