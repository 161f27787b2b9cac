"""Workers of the campaign lane, each a process of its own: `python -m bench.sender`.

Each says «ready» when it has started, and begins when it is told to: starting is not what is measured.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.utils import timezone

from bench.crowd import crowd
from bench.stub import start_stub
from campaigns.models import Delivery
from consents.models import Purpose
from smsconsent import outbox
from smsconsent.celery import leave_the_program_alone
from smsconsent.gateways import get_gateway
from tests import environment, servers
from tests.make import make_campaign


@contextmanager
def senders(count: int, database_url: str, gateway_url: str) -> Iterator["list[Sender]"]:
    """Start so many, ready to begin."""
    variables = {
        **environment.TESTS,
        "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
        "DATABASE_URL": database_url,
        "REDIS_URL": servers.valkey(),
        "STREX_BASE_URL": gateway_url,
        "STREX_CALLBACK_BASE_URL": "",
        "QUIET_HOURS": "false",
        # What is measured is how processes add up.
        "OUTBOX_THREADS": "1",
    }
    # `nice` as docs/operations.md runs them.
    command = ["nice", "-n", "10", sys.executable, "-m", "bench.sender"]
    with ExitStack() as stack:
        started = [
            Sender(stack.enter_context(servers.talking_to(command, variables)))
            for _number in range(count)
        ]
        for each in started:
            each.wait()
        yield started


class Sender:
    """One of them. `process` talks line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def begin(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def wait(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@contextmanager
def sending(database_url: str, size: int, *, first: int = 5_000_000) -> Iterator[Purpose]:
    """Let a campaign to `size` people of another purpose run beside what is measured."""
    purpose = crowd(size, first=first)
    make_campaign("sending", purpose=purpose, now=timezone.now())
    with start_stub() as gateway_url, senders(1, database_url, gateway_url) as started:
        for each in started:
            each.begin()
        yield purpose
        for each in started:
            each.wait()


if __name__ == "__main__":
    gateway = get_gateway()
    # As a worker does when it starts.
    leave_the_program_alone()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    taken = outbox.work_in_threads(Delivery, gateway=gateway, clock=timezone.now, batches=1_000_000)
    sys.stdout.write(f"{taken}\n")
