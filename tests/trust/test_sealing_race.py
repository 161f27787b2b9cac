"""Many write, many seal, some are killed: every event is sealed once, and the log is the one that its
headers give. The same writers, sealed by «everything with a larger id», must lose some (trust.md § 1.4).
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from consents import merkle, publication, sealing
from consents.models import Checkpoint, ConsentEvent, Leaf, Node, PendingEvent
from tests import environment, servers
from tests.installation import eventually
from tests.make import make_events
from tests.settings import IS_POSTGRES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WRITERS, EACH = 16, 40
SEALER = """
import sys, time
from django.utils import timezone
from consents import sealing
print("sealing", file=sys.stderr, flush=True)
while True:
    sealing.seal(now=timezone.now(), limit=7, must_sign=True)
    time.sleep(0.001)
"""


def write_many() -> None:
    """Transactions of unequal length, so that they commit in another order than they began."""
    for number in range(EACH):
        with transaction.atomic():
            make_events(1)
            time.sleep(random.uniform(0, 0.01) if IS_POSTGRES else 0)
            if number % 8 == 7:
                transaction.set_rollback(True)
    connection.close()


@contextmanager
def writers() -> Iterator[None]:
    with ThreadPoolExecutor(WRITERS) as pool:
        jobs = [pool.submit(write_many) for _number in range(WRITERS)]
        yield
        for job in jobs:
            job.result()


@contextmanager
def beside(work: Callable[[], object], *, threads: int = 1) -> Iterator[None]:
    """Repeat the work in threads of its own until the block ends."""
    is_over = threading.Event()

    def repeat() -> None:
        while not is_over.is_set():
            work()
            time.sleep(0.002)
        connection.close()

    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(repeat) for _number in range(threads)]
        yield
        is_over.set()
        for job in jobs:
            job.result()


def require_whole_log() -> None:
    """Every event stands in the log once, and all that is stored follows from the headers."""
    sealing.seal(now=timezone.now(), must_sign=True)
    rows = Leaf.objects.order_by("pk").values_list("pk", "event__header")
    hashes = [merkle.leaf_hash(bytes(header)) for _index, header in rows]
    frontier = merkle.Frontier()
    nodes = dict(pair for leaf in hashes for pair in frontier.append(leaf))
    assert [index for index, _header in rows] == list(range(ConsentEvent.objects.count()))
    assert not PendingEvent.objects.exists()
    assert {merkle.node_of(row.number): bytes(row.hash) for row in Node.objects.all()} == nodes
    for checkpoint in Checkpoint.objects.all():
        assert bytes(checkpoint.root) == merkle.root(hashes[: checkpoint.size])
    assert list(publication.every()) == list(
        Checkpoint.objects.order_by("size").values_list("note", flat=True)
    )


def test_sixteen_writers_and_two_sealers_lose_nothing() -> None:
    def seal() -> None:
        sealing.seal(now=timezone.now(), limit=11, must_sign=True)

    with writers(), beside(seal, threads=2):
        eventually(lambda: Leaf.objects.count() > 50, "sealing is under way")

    assert ConsentEvent.objects.count() == WRITERS * EACH * 7 // 8
    require_whole_log()


@pytest.mark.postgres
def test_taking_everything_with_a_larger_id_loses_events() -> None:
    taken: set[int] = set()

    def take() -> None:
        after = max(taken, default=0)
        taken.update(ConsentEvent.objects.filter(pk__gt=after).values_list("pk", flat=True))

    with writers(), beside(take):
        pass
    take()

    assert len(taken) < ConsentEvent.objects.count()


def test_sealers_that_are_killed_lose_nothing(database_url: str, settings: Settings) -> None:
    variables: dict[str, str | None] = {
        **environment.TESTS,
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
        "DATABASE_URL": database_url,
        "LEDGER_FILE": str(settings.LEDGER_FILE),
        "JOURNAL_FILE": str(settings.JOURNAL_FILE),
    }
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", SEALER]
    started = [
        servers.spawn(f"sealer{number}", command, environment=variables) for number in range(4)
    ]
    for each in started:
        servers.wait_for(each, lambda each=each: "sealing" in each.log.read_text())  # type: ignore[misc]  # one of each

    with writers():
        for each in started:
            time.sleep(random.uniform(0.05, 0.3))
            each.kill()

    assert Checkpoint.objects.count() > 1
    require_whole_log()
