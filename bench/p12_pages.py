"""P12, P16: the portal's lists and its search, and erasing one number, from few consents to many."""

import time
from collections.abc import Iterator
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.crowd import add_evidence, crowd, deliver, number, send_many_to
from bench.p10_purge import fill as add_replies
from bench.registry import Bench, Figure, timed
from campaigns.models import Campaign
from consents import erasing
from consents.models import Purpose, Subject
from tests.make import make_campaign, make_user

MEASURES = ("P12", "P16")
TIMES, ERASURES = 15, 9
MOST_QUERIES, MANY = 15, 10_000


def measure(bench: Bench) -> Iterator[Figure]:
    smallest: dict[str, float] = {}
    # What lies between the smallest and the largest says nothing about growth.
    for size in sorted({bench.sizes[0], bench.size}):
        with bench.database():
            campaign = filled(size)
            for page, took, queries in pages(campaign, size):
                ratio = took / smallest.setdefault(page, took)
                yield Figure(
                    "P12",
                    f"{page}, {size:,} consents",
                    f"{ratio:.1f} × smallest; {took * 1000:.0f} ms; {queries} queries",
                    ratio <= 1.3 and queries <= MOST_QUERIES,
                    {"seconds": took, "ratio": ratio, "queries": queries},
                )
            took = median(erasures(campaign.purpose, size))
            ratio = took / smallest.setdefault("erasure", took)
            yield Figure(
                "P16",
                f"erase one number among {size:,}",
                f"{ratio:.1f} × smallest; {took * 1000:.0f} ms",
                ratio <= 1.3,
                {"seconds": took, "ratio": ratio},
            )
            yield erasure_of_many(campaign)


def filled(size: int) -> Campaign:
    """Return a campaign that reached `size` people, each with evidence; there are as many replies."""
    purpose = crowd(size)
    add_evidence()
    add_replies(size, every=10)
    campaign = make_campaign("approved", purpose=purpose, now=timezone.now())
    deliver(campaign)
    return campaign


def pages(campaign: Campaign, size: int) -> Iterator[tuple[str, float, int]]:
    """Yield each page with its median time in seconds and its number of queries."""
    organisation = campaign.purpose.organisation
    client = Client(HTTP_HOST="127.0.0.1")
    user = make_user("privacy_officer", organisation)
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    home = f"/staff/{organisation.slug}/"
    phone = number(size // 2)
    person = Subject.objects.with_phone(organisation, phone).get()
    draft = make_campaign(purpose=campaign.purpose, now=timezone.now())
    asked = {
        "campaigns": f"{home}campaigns/",
        "page of a draft": f"{home}campaigns/{draft.public_id}/",
        "page of a campaign": f"{home}campaigns/{campaign.public_id}/",
        "purposes": f"{home}purposes/",
        "page of a purpose": f"{home}purposes/{campaign.purpose.slug}/",
        "page of a number": f"{home}numbers/{person.public_id}/",
        "replies": f"{home}inbox/",
        "block list": f"{home}block-list/",
        "imports": f"{home}imports/",
        "retention": f"{home}retention/",
        "search for a number": f"{home}numbers/",
    }
    for name, path in asked.items():
        fields = {"phone": phone.e164} if name.startswith("search") else None
        took = [timed(load, client, path, fields) for _time in range(TIMES)]
        with CaptureQueriesContext(connection) as captured:
            load(client, path, fields)
        yield name, median(took), len(captured)


def load(client: Client, path: str, fields: dict[str, str] | None) -> None:
    answer = client.post(path, fields) if fields else client.get(path)
    assert answer.status_code in {200, 302}, (path, answer.status_code)


def erasures(purpose: Purpose, size: int) -> Iterator[float]:
    """Yield the seconds that erasing one number takes, for several spread over the table."""
    for turn in range(ERASURES):
        phone = number(1 + turn * (size // ERASURES))
        subject = Subject.objects.with_phone(purpose.organisation, phone).get()
        yield timed(erasing.erase, subject, asked_by="staff", now=timezone.now())


def erasure_of_many(campaign: Campaign) -> Figure:
    """Erase somebody who has been sent to by as many campaigns as there are messages."""
    subject = Subject.objects.order_by("-pk")[0]
    send_many_to(subject, campaign, MANY)
    began = time.perf_counter()
    erasure = erasing.erase(subject, asked_by="staff", now=timezone.now())
    took = time.perf_counter() - began
    assert erasure is not None
    assert erasure.counts["campaigns.Delivery"] >= MANY
    return Figure(
        "P16",
        f"erase a number with {MANY:,} deliveries",
        f"{took:.1f} s",
        took <= 60,
        {"seconds": took},
    )
