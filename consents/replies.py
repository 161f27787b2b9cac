"""What each kind of answer does (keywords.md): one function per intent."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from consents import confirmations, keywords, limits, pausing, stopping, transitions, writing
from consents.incoming import SHORTEST_QUOTE, Incoming
from consents.keywords import Intent, Reading
from consents.ledger import Facts, Proof
from consents.models import (
    Confirmation,
    Consent,
    HandsetCode,
    Purpose,
    ServiceMessage,
    Wording,
)
from consents.stopping import Stop
from smsconsent import signing

Kind = ServiceMessage.Kind

_CODE = re.compile(r"^\W*ja\W+(\d{4,8})\W*$", re.IGNORECASE)


def act_on(incoming: Incoming) -> None:
    """Read the message and do what it says, in the open transaction."""
    message = incoming.message
    if (match := _CODE.match(message.text)) and message.is_stop is not True:
        _take_code(incoming, match[1])
        return
    reading, topic = _read(incoming)
    _ACTS[reading.intent](incoming, reading, topic)


def act_on_stops(messages: Sequence[Incoming]) -> None:
    """Do at once what many messages say that look like a stop (`looks_like_a_stop`), of different numbers.

    Raises NotAStop where one says something else at its short number: then each is to be obeyed by itself.
    """
    read = [(incoming, *_read(incoming)) for incoming in messages]
    if any(reading.intent is not Intent.STOP for _incoming, reading, _topic in read):
        raise NotAStop
    stopping.stop([Stop(*each) for each in read])


class NotAStop(Exception):
    """What looked like a stop is a word with a meaning of its own at this short number."""


def looks_like_a_stop(text: str, *, flagged: bool | None) -> bool:
    """Return whether this is a stop, as far as can be told without asking what is answered where."""
    return len(text) < SHORTEST_QUOTE and _is_plainly_a_stop(text, flagged)


# Most of them are one of a few words. PRIVACY: kept in memory are short texts, and not whose.
@lru_cache(maxsize=256)
def _is_plainly_a_stop(text: str, flagged: bool | None) -> bool:
    is_code = _CODE.match(text) is not None
    return not is_code and keywords.read(text, flagged=flagged).intent is Intent.STOP


def _read(incoming: Incoming) -> tuple[Reading, Purpose | None]:
    message = incoming.message
    reading = keywords.read(
        message.text,
        keywords=frozenset(purpose.keyword for purpose in incoming.purposes if purpose.keyword),
        ours=incoming.our_texts,
        flagged=message.is_stop,
        house=incoming.house_words,
    )
    topic = _topic(incoming, reading)
    message.topic, message.is_certain = topic, reading.certain
    return reading, topic


def leave_to_colleague(incoming: Incoming) -> None:
    """Nobody knows what it says: no marketing to this number until a colleague has read it (law.md L31)."""
    pausing.hold(incoming.subjects, now=incoming.now)
    incoming.close(Intent.HOLD, review=True)


def _topic(incoming: Incoming, reading: Reading) -> Purpose | None:
    if not reading.topic:
        return None
    named = reading.topic.casefold()
    return next((p for p in incoming.purposes if p.keyword.casefold() == named), None)


def _stop(incoming: Incoming, reading: Reading, topic: Purpose | None) -> None:
    stopping.stop([Stop(incoming, reading, topic)])


def _no(incoming: Incoming, reading: Reading, topic: Purpose | None) -> None:
    """A no to an open question is taken silently; any other no is a stop."""
    waiting = [c for c in incoming.consents(topic) if _is_open(c, incoming.now)]
    if not waiting:
        _stop(incoming, reading, topic)
        return
    for consent in waiting:
        transitions.refuse(consent, proof=incoming.proof("mo_reply"), now=incoming.now)
    incoming.close(Intent.NO)


def _yes(incoming: Incoming, reading: Reading, topic: Purpose | None) -> None:
    """Answer exactly one open question, new or to renew. None, or several of which none is named: nothing."""
    consents = incoming.consents(topic)
    waiting = [c for c in consents if _is_open(c, incoming.now)]
    asked = (
        Confirmation.objects.renewals(incoming.now)
        .filter(consent__in=consents, consent__state=Consent.State.GRANTED)
        .select_related("wording", "consent__subject")
        .order_by("created_at", "pk")
    )
    # Of two questions about one consent the newer is answered.
    renewals = list({each.consent_id: each for each in asked}.values())
    count = len(waiting) + len(renewals)
    if not incoming.may_start:
        incoming.close(Intent.YES, review=count > 0)
        return
    if count == 1 and waiting:
        _grant(incoming, waiting[0], incoming.proof("mo_reply"))
    elif count == 1 and confirmations.use(renewals[0], now=incoming.now):
        _renew(incoming, renewals[0].consent, renewals[0].wording, incoming.proof("mo_reply"))
    incoming.close(Intent.YES, review=count > 1)


def _start(incoming: Incoming, reading: Reading, topic: Purpose | None) -> None:
    """Open a new double opt-in. It never restores a consent, also not after a stop."""
    open_ones = [p for p in incoming.purposes if p.closed_at is None or p.closed_at > incoming.now]
    chosen = topic if topic in open_ones else None
    if chosen is None and topic is None and len(open_ones) == 1:
        chosen = open_ones[0]
    wording = chosen.wordings.current(incoming.language) if chosen else None
    if chosen is None or wording is None:
        _help(incoming, reading, topic)
        return
    if incoming.may_start:
        confirmations.ask(
            chosen,
            incoming.phone,
            wording=wording,
            source=Consent.Source.KEYWORD,
            proof=incoming.proof("mo_keyword"),
            now=incoming.now,
        )
    incoming.close(Intent.START, review=not incoming.may_start)


def _help(incoming: Incoming, reading: Reading, topic: Purpose | None) -> None:
    """Say who we are and how to stop, once a day."""
    if incoming.purposes and limits.take_answer(incoming.phone, "help", now=incoming.now, a_day=1):
        writing.queue_answer(
            Kind.HELP,
            organisation=(topic or incoming.purposes[0]).organisation,
            sender=incoming.number,
            phone=incoming.phone,
            language=incoming.language,
            now=incoming.now,
        )
    incoming.close(reading.intent)


def _hold(incoming: Incoming, reading: Reading, topic: Purpose | None) -> None:
    """Unclear: no receipt, no withdrawal."""
    leave_to_colleague(incoming)


def _other(incoming: Incoming, reading: Reading, topic: Purpose | None) -> None:
    incoming.close(Intent.OTHER)


_ACTS: dict[Intent, Callable[[Incoming, Reading, Purpose | None], None]] = {
    Intent.STOP: _stop,
    Intent.NO: _no,
    Intent.YES: _yes,
    Intent.START: _start,
    Intent.HELP: _help,
    Intent.HOLD: _hold,
    Intent.OTHER: _other,
}


# -- the message from the handset first (trust.md § 10) --------------------------------------------------
def _take_code(incoming: Incoming, digits: str) -> None:
    """Grant in one step: the wording was shown, and the handset acted. An unknown code grants nothing."""
    code = _find_code(incoming, digits)
    if code is None:
        _answer_unknown_code(incoming)
        incoming.close(Intent.YES)
        return
    if not incoming.may_start:
        incoming.close(Intent.YES, review=True)
        return
    code.used_at = incoming.now
    code.save(update_fields=["used_at"])
    proof = Proof(
        "handset_code", facts=incoming.proof_facts | {"code": digits}, workflow=_shown(code)
    )
    consent = transitions.open_request(
        code.purpose,
        incoming.phone,
        wording=code.wording,
        source=Consent.Source.HANDSET,
        proof=proof,
        now=incoming.now,
    )
    if consent is not None:
        incoming.message.subject = consent.subject
        if consent.is_granted:
            _renew(incoming, consent, code.wording, proof)
        else:
            _grant(incoming, consent, proof)
    incoming.close(Intent.YES)


def _find_code(incoming: Incoming, digits: str) -> HandsetCode | None:
    """Return the code, locked, if it can still be used at this short number."""
    if not signing.code_is_well_formed(digits):
        return None
    return (
        HandsetCode.objects.select_for_update(of=("self",))
        .select_related("purpose__organisation", "purpose__sender", "wording")
        .filter(
            code=digits,
            used_at=None,
            expires_at__gt=incoming.now,
            purpose__in=incoming.purposes,
        )
        .first()
    )


def _shown(code: HandsetCode) -> Facts:
    """Return what the person had before them. There is no box: the SMS itself is the yes."""
    return {
        "form": code.form_version,
        "page_sha256": code.page_sha256,
        "code_shown_at": code.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
    }


def _answer_unknown_code(incoming: Incoming) -> None:
    if incoming.purposes and limits.take_answer(incoming.phone, "code", now=incoming.now):
        writing.queue_answer(
            Kind.UNKNOWN_CODE,
            organisation=incoming.purposes[0].organisation,
            sender=incoming.number,
            phone=incoming.phone,
            language=incoming.language,
            now=incoming.now,
        )


def _grant(incoming: Incoming, consent: Consent, proof: Proof) -> None:
    if transitions.grant(consent, proof=proof, now=incoming.now):
        consent.refresh_from_db()
        confirmations.queue_welcome(consent, now=incoming.now)


def _renew(incoming: Incoming, consent: Consent, wording: Wording | None, proof: Proof) -> None:
    assert wording is not None, "a question to renew names the words"
    confirmations.renew(consent, wording=wording, proof=proof, now=incoming.now)


def _is_open(consent: Consent, now: datetime) -> bool:
    return consent.state == Consent.State.PENDING and consent.answer_by > now
