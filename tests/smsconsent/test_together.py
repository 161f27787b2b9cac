"""Callers that come at the same time are served together, and each gets what is its own."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from smsconsent.together import NotServed, Together

SOON = 10


class Counter:
    """Doubles numbers. It holds whoever comes first until it is let go, so that others gather meanwhile."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.is_first_here, self.go_on = threading.Event(), threading.Event()

    def double(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        self.is_first_here.set()
        assert self.go_on.wait(SOON)
        if 13 in numbers:
            raise RuntimeError("unlucky")
        return [ValueError(number) if number < 0 else number * 2 for number in numbers]


def ask_all(counter: Counter, numbers: Sequence[int], *, most: int = 50) -> list[int | Exception]:
    """Have the first number served, and all the others come while it is. Return what each got."""
    together = Together(counter.double, most=most)

    def ask(number: int) -> int | Exception:
        try:
            return together(number)
        except (ValueError, RuntimeError) as error:
            return error

    with ThreadPoolExecutor(len(numbers)) as pool:
        first = pool.submit(ask, numbers[0])
        assert counter.is_first_here.wait(SOON)
        others = [pool.submit(ask, number) for number in numbers[1:]]
        while len(together._waiting) < len(others):
            threading.Event().wait(0.001)
        counter.go_on.set()
        return [each.result(SOON) for each in (first, *others)]


def test_who_comes_alone_is_served_at_once() -> None:
    counter = Counter()
    counter.go_on.set()

    assert Together(counter.double, most=50)(4) == 8

    assert counter.batches == [[4]]


def test_those_who_come_meanwhile_share_the_next_turn_and_get_their_own() -> None:
    counter = Counter()

    assert ask_all(counter, [1, 2, 3, 4]) == [2, 4, 6, 8]

    assert [len(batch) for batch in counter.batches] == [1, 3]


def test_no_turn_takes_more_than_the_most() -> None:
    counter = Counter()

    assert ask_all(counter, [1, 2, 3, 4, 5, 6], most=2) == [2, 4, 6, 8, 10, 12]

    assert [len(batch) for batch in counter.batches] == [1, 2, 2, 1]


def test_an_exception_meets_the_one_whose_it_is() -> None:
    got = ask_all(Counter(), [1, 2, -3, 4])

    assert isinstance(got[2], ValueError)
    assert [got[0], got[1], got[3]] == [2, 4, 8]


def test_when_serving_fails_nobody_waits_for_ever_and_the_next_are_served() -> None:
    got = ask_all(Counter(), [1, 13, 3, 5], most=2)

    assert got[0] == 2
    assert sorted(type(each).__name__ for each in got[1:3]) == [NotServed.__name__, "RuntimeError"]
    assert got[3] == 10


def test_it_goes_on_after_a_failure() -> None:
    counter = Counter()
    counter.go_on.set()
    together = Together(counter.double, most=50)

    with pytest.raises(RuntimeError):
        together(13)

    assert together(4) == 8


def test_a_turn_begins_as_soon_as_as_many_as_last_time_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("smsconsent.together.GATHERING", 10 * SOON)
    counter = Counter()
    counter.go_on.set()
    together = Together(counter.double, most=50)
    together._expected = 3

    with ThreadPoolExecutor(3) as pool:
        callers = [pool.submit(together, number) for number in (1, 2, 3)]
        got = [each.result(SOON) for each in callers]

    assert got == [2, 4, 6]
    assert [len(batch) for batch in counter.batches] == [3]


def test_a_turn_does_not_wait_for_ever_for_those_who_do_not_come_again() -> None:
    counter = Counter()
    counter.go_on.set()
    together = Together(counter.double, most=50)
    together._expected = 3

    assert [together(number) for number in (1, 2)] == [2, 4]

    assert together._expected == 1
