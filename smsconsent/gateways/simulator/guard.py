"""Strex' guard against loops: more than a hundred identical messages within an hour are stopped."""

from collections import deque
from typing import Any

MOST_IDENTICAL = 100
WITHIN = 3600.0
MOST_KEYS = 300_000


class Guard:
    """Counts identical messages. What counts as identical is the caller's key."""

    def __init__(self) -> None:
        self._times: dict[int, deque[float]] = {}

    def is_one_too_many(self, key: tuple[Any, ...], now: float) -> bool:
        """Count one more, and return whether it is above the hundred of the last hour."""
        times = self._times.get(hash(key))
        if times is None:
            if len(self._times) >= MOST_KEYS:
                self._forget(now)
            times = self._times[hash(key)] = deque(maxlen=MOST_IDENTICAL + 1)
        while times and times[0] <= now - WITHIN:
            times.popleft()
        times.append(now)
        return len(times) > MOST_IDENTICAL

    def _forget(self, now: float) -> None:
        kept = {key: times for key, times in self._times.items() if times[-1] > now - WITHIN}
        # Everything is of this hour: memory counts for more than a guard that nobody has met.
        self._times = kept if len(kept) < MOST_KEYS else {}
