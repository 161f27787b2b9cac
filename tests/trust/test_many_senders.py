"""Several processes send one campaign, and the database may fall over while they do (INV 2, 3)."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from campaigns import audiences, tallies
from campaigns.models import Campaign, Delivery
from tests import environment, servers
from tests.installation import eventually
from tests.make import make_campaign, make_crowd, make_purpose
from tests.simulator import Simulator
from tests.trust import size

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

PEOPLE = size.of(200, 6_000)
RESTARTS = size.of(2, 100)
PROCESSES = [1, 2, 4] if size.IS_RELEASE else [4]


def sender_variables(database_url: str, simulator: Simulator, **more: str) -> dict[str, str | None]:
    return {
        **environment.TESTS,
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
        "DATABASE_URL": database_url,
        "REDIS_URL": servers.valkey(),
        "STREX_BASE_URL": f"{simulator.url}/",
        "STREX_ALLOW_FAKE_NUMBERS": "true",
        "STREX_BATCH_SIZE": "10",
        "QUIET_HOURS": "false",
        **more,
    }


def start_senders(stack: ExitStack, count: int, variables: dict[str, str | None]) -> None:
    for _number in range(count):
        command = [sys.executable, "-m", "tests.trust.sender", "0.1"]
        stack.callback(servers.spawn("sender", command, environment=variables).kill)


def start_campaign(people: int) -> Campaign:
    purpose = make_purpose()
    make_crowd(purpose, people, at=timezone.now())
    campaign = make_campaign("sending", purpose=purpose, now=timezone.now())
    Delivery.objects.update(not_after=None)
    return campaign


def is_over() -> bool:
    return not Delivery.objects.filter(state__in=[*audiences.WAITING, "unknown"]).exists()


def assert_each_message_went_once(campaign: Campaign, simulator: Simulator, people: int) -> None:
    states = dict(Counter(Delivery.objects.values_list("state", flat=True)))
    found = simulator.state()
    assert set(states) <= {"handed_over", "delivered"}, states
    assert sum(states.values()) == people
    assert sum(found["messages"].values()) == people
    assert found["counts"].get("duplicates", 0) == 0
    assert tallies.by_state(campaign) == states


@pytest.mark.parametrize("processes", PROCESSES)
def test_each_message_leaves_once_however_many_processes_send(
    database_url: str, simulator: Simulator, processes: int
) -> None:
    campaign = start_campaign(PEOPLE)

    with ExitStack() as stack:
        start_senders(stack, processes, sender_variables(database_url, simulator))
        eventually(is_over, "all is sent", within=120)

    assert_each_message_went_once(campaign, simulator, PEOPLE)


@pytest.fixture
def cluster() -> Iterator[servers.Cluster]:
    """A PostgreSQL that only this test uses, and that this process is connected to."""
    before = dict(connection.settings_dict)
    with servers.postgres_to_crash() as cluster:
        with psycopg.connect(f"{cluster.url}/postgres", autocommit=True) as session:
            session.execute("CREATE DATABASE campaign")
        port, password = cluster.options["port"], cluster.url.split(":")[2].split("@")[0]
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one
        connection.settings_dict.update(NAME="campaign", PORT=port, PASSWORD=password)
        try:
            yield cluster
        finally:
            connections.close_all()
            connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one
            connection.settings_dict.update(before)


@pytest.fixture
def unblocked(django_db_blocker: pytest.Item) -> Iterator[None]:
    """The database of the test run is not touched: this test has one of its own."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's
        yield


def test_a_database_that_falls_over_again_and_again_loses_nothing_and_doubles_nothing(
    unblocked: None,
    cluster: servers.Cluster,
    simulator: Simulator,
    record_property: Callable[[str, object], None],
) -> None:
    call_command("migrate", verbosity=0)
    people = max(PEOPLE, 60 * RESTARTS)
    campaign = start_campaign(people)
    slow = sender_variables(
        f"{cluster.url}/campaign",
        simulator,
        # A lease that is over soon, and a campaign that lasts as long as the crashing does.
        OUTBOX_LEASE_SECONDS="2",
        STREX_VISIBILITY_WAIT="0",
        STREX_MESSAGES_PER_SECOND="60",
    )
    simulator.set("switches", {"batch_readable_seconds": 0})

    longest = 0.0
    with ExitStack() as stack:
        start_senders(stack, 2, slow)
        for _number in range(RESTARTS):
            time.sleep(0.7)
            cluster.crash()
            began = time.monotonic()
            cluster.start()
            longest = max(longest, time.monotonic() - began)
            connections.close_all()
            connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one
        rest = Delivery.objects.filter(state="queued").count()
        eventually(is_over, f"all is sent, of which {rest} after the last crash", within=180)

    record_property("immediate restarts of PostgreSQL", RESTARTS)
    record_property("seconds until it was back, at most", round(longest, 1))
    assert longest <= 30
    assert_each_message_went_once(campaign, simulator, people)
