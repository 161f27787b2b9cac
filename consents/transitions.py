"""The state machine of a consent. Each transition: one function, one transaction, one line of evidence.

    pending ─▶ granted ─▶ withdrawn | expired | invalid
       └─▶ refused | lapsed                     and back to pending only by a fresh request

`granted` is reached only by the person's own act. Locks are taken in one order, subject then
consent, and a withdrawal waits at the consent for a batch that is being handed over (trust.md § 7).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import randbelow, token_bytes
from typing import TypeAlias

from django.conf import settings
from django.db import transaction

from consents import ledger, locking, receipts, steps
from consents.dates import add_months
from consents.ledger import Proof
from consents.models import (
    Confirmation,
    Consent,
    ConsentEvent,
    Purpose,
    Subject,
    Suppression,
    Wording,
)
from smsconsent import crypto, outbox, signing
from smsconsent.phones import Phone
from smsconsent.trips import Trip, places, stored

UNANSWERED_FOR = timedelta(days=7)
State: TypeAlias = Consent.State
Event: TypeAlias = ConsentEvent.Type


@transaction.atomic
def open_request(
    purpose: Purpose,
    phone: Phone,
    *,
    wording: Wording,
    source: str,
    proof: Proof,
    now: datetime,
) -> Consent | None:
    """Open a request, or keep the one that is open. Return None when there is nothing to ask.

    None means: consent is given already, or the number is on the block list. A request never
    restores a consent; only the person's own yes does. A consent that no longer suffices (number
    suspended since, words changed in substance) may be asked for anew.
    """
    found = _look_up(purpose, phone, now=now)
    subject = found.subject
    if not found.is_closed and subject is None:
        subject, is_new = _subject_of(purpose, phone, language=wording.language, now=now)
        if not is_new:  # somebody else was faster
            found = _look_up(purpose, phone, now=now)
    if found.is_closed or subject is None:
        return None
    consent = found.consent or _new_consent(subject, purpose)
    if found.consent and consent.state == State.PENDING and consent.answer_by > now:
        return consent
    return _open(consent, wording=wording, source=source, proof=proof, now=now)


@transaction.atomic
def open_for_nobody(
    purpose: Purpose, *, wording: Wording, source: str, proof: Proof, now: datetime
) -> Consent:
    """Write what a request from a number nobody has seen writes, for a number that cannot exist.

    For whoever takes it back, so that others take as long as a new number does (trust.md T17).
    """
    subject = subject_for_nobody(purpose, language=wording.language, now=now)
    consent = _new_consent(subject, purpose)
    return _open(consent, wording=wording, source=source, proof=proof, now=now)


def subject_for_nobody(purpose: Purpose, *, language: str, now: datetime) -> Subject:
    """Write what a number that nobody has seen writes, for one that cannot exist. To be taken back."""
    # No Norwegian mobile number begins with 0.
    nobody = Phone(f"+470{randbelow(10**7):07}")
    subject, _is_new = _subject_of(purpose, nobody, language=language, now=now)
    return subject


def grant(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The person said yes. Return whether this call made it so: only an open request can be granted."""
    with transaction.atomic(savepoint=False):
        mine = _lock(consent)
        if mine is None or mine.state != State.PENDING or mine.answer_by <= now:
            return False
        mine.state, mine.confirmed_at, mine.delete_after = State.GRANTED, now, None
        mine.valid_until = add_months(now, mine.purpose.consent_months)
        evidence = steps.with_steps(proof, consent=mine, now=now)
        changed = ["state", "confirmed_at", "delete_after", "valid_until"]
        trip = Trip()
        _put_down(Event.GRANTED, mine, changed, proof=evidence, now=now, trip=trip)
        _close_links([mine.pk], now=now, trip=trip)
        trip.go()
        return True


def renew(consent: Consent, *, wording: Wording, proof: Proof, now: datetime) -> bool:
    """The person says yes again while the consent holds: its life begins anew, under these words.

    Not for a number in doubt: whoever has it now must ask and confirm afresh. Return whether this
    call did it.
    """
    with transaction.atomic(savepoint=False):
        mine = _lock(consent)
        holds = Consent.objects.granted(now).exclude(pk__in=Consent.objects.doubtful())
        if mine is None or not holds.filter(pk=mine.pk).exists():
            return False
        evidence = steps.with_steps(proof, consent=mine, now=now)
        mine.renewed_at = now
        mine.reminded_at = mine.renewal_asked_at = None
        mine.valid_until = add_months(now, mine.purpose.consent_months)
        mine.wording = wording
        changed = ["renewed_at", "reminded_at", "renewal_asked_at", "valid_until", "wording"]
        trip = Trip()
        _put_down(Event.RENEWED, mine, changed, proof=evidence, now=now, trip=trip)
        _close_links([mine.pk], now=now, trip=trip)
        trip.go()
        return True


