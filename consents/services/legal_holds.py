"""Legal holds, each step by two people: one asks, another approves (GDPR Art. 17(3)(e), trust.md § 6)."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from consents import legal_holds
from consents.models import HeldEvidence, HoldOpening, LegalHold, Subject
from consents.services.reasons import written
from smsconsent import crypto
from smsconsent.staff.models import User

OPEN_FOR = timedelta(hours=1)
LONGEST = timedelta(days=3 * 366)


class NeedsAnother(Exception):
    """The same colleague cannot ask and approve."""


class LastDayRefused(ValueError):
    """The last day of a hold is not ahead, or more than three years away."""


class NoHoldKey(Exception):
    """This installation has no key for what is held (`FERNET_HOLD_KEYS`)."""


def ask_for_hold(
    subject: Subject, *, reason: str, ends_on: date, by: User, now: datetime
) -> LegalHold:
    """Ask that the evidence of this number be held, its last day included. Another must approve.

    Raises NoHoldKey, LastDayRefused or ReasonMissing.
    """
    today = timezone.localdate(now)
    if not crypto.can_hold():
        raise NoHoldKey
    if not today < ends_on <= today + LONGEST:
        raise LastDayRefused
    return LegalHold.objects.create(
        organisation=subject.organisation,
        subject=subject,
        reason=written(reason),
        ends_on=ends_on,
        asked_by=by,
        asked_at=now,
    )


@transaction.atomic
def approve_hold(hold: LegalHold, *, by: User, now: datetime) -> bool:
    """Approve, once. Return whether this call did it. Raises NeedsAnother for whoever asked."""
    if hold.asked_by_id == by.pk:
        raise NeedsAnother
    waiting = LegalHold.objects.filter(pk=hold.pk, approved_at=None, subject__isnull=False)
    return bool(waiting.update(approved_by=by, approved_at=now))


def ask_to_release(hold: LegalHold, *, reason: str, by: User, now: datetime) -> bool:
    """Ask that a hold end before its last day. Nothing ends until another approves.

    Return whether this call asked: once is enough. Raises ReasonMissing.
    """
    mine = LegalHold.objects.filter(
        pk=hold.pk, approved_at__isnull=False, release_asked_at=None, reason__isnull=False
    )
    asked = mine.update(
        release_reason=written(reason)[:200], release_asked_by=by, release_asked_at=now
    )
    return bool(asked)


@transaction.atomic
def approve_release(hold: LegalHold, *, by: User, now: datetime) -> bool:
    """End a hold at once, and delete what it kept. Return whether this call did it.

    Who asked, who approved and why stay as long as the trace of any hold. Raises NeedsAnother for
    whoever asked.
    """
    waiting = LegalHold.objects.filter(
        pk=hold.pk, release_asked_at__isnull=False, released_at=None, reason__isnull=False
    )
    if waiting.filter(release_asked_by=by).exists():
        raise NeedsAnother
    released = waiting.update(released_by=by, released_at=now)
    if released:
        legal_holds.end([hold.pk])
    return bool(released)


def ask_to_open(hold: LegalHold, *, reason: str, by: User, now: datetime) -> HoldOpening:
    """Ask to read what is held. Nothing is shown until another approves. Raises ReasonMissing."""
    return HoldOpening.objects.create(
        hold=hold, reason=written(reason)[:200], asked_by=by, asked_at=now
    )


@transaction.atomic
def approve_opening(opening: HoldOpening, *, by: User, now: datetime) -> bool:
    """Let the other read for an hour, once. Raises NeedsAnother for whoever asked."""
    if opening.asked_by_id == by.pk:
        raise NeedsAnother
    waiting = HoldOpening.objects.filter(pk=opening.pk, approved_at=None)
    return bool(waiting.update(approved_by=by, approved_at=now))


def read_held(hold: LegalHold, *, by: User, now: datetime) -> list[HeldEvidence] | None:
    """Return the held evidence to whoever asked, for an hour after another has approved; else None."""
    allowed = hold.openings.filter(asked_by=by, approved_at__gt=now - OPEN_FOR)
    if not allowed.exists():
        return None
    return list(hold.evidence.order_by("pk"))
