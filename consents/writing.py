"""What service messages say, in the language of whoever gets them. Makes rows, sends nothing."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from consents import receipts
from consents.models import (
    Case,
    Consent,
    Organisation,
    Purpose,
    ServiceMessage,
    Subject,
    Wording,
)
from smsconsent import crypto, gsm, signing
from smsconsent.phones import Phone

Kind = ServiceMessage.Kind
# An answer that arrives long after the question only confuses.
ANSWER_WITHIN = timedelta(hours=24)


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
    text: str = "",
) -> ServiceMessage:
    """Return the unsaved answer that concerns no single consent: a stop receipt, help, an unknown code.

    Known and unknown numbers are answered alike. `text`: what it says, if that has been written before.
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
        text=text or render(kind, context, language),
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
    return store(
        Kind.CASE_CODE,
        organisation=case.organisation,
        subject=Subject.objects.with_phone(case.organisation, case.number).first(),
        consent=None,
        sender=sender,
        phone=case.number,
        text=render(Kind.CASE_CODE, context, case.language),
        language=case.language,
        now=now,
        not_after=not_after,
    )


def prepare_reminder(consent: Consent, *, now: datetime, not_after: datetime) -> ServiceMessage:
    """Return the unsaved message that says: you said yes to this, and so you stop (law.md L24)."""
    link = stop_link(consent)
    return prepare(Kind.REMINDER, consent, consent.wording, now=now, not_after=not_after, link=link)


def prepare_notice(consent: Consent, *, now: datetime, not_after: datetime) -> ServiceMessage:
    """Return the unsaved message that says that the privacy notice has changed (law.md L23)."""
    link = stop_link(consent)
    return prepare(Kind.NOTICE, consent, consent.wording, now=now, not_after=not_after, link=link)


def prepare(
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


def store(kind: ServiceMessage.Kind, **values: Any) -> ServiceMessage:
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


def render(kind: ServiceMessage.Kind, context: dict[str, object], language: str) -> str:
    """Return the text of one message. Its lines are joined: an SMS is one paragraph."""
    with translation.override(language):
        text = render_to_string(f"consents/sms/{kind}.txt", context)
    return gsm.normalise(" ".join(text.split()))


def _render_in_parts(kind: ServiceMessage.Kind, context: dict[str, object], language: str) -> str:
    """Return the text, without the address of the receipt where that would cost one more part."""
    whole = render(kind, context, language)
    if not context["receipt"]:
        return whole
    bare = render(kind, context | {"receipt": ""}, language)
    return whole if gsm.measure(whole).segments == gsm.measure(bare).segments else bare


def _receipt_link(kind: ServiceMessage.Kind, consent: Consent) -> str:
    has_one = kind is Kind.WELCOME and consent.receipt_digest
    return settings.PUBLIC_URL + receipts.address_of(consent) if has_one else ""


def stop_link(consent: Consent) -> str:
    token = signing.derived_token(bytes(consent.stop_nonce), purpose="stop")
    return settings.PUBLIC_URL + reverse("consents:stop", args=[token])
