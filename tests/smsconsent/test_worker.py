"""How a worker starts."""

import gc

import pytest
from celery.signals import worker_init

from smsconsent.celery import app


@pytest.mark.django_db
def test_a_worker_that_has_started_never_looks_for_garbage_in_the_program() -> None:
    before = gc.get_freeze_count()

    worker_init.send(sender=app)

    frozen = gc.get_freeze_count()
    gc.unfreeze()
    assert before == 0 < frozen
