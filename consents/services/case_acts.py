"""What is carried out for a person who asked: erase, stop and block, pause, or ask the right number."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from consents import cases, confirmations, pausing, tasks, transitions
from consents.ledger import Proof
from consents.models import Case, CaseEvent, Consent, Subject, Suppression
from consents.services.casework import NotIdentified, lock_open, write_line
from consents.services.settling import erase_subject, suppress
from smsconsent.phones import Phone
from smsconsent.staff.models import User


class ClashingRequest(Exception):
    """Another open case about the number must be answered before this one takes its data away."""


class NumberMissing(Exception):
    """A correction is carried out with the right number."""


@transaction.atomic
def act_on_case(
    case: Case, *, by: User, now: datetime, new_phone: Phone | None = None
) -> dict[str, int]:
    """Carry out what was asked, with the verbs that everything else uses. Return counts per thing done.

    Raises CaseClosed, NotIdentified, ClashingRequest, or NumberMissing when a correction names none.
    """
    mine = lock_open(case)
    if mine.kind in cases.NEEDS_IDENTITY and mine.identified_at is None:
        raise NotIdentified
    if mine.kind == Case.Kind.ERASURE and cases.clashes(mine):
        raise ClashingRequest
    act = _Act(mine, cases.subject_of(mine), new_phone, by, now)
    counts = _ACTS[mine.kind](act) if mine.kind in _ACTS else {}
    mine.acted_at = now
    mine.save(update_fields=["acted_at", "restricts"])
    write_line(mine, CaseEvent.Kind.ACTED, by=by, now=now)
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


# -- what is carried out, by what was asked for ---------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Act:
    """A case that is carried out now, by whom, and what is held about its number, if anything."""

    case: Case
    subject: Subject | None
    new_phone: Phone | None
    by: User
    now: datetime


def _object(act: _Act) -> dict[str, int]:
    """Stop everything and block: an objection needs no reason, and holds for what may come (L34)."""
    assert act.case.number is not None
    ended = 0
    if act.subject is not None:
        proof = Proof("staff", facts={"colleague": act.by.pk, "channel": "objection"})
        consents = act.subject.consents.select_related("subject", "purpose").order_by("pk")
        ended = sum(transitions.withdraw(each, proof=proof, now=act.now) for each in consents)
    suppress(
        act.case.organisation,
        act.case.number,
        purpose=None,
        reason=Suppression.Reason.OBJECTION,
        now=act.now,
    )
    return {"ended": ended, "blocked": 1}


def _restrict(act: _Act) -> dict[str, int]:
    act.case.restricts = True
    if act.subject is None:
        return {}
    return {"held": pausing.hold([act.subject], now=act.now)}


def _correct(act: _Act) -> dict[str, int]:
    if act.subject is None:
        return {}
    if act.new_phone is None:
        raise NumberMissing
    return correct_number(act.subject, act.new_phone, by=act.by, now=act.now)


def _erase(act: _Act) -> dict[str, int]:
    erasure = erase_subject(act.subject, now=act.now) if act.subject else None
    return erasure.counts if erasure else {}


# A copy is shown and not carried out.
_ACTS: dict[str, Callable[[_Act], dict[str, int]]] = {
    Case.Kind.OBJECTION: _object,
    Case.Kind.RESTRICTION: _restrict,
    Case.Kind.RECTIFICATION: _correct,
    Case.Kind.ERASURE: _erase,
}
