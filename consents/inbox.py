"""What people answer, and what it does. A message is stored first and acted on once (law.md L30, L31).

Withdrawal has no form requirement; a yes does. Doubt may stop, and never start (trust.md § 8).
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from consents import confirmations, keywords, limits, transitions
from consents.keywords import Intent, Reading
from consents.ledger import Facts, Proof
from consents.models import (
    Confirmation,
    Consent,
    HandsetCode,
    InboundMessage,
    Organisation,
    Purpose,
    ServiceMessage,
    Subject,
)
from smsconsent import outbox, signing
from smsconsent.gateways import Trust
from smsconsent.phones import Phone

log = logging.getLogger(__name__)
State, Kind = InboundMessage.State, ServiceMessage.Kind
ATTEMPTS = 5

_CODE = re.compile(r"^\W*ja\W+(\d{4,8})\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Letter:
    """An inbound message together with what it can be about."""

    message: InboundMessage
    phone: Phone
    number: str
    purposes: list[Purpose]
    subjects: list[Subject]
    now: datetime

    @property
    def may_start(self) -> bool:
        """Nothing begins in doubt of the sender, nor in a country that we do not send to."""
        return self.message.trust == Trust.SIGNED and self.phone.is_in(settings.SMS_COUNTRIES)

    @property
    def proof_facts(self) -> dict[str, str | int]:
        """What shows that the handset spoke: the gateway's id, and how sure we are of the gateway."""
        return {
            "gateway": self.message.gateway,
            "mo_id": self.message.message_id,
            "mo_text": self.message.text[:160],
            "callback": self.message.trust,
            "vouched_by": self.message.vouched_by,
        }

    def proof(self, method: str) -> Proof:
        return Proof(method, facts=self.proof_facts)

    def consents(self, topic: Purpose | None) -> list[Consent]:
        """This person's consents at this short number, or the one for the topic that was named."""
        about = [topic] if topic else self.purposes
        rows = Consent.objects.filter(subject__in=self.subjects, purpose__in=about)
        return list(rows.select_related("subject", "purpose__organisation", "purpose__sender"))


def act(message: InboundMessage, *, now: datetime) -> None:
    """Do what the message says, in the open transaction, and mark it as read."""
    if message.sender is None:
        _close(message, Intent.OTHER)
        return
    letter = _open(message, message.sender, now=now)
    if letter.purposes:
        message.organisation = letter.purposes[0].organisation
    message.subject = next(iter(letter.subjects), None)
    if (match := _CODE.match(message.text)) and message.is_stop is not True:
        _take_code(letter, match[1])
        return
    reading = keywords.read(
        message.text,
        keywords=frozenset(purpose.keyword for purpose in letter.purposes if purpose.keyword),
        ours=_our_texts(letter),
        flagged=message.is_stop,
    )
    topic = _topic(letter, reading)
    message.topic, message.is_certain = topic, reading.certain
    _ACTS[reading.intent](letter, reading, topic)


def read_unread(*, now: datetime, limit: int = 100) -> int:
    """Act on what was stored and not yet read. Return how many were settled.

    One that fails again and again goes to a colleague; until then its number is on hold at the gate.
    """
    ids = InboundMessage.objects.unread().order_by("pk").values_list("pk", flat=True)[:limit]
    return sum(read_one(pk, now=now) for pk in list(ids))


def read_one(message_id: int, *, now: datetime) -> bool:
    """Act on one stored message, at most once, whoever else tries. Return whether it is settled."""
    try:
        with transaction.atomic():
            message = (
                InboundMessage.objects.unread()
                .select_for_update(of=("self",), skip_locked=True)
                .filter(pk=message_id)
                .first()
            )
            if message is None:
                return False
            act(message, now=now)
    except Exception:
        # L31: what cannot be read holds the number, and a person looks. Nothing personal is logged.
        log.exception("an inbound message could not be acted on", extra={"inbound": message_id})
        InboundMessage.objects.filter(pk=message_id).update(attempts=F("attempts") + 1)
        _give_up(message_id, now=now)
        return False
    return True


def _give_up(message_id: int, *, now: datetime) -> None:
    lost = InboundMessage.objects.unread().filter(pk=message_id, attempts__gte=ATTEMPTS).first()
    if lost is None or lost.sender is None:
        return
    with transaction.atomic():
        letter = _open(lost, lost.sender, now=now)
        hold(letter.subjects, now=now)
        InboundMessage.objects.filter(pk=lost.pk).update(state=State.REVIEW, intent=Intent.HOLD)


