"""The Celery application. Tasks are found in the apps' `tasks` modules."""

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
