"""Simulated time: it can run faster and jump, so that 48 hours of retries pass in a second."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

Action = Callable[[], None]
# After this many actions the server gets a turn, so that a large campaign does not silence it.
ACTIONS_PER_TURN = 50


class Clock:
    """Runs actions when their time has come. All waits of the simulator use it, but answers of others.

    What another process takes to answer is real time, and so are the timestamps of signatures.
    """

    def __init__(self) -> None:
        self.speed = 1.0
        self._queue: list[tuple[float, int, Action]] = []
        self._numbers = itertools.count()
        self._real_base, self._base = time.monotonic(), time.time()
        self._frozen_at: float | None = None
        self._timer: asyncio.Handle | None = None
        # Work that an action has started elsewhere; a jump waits for it before it goes on.
        self.under_way: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        """Return seconds since 1970."""
        if self._frozen_at is not None:
            return self._frozen_at
        return self._base + (time.monotonic() - self._real_base) * self.speed

    def after(self, seconds: float, action: Action) -> None:
        """Run an action `seconds` from now."""
        heapq.heappush(self._queue, (self.now() + seconds, next(self._numbers), action))
        self._arm()

    def start(self, work: Awaitable[None]) -> None:
        """Start work that takes real time."""
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    def set_speed(self, speed: float) -> None:
        """Let time run `speed` times as fast from now on."""
        self._base, self._real_base = self.now(), time.monotonic()
        self.speed = speed
        self._arm()

    async def advance(self, seconds: float) -> None:
        """Jump ahead. What falls due on the way happens, in order, each at its own time."""
        if self._frozen_at is not None:
            raise RuntimeError("the clock is already jumping")
        target = self.now() + seconds
        self._frozen_at = self.now()
        try:
            while self._queue and self._queue[0][0] <= target:
                end = min(target, self._queue[0][0] + 1)
                while self._queue and self._queue[0][0] <= end:
                    due, _number, action = heapq.heappop(self._queue)
                    self._frozen_at = max(self._frozen_at, due)
                    action()
                while self.under_way:
                    await asyncio.wait(self.under_way)
        finally:
            self._base, self._real_base = target, time.monotonic()
            self._frozen_at = None
            self._arm()

    def clear(self) -> None:
        """Forget every action."""
        self._queue.clear()

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._queue and self._frozen_at is None:
            wait = max(0.0, (self._queue[0][0] - self.now()) / self.speed)
            self._timer = asyncio.get_running_loop().call_later(wait, self._run_due)

    def _run_due(self) -> None:
        self._timer = None
        for _number in range(ACTIONS_PER_TURN):
            if self._frozen_at is not None or not self._queue or self._queue[0][0] > self.now():
                break
            heapq.heappop(self._queue)[2]()
        self._arm()


def iso(seconds: float) -> str:
    """Return a moment as Strex writes it: UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
