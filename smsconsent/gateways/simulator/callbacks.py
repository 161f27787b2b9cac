"""Callbacks: signed, posted, and tried again until the answer is 200 or the tries are used up."""

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from smsconsent.gateways.simulator import signatures
from smsconsent.gateways.simulator.client import CallbackClient
from smsconsent.gateways.simulator.clock import Clock, iso
from smsconsent.gateways.simulator.faults import Faults
from smsconsent.gateways.simulator.switches import Switches

MOST_AT_ONCE = 16
MOST_WAITING = 200_000
EXPIRED_KEY_NAME = "expired"


@dataclass(slots=True, eq=False)
class Callback:
    """One thing to tell: a receipt or a message from a person."""

    url: str
    body: bytes
    kind: str
    about: str
    done: Callable[[str], None] = field(default=lambda end: None)
    tries: int = 0
    last_answer: str = ""
    header: str = ""


class Callbacks:
    """All callbacks of the account."""

    def __init__(
        self,
        clock: Clock,
        switches: Switches,
        faults: Faults,
        key: ec.EllipticCurvePrivateKey,
        key_name: str,
    ) -> None:
        self._clock, self.switches, self._faults = clock, switches, faults
        self._key, self._key_name = key, key_name
        self._client = CallbackClient()
        self._ready: deque[Callback] = deque()
        self._in_flight = 0
        self.waiting: dict[Callback, None] = {}
        self.log: deque[dict[str, Any]] = deque(maxlen=300)
        self.counts: dict[str, int] = {}

    def post(
        self,
        url: str,
        fields: dict[str, Any],
        *,
        kind: str,
        about: str,
        done: Callable[[str], None] = lambda end: None,
    ) -> None:
        """Deliver these fields to that address; `done` is told `delivered` or `failed`."""
        body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        self._ready.append(Callback(url, body, kind, about, done))
        self._pump()

    def retry_now(self) -> int:
        """Try all that wait for their next try. Return how many."""
        waiting = list(self.waiting)
        self.waiting.clear()
        self._ready.extend(waiting)
        self._pump()
        return len(waiting)

    def clear(self) -> None:
        """Forget everything that is not in flight."""
        self._ready.clear()
        self.waiting.clear()
        self.log.clear()
        self.counts.clear()

    def close(self) -> None:
        self._client.close()

    @property
    def open_count(self) -> int:
        """Return how many are not delivered yet."""
        return len(self._ready) + self._in_flight + len(self.waiting)

    def _pump(self) -> None:
        while self._ready and self._in_flight < MOST_AT_ONCE:
            self._in_flight += 1
            self._clock.start(self._try(self._ready.popleft()))

    async def _try(self, callback: Callback) -> None:
        started_at = time.monotonic()
        callback.tries += 1
        ok = False
        try:
            status = await self._client.post(
                callback.url,
                callback.body,
                self._headers(callback),
                self.switches.callback_timeout,
            )
            # 200 exactly: 201, 202 and 204 count as failures.
            ok, callback.last_answer = status == 200, str(status)
        except TimeoutError:
            callback.last_answer = "no answer in time"
        except OSError:
            callback.last_answer = "no connection"
        finally:
            self._in_flight -= 1
        self._note(callback, ok, time.monotonic() - started_at)
        if ok:
            callback.done("delivered")
        else:
            self._wait_or_give_up(callback)
        self._pump()

    def _wait_or_give_up(self, callback: Callback) -> None:
        switches = self.switches
        if callback.kind == "inbound":
            plan = switches.inbound_first_wait, switches.inbound_wait_factor
            retries = switches.inbound_retries
        else:
            plan = switches.receipt_first_wait, switches.receipt_wait_factor
            retries = switches.receipt_retries
        if callback.tries > retries or len(self.waiting) >= MOST_WAITING:
            self._count(f"{callback.kind} given up")
            callback.done("failed")
            return
        self.waiting[callback] = None
        wait = plan[0] * plan[1] ** (callback.tries - 1)
        self._clock.after(wait, lambda: self._wake(callback))

    def _wake(self, callback: Callback) -> None:
        # Somebody may have asked for the retry meanwhile.
        if callback in self.waiting:
            del self.waiting[callback]
            self._ready.append(callback)
            self._pump()

    def _headers(self, callback: Callback) -> dict[str, str]:
        take = self._faults.take
        if take("header_missing"):
            return {}
        if callback.header and self.switches.retry_signature == "same":
            return {"X-ECDSA-Signature": callback.header}
        name, at = self._key_name, int(time.time())
        if take("header_old"):
            at -= 3600
        if take("header_unknown_key"):
            name = "nobody-knows-me"
        if take("header_expired_key"):
            name = EXPIRED_KEY_NAME
        header = signatures.sign(
            self._key, name, url=callback.url, body=callback.body, timestamp=at
        )
        if take("header_bad"):
            header = signatures.sign(
                self._key, name, url=callback.url, body=callback.body + b" ", timestamp=at
            )
        callback.header = header
        return {"X-ECDSA-Signature": header}

    def _note(self, callback: Callback, ok: bool, seconds: float) -> None:
        self._count(f"{callback.kind} {'delivered' if ok else 'refused'}")
        self.log.append(
            {
                "time": iso(self._clock.now()),
                "kind": callback.kind,
                "about": callback.about,
                "tries": callback.tries,
                "answer": callback.last_answer,
                "ms": round(seconds * 1000),
            }
        )

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
