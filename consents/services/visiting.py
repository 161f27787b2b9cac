"""My page: a number, a code to it, a quarter of an hour, and what a person may then do alone (L11, L44).

Proving control of the number is the only proof of identity that is asked for. No password, no papers.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from consents import limits, tasks, transitions
from consents.dates import add_months
from consents.ledger import Proof
from consents.models import Consent, Organisation, Subject, Suppression, Visit, Wording
from consents.services.settling import suppress
from smsconsent import signing
from smsconsent.phones import Phone

VISIT, CODE = "visit", "page-code"
CODE_LIFE = timedelta(minutes=15)
VISIT_LIFE = timedelta(minutes=15)
METHOD = "my_page"
PAUSES = ("week", "month", "three_months")


class PageCodeWrong(Exception):
    """Not the code that was sent. It may be tried again."""


class PageCodeOver(Exception):
    """No code can open this visit any more: too late, tried too often, or used already."""


@transaction.atomic
def ask_for_code(
    organisation: Organisation, phone: Phone, *, network: bytes | None, now: datetime
) -> str:
    """Begin a visit, have a code sent to the number if we know it, and return the visitor's secret.

    One row and the same statements for every number: known, unknown, withdrawn or blocked (law.md L14).
    """
    subject = Subject.objects.with_phone(organisation, phone).first()
    may_send = limits.take_page_code(phone, network=network, now=now)
    token, code = signing.new_token(), signing.new_pin()
    Visit.objects.create(
        organisation=organisation,
        subject=subject if may_send else None,
        digest=signing.digest(token, purpose=VISIT),
        code_digest=signing.digest(code, purpose=f"{CODE}/{token}"),
        code=code,
        created_at=now,
        expires_at=now + CODE_LIFE,
    )
    tasks.queue_codes.delay_on_commit()
    return token


def enter_code(token: str, code: str, *, now: datetime) -> str:
    """Open the visit with the code from the SMS, and return a new secret that is good for 15 minutes.

    Raises PageCodeWrong or PageCodeOver. The try is counted before the code is looked at, by one conditional
    statement, so that no number of visitors at once gets more than `Visit.MOST_TRIES`.
    """
    mine = Visit.objects.filter(digest__in=signing.digests(token, purpose=VISIT))
    if not mine.waiting(now).update(tries=F("tries") + 1):
        raise PageCodeOver
    visit = mine.first()
    if visit is None:
        raise PageCodeOver
    # SECURITY: bound to the visit, so that a code opens nothing but what it was asked for.
    if not signing.is_digest_of(bytes(visit.code_digest), code, purpose=f"{CODE}/{token}"):
        raise PageCodeWrong
    fresh = signing.new_token()
    opened = Visit.objects.filter(pk=visit.pk, opened_at=None, subject__isnull=False).update(
        opened_at=now,
        expires_at=now + VISIT_LIFE,
        digest=signing.digest(fresh, purpose=VISIT),
    )
    if not opened:
        raise PageCodeOver
    return fresh


def find_visit(organisation: Organisation, token: str, *, now: datetime) -> Visit | None:
    """Return the open visit that this secret belongs to, at this organisation, or None."""
    return (
        Visit.objects.open(now)
        .filter(organisation=organisation, digest__in=signing.digests(token, purpose=VISIT))
        .select_related("subject__organisation", "organisation")
        .first()
    )


def leave(visit: Visit) -> None:
    """End the visit at once."""
    visit.delete()


def end_of_pause(choice: str, *, now: datetime) -> datetime:
    """Return when one of PAUSES ends that begins now."""
    if choice == "week":
        return now + timedelta(days=7)
    return add_months(now, {"month": 1, "three_months": 3}[choice])


@transaction.atomic
def stop_here(consent: Consent, *, now: datetime) -> bool:
    """Withdraw, or say no to what was asked. Return whether this press did it."""
    return transitions.withdraw(consent, proof=Proof(METHOD), now=now)


@transaction.atomic
def pause_here(consent: Consent, *, choice: str, now: datetime) -> bool:
    """Send nothing for one of PAUSES."""
    until = end_of_pause(choice, now=now)
    return transitions.pause(consent, until=until, proof=Proof(METHOD), now=now)


@transaction.atomic
def resume_here(consent: Consent, *, now: datetime) -> bool:
    """End the pause."""
    return transitions.resume(consent, proof=Proof(METHOD), now=now)


@transaction.atomic
def choose_count_here(consent: Consent, *, most: int | None, now: datetime) -> bool:
    """Have fewer messages than promised, or as many as promised (None). Never more."""
    return transitions.choose_count(consent, most=most, proof=Proof(METHOD), now=now)


@transaction.atomic
def renew_here(consent: Consent, *, wording: Wording, now: datetime) -> bool:
    """A fresh yes, to the words that the page has shown."""
    return transitions.renew(consent, wording=wording, proof=Proof(METHOD), now=now)


def choose_language(subject: Subject, language: str) -> None:
    """Write to this number in another language from now on."""
    Subject.objects.filter(pk=subject.pk).update(language=language)


@transaction.atomic
def say_it_was_not_me(subject: Subject, *, now: datetime) -> None:
    """End everything, and never ask this number again (F179). Safe to repeat."""
    withdraw_all(subject.consents.select_related("subject", "purpose"), now=now)
    suppress(
        subject.organisation,
        subject.phone,
        purpose=None,
        reason=Suppression.Reason.NOT_ME,
        now=now,
    )


def withdraw_all(consents: Iterable[Consent], *, now: datetime) -> None:
    """Stop each of these consents on my page, in the order in which they are locked elsewhere."""
    for consent in sorted(consents, key=lambda each: each.pk):
        transitions.withdraw(consent, proof=Proof(METHOD), now=now)
