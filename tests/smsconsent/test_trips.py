"""Several statements in one trip: what nothing, a failure and a savepoint mean."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from smsconsent.trips import Trip
from tests.make import make_user

pytestmark = pytest.mark.django_db
GROUP = "INSERT INTO auth_group (id, name) VALUES (%s, %s)"
NAMES = "SELECT name FROM auth_group WHERE id IN (8001, 8002)"


def names() -> list[tuple[object, ...]]:
    trip = Trip()
    answer = trip.add(NAMES)
    trip.go()
    return answer.rows


def test_no_rows_are_no_statement() -> None:
    trip = Trip()

    inserted = trip.insert([], returning=("id",))
    trip.update([], "name")
    trip.go()

    assert (inserted.rows, inserted.count) == ([], 0)


def test_what_is_there_already_is_passed_over_and_not_in_the_answer() -> None:
    Group.objects.create(pk=8001, name="one")
    rows = [Group(pk=8001, name="one"), Group(pk=8002, name="two")]
    trip = Trip()
    named = trip.insert(rows, ignore_conflicts=True, returning=("name", "id"))
    counted = trip.insert(rows, ignore_conflicts=True)

    trip.go()

    assert (named.rows, named.count, counted.count) == ([("two", 8002)], 1, 0)


@pytest.mark.parametrize(
    "value",
    [
        "O'Hara",
        r"\'; DROP TABLE auth_group; --",
        "%s %% %(name)s",
        "a;b",
        "$1 ? :x",
        "æøå 🙂",
        "",
        None,
    ],
)
def test_whatever_a_value_holds_it_stays_a_value(value: str | None) -> None:
    trip = Trip()
    first = trip.add("SELECT %s, 7 %% 4, 'per cent: %%'", [value])
    second = trip.add("SELECT %s", [value])

    trip.go()

    assert first.rows == [(value, 3, "per cent: %")]
    assert second.rows == [(value,)]


def test_an_answer_is_empty_until_the_trip_is_over() -> None:
    user, trip = make_user(), Trip()
    answer = trip.add("SELECT id FROM staff_user WHERE id = %s", [user.pk])
    before = list(answer.rows)

    trip.go()

    assert (before, answer.rows) == ([], [(user.pk,)])


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_all_of_a_trip_counts_or_none() -> None:
    trip = Trip()
    trip.add(GROUP, [8001, "one"])
    trip.add(GROUP, [8001, "again"])

    with pytest.raises(IntegrityError):
        trip.go()

    assert names() == []


@pytest.mark.django_db(transaction=True)
def test_alone_inside_a_transaction_a_failure_spoils_nothing_before_it() -> None:
    first, second = Trip(), Trip()
    first.add(GROUP, [8001, "one"])
    second.add(GROUP, [8002, "two"])
    second.add(GROUP, [8002, "again"])

    with transaction.atomic():
        first.go()
        with pytest.raises(IntegrityError):
            second.go_alone()

    assert names() == [("one",)]


@pytest.mark.django_db(transaction=True)
def test_a_trip_that_raised_is_over() -> None:
    trip, concluded = Trip(), list[int]()
    answer = trip.add(GROUP, [8001, None])
    trip.then(lambda: concluded.append(1))
    with pytest.raises(IntegrityError):
        trip.go()

    trip.go()

    assert (answer.rows, concluded, names()) == ([], [], [])


def test_something_is_done_while_nobody_waits_for_the_answers() -> None:
    trip, done = Trip(), list[str]()
    answer = trip.add(GROUP, [8001, "one"])

    trip.go_unanswered(meanwhile=lambda: done.append("read"))

    assert (done, answer.rows, names()) == (["read"], [], [("one",)])


def test_it_is_done_also_when_a_statement_fails() -> None:
    trip, done = Trip(), list[str]()
    trip.add(GROUP, [8001, "one"])
    trip.add(GROUP, [8001, "again"])

    with pytest.raises(IntegrityError), transaction.atomic():
        trip.go_unanswered(meanwhile=lambda: done.append("read"))

    assert (done, names()) == (["read"], [])
