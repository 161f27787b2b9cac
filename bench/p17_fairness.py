"""P17: sign-ups and stops come in while a campaign goes out. How soon is their SMS at the gateway?

Everything runs as docs/operations.md says, on one machine. Timed from the answer to the browser, or to the
gateway that brought the STOP, until the confirmation or the receipt has come in on the gateway's own wire.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.utils import timezone

from bench.crowd import crowd, number
from bench.fleet import fleet
from bench.p05_stop import stops
from bench.p06_sign_up import forms, token_of
from bench.registry import Bench, Figure
from bench.stub import start_stub, taken, urgent
from bench.web import Load, steady
from campaigns.models import Campaign
from tests.installation import eventually
from tests.make import make_campaign, make_purpose

MEASURES = ("P17",)
CONFIRMATIONS, RECEIPTS = "confirmations", "receipts of a STOP"
# Of each kind, at a pace that leaves the machine to the campaign.
A_SECOND, A_ROUND = 10, 20
FIRST = 5_000_000
PROMISE, LOOKS_FOR, GIVES_UP_AFTER = 2.0, 60.0, 600.0


def measure(bench: Bench) -> Iterator[Figure]:
    with bench.database() as url:
        waited, rate = beside_a_campaign(bench.size, url)
    for kind, times in waited.items():
        yield figure(kind, times, f"a campaign of {bench.size:,}", rate)


def beside_a_campaign(size: int, database_url: str) -> tuple[dict[str, list[float]], float]:
    """Send a campaign to so many. Return how long each other message waited meanwhile, by kind, in seconds,
    the shortest first; and how many of the campaign's left a second. They speak while its audience is frozen
    as well. The end of a large one is not waited for: a minute of it is enough.
    """
    purpose, asking = crowd(size, first=FIRST), make_purpose(minimum_age=None)
    with start_stub() as gateway_url, fleet(database_url, gateway_url) as port:
        public = Public(port, f"/{asking.organisation.slug}/{asking.slug}/", gateway_url)
        # The first ones wait until every worker has started.
        public.speak()
        public.listen()
        public.since.clear()
        campaign = make_campaign("scheduled", purpose=purpose, now=timezone.now())
        # When it was looked at, and how many had left: from the last look at nothing on.
        looks = [(began := time.monotonic(), 0)]
        while campaign.state != Campaign.State.SENT and looks[-1][0] < looks[0][0] + LOOKS_FOR:
            public.speak()
            campaign.refresh_from_db()
            look = (time.monotonic(), taken(gateway_url) - len(urgent(gateway_url)))
            looks = [*looks, look] if look[1] else [look]
            assert look[0] < began + GIVES_UP_AFTER, "the campaign does not come to its end"
        return public.listen(), looks[-1][1] / (looks[-1][0] - looks[0][0])


def p99(times: list[float]) -> float:
    return times[int(len(times) * 0.99)]


def figure(kind: str, times: list[float], beside: str, rate: float) -> Figure:
    half, late, most = times[len(times) // 2], p99(times), times[-1]
    return Figure(
        "P17",
        f"{kind} beside {beside}",
        f"p99 {late:.1f} s of {len(times)}, half {half:.1f}, most {most:.1f}; {rate:,.0f}/s go out",
        late <= PROMISE,
        {"p99_s": late, "half_s": half, "most_s": most, "per_second": rate},
    )


class Public:
    """Those who sign up, and those who say STOP to the campaign: each a number of its own.

    `since`: by kind and number, when the site had answered, so that a message was owed.
    """

    def __init__(self, port: int, page: str, gateway_url: str) -> None:
        self._port, self._page, self._gateway_url = port, page, gateway_url
        self._cookie, self._token = token_of(port, page)
        self._next = 0
        self.since: dict[str, dict[str, float]] = {}

    def speak(self) -> None:
        """Have A_ROUND people do each."""
        first, self._next = self._next, self._next + A_ROUND
        sign_ups = forms(self._page, self._cookie, self._token, first, A_ROUND)
        with ThreadPoolExecutor(2) as pool:
            signed = pool.submit(self._send, sign_ups, b"302")
            stopped = pool.submit(self._send, stops(FIRST + first, A_ROUND), b"200")
        self._owe(CONFIRMATIONS, first, signed.result())
        self._owe(RECEIPTS, FIRST + first, stopped.result())

    def listen(self) -> dict[str, list[float]]:
        """Wait until all have got theirs. Return how long each waited, by kind, the shortest first."""
        owed = {phone for since in self.since.values() for phone in since}
        eventually(lambda: owed <= urgent(self._gateway_url).keys(), "everybody has got an SMS")
        arrived = urgent(self._gateway_url)
        return {
            # Some SMS are there before we have read the answer.
            kind: sorted(max(0.0, arrived[phone] - since) for phone, since in mine.items())
            for kind, mine in self.since.items()
        }

    def _send(self, requests: list[bytes], good: bytes) -> Load:
        return steady(self._port, requests, good=good, per_second=A_SECOND, clients=4)

    def _owe(self, kind: str, first: int, load: Load) -> None:
        mine = self.since.setdefault(kind, {})
        mine |= {number(first + place).e164: at for place, at in load.answered.items()}
