"""Waking a worker that looks for all that waits: once, however many ask at the same time.

Telling the broker costs more than what it is told of. So whoever has woken the worker leaves a mark, and
others who find it need not; the worker wipes it away before it looks, so nothing is queued unseen.
"""

from functools import partial
from typing import Any, TypeAlias

from celery import Task
from django.db import transaction

from smsconsent.gateways.state import SharedState

AnyTask: TypeAlias = "Task[..., Any]"
# A wake-up that was lost is made up for after so many seconds at the latest.
MARK_LIVES = 5


def wake(task: AnyTask) -> None:
    """Have this task run soon after the open transaction, which queues what it is to find."""
    transaction.on_commit(partial(_wake, task))


def awake(task: AnyTask) -> None:
    """To be called by the task before it looks: whoever queues something from now on wakes it again."""
    SharedState("jobs").delete(_mark(task))


def _wake(task: AnyTask) -> None:
    if SharedState("jobs").add(_mark(task), 1, seconds=MARK_LIVES):
        task.delay()


def _mark(task: AnyTask) -> str:
    return f"woken:{task.name}"
