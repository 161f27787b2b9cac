"""Group commit: callers that arrive while others are served are served together, by one of them.

Where each caller would need a transaction of its own, waiting for the one under way and then sharing the
next costs nobody time, and the database a fraction of its work. Who comes alone is served at once. Callers
are threads of one process: each process has turns of its own, and the database keeps them apart as ever.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

# Those who were just served together come again one by one: so long, in seconds, a turn waits for as many.
GATHERING = 0.003
T = TypeVar("T")
R = TypeVar("R")


class NotServed(RuntimeError):
    """Whoever was to serve this caller failed before it could say how this one fared."""


@dataclass
class _Seat(Generic[T, R]):
    """One caller: what it brings and gets. The bell rings when it is served, or when it is to serve."""

    item: T
    outcome: R | Exception | None = None
    bell: threading.Event = field(default_factory=threading.Event)


class Together(Generic[T, R]):
    """Call it with an item, get the outcome of that item: it blocks until somebody has served it.

    `serve` takes what the threads of this process bring, as they came, at most `most` at a time, and returns
    one outcome per item in the same order: what its caller gets, never None, or the exception that its
    caller is to meet. It runs in the thread of one of them, which so does the work of the others, and begins
    and commits its own transaction: so call it outside any, or others would wait for yours, and be told of
    a commit that you may still take back. What `serve` raises meets the caller whose thread it ran in, and
    the others get NotServed.
    """

    def __init__(
        self, serve: Callable[[Sequence[T]], Sequence[R | Exception]], *, most: int
    ) -> None:
        self._serve, self._most = serve, most
        self._lock = threading.Lock()
        self._waiting: list[_Seat[T, R]] = []
        self._is_serving = False
        # As many as the last turn served, and whether they wait already.
        self._expected, self._are_there = 1, threading.Event()

    def __call__(self, item: T) -> R:
        seat: _Seat[T, R] = _Seat(item)
        with self._lock:
            self._waiting.append(seat)
            if len(self._waiting) >= self._expected:
                self._are_there.set()
            serves, self._is_serving = not self._is_serving, True
        if not serves:
            seat.bell.wait()
        if seat.outcome is None:
            self._serve_some()
        if isinstance(seat.outcome, Exception):
            raise seat.outcome
        assert seat.outcome is not None
        return seat.outcome

    def _serve_some(self) -> None:
        """Serve who has waited longest, oneself among them, and leave the rest to the next in line."""
        self._are_there.wait(GATHERING)
        with self._lock:
            seats, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            self._expected = len(seats)
            if len(self._waiting) < self._expected:
                self._are_there.clear()
        outcomes: Sequence[R | Exception] = [NotServed() for _seat in seats]
        try:
            outcomes = self._serve([seat.item for seat in seats])
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_serving = following is not None
            for seat, outcome in zip(seats, outcomes, strict=True):
                seat.outcome = outcome
                seat.bell.set()
            if following:
                following.bell.set()
