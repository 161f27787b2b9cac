"""The product's settings, with each of Celery's set as nobody should set it."""

import os

from smsconsent.settings import *  # noqa: F403  these are the product's settings, changed

# Tasks vanish with the worker that took them, and each worker takes a hundred at once …
CELERY_TASK_ACKS_LATE = os.environ["WRONG"] == "redelivered"
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 100
# … or are handed out again while another worker is still at them.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1}
