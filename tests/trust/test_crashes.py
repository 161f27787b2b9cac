"""Workers die and the broker forgets, in the middle of everything. Nothing is lost, nothing sent twice."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from tests import environment, servers
from tests.installation import Installation, eventually, separate
from tests.make import make_campaign, make_crowd, make_purpose
from tests.simulator import Simulator
from tests.trust import size

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

APPLICATION = "a worker that is killed"
PEOPLE, KILLS, WHOLE_WORKERS, POOL = size.of(3_000, 9_000), size.of(50, 300), 5, 3
# More sign-ups than these in an hour, and the network would be refused.
FLUSHED = size.of(6, 18)


@pytest.fixture
def worker_environment(
    database_url: str, valkey_url: str, simulator: Simulator
) -> dict[str, str | None]:
    return {
        **environment.TESTS,
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
        "DATABASE_URL": database_url,
        "PGAPPNAME": APPLICATION,
        "REDIS_URL": valkey_url,
        "STREX_BASE_URL": f"{simulator.url}/",
        "STREX_ALLOW_FAKE_NUMBERS": "true",
        # Small batches at a slow pace: the campaign lasts as long as the killing does.
        "STREX_BATCH_SIZE": "10",
        "STREX_MESSAGES_PER_SECOND": "80",
        "STREX_VISIBILITY_WAIT": "0",
        "OUTBOX_LEASE_SECONDS": "6",
        "QUIET_HOURS": "false",
    }


@pytest.fixture
def broker(valkey_url: str) -> Iterator[Celery]:
    app = Celery("tests", broker=valkey_url)
    yield app
    app.close()


class Supervised:
    """A worker that is started again when it ends, as a service manager does."""

    def __init__(self, variables: dict[str, str | None]) -> None:
        self._variables = variables
        self._start()

    def pool(self) -> list[int]:
        """Return the process ids of those that do the work. There are always some."""
        # Celery gives up when its pool dies too fast.
        return self._children() or self.restart()

    def restart(self) -> list[int]:
        """Kill all of it, as `kill -9` does, and start it again."""
        self.stop()
        self._start()
        eventually(lambda: len(self._children()) == POOL, "the worker is back")
        return self._children()

    def stop(self) -> None:
        self._started.kill()

    def _start(self) -> None:
        options = ["-P", "prefork", "-c", str(POOL), "-Q", "campaigns", "-l", "ERROR"]
        command = [sys.executable, "-m", "celery", "-A", "smsconsent", "worker", *options]
        self._started = servers.spawn("worker", command, environment=self._variables)

    def _children(self) -> list[int]:
        with suppress(FileNotFoundError, ProcessLookupError):
            # A thread may have started them: each has a list of its own.
            lists = Path(f"/proc/{self._started.pid}/task").glob("*/children")
            return [int(pid) for each in lists for pid in each.read_text(encoding="ascii").split()]
        return []


def end_sessions_of_the_dead() -> None:
    """The server notices a killed worker late, and the next test needs the database for itself."""
    with connection.cursor() as cursor:

        def none_is_left() -> bool:
            cursor.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name = %s""",
                [APPLICATION],
            )
            return not cursor.fetchall()

        eventually(none_is_left, "the sessions of the killed workers are over")


def wake(broker: Celery) -> None:
    """What beat does, more often."""
    broker.send_task("campaigns.tasks.send_campaigns", queue="campaigns")
    broker.send_task("campaigns.tasks.recover_deliveries", queue="campaigns")


def kill_many_times(worker: Supervised, broker: Celery) -> None:
    """`kill -9` of one process of the pool at a time, and now and then of the whole worker."""
    for number in range(KILLS):
        wake(broker)
        time.sleep(random.uniform(0.1, 0.4))
        if number % (KILLS // WHOLE_WORKERS) == WHOLE_WORKERS:
            worker.restart()
        else:
            with suppress(ProcessLookupError):
                os.kill(random.choice(worker.pool()), signal.SIGKILL)


@pytest.mark.django_db(transaction=True)
def test_killing_workers_again_and_again_loses_nothing_and_sends_nothing_twice(
    worker_environment: dict[str, str | None],
    broker: Celery,
    simulator: Simulator,
    record_property: Callable[[str, object], None],
) -> None:
    purpose = make_purpose()
    make_crowd(purpose, PEOPLE, at=timezone.now())
    campaign = make_campaign("scheduled", purpose=purpose, now=timezone.now())
    broker.send_task("campaigns.tasks.start_due_campaigns", queue="campaigns")
    worker = Supervised(worker_environment)
    eventually(
        lambda: Delivery.objects.exclude(state="queued").exists(), "sending has begun", within=180
    )

    kill_many_times(worker, broker)
    record_property("kills of workers", KILLS)
    rest = Delivery.objects.filter(state="queued").count()

    def is_sent() -> bool:
        wake(broker)
        worker.pool()
        time.sleep(0.5)
        return Campaign.objects.filter(pk=campaign.pk, state="sent").exists()

    eventually(
        is_sent, f"all is sent, of which {rest} after the last kill", within=size.of(120, 400)
    )
    worker.stop()
    end_sessions_of_the_dead()
    # What a killed worker left is asked about, and the gateway may say that it has arrived meanwhile.
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"handed_over", "delivered"}
    assert Delivery.objects.count() == PEOPLE
    # The simulator counts by transaction id, and each person has one delivery: more would be a second
    # message, fewer a lost one.
    assert sum(simulator.state()["messages"].values()) == PEOPLE


@pytest.fixture
def installation(postgres_url: str, valkey_url: str) -> Iterator[Installation]:
    with separate(postgres_url, valkey_url) as running:
        yield running


def test_flushing_the_broker_again_and_again_delays_work_and_loses_none(
    installation: Installation,
    valkey_url: str,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("flushes of the broker", 2 * FLUSHED + 3)
    numbers = [f"+47900002{last:02}" for last in range(FLUSHED)]
    with redis.from_url(valkey_url) as client:
        for number in numbers:
            installation.visitor().send(
                "/nordlys/tilbud/", {"phone": number.removeprefix("+47"), "agree": "on"}
            )
            client.flushdb()
        for number in numbers:
            installation.wait_for_text(number, "JA")
            installation.simulator.reply(number, "JA")
            client.flushdb()
        eventually(
            lambda: all(len(installation.simulator.received(each)) == 2 for each in numbers),
            "a receipt for each",
        )
        send_campaign(installation, client)

    for number in numbers:
        installation.wait_for_text(number, "Nye staver")
        assert len(installation.simulator.received(number)) == 3


def send_campaign(installation: Installation, client: redis.Redis) -> None:
    marketer, approver = installation.colleague("marked"), installation.colleague("godkjenner")
    new = "/staff/nordlys/purposes/tilbud/campaigns/new/"
    address = str(marketer.send(new, {"name": "Staver", "text": "Nye staver er kommet."}).url.path)
    for colleague, verb in ((marketer, "submit"), (approver, "approve"), (marketer, "start")):
        answer = colleague.send(f"{address}{verb}/", page=address)
        client.flushdb()
        assert answer.status_code == 200, verb
