"""What the fields of a receipt mean to machines: the JSON-LD context, written out so that nobody fetches it.

Names of fields follow ISO/IEC TS 27560, meanings the W3C Data Privacy Vocabulary (DPV) and Dublin Core.
DPV is a Community Group report, not a standard; the text of the ISO standard itself was not read.
`TERMS` lists every DPV term that is used, each looked up in the published files of DPV 2.3 (dpv, pd, loc,
legal/no, legal/eu/gdpr); a test holds the context against it (trust.md § 3).
"""

from typing import Any

SCHEMA = "https://www.iso.org/standard/80392.html"
OWN = "urn:smsconsent:terms:"

PREFIXES = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "legal-no": "https://w3id.org/dpv/legal/no#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

# The type of an event → the state of consent that it brings about.
STATES = {
    "requested": "dpv:ConsentRequested",
    "granted": "dpv:ConsentGiven",
    "renewed": "dpv:RenewedConsentGiven",
    "refused": "dpv:ConsentRefused",
    "lapsed": "dpv:ConsentRequestDeferred",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
    "invalidated": "dpv:ConsentInvalidated",
    "corrected": "dpv:ConsentUnknown",
}
VALUES = {
    "expressed_consent": "dpv:ExpressedConsent",
    "direct_marketing": "dpv:DirectMarketing",
    "telephone_number": "pd:TelephoneNumber",
    "required": "dpv:Required",
    "NO": "loc:NO",
    "Datatilsynet": "legal-no:DPA-NO",
}
# Withdraw, access, rectification, erasure, restriction, portability, objection, complaint.
RIGHTS = [
    f"eu-gdpr:{article}" for article in ("A7-3", "A15", "A16", "A17", "A18", "A20", "A21", "A77")
]

FIELDS: dict[str, Any] = {
    "schema_version": "dct:conformsTo",
    "record_id": "dct:identifier",
    "pii_principal_id": "dpv:hasDataSubject",
    "event_state": {"@id": "dpv:hasConsentStatus", "@type": "@vocab"},
    "event_type": {"@id": "dpv:hasLegalBasis", "@type": "@vocab"},
    "event_time": {"@id": "dpv:isIndicatedAtTime", "@type": "xsd:dateTime"},
    "valid_until": {"@id": "dct:valid", "@type": "xsd:dateTime"},
    "validity_duration": "dpv:hasDuration",
    "entity_id": "dpv:isIndicatedBy",
    "collection_method": "dpv:hasIndicationMethod",
    "language": "dct:language",
    "privacy_notice": {"@id": "dpv:hasNotice", "@type": "@id"},
    "privacy_notice_sha256": OWN + "privacy_notice_sha256",
    "notice_version": "dct:hasVersion",
    "purpose": "dpv:hasPurpose",
    "purpose_id": OWN + "purpose_id",
    "purpose_type": {"@id": "dct:type", "@type": "@vocab"},
    "pii_type": {"@id": "dpv:hasPersonalData", "@type": "@vocab"},
    "pii_optional": {"@id": "dpv:hasNecessity", "@type": "@vocab"},
    "pii_controller": "dpv:hasDataController",
    "party_name": "dpv:hasName",
    "party_id": "dpv:hasIdentifier",
    "party_address": "dpv:hasAddress",
    "party_contact": "dpv:hasContact",
    # The gateway is a processor: it is named under the field of ISO/IEC TS 27560 for recipients.
    "recipient_third_parties": "dpv:hasDataProcessor",
    "storage_locations": "dpv:hasStorageCondition",
    "retention_period": "dpv:hasStorageCondition",
    "jurisdiction": {"@id": "dpv:hasJurisdiction", "@type": "@vocab"},
    "authority_party": {"@id": "dpv:hasAuthority", "@type": "@vocab"},
    "privacy_rights": {"@id": "dpv:hasRight", "@type": "@vocab"},
    "withdrawal_method": "dpv:hasConsentControl",
    "kantara": {"@id": OWN + "kantara", "@type": "@json"},
    "evidence": {"@id": OWN + "evidence", "@type": "@json"},
}

CONTEXT: dict[str, Any] = {"@version": 1.1} | PREFIXES | STATES | VALUES | FIELDS

# DPV 2.3 of 25 February 2026 (w3c/dpv, folder 2.3), as far as it is used here. Each was looked up there; the
# states, legal basis, necessity (`Required` is one), notice, jurisdiction, authority and rights a second
# time, by their meaning as well: none is deprecated or modified since.
_TERMS = """
    dpv:ConsentReceipt dpv:ConsentRequested dpv:ConsentGiven dpv:RenewedConsentGiven dpv:ConsentRefused
    dpv:ConsentRequestDeferred dpv:ConsentWithdrawn dpv:ConsentExpired dpv:ConsentInvalidated
    dpv:ConsentUnknown dpv:ExpressedConsent dpv:DirectMarketing dpv:Required dpv:hasDataSubject
    dpv:hasConsentStatus dpv:hasLegalBasis dpv:isIndicatedAtTime dpv:hasDuration dpv:isIndicatedBy
    dpv:hasIndicationMethod dpv:hasNotice dpv:hasPurpose dpv:hasPersonalData dpv:hasNecessity
    dpv:hasDataController dpv:hasAddress dpv:hasContact dpv:hasDataProcessor dpv:hasStorageCondition
    dpv:hasName dpv:hasIdentifier dpv:hasJurisdiction dpv:hasAuthority dpv:hasRight dpv:hasConsentControl
    pd:TelephoneNumber loc:NO legal-no:DPA-NO eu-gdpr:A7-3 eu-gdpr:A15 eu-gdpr:A16 eu-gdpr:A17 eu-gdpr:A18
    eu-gdpr:A20 eu-gdpr:A21 eu-gdpr:A77
"""
TERMS = frozenset(_TERMS.split())
