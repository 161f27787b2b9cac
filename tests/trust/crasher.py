"""A sender that kills itself at one line of the send path, as `kill -9` would, just before the line runs.

`python -m tests.trust.crasher` reads one order a line from its input and answers each on its output. It
forks a child for each order, so that a death costs a fork and not a start of Django.

lines MOMENT           the lines that a sender runs, one after the other: «module:number»
lose MOMENT            leave two messages claimed, and two posted whose record is lost
send MOMENT [LINE]     recover and send what there is, and die at LINE
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from types import FrameType
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smsconsent.settings")
django.setup()

from django.db import connections  # noqa: E402  after setup

from campaigns.models import Delivery  # noqa: E402
from smsconsent import outbox  # noqa: E402
from smsconsent.gateways import get_gateway  # noqa: E402

# The send path: what stands in these files. A new function in one of them is watched from then on.
WATCHED = (
    *("outbox/sending.py", "outbox/settling.py", "outbox/messages.py", "outbox/gates.py"),
    *("campaigns/sending.py", "campaigns/texts.py", "campaigns/models.py"),
)
BATCH = 4


class Watch:
    """Notes each line of the send path when it is about to run; dies at the one that is named."""

    def __init__(self, die_at: str = "") -> None:
        self.lines: dict[str, None] = {}
        self._die_at = die_at

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        file = frame.f_code.co_filename
        if not file.endswith(WATCHED):
            return None
        if event == "line":
            line = f"{'/'.join(file.rsplit('/', 2)[1:])}:{frame.f_lineno}"
            if line == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.lines[line] = None
        return self


class Lost(BaseException):
    """The worker is gone."""


class Posts:
    """The real gateway, but whoever posts does not live to see the answer."""

    max_batch = 2

    def hand_over(self, batch: Sequence[Any], *, now: datetime) -> list[Any]:
        get_gateway().hand_over(batch, now=now)
        raise Lost


def lose(now: datetime) -> None:
    outbox.claim(Delivery, now=now, limit=2)
    with suppress(Lost):
        outbox.work(Delivery, gateway=Posts(), clock=lambda: now, batches=1)  # type: ignore[arg-type]  # all that is asked


def send(now: datetime, watch: Watch | None = None) -> None:
    gateway = get_gateway()
    gateway.max_batch = BATCH
    # Threads of its own look messages up at the gateway.
    threading.settrace(watch)
    sys.settrace(watch)
    outbox.recover(Delivery, gateway=gateway, now=now)
    outbox.work(Delivery, gateway=gateway, clock=lambda: now, batches=2)
    sys.settrace(None)


def in_a_child(work: Callable[[], None]) -> bool:
    """Do the work in a fork of ours. Return whether it lived."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    code = 1
    try:
        work()
        code = 0
    finally:
        sys.stdout.flush()
        # No clean-up: what is open belongs to the parent.
        os._exit(code)


def show_lines(now: datetime) -> None:
    watch = Watch()
    send(now, watch)
    sys.stdout.write(" ".join(watch.lines) + "\n")


def main() -> None:
    connections.close_all()
    for order in sys.stdin:
        verb, moment, *line = order.split()
        now = datetime.fromisoformat(moment)
        if verb == "lines":
            in_a_child(partial(show_lines, now))
            continue
        watch = Watch(*line) if line else None
        lived = in_a_child(partial(lose, now) if verb == "lose" else partial(send, now, watch))
        sys.stdout.write("lived\n" if lived else "died\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
