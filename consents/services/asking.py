"""Asking for consent: on the page, by code, by a colleague. Typing somebody's number signs nobody up."""

from datetime import datetime
from typing import Literal

from django.conf import settings
from django.db import IntegrityError, transaction

from consents import confirmations, situations, tasks
from consents.ledger import Proof
from consents.models import Confirmation, Consent, HandsetCode, Purpose, Wording
from smsconsent import signing
from smsconsent.phones import Phone
from smsconsent.staff.models import User
from smsconsent.waking import wake

SHORTEST_CODE, LONGEST_CODE = 4, 8
TRIES_A_LENGTH = 5


def request_consent(
    purpose: Purpose,
    phone: Phone,
    *,
    wording: Wording,
    source: str,
    proof: Proof,
    now: datetime,
    channel: str = "sms",
    email: str = "",
    network: bytes | None = None,
) -> None:
    """Open a request and have its one confirmation sent.

    Says nothing about the number: new, known, withdrawn, blocked and too often asked end alike, in
    what is answered, in how many trips to the database it takes, and in what they cost (L14).
    """
    address = email if channel == Confirmation.Channel.EMAIL else ""
    confirmation = confirmations.ask(
        purpose,
        phone,
        wording=wording,
        source=source,
        proof=proof,
        email=address,
        network=network,
        now=now,
        evenly=True,
    )
    # Woken in every case, for the same reason. There is no confirmation with the number 0.
    if address:
        tasks.send_confirmation_email.delay_on_commit(confirmation.pk if confirmation else 0)
    wake(tasks.send_service_messages)


def find_form(
    organisation: str, purpose: str, *, language: str, now: datetime
) -> tuple[Purpose, Wording] | None:
    """Return what the form at this address asks, and in which words. See `situations.find_form`."""
    return situations.find_form(organisation, purpose, language=language, now=now)


def register_request(
    purpose: Purpose, phone: Phone, *, wording: Wording, by: User, note: str, now: datetime
) -> None:
    """A colleague registers what a person asked for by phone or at the counter.

    The person's own yes still decides: this only has the confirmation sent (F003, F035).
    """
    proof = Proof("staff", expressed_by="staff", facts={"colleague": by.pk, "note": note[:200]})
    request_consent(
        purpose, phone, wording=wording, source=Consent.Source.STAFF, proof=proof, now=now
    )


def open_handset_code(
    purpose: Purpose,
    *,
    wording: Wording,
    form_version: str,
    now: datetime,
    page_sha256: str = "",
) -> HandsetCode:
    """Return a fresh code that names what was shown. Short while few are open, longer when crowded."""
    for digits in range(SHORTEST_CODE, LONGEST_CODE + 1):
        for _try in range(TRIES_A_LENGTH):
            try:
                with transaction.atomic():
                    return HandsetCode.objects.create(
                        purpose=purpose,
                        wording=wording,
                        language=wording.language,
                        code=signing.new_code(digits),
                        form_version=form_version,
                        page_sha256=page_sha256,
                        public_id=signing.new_token(),
                        created_at=now,
                        expires_at=now + settings.HANDSET_CODE_LIFE,
                    )
            except IntegrityError:
                continue
    raise NoCodeLeft


class NoCodeLeft(Exception):
    """Every code tried is open already. Somebody has opened millions; try again in a while."""


def handset_code_state(code: HandsetCode, *, now: datetime) -> Literal["open", "used", "expired"]:
    """Return what has become of a code."""
    if code.used_at is not None:
        return "used"
    return "open" if code.expires_at > now else "expired"
