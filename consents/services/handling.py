"""Requests from people about their data, from the first word to the answer (law.md L43-L47)."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from consents import cases, confirmations, journal, limits, tasks, transitions, writing
from consents.dates import add_months
from consents.ledger import Proof
from consents.models import (
    Case,
    CaseCode,
    CaseEvent,
    Consent,
    Letter,
    Organisation,
    Subject,
    Suppression,
)
from consents.models.requests import MONTHS_MORE
from consents.services.reasons import written
from consents.services.settling import erase_subject, release_number, suppress
from smsconsent import crypto, signing
from smsconsent.phones import Phone
from smsconsent.staff.models import User

CODE, CODE_LIFE = "case-code", timedelta(minutes=15)
LAST_WARNING = timedelta(days=7)
Event = CaseEvent.Kind


class CaseClosed(Exception):
    """The case has been answered; nothing more can be done in it."""


class NotIdentified(Exception):
    """The person has not shown yet that the number is theirs."""


class ClashingRequest(Exception):
    """Another open case about the number must be answered before this one takes its data away."""


class NotActedUpon(Exception):
    """What was asked for has not been carried out, so the case cannot end as done."""


class NumberMissing(Exception):
    """A correction is carried out with the right number."""


class ComplaintMissing(Exception):
    """The answer does not say that one can complain to Datatilsynet."""


class TooLateToExtend(Exception):
    """More time can be taken once, and the person told of it, within the first month (Art. 12(3))."""


class CodeNotSent(Exception):
    """Enough codes were sent to this number today, or the organisation has no sender."""


class CodeWrong(Exception):
    """Not the code that was sent. It may be read back again."""


class CodeOver(Exception):
    """No code waits: too old, used, or tried five times."""


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
    _write(case, Event.REGISTERED, by=by, now=now)
    return case


@transaction.atomic
def send_case_code(case: Case, *, by: User, now: datetime) -> None:
    """Send a code to the number, for the person to read back. An earlier one ends.

    Raises CaseClosed or CodeNotSent.
    """
    mine = _lock(case)
    sender = mine.organisation.senders.order_by("pk").first()
    if mine.number is None or sender is None:
        raise CodeNotSent
    if not limits.may_send_case_code(mine.number, now=now):
        raise CodeNotSent
    code = signing.new_pin()
    mine.codes.update(expires_at=now)
    CaseCode.objects.create(
        case=mine,
        digest=signing.digest(code, purpose=_code_purpose(mine)),
        created_at=now,
        expires_at=now + CODE_LIFE,
    )
    writing.queue_case_code(
        mine, sender=sender.value, code=code, not_after=now + CODE_LIFE, now=now
    )
    _write(mine, Event.CODE_SENT, by=by, now=now)
    tasks.send_service_messages.delay_on_commit()


def check_case_code(case: Case, code: str, *, by: User, now: datetime) -> None:
    """Compare what the person read back. Raises CodeWrong or CodeOver.

    The try is counted, and kept, before the code is looked at: whoever types at once shares five tries.
    """
    waiting = CaseCode.waiting(case, now)
    found = waiting.order_by("-pk").first()
    if found is None or not waiting.filter(pk=found.pk).update(tries=F("tries") + 1):
        raise CodeOver
    if not signing.is_digest_of(
        bytes(found.digest), code.replace(" ", ""), purpose=_code_purpose(case)
    ):
        _write(case, Event.CODE_WRONG, by=by, now=now)
        raise CodeWrong
    with transaction.atomic():
        if not CaseCode.objects.filter(pk=found.pk, used_at=None).update(used_at=now):
            raise CodeOver
        Case.objects.filter(pk=case.pk).update(identified_at=now)
        _write(case, Event.IDENTIFIED, by=by, now=now)


@transaction.atomic
def extend_case(case: Case, *, reason: str, by: User, now: datetime) -> Letter:
    """Take two months more, once, and write the letter that says why.

    Raises CaseClosed, ReasonMissing, or TooLateToExtend after the first month.
    """
    mine = _lock(case)
    why = written(reason)
    if not mine.may_extend(timezone.localdate(now)):
        raise TooLateToExtend
    # Counted from the day it came, so that 31 January ends on 30 April and not two days earlier.
    mine.due_on = add_months(mine.received_on, 1 + MONTHS_MORE)
    mine.warn_on, mine.reminded_level = mine.due_on - LAST_WARNING, 0
    mine.extended_at = now
    mine.save(update_fields=["due_on", "warn_on", "reminded_level", "extended_at"])
    _write(mine, Event.EXTENDED, by=by, now=now)
    text = cases.draft(mine, Letter.Kind.EXTENSION, reason=why)
    return _keep(mine, Letter.Kind.EXTENSION, text, by=by, now=now)


@transaction.atomic
def act_on_case(
    case: Case, *, by: User, now: datetime, new_phone: Phone | None = None
) -> dict[str, int]:
    """Carry out what was asked, with the verbs that everything else uses. Return counts per thing done.

    Raises CaseClosed, NotIdentified, ClashingRequest, or NumberMissing when a correction names none.
    """
    mine = _lock(case)
    if mine.kind in cases.NEEDS_IDENTITY and mine.identified_at is None:
        raise NotIdentified
    if mine.kind == Case.Kind.ERASURE and cases.clashes(mine):
        raise ClashingRequest
    subject = cases.subject_of(mine)
    counts: dict[str, int] = {}
    if mine.kind == Case.Kind.OBJECTION:
        counts = _object(mine, subject, by=by, now=now)
    elif mine.kind == Case.Kind.RESTRICTION:
        mine.restricts = True
        counts = _restrict(subject, now=now)
    elif mine.kind == Case.Kind.RECTIFICATION and subject is not None:
        if new_phone is None:
            raise NumberMissing
        counts = correct_number(subject, new_phone, by=by, now=now)
    elif mine.kind == Case.Kind.ERASURE and subject is not None:
        erasure = erase_subject(subject, now=now)
        counts = erasure.counts if erasure else {}
    mine.acted_at = now
    mine.save(update_fields=["acted_at", "restricts"])
    _write(mine, Event.ACTED, by=by, now=now)
    return counts


@transaction.atomic
def correct_number(subject: Subject, phone: Phone, *, by: User, now: datetime) -> dict[str, int]:
    """End every yes of the old number and ask the new one. A consent never moves (law.md L47).

    Return how many ended and how many were asked for: the limits per number hold here too.
    """
    proof = Proof("staff", facts={"colleague": by.pk, "channel": "correction"})
    consents = list(
        subject.consents.select_related("subject", "purpose__organisation", "wording").order_by(
            "pk"
        )
    )
    given = [each for each in consents if each.state == Consent.State.GRANTED]
    ended = sum(transitions.withdraw(each, proof=proof, now=now) for each in consents)
    asked = 0
    for each in given:
        wording = each.purpose.wordings.current(each.wording.language)
        asked += wording is not None and bool(
            confirmations.ask(
                each.purpose,
                phone,
                wording=wording,
                source=Consent.Source.STAFF,
                proof=proof,
                now=now,
            )
        )
    tasks.send_service_messages.delay_on_commit()
    return {"ended": ended, "asked": asked, "not_asked": len(given) - asked}


@transaction.atomic
def lift_restriction(case: Case, *, by: User, now: datetime) -> bool:
    """End a restriction. The person is told before (GDPR Art. 18(3)). Return whether this call did it."""
    if not Case.objects.filter(pk=case.pk, restricts=True).update(restricts=False):
        return False
    _write(case, Event.LIFTED, by=by, now=now)
    subject = cases.subject_of(case)
    if subject is not None:
        release_number(subject, by=by)
    return True


@transaction.atomic
def close_case(
    case: Case, *, outcome: str, reason: str, text: str, by: User, now: datetime
) -> Letter:
    """End a case with its outcome and its answer: `text`, or the draft when it is empty.

    Raises CaseClosed, NotIdentified or NotActedUpon (it cannot end as done), ReasonMissing, or
    ComplaintMissing: whatever the answer, it says how to complain (Art. 12(4)).
    """
    mine = _lock(case)
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
    _write(mine, Event.CLOSED, by=by, now=now)
    return letter


def _require_done(case: Case) -> None:
    if case.kind in cases.NEEDS_IDENTITY and case.identified_at is None:
        raise NotIdentified
    if case.kind in cases.NEEDS_ACTION and case.acted_at is None:
        raise NotActedUpon


def _object(case: Case, subject: Subject | None, *, by: User, now: datetime) -> dict[str, int]:
    """Stop everything and block: an objection needs no reason, and holds for what may come (L34)."""
    assert case.number is not None
    ended = 0
    if subject is not None:
        proof = Proof("staff", facts={"colleague": by.pk, "channel": "objection"})
        consents = subject.consents.select_related("subject", "purpose").order_by("pk")
        ended = sum(transitions.withdraw(each, proof=proof, now=now) for each in consents)
    suppress(
        case.organisation,
        case.number,
        purpose=None,
        reason=Suppression.Reason.OBJECTION,
        now=now,
    )
    return {"ended": ended, "blocked": 1}


def _restrict(subject: Subject | None, *, now: datetime) -> dict[str, int]:
    if subject is None:
        return {}
    held = Subject.objects.filter(pk=subject.pk, held_at=None).update(held_at=now)
    journal.note_holds([subject])
    return {"held": held}


def _lock(case: Case) -> Case:
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
    _write(case, Event.LETTER, by=by, now=now)
    return letter


def _write(case: Case, kind: CaseEvent.Kind, *, by: User, now: datetime) -> None:
    CaseEvent.objects.create(case=case, kind=kind, at=now, by=by)


def _code_purpose(case: Case) -> str:
    """SECURITY: bound to the case, so that a code opens nothing else."""
    return f"{CODE}/{case.public_id.hex}"
