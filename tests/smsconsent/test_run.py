"""Ctrl-C ends `manage.py run` whenever it comes."""

import signal
from contextlib import suppress

import pytest
from celery.signals import worker_ready

from smsconsent.management.commands import run


def test_a_ctrl_c_that_python_dropped_comes_again_once_the_worker_listens() -> None:
    with run._remembering_ctrl_c():
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            worker_ready.send(sender=None)


def test_without_one_nothing_comes_when_the_worker_is_ready() -> None:
    before = signal.getsignal(signal.SIGINT)

    with run._remembering_ctrl_c():
        worker_ready.send(sender=None)

    assert signal.getsignal(signal.SIGINT) is before
