"""The Celery application. Tasks are found in the apps' `tasks` modules."""

import gc
import os
from importlib import import_module

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smsconsent.settings")
app = Celery("smsconsent")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def check_start(**kwargs: object) -> None:
    """SECURITY: a worker with the wrong keys would take everybody in a second time."""
    import_module("smsconsent.health").require_start()
    leave_the_program_alone()


def leave_the_program_alone() -> None:
    """Have Python look for garbage only among what is made from now on. Once, when a worker has started.

    A batch makes tens of thousands of objects, and each few batches Python would go through the whole program
    to see whether any of it can go. That is a fifth of the time of a campaign, more with each module.
    """
    gc.collect()
    gc.freeze()
