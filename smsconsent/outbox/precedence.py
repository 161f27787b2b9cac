"""Stops go first: while they come by the hundred, campaigns let them by (trust.md § 12, decision 37).

Both want the same processors and the same database, and a person who says STOP waits for neither. Who takes
stops in counts them, each process its own; the campaign lane asks before it claims a batch.
"""

import time
from dataclasses import dataclass

from smsconsent.gateways.state import SharedState

# So many stops a second in one process are a crowd.
MANY = 50
# Seconds that a crowd is remembered: it is told of once a second at most.
REMEMBERED = 2.0
# Seconds that a batch waits at most, so that no flood keeps a campaign from ever going on.
PATIENCE = 5.0
LOOKS_EVERY = 0.1
_STATE = SharedState("stops")
_CROWD = "crowd"


@dataclass
class _Count:
    """How many stops came to this process in this second. One thread at a time takes them in."""

    second: int = 0
    stops: int = 0


_count = _Count()


def stops_came(how_many: int) -> None:
    """Count stops that were taken in just now. From MANY a second on campaigns let them by."""
    second = int(time.monotonic())
    if second != _count.second:
        _count.second, _count.stops = second, 0
    _count.stops += how_many
    if _count.stops >= MANY:
        _STATE.touch(_CROWD)


def let_stops_by(*, patience: float = PATIENCE) -> None:
    """Return once no crowd of stops is coming in, at most after `patience` seconds.

    While the cache is away nobody knows of a crowd, and nobody waits.
    """
    until = time.monotonic() + patience
    while _is_crowded() and time.monotonic() < until:
        time.sleep(LOOKS_EVERY)


def _is_crowded() -> bool:
    last: float = _STATE.peek(f"last:{_CROWD}", 0.0)
    return 0 <= _STATE.clock() - last < REMEMBERED
