"""What a colleague may ask of the sealed log."""

from datetime import datetime

from django.db import transaction

from consents import tasks, verification
from consents.models import Verification


@transaction.atomic
def verify_log(*, now: datetime) -> Verification:
    """Have the whole log verified in the background, unless that is under way. Return the verification."""
    asked = verification.ask(now=now)
    tasks.verify_log.delay_on_commit()
    return asked
