"""A confirmation and the receipt for a STOP wait for no campaign, with everything at work."""

from collections.abc import Callable

import pytest

from bench.p17_fairness import CONFIRMATIONS, PROMISE, RECEIPTS, beside_a_campaign, p99
from tests.trust import size

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
PEOPLE = size.of(3_000, 100_000)


def test_a_confirmation_and_a_receipt_leave_within_two_seconds_while_a_campaign_runs(
    database_url: str, record_property: Callable[[str, object], None]
) -> None:
    waited, _rate = beside_a_campaign(PEOPLE, database_url)

    late = {kind: round(p99(times), 2) for kind, times in waited.items()}
    record_property("recipients of the campaign", PEOPLE)
    record_property(
        "seconds until the gateway had it, all but one in a hundred", max(late.values())
    )
    assert late.keys() == {CONFIRMATIONS, RECEIPTS}
    assert max(late.values()) <= PROMISE, late