def hold(subjects: list[Subject], *, now: datetime) -> None:
    """Pause marketing to these numbers until a colleague decides."""
    ids = [subject.pk for subject in subjects]
    Subject.objects.filter(pk__in=ids, held_at=None).update(held_at=now)


def _open(message: InboundMessage, phone: Phone, *, now: datetime) -> Letter:
    number = _known_number(message.recipient)
    purposes = list(
        Purpose.objects.answered_at(number)
        .select_related("organisation", "sender")
        .order_by("organisation", "pk")
    )
    organisations: dict[int, Organisation] = {
        purpose.organisation_id: purpose.organisation for purpose in purposes
    }
    subjects = [
        subject
        for organisation in organisations.values()
        if (subject := Subject.objects.with_phone(organisation, phone).first())
    ]
    return Letter(message, phone, number, purposes, subjects, now)


def _known_number(recipient: str) -> str:
    """Return our short number: what was written to may carry a dialogue number behind it (strex.md § 5)."""
    digits = recipient.lstrip("+")
    for length in range(len(digits), 3, -1):
        if Purpose.objects.answered_at(digits[:length]).exists():
            return digits[:length]
    return digits


def _our_texts(letter: Letter) -> tuple[str, ...]:
    """Return what we last wrote to this number, so that a quoted message is not read as an answer."""
    return tuple(
        text
        for lane in outbox.lanes()
        for subject in letter.subjects
        for text in lane.last_texts_to(subject.pk)
    )


def _topic(letter: Letter, reading: Reading) -> Purpose | None:
    if not reading.topic:
        return None
    named = reading.topic.casefold()
    return next((p for p in letter.purposes if p.keyword.casefold() == named), None)


def _close(message: InboundMessage, intent: Intent, *, review: bool = False) -> None:
    message.intent = intent
    message.state = State.REVIEW if review else State.DONE
    message.save()


# -- one function per intent (keywords.md) ---------------------------------------------------------------
def _stop(letter: Letter, reading: Reading, topic: Purpose | None) -> None:
    """Withdraw in this transaction, and answer once. A stop that says «delete» goes on to a colleague."""
    stopped = [
        consent
        for consent in letter.consents(topic)
        if transitions.withdraw(consent, proof=letter.proof("mo_stop"), now=letter.now)
    ]
    if stopped or not letter.subjects:
        _answer_stop(letter, stopped, topic)
    _close(letter.message, Intent.STOP, review=reading.erase and bool(letter.subjects))


def _answer_stop(letter: Letter, stopped: list[Consent], topic: Purpose | None) -> None:
    purpose = stopped[0].purpose if stopped else next(iter(letter.purposes), None)
    if purpose is None:
        return
    if not limits.may_answer(letter.phone, "stopped", now=letter.now) and not stopped:
        return
    confirmations.queue_answer(
        Kind.STOPPED,
        organisation=purpose.organisation,
        sender=letter.number,
        phone=letter.phone,
        language=_language(letter),
        now=letter.now,
        purpose=topic,
    )


def _no(letter: Letter, reading: Reading, topic: Purpose | None) -> None:
    """A no to an open question is taken silently; any other no is a stop."""
    waiting = [c for c in letter.consents(topic) if _is_open(c, letter.now)]
    if not waiting:
        _stop(letter, reading, topic)
        return
    for consent in waiting:
        transitions.refuse(consent, proof=letter.proof("mo_reply"), now=letter.now)
    _close(letter.message, Intent.NO)


def _yes(letter: Letter, reading: Reading, topic: Purpose | None) -> None:
    """Answer exactly one open question, new or to renew. None, or several of which none is named: nothing."""
    consents = letter.consents(topic)
    waiting = [c for c in consents if _is_open(c, letter.now)]
    renewals = list(
        Confirmation.objects.renewals(letter.now)
        .filter(consent__in=consents, consent__state=Consent.State.GRANTED)
        .select_related("wording", "consent__subject")
    )
    count = len(waiting) + len(renewals)
    if not letter.may_start:
        _close(letter.message, Intent.YES, review=count > 0)
        return
    if count == 1 and waiting:
        _grant(letter, waiting[0], letter.proof("mo_reply"))
    elif count == 1:
        confirmations.renew(renewals[0], proof=letter.proof("mo_reply"), now=letter.now)
    _close(letter.message, Intent.YES, review=count > 1)


