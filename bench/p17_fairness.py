"""P17: sign-ups and stops come in while a campaign goes out. How soon is their SMS at the gateway?

Everything runs as docs/operations.md says, on one machine. Timed from the answer to the browser, or to the
gateway that brought the STOP, until the confirmation or the receipt has come in on the gateway's own wire.
"""

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
PROMISE = 2.0


def measure(bench: Bench) -> Iterator[Figure]:
    for size in bench.sizes[1:] or bench.sizes:
        with bench.database() as url, start_stub() as gateway_url:
            purpose, asking = crowd(size, first=FIRST), make_purpose(minimum_age=None)
            with fleet(url, gateway_url) as port:
                public = Public(port, f"/{asking.organisation.slug}/{asking.slug}/", gateway_url)
                public.speak()
                public.listen()
                public.since.clear()
                campaign = make_campaign("scheduled", purpose=purpose, now=timezone.now())
                while not Campaign.objects.filter(pk=campaign.pk, state="sent").exists():
                    public.speak()
                waited = public.listen()
                sent = taken(gateway_url) - len(urgent(gateway_url))
            campaign.refresh_from_db()
        assert campaign.ended_at
        assert campaign.started_at
        took = (campaign.ended_at - campaign.started_at).total_seconds()
        for kind, times in waited.items():
            yield figure(kind, times, f"a campaign of {size:,}", sent / took)


def figure(kind: str, times: list[float], beside: str, rate: float) -> Figure:
    half, p99, most = times[len(times) // 2], times[int(len(times) * 0.99)], times[-1]
    return Figure(
        "P17",
        f"{kind} beside {beside}",
        f"p99 {p99:.1f} s of {len(times)}, half {half:.1f}, most {most:.1f}; {rate:,.0f}/s go out",
        p99 <= PROMISE,
        {"p99_s": p99, "half_s": half, "most_s": most, "per_second": rate},
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
