"""Requests from people about their data: what belongs together, the words of the answer, the clock, the end.

law.md L43, L44. The verbs stand in `services.casework`.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from consents import purging
from consents.erasing import forget_cases
from consents.models import Case, CaseCode, CaseEvent, Letter, Organisation, Subject, Suppression
from consents.officers import mail_officers, officers_of
from consents.purging import Counts
from consents.retention import Policy
from consents.turns import take_turns

Kind = Case.Kind
# Done for nobody but the person whose number it is: they show or destroy, where the others only stop.
NEEDS_IDENTITY = {Kind.ACCESS, Kind.PORTABILITY, Kind.ERASURE, Kind.RECTIFICATION}
# There is something to carry out before the case can be closed as done.
NEEDS_ACTION = {Kind.ERASURE, Kind.RECTIFICATION, Kind.OBJECTION, Kind.RESTRICTION}
# The answer encloses a copy of everything that is held.
SHOWS_DATA = {Kind.ACCESS, Kind.PORTABILITY}
# Erasing takes away what these others ask for: they are answered first.
BEFORE_ERASURE = {Kind.ACCESS, Kind.PORTABILITY, Kind.RESTRICTION}
NEEDS_REASON = {Case.Outcome.REFUSED, Case.Outcome.PARTLY}
WARNED, OVERDUE = 1, 2


def subject_of(case: Case) -> Subject | None:
    """Return what we hold about the number of the case, if anything."""
    if case.number is None:
        return None
    return Subject.objects.with_phone(case.organisation, case.number).first()


def related(case: Case) -> list[tuple[Literal["doubled", "clashing"], Case]]:
    """Return the other open cases about this number that ask the same, or what cannot both be done."""
    if case.number is None:
        return []
    others = Case.objects.about(case.organisation, case.number).open().exclude(pk=case.pk)
    found: list[tuple[Literal["doubled", "clashing"], Case]] = []
    for other in others.order_by("received_on", "pk"):
        kinds = {case.kind, other.kind}
        if case.kind == other.kind:
            found.append(("doubled", other))
        elif Kind.ERASURE in kinds and kinds & BEFORE_ERASURE:
            found.append(("clashing", other))
    return found


def clashes(case: Case) -> bool:
    """Return whether another open case must be answered before this one is carried out."""
    return any(relation == "clashing" for relation, _other in related(case))


def is_restricted(subject: Subject) -> bool:
    """Return whether a restriction is in force for this number (GDPR Art. 18)."""
    mine = Case.objects.about(subject.organisation, subject.phone)
    return mine.filter(restricts=True).exists()


def was_lifted(subject: Subject, *, since: datetime) -> bool:
    """Return whether a restriction of this number was lifted since then."""
    mine = Case.objects.about(subject.organisation, subject.phone)
    lifted = CaseEvent.objects.filter(case__in=mine, kind=CaseEvent.Kind.LIFTED, at__gte=since)
    return lifted.exists()


# -- the words ---------------------------------------------------------------------------------------------
def draft(case: Case, kind: Letter.Kind, *, outcome: str = "done", reason: str = "") -> str:
    """Return the text of a letter, in the language of the case, for the officer to read and change."""
    number = case.number
    blocked = number is not None and (
        Suppression.objects.blocking(case.organisation, number).exists()
    )
    context = {
        "case": case,
        "organisation": case.organisation,
        "outcome": outcome,
        "reason": reason.strip(),
        "is_known": subject_of(case) is not None,
        "is_blocked": blocked,
        "operator": settings.SMS_OPERATOR,
    }
    with translation.override(case.language):
        text = render_to_string(f"consents/letters/{kind}.txt", context)
    parts = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(part for part in parts if part)


# -- the clock -----------------------------------------------------------------------------------------------
def remind(*, now: datetime) -> int:
    """Mail the privacy officers about cases past their warning or their end: once each. Return how many.

    Mail that cannot be sent keeps no other organisation waiting. Raises the first error at the end.
    """
    today = timezone.localdate(now)
    late = Case.objects.open().filter(
        Q(warn_on__lte=today, reminded_level__lt=WARNED)
        | Q(due_on__lt=today, reminded_level__lt=OVERDUE)
    )
    owners = Organisation.objects.filter(pk__in=late.values("organisation")).order_by("pk")
    return take_turns(owners, partial(_remind_one, late=late, now=now))


@transaction.atomic
def _remind_one(organisation: Organisation, *, late: QuerySet[Case], now: datetime) -> int:
    """The mark and the mail stand or fall together."""
    mine = late.filter(organisation=organisation).select_for_update(of=("self",), skip_locked=True)
    found = list(mine.order_by("due_on", "pk")[:200])
    if not found or not officers_of(organisation):
        return 0
    today = timezone.localdate(now)
    for case in found:
        case.reminded_level = OVERDUE if case.due_on < today else WARNED
    Case.objects.bulk_update(found, ["reminded_level"])
    CaseEvent.objects.bulk_create(
        CaseEvent(case=case, kind=CaseEvent.Kind.REMINDED, at=now) for case in found
    )
    mail_officers(organisation, "cases", {"cases": found, "today": today})
    return len(found)


# -- the end -----------------------------------------------------------------------------------------------
def _old(now: datetime) -> QuerySet[Case]:
    """A restriction in force keeps its case: it must be possible to lift it."""
    end = now - timedelta(days=settings.CASES_FOR_DAYS)
    return Case.objects.filter(closed_at__lte=end, restricts=False)


def _told(now: datetime) -> QuerySet[Case]:
    """Answered so long ago that a complaint would have come. A restriction in force keeps its number."""
    end = now - timedelta(days=settings.CASE_NUMBERS_FOR_DAYS)
    held = Q(number__isnull=False) | Exists(Letter.objects.filter(case=OuterRef("pk")))
    return Case.objects.filter(held, closed_at__lte=end, restricts=False)


def _old_codes(now: datetime) -> QuerySet[CaseCode]:
    return CaseCode.objects.filter(expires_at__lte=now - timedelta(days=1))


def _count(now: datetime) -> Counts:
    return {
        Case._meta.label: _old(now).count() + _told(now).count(),
        CaseCode._meta.label: _old_codes(now).count(),
    }


@transaction.atomic
def _purge(now: datetime, limit: int) -> Counts:
    codes = list(_old_codes(now).values_list("pk", flat=True)[:limit])
    old = list(_old(now).order_by("pk").values_list("pk", flat=True)[:limit])
    return purging.added(
        CaseCode.objects.filter(pk__in=codes).delete()[1],
        Case.objects.filter(pk__in=old).delete()[1],
        forget_cases(_told(now)[:limit]),
    )


POLICY: tuple[Policy, ...] = (
    Policy(
        name="requests",
        title=_("Requests from people about their data"),
        covers=(
            "consents.Case.number",
            "consents.Case.number_index",
            "consents.Case.note",
            "consents.CaseCode.digest",
            "consents.Letter.text",
        ),
        reason=_("To answer in time, and to show how and when it was answered."),
        life=_(
            "Number, note and letters: 90 days after the answer. What was asked and how it ended, without "
            "the number: 24 months. Codes: 1 day."
        ),
        purge=_purge,
        count=_count,
    ),
)
