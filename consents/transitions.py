"""The state machine of a consent. Each transition: one function, one transaction, one line of evidence.

    pending ─▶ granted ─▶ withdrawn | expired | invalid
       └─▶ refused | lapsed                     and back to pending only by a fresh request

`granted` is reached only by the person's own act. Locks are taken in one order, subject then
consent, and a withdrawal waits at the consent for a batch that is being handed over (trust.md § 7).
"""

from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import TypeAlias

from django.conf import settings
from django.db import transaction

from consents import ledger, receipts, steps
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
    blocks = Suppression.objects.blocking(purpose.organisation, phone)
    if any(block.purpose_id in {None, purpose.pk} for block in blocks):
        return None
    subject = _subject_of(purpose, phone, language=wording.language, now=now)
    consent = (
        Consent.objects.select_for_update(no_key=True)
        .filter(subject=subject, purpose=purpose)
        .first()
    )
    if consent is None:
        consent = _new_consent(subject, purpose)
    elif Consent.objects.standing(now).filter(pk=consent.pk).exists():
        return None
    elif consent.state == State.PENDING and consent.answer_by > now:
        return consent
    consent.state = State.PENDING
    consent.wording, consent.source, consent.imported_by = wording, source, None
    consent.requested_at, consent.answer_by = now, now + settings.CONFIRMATION_LIFE
    consent.confirmed_at = consent.renewed_at = consent.valid_until = consent.ended_at = None
    consent.reminded_at = consent.renewal_asked_at = None
    consent.paused_until = consent.chosen_count = None
    consent.delete_after = now + UNANSWERED_FOR
    consent.save()
    _close_links(consent, now=now)
    _write(Event.REQUESTED, subject, consent, proof=proof, now=now)
    return consent


