"""The nouns of consents."""

from consents.models.consents import Confirmation, Consent, HandsetCode
from consents.models.erasures import ErasedNumber, Erasure
from consents.models.evidence import ConsentEvent, EventDetail, PendingEvent
from consents.models.holds import HeldEvidence, HoldOpening, LegalHold
from consents.models.housekeeping import EvidenceExport, KeyCanary, PurgeRun
from consents.models.imports import ConsentImport, ImportChunk, ImportProblem
from consents.models.journal import JournalMark, PendingEntry
from consents.models.limits import ContactGuard, RateWindow
from consents.models.log import Anchor, Checkpoint, Leaf, LogEntry, Node, Verification
from consents.models.messages import CallbackNonce, InboundMessage, ServiceMessage
from consents.models.organisations import Organisation, PrivacyNotice, Sender
from consents.models.permissions import OrganisationGroupPermission, PurposeGroupPermission
from consents.models.purposes import Purpose, Wording
from consents.models.requests import Case, CaseCode, CaseEvent, Letter
from consents.models.subjects import Disclosure, Subject, Suppression
from consents.models.visits import Visit

__all__ = [
    "Anchor",
    "CallbackNonce",
    "Case",
    "CaseCode",
    "CaseEvent",
    "Checkpoint",
    "Confirmation",
    "Consent",
    "ConsentEvent",
    "ConsentImport",
    "ContactGuard",
    "Disclosure",
    "ErasedNumber",
    "Erasure",
    "EventDetail",
    "EvidenceExport",
    "HandsetCode",
    "HeldEvidence",
    "HoldOpening",
    "ImportChunk",
    "ImportProblem",
    "InboundMessage",
    "JournalMark",
    "KeyCanary",
    "Leaf",
    "LegalHold",
    "Letter",
    "LogEntry",
    "Node",
    "Organisation",
    "OrganisationGroupPermission",
    "PendingEntry",
    "PendingEvent",
    "PrivacyNotice",
    "PurgeRun",
    "Purpose",
    "PurposeGroupPermission",
    "RateWindow",
    "Sender",
    "ServiceMessage",
    "Subject",
    "Suppression",
    "Verification",
    "Visit",
    "Wording",
]
