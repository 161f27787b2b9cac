"""P7: receipts over HTTP, each for another message, against a minimal view that inserts JSON."""

import json
from collections.abc import Iterator
from uuid import UUID

from django.utils import timezone

from bench.crowd import crowd
from bench.p01_dispatch import dispatch, stub_as_gateway
from bench.p05_stop import REQUESTS, inserts
from bench.registry import Bench, Figure
from bench.web import bare, load, post, product
from campaigns.models import Delivery
from tests import environment

MEASURES = ("P7",)


def measure(bench: Bench) -> Iterator[Figure]:
    with bench.database() as url:
        with stub_as_gateway() as gateway_url:
            dispatch(crowd(10_000), gateway_url)
        ids = list(Delivery.objects.values_list("pk", flat=True)[: REQUESTS + 200])
        with bare(url) as port:
            load(port, inserts(200), good=b"200")
            minimal = load(port, inserts(REQUESTS), good=b"200")
        with product(url) as port:
            load(port, reports(ids[:200]), good=b"200")
            ours = load(port, reports(ids[200:]), good=b"200")
        assert Delivery.objects.filter(state="delivered").count() == REQUESTS + 200
    ratio = ours.per_second / minimal.per_second
    yield Figure(
        "P7",
        "receipts",
        f"{ratio:.0%} of bare; {ours.per_second:,.0f}/s; p99 {ours.p99 * 1000:.0f} ms",
        ratio >= 0.6,
        {"per_second": ours.per_second, "ratio": ratio, "p99_s": ours.p99},
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