def grant(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The person said yes. Return whether this call made it so: only an open request can be granted."""
    with transaction.atomic():
        subject, mine = _lock(consent)
        if mine is None or mine.state != State.PENDING or mine.answer_by <= now:
            return False
        mine.state, mine.confirmed_at, mine.delete_after = State.GRANTED, now, None
        mine.valid_until = add_months(now, mine.purpose.consent_months)
        mine.save()
        evidence = steps.with_steps(proof, consent=mine, now=now)
        _close_links(mine, now=now)
        _write(Event.GRANTED, subject, mine, proof=evidence, now=now)
        return True


def renew(consent: Consent, *, wording: Wording, proof: Proof, now: datetime) -> bool:
    """The person says yes again while the consent holds: its life begins anew, under these words.

    Not for a number in doubt: whoever has it now must ask and confirm afresh. Return whether this
    call did it.
    """
    with transaction.atomic():
        subject, mine = _lock(consent)
        holds = Consent.objects.granted(now).exclude(pk__in=Consent.objects.doubtful())
        if mine is None or not holds.filter(pk=mine.pk).exists():
            return False
        evidence = steps.with_steps(proof, consent=mine, now=now)
        mine.renewed_at = now
        mine.reminded_at = mine.renewal_asked_at = None
        mine.valid_until = add_months(now, mine.purpose.consent_months)
        mine.wording = wording
        mine.save()
        _close_links(mine, now=now)
        _write(Event.RENEWED, subject, mine, proof=evidence, now=now)
        return True


def refuse(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The person said no to an open request."""
    return _end(
        consent,
        {State.PENDING: (State.REFUSED, Event.REFUSED)},
        keep=UNANSWERED_FOR,
        proof=proof,
        now=now,
    )


def withdraw(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The person says stop. What is queued stops in the same transaction (law.md L30).

    A request that still waits for an answer is refused. Return whether this call did it.
    """
    return _end(
        consent,
        {
            State.GRANTED: (State.WITHDRAWN, Event.WITHDRAWN),
            State.PENDING: (State.REFUSED, Event.REFUSED),
        },
        keep=timedelta(days=consent.purpose.evidence_days),
        proof=proof,
        now=now,
    )


def invalidate(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The yes was not this person's: «wrong number». The proof of how it came about is kept (F173)."""
    invalid = (State.INVALID, Event.INVALIDATED)
    return _end(
        consent,
        {State.GRANTED: invalid, State.PENDING: invalid},
        keep=timedelta(days=consent.purpose.evidence_days),
        proof=proof,
        now=now,
    )


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
    return _end(
        consent,
        {State.PENDING: (State.LAPSED, Event.LAPSED)},
        keep=None,
        proof=Proof("timer", expressed_by="nobody"),
        now=now,
    )


def expire(consent: Consent, *, now: datetime) -> bool:
    """The lifetime of the consent is over."""
    return _end(
        consent,
        {State.GRANTED: (State.EXPIRED, Event.EXPIRED)},
        keep=timedelta(days=consent.purpose.evidence_days),
        proof=Proof("timer", expressed_by="nobody"),
        now=now,
    )


def _end(
    consent: Consent,
    steps: dict[State, tuple[State, Event]],
    *,
    keep: timedelta | None,
    proof: Proof,
    now: datetime,
) -> bool:
    """Move to an end state by the step listed for the state it is in; another state stays as it is."""
    with transaction.atomic():
        subject, mine = _lock(consent)
        if mine is None or mine.state not in steps:
            return False
        state, event = steps[State(mine.state)]
        if event is Event.REFUSED:
            keep = UNANSWERED_FOR
        mine.state, mine.ended_at = state, now
        if keep is not None:
            mine.delete_after = now + keep
        mine.save()
        _close_links(mine, now=now)
        _write(event, subject, mine, proof=proof, now=now)
        stop_queued(mine, reason=str(state))
        return True


def _close_links(consent: Consent, *, now: datetime) -> None:
    Confirmation.objects.filter(consent=consent).update(used_at=now, email=None, token=None)


def _holds(consent: Consent, now: datetime) -> bool:
    """Return whether a locked consent holds. The gate takes the same lock, so it sees what follows."""
    return consent.is_granted and consent.valid_until is not None and consent.valid_until > now


def _adjust(
    consent: Consent, changes: dict[str, datetime | int | None], *, proof: Proof, now: datetime
) -> bool:
    """Narrow or widen a consent that holds, with a line of evidence of the type `corrected`.

    `last_event_id` stays: it names the yes that a message relies on (docs/decisions).
    """
    with transaction.atomic():
        subject, mine = _lock(consent)
        if mine is None or not _holds(mine, now):
            return False
        if all(getattr(mine, name) == value for name, value in changes.items()):
            return False
        Consent.objects.filter(pk=mine.pk).update(**changes)
        ledger.append(
            Event.CORRECTED,
            subject=subject,
            consent=mine,
            wording=mine.wording,
            proof=proof,
            now=now,
        )
        return True


def stop_queued(consent: Consent, *, reason: str) -> int:
    """Block every message, of any lane, that waits on this consent. Return how many."""
    return sum(
        outbox.block_queued(lane.about(consent=consent), reason=reason) for lane in outbox.lanes()
    )


def _lock(consent: Consent) -> tuple[Subject, Consent | None]:
    """Lock subject, then consent, and read both as they are now. None: it was erased meanwhile.

    NO KEY UPDATE: a sender that writes twice to one delivery has PostgreSQL check its foreign keys, and
    those locks (KEY SHARE) would wait here for a withdrawal that itself waits for the sender.
    """
    subject = (
        Subject.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=consent.subject_id)
        .first()
    )
    if subject is None:
        return consent.subject, None
    mine = (
        Consent.objects.select_for_update(no_key=True, of=("self",))
        .select_related("purpose", "wording")
        .filter(pk=consent.pk)
        .first()
    )
    return subject, mine


def _write(kind: Event, subject: Subject, consent: Consent, *, proof: Proof, now: datetime) -> None:
    consent.last_event_id = ledger.append(
        kind, subject=subject, consent=consent, wording=consent.wording, proof=proof, now=now
    )
    consent.save(update_fields=["last_event_id"])


def _subject_of(purpose: Purpose, phone: Phone, *, language: str, now: datetime) -> Subject:
    """Return the subject with this number, locked; make it when it is new."""
    organisation = purpose.organisation
    found = (
        Subject.objects.with_phone(organisation, phone)
        .select_for_update(no_key=True, of=("self",))
        .first()
    )
    if found is not None:
        return found
    Suppression.objects.renew(organisation, phone)
    subject, _created = Subject.objects.get_or_create(
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
    return ledger.lock_subject(subject)


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
