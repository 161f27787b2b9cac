"""Guessing the code to my page: 32 at once get five tries, and the right code opens once (invariant 19).

The same harness runs with a count that is read and then written, and must then let more through.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from consents import services
from consents.models import Organisation, Visit
from smsconsent.phones import Phone
from tests.make import make_consent, phone

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
GUESSERS = 32


@pytest.fixture
def organisation() -> Organisation:
    return make_consent("granted", at=timezone.now()).purpose.organisation


def ask(organisation: Organisation, number: Phone) -> tuple[str, str]:
    """Return the visitor's secret and the code, which here does not travel by SMS."""
    token = services.ask_for_code(organisation, number, network=None, now=timezone.now())
    code = Visit.objects.latest("pk").code
    assert code
    return token, code


def all_at_once(act: Callable[[], str]) -> Iterator[str]:
    """Let everybody act in the same moment, and yield what became of each."""
    barrier = Barrier(GUESSERS)

    def one() -> str:
        try:
            barrier.wait(20)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(GUESSERS) as pool:
        yield from [each.result() for each in [pool.submit(one) for _ in range(GUESSERS)]]


def enter(token: str, code: str) -> str:
    try:
        services.enter_code(token, code, now=timezone.now())
    except services.PageCodeWrong:
        return "wrong"
    except services.PageCodeOver:
        return "over"
    return "opened"


def test_of_many_guesses_at_once_five_are_looked_at(organisation: Organisation) -> None:
    token, code = ask(organisation, phone())
    wrong = str((int(code) + 1) % 1_000_000).zfill(6)

    outcomes = list(all_at_once(lambda: enter(token, wrong)))

    assert outcomes.count("wrong") == Visit.MOST_TRIES
    assert outcomes.count("over") == GUESSERS - Visit.MOST_TRIES
    assert enter(token, code) == "over"


def test_the_right_code_opens_for_one_of_many(organisation: Organisation) -> None:
    token, code = ask(organisation, phone())

    outcomes = list(all_at_once(lambda: enter(token, code)))

    assert outcomes.count("opened") == 1
    assert Visit.objects.get().opened_at is not None


def test_a_count_that_is_read_and_then_written_would_let_more_through(
    organisation: Organisation,
) -> None:
    ask(organisation, phone())

    def careless() -> str:
        visit = Visit.objects.get()
        if visit.tries >= Visit.MOST_TRIES:
            return "over"
        visit.tries += 1
        visit.save(update_fields=["tries"])
        return "wrong"

    assert list(all_at_once(careless)).count("wrong") > Visit.MOST_TRIES
