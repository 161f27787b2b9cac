"""The receipt that a person keeps: what they said, to which words, and the proof (trust.md § 3, guide G05).

Its address is known only to whoever was given it. The token is derived from the consent's nonce and found
again by its digest; it dies with the consent.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from consents import ledger, logkeys, proofs
from consents.models import Consent, EventDetail
from consents.vocabulary import CONTEXT, RIGHTS, SCHEMA
from smsconsent import signing

PURPOSE = "receipt"
KANTARA = "KI-CR-v1.1.0"


class ReceiptUnknown(Exception):
    """No such receipt: mistyped, or the consent and its evidence have been deleted."""


class ReceiptBroken(Exception):
    """What is stored no longer fits what was sealed: somebody changed it. It proves nothing."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The newest event of a consent, opened. `proof` is empty until the event is sealed."""

    consent: Consent
    detail: EventDetail
    content: dict[str, Any]
    proof: str

    @property
    def private(self) -> dict[str, Any]:
        private: dict[str, Any] = self.content["private"]
        return private

    @property
    def kind(self) -> str:
        return ledger.kind_of(self.detail.event)

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.private["occurred_at"])


def token_of(nonce: bytes) -> str:
    """Return the token of the receipt that belongs to a consent's nonce."""
    return signing.derived_token(nonce, purpose=PURPOSE)


def digest_of(nonce: bytes) -> bytes:
    """Return what is stored of the token: 32 bytes."""
    return signing.digest(token_of(nonce), purpose=PURPOSE)


def address_of(consent: Consent) -> str:
    """Return the path of the page with the receipt."""
    return reverse("consents:receipt", args=[token_of(bytes(consent.stop_nonce))])


def find(token: str) -> Receipt:
    """Return the receipt behind a token. Raises ReceiptUnknown and ReceiptBroken."""
    consent = (
        Consent.objects.filter(receipt_digest__in=signing.digests(token, purpose=PURPOSE))
        .select_related("subject", "purpose__organisation", "purpose__sender", "wording__notice")
        .first()
    )
    if consent is None:
        raise ReceiptUnknown
    return of(consent)


def of(consent: Consent) -> Receipt:
    """Return the receipt for the newest event of a consent. Raises ReceiptUnknown and ReceiptBroken."""
    detail = (
        EventDetail.objects.select_related("event")
        .filter(event__event_id=consent.last_event_id)
        .first()
    )
    if detail is None:
        raise ReceiptUnknown
    try:
        content = ledger.open_detail(detail)
    except ledger.BrokenCommitment as error:
        raise ReceiptBroken from error
    try:
        proof = proofs.proof_text(consent.last_event_id)
    except proofs.NotSealed:
        proof = ""
    return Receipt(consent, detail, content, proof)


def as_json_ld(receipt: Receipt) -> dict[str, Any]:
    """Return the receipt for machines. The verifier checks it; the schema is docs/receipt.schema.json."""
    return (
        {
            "@context": CONTEXT,
            "@id": UUID(receipt.detail.event.event_id).urn,
            "@type": "dpv:ConsentReceipt",
            "schema_version": SCHEMA,
        }
        | _event(receipt)
        | _what(receipt)
        | _parties(receipt)
        | {"kantara": _kantara(receipt), "evidence": _evidence(receipt)}
    )


def _event(receipt: Receipt) -> dict[str, Any]:
    private, consent = receipt.private, receipt.consent
    return {
        "record_id": receipt.detail.event.event_id,
        "pii_principal_id": private["subject_ref"],
        "event_state": receipt.kind,
        "event_type": "expressed_consent",
        "event_time": private["occurred_at"],
        # A yes that was never given has no end; an empty date would be none.
        **({"valid_until": private["valid_until"]} if private["valid_until"] else {}),
        "validity_duration": f"P{consent.purpose.consent_months}M",
        "entity_id": private["expressed_by"],
        "collection_method": private["method"],
        "language": private["language"],
        "privacy_notice": _notice_address(consent),
        "privacy_notice_sha256": consent.wording.sha256,
        "notice_version": str(private["wording_version"]),
    }


def _what(receipt: Receipt) -> dict[str, Any]:
    purpose, wording = receipt.consent.purpose, receipt.consent.wording
    return {
        "purpose": f"{wording.title}: {wording.what}. {wording.why}. {wording.frequency}.",
        "purpose_id": purpose.public_id.hex,
        "purpose_type": "direct_marketing",
        "pii_type": ["telephone_number"],
        "pii_optional": "required",
        "storage_locations": "At the controller and its processors, as the privacy notice says",
        "retention_period": f"{purpose.evidence_days} days after the consent has ended",
        "withdrawal_method": wording.how_to_stop,
        "privacy_rights": RIGHTS,
    }


def _parties(receipt: Receipt) -> dict[str, Any]:
    organisation = receipt.consent.purpose.organisation
    return {
        "pii_controller": {
            "party_name": organisation.name,
            "party_id": organisation.number,
            "party_address": organisation.address,
            "party_contact": organisation.contact_email,
        },
        "recipient_third_parties": [{"party_name": settings.SMS_OPERATOR}],
        "jurisdiction": "NO",
        "authority_party": "Datatilsynet",
    }


def _kantara(receipt: Receipt) -> dict[str, Any]:
    """Return the same by the names of Kantara Consent Receipt 1.1."""
    organisation, wording = receipt.consent.purpose.organisation, receipt.consent.wording
    purpose = {
        "purpose": wording.what,
        "purposeCategory": ["Direct Marketing"],
        "consentType": "EXPLICIT",
        "piiCategory": ["Telephone number"],
        "primaryPurpose": True,
        "termination": receipt.private["valid_until"],
        "thirdPartyDisclosure": True,
        "thirdPartyName": settings.SMS_OPERATOR,
    }
    return {
        "version": KANTARA,
        "jurisdiction": "NO",
        "consentTimestamp": int(receipt.at.timestamp()),
        "collectionMethod": receipt.private["method"],
        "consentReceiptID": receipt.detail.event.event_id,
        "language": receipt.private["language"],
        "piiPrincipalId": receipt.private["subject_ref"],
        "piiControllers": [
            {
                "piiController": organisation.name,
                "contact": organisation.contact_email,
                "address": organisation.address,
                "email": organisation.contact_email,
                "phone": organisation.contact_phone,
            }
        ],
        "policyUrl": _notice_address(receipt.consent),
        "services": [{"service": "SMS", "purposes": [purpose]}],
        "sensitive": False,
        "spiCat": [],
    }


def _evidence(receipt: Receipt) -> dict[str, Any]:
    """Return what shows it: header, opened detail, the words that were shown, and the place in the log."""
    wording = receipt.consent.wording
    return {
        "header": b64encode(bytes(receipt.detail.event.header)).decode(),
        "detail": receipt.content,
        "wording": ledger.wording_bundle(wording),
        "notice": ledger.notice_bundle(wording.notice),
        "proof": receipt.proof,
        # Whoever holds a former key of the log finds the way to the one that signs today.
        "key_changes": [b64encode(header).decode() for header in logkeys.announcements()],
    }


def _notice_address(consent: Consent) -> str:
    return settings.PUBLIC_URL + reverse(
        "consents:privacy", args=[consent.purpose.organisation.slug]
    )
