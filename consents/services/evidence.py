"""What a colleague may ask of the sealed log."""

import re
from datetime import datetime, timedelta

from django.db import transaction

from consents import keychanges, tasks, verification
from consents.entries import LogChange
from consents.keychanges import Agreement
from consents.models import Verification
from smsconsent.staff import roles
from smsconsent.staff.models import User

LONGEST_REASON = 200
# An address or a number. What stands in the log can never be taken out of it again.
_PERSONAL = re.compile(r"@|\d{4}")


class NotAgreed(ValueError):
    """Nobody else with the right role agrees, or the reason cannot stand in the log."""


@transaction.atomic
def verify_log(*, now: datetime) -> Verification:
    """Have the whole log verified in the background, unless that is under way. Return the verification."""
    asked = verification.ask(now=now)
    tasks.verify_log.delay_on_commit()
    return asked


def announce_log_key(
    *, both_for: timedelta, now: datetime, agreement: Agreement | None = None
) -> LogChange:
    """Announce in the log that the first of LEDGER_SIGNING_KEY takes over. Raises keychanges.CannotAnnounce.

    `agreement`: the former key is lost, and these two stand for the change instead.
    """
    return keychanges.announce(now=now, both_for=both_for, agreement=agreement)


def agree_to_lost_key(*, by: User | None, agreed_by: User | None, reason: str) -> Agreement:
    """Return what the log is to say of a change that the former key cannot sign. Raises NotAgreed.

    A privacy officer, of whichever organisation here, must agree to what somebody else asks for.
    """
    if by is None or agreed_by is None or not reason.strip():
        raise NotAgreed(
            "Without the former key two people must stand for the change: --by you, --agreed-by a privacy "
            "officer, by their e-mail addresses in the portal, and --reason why."
        )
    if by == agreed_by or not roles.is_held("privacy_officer", by=agreed_by):
        raise NotAgreed("A privacy officer other than you must agree.")
    if len(reason) > LONGEST_REASON or _PERSONAL.search(reason):
        raise NotAgreed(
            f"The reason stays in the log for good: {LONGEST_REASON} characters at most, and no number or "
            "address in it."
        )
    return Agreement(
        asked_by=f"account {by.pk}",
        agreed_by=f"privacy officer, account {agreed_by.pk}",
        reason=" ".join(reason.split()),
    )
