"""What a request for consent would meet: the form, and what is known of a number. A trip each.

One number after the other comes in by the public form, and whoever waits there could measure the answer.
So every number costs the same, whatever is known of it (trust.md T17).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection

from consents.models import (
    Confirmation,
    Consent,
    Organisation,
    Purpose,
    Sender,
    Subject,
    Suppression,
    Wording,
)
from smsconsent import crypto
from smsconsent.phones import Phone
from smsconsent.trips import Answer, Trip, columns, load, load_all, next_key, places, stored

# Stands in a query that is written once for the moment that it is asked about.
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a number and a purpose, locked. `keys` are for a subject and a consent yet to be."""

    purpose: Purpose
    phone: Phone
    subject: Subject | None
    consent: Consent | None
    is_blocked: bool
    # The consent needs no new yes (`Consent.objects.standing`).
    is_standing: bool
    # A question is on its way to the person, and may still be answered.
    is_asked: bool
    keys: tuple[int, int]

    def is_open(self, now: datetime) -> bool:
        """A request waits for an answer already."""
        consent = self.consent
        return (
            consent is not None
            and consent.state == Consent.State.PENDING
            and consent.answer_by > now
        )

    def asks(self, wording: Wording, source: str) -> bool:
        """The consent was asked for in these words, and this way."""
        consent = self.consent
        return consent is not None and (consent.wording_id, consent.source) == (wording.pk, source)

    def holds(self, now: datetime) -> bool:
        """A yes of whoever has the number holds, though it may no longer suffice for what is sent today."""
        consent, subject = self.consent, self.subject
        if not consent or not subject or not consent.is_granted or is_over(consent, now):
            return False
        said = (consent.confirmed_at, consent.renewed_at)
        doubted_at = subject.suspended_at
        return doubted_at is None or any(at > doubted_at for at in said if at)

    @property
    def needs_nothing(self) -> bool:
        """There is nothing to ask: the consent is given already, or the number is on the block list."""
        return self.is_blocked or self.is_standing


def find_form(
    organisation: str, purpose: str, *, language: str, now: datetime
) -> tuple[Purpose, Wording] | None:
    """Return the open purpose at this address, and its newest words in this language, else in bokmål.

    None without published words: then there is nothing to say yes to (law.md L10). One trip.
    """
    trip = Trip()
    found = trip.add(
        f"SELECT {columns(Purpose, 'p')}, {columns(Organisation, 'o')}, {columns(Sender, 's')},"  # noqa: S608  names, placeholders
        f" {columns(Wording, 'w')} FROM consents_purpose p"
        " JOIN consents_organisation o ON o.id = p.organisation_id"
        " JOIN consents_sender s ON s.id = p.sender_id JOIN consents_wording w ON w.purpose_id = p.id"
        " WHERE o.slug = %s AND p.slug = %s AND (p.closed_at IS NULL OR p.closed_at > %s)"
        # Words that came with an import were shown elsewhere, before.
        " AND w.imported_text = '' AND w.language IN (%s, 'nb')"
        " ORDER BY CASE WHEN w.language = %s THEN 0 ELSE 1 END, w.version DESC LIMIT 1",
        [organisation, purpose, stored(Purpose, "closed_at", now), language, language],
    )
    trip.go()
    if not found.rows:
        return None
    asked, controller, sender, wording = load_all(
        (Purpose, Organisation, Sender, Wording), found.rows[0]
    )
    asked.organisation, asked.sender, wording.purpose = controller, sender, asked
    return asked, wording


