"""Each status of Strex, and what it means to us: the table of strex.md § 10, and whatever is not in it."""

from itertools import product

import pytest

from smsconsent.gateways import ReceiptState
from smsconsent.gateways.strex_codes import DETAILS, STATUSES, Meaning, meaning_of

HANDED_OVER, FAILED, DELIVERED = ReceiptState
BILLING = [
    *("CardPSPError", "InsufficientFunds", "InvalidAmount", "InvalidOTP", "MaxPinRetry"),
    *("MissingPreAuth", "OneTimePasswordExpired", "OneTimePasswordFailed", "Pending"),
    *("RegistrationRequired", "SubscriberLimitExceeded", "SubscriberTooYoung", "TimeoutError"),
    *("UnknownAge", "UserInTransaction"),
]
# StatusCode, DetailedStatusCode → state, final, and what else is true of it.
TABLE: list[tuple[str, str, ReceiptState, bool, set[str]]] = [
    ("Queued", "None", HANDED_OVER, False, set()),
    ("Sent", "Sent", HANDED_OVER, False, set()),
    ("Ok", "Delivered", DELIVERED, True, set()),
    ("Ok", "MissingDeliveryReport", HANDED_OVER, True, set()),
    ("Sent", "MissingDeliveryReport", HANDED_OVER, True, set()),
    ("Failed", "Expired", FAILED, True, {"bounce"}),
    ("Failed", "SubscriberUnavailable", FAILED, True, {"bounce"}),
    ("Failed", "Undelivered", FAILED, True, {"bounce"}),
    ("Failed", "Failed", FAILED, True, {"bounce"}),
    ("Failed", "UnknownSubscriber", FAILED, True, {"gone"}),
    ("Failed", "SubscriberBarred", FAILED, True, {"barred"}),
    ("Failed", "Rejected", FAILED, True, {"bounce"}),
    ("Failed", "Stopped", FAILED, True, {"stopped"}),
    ("Failed", "DuplicateTransaction", HANDED_OVER, False, {"duplicate"}),
    ("Failed", "TemporaryError", FAILED, True, {"transient"}),
    ("Failed", "MnoError", FAILED, True, {"transient"}),
    ("Failed", "ConnectionOffline", FAILED, True, {"transient"}),
    ("Failed", "InvalidCredentials", FAILED, True, {"unexpected", "misconfigured"}),
    ("Failed", "OtherError", FAILED, True, {"bounce", "unexplained"}),
    ("Failed", "UnknownError", FAILED, True, {"bounce", "unexplained"}),
    *[("Failed", code, FAILED, True, {"unexpected"}) for code in BILLING],
    ("Reversed", "None", HANDED_OVER, False, {"unexpected"}),
    ("Rebilled", "", HANDED_OVER, False, {"unexpected"}),
]
FLAGS = (
    *("gone", "duplicate", "stopped", "bounce", "barred", "transient"),
    *("unexpected", "unexplained", "misconfigured"),
)


def named(value: object) -> str:
    """Name a case alike in every process: the order of a set is not."""
    return " ".join(sorted(value)) if isinstance(value, set) else str(value)


def flags(meaning: Meaning) -> set[str]:
    return {name for name in FLAGS if getattr(meaning, name)}


@pytest.mark.parametrize(("status", "detail", "state", "final", "true"), TABLE, ids=named)
def test_the_table(
    status: str, detail: str, state: ReceiptState, final: bool, true: set[str]
) -> None:
    meaning = meaning_of(status, detail, None)

    assert (meaning.state, meaning.final, flags(meaning)) == (state, final, true)


@pytest.mark.parametrize(("status", "detail", "state", "final", "true"), TABLE, ids=named)
def test_case_does_not_matter(
    status: str, detail: str, state: ReceiptState, final: bool, true: set[str]
) -> None:
    assert meaning_of(status.upper(), detail.lower(), None) == meaning_of(status, detail, None)


@pytest.mark.parametrize(
    ("status", "detail", "delivered", "state", "final"),
    [
        ("Teleported", "OnRoof", True, DELIVERED, True),
        ("Teleported", "OnRoof", False, FAILED, True),
        ("Teleported", "OnRoof", None, HANDED_OVER, False),
        ("Failed", "OnRoof", None, FAILED, True),
        ("Ok", "OnRoof", None, DELIVERED, True),
        ("Teleported", "UnknownSubscriber", None, FAILED, True),
        ("", "", True, DELIVERED, True),
        ("", "", None, HANDED_OVER, False),
    ],
)
def test_an_unknown_code_takes_its_class_from_what_is_known(
    status: str, detail: str, delivered: bool | None, state: ReceiptState, final: bool
) -> None:
    meaning = meaning_of(status, detail, delivered)

    assert (meaning.state, meaning.final, meaning.unexpected) == (state, final, True)


def test_where_two_codes_contradict_the_status_decides_and_it_is_said() -> None:
    meaning = meaning_of("Ok", "UnknownSubscriber", True)

    assert (meaning.state, meaning.gone, meaning.unexpected) == (DELIVERED, False, True)


def test_no_pair_of_codes_breaks_it() -> None:
    words = ["", "x", "\x00", "É" * 500]

    for status, detail, delivered in product(
        [*STATUSES, *words], [*DETAILS, *words], [True, False, None]
    ):
        assert meaning_of(status, detail, delivered).state in ReceiptState
