"""How much waits in each lane, and for how long. Counted no further than a person needs to know."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, Q, QuerySet
from django.utils.translation import gettext

from smsconsent.outbox import Lease, OutboundMessage, Question

# Beyond it, "more than" says as much, and counting costs.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Depth:
    """One lane. `waiting` stops at MOST_COUNTED + 1; `oldest_for` is how long the first has been due."""

    name: str
    waiting: int
    leased: int
    unknown: int
    oldest_for: timedelta | None

    @property
    def is_more(self) -> bool:
        return self.waiting > MOST_COUNTED

    @property
    def oldest_seconds(self) -> int:
        return int((self.oldest_for or timedelta(0)).total_seconds())


def depth(model: type[OutboundMessage], *, now: datetime, **about: Any) -> Depth:
    """Return what waits in a lane, of all or only of those that `about` names."""
    rows: QuerySet[Any] = model.about(**about)
    state = model.State
    queued, doubted = rows.filter(due_at__isnull=False), rows.filter(in_doubt=True)
    held = Q(pk__in=Lease.covered(model))
    oldest = queued.filter(due_at__lte=now).aggregate(at=Min("due_at"))["at"]
    return Depth(
        name=str(model._meta.verbose_name_plural),
        waiting=_count(queued.exclude(held)),
        leased=_count(queued.filter(held)) + _count(doubted.filter(state=state.RECOVERING)),
        unknown=_count(doubted.filter(state=state.UNKNOWN)),
        oldest_for=now - oldest if oldest else None,
    )


def questions(*, now: datetime) -> Depth:
    """Return how many messages the gateway is to be asked about, of all organisations together."""
    asked: QuerySet[Any] = Question._default_manager.all()
    oldest = asked.aggregate(at=Min("since"))["at"]
    return Depth(
        name=gettext("delivery reports to ask for (all organisations)"),
        waiting=_count(asked),
        leased=0,
        unknown=0,
        oldest_for=now - oldest if oldest else None,
    )


def _count(rows: QuerySet[Any]) -> int:
    return len(rows.values_list("pk")[: MOST_COUNTED + 1])
