"""HTTP to a gateway: one pool, a deadline for the whole call, no retry, nothing personal logged."""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
from django.utils.translation import gettext_noop

from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable
from smsconsent.gateways.pacing import Breaker
from smsconsent.gateways.state import SharedState

log = logging.getLogger(__name__)

RETRY_AFTER = 30.0
LONGEST_RETRY_AFTER = 600.0
MISCONFIGURED_FOR = 60.0
NEXT_KEY_SHOWN_FOR = 7 * 24 * 3600.0
REFUSED_KEY = gettext_noop("the gateway refuses our API key")
# An idle connection that the other side has just closed looks like a lost answer, so we close first.
IDLE_FOR = 4.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
NOTHING_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class OutcomeUnknown(Exception):
    """The request may have arrived: a timeout, a deadline, a broken connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_trouble(self) -> bool:
        """Return whether a person should know of it."""
        return self.status in (401, 403, 413, 429) or self.status >= 500


class Deadline:
    """A moment on the monotonic clock, shared by all calls of one piece of work."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self._at - self._monotonic())


class HttpSettings(Protocol):
    """What the client must know. Times are seconds; an empty key is not sent."""

    @property
    def base_url(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def api_key_next(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def connect_timeout(self) -> float: ...
    @property
    def read_timeout(self) -> float: ...
    @property
    def write_timeout(self) -> float: ...
    @property
    def pool_timeout(self) -> float: ...
    @property
    def deadline(self) -> float: ...


class HttpClient:
    """Calls the API with our key, or with the next one when the first is refused."""

    def __init__(
        self,
        settings: HttpSettings,
        *,
        state: SharedState,
        signer: httpx2.Auth | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.state = state
        self.breaker = Breaker(self.state)
        # Signed requests carry no key: the empty one stands for "none".
        self._keys = [key for key in (settings.api_key, settings.api_key_next) if key] or [""]
        self._signer = signer
        self._deadline = settings.deadline
        self._http = httpx2.Client(
            base_url=settings.base_url,
            transport=transport,
            timeout=httpx2.Timeout(
                connect=settings.connect_timeout,
                read=settings.read_timeout,
                write=settings.write_timeout,
                pool=settings.pool_timeout,
            ),
            limits=httpx2.Limits(keepalive_expiry=IDLE_FOR),
            headers={"User-Agent": f"smsconsent/{settings.version}"},
            follow_redirects=False,
            # A proxy from the environment cannot reach the simulator on this machine.
            trust_env=urlsplit(settings.base_url).hostname not in LOOPBACK,
        )

    def close(self) -> None:
        """Close the connections that are kept open between calls."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        template: str = "",
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
        count: int = 1,
    ) -> Answer:
        """Return the answer, whatever its status but those for which there is an exception.

        `template` is the path as it is logged, `count` the messages in the body. Raises
        GatewayUnavailable (nothing sent, or 429, or 503), GatewayMisconfigured (401, 403) and
        OutcomeUnknown.
        """
        started_at = time.monotonic()
        deadline = deadline or Deadline(self._deadline)
        if not deadline.left():
            raise GatewayUnavailable("no time was left to ask")
        self.breaker.enter()
        request = {"method": method, "url": path, "content": content, "params": params}
        try:
            answer = self._call_with_keys(request, headers or {}, deadline)
        except BaseException as error:
            self.breaker.failed()
            outcome = "no answer" if isinstance(error, OutcomeUnknown) else "not sent"
            self._log(method, template or path, outcome, started_at, count)
            self.state.note_error(f"{method} {template or path}: {outcome}")
            raise
        self._log(method, template or path, str(answer.status), started_at, count)
        if answer.is_trouble:
            self.state.note_error(f"{method} {template or path}: {answer.status}")
        self._learn(answer)
        return answer

    def post_apart(
        self, path: str, *, content: bytes, headers: Callable[[str], Mapping[str, str]]
    ) -> Answer:
        """Post to what stands beside the messages: whatever it answers, these go on.

        It neither asks the breaker nor tells it, and a key that it refuses may be good elsewhere.
        `headers` are asked for with the key in use, and if that is refused with the other. Raises
        GatewayUnavailable, GatewayMisconfigured and OutcomeUnknown.
        """
        started_at, deadline = time.monotonic(), Deadline(self._deadline)
        answer, outcome = Answer(401), "no answer"
        request = {"method": "POST", "url": path, "content": content}
        try:
            for key in list(self._keys):
                answer = self._call_with(key, request, headers(key), deadline)
                if answer.status not in (401, 403):
                    break
            outcome = str(answer.status)
        finally:
            self._log("POST", path, outcome, started_at, 1)
            # A 404 is an answer there: what was asked about is not known.
            if outcome == "no answer" or (answer.status >= 400 and answer.status != 404):
                self.state.note_error(f"POST {path}: {outcome}")
        return answer

    def _call_with(
        self, key: str, request: Mapping[str, Any], headers: Mapping[str, str], deadline: Deadline
    ) -> Answer:
        own = {"X-ApiKey": key} if key else {}
        if request["content"] is not None:
            own["Content-Type"] = "application/json"
        return self._within(
            deadline,
            partial(self._http.request, headers=own | dict(headers), auth=self._signer, **request),
        )

    def _call_with_keys(
        self, request: Mapping[str, Any], headers: Mapping[str, str], deadline: Deadline
    ) -> Answer:
        answer = Answer(401)
        for key in list(self._keys):
            answer = self._call_with(key, request, headers, deadline)
            if answer.status not in (401, 403):
                if key != self._keys[0]:
                    log.warning("the first API key is refused; the next one works and is used")
                    self.state.set("next_key", True, seconds=NEXT_KEY_SHOWN_FOR)
                    self._keys = [key, *(other for other in self._keys if other != key)]
                break
        return answer

    def _within(self, deadline: Deadline, call: Callable[[], httpx2.Response]) -> Answer:
        """Run a call, but wait no longer than the deadline: also for a name server or a slow body.

        The thread is left to end by its own timeouts; what it brings then is not used.
        """
        box: SimpleQueue[httpx2.Response | BaseException] = SimpleQueue()

        def run() -> None:
            try:
                box.put(call())
            except BaseException as error:  # noqa: BLE001  it is raised in the waiting thread
                box.put(error)

        threading.Thread(target=run, name="gateway", daemon=True).start()
        try:
            result = box.get(timeout=deadline.left())
        except Empty:
            raise OutcomeUnknown("the deadline passed") from None
        return _answer_of(result)

    def _learn(self, answer: Answer) -> None:
        """Draw the conclusions that hold for every call. Raises for what no caller can use."""
        if answer.status >= 500 and answer.status != 503:
            self.breaker.failed()
            return
        self.breaker.succeeded()
        if answer.status in (401, 403):
            log.critical("%s: nothing is sent until it is mended", REFUSED_KEY)
            self.breaker.pause(MISCONFIGURED_FOR, misconfigured=REFUSED_KEY)
            raise GatewayMisconfigured(REFUSED_KEY)
        if answer.status in (429, 503):
            seconds = _retry_after(answer.headers)
            self.breaker.pause(seconds)
            raise GatewayUnavailable("the gateway asks us to wait", retry_after=seconds)

    def _log(self, method: str, template: str, outcome: str, started_at: float, count: int) -> None:
        # PRIVACY: no body, no number, no key; the path template, since a path may hold an id.
        spent = (time.monotonic() - started_at) * 1000
        line = "%s %s %s: %s in %.0f ms%s"
        messages = f", {count} messages" if method == "POST" else ""
        log.info(line, self.state.name, method, template, outcome, spent, messages)


def require_safe_url(url: str, *, name: str) -> None:
    """Raise GatewayMisconfigured unless a key may travel to this address."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise GatewayMisconfigured(f"{name} is not an address")
    # SECURITY: the key travels in a header. Without TLS it may only reach this machine.
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise GatewayMisconfigured(
            f"{name} must be https (http only for the simulator on this machine)"
        )


def _answer_of(result: httpx2.Response | BaseException) -> Answer:
    match result:
        case httpx2.Response():
            return Answer(result.status_code, result.content, result.headers)
        case _ if isinstance(result, NOTHING_SENT):
            raise GatewayUnavailable("the gateway cannot be reached") from result
        case httpx2.UnsupportedProtocol() | httpx2.LocalProtocolError() | httpx2.InvalidURL():
            raise GatewayMisconfigured("the gateway's address or our key is malformed") from result
        case httpx2.RequestError():
            raise OutcomeUnknown("the connection broke") from result
        case _:
            raise result


def _retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that `Retry-After` asks for, a number or a date; at most ten minutes."""
    text = headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, OverflowError):
            seconds = RETRY_AFTER
    return RETRY_AFTER if math.isnan(seconds) else min(max(seconds, 1.0), LONGEST_RETRY_AFTER)
