"""When a purpose is closed its consents end, and their data goes by policy (guide G15, G25).

Nobody is asked and nothing is sent from the moment it closes. The consents themselves end a day later, so
that a purpose closed by mistake can be opened again; what has ended stays ended.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from consents import transitions
from consents.models import Consent

SETTLED_AFTER = timedelta(days=1)
# In one transaction: short, since a withdrawal of one of them waits for it.
BATCH = 200


def end_consents(*, now: datetime, until: Callable[[], bool]) -> int:
    """End the consents to closed purposes, until none is left or `until` says so. Return how many."""
    over = Consent.objects.filter(
        state=Consent.State.GRANTED, purpose__closed_at__lte=now - SETTLED_AFTER
    )
    done = 0
    while not until() and (ids := list(over.values_list("pk", flat=True)[:BATCH])):
        done += transitions.end_with_purpose(ids, now=now)
    return done
