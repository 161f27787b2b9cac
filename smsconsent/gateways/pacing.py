"""How fast we may talk to a gateway, and when we had better not talk at all: for all processes together."""

import random
import time
from collections.abc import Callable

from redis.exceptions import RedisError

from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable, window
from smsconsent.gateways.state import SharedState, Undisturbed

FAILURES_UNTIL_OPEN = 5
OPEN_FOR, LONGEST_OPEN = 30.0, 600.0
# So that not all processes of all installations come back in the same second.
JITTER = 0.2
# Longer than any call: a probe that never came back must not keep the others out for ever.
PROBE_FOR = 15.0
CACHE_AWAY = "whether we may call stands in the cache, which does not answer (REDIS_URL)"
# Seconds that the outbox may be held up inside its transaction for the sake of the pace.
PATIENCE = 1.0
# Of each ten messages a second one is kept free for confirmations and receipts of a stop.
URGENT_SHARE = 10


class Breaker:
    """Stops calling a gateway that does not answer: after some failures in a row it is open.

    Closed: calls pass. Open: each call fails at once, and costs nobody a timeout. After the pause it
    is half open: one call of one process passes as a probe; its success closes the breaker, its
    failure opens it for twice as long, up to ten minutes.
    """

    def __init__(self, state: SharedState) -> None:
        self._state = state

    def enter(self) -> None:
        """Ask before each call, and answer with `succeeded` or `failed` after it.

        Raises GatewayUnavailable while open, or GatewayMisconfigured if that was the trouble. Without the
        cache nobody knows, and nobody calls.
        """
        try:
            self._enter()
        except RedisError as error:
            raise GatewayUnavailable(CACHE_AWAY) from error

    def _enter(self) -> None:
        shut = self._state.get("shut")
        if shut is None:
            return
        left = shut["until"] - self._state.clock()
        if left > 0 and shut["misconfigured"]:
            raise GatewayMisconfigured(shut["misconfigured"])
        if left > 0:
            raise GatewayUnavailable("the gateway is being left alone", retry_after=left)
        if not self._state.add("probe", 1, seconds=PROBE_FOR):
            raise GatewayUnavailable("the gateway is being probed", retry_after=PROBE_FOR)

    @Undisturbed()
    def succeeded(self) -> None:
        """The gateway answered; what it answered does not matter."""
        shut = self._state.get("shut")
        over = ["shut"] if shut is not None and shut["until"] <= self._state.clock() else []
        self._state.delete("failures", "probe", *over)
        self._state.touch("answer")

    @Undisturbed()
    def failed(self) -> None:
        """The gateway did not answer, or said that it is broken."""
        failures = self._state.raise_by("failures")
        self._state.delete("probe")
        if failures >= FAILURES_UNTIL_OPEN or self._state.get("shut") is not None:
            doublings = min(max(failures - FAILURES_UNTIL_OPEN, 0), 10)
            seconds = min(OPEN_FOR * 2**doublings, LONGEST_OPEN)
            self.pause(seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311  no secret

    @Undisturbed()
    def pause(self, seconds: float, *, misconfigured: str = "") -> None:
        """Leave the gateway alone that long: it said so, or it will not take our key anyway."""
        known = self._state.get("shut") or {"until": 0.0}
        until = max(known["until"], self._state.clock() + seconds)
        self._state.set("shut", {"until": until, "misconfigured": misconfigured})


class RateLimit:
    """Lets at most `per_second` messages through in any second, wherever it begins; 0 = without limit.

    Urgent ones may use all of it, the others leave a tenth free: a campaign never keeps a receipt for a
    stop waiting.
    """

    def __init__(
        self,
        per_second: int,
        name: str,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`name` is the gateway's. `clock`: seconds since 1970; None is the clock that all share."""
        self._per_second = per_second
        self._key = f"gateway:{name}:window"
        self._clock, self._sleep = clock, sleep

    @property
    def most_at_once(self) -> int:
        """How many ordinary messages may leave in one second. 0 = without limit."""
        return max(1, self._per_second - self._per_second // URGENT_SHARE) * bool(self._per_second)

    def largest(self, batch: int) -> int:
        """Return the batch, but at most a second's worth: so the next one waits no longer than that."""
        return min(batch, self.most_at_once or batch)

    def wait_for_room(
        self, count: int, *, patience: float = PATIENCE, urgent: bool = False
    ) -> None:
        """Return when `count` messages may leave, at most `patience` seconds from now.

        Raises GatewayUnavailable, and counts nothing, when there is no room by then, or no cache to count in.
        """
        if not self._per_second:
            return
        most = self._per_second if urgent else self.most_at_once
        while wait := self._enter(count, most):
            if wait > patience:
                raise GatewayUnavailable("our own rate limit is reached", retry_after=wait)
            patience -= wait
            self._sleep(wait)

    def _enter(self, count: int, most: int) -> float:
        try:
            return window.enter(self._key, count, most=most, now=self._clock and self._clock())
        except RedisError as error:
            raise GatewayUnavailable(CACHE_AWAY) from error