def _start(letter: Letter, reading: Reading, topic: Purpose | None) -> None:
    """Open a new double opt-in. It never restores a consent, also not after a stop."""
    open_ones = [p for p in letter.purposes if p.closed_at is None or p.closed_at > letter.now]
    chosen = topic if topic in open_ones else None
    if chosen is None and topic is None and len(open_ones) == 1:
        chosen = open_ones[0]
    wording = chosen.wordings.current(_language(letter)) if chosen else None
    if chosen is None or wording is None:
        _help(letter, reading, topic)
        return
    if letter.may_start:
        confirmations.ask(
            chosen,
            letter.phone,
            wording=wording,
            source=Consent.Source.KEYWORD,
            proof=letter.proof("mo_keyword"),
            now=letter.now,
        )
    _close(letter.message, Intent.START, review=not letter.may_start)


def _help(letter: Letter, reading: Reading, topic: Purpose | None) -> None:
    """Say who we are and how to stop, once a day."""
    if letter.purposes and limits.may_answer(letter.phone, "help", now=letter.now, a_day=1):
        confirmations.queue_answer(
            Kind.HELP,
            organisation=(topic or letter.purposes[0]).organisation,
            sender=letter.number,
            phone=letter.phone,
            language=_language(letter),
            now=letter.now,
        )
    _close(letter.message, reading.intent)


def _hold(letter: Letter, reading: Reading, topic: Purpose | None) -> None:
    """Unclear: no marketing to this number until a colleague has read it. No receipt, no withdrawal."""
    hold(letter.subjects, now=letter.now)
    _close(letter.message, Intent.HOLD, review=True)


def _other(letter: Letter, reading: Reading, topic: Purpose | None) -> None:
    _close(letter.message, Intent.OTHER)


_ACTS: dict[Intent, Callable[[Letter, Reading, Purpose | None], None]] = {
    Intent.STOP: _stop,
    Intent.NO: _no,
    Intent.YES: _yes,
    Intent.START: _start,
    Intent.HELP: _help,
    Intent.HOLD: _hold,
    Intent.OTHER: _other,
}


# -- the message from the handset first (trust.md § 10) --------------------------------------------------
def _take_code(letter: Letter, digits: str) -> None:
    """Grant in one step: the wording was shown, and the handset acted. An unknown code grants nothing."""
    code = (
        HandsetCode.objects.select_for_update(of=("self",))
        .select_related("purpose__organisation", "purpose__sender", "wording")
        .filter(code=digits, used_at=None, expires_at__gt=letter.now, purpose__in=letter.purposes)
        .first()
        if signing.code_is_well_formed(digits)
        else None
    )
    if code is None:
        _answer_unknown_code(letter)
        _close(letter.message, Intent.YES)
        return
    if not letter.may_start:
        _close(letter.message, Intent.YES, review=True)
        return
    code.used_at = letter.now
    code.save(update_fields=["used_at"])
    proof = Proof(
        "handset_code", facts=letter.proof_facts | {"code": digits}, workflow=_shown(code)
    )
    consent = transitions.open_request(
        code.purpose,
        letter.phone,
        wording=code.wording,
        source=Consent.Source.HANDSET,
        proof=proof,
        now=letter.now,
    )
    if consent is not None:
        letter.message.subject = consent.subject
        _grant(letter, consent, proof)
    _close(letter.message, Intent.YES)


def _shown(code: HandsetCode) -> Facts:
    """Return what the person had before them. There is no box: the SMS itself is the yes."""
    return {
        "form": code.form_version,
        "page_sha256": code.page_sha256,
        "code_shown_at": code.created_at.astimezone(UTC).isoformat(timespec="milliseconds"),
    }


def _answer_unknown_code(letter: Letter) -> None:
    if letter.purposes and limits.may_answer(letter.phone, "code", now=letter.now):
        confirmations.queue_answer(
            Kind.UNKNOWN_CODE,
            organisation=letter.purposes[0].organisation,
            sender=letter.number,
            phone=letter.phone,
            language=_language(letter),
            now=letter.now,
        )


def _grant(letter: Letter, consent: Consent, proof: Proof) -> None:
    if transitions.grant(consent, proof=proof, now=letter.now):
        consent.refresh_from_db()
        confirmations.queue_welcome(consent, now=letter.now)


def _is_open(consent: Consent, now: datetime) -> bool:
    return consent.state == Consent.State.PENDING and consent.answer_by > now


def _language(letter: Letter) -> str:
    return letter.subjects[0].language if letter.subjects else "nb"
