"""What the gateway is to be asked: all of it, the oldest first, and none of it lost."""

import re
import time
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from consents import confirmations
from consents.models import Organisation, ServiceMessage
from smsconsent import polling, queues
from smsconsent.gateways import CannotBeAsked, GatewayUnavailable, Receipt, ReceiptState
from smsconsent.gateways.pacing import RateLimit
from smsconsent.outbox import Question, Recorder
from tests.make import DAY, HOUR, MINUTE, NOON, SECOND, make_consent, make_organisation, make_user

pytestmark = pytest.mark.django_db


class Answering:
    """A gateway that has never heard of any message, or does not answer."""

    name = "strex"

    def __init__(self) -> None:
        self.asked: list[UUID] = []
        self.is_away = False

    def look_up(self, message_id: UUID) -> None:
        if self.is_away:
            raise GatewayUnavailable
        self.asked.append(message_id)


class Unaskable(Answering):
    """One that offers no way to ask."""

    def look_up(self, message_id: UUID) -> None:
        raise CannotBeAsked


class Telling(Answering):
    """One that knows every message."""

    def look_up(self, message_id: UUID) -> Receipt:  # type: ignore[override]  # knows, where the other does not
        super().look_up(message_id)
        return Receipt(
            id=message_id,
            state=ReceiptState.DELIVERED,
            detail="Delivered",
            final=True,
            gone=False,
            duplicate=False,
            stopped=False,
            segments=None,
        )


@pytest.fixture
def gateway() -> Answering:
    return Answering()


def ignore(receipt: Receipt, /, *, now: datetime) -> None:
    """Nobody takes it in."""


def ask(
    gateway: Answering,
    *,
    now: datetime = NOON,
    record: Recorder = ignore,
    until: Callable[[], bool] = lambda: False,
) -> int:
    return polling.ask_doubted(
        gateway=gateway,  # type: ignore[arg-type]  # a gateway of the test
        record=record,
        clock=lambda: now,
        until=until,
    )


def put(count: int, *, at: datetime = NOON) -> list[UUID]:
    ids = [uuid4() for _number in range(count)]
    Question.objects.bulk_create(Question(message=each, since=at, due_at=at) for each in ids)
    return ids


def test_a_whole_campaign_of_them_is_asked_about(gateway: Answering) -> None:
    ids = put(1501)

    assert ask(gateway) == 1501

    assert sorted(gateway.asked) == sorted(ids)
    assert not Question.objects.exists()


def test_the_oldest_are_asked_about_first(gateway: Answering) -> None:
    late, early = put(polling.MOST_ASKED), put(polling.MOST_ASKED, at=NOON - SECOND)

    ask(gateway)

    assert set(gateway.asked[: len(early)]) == set(early)
    assert set(gateway.asked[len(early) :]) == set(late)


def test_nothing_is_lost_while_the_gateway_is_away(gateway: Answering) -> None:
    ids = put(3)
    gateway.is_away = True
    assert ask(gateway) == 0
    gateway.is_away = False

    assert [ask(gateway, now=NOON + MINUTE - SECOND), ask(gateway, now=NOON + MINUTE)] == [0, 3]

    assert sorted(gateway.asked) == sorted(ids)


def test_whoever_stops_in_time_leaves_the_rest(gateway: Answering) -> None:
    put(3)

    assert ask(gateway, until=lambda: True) == 0
    assert ask(gateway) == 3


def test_news_that_comes_while_it_is_asked_about_is_asked_about_again() -> None:
    gateway = Telling()
    [message] = put(1, at=NOON - SECOND)

    def hear_again(receipt: Receipt, /, *, now: datetime) -> None:
        if len(gateway.asked) == 1:
            polling.doubt(receipt.id, now=now)

    assert ask(gateway, record=hear_again) == 2

    assert gateway.asked == [message, message]
    assert not Question.objects.exists()


def test_the_same_news_twice_is_one_question(gateway: Answering) -> None:
    message = uuid4()

    for seconds in range(2):
        polling.doubt(message, now=NOON + seconds * SECOND)

    assert list(Question.objects.values_list("message", "since")) == [(message, NOON)]
    assert ask(gateway, now=NOON + MINUTE) == 1


@pytest.mark.parametrize(("waited", "asked"), [(DAY - SECOND, 1), (DAY, 0)])
def test_what_the_gateway_may_have_forgotten_is_left_alone(
    gateway: Answering, waited: object, asked: int
) -> None:
    put(1)

    assert ask(gateway, now=NOON + waited) == asked  # type: ignore[operator]  # a timedelta

    assert not Question.objects.exists()


@pytest.fixture
def message() -> ServiceMessage:
    """A message that has left, and that no report has come of."""
    made = confirmations.queue_welcome(make_consent("granted"), now=NOON)
    ServiceMessage.objects.update(state="handed_over", handed_over_at=NOON, not_after=None)
    return made


def mark_of(message: ServiceMessage) -> str:
    message.refresh_from_db()
    return message.detail


def test_where_nobody_can_be_asked_questions_end_in_time_with_a_mark(
    message: ServiceMessage,
) -> None:
    polling.doubt(message.pk, now=NOON)

    ask(Unaskable(), now=NOON + DAY - SECOND)
    assert (Question.objects.count(), mark_of(message)) == (1, ""), "it may be mended by then"
    ask(Unaskable(), now=NOON + DAY)

    assert (Question.objects.count(), mark_of(message)) == (0, "cannot_ask")