def look(purpose: Purpose, phone: Phone, *, now: datetime) -> Situation:
    """Lock subject and consent, as `locking` does, and return what a request would meet. One trip."""
    trip = Trip()
    blocked = _ask_blocks(purpose, phone, trip=trip)
    subjects, consents, words, standing, asked = _ask_numbers(purpose, phone, now=now, trip=trip)
    keys = [next_key(Subject, trip=trip), next_key(Consent, trip=trip)]
    trip.go()
    subject = load(Subject, subjects.rows[0]) if subjects.rows else None
    consent = load(Consent, consents.rows[0]) if consents.rows else None
    if subject and consent:
        consent.subject, consent.purpose = subject, purpose
        consent.wording = load(Wording, words.rows[0])
    return Situation(
        purpose=purpose,
        phone=phone,
        subject=subject,
        consent=consent,
        is_blocked=bool(blocked.rows),
        is_standing=bool(standing.rows),
        is_asked=bool(asked.rows),
        keys=(keys[0].rows[0][0], keys[1].rows[0][0]),
    )


def _ask_blocks(purpose: Purpose, phone: Phone, *, trip: Trip) -> Answer:
    organisation = purpose.organisation_id
    blocks = crypto.blind_indexes(phone, use="suppression", organisation=organisation)
    return trip.add(
        'SELECT 1 FROM consents_suppression WHERE organisation_id = %s AND "index" IN'  # noqa: S608  placeholders
        f" {places(blocks)} AND (purpose_id IS NULL OR purpose_id = %s) LIMIT 1",
        [organisation, *(stored(Suppression, "index", each) for each in blocks), purpose.pk],
    )


def _ask_numbers(
    purpose: Purpose, phone: Phone, *, now: datetime, trip: Trip
) -> tuple[Answer, Answer, Answer, Answer, Answer]:
    """Ask for the subject, its consent and that one's words, whether it stands, whether it is asked about."""
    organisation = purpose.organisation_id
    forms = crypto.blind_indexes(phone, use="lookup", organisation=organisation)
    whose: list[Any] = [organisation, *(stored(Subject, "phone_index", form) for form in forms)]
    this = (
        "c.subject_id IN (SELECT s.id FROM consents_subject s"  # noqa: S608  placeholders
        f" WHERE s.organisation_id = %s AND s.phone_index IN {places(forms)}) AND c.purpose_id = %s"
    )
    mine = [*whose, purpose.pk]
    waiting = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    stands, values = _standing(now)
    return (
        trip.add(
            f"SELECT {columns(Subject, 's')} FROM consents_subject s"  # noqa: S608  names, placeholders
            f" WHERE s.organisation_id = %s AND s.phone_index IN {places(forms)}{waiting}",
            whose,
        ),
        trip.add(
            f"SELECT {columns(Consent, 'c')} FROM consents_consent c WHERE {this}{waiting}",  # noqa: S608  the same
            mine,
        ),
        trip.add(
            f"SELECT {columns(Wording, 'w')} FROM consents_wording w"  # noqa: S608  the same
            f" JOIN consents_consent c ON c.wording_id = w.id WHERE {this}",
            mine,
        ),
        trip.add(
            f"SELECT 1 FROM consents_consent c WHERE {this} AND c.id IN ({stands})",  # noqa: S608  the same
            [*mine, *values],
        ),
        trip.add(
            "SELECT 1 FROM consents_confirmation f JOIN consents_consent c ON c.id = f.consent_id"  # noqa: S608  the same
            f" WHERE {this} AND f.used_at IS NULL AND f.expires_at > %s LIMIT 1",
            [*mine, stored(Confirmation, "expires_at", now)],
        ),
    )


def is_over(consent: Consent, now: datetime) -> bool:
    """The time of a yes is over."""
    return consent.valid_until is None or consent.valid_until <= now


def _standing(now: datetime) -> tuple[str, list[Any]]:
    sql, params = _standing_at_some_time(connection.vendor)
    some_time, moment = (stored(Consent, "valid_until", each) for each in (_SOME_TIME, now))
    return sql, [moment if each == some_time else each for each in params]


@cache
def _standing_at_some_time(vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Return how Django asks for the consents that stand: writing it takes longer than answering it."""
    ids = Consent.objects.standing(_SOME_TIME).order_by().values("pk")
    sql, params = ids.query.sql_with_params()
    return sql, tuple(params)
