"""An inbound message together with what it can be about: whose number, at which of our short numbers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings

from consents.housewords import HouseWords, house_words
from consents.keywords import Intent
from consents.ledger import Proof
from consents.models import Consent, InboundMessage, Organisation, Purpose, Sender, Subject
from smsconsent import crypto, outbox
from smsconsent.gateways import Trust
from smsconsent.phones import Phone
from smsconsent.trips import Answer, Trip, columns, load_all, places

SHORTEST_NUMBER = 4
# A stretch of our own text shorter than this is not looked for in an answer (`reading.own_words`).
SHORTEST_QUOTE = 20
State = InboundMessage.State


@dataclass
class Incoming:
    """One message. `number` is our short number that it was written to, `purposes` all that answer there."""

    message: InboundMessage
    phone: Phone
    number: str
    purposes: list[Purpose]
    now: datetime
    # The sender's consents here, while the transaction holds them (`locking.lock_number`).
    locked: list[Consent] = field(default_factory=list)
    # What `conclude` leaves to the other organisations that know the sender.
    copies: list[InboundMessage] = field(default_factory=list)

    @cached_property
    def subjects(self) -> list[Subject]:
        """The sender as the organisations behind this short number know them, in the order of these."""
        return [
            subject
            for organisation in self.organisations
            if (subject := Subject.objects.with_phone(organisation, self.phone).first())
        ]

    @property
    def organisations(self) -> list[Organisation]:
        return list({each.organisation_id: each.organisation for each in self.purposes}.values())

    @property
    def indexes(self) -> dict[int, list[bytes]]:
        """What the sender may be stored under, by organisation."""
        return {
            each.pk: crypto.blind_indexes(self.phone, use="lookup", organisation=each.pk)
            for each in self.organisations
        }

    @property
    def may_start(self) -> bool:
        """Nothing begins in doubt of the sender, nor in a country that we do not send to."""
        return self.message.trust == Trust.SIGNED and self.phone.is_in(settings.SMS_COUNTRIES)

    @property
    def language(self) -> str:
        return self.subjects[0].language if self.subjects else "nb"

    @property
    def house_words(self) -> HouseWords:
        """What the organisations behind this short number take for stop, help and start besides.

        A stop of one is a stop of all. Nothing begins by a word of one where several are answered.
        """
        houses = self.organisations
        return house_words(
            stop="\n".join(each.stop_words for each in houses),
            help="\n".join(each.help_words for each in houses),
            start=houses[0].start_words if len(houses) == 1 else "",
        )

    @property
    def our_texts(self) -> tuple[str, ...]:
        """What we last wrote to this number, so that a quoted message is not read as an answer.

        Nobody is asked when the answer is too short to hold a quotation.
        """
        if len(self.message.text) < SHORTEST_QUOTE:
            return ()
        return tuple(
            text
            for lane in outbox.lanes()
            for subject in self.subjects
            for text in lane.last_texts_to(subject.pk)
        )

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

    def about(self, topic: Purpose | None) -> list[Purpose]:
        """The topic that was named, or all that this short number is for."""
        return [topic] if topic else self.purposes

    def consents(self, topic: Purpose | None) -> list[Consent]:
        """This person's consents at this short number, or the one for the topic that was named."""
        rows = Consent.objects.filter(subject__in=self.subjects, purpose__in=self.about(topic))
        return list(rows.select_related("subject", "purpose__organisation", "purpose__sender"))

    def close(self, intent: Intent, *, review: bool = False) -> None:
        """Note what the message was taken for, and whether a colleague must look."""
        self.conclude(intent, review=review)
        trip = Trip()
        close([self], trip=trip)
        trip.go()

    def conclude(self, intent: Intent, *, review: bool) -> None:
        """The same, for `close` to write. Whoever knows the sender looks: each organisation for itself."""
        message = self.message
        message.subject = message.subject or next(iter(self.subjects), None)
        message.organisation_id = self._addressee
        # Nothing is answered at this number: then there is nobody to look.
        waits = review and message.organisation_id is not None
        message.intent, message.state = intent, State.REVIEW if waits else State.DONE
        others = [each for each in self.subjects if each.pk != message.subject_id]
        self.copies = [self._copy_for(each) for each in others] if waits else []

    def _copy_for(self, subject: Subject) -> InboundMessage:
        fields = [each for each in InboundMessage._meta.concrete_fields if not each.primary_key]
        values = {each.attname: getattr(self.message, each.attname) for each in fields}
        return InboundMessage(
            **values
            | {"organisation_id": subject.organisation_id, "subject_id": subject.pk}
            | {"is_copy": True, "key_id": crypto.current_key_id()}
        )

    @property
    def _addressee(self) -> int | None:
        """Whose the message is: the organisation's that knows the sender, the named one's, or the first's."""
        whose = self.message.subject or self.message.topic or next(iter(self.purposes), None)
        return whose.organisation_id if whose else None


