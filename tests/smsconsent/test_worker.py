"""How a worker starts."""

import gc
from collections.abc import Iterator

import pytest
from celery.signals import worker_init

from smsconsent import celery


@pytest.fixture(autouse=True)
def _nothing_is_frozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.django_db
def test_a_worker_that_has_started_never_looks_for_garbage_in_the_program() -> None:
    celery.check_start()

    assert gc.get_freeze_count() > 0


def test_a_worker_looks_whether_it_may_start() -> None:
    assert celery.check_start in [receiver() for _key, receiver in worker_init.receivers]
