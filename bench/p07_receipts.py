"""P7: receipts over HTTP, each for another message, against a minimal view that inserts JSON."""

import json
from collections.abc import Iterator
from uuid import UUID

from django.utils import timezone

from bench.crowd import crowd
from bench.p01_dispatch import dispatch, stub_as_gateway
from bench.p05_stop import REQUESTS, inserts
from bench.registry import Bench, Figure
from bench.sender import sending
from bench.web import bare, load, post, product, steady
from campaigns.models import Delivery
from tests import environment

MEASURES = ("P7",)
A_SECOND, SUSTAINED = 1000, 5000


def measure(bench: Bench) -> Iterator[Figure]:
    size = min(bench.size, 100_000)
    with bench.database() as url:
        with stub_as_gateway() as gateway_url:
            dispatch(crowd(10_000), gateway_url)
        ids = list(Delivery.objects.values_list("pk", flat=True)[: 200 + REQUESTS + SUSTAINED])
        with bare(url) as port:
            load(port, inserts(200), good=b"200")
            minimal = load(port, inserts(REQUESTS), good=b"200")
        with product(url) as port:
            load(port, reports(ids[:200]), good=b"200")
            ours = load(port, reports(ids[200 : 200 + REQUESTS]), good=b"200")
            with sending(url, size):
                due = reports(ids[200 + REQUESTS :])
                paced = steady(port, due, good=b"200", per_second=A_SECOND)
        assert Delivery.objects.filter(state="delivered").count() == len(ids)
    ratio = ours.per_second / minimal.per_second
    yield Figure(
        "P7",
        "receipts",
        f"{ratio:.0%} of bare; {ours.per_second:,.0f}/s; p99 {ours.p99 * 1000:.0f} ms",
        ratio >= 0.6,
        {"per_second": ours.per_second, "ratio": ratio, "p99_s": ours.p99},
    )
    yield Figure(
        "P7",
        f"receipts at {A_SECOND:,}/s beside a campaign of {size:,}",
        f"{paced.per_second:,.0f}/s; p99 {paced.p99 * 1000:.0f} ms",
        paced.per_second >= 0.95 * A_SECOND,
        {"per_second": paced.per_second, "p99_s": paced.p99},
    )


def reports(ids: list[UUID]) -> list[bytes]:
    path = f"/hooks/strex/{environment.CALLBACK_SECRET}/receipts/"
    fields = {
        "statusCode": "Ok",
        "detailedStatusCode": "Delivered",
        "delivered": True,
        "smscMessageParts": 1,
        "received": timezone.now().isoformat(),
    }
    return [post(path, json.dumps({"transactionId": str(pk)} | fields).encode()) for pk in ids]
