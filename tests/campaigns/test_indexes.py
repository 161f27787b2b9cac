"""What the indexes of messages hang on: found by index, and a report writes the row alone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import cancelling, running
from campaigns.models import Delivery
from consents import confirmations, suspensions
from consents.models import ServiceMessage, Subject
from smsconsent import outbox, queues
from smsconsent.gateways import Receipt, ReceiptState, get_gateway
from smsconsent.trips import Trip
from tests.make import NOON, make_campaign, make_consent, make_crowd, make_purpose, phone
from tests.settings import IS_POSTGRES
from tests.simulator import Simulator

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not IS_POSTGRES, reason="asks PostgreSQL for its plans and its counters"),
]
# Few enough that three versions of each row fit on a page: nothing is tidied up inside one transaction.
PEOPLE = 2
MANY = 60


def send(lane: type[outbox.OutboundMessage]) -> None:
    outbox.work(lane, gateway=get_gateway(), clock=lambda: NOON)


def recover(lane: type[outbox.OutboundMessage]) -> None:
    outbox.recover(lane, gateway=get_gateway(), now=NOON)


def read_about_somebody() -> None:
    list(ServiceMessage.about(subject=Subject.objects.earliest("pk")))


def reported(message: outbox.OutboundMessage, state: str) -> Receipt:
    return Receipt(
        id=message.pk,
        state=ReceiptState(state),
        detail="Delivered",
        final=True,
        gone=False,
        duplicate=False,
        stopped=False,
        segments=1,
    )


def updates(table: str) -> tuple[int, int]:
    """Return how many rows this transaction has updated, and how many of those in no index (HOT)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = %s",
            [table],
        )
        written, alone = cursor.fetchone()
    return written, alone


def take_receipt(message: Any) -> None:
    suspensions.record_receipt(reported(message, "failed"), now=NOON)


def take_arrival(message: Any) -> None:
    trip = Trip()
    suspensions.record_arrivals([(message, reported(message, "delivered"))], now=NOON, trip=trip)
    trip.go()


@pytest.mark.parametrize("take", [take_receipt, take_arrival])
@pytest.mark.parametrize("lane", [Delivery, ServiceMessage])
def test_a_report_touches_no_index(
    lane: type[outbox.OutboundMessage], take: Callable[[Any], None], simulator: Simulator
) -> None:
    purpose = make_purpose()
    for number in range(PEOPLE):
        consent = make_consent("granted", purpose=purpose, number=phone(number + 1))
        confirmations.queue_welcome(consent, now=NOON)
    make_campaign("sending", purpose=purpose)
    send(lane)
    before = updates(lane._meta.db_table)

    for message in lane._default_manager.filter(state="handed_over"):
        take(message)

    written, alone = updates(lane._meta.db_table)
    assert (written - before[0], alone - before[1]) == (PEOPLE, PEOPLE)


def withdraw() -> None:
    trip = Trip()
    consent = Delivery.objects.latest("pk").consent
    assert consent
    outbox.block_waiting([consent.pk], reason="withdrawn", trip=trip)
    trip.go()


def plans_of(verb: Callable[[], object], table: str, *, for_many: bool = True) -> list[str]:
    """Return how the database goes about each statement of a verb that begins with this table.

    Few rows are read fastest from the table itself, so the plan for many is asked for.
    """
    with CaptureQueriesContext(connection) as asked:
        verb()
    ours = [
        sql
        for query in asked.captured_queries
        for sql in query["sql"].split(";")
        if table in sql and sql.startswith(("SELECT", "UPDATE"))
    ]
    with connection.cursor() as cursor:
        if for_many:
            cursor.execute("SET LOCAL enable_seqscan = off")
        plans = []
        for sql in ours:
            cursor.execute("EXPLAIN " + sql)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    return plans


@pytest.mark.parametrize(
    ("verb", "table", "index"),
    [
        (lambda: outbox.claim(Delivery, now=NOON, limit=10), Delivery, "delivery_queue"),
        (lambda: running.finish(now=NOON), Delivery, "delivery_queue"),
        (lambda: running.finish(now=NOON), Delivery, "delivery_in_doubt"),
        (lambda: cancelling.block_rest(until=lambda: False), Delivery, "delivery_queue"),
        (lambda: recover(Delivery), Delivery, "delivery_in_doubt"),
        (lambda: queues.depth(Delivery, now=NOON), Delivery, "delivery_queue"),
        (lambda: queues.depth(Delivery, now=NOON), Delivery, "delivery_in_doubt"),
        (withdraw, Delivery, "delivery_consent_id"),
        (lambda: send(Delivery), Delivery, "delivery_of_subject"),
        (lambda: send(ServiceMessage), ServiceMessage, "servicemessage_due"),
        (lambda: recover(ServiceMessage), ServiceMessage, "servicemessage_in_doubt"),
        (withdraw, ServiceMessage, "servicemessage_consent_id"),
        (read_about_somebody, ServiceMessage, "service_of_subject"),
    ],
)
def test_what_is_looked_for_often_stands_in_an_index(
    verb: Callable[[], object],
    table: type[outbox.OutboundMessage],
    index: str,
    simulator: Simulator,
) -> None:
    """In the midst of a campaign: most has left."""
    purpose = make_purpose()
    confirmations.queue_welcome(
        make_consent("granted", purpose=purpose, number=phone(MANY + 1)), now=NOON
    )
    make_crowd(purpose, MANY)
    make_campaign("sending", purpose=purpose)
    last = Delivery.objects.latest("pk")
    Delivery.objects.exclude(pk=last.pk).update(state="delivered", handed_over_at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_delivery, consents_servicemessage")

    plans = plans_of(verb, table._meta.db_table)

    assert any(index in plan for plan in plans), plans


@pytest.mark.parametrize(
    "verb", [lambda: outbox.claim(Delivery, now=NOON, limit=MANY), lambda: send(Delivery)]
)
def test_a_batch_is_found_by_index_before_the_planner_knows_how_many_there_are(
    verb: Callable[[], object], simulator: Simulator
) -> None:
    purpose = make_purpose()
    make_crowd(purpose, MANY)
    make_campaign("sending", purpose=purpose)

    plans = plans_of(verb, Delivery._meta.db_table, for_many=False)

    assert plans
    assert not [plan for plan in plans if "Seq Scan on campaigns_delivery" in plan]
    assert not [plan for plan in plans if "Sort Key: campaigns_delivery" in plan]
