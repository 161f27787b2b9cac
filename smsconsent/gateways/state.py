"""What all processes know together about a gateway: is it left alone, how fast are we, what went wrong.

It stands in the cache, which every process of an installation shares: asking costs next to nothing and
waits for no lock. If the cache is emptied, the gateway is simply asked again. Nothing personal is kept.
While the cache is away nothing is sent, and whatever only tells people something passes silently.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ContextDecorator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

DAY = 24 * 3600
ERRORS_KEPT = 10
ASKED_AT_ONCE = 1000
# When this process last told of what it had seen.
touched: dict[str, float] = {}


class Undisturbed(ContextDecorator):
    """Carry on when the cache is away: what is told to people here is worth no stop that is not taken in."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, RedisError):
            return False
        log.error("the cache does not answer (REDIS_URL): %s", type(error).__name__)
        return True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state at one moment, for people. `shut_until` and the times are UTC.

    `is_known` is false while the cache is away: then the rest says nothing.
    """

    shut_until: datetime | None
    is_half_open: bool
    failures: int
    misconfigured: str
    is_on_next_key: bool
    errors: list[dict[str, Any]]
    last: dict[str, datetime]
    counts: dict[str, int]
    is_known: bool = True

    @property
    def is_open(self) -> bool:
        return self.shut_until is not None and not self.is_half_open


@dataclass(frozen=True, slots=True)
class SharedState:
    """The shared state of one gateway. `clock` gives seconds since 1970."""

    name: str
    clock: Callable[[], float] = field(default=time.time)

    def get(self, what: str, default: Any = None) -> Any:
        return cache.get(self._key(what), default)

    def peek(self, what: str, default: Any = None) -> Any:
        """As `get`, for what is only told to people: the default while the cache is away."""
        with Undisturbed():
            return self.get(what, default)
        return default

    def get_all(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what is there of these, by name."""
        known: dict[str, Any] = {}
        for start in range(0, len(names), ASKED_AT_ONCE):
            keys = {self._key(name): name for name in names[start : start + ASKED_AT_ONCE]}
            known |= {keys[key]: value for key, value in cache.get_many(keys).items()}
        return known

    def set(self, what: str, value: Any, *, seconds: float = DAY) -> None:
        cache.set(self._key(what), value, seconds)

    def add(self, what: str, value: Any, *, seconds: float) -> bool:
        """Set it unless it is there. Of several that try at once, one is told True."""
        return bool(cache.add(self._key(what), value, seconds))

    def raise_by(self, what: str, amount: int = 1, *, seconds: float = DAY) -> int:
        """Add to a number, which begins at nought, and return what it is then."""
        cache.add(self._key(what), 0, seconds)
        try:
            return int(cache.incr(self._key(what), amount))
        except ValueError:  # it ran out between the two calls
            return amount

    def delete(self, *names: str) -> None:
        cache.delete_many([self._key(name) for name in names])

    def count(self, what: str, amount: int = 1) -> int:
        """Count something of today worth a look, such as a report about an unknown id. Return how many.

        While the cache is away: this amount.
        """
        with Undisturbed():
            return self.raise_by(f"count:{self._today()}:{what}", amount, seconds=2 * DAY)
        return amount

    def touch(self, what: str) -> None:
        """Remember that something came just now: an answer, a receipt, an inbound message.

        Told to the others once a second at most: people read it, and who brings the news waits.
        """
        key, now = self._key(f"last:{what}"), self.clock()
        if not 0 <= now - touched.get(key, 0) < 1:
            touched[key] = now
            with Undisturbed():
                self.set(f"last:{what}", now, seconds=30 * DAY)

    def note_error(self, what: str) -> None:
        """Keep the latest errors. PRIVACY: a path template and a status, never a number or a text."""
        entry = {"at": datetime.fromtimestamp(self.clock(), UTC), "what": what[:120]}
        with Undisturbed():
            kept = self.get("errors", [])
            self.set("errors", [entry, *kept][:ERRORS_KEPT], seconds=7 * DAY)

    def snapshot(self, *, counted: tuple[str, ...] = ()) -> Snapshot:
        """Return what all know together now, and how many of each that is `counted` there were today."""
        with Undisturbed():
            return self._look(counted)
        none = dict.fromkeys(counted, 0)
        return Snapshot(None, False, 0, "", False, [], {}, none, is_known=False)

    def _look(self, counted: tuple[str, ...]) -> Snapshot:
        shut: dict[str, Any] = self.get("shut") or {}
        until = shut.get("until")
        return Snapshot(
            shut_until=_moment(until),
            is_half_open=until is not None and until <= self.clock(),
            failures=int(self.get("failures", 0)),
            misconfigured=shut.get("misconfigured", ""),
            is_on_next_key=bool(self.get("next_key")),
            errors=self.get("errors", []),
            last={
                what: moment
                for what in ("answer", "receipt", "inbound", "campaign")
                if (moment := _moment(self.get(f"last:{what}")))
            },
            counts={what: int(self.get(f"count:{self._today()}:{what}", 0)) for what in counted},
        )

    def _today(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).date().isoformat()

    def _key(self, what: str) -> str:
        return f"gateway:{self.name}:{what}"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
