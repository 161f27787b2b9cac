"""What a cancelled campaign leaves behind: messages that wait and will not be sent.

None of them can leave any more, since only a campaign that is sending is claimed from and the gate refuses
the others. So they are marked in batches, each a short transaction, and the page shows how far it has come.
"""

from collections.abc import Callable

from django.db import transaction
from django.db.models import Exists, OuterRef

from campaigns.models import Campaign, Delivery
from smsconsent import outbox

BATCH = 2_000


@transaction.atomic
def block_some(campaign: Campaign) -> int:
    """Mark one batch of what still waits as stopped, and return how many it was.

    A message that is being handed over in this moment is waited for.
    """
    waiting = campaign.deliveries.filter(due_at__isnull=False).order_by("due_at")
    batch = Delivery.objects.filter(pk__any=list(waiting.values_list("pk", flat=True)[:BATCH]))
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
