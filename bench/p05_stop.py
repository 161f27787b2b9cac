"""P5: inbound STOP over HTTP, applied when it is answered; alone, and beside a campaign."""

import json
from collections.abc import Iterator

from bench.crowd import crowd, number
from bench.registry import Bench, Figure
from bench.sender import sending
from bench.web import Load, bare, load, post, product, steady
from tests import environment
from tests.make import SHORT_NUMBER

MEASURES = ("P5",)
REQUESTS, SUSTAINED = 2000, 5000
A_SECOND = 500  # trust.md § 12, bar 7


def measure(bench: Bench) -> Iterator[Figure]:
    size = min(bench.size, 100_000)
    with bench.database() as url:
        purpose = crowd(size)
        with bare(url) as port:
            load(port, inserts(200), good=b"200")
            minimal = load(port, inserts(REQUESTS), good=b"200")
        with product(url) as port:
            load(port, stops(0, 200), good=b"200")
            alone = load(port, stops(200, REQUESTS), good=b"200")
            with sending(url, size):
                busy = load(port, stops(200 + REQUESTS, REQUESTS), good=b"200")
            with sending(url, size, first=8_000_000):
                due = stops(200 + 2 * REQUESTS, SUSTAINED)
                paced = steady(port, due, good=b"200", per_second=A_SECOND)
        # Answered means withdrawn, and withdrawn means that the gate lets nothing out any more.
        stopped = 200 + 2 * REQUESTS + SUSTAINED
        assert purpose.consents.filter(state="withdrawn").count() == stopped
    yield figure(
        "inbound STOP, applied when answered", alone, minimal, alone.p99 <= 3 * minimal.p99
    )
    yield Figure(
        "P5",
        f"STOP at {A_SECOND}/s beside a campaign of {size:,}",
        f"no longer sendable after p99 {paced.p99 * 1000:.0f} ms; {paced.per_second:,.0f}/s",
        # Timed from the moment when each was due, so that whatever does not keep up shows here.
        paced.p99 <= 2,
        {"p99_s": paced.p99, "per_second": paced.per_second},
    )
    slower = busy.p99 / alone.p99
    yield Figure(
        "P5",
        f"inbound STOP beside a campaign of {size:,}",
        f"p99 {busy.p99 * 1000:.0f} ms, {slower:.1f} × alone; {busy.per_second:,.0f}/s",
        slower <= 1.3,
        {"p99_s": busy.p99, "ratio": slower, "per_second": busy.per_second},
    )


def figure(what: str, ours: Load, minimal: Load, is_quick: bool) -> Figure:
    ratio = ours.per_second / minimal.per_second
    return Figure(
        "P5",
        what,
        f"{ratio:.0%} of bare; {ours.per_second:,.0f}/s; p99 {ours.p99 / minimal.p99:.1f} × ",
        ratio >= 0.5 and is_quick,
        {
            "per_second": ours.per_second,
            "ratio": ratio,
            "p99_s": ours.p99,
            "bare_p99_s": minimal.p99,
        },
    )


def inserts(count: int) -> list[bytes]:
    return [post("/insert/", message(position)) for position in range(count)]


def stops(first: int, count: int) -> list[bytes]:
    path = f"/hooks/strex/{environment.CALLBACK_SECRET}/inbound/"
    return [post(path, message(position)) for position in range(first, first + count)]


def message(position: int) -> bytes:
    fields = {
        "transactionId": f"in-{position}",
        "sender": number(position).e164,
        "recipient": SHORT_NUMBER,
        "content": "STOPP",
    }
    return json.dumps(fields).encode()
