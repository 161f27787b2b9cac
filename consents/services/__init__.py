"""The verbs. Every door calls one of these; nothing else writes."""

from consents.ledger import Proof
from consents.services.answering import (
    LinkError,
    LinkExpired,
    LinkUnknown,
    LinkUsed,
    confirm_by_link,
    find_confirmation,
    find_stop,
    refuse_by_link,
    stop_by_link,
)
from consents.services.asking import (
    handset_code_state,
    open_handset_code,
    register_request,
    request_consent,
)
from consents.services.publishing import NoticeMissing, Texts, publish_notice, publish_wording
from consents.services.receiving import ReplayedNonce, receive_message, receive_receipt
from consents.services.restoring import begin_new_journal, replay_journal
from consents.services.settling import (
    DECISIONS,
    declare_wrong_person,
    erase_subject,
    find_subject,
    release_hold,
    reveal,
    settle_review,
    suppress,
    withdraw_for_person,
)

__all__ = [
    "DECISIONS",
    "LinkError",
    "LinkExpired",
    "LinkUnknown",
    "LinkUsed",
    "NoticeMissing",
    "Proof",
    "ReplayedNonce",
    "Texts",
    "begin_new_journal",
    "confirm_by_link",
    "declare_wrong_person",
    "erase_subject",
    "find_confirmation",
    "find_stop",
    "find_subject",
    "handset_code_state",
    "open_handset_code",
    "publish_notice",
    "publish_wording",
    "receive_message",
    "receive_receipt",
    "refuse_by_link",
    "register_request",
    "release_hold",
    "replay_journal",
    "request_consent",
    "reveal",
    "settle_review",
    "stop_by_link",
    "suppress",
    "withdraw_for_person",
]
