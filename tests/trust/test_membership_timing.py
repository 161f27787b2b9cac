"""Invariant 18: how long a public page takes tells nobody whether a number is known.

Classes take turns in a random order within each round, so that whatever slows the machine slows all. The
figure is the chance to tell a number of one class from an unknown one by its time: 0.5 is blind guessing.
Bodies, headers and statements are compared in tests/consents/test_membership.py.
"""

import random
import re
import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from consents import erasing
from consents.models import Consent, Purpose, Subject
from smsconsent.phones import Phone
from tests.make import DAY, make_crowd, make_purpose
from tests.trust import size

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = size.of(15, 20_000)
# In so few rounds chance alone goes far: four standard deviations. At release size what is promised.
MOST = size.of(95, 55) / 100
KNOWN = ("granted", "withdrawn", "erased")
Ask = Callable[[Phone], None]


@pytest.fixture
def purpose(settings: Settings) -> Purpose:
    for name in ("CONFIRMATIONS", "CODES"):
        for limit in ("PER_DAY", "PER_FORM_AND_HOUR", "PER_NETWORK_AND_HOUR"):
            setattr(settings, f"{name}_{limit}", 10**9)
    return make_purpose()


@pytest.fixture
def numbers(purpose: Purpose) -> dict[str, list[Phone]]:
    """A number of each class for each round. Nobody is asked about twice."""
    at = timezone.now() - DAY
    people = make_crowd(purpose, ROUNDS * len(KNOWN), at=at)
    phones = [consent.subject.phone for consent in people]
    found = {state: phones[at :: len(KNOWN)] for at, state in enumerate(KNOWN)}
    for phone in found["withdrawn"]:
        subject = Subject.objects.with_phone(purpose.organisation, phone).get()
        Consent.objects.filter(subject=subject).update(state="withdrawn", ended_at=at)
    for phone in found["erased"]:
        erasing.erase(
            Subject.objects.with_phone(purpose.organisation, phone).get(), asked_by="person", now=at
        )
    found["unknown"] = [Phone(f"+4791{number:06}") for number in range(ROUNDS)]
    return found


def timings(ask: Ask, numbers: dict[str, list[Phone]]) -> dict[str, list[float]]:
    """Return the seconds each number took, class by class, after a few that warm everything up."""
    for number in range(5):
        ask(Phone(f"+4792{number:06}"))
    took: dict[str, list[float]] = {state: [] for state in numbers}
    for turn in range(ROUNDS):
        for state in random.sample(list(numbers), len(numbers)):
            started = time.perf_counter()
            ask(numbers[state][turn])
            took[state].append(time.perf_counter() - started)
    return took


def chance_to_tell(some: list[float], others: list[float]) -> float:
    """Return the area under the curve: how often a guess by time alone is right (0.5 to 1)."""
    ranked = sorted([(each, True) for each in some] + [(each, False) for each in others])
    ranks = sum(rank for rank, (_time, is_one) in enumerate(ranked, 1) if is_one)
    area = (ranks - len(some) * (len(some) + 1) / 2) / (len(some) * len(others))
    return max(area, 1 - area)


def sign_up(purpose: Purpose) -> Ask:
    client, address = Client(), f"/{purpose.organisation.slug}/{purpose.slug}/"
    page = client.get(address).content.decode()
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)) | {"agree": "on"}

    def ask(phone: Phone) -> None:
        answer = client.post(address, fields | {"phone": phone.e164})
        assert answer.status_code == 302

    return ask


def ask_for_code(purpose: Purpose) -> Ask:
    address = f"/{purpose.organisation.slug}/me/"

    def ask(phone: Phone) -> None:
        assert Client().post(address, {"phone": phone.e164}).status_code == 302

    return ask


PAGES = {"sign-up": sign_up, "my page": ask_for_code}


@pytest.mark.parametrize("place", PAGES)
def test_the_time_a_page_takes_tells_nobody_who_is_known(
    purpose: Purpose,
    numbers: dict[str, list[Phone]],
    place: str,
    record_property: Callable[[str, object], None],
) -> None:
    took = timings(PAGES[place](purpose), numbers)

    chances = {state: chance_to_tell(took[state], took["unknown"]) for state in KNOWN}
    record_property("timings a class", ROUNDS)
    for state, chance in chances.items():
        record_property(f"AUC of {state}", f"{chance:.3f}")
    assert max(chances.values()) <= MOST, chances


def test_the_measurement_finds_a_page_that_does_more_for_those_it_knows(
    purpose: Purpose, numbers: dict[str, list[Phone]]
) -> None:
    ask, client = ask_for_code(purpose), Client()

    def careless(phone: Phone) -> None:
        ask(phone)
        if Subject.objects.with_phone(purpose.organisation, phone).exists():
            for _more in range(10):
                client.get(f"/{purpose.organisation.slug}/me/")

    took = timings(careless, {name: numbers[name][:ROUNDS] for name in ("granted", "unknown")})

    assert chance_to_tell(took["granted"], took["unknown"]) > MOST


def test_a_chance_of_a_half_is_what_two_equal_crowds_give() -> None:
    same = [float(number) for number in range(1000)]

    assert chance_to_tell(same[::2], same[1::2]) == pytest.approx(0.5, abs=0.01)
    assert chance_to_tell([1.0, 2.0], [3.0, 4.0]) == 1.0
