"""The question that a second yes answers, the question whether to go on, and the welcome after a yes.

Makes rows for the outbox. Sends nothing itself but mail.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from consents import limits, locking, openings, situations, transitions, writing
from consents.ledger import Proof
from consents.models import Confirmation, Consent, Purpose, ServiceMessage, Wording
from consents.situations import Situation
from consents.turns import take_turns
from smsconsent import outbox, signing
from smsconsent.phones import Phone
from smsconsent.trips import Trip

CONFIRM = "confirm"
Kind = ServiceMessage.Kind
_SAVEPOINT = "SAVEPOINT asked"


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
    found = situations.look(purpose, phone, now=values.now)
    if found.needs_nothing or (found.is_open(values.now) and found.is_asked):
        if evenly:
            _rehearse(found, values)
        return None
    trip = Trip()
    trip.add(_SAVEPOINT)
    confirmation = _record_question(found, values, trip=trip)
    counted = limits.count_contact(
        phone, purpose=purpose, network=values.network, now=values.now, trip=trip
    )
    trip.go()
    is_allowed = all(limit.rows for limit in counted)
    _finish(take_back=not is_allowed)
    return confirmation if is_allowed else None


def _record_question(found: Situation, values: _Values, *, trip: Trip) -> Confirmation:
    """Have the request and its question recorded on this trip."""
    now, consent = values.now, found.consent
    if consent is None or not found.is_open(now):
        consent = openings.record_request(
            found,
            wording=values.wording,
            source=values.source,
            proof=values.proof,
            now=now,
            trip=trip,
        )
    # A consent that holds is asked about to be renewed, under these words.
    newer = values.wording if found.holds(now) else None
    if values.email:
        confirmation = question_by_email(consent, values.email, now=now, newer=newer)
        stored = trip.insert([confirmation], returning=("id",))
        trip.then(lambda: setattr(confirmation, "pk", stored.rows[0][0]))
        return confirmation
    confirmation, message = _question_by_sms(consent, now=now, newer=newer)
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
    trip.add(_SAVEPOINT)
    _record_question(stranger, values, trip=trip)
    limits.count_contact(
        stranger.phone, purpose=found.purpose, network=values.network, now=values.now, trip=trip
    )
    trip.go()
    _finish(take_back=True)


def _finish(*, take_back: bool) -> None:
    """Keep what was done since _SAVEPOINT, or take it back: the transaction ends alike in both cases."""
    trip = Trip()
    trip.add(f"ROLLBACK TO {_SAVEPOINT}" if take_back else f"RELEASE {_SAVEPOINT}")
    trip.go()


def _question(
    consent: Consent,
    channel: Confirmation.Channel,
    token: str,
    *,
    now: datetime,
    newer: Wording | None,
) -> Confirmation:
    """Return an unsaved question. `newer`: the words under which a consent that holds is to be renewed."""
    ends_at = consent.answer_by
    if newer is not None:
        assert consent.valid_until is not None, "it holds"
        ends_at = min(consent.valid_until, now + settings.CONFIRMATION_LIFE)
    return Confirmation(
        consent=consent,
        channel=channel,
        digest=signing.digest(token, purpose=CONFIRM),
        wording=newer,
        created_at=now,
        expires_at=ends_at,
    )


def _question_by_sms(
    consent: Consent, *, now: datetime, newer: Wording | None = None
) -> tuple[Confirmation, ServiceMessage]:
    token = signing.new_token()
    confirmation = _question(consent, Confirmation.Channel.SMS, token, now=now, newer=newer)
    message = writing.prepare(
        Kind.CONFIRMATION,
        consent,
        newer or consent.wording,
        now=now,
        not_after=confirmation.expires_at,
        link=settings.PUBLIC_URL + reverse("consents:confirm", args=[token]),
    )
    return confirmation, message


def question_by_email(
    consent: Consent, email: str, *, now: datetime, newer: Wording | None = None
) -> Confirmation:
    """Return the unsaved question that keeps the address, encrypted, until its link is used."""
    token = signing.new_token()
    confirmation = _question(consent, Confirmation.Channel.EMAIL, token, now=now, newer=newer)
    confirmation.email, confirmation.token = email, token
    return confirmation


def queue_sms(consent: Consent, *, now: datetime, newer: Wording | None = None) -> Confirmation:
    """Queue the one SMS that asks for the second yes: by JA, or by a link with a button."""
    confirmation, message = _question_by_sms(consent, now=now, newer=newer)
    confirmation.save(force_insert=True)
    message.save(force_insert=True)
    return confirmation


def ask_number(by_email: Confirmation, *, now: datetime) -> bool:
    """Whoever has the address wants this: now ask whoever has the number. Return whether it is asked.

    SECURITY: an address shows nothing about a number that somebody typed beside it (trust.md T6).
    """
    consent = by_email.consent
    if not limits.move_contact(consent.subject.phone, counted_at=by_email.created_at, now=now):
        return False
    queue_sms(consent, now=now, newer=by_email.wording)
    return True


def send_email(confirmation_id: int, *, now: datetime) -> bool:
    """Mail the confirmation link, once: the mark and the mail stand or fall together."""
    if outbox.why_stopped():
        return False
    with transaction.atomic():
        found = (
            Confirmation.objects.select_for_update(of=("self",))
            .select_related("consent__purpose__organisation", "consent__wording", "wording")
            .filter(pk=confirmation_id, email_sent_at=None, used_at=None, expires_at__gt=now)
            .first()
        )
        if found is None or not found.email or not found.token:
            return False
        found.email_sent_at = now
        found.save(update_fields=["email_sent_at"])
        wording = found.wording or found.consent.wording
        context = {
            "organisation": found.consent.purpose.organisation,
            "wording": wording,
            "link": settings.PUBLIC_URL + reverse("consents:confirm", args=[found.token]),
        }
        with translation.override(wording.language):
            subject = render_to_string("consents/email/confirm_subject.txt", context).strip()
            body = render_to_string("consents/email/confirm.txt", context)
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [found.email])
    return True


def send_waiting_emails(*, now: datetime, limit: int = 100) -> int:
    """Send the mail that has not gone: the broker may have lost the wake-up. Return how many were sent.

    Mail that cannot be sent keeps no other waiting. Raises the first error at the end.
    """
    waiting = Confirmation.objects.filter(
        channel=Confirmation.Channel.EMAIL,
        email__isnull=False,
        email_sent_at=None,
        used_at=None,
        expires_at__gt=now,
    )
    emails = waiting.order_by("pk").only("pk")[:limit]
    return take_turns(emails, lambda each: send_email(each.pk, now=now))


def queue_welcome(consent: Consent, *, now: datetime) -> ServiceMessage:
    """Queue the receipt for a yes: who, what, how often, how to stop, and the right to object (L34)."""
    message = writing.prepare(
        Kind.WELCOME,
        consent,
        consent.wording,
        now=now,
        not_after=now + writing.ANSWER_WITHIN,
        link=writing.stop_link(consent),
    )
    message.save(force_insert=True)
    return message


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
    message = writing.prepare(
        Kind.RENEWAL, consent, wording, now=now, not_after=not_after, link=link
    )
    return confirmation, message


def use(confirmation: Confirmation, *, now: datetime) -> bool:
    """Use a question up, and lock its consent. Return whether this call was the one.

    In the transaction of the answer, which takes it back when it cannot be given (invariant 19).
    """
    locking.lock([confirmation.consent_id])
    waiting = Confirmation.objects.filter(pk=confirmation.pk, used_at=None, expires_at__gt=now)
    return bool(waiting.update(used_at=now, email=None, token=None))


def renew(consent: Consent, *, wording: Wording, proof: Proof, now: datetime) -> bool:
    """The person says yes again: renew under the words that were asked about, and say so by SMS."""
    if not transitions.renew(consent, wording=wording, proof=proof, now=now):
        return False
    consent.refresh_from_db()
    queue_welcome(consent, now=now)
    return True