def refuse(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The person said no to an open request."""
    return _end(consent, _REFUSE, proof=proof, now=now)


def withdraw(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The person says stop. What is queued stops in the same transaction (law.md L30).

    A request that still waits for an answer is refused. Return whether this call did it.
    """
    return _end(consent, _WITHDRAW, proof=proof, now=now)


def withdraw_locked(
    consents: Sequence[Consent], *, proof: Proof, now: datetime, trip: Trip
) -> list[Consent]:
    """Withdraw all of these by one stop, on a trip of the transaction that has locked them (`locking`).

    Return those that end by it. They have ended once the trip is over.
    """
    return _end_locked(consents, _WITHDRAW, proof=proof, now=now, trip=trip)


def invalidate(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The yes was not this person's: «wrong number». The proof of how it came about is kept (F173)."""
    return _end(consent, _INVALIDATE, proof=proof, now=now)


def pause(consent: Consent, *, until: datetime, proof: Proof, now: datetime) -> bool:
    """The person wants no message before `until`. A pause that runs is replaced. It ends by itself."""
    facts: dict[str, str | int] = {
        "change": "paused",
        "until": until.astimezone(UTC).isoformat(timespec="seconds"),
    }
    return _adjust(consent, {"paused_until": until}, proof=proof.with_facts(facts), now=now)


def resume(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The person ends the pause."""
    return _adjust(
        consent, {"paused_until": None}, proof=proof.with_facts({"change": "resumed"}), now=now
    )


def choose_count(consent: Consent, *, most: int | None, proof: Proof, now: datetime) -> bool:
    """The person wants at most so many messages in the purpose's period. None: as promised (F057)."""
    facts: dict[str, str | int] = {"change": "count", "most": most or "promised"}
    return _adjust(consent, {"chosen_count": most}, proof=proof.with_facts(facts), now=now)


def lapse(consent: Consent, *, now: datetime) -> bool:
    """Nobody answered in time. Silence is no consent."""
    return _end(consent, _LAPSE, proof=Proof("timer", expressed_by="nobody"), now=now)


def expire(consent: Consent, *, now: datetime) -> bool:
    """The lifetime of the consent is over."""
    return _end(consent, _EXPIRE, proof=Proof("timer", expressed_by="nobody"), now=now)


# Which state ends in which, and by what event. What is in none of these states stays as it is.
Ends = dict[str, tuple[State, Event]]
_REFUSE: Ends = {State.PENDING: (State.REFUSED, Event.REFUSED)}
_WITHDRAW: Ends = _REFUSE | {State.GRANTED: (State.WITHDRAWN, Event.WITHDRAWN)}
_INVALIDATE: Ends = dict.fromkeys(
    [State.GRANTED, State.PENDING], (State.INVALID, Event.INVALIDATED)
)
_LAPSE: Ends = {State.PENDING: (State.LAPSED, Event.LAPSED)}
_EXPIRE: Ends = {State.GRANTED: (State.EXPIRED, Event.EXPIRED)}


def _end(consent: Consent, ends: Ends, *, proof: Proof, now: datetime) -> bool:
    with transaction.atomic(savepoint=False):
        trip = Trip()
        ended = _end_locked(locking.lock([consent.pk]), ends, proof=proof, now=now, trip=trip)
        trip.go()
    return bool(ended)


def _end_locked(
    consents: Sequence[Consent], ends: Ends, *, proof: Proof, now: datetime, trip: Trip
) -> list[Consent]:
    """Have those that can end put down as ended, with a line of evidence each, and return them."""
    ended = [consent for consent in consents if consent.state in ends]
    changed = ["state", "ended_at", "delete_after"]
    for consent in ended:
        state, event = ends[consent.state]
        consent.state, consent.ended_at = state, now
        consent.delete_after = _deleted_after(consent, now)
        _put_down(event, consent, changed, proof=proof, now=now, trip=trip)
        outbox.block_waiting([consent.pk], reason=str(state), trip=trip)
    if ended:
        _close_links([consent.pk for consent in ended], now=now, trip=trip)
    return ended


def _deleted_after(consent: Consent, now: datetime) -> datetime | None:
    """Return when an ended consent and its proof go: where there was no yes there is little to prove."""
    match consent.state:
        case State.REFUSED:
            return now + UNANSWERED_FOR
        case State.LAPSED:
            return consent.delete_after
        case _:
            return now + timedelta(days=consent.purpose.evidence_days)


def _close_links(consents: Sequence[int], *, now: datetime, trip: Trip) -> None:
    trip.add(
        f"""UPDATE consents_confirmation SET used_at = %s, email = NULL, token = NULL
            WHERE consent_id IN {places(consents)}""",  # noqa: S608  placeholders
        [stored(Confirmation, "used_at", now), *consents],
    )


def _holds(consent: Consent, now: datetime) -> bool:
    """Return whether a locked consent holds. The gate takes the same lock, so it sees what follows."""
    return consent.is_granted and consent.valid_until is not None and consent.valid_until > now


def _adjust(
    consent: Consent, changes: dict[str, datetime | int | None], *, proof: Proof, now: datetime
) -> bool:
    """Narrow or widen a consent that holds, with a line of evidence of the type `corrected`.

    `last_event_id` stays: it names the yes that a message relies on (docs/decisions).
    """
    with transaction.atomic(savepoint=False):
        mine = _lock(consent)
        if mine is None or not _holds(mine, now):
            return False
        if all(getattr(mine, name) == value for name, value in changes.items()):
            return False
        for name, value in changes.items():
            setattr(mine, name, value)
        trip = Trip()
        trip.update(mine, *changes)
        ledger.take_along(_line(Event.CORRECTED, mine, proof=proof, now=now), trip=trip)
        trip.go()
        return True


def _lock(consent: Consent) -> Consent | None:
    """Return a consent as it is now, locked. None: it was erased meanwhile."""
    return next(iter(locking.lock([consent.pk])), None)


def _put_down(
    kind: Event,
    consent: Consent,
    changed: Sequence[str],
    *,
    proof: Proof,
    now: datetime,
    trip: Trip,
) -> None:
    """Have what changed about a locked consent written, and the line of evidence that it now rests on."""
    line = _line(kind, consent, proof=proof, now=now)
    consent.last_event_id = line.event.event_id
    trip.update(consent, *changed, "last_event_id")
    ledger.take_along(line, trip=trip)


def _line(kind: Event, consent: Consent, *, proof: Proof, now: datetime) -> ledger.Line:
    return ledger.prepare(
        kind,
        subject=consent.subject,
        consent=consent,
        wording=consent.wording,
        proof=proof,
        said_at=now,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of a number before it is asked. `is_closed`: blocked, or has said yes already."""

    subject: Subject | None
    consent: Consent | None
    is_closed: bool


def _look_up(purpose: Purpose, phone: Phone, *, now: datetime) -> _Found:
    """Lock and read what there is about a number. The same statements whatever that is (trust.md T17)."""
    organisation = purpose.organisation
    blocks = list(Suppression.objects.blocking(organisation, phone))
    subject = (
        Subject.objects.with_phone(organisation, phone)
        .select_for_update(no_key=True, of=("self",))
        .first()
    )
    consent = (
        Consent.objects.select_for_update(no_key=True)
        .filter(subject=subject.pk if subject else 0, purpose=purpose)
        .first()
    )
    if consent is not None and subject is not None:
        # They are at hand: nobody must see by the time it takes that they are read again.
        consent.subject, consent.purpose = subject, purpose
    holds = Consent.objects.standing(now).filter(pk=consent.pk if consent else 0).exists()
    is_blocked = any(block.purpose_id in {None, purpose.pk} for block in blocks)
    return _Found(subject, consent, is_closed=holds or is_blocked)


def _open(
    consent: Consent, *, wording: Wording, source: str, proof: Proof, now: datetime
) -> Consent:
    """Make it an open request under these words, whatever it was, with its line of evidence."""
    consent.state = State.PENDING
    consent.wording, consent.source, consent.imported_by = wording, source, None
    consent.requested_at, consent.answer_by = now, now + settings.CONFIRMATION_LIFE
    consent.confirmed_at = consent.renewed_at = consent.valid_until = consent.ended_at = None
    consent.reminded_at = consent.renewal_asked_at = None
    consent.paused_until = consent.chosen_count = None
    consent.delete_after = now + UNANSWERED_FOR
    consent.save()
    trip = Trip()
    _put_down(Event.REQUESTED, consent, [], proof=proof, now=now, trip=trip)
    _close_links([consent.pk], now=now, trip=trip)
    trip.go()
    return consent


def _subject_of(
    purpose: Purpose, phone: Phone, *, language: str, now: datetime
) -> tuple[Subject, bool]:
    """Make the subject of a number that was not there, and return it locked, and whether it is ours."""
    organisation = purpose.organisation
    Suppression.objects.renew(organisation, phone)
    subject, is_new = Subject.objects.get_or_create(
        organisation=organisation,
        phone_index=crypto.blind_index(phone, use="lookup", organisation=organisation.pk),
        defaults={
            "phone": phone,
            "suppression_index": crypto.blind_index(
                phone, use="suppression", organisation=organisation.pk
            ),
            "tag_key": token_bytes(ledger.TAG_KEY_BYTES),
            "key_id": crypto.current_key_id(),
            "language": language,
            "created_at": now,
        },
    )
    return ledger.lock_subject(subject), is_new


def _new_consent(subject: Subject, purpose: Purpose) -> Consent:
    nonce = token_bytes(16)
    token = signing.derived_token(nonce, purpose="stop")
    return Consent(
        subject=subject,
        purpose=purpose,
        stop_nonce=nonce,
        stop_digest=signing.digest(token, purpose="stop"),
        receipt_digest=receipts.digest_of(nonce),
    )