def close(messages: Sequence[Incoming], *, trip: Trip) -> None:
    """Have what these messages were taken for written."""
    trip.update([each.message for each in messages], *_FOUND_OUT)
    if copies := [copy for each in messages for copy in each.copies]:
        trip.insert(copies)


_FOUND_OUT = ("organisation", "subject", "topic", "is_certain", "intent", "state")


def ask_purposes(recipients: Collection[str], *, trip: Trip) -> Answer:
    """Ask for what is answered at these numbers. What was written to may carry a dialogue number behind
    ours (strex.md § 5), so each beginning of it is looked for.
    """
    beginnings = sorted({each for one in recipients for each in _beginnings(one)})
    return trip.add(
        f"SELECT {columns(Purpose, 'p')}, {columns(Organisation, 'o')}, {columns(Sender, 's')}"  # noqa: S608  names and placeholders
        " FROM consents_purpose p JOIN consents_sender s ON s.id = p.sender_id"
        " JOIN consents_organisation o ON o.id = p.organisation_id"
        f" WHERE s.reply_number IN {places(beginnings)} ORDER BY p.organisation_id, p.id",
        beginnings,
    )


def open_incoming(
    message: InboundMessage, phone: Phone, *, found: Answer | None = None, now: datetime
) -> Incoming:
    """Return the message with what it can be about. `found` is what `ask_purposes` was told, if it was."""
    if found is None:
        trip = Trip()
        found = ask_purposes([message.recipient], trip=trip)
        trip.go()
    return _open(message, phone, [_purpose(row) for row in found.rows], now=now)


def open_all_incoming(
    messages: Sequence[tuple[InboundMessage, Phone]], *, found: Answer, now: datetime
) -> list[Incoming]:
    """Return messages with what they can be about, of all that `found` says is answered somewhere."""
    purposes = [_purpose(row) for row in found.rows]
    return [_open(message, phone, purposes, now=now) for message, phone in messages]


def _open(
    message: InboundMessage, phone: Phone, purposes: Sequence[Purpose], *, now: datetime
) -> Incoming:
    """What is answered at the longest of our numbers that the message's recipient begins with."""
    written_to = set(_beginnings(message.recipient))
    numbers = {each.sender.reply_number for each in purposes} & written_to
    number = max(numbers, key=len, default="")
    mine = [each for each in purposes if each.sender.reply_number == number]
    return Incoming(message, phone, number or message.recipient.lstrip("+"), mine, now)


def _beginnings(recipient: str) -> list[str]:
    digits = recipient.lstrip("+")
    return [digits[:length] for length in range(len(digits), SHORTEST_NUMBER - 1, -1)] or [digits]


def _purpose(row: Sequence[Any]) -> Purpose:
    purpose: Purpose
    purpose, purpose.organisation, purpose.sender = load_all((Purpose, Organisation, Sender), row)
    return purpose
