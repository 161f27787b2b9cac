"""What became of a campaign, by state and reason, without looking at its messages."""

from collections import Counter

from django.db import transaction
from django.db.models import Count, Sum

from campaigns.models import Campaign, Tally

# So many rows of a campaign are left as they are: adding them up costs less than tidying.
ENOUGH = 200
AT_ONCE = 10_000


def by_state(campaign: Campaign) -> dict[str, int]:
    """Return how many messages stand in each state. Queued includes those that are being handed over."""
    rows = campaign.tallies.values_list("state").annotate(sum=Sum("count")).order_by("state")
    return {state: count for state, count in rows if count}


def by_reason(campaign: Campaign, *states: str) -> list[tuple[str, int]]:
    """Return why messages came to one of these states, the most frequent reason first."""
    rows = campaign.tallies.filter(state__in=states).values_list("reason")
    counted = rows.annotate(sum=Sum("count")).order_by("-sum", "reason")
    return [(reason, count) for reason, count in counted if count]


def compact() -> int:
    """Put one row in the place of many that say the same. Return how many went.

    Whoever reads meanwhile sees either; whoever writes adds rows that the next call finds.
    """
    crowded = Tally.objects.values_list("campaign").annotate(rows=Count("pk"))
    ids = [campaign for campaign, _rows in crowded.filter(rows__gt=ENOUGH).order_by("campaign")]
    return sum(_compact_one(campaign) for campaign in ids)


@transaction.atomic
def _compact_one(campaign_id: int) -> int:
    old = Tally.objects.select_for_update(skip_locked=True).filter(campaign=campaign_id)
    sums: Counter[tuple[str, str]] = Counter()
    ids = []
    for tally in old.order_by("pk")[:AT_ONCE]:
        sums[tally.state, tally.reason] += tally.count
        ids.append(tally.pk)
    Tally.objects.filter(pk__any=ids).delete()
    Tally.objects.bulk_create(
        Tally(campaign_id=campaign_id, state=state, reason=reason, count=count)
        for (state, reason), count in sums.items()
    )
    return len(ids)
