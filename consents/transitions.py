"""The state machine of a consent. Each transition: one function, one transaction, one line of evidence.

    pending ─▶ granted ─▶ withdrawn | expired | invalid
       └─▶ refused | lapsed                     and back to pending only by a fresh request

`granted` is reached only by the person's own act. Locks are taken in one order, subject then
consent, and a withdrawal waits at the consent for a batch that is being handed over (trust.md § 7).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from django.db import transaction

from consents import ledger, locking, openings, situations, steps
from consents.dates import add_months
from consents.ledger import Proof
from consents.models import (
    Consent,
    ConsentEvent,
    Purpose,
    Wording,
)
from smsconsent import outbox
from smsconsent.phones import Phone
from smsconsent.trips import Trip

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
    """Open a request, or keep the same one that is open. Return None when there is nothing to ask.

    One that is open under other words, or came another way, is put anew: a yes counts for what this person
    was shown (invariant 4).

    None means: consent is given already, or the number is on the block list. A request never
    restores a consent; only the person's own yes does. A consent that holds and no longer suffices
    (words changed in substance, an import nobody has vouched for) is asked about and stays: to be
    renewed, not granted. One that counts no more (number suspended since) ends, and is asked for anew.
    """
    found = situations.look(purpose, phone, now=now)
    if found.needs_nothing:
        return None
    if found.is_open(now) and found.asks(wording, source):
        return found.consent
    trip = Trip()
    consent = openings.record_request(
        found, wording=wording, source=source, proof=proof, now=now, trip=trip
    )
    trip.go()
    return consent


def grant(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The person said yes. Return whether this call made it so.

    Only an open request can be granted, and only while its purpose is open.
    """
    with transaction.atomic(savepoint=False):
        mine = _lock(consent)
        if mine is None or mine.state != State.PENDING or mine.answer_by <= now:
            return False
        if not mine.purpose.is_open(now):
            return False
        mine.state, mine.confirmed_at, mine.delete_after = State.GRANTED, now, None
        mine.valid_until = add_months(now, mine.purpose.consent_months)
        evidence = steps.with_steps(proof, consent=mine, now=now)
        changed = ["state", "confirmed_at", "delete_after", "valid_until"]
        trip = Trip()
        _record(Event.GRANTED, mine, changed, proof=evidence, now=now, trip=trip)
        openings.close_links([mine.pk], now=now, trip=trip)
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
        if mine is None or not mine.purpose.is_open(now) or not holds.filter(pk=mine.pk).exists():
            return False
        evidence = steps.with_steps(proof, consent=mine, now=now)
        mine.renewed_at = now
        mine.reminded_at = mine.renewal_asked_at = None
        mine.valid_until = add_months(now, mine.purpose.consent_months)
        mine.wording = wording
        changed = ["renewed_at", "reminded_at", "renewal_asked_at", "valid_until", "wording"]
        trip = Trip()
        _record(Event.RENEWED, mine, changed, proof=evidence, now=now, trip=trip)
        openings.close_links([mine.pk], now=now, trip=trip)
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
    consents: Sequence[Consent], *, proofs: Mapping[int, Proof], now: datetime, trip: Trip
) -> list[Consent]:
    """Withdraw all of these, on a trip of the transaction that has locked them (`locking`).

    `proofs` tells how each came about, by the key of its subject. Return those that end by it. They
    have ended once the trip is over.
    """
    return _end_locked(
        consents, _WITHDRAW, proof=lambda each: proofs[each.subject_id], now=now, trip=trip
    )


def invalidate(consent: Consent, *, proof: Proof, now: datetime) -> bool:
    """The yes was not this person's: «wrong number». The proof of how it came about is kept (F173)."""
    return _end(consent, _INVALIDATE, proof=proof, now=now)


