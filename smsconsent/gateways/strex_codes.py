"""What Strex' status codes mean to us: for plain SMS, without payment.

The names are Target365's (REST user guide, SDK constants); what we make of them is our own choice.
The spelling differs between their sources, so codes are compared without case.
"""

from dataclasses import dataclass, replace

from smsconsent.gateways import ReceiptState

HANDED_OVER, FAILED, DELIVERED = (
    ReceiptState.HANDED_OVER,
    ReceiptState.FAILED,
    ReceiptState.DELIVERED,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a pair of codes says. The words are those of `smsconsent.gateways.Receipt`."""

    state: ReceiptState
    final: bool
    gone: bool = False
    duplicate: bool = False
    stopped: bool = False
    bounce: bool = False
    barred: bool = False
    transient: bool = False
    unexpected: bool = False
    unexplained: bool = False
    misconfigured: bool = False


_WAIT = Meaning(HANDED_OVER, final=False)
_DELIVERED = Meaning(DELIVERED, final=True)
_FAILED = Meaning(FAILED, final=True)
_BOUNCE = replace(_FAILED, bounce=True)
_UNEXPLAINED = replace(_BOUNCE, unexplained=True)
_TRANSIENT = replace(_FAILED, transient=True)
_WRONG = replace(_FAILED, unexpected=True)

STATUSES = {
    "queued": _WAIT,
    "sent": _WAIT,
    "ok": _DELIVERED,
    "failed": _BOUNCE,
    # Billing, which we never ask for: says nothing about the message.
    "reversed": replace(_WAIT, unexpected=True),
    "rebilled": replace(_WAIT, unexpected=True),
}
_BILLING_ONLY = (
    "CardPSPError InsufficientFunds InvalidAmount InvalidOTP MaxPinRetry MissingPreAuth "
    "OneTimePasswordExpired OneTimePasswordFailed Pending RegistrationRequired "
    "SubscriberLimitExceeded SubscriberTooYoung TimeoutError UnknownAge UserInTransaction"
)
DETAILS = {
    "none": _WAIT,
    "sent": _WAIT,
    "delivered": _DELIVERED,
    # Closed without a receipt, and never sent again: it may well have arrived.
    "missingdeliveryreport": Meaning(HANDED_OVER, final=True),
    "expired": _BOUNCE,
    "subscriberunavailable": _BOUNCE,
    "undelivered": _BOUNCE,
    "failed": _BOUNCE,
    "rejected": _BOUNCE,
    "othererror": _UNEXPLAINED,
    "unknownerror": _UNEXPLAINED,
    # The operator has no such subscriber. (One of their documents prints another text beside it.)
    "unknownsubscriber": replace(_FAILED, gone=True),
    "subscriberbarred": replace(_FAILED, barred=True),
    "stopped": replace(_FAILED, stopped=True),
    "duplicatetransaction": replace(_WAIT, duplicate=True),
    "temporaryerror": _TRANSIENT,
    "mnoerror": _TRANSIENT,
    "connectionoffline": _TRANSIENT,
    "invalidcredentials": replace(_WRONG, misconfigured=True),
} | dict.fromkeys(_BILLING_ONLY.lower().split(), _WRONG)


def meaning_of(status: str, detail: str, delivered: bool | None) -> Meaning:
    """Return what StatusCode and DetailedStatusCode say together. Never fails.

    The detail refines the status. Where they contradict each other the status decides; where one of
    them is unknown to us `delivered` decides, else the other code; both are marked unexpected.
    """
    by_status, by_detail = STATUSES.get(status.lower()), DETAILS.get(detail.lower())
    if by_detail and (by_detail.duplicate or by_detail == DETAILS["missingdeliveryreport"]):
        return by_detail
    if by_status is None or (detail and by_detail is None):
        return _guess(by_status or by_detail, delivered)
    if by_status.unexpected or not detail:
        return by_status
    assert by_detail
    if by_detail.state is by_status.state:
        return by_detail
    return Meaning(by_status.state, by_status.final, unexpected=True)


def _guess(known: Meaning | None, delivered: bool | None) -> Meaning:
    if delivered is not None:
        state = DELIVERED if delivered else FAILED
        if known is None or known.state is not state:
            known = Meaning(state, final=True)
    return replace(known or _WAIT, unexpected=True)
