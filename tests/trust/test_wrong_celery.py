"""Every setting of Celery wrong, and each call doubled: each message leaves once (trust.md § 7).

Several locks see to that here, and each suffices where no worker sleeps through its lease and then dies. What
the lease is for beyond that is shown by itself: tests/smsconsent/test_outbox.py, `…_after_the_lease_…`.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from celery import Celery

from campaigns import audiences
from campaigns.models import Delivery
from tests import servers
from tests.installation import eventually
from tests.simulator import Simulator
from tests.trust import size
from tests.trust.test_many_senders import sender_variables, start_campaign

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

PEOPLE, CALLS = size.of(200, 6_000), size.of(60, 2_000)
SEND, RECOVER = "campaigns.tasks.send_campaigns", "campaigns.tasks.recover_deliveries"


@pytest.fixture
def broker(valkey_url: str) -> Iterator[Celery]:
    app = Celery("tests", broker=valkey_url)
    yield app
    app.close()


@pytest.mark.parametrize("wrong", ["lost", "redelivered"])
def test_each_message_leaves_once_with_every_setting_of_the_broker_wrong(
    database_url: str, valkey_url: str, broker: Celery, simulator: Simulator, wrong: str
) -> None:
    start_campaign(PEOPLE)
    variables = sender_variables(
        database_url,
        simulator,
        REDIS_URL=valkey_url,
        DJANGO_SETTINGS_MODULE="tests.trust.wrong_celery",
        WRONG=wrong,
        STREX_VISIBILITY_WAIT="0",
        OUTBOX_LEASE_SECONDS="6",
    )
    command = [sys.executable, "-m", "celery", "-A", "smsconsent", "worker", "-P", "threads"]
    command += ["-c", "4", "-Q", "campaigns", "-l", "WARNING"]
    wake_up(broker, CALLS)
    workers = [servers.spawn("worker", command, environment=variables) for _worker in range(2)]
    try:
        eventually(lambda: Delivery.objects.filter(state="handed_over").exists(), "it begins")
        workers.pop().kill()
        eventually(lambda: is_over(broker), "all is sent", within=60)
    finally:
        for worker in workers:
            worker.kill()

    found = simulator.state()
    assert sum(found["messages"].values()) == PEOPLE
    assert found["counts"].get("duplicates", 0) == 0
    assert set(Counter(Delivery.objects.values_list("state", flat=True))) <= {
        "handed_over",
        "delivered",
    }


def wake_up(broker: Celery, times: int) -> None:
    for _call in range(times):
        broker.send_task(SEND, queue="campaigns")


def is_over(broker: Celery) -> bool:
    """As beat does: wake the workers again, since a call may be lost with the one who took it."""
    for task in (SEND, RECOVER):
        broker.send_task(task, queue="campaigns")
    time.sleep(0.5)
    return not Delivery.objects.filter(state__in=[*audiences.WAITING, "unknown"]).exists()
