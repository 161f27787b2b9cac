"""What is said while a consent lives: a yearly reminder with the way out, a changed notice, a new question.

Service messages without marketing (law.md L23, L24; F160, F161). Once each: the mark on the consent and
the queued message stand or fall together. Silence renews nothing.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from consents import calendar, confirmations, writing
from consents.dates import add_months
from consents.models import (
    Confirmation,
    Consent,
    PrivacyNotice,
    Purpose,
    ServiceMessage,
    Subject,
)

# What has not left by then, or by the end of the purpose's hours, would disturb somebody.
LEAVES_WITHIN = timedelta(hours=4)
# How long the question can be answered, if the consent does not end before.
ANSWERED_WITHIN = timedelta(days=90)


def remind(*, now: datetime, limit: int = 500) -> int:
    """Remind people of what they said yes to, and how to stop. Return how many were queued."""
    asking = [purpose for purpose in _awake(now) if purpose.reminder_months]
    return sum(_remind(_due_for_reminder(purpose, now), now=now, limit=limit) for purpose in asking)


def ask_to_renew(*, now: datetime, limit: int = 500) -> int:
    """Ask for a new yes where the old one ends soon or no longer covers what is sent. Return how many."""
    awake = _awake(now)
    return sum(_ask(_due_for_renewal(purpose, now), now=now, limit=limit) for purpose in awake)


def _awake(now: datetime) -> list[Purpose]:
    """Return the open purposes within whose hours we are: at others nobody is disturbed (L28)."""
    purposes = Purpose.objects.open(now).order_by("pk")
    return [each for each in purposes if calendar.next_opening(each, now) == now]


def _until(consent: Consent, now: datetime) -> datetime:
    return min(now + LEAVES_WITHIN, calendar.closing(consent.purpose, now))


def _due_for_reminder(purpose: Purpose, now: datetime) -> QuerySet[Consent]:
    """So long after the last yes or the last reminder; not when the question to renew is near."""
    rows = Consent.objects.for_purpose(purpose).sendable(now)
    return rows.annotate(heard_at=Coalesce("reminded_at", "renewed_at", "confirmed_at")).filter(
        heard_at__lte=add_months(now, -purpose.reminder_months),
        valid_until__gt=now + timedelta(days=purpose.renewal_days),
    )


def _due_for_renewal(purpose: Purpose, now: datetime) -> QuerySet[Consent]:
    """Those not asked yet: near the end, or under words that have changed in substance since."""
    rows = Consent.objects.for_purpose(purpose).renewable(now)
    changed = rows.outdated().values("pk")
    ends_soon = Q(valid_until__lte=now + timedelta(days=purpose.renewal_days))
    why = Q(pk__in=changed) | (ends_soon if purpose.renewal_days else Q(pk__in=[]))
    last_change = purpose.wordings.filter(is_material=True).order_by("-published_at").first()
    not_asked = Q(renewal_asked_at=None)
    if last_change is not None:
        not_asked |= Q(pk__in=changed, renewal_asked_at__lt=last_change.published_at)
    return rows.filter(why, not_asked)


def tell_of_notice(*, now: datetime, limit: int = 500) -> int:
    """Tell people, each once, that the privacy notice has changed in substance. Return how many."""
    changed = PrivacyNotice.objects.filter(is_material=True).order_by("version")
    newest = {(each.organisation_id, each.language): each for each in changed}
    awake = _awake(now)
    return sum(
        _tell(_not_told(notice, now).filter(purpose__in=awake), now=now, limit=limit)
        for notice in newest.values()
    )


def _not_told(notice: PrivacyNotice, now: datetime) -> QuerySet[Consent]:
    """Those who said yes before it was published, and read the language in which it was."""
    at = notice.published_at
    return Consent.objects.renewable(now).filter(
        Q(renewed_at=None) | Q(renewed_at__lt=at),
        Q(subject__notice_told_at=None) | Q(subject__notice_told_at__lt=at),
        purpose__organisation=notice.organisation_id,
        subject__language=notice.language,
        confirmed_at__lt=at,
    )


@transaction.atomic
def _tell(due: QuerySet[Consent], *, now: datetime, limit: int) -> int:
    """One message a person, whatever the number of consents."""
    by_person = {consent.subject_id: consent for consent in _locked(due, limit=limit)}
    ServiceMessage.objects.bulk_create(
        writing.prepare_notice(consent, now=now, not_after=_until(consent, now))
        for consent in by_person.values()
    )
    Subject.objects.filter(pk__in=by_person).update(notice_told_at=now)
    return len(by_person)


@transaction.atomic
def _remind(due: QuerySet[Consent], *, now: datetime, limit: int) -> int:
    consents = _locked(due, limit=limit)
    ServiceMessage.objects.bulk_create(
        writing.prepare_reminder(consent, now=now, not_after=_until(consent, now))
        for consent in consents
    )
    _mark(consents, reminded_at=now)
    return len(consents)


@transaction.atomic
def _ask(due: QuerySet[Consent], *, now: datetime, limit: int) -> int:
    consents = _locked(due, limit=limit)
    words = {
        language: consents[0].purpose.wordings.current(language)
        for language in {consent.wording.language for consent in consents}
    }
    pairs = [
        confirmations.prepare_renewal(
            consent,
            words[consent.wording.language] or consent.wording,
            now=now,
            not_after=_until(consent, now),
            expires_at=_end_of_question(consent, now),
        )
        for consent in consents
    ]
    Confirmation.objects.bulk_create(confirmation for confirmation, _message in pairs)
    ServiceMessage.objects.bulk_create(message for _confirmation, message in pairs)
    _mark(consents, renewal_asked_at=now)
    return len(consents)


def _end_of_question(consent: Consent, now: datetime) -> datetime:
    assert consent.valid_until is not None
    return min(consent.valid_until, now + ANSWERED_WITHIN)


def _locked(due: QuerySet[Consent], *, limit: int) -> list[Consent]:
    """Lock people, then their consents, in the order that all keep (`locking`), and return what is due still.

    Nobody is waited for: who is busy with a stop, or with leaving, has their turn the next time.
    """
    picked = dict(due.order_by("pk").values_list("pk", "subject")[:limit])
    people = Subject.objects.filter(pk__in=picked.values()).order_by("pk")
    held = people.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
    rows = due.filter(pk__in=picked, subject__in=list(held)).order_by("pk")
    rows = rows.select_related("subject", "purpose__organisation", "purpose__sender", "wording")
    return list(rows.select_for_update(no_key=True, skip_locked=True, of=("self",)))


def _mark(consents: list[Consent], **marks: datetime) -> None:
    Consent.objects.filter(pk__in=[consent.pk for consent in consents]).update(**marks)
