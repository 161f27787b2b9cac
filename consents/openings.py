"""Opening a request for consent: what stands in its way, and how it is recorded. Two trips to the database.

One number after the other comes in by the public form, and whoever waits there could measure the answer.
So every number costs the same: `look` and `record_request` once each, whatever is known of it (trust.md T17).
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from secrets import randbelow, token_bytes
from typing import Any

from django.conf import settings
from django.db import connection

from consents import ledger, receipts
from consents.ledger import Proof
from consents.models import (
    Confirmation,
    Consent,
    ConsentEvent,
    Organisation,
    Purpose,
    Sender,
    Subject,
    Suppression,
    Wording,
)
from smsconsent import crypto, signing
from smsconsent.phones import Phone
from smsconsent.trips import Answer, Trip, columns, load, load_all, next_key, places, stored

UNANSWERED_FOR = timedelta(days=7)
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
        if not consent or not subject or not consent.is_granted or _is_over(consent, now):
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


def record_request(
    situation: Situation, *, wording: Wording, source: str, proof: Proof, now: datetime, trip: Trip
) -> Consent:
    """Have a request recorded, with its line of evidence, on a trip of the transaction that has looked.

    Whoever asks has shown nothing yet (trust.md T6). So a consent that holds stays as it is, and its links
    open, until the person answers; one that counts no more ends first, in evidence as well; and no earlier
    proof goes sooner (law.md L36). Return the consent that the question is about.

    Two requests for a number that nobody knew may meet here: the later one fails with IntegrityError.
    """
    subject = situation.subject or _new_subject(situation, language=wording.language, now=now)
    known, holds = situation.consent, situation.holds(now)
    consent = known or _new_consent(situation, subject)
    lines = [] if holds else _end(consent, now=now)
    request = copy(consent) if holds else consent
    _open(request, wording=wording, source=source, now=now)
    lines.append(
        ledger.prepare(
            ConsentEvent.Type.REQUESTED,
            subject=subject,
            consent=request,
            wording=wording,
            proof=proof,
            said_at=now,
            now=now,
        )
    )
    request.last_event_id = lines[-1].event_id
    _record_subject(situation, subject, now=now, trip=trip)
    if known is None:
        trip.insert([consent])
    else:
        trip.update([consent], *(each.name for each in Consent._meta.concrete_fields[1:]))
    ledger.append_on(lines, trip=trip)
    # In either case, so that it costs the same: no consent has the key 0.
    close_links([0 if holds else consent.pk], now=now, trip=trip)
    return consent


def _end(consent: Consent, *, now: datetime) -> list[ledger.Line]:
    """End a yes that counts no more: its time is over, or the number has shown signs of a new owner (L58)."""
    if not consent.is_granted:
        return []
    consent.delete_after = now + timedelta(days=consent.purpose.evidence_days)
    why: ledger.Facts = {} if _is_over(consent, now) else {"reason": "number_in_doubt"}
    return [
        ledger.prepare(
            ConsentEvent.Type.EXPIRED,
            subject=consent.subject,
            consent=consent,
            wording=consent.wording,
            proof=Proof("timer", expressed_by="nobody", facts=why),
            said_at=now,
            now=now,
        )
    ]


def _is_over(consent: Consent, now: datetime) -> bool:
    return consent.valid_until is None or consent.valid_until <= now


def _open(consent: Consent, *, wording: Wording, source: str, now: datetime) -> None:
    consent.state = Consent.State.PENDING
    consent.wording, consent.source, consent.imported_by = wording, source, None
    consent.requested_at, consent.answer_by = now, now + settings.CONFIRMATION_LIFE
    consent.confirmed_at = consent.renewed_at = consent.valid_until = consent.ended_at = None
    consent.reminded_at = consent.renewal_asked_at = None
    consent.paused_until = consent.chosen_count = None
    consent.delete_after = no_sooner(now + UNANSWERED_FOR, consent)


def no_sooner(at: datetime, consent: Consent) -> datetime:
    """Return when a consent and its evidence go: at that moment, or later, when earlier proof must stay."""
    return max(at, consent.delete_after or at)


def _record_subject(situation: Situation, subject: Subject, *, now: datetime, trip: Trip) -> None:
    """A number that was here before is not written anew, so somebody else's is, and taken back."""
    trip.add("SAVEPOINT subject")
    if situation.subject is None:
        trip.insert([subject])
        trip.add("RELEASE SAVEPOINT subject")
    else:
        stranger = replace(situation, phone=nobody())
        trip.insert([_new_subject(stranger, language=subject.language, now=now)])
        trip.add("ROLLBACK TO SAVEPOINT subject")


def nobody() -> Phone:
    """Return a number that cannot exist: no Norwegian mobile number begins with 0."""
    return Phone(f"+470{randbelow(10**7):07}")


def close_links(consents: Sequence[int], *, now: datetime, trip: Trip) -> None:
    """Have every link of these consents closed, and what was kept for its sake forgotten."""
    trip.add(
        f"""UPDATE consents_confirmation SET used_at = %s, email = NULL, token = NULL
            WHERE consent_id IN {places(consents)}""",  # noqa: S608  placeholders
        [stored(Confirmation, "used_at", now), *consents],
    )


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


def _new_subject(situation: Situation, *, language: str, now: datetime) -> Subject:
    phone, organisation = situation.phone, situation.purpose.organisation
    Suppression.objects.renew(organisation, phone)
    return Subject(
        pk=situation.keys[0],
        organisation=organisation,
        phone=phone,
        phone_index=crypto.blind_index(phone, use="lookup", organisation=organisation.pk),
        suppression_index=crypto.blind_index(
            phone, use="suppression", organisation=organisation.pk
        ),
        tag_key=token_bytes(ledger.TAG_KEY_BYTES),
        key_id=crypto.current_key_id(),
        language=language,
        created_at=now,
    )


def _new_consent(situation: Situation, subject: Subject) -> Consent:
    nonce = token_bytes(16)
    token = signing.derived_token(nonce, purpose="stop")
    return Consent(
        pk=situation.keys[1],
        subject=subject,
        purpose=situation.purpose,
        stop_nonce=nonce,
        stop_digest=signing.digest(token, purpose="stop"),
        receipt_digest=receipts.digest_of(nonce),
    )
