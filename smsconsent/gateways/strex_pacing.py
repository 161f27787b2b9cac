"""How fast we may talk to the gateway, and when we had better not talk at all. Per process."""

import threading
from collections.abc import Callable

from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable

FAILURES_UNTIL_OPEN = 5
OPEN_FOR = 30.0


class Breaker:
    """Stops calling a gateway that does not answer: after some failures in a row it is open.

    Closed: calls pass. Open: each call fails at once, and costs nobody a timeout. After the pause
    it is half open: one call passes as a probe; its success closes the breaker, its failure opens it.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._shut_until = 0.0
        self._is_probing = False
        self._misconfigured = ""

    def enter(self) -> None:
        """Ask before each call, and answer with `succeeded` or `failed` after it.

        Raises GatewayUnavailable while open, or GatewayMisconfigured if that was the trouble.
        """
        with self._lock:
            left = self._shut_until - self._monotonic()
            if left > 0 and self._misconfigured:
                raise GatewayMisconfigured(self._misconfigured)
            if left > 0:
                raise GatewayUnavailable("the gateway is being left alone", retry_after=left)
            if self._failures >= FAILURES_UNTIL_OPEN:
                if self._is_probing:
                    raise GatewayUnavailable("the gateway is being probed", retry_after=OPEN_FOR)
                self._is_probing = True

    def succeeded(self) -> None:
        """The gateway answered; what it answered does not matter."""
        with self._lock:
            self._failures = 0
            self._is_probing = False

    def failed(self) -> None:
        """The gateway did not answer, or said that it is broken."""
        with self._lock:
            self._failures += 1
            self._is_probing = False
            if self._failures >= FAILURES_UNTIL_OPEN:
                self._shut(OPEN_FOR, "")

    def pause(self, seconds: float, *, misconfigured: str = "") -> None:
        """Leave the gateway alone that long: it said so, or it will not take our key anyway."""
        with self._lock:
            self._shut(seconds, misconfigured)

    def _shut(self, seconds: float, misconfigured: str) -> None:
        self._shut_until = max(self._shut_until, self._monotonic() + seconds)
        self._misconfigured = misconfigured


class RateLimit:
    """Spaces messages evenly: `per_second` of them, 0 = without limit."""

    def __init__(self, per_second: float, monotonic: Callable[[], float]) -> None:
        self._per_second = per_second
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._free_at = 0.0

    def reserve(self, count: int, *, patience: float) -> float:
        """Return how many seconds to wait before sending `count` messages.

        Raises GatewayUnavailable, and reserves nothing, when that is more than `patience`.
        """
        if not self._per_second:
            return 0.0
        with self._lock:
            now = self._monotonic()
            wait = max(0.0, self._free_at - now)
            if wait > patience:
                raise GatewayUnavailable("our own rate limit is reached", retry_after=wait)
            self._free_at = now + wait + count / self._per_second
            return wait
