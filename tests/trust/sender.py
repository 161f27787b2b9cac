"""A worker of the campaign lane without a broker: it sends until it is told to stop, whatever happens.

`python -m tests.trust.sender SECONDS`: between two looks at an empty queue.
"""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smsconsent.settings")
django.setup()

from django.db import DatabaseError, connection  # noqa: E402  after setup
from django.utils import timezone  # noqa: E402

from campaigns.models import Delivery  # noqa: E402
from smsconsent import outbox  # noqa: E402
from smsconsent.gateways import get_gateway  # noqa: E402


def main() -> None:
    pause = float(sys.argv[1])
    while True:
        try:
            outbox.recover(Delivery, gateway=get_gateway(), now=timezone.now())
            outbox.work(Delivery, gateway=get_gateway(), clock=timezone.now)
        except DatabaseError:
            # As after a task that failed: the next one gets a connection of its own.
            connection.close()
        time.sleep(pause)


if __name__ == "__main__":
    main()
