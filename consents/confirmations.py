"""The second yes, and the receipts: prepares rows for the outbox and gates them. Sends nothing itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from consents import limits, openings, receipts, transitions
from consents.ledger import Proof
from consents.models import (
    Case,
    Confirmation,
    Consent,
    Organisation,
    Purpose,
    ServiceMessage,
    Subject,
    Visit,
    Wording,
)
from consents.openings import Situation
from smsconsent import crypto, gsm, outbox, signing
from smsconsent.gateways import Outgoing, Receipt
from smsconsent.phones import Phone
from smsconsent.trips import Trip

CONFIRM = "confirm"
Kind = ServiceMessage.Kind
# An answer that arrives long after the question only confuses.
ANSWER_WITHIN = timedelta(hours=24)
AGAIN_AFTER = timedelta(minutes=30)
SAVEPOINT = "SAVEPOINT asked"


def ask(
    purpose: Purpose,
    phone: Phone,
    *,
    wording: Wording,
    source: str,
    proof: Proof,
    now: datetime,
    email: str = "",
    network: bytes | None = None,
    evenly: bool = False,
) -> Confirmation | None:
    """Open a request and queue its one confirmation, by e-mail when an address is given, else by SMS.

    Return None, and leave nothing behind, when there is nothing to ask or a limit says no. A request
    that is open already gets no second confirmation (law.md L05). `evenly`: somebody waits for the
    answer who could measure it, so do as much when there is nothing to ask.
    """
    values = _Values(wording, source, proof, email, network, now)
    try:
        with transaction.atomic():
            return _ask(purpose, phone, values, evenly=evenly)
    except IntegrityError:
        # Another request made this number known between our look and our write. Now we know it too.
        with transaction.atomic():
            return _ask(purpose, phone, values, evenly=evenly)


@dataclass(frozen=True, slots=True)
class _Values:
    """What a request consists of, besides the number and the purpose."""

    wording: Wording
    source: str
    proof: Proof
    email: str
    network: bytes | None
    now: datetime


def _ask(purpose: Purpose, phone: Phone, values: _Values, *, evenly: bool) -> Confirmation | None:
    found = openings.look(purpose, phone, now=values.now)
    if found.needs_nothing or (found.is_open(values.now) and found.is_asked):
        if evenly:
            _rehearse(found, values)
        return None
    trip = Trip()
    trip.add(SAVEPOINT)
    confirmation = _put_down(found, values, trip=trip)
    counted = limits.count_contact(
        phone, purpose=purpose, network=values.network, now=values.now, trip=trip
    )
    trip.go()
    is_allowed = all(limit.rows for limit in counted)
    _finish(take_back=not is_allowed)
    return confirmation if is_allowed else None


def _put_down(found: Situation, values: _Values, *, trip: Trip) -> Confirmation:
    """Have the request and its question put down on this trip."""
    now, consent = values.now, found.consent
    if consent is None or not found.is_open(now):
        consent = openings.put_down(
            found,
            wording=values.wording,
            source=values.source,
            proof=values.proof,
            now=now,
            trip=trip,
        )
    if values.email:
        confirmation = _question_by_email(consent, values.email, now=now)
        stored = trip.insert([confirmation], after="RETURNING id")
        trip.then(lambda: setattr(confirmation, "pk", stored.rows[0][0]))
        return confirmation
    confirmation, message = _question_by_sms(consent, now=now)
    trip.insert([confirmation])
    trip.insert([message])
    return confirmation


def _rehearse(found: Situation, values: _Values) -> None:
    """Do for nobody's number what a new number gets, and take it back.

    So a number that is asked nothing, because it is known or blocked, costs what a new one costs, and
    the time of the answer tells nothing (trust.md T17).
    """
    stranger = replace(found, phone=openings.nobody(), subject=None, consent=None)
    trip = Trip()
    trip.add(SAVEPOINT)
    _put_down(stranger, values, trip=trip)
    limits.count_contact(
        stranger.phone, purpose=found.purpose, network=values.network, now=values.now, trip=trip
    )
    trip.go()
    _finish(take_back=True)


def _finish(*, take_back: bool) -> None:
    """Keep what was done since SAVEPOINT, or take it back: the transaction ends alike in both cases."""
    trip = Trip()
    trip.add("ROLLBACK TO SAVEPOINT asked" if take_back else "RELEASE SAVEPOINT asked")
    trip.go()


def _question_by_sms(consent: Consent, *, now: datetime) -> tuple[Confirmation, ServiceMessage]:
    token = signing.new_token()
    confirmation = Confirmation(
        consent=consent,
        channel=Confirmation.Channel.SMS,
        digest=signing.digest(token, purpose=CONFIRM),
        created_at=now,
        expires_at=consent.answer_by,
    )
    link = settings.PUBLIC_URL + reverse("consents:confirm", args=[token])
    message = _prepare(
        Kind.CONFIRMATION,
        consent,
        consent.wording,
        now=now,
        not_after=consent.answer_by,
        link=link,
    )
    return confirmation, message


def _question_by_email(consent: Consent, email: str, *, now: datetime) -> Confirmation:
    token = signing.new_token()
    return Confirmation(
        consent=consent,
        channel=Confirmation.Channel.EMAIL,
        digest=signing.digest(token, purpose=CONFIRM),
        email=email,
        token=token,
        created_at=now,
        expires_at=consent.answer_by,
    )


def queue_sms(consent: Consent, *, now: datetime) -> Confirmation:
    """Queue the one SMS that asks for the second yes: by JA, or by a link with a button."""
    confirmation, message = _question_by_sms(consent, now=now)
    confirmation.save(force_insert=True)
    message.save(force_insert=True)
    return confirmation


def queue_email(consent: Consent, email: str, *, now: datetime) -> Confirmation:
    """Keep the address, encrypted, until the link is used; the worker sends the mail from the row."""
    confirmation = _question_by_email(consent, email, now=now)
    confirmation.save(force_insert=True)
    return confirmation


def send_email(confirmation_id: int, *, now: datetime) -> bool:
    """Mail the confirmation link, once: the mark and the mail stand or fall together."""
    if outbox.why_stopped():
        return False
    with transaction.atomic():
        found = (
            Confirmation.objects.select_for_update(of=("self",))
            .select_related("consent__purpose__organisation", "consent__wording")
            .filter(pk=confirmation_id, email_sent_at=None, used_at=None, expires_at__gt=now)
            .first()
        )
        if found is None or not found.email or not found.token:
            return False
        found.email_sent_at = now
        found.save(update_fields=["email_sent_at"])
        consent = found.consent
        context = {
            "organisation": consent.purpose.organisation,
            "wording": consent.wording,
            "link": settings.PUBLIC_URL + reverse("consents:confirm", args=[found.token]),
        }
        with translation.override(consent.wording.language):
            subject = render_to_string("consents/email/confirm_subject.txt", context).strip()
            body = render_to_string("consents/email/confirm.txt", context)
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [found.email])
    return True


def unsent_emails(now: datetime, *, limit: int) -> list[int]:
    """Return ids of confirmations whose mail has not gone: the broker may have lost the wake-up."""
    waiting = Confirmation.objects.filter(
        channel=Confirmation.Channel.EMAIL,
        email__isnull=False,
        email_sent_at=None,
        used_at=None,
        expires_at__gt=now,
    )
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])


def queue_welcome(consent: Consent, *, now: datetime) -> ServiceMessage:
    """Queue the receipt for a yes: who, what, how often, how to stop, and the right to object (L34)."""
    return _queue(
        Kind.WELCOME, consent, now=now, not_after=now + ANSWER_WITHIN, link=_stop_link(consent)
    )


def prepare_answer(
    kind: ServiceMessage.Kind,
    *,
    organisation: Organisation,
    subject: Subject | None,
    sender: str,
    phone: Phone,
    language: str,
    now: datetime,
    purpose: Purpose | None = None,
) -> ServiceMessage:
    """Return the unsaved answer that concerns no single consent: a stop receipt, help, an unknown code.

    Known and unknown numbers are answered alike.
    """
    context: dict[str, object] = {
        "organisation": organisation,
        "purpose": purpose,
        "number": sender,
    }
    return _message(
        kind,
        organisation=organisation,
        subject=subject,
        consent=None,
        sender=sender,
        phone=phone,
        text=_render(kind, context, language),
        language=language,
        now=now,
        not_after=now + ANSWER_WITHIN,
    )


def queue_answer(
    kind: ServiceMessage.Kind, *, organisation: Organisation, phone: Phone, **values: Any
) -> ServiceMessage:
    """Queue such an answer. The number may be known or not."""
    subject = Subject.objects.with_phone(organisation, phone).first()
    message = prepare_answer(
        kind, organisation=organisation, subject=subject, phone=phone, **values
    )
    message.save(force_insert=True)
    return message


def queue_case_code(
    case: Case, *, sender: str, code: str, not_after: datetime, now: datetime
) -> ServiceMessage:
    """Queue the code by which a person shows a colleague that the number is theirs (law.md L44)."""
    assert case.number is not None
    context: dict[str, object] = {"organisation": case.organisation, "code": code}
    return _store(
        Kind.CASE_CODE,
        organisation=case.organisation,
        subject=Subject.objects.with_phone(case.organisation, case.number).first(),
        consent=None,
        sender=sender,
        phone=case.number,
        text=_render(Kind.CASE_CODE, context, case.language),
        language=case.language,
        now=now,
        not_after=not_after,
    )


def prepare_reminder(consent: Consent, *, now: datetime, not_after: datetime) -> ServiceMessage:
    """Return the unsaved message that says: you said yes to this, and so you stop (law.md L24)."""
    link = _stop_link(consent)
    return _prepare(
        Kind.REMINDER, consent, consent.wording, now=now, not_after=not_after, link=link
    )


def prepare_notice(consent: Consent, *, now: datetime, not_after: datetime) -> ServiceMessage:
    """Return the unsaved message that says that the privacy notice has changed (law.md L23)."""
    link = _stop_link(consent)
    return _prepare(Kind.NOTICE, consent, consent.wording, now=now, not_after=not_after, link=link)


def prepare_renewal(
    consent: Consent, wording: Wording, *, now: datetime, not_after: datetime, expires_at: datetime
) -> tuple[Confirmation, ServiceMessage]:
    """Return the unsaved question whether the consent shall go on, under these words, and its SMS."""
    token = signing.new_token()
    confirmation = Confirmation(
        consent=consent,
        channel=Confirmation.Channel.SMS,
        digest=signing.digest(token, purpose=CONFIRM),
        wording=wording,
        created_at=now,
        expires_at=expires_at,
    )
    link = settings.PUBLIC_URL + reverse("consents:confirm", args=[token])
    message = _prepare(Kind.RENEWAL, consent, wording, now=now, not_after=not_after, link=link)
    return confirmation, message


def renew(confirmation: Confirmation, *, proof: Proof, now: datetime) -> bool:
    """The person says yes again: renew under the words that were asked about, and say so by SMS."""
    assert confirmation.wording is not None
    consent = confirmation.consent
    if not transitions.renew(consent, wording=confirmation.wording, proof=proof, now=now):
        return False
    consent.refresh_from_db()
    queue_welcome(consent, now=now)
    return True


def queue_codes(*, now: datetime, limit: int = 100) -> int:
    """Queue the SMS of each visit to my page that waits for its code. Return how many were queued.

    The page itself stores one row for every number. Only here do known and unknown numbers part, where
    nobody is waiting who could measure it (trust.md T17).
    """
    with transaction.atomic():
        waiting = list(
            Visit.objects.filter(code__isnull=False)
            .select_for_update(of=("self",), skip_locked=True)
            .order_by("pk")[:limit]
        )
        senders = [_queue_code(visit, now=now) for visit in waiting if visit.expires_at > now]
        Visit.objects.filter(pk__in=[visit.pk for visit in waiting]).update(code=None)
    return sum(senders)


def _queue_code(visit: Visit, *, now: datetime) -> bool:
    """Queue one code, to a number that we know, at an organisation that has a sender."""
    subject, sender = visit.subject, visit.organisation.senders.order_by("pk").first()
    if subject is None or sender is None:
        return False
    context: dict[str, object] = {
        "organisation": visit.organisation,
        "code": visit.code,
        "until": visit.expires_at,
    }
    _store(
        Kind.PAGE_CODE,
        organisation=visit.organisation,
        subject=subject,
        consent=None,
        sender=sender.value,
        phone=subject.phone,
        text=_render(Kind.PAGE_CODE, context, subject.language),
        language=subject.language,
        now=now,
        not_after=visit.expires_at,
    )
    return True


def _queue(
    kind: ServiceMessage.Kind,
    consent: Consent,
    *,
    now: datetime,
    not_after: datetime,
    link: str,
) -> ServiceMessage:
    message = _prepare(kind, consent, consent.wording, now=now, not_after=not_after, link=link)
    message.save(force_insert=True)
    return message


def _prepare(
    kind: ServiceMessage.Kind,
    consent: Consent,
    wording: Wording,
    *,
    now: datetime,
    not_after: datetime,
    link: str,
) -> ServiceMessage:
    purpose = consent.purpose
    context: dict[str, object] = {
        "organisation": purpose.organisation,
        "purpose": purpose,
        "consent": consent,
        "wording": wording,
        "is_changed": wording.pk != consent.wording_id,
        "age": purpose.minimum_age,
        "number": purpose.sender.reply_number,
        "direct": purpose.sender.is_answered_directly,
        "link": link,
        "receipt": _receipt_link(kind, consent),
        "privacy": settings.PUBLIC_URL
        + reverse("consents:privacy", args=[purpose.organisation.slug]),
    }
    return _message(
        kind,
        organisation=purpose.organisation,
        subject=consent.subject,
        consent=consent,
        sender=purpose.sender.value,
        phone=consent.subject.phone,
        text=_render_in_parts(kind, context, wording.language),
        language=wording.language,
        now=now,
        not_after=not_after,
    )


def _store(kind: ServiceMessage.Kind, **values: Any) -> ServiceMessage:
    message = _message(kind, **values)
    message.save(force_insert=True)
    return message


def _message(
    kind: ServiceMessage.Kind,
    *,
    organisation: Organisation,
    subject: Subject | None,
    consent: Consent | None,
    sender: str,
    phone: Phone,
    text: str,
    language: str,
    now: datetime,
    not_after: datetime,
) -> ServiceMessage:
    return ServiceMessage(
        kind=kind,
        organisation=organisation,
        subject=subject,
        consent=consent,
        sender=sender,
        recipient=phone,
        recipient_index=crypto.blind_index(phone, use="lookup", organisation=organisation.pk),
        text=text,
        key_id=crypto.current_key_id(),
        language=language,
        queued_at=now,
        not_before=now,
        not_after=not_after,
    )


def _render(kind: ServiceMessage.Kind, context: dict[str, object], language: str) -> str:
    """Return the text of one message. Its lines are joined: an SMS is one paragraph."""
    with translation.override(language):
        text = render_to_string(f"consents/sms/{kind}.txt", context)
    return gsm.normalise(" ".join(text.split()))


def _render_in_parts(kind: ServiceMessage.Kind, context: dict[str, object], language: str) -> str:
    """Return the text, without the address of the receipt where that would cost one more part."""
    whole = _render(kind, context, language)
    if not context["receipt"]:
        return whole
    bare = _render(kind, context | {"receipt": ""}, language)
    return whole if gsm.measure(whole).segments == gsm.measure(bare).segments else bare


def _receipt_link(kind: ServiceMessage.Kind, consent: Consent) -> str:
    has_one = kind is Kind.WELCOME and consent.receipt_digest
    return settings.PUBLIC_URL + receipts.address_of(consent) if has_one else ""


def _stop_link(consent: Consent) -> str:
    token = signing.derived_token(bytes(consent.stop_nonce), purpose="stop")
    return settings.PUBLIC_URL + reverse("consents:stop", args=[token])


def _asked(now: datetime) -> QuerySet[Consent]:
    return Consent.objects.pending(now).exclude(pk__in=Consent.objects.suppressed())


def hear(row: ServiceMessage, receipt: Receipt, *, now: datetime) -> None:
    """Send once more, half an hour later, what failed through no fault of message or number (strex.md § 10).

    A new row under a new id, through the gate. A repetition is not repeated, nor is what would come too late.
    """
    at = now + AGAIN_AFTER
    is_over = row.not_after is not None and at >= row.not_after
    if not receipt.transient or row.repeats is not None or is_over:
        return
    again = ServiceMessage.objects.get(pk=row.pk)
    again.pk, again.repeats = uuid4(), row.pk
    again.state, again.attempts, again.reason, again.detail = row.State.QUEUED, 0, "", ""
    again.handed_over_at = again.segments = again.counted_segments = None
    again.queued_at, again.not_before, again.key_id = now, at, crypto.current_key_id()
    again.save(force_insert=True)


# Which consents a message of this kind may still go out on; the other kinds concern no consent.
_NEEDS: dict[str, Callable[[datetime], QuerySet[Consent]]] = {
    Kind.CONFIRMATION: _asked,
    Kind.WELCOME: Consent.objects.granted,
    Kind.REMINDER: Consent.objects.sendable,
    Kind.RENEWAL: Consent.objects.renewable,
    Kind.NOTICE: Consent.objects.renewable,
}
_REFUSALS = {str(Kind.CONFIRMATION): "no_open_request"}


def _arrived(rows: Sequence[ServiceMessage]) -> set[UUID]:
    """Return which of the messages that are being repeated were delivered after all."""
    ids = [row.repeats for row in rows if row.repeats]
    if not ids:
        return set()
    delivered = ServiceMessage.objects.filter(pk__in=ids, state=ServiceMessage.State.DELIVERED)
    return set(delivered.values_list("pk", flat=True))


class ServiceGate:
    """Who may still receive a service message, at the moment it is handed over."""

    def lock(self, rows: QuerySet[ServiceMessage]) -> None:
        outbox.lock_in_order(Consent, rows.values("consent"), mode="SHARE")

    def decide(self, rows: Sequence[ServiceMessage], *, now: datetime) -> list[outbox.Verdict]:
        ids = {row.consent_id for row in rows if row.consent_id}
        may = {
            kind: set(_NEEDS[kind](now).filter(pk__in=ids).values_list("pk", flat=True))
            for kind in {row.kind for row in rows} & _NEEDS.keys()
        }
        arrived = _arrived(rows)
        return [
            outbox.Block("arrived") if row.repeats in arrived else self._decide_one(row, may=may)
            for row in rows
        ]

    def _decide_one(self, row: ServiceMessage, *, may: dict[str, set[int]]) -> outbox.Verdict:
        if row.kind in may and row.consent_id not in may[row.kind]:
            return outbox.Block(_REFUSALS.get(row.kind, "no_consent"))
        # A Fernet token does not know its row: a swapped one opens cleanly (trust.md § 4).
        indexes = crypto.blind_indexes(
            row.recipient, use="lookup", organisation=row.organisation_id
        )
        if bytes(row.recipient_index) not in indexes:
            return outbox.Block("index_mismatch")
        return outbox.Send(
            Outgoing(
                id=row.pk,
                recipient=row.recipient,
                sender=row.sender,
                text=row.text,
                not_after=row.not_after,
                urgent=True,
                tag=f"s/{row.kind.replace('_', '')}",
            )
        )


def lapse_unanswered(*, now: datetime, limit: int = 500) -> int:
    """End the requests that nobody answered in time. Return how many."""
    late = Consent.objects.filter(state=Consent.State.PENDING, answer_by__lte=now)
    return sum(
        transitions.lapse(consent, now=now)
        for consent in late.select_related("subject", "purpose").order_by("answer_by")[:limit]
    )


def expire_consents(*, now: datetime, limit: int = 500) -> int:
    """End the consents whose lifetime is over. Return how many."""
    late = Consent.objects.filter(state=Consent.State.GRANTED, valid_until__lte=now)
    return sum(
        transitions.expire(consent, now=now)
        for consent in late.select_related("subject", "purpose").order_by("valid_until")[:limit]
    )
