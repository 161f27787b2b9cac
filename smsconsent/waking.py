"""Waking a worker that looks for all that waits: once, however many ask at the same time.

Telling the broker costs more than what it is told of. So whoever has woken the worker leaves a mark, and
others who find it need not; the worker wipes it away before it looks, so nothing is queued unseen.
"""

from typing import Any, TypeAlias

from celery import Task
from celery.contrib.django.task import DjangoTask
from django.db import transaction

from smsconsent.gateways.state import SharedState

AnyTask: TypeAlias = "Task[..., Any]"
# A wake-up that was lost is made up for after so many seconds at the latest.
MARK_LIVES = 5


class WakeUp(DjangoTask):  # type: ignore[type-arg]  # generic for type checkers only
    """A task whose queueing fails no request: what was stored is stored, and beat calls again."""

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> Any:
        """Queue the task once the transaction is in. A broker that does not answer is logged."""

        def queue() -> None:
            self.delay(*args, **kwargs)

        transaction.on_commit(queue, robust=True)


def wake(task: AnyTask) -> None:
    """Have this task run soon after the open transaction, which queues what it is to find.

    A broker that does not answer is logged, and beat calls again.
    """

    def wake_once() -> None:
        if SharedState("jobs").add(_mark(task), 1, seconds=MARK_LIVES):
            task.delay()

    transaction.on_commit(wake_once, robust=True)


def clear_mark(task: AnyTask) -> None:
    """Forget that the task was woken. It says so before it looks: what is queued later wakes it again."""
    SharedState("jobs").delete(_mark(task))


def _mark(task: AnyTask) -> str:
    return f"woken:{task.name}"
