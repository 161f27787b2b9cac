"""Invariant 18: how long a public page takes tells nobody whether a number is known.

Classes take turns in a random order within each round, so that whatever slows the machine slows all. A long
run goes in slices, each with people of its own, and compares within a slice only: what changes in the
course of a run blurs nothing. The figure is the chance to tell two classes apart by the time of one answer:
0.5 is blind guessing. Bodies, headers and statements are compared in tests/consents/test_membership.py.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from itertools import combinations
from statistics import fmean

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from consents import erasing
from consents.models import Consent, Purpose, Subject
from smsconsent.phones import Phone
from tests.make import DAY, make_crowd, make_purpose
from tests.trust import size

pytestmark = pytest.mark.django_db(transaction=True)

TIMINGS = size.of(15, 20_000)
A_SLICE = 500
WARM_UP = 20
# In so few rounds chance alone goes far: four standard deviations. At release size what is promised.
MOST = size.of(95, 55) / 100
# What must be found: as much more work for numbers that are known, in statements to the database.
PLANTED, PLANTED_TIMINGS = size.of(200, 1), size.of(15, 2_000)
KNOWN = ("granted", "withdrawn", "erased")
Ask = Callable[[Phone], None]


@pytest.fixture
def purpose(settings: Settings) -> Purpose:
    settings.EVEN_ANSWER = size.of(25, 12) / 1000
    for name in ("CONFIRMATIONS", "CODES"):
        for limit in ("PER_DAY", "PER_FORM_AND_HOUR", "PER_NETWORK_AND_HOUR"):
            setattr(settings, f"{name}_{limit}", 10**9)
    return make_purpose()


def slices(purpose: Purpose, timings: int) -> Iterator[dict[str, list[Phone]]]:
    """Yield as many numbers of each class as there are timings, slice by slice. Nobody is asked twice."""
    for first in range(0, timings, A_SLICE):
        yield numbers(purpose, first=first, size=min(A_SLICE, timings - first))


def numbers(purpose: Purpose, *, first: int, size: int) -> dict[str, list[Phone]]:
    """Make some of each class: people who came a day ago, as they lie in the tables by now."""
    at = timezone.now() - DAY
    people = make_crowd(purpose, size * len(KNOWN), first=first * len(KNOWN), at=at)
    phones = [consent.subject.phone for consent in people]
    found = {state: phones[place :: len(KNOWN)] for place, state in enumerate(KNOWN)}
    known = Subject.objects.filter(organisation=purpose.organisation)
    subjects = {each.phone: each for each in known.filter(consents__in=people)}
    for phone in found["withdrawn"]:
        Consent.objects.filter(subject=subjects[phone]).update(state="withdrawn", ended_at=at)
    with transaction.atomic():
        for phone in found["erased"]:
            erasing.erase(subjects[phone], asked_by="person", now=at)
    found["unknown"] = [Phone(f"+4791{number:06}") for number in range(first, first + size)]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
    return found


def timed(ask: Ask, found: dict[str, list[Phone]]) -> dict[str, list[float]]:
    """Return the seconds each number took, class by class, after a few that warm everything up."""
    for _time in range(WARM_UP):
        ask(Phone(f"+4792{random.randrange(10**6):06}"))
    took: dict[str, list[float]] = {state: [] for state in found}
    for turn in zip(*found.values(), strict=True):
        for state, phone in random.sample(list(zip(found, turn, strict=True)), len(found)):
            started = time.perf_counter()
            ask(phone)
            took[state].append(time.perf_counter() - started)
    return took


def chances(ask: Ask, parts: Iterator[dict[str, list[Phone]]]) -> dict[str, float]:
    """Return for each two classes the chance to tell them apart by time, over all slices."""
    each: dict[str, list[float]] = {}
    for found in parts:
        took = timed(ask, found)
        for one, other in combinations(took, 2):
            each.setdefault(f"{one}/{other}", []).append(chance_to_tell(took[one], took[other]))
    # A guesser knows which of the two is slower: so it counts only when it is the same one everywhere.
    return {pair: max(fmean(found), 1 - fmean(found)) for pair, found in each.items()}


def chance_to_tell(some: list[float], others: list[float]) -> float:
    """Return the area under the curve: how often the slower of two is one of `some`. 0 to 1."""
    ranked = sorted([(each, True) for each in some] + [(each, False) for each in others])
    ranks = sum(rank for rank, (_time, is_one) in enumerate(ranked, 1) if is_one)
    return (ranks - len(some) * (len(some) + 1) / 2) / (len(some) * len(others))


def sign_up(purpose: Purpose) -> Ask:
    client, address = Client(), f"/{purpose.organisation.slug}/{purpose.slug}/"
    page = client.get(address).content.decode()
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)) | {"agree": "on"}

    def ask(phone: Phone) -> None:
        answer = client.post(address, fields | {"phone": phone.e164})
        assert answer.status_code == 302

    return ask


def ask_for_code(purpose: Purpose) -> Ask:
    client, address = Client(), f"/{purpose.organisation.slug}/me/"

    def ask(phone: Phone) -> None:
        client.cookies.clear()
        assert client.post(address, {"phone": phone.e164}).status_code == 302

    return ask


PAGES = {"sign-up": sign_up, "my page": ask_for_code}


@pytest.mark.parametrize("place", PAGES)
def test_the_time_a_page_takes_tells_nobody_who_is_known(
    purpose: Purpose, place: str, record_property: Callable[[str, object], None]
) -> None:
    found = chances(PAGES[place](purpose), slices(purpose, TIMINGS))

    record_property("timings a class", f"{TIMINGS:,}")
    told = ", ".join(f"{pair} {chance:.3f}" for pair, chance in found.items())
    record_property(f"AUC of {place}", told)
    assert len(found) == 6
    assert max(found.values()) <= MOST, found


@pytest.mark.parametrize("place", PAGES)
def test_the_measurement_finds_a_page_that_does_more_for_those_it_knows(
    purpose: Purpose, place: str, record_property: Callable[[str, object], None]
) -> None:
    ask = PAGES[place](purpose)

    def careless(phone: Phone) -> None:
        ask(phone)
        mine = Subject.objects.with_phone(purpose.organisation, phone)
        if mine.filter(created_at__lt=timezone.now() - DAY / 2).exists():
            for _more in range(PLANTED):
                mine.first()

    found = chances(careless, slices(purpose, PLANTED_TIMINGS))

    record_property(f"AUC of {place} with more work planted", f"{found['granted/unknown']:.3f}")
    assert found["granted/unknown"] > MOST


def test_a_chance_of_a_half_is_what_two_equal_crowds_give() -> None:
    same = [float(number) for number in range(1000)]

    assert chance_to_tell(same[::2], same[1::2]) == pytest.approx(0.5, abs=0.01)
    assert chance_to_tell([3.0, 4.0], [1.0, 2.0]) == 1.0
    assert chance_to_tell([1.0, 2.0], [3.0, 4.0]) == 0.0