def pause(consent: Consent, *, until: datetime, proof: Proof, now: datetime) -> bool:
    """The person wants no message before `until`. A pause that runs is replaced. It ends by itself."""
    facts: dict[str, str | int] = {
        "change": "paused",
        "until": _moment(until),
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


def end_with_purpose(consents: Sequence[int], *, now: datetime) -> int:
    """Their purpose is closed: end those of these consents that hold. Return how many."""
    with transaction.atomic(savepoint=False):
        trip = Trip()
        ended = _end_locked(
            locking.lock(consents),
            _EXPIRE,
            proof=lambda each: Proof(
                "timer",
                expressed_by="nobody",
                facts={"purpose_closed": _moment(each.purpose.closed_at)},
            ),
            now=now,
            trip=trip,
        )
        trip.go()
    return len(ended)


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else ""


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
        mine = locking.lock([consent.pk])
        ended = _end_locked(mine, ends, proof=lambda _each: proof, now=now, trip=trip)
        trip.go()
    return bool(ended)


def _end_locked(
    consents: Sequence[Consent],
    ends: Ends,
    *,
    proof: Callable[[Consent], Proof],
    now: datetime,
    trip: Trip,
) -> list[Consent]:
    """Have those that can end marked as ended, with a line of evidence each, and return them."""
    ended = [consent for consent in consents if consent.state in ends]
    if not ended:
        return []
    lines, by_state = [], dict[State, list[int]]()
    for consent in ended:
        state, event = ends[consent.state]
        consent.state, consent.ended_at = state, now
        consent.delete_after = _deleted_after(consent, now)
        lines.append(_line(event, consent, proof=proof(consent), now=now))
        by_state.setdefault(state, []).append(consent.pk)
    _write(ended, ["state", "ended_at", "delete_after"], lines, trip=trip)
    for state, ids in by_state.items():
        outbox.block_waiting(ids, reason=str(state), trip=trip)
    openings.close_links([consent.pk for consent in ended], now=now, trip=trip)
    return ended


def _deleted_after(consent: Consent, now: datetime) -> datetime | None:
    """Return when an ended consent and its proof go: where there was no yes there is little to prove."""
    match consent.state:
        case State.REFUSED:
            return openings.no_sooner(now + openings.UNANSWERED_FOR, consent)
        case State.LAPSED:
            return consent.delete_after
        case _:
            proof_for = timedelta(days=consent.purpose.evidence_days)
            return openings.no_sooner(now + proof_for, consent)


def _holds(consent: Consent, now: datetime) -> bool:
    """Return whether a locked consent holds. The gate takes the same lock, so it sees what follows."""
    return consent.is_granted and consent.valid_until is not None and consent.valid_until > now


def _adjust(
    consent: Consent, changes: dict[str, datetime | int | None], *, proof: Proof, now: datetime
) -> bool:
    """Narrow or widen a consent that holds, with a line of evidence of the type `corrected`.

    `last_event_id` stays: it names the yes that a message relies on (decision 16).
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
        trip.update([mine], *changes)
        ledger.append_on([_line(Event.CORRECTED, mine, proof=proof, now=now)], trip=trip)
        trip.go()
        return True


def _lock(consent: Consent) -> Consent | None:
    """Return a consent as it is now, locked. None: it was erased meanwhile."""
    return next(iter(locking.lock([consent.pk])), None)


def _record(
    kind: Event,
    consent: Consent,
    changed: Sequence[str],
    *,
    proof: Proof,
    now: datetime,
    trip: Trip,
) -> None:
    """Have what changed about a locked consent written, and the line of evidence that it now rests on."""
    _write([consent], changed, [_line(kind, consent, proof=proof, now=now)], trip=trip)


def _write(
    consents: Sequence[Consent], changed: Sequence[str], lines: Sequence[ledger.Line], *, trip: Trip
) -> None:
    for consent, line in zip(consents, lines, strict=True):
        consent.last_event_id = line.event_id
    trip.update(consents, *changed, "last_event_id")
    ledger.append_on(lines, trip=trip)


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
