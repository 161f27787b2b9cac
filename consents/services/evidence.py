"""What a colleague may ask of the sealed log."""

from datetime import datetime, timedelta

from django.db import transaction

from consents import logkeys, tasks, verification
from consents.entries import Entry
from consents.models import Verification


@transaction.atomic
def verify_log(*, now: datetime) -> Verification:
    """Have the whole log verified in the background, unless that is under way. Return the verification."""
    asked = verification.ask(now=now)
    tasks.verify_log.delay_on_commit()
    return asked


def announce_log_key(*, both_for: timedelta, is_former_lost: bool, now: datetime) -> Entry:
    """Announce in the log that the first of LEDGER_SIGNING_KEY takes over. Raises logkeys.CannotAnnounce."""
    return logkeys.announce(now=now, both_for=both_for, is_former_lost=is_former_lost)
