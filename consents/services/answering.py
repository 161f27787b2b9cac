"""Links that people press. A token works once, for one request, until it ends; GET only reads."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from consents import confirmations, tasks, transitions
from consents.ledger import Proof
from consents.models import Confirmation, Consent, Purpose, Suppression
from consents.services.settling import suppress
from smsconsent import signing


class LinkError(Exception):
    """A link that does nothing. The page says so; nothing has changed."""


class LinkUnknown(LinkError):
    """No such link: mistyped, forged, or its row has been deleted."""


class LinkExpired(LinkError):
    """The link has ended."""


class LinkUsed(LinkError):
    """The question behind the link has been answered."""


def find_confirmation(token: str, *, now: datetime) -> Confirmation:
    """Return what a confirmation link is about. Raises LinkUnknown, LinkUsed or LinkExpired."""
    found = (
        Confirmation.objects.filter(
            digest__in=signing.digests(token, purpose=confirmations.CONFIRM)
        )
        .select_related(
            "consent__subject",
            "consent__wording",
            "consent__purpose__organisation",
            "consent__purpose__sender",
            "wording",
        )
        .first()
    )
    if found is None:
        raise LinkUnknown
    if found.used_at is not None:
        raise LinkUsed
    asks_about = Consent.State.GRANTED if found.is_renewal else Consent.State.PENDING
    if found.expires_at <= now or found.consent.state != asks_about:
        raise LinkExpired
    return found


def _use(token: str, *, now: datetime) -> Confirmation:
    """Return the same, used up by this call. Raises the same errors."""
    found = find_confirmation(token, now=now)
    if not confirmations.use(found, now=now):
        raise LinkUsed
    return found


@transaction.atomic
def confirm_by_link(token: str, *, now: datetime, page_sha256: str = "") -> Consent:
    """The person pressed yes, on the page with this digest. Raises LinkError when the link is dead.

    Behind a link by e-mail that is no yes yet: it has the number asked, by SMS.
    """
    found = _use(token, now=now)
    if found.is_by_email:
        confirmations.ask_number(found, now=now)
        tasks.send_service_messages.delay_on_commit()
        return found.consent
    proof = _proof(found)
    if page_sha256:
        proof = replace(proof, workflow={"confirm_page_sha256": page_sha256})
    if found.wording is not None:
        if not confirmations.renew(found.consent, wording=found.wording, proof=proof, now=now):
            raise LinkUsed
        tasks.send_service_messages.delay_on_commit()
        return found.consent
    if not transitions.grant(found.consent, proof=proof, now=now):
        raise LinkUsed
    found.consent.refresh_from_db()
    confirmations.queue_welcome(found.consent, now=now)
    tasks.send_service_messages.delay_on_commit()
    return found.consent


@transaction.atomic
def refuse_by_link(token: str, *, was_me: bool, now: datetime) -> Consent:
    """The person pressed no. «It was not me» also blocks the number from being asked again (F179).

    No to a renewal is a stop; «it was not me» then says that the old yes was not theirs either. Behind a
    link by e-mail a no only uses it up: it says nothing about a number.
    """
    found = _use(token, now=now)
    consent = found.consent
    if found.is_by_email:
        return consent
    end = transitions.refuse
    if found.is_renewal:
        end = transitions.withdraw if was_me else transitions.invalidate
    if not end(consent, proof=_proof(found), now=now):
        raise LinkUsed
    if not was_me:
        suppress(
            consent.purpose.organisation,
            consent.subject.phone,
            purpose=None,
            reason=Suppression.Reason.NOT_ME,
            now=now,
        )
    return consent


def find_stop(token: str) -> Consent:
    """Return the consent that a stop link ends. It works as long as the consent is known (F180)."""
    found = (
        Consent.objects.filter(stop_digest__in=signing.digests(token, purpose="stop"))
        .select_related("subject", "purpose__organisation", "purpose__sender")
        .first()
    )
    if found is None:
        raise LinkUnknown
    return found


@transaction.atomic
def stop_by_link(token: str, *, everything: bool, now: datetime) -> list[Purpose]:
    """Withdraw this consent, or all of this person's at the organisation. Return the purposes ended.

    Pressed again it ends nothing more and names the same purposes.
    """
    consent = find_stop(token)
    about = [consent]
    if everything:
        about = list(consent.subject.consents.select_related("subject", "purpose").order_by("pk"))
    for each in about:
        transitions.withdraw(each, proof=Proof("stop_link"), now=now)
    return [each.purpose for each in about]


def _proof(confirmation: Confirmation) -> Proof:
    """What shows that the person acted. PRIVACY: the token is not kept."""
    return Proof("link", facts={"confirmation": confirmation.pk})
