"""How a request for consent is recorded, once `situations.look` has told what it meets. One trip.

As there, every number costs the same, whatever is known of it (trust.md T17).
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import randbelow, token_bytes

from django.conf import settings

from consents import ledger, receipts, situations
from consents.ledger import Proof
from consents.models import (
    Confirmation,
    Consent,
    ConsentEvent,
    Subject,
    Suppression,
    Wording,
)
from consents.situations import Situation
from smsconsent import crypto, signing
from smsconsent.phones import Phone
from smsconsent.trips import Trip, places, stored

UNANSWERED_FOR = timedelta(days=7)


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
    why: ledger.Facts = {} if situations.is_over(consent, now) else {"reason": "number_in_doubt"}
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
