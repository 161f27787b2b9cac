"""P3: the same campaign by one worker process, by two, and by four."""

import os
from collections.abc import Iterator

from django.utils import timezone

from bench.crowd import crowd
from bench.p01_dispatch import stub_as_gateway
from bench.registry import Bench, Figure, timed
from bench.sender import Sender, senders
from campaigns.models import Delivery
from tests.make import make_campaign

MEASURES = ("P3",)
MOST = 200_000


def measure(bench: Bench) -> Iterator[Figure]:
    size = min(bench.size, MOST)
    rates: dict[int, float] = {}
    for count in (1, 2, 4):
        with bench.database() as url, stub_as_gateway() as gateway_url:
            make_campaign("sending", purpose=crowd(size), now=timezone.now())
            with senders(count, url, gateway_url) as started:
                rates[count] = size / timed(run, started)
            assert Delivery.objects.filter(state="handed_over").count() == size
        times = rates[count] / rates[1]
        yield Figure(
            "P3",
            f"dispatch to {size:,}, {count} worker processes, {os.cpu_count()} cores",
            f"{times:.2f} × one; {rates[count]:,.0f}/s",
            times >= 1.6 if count == 2 else None,
            {"per_second": rates[count], "ratio": times},
        )


def run(started: list[Sender]) -> None:
    for each in started:
        each.begin()
    for each in started:
        each.wait()