def test_what_was_reported_of_a_message_is_not_marked_over(message: ServiceMessage) -> None:
    polling.doubt(message.pk, now=NOON)
    ServiceMessage.objects.update(detail="Sent")

    ask(Unaskable(), now=NOON + DAY)

    assert mark_of(message) == "Sent"


def ask_overdue(gateway: Answering) -> int:
    return polling.ask_overdue(
        ServiceMessage,
        gateway=gateway,  # type: ignore[arg-type]  # a gateway of the test
        record=ignore,
        now=NOON + 2 * DAY,
    )


def test_overdue_reports_are_marked_where_nobody_can_be_asked_and_asked_for_once_somebody_can(
    message: ServiceMessage,
) -> None:
    gateway = Answering()

    assert [ask_overdue(Unaskable()), mark_of(message)] == [0, "cannot_ask"]
    assert [ask_overdue(gateway), mark_of(message)] == [1, "no_receipt"]

    assert [ask_overdue(each) for each in (gateway, Unaskable())] == [0, 0]
    assert gateway.asked == [message.pk]
    assert mark_of(message) == "no_receipt"


def test_it_is_asked_no_faster_than_messages_may_leave(
    gateway: Answering, settings: Settings
) -> None:
    settings.STREX_MESSAGES_PER_SECOND = 10
    put(19)
    began = time.monotonic()

    assert ask(gateway) == 19

    assert time.monotonic() - began > 1.9


def test_all_workers_together_keep_that_pace(gateway: Answering, settings: Settings) -> None:
    settings.STREX_MESSAGES_PER_SECOND = 10
    RateLimit(10, "strex:asked", clock=lambda: time.time() + 60).wait_for_room(9)
    put(1)

    assert ask(gateway) == 0

    assert gateway.asked == []
    assert Question.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_ask_about_each_once() -> None:
    ids, gateways, barrier = put(400), [Answering(), Answering()], Barrier(2)

    def work(gateway: Answering) -> None:
        barrier.wait()
        ask(gateway)
        connection.close()

    threads = [Thread(target=work, args=[each]) for each in gateways]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(gateways[0].asked + gateways[1].asked) == sorted(ids)


# -- what people see ------------------------------------------------------------------------------------
def test_how_many_wait_and_for_how_long_is_told() -> None:
    put(2)

    found = queues.questions(now=NOON + HOUR)

    assert (found.waiting, found.oldest_for) == (2, HOUR)


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def test_the_page_of_the_gateway_shows_them(client: Client, organisation: Organisation) -> None:
    put(1234)
    client.force_login(make_user("privacy_officer", organisation))

    page = client.get(reverse("people:gateway", args=[organisation.slug])).content.decode()

    assert "Leveringsrapporter vi skal spørre etter" in page
    assert "1234" in "".join(char for char in page if char.isalnum())


def test_the_page_of_the_gateway_counts_what_could_not_be_asked_about(
    client: Client, organisation: Organisation
) -> None:
    put(23)
    client.force_login(make_user("privacy_officer", organisation))

    ask(Unaskable(), now=NOON + DAY)

    page = client.get(reverse("people:gateway", args=[organisation.slug])).content.decode()
    assert re.search(r"kunne ikke spørres</dt>\s*<dd[^>]*>\s*23", page)


def test_doctor_says_when_they_have_waited_too_long() -> None:
    put(1)
    out = StringIO()

    with time_machine.travel(NOON + HOUR + SECOND, tick=False), pytest.raises(CommandError):
        call_command("doctor", stdout=out, no_color=True)

    assert "!!  delivery reports to ask for (all organisations): 1 wait" in out.getvalue()


# -- messages whose sender died -------------------------------------------------------------------------
def lose(count: int) -> None:
    """Leave as many messages with a lease that ran out, as a killed worker does with its batch."""
    message = confirmations.queue_welcome(make_consent("granted"), now=NOON)
    fields = {f.attname: getattr(message, f.attname) for f in message._meta.concrete_fields}
    generated = {"id", "due_at", "in_doubt"}
    values = {name: value for name, value in fields.items() if name not in generated}
    ServiceMessage.objects.all().delete()
    values |= {"state": "leased", "lease_until": NOON}
    ServiceMessage.objects.bulk_create(ServiceMessage(**values) for _number in range(count))


def recover(gateway: Answering, *, until: Callable[[], bool] = lambda: False) -> int:
    return polling.recover_all(
        ServiceMessage,
        gateway=gateway,  # type: ignore[arg-type]  # a gateway of the test
        record=ignore,
        clock=lambda: NOON,
        until=until,
    )


def test_a_whole_batch_of_a_dead_sender_is_settled_in_one_go(gateway: Answering) -> None:
    lose(450)

    assert recover(gateway) == 450

    assert len(set(gateway.asked)) == 450
    assert ServiceMessage.objects.filter(state="queued").count() == 450


def test_a_gateway_that_is_away_is_asked_about_each_of_them_once(gateway: Answering) -> None:
    lose(250)
    gateway.is_away = True

    assert recover(gateway) == 250

    assert ServiceMessage.objects.filter(state="leased", lease_until__gt=NOON).count() == 250


def test_whoever_recovers_stops_in_time(gateway: Answering) -> None:
    lose(3)

    assert recover(gateway, until=lambda: True) == 0


def test_recovering_asks_no_faster_than_messages_leave(
    gateway: Answering, settings: Settings
) -> None:
    settings.STREX_MESSAGES_PER_SECOND = 20
    lose(30)
    started_at = time.monotonic()

    recover(gateway)

    assert len(gateway.asked) == 30
    assert time.monotonic() - started_at > 0.9
