"""P12: the portal's lists and its search, from the smallest size to the largest."""

import time
from collections.abc import Iterator
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.crowd import crowd, number
from bench.p01_dispatch import dispatch, stub_as_gateway
from bench.registry import Bench, Figure
from campaigns.models import Campaign
from tests.make import make_user

MEASURES = ("P12",)
TIMES = 15
MOST_QUERIES = 15


def measure(bench: Bench) -> Iterator[Figure]:
    smallest: dict[str, float] = {}
    for size in bench.sizes:
        with bench.database():
            seconds, queries = pages(size)
        for page, took in seconds.items():
            ratio = took / smallest.setdefault(page, took)
            yield Figure(
                "P12",
                f"{page}, {size:,} consents",
                f"{ratio:.1f} × smallest; {took * 1000:.0f} ms; {queries[page]} queries",
                ratio <= 1.3 and queries[page] <= MOST_QUERIES,
                {"seconds": took, "ratio": ratio, "queries": queries[page]},
            )


def pages(size: int) -> tuple[dict[str, float], dict[str, int]]:
    purpose = crowd(size)
    organisation = purpose.organisation
    with stub_as_gateway() as gateway_url:
        dispatch(purpose, gateway_url)
    campaign = Campaign.objects.get()
    client = Client(HTTP_HOST="127.0.0.1")
    user = make_user("privacy_officer", organisation)
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    home = f"/staff/{organisation.slug}/"
    asked = {
        "campaigns": ("GET", f"{home}campaigns/", {}),
        "purposes": ("GET", f"{home}purposes/", {}),
        "page of a campaign": ("GET", f"{home}campaigns/{campaign.public_id}/", {}),
        "search for a number": ("POST", f"{home}numbers/", {"phone": number(size // 2).e164}),
    }
    seconds, queries = {}, {}
    for name, (method, path, fields) in asked.items():
        took = []
        for _time in range(TIMES):
            began = time.perf_counter()
            answer = client.generic(method, path) if method == "GET" else client.post(path, fields)
            took.append(time.perf_counter() - began)
            assert answer.status_code in {200, 302}, (name, answer.status_code)
        with CaptureQueriesContext(connection) as captured:
            client.get(path) if method == "GET" else client.post(path, fields)
        seconds[name], queries[name] = median(took), len(captured)
    return seconds, queries
