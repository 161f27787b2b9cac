"""Requests from people about their data, from the first word to the answer (law.md L43-L47)."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from consents import cases, pausing
from consents.dates import add_months
from consents.models import Case, CaseEvent, Letter, Organisation
from consents.models.requests import MONTHS_MORE
from consents.services.reasons import written
from smsconsent import crypto
from smsconsent.phones import Phone
from smsconsent.staff.models import User

LAST_WARNING = timedelta(days=7)
Event = CaseEvent.Kind


class CaseClosed(Exception):
    """The case has been answered; nothing more can be done in it."""


class NotIdentified(Exception):
    """The person has not shown yet that the number is theirs."""


class NotActedUpon(Exception):
    """What was asked for has not been carried out, so the case cannot end as done."""


class ComplaintMissing(Exception):
    """The answer does not say that one can complain to Datatilsynet."""


class TooLateToExtend(Exception):
    """More time can be taken once, and the person told of it, within the first month (Art. 12(3))."""


@transaction.atomic
def register_case(
    organisation: Organisation,
    phone: Phone,
    *,
    kind: str,
    channel: str,
    received_on: date,
    language: str,
    note: str,
    by: User,
    now: datetime,
) -> Case:
    """Write down what a person asked for. The clock runs from the day it came, not from today."""
    case = Case(
        organisation=organisation,
        kind=kind,
        number=phone,
        number_index=crypto.blind_index(phone, use="lookup", organisation=organisation.pk),
        key_id=crypto.current_key_id(),
        language=language,
        channel=channel,
        note=note.strip() or None,
        received_on=received_on,
        registered_by=by,
        registered_at=now,
    )
    case.set_clock()
    case.save()
    write_line(case, Event.REGISTERED, by=by, now=now)
    return case


@transaction.atomic
def extend_case(case: Case, *, reason: str, by: User, now: datetime) -> Letter:
    """Take two months more, once, and write the letter that says why.

    Raises CaseClosed, ReasonMissing, or TooLateToExtend after the first month.
    """
    mine = lock_open(case)
    why = written(reason)
    if not mine.may_extend(timezone.localdate(now)):
        raise TooLateToExtend
    # Counted from the day it came, so that 31 January ends on 30 April and not two days earlier.
    mine.due_on = add_months(mine.received_on, 1 + MONTHS_MORE)
    mine.warn_on, mine.reminded_level = mine.due_on - LAST_WARNING, 0
    mine.extended_at = now
    mine.save(update_fields=["due_on", "warn_on", "reminded_level", "extended_at"])
    write_line(mine, Event.EXTENDED, by=by, now=now)
    text = cases.draft(mine, Letter.Kind.EXTENSION, reason=why)
    return _keep(mine, Letter.Kind.EXTENSION, text, by=by, now=now)


@transaction.atomic
def lift_restriction(case: Case, *, by: User, now: datetime) -> bool:
    """End a restriction. The person is told before (GDPR Art. 18(3)). Return whether this call did it."""
    if not Case.objects.filter(pk=case.pk, restricts=True).update(restricts=False):
        return False
    write_line(case, Event.LIFTED, by=by, now=now)
    subject = cases.subject_of(case)
    if subject is not None:
        pausing.release_number(subject, by=by)
    return True


@transaction.atomic
def close_case(
    case: Case, *, outcome: str, reason: str, text: str, by: User, now: datetime
) -> Letter:
    """End a case with its outcome and its answer: `text`, or the draft when it is empty.

    Raises CaseClosed, NotIdentified or NotActedUpon (it cannot end as done), ReasonMissing, or
    ComplaintMissing: whatever the answer, it says how to complain (Art. 12(4)).
    """
    mine = lock_open(case)
    if outcome in cases.NEEDS_REASON:
        written(reason)
    if outcome == Case.Outcome.DONE:
        _require_done(mine)
    text = text.strip() or cases.draft(mine, Letter.Kind.ANSWER, outcome=outcome, reason=reason)
    if "datatilsynet" not in text.casefold():
        raise ComplaintMissing
    letter = _keep(mine, Letter.Kind.ANSWER, text, by=by, now=now)
    mine.outcome, mine.closed_at = outcome, now
    if mine.kind == Case.Kind.ERASURE and mine.acted_at is not None:
        # What was to be erased is not kept for having been erased. The letter names no number.
        mine.number = mine.number_index = mine.note = None
    mine.save()
    mine.codes.all().delete()
    write_line(mine, Event.CLOSED, by=by, now=now)
    return letter


def _require_done(case: Case) -> None:
    if case.kind in cases.NEEDS_IDENTITY and case.identified_at is None:
        raise NotIdentified
    if case.kind in cases.NEEDS_ACTION and case.acted_at is None:
        raise NotActedUpon


def lock_open(case: Case) -> Case:
    """Return the case as it is now, locked. Raises CaseClosed."""
    mine = (
        Case.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=case.pk)
    )
    if not mine.is_open:
        raise CaseClosed
    return mine


def _keep(case: Case, kind: Letter.Kind, text: str, *, by: User, now: datetime) -> Letter:
    letter, _created = Letter.objects.update_or_create(
        case=case,
        kind=kind,
        defaults={
            "language": case.language,
            "text": text,
            "key_id": crypto.current_key_id(),
            "written_at": now,
            "written_by": by,
        },
    )
    write_line(case, Event.LETTER, by=by, now=now)
    return letter


def write_line(case: Case, kind: CaseEvent.Kind, *, by: User, now: datetime) -> None:
    CaseEvent.objects.create(case=case, kind=kind, at=now, by=by)
