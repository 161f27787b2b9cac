"""Counts that nobody counts: whatever moves a message also moves its count."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from campaigns import presentation, running, services, tallies
from campaigns.models import Campaign, Delivery, Tally
from consents import transitions
from consents.ledger import Proof
from consents.models import Consent, Purpose
from consents.services import erase_subject
from smsconsent import arrivals, outbox
from smsconsent.gateways import Receipt, ReceiptState, get_gateway
from smsconsent.trips import Trip
from tests.make import (
    HOUR,
    NOON,
    make_campaign,
    make_consent,
    make_purpose,
    make_user,
)
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=70)


def send() -> None:
    outbox.work(Delivery, gateway=get_gateway(), clock=lambda: NOON)


def receipt(state: ReceiptState) -> Receipt:
    return Receipt(
        id=Delivery.objects.order_by("pk")[0].pk,
        state=state,
        detail="Ok",
        final=True,
        gone=False,
        duplicate=False,
        stopped=False,
        segments=1,
    )


def report(state: ReceiptState) -> None:
    outbox.record_receipt(receipt(state), now=NOON)


def arrive(times: int) -> None:
    """As two requests do that have both found the message before either has moved it."""
    message = Delivery.objects.order_by("pk")[0]
    for _time in range(times):
        trip = Trip()
        arrivals.record_arrivals([(message, receipt(ReceiptState.DELIVERED))], now=NOON, trip=trip)
        trip.go()


def lose_the_worker() -> None:
    outbox.claim(Delivery, now=NOON, limit=1)
    outbox.recover(Delivery, gateway=get_gateway(), now=NOON + LEASE)


def cancel() -> None:
    services.cancel(Campaign.objects.get(), by=make_user(), now=NOON)


def withdraw() -> None:
    transitions.withdraw(Consent.objects.order_by("pk")[0], proof=Proof("mo_stop"), now=NOON)


MOVES: dict[str, tuple[Callable[[], object], ...]] = {
    "nothing yet": (),
    "sent": (send,),
    "delivered": (send, lambda: report(ReceiptState.DELIVERED)),
    "arrived": (send, lambda: arrive(1)),
    "arrived, and said at the same time again": (send, lambda: arrive(2)),
    "failed, then delivered, then failed": (
        send,
        lambda: report(ReceiptState.FAILED),
        lambda: report(ReceiptState.DELIVERED),
        lambda: report(ReceiptState.FAILED),
    ),
    "withdrawn before and after": (withdraw, send, withdraw),
    "stopped at the gate": (lambda: Purpose.objects.update(closed_at=NOON), send),
    "too late": (lambda: Delivery.objects.update(not_after=NOON), send),
    "cancelled": (cancel,),
    "erased": (lambda: erase_subject(Consent.objects.order_by("pk")[0].subject, now=NOON),),
    "a lost worker": (lose_the_worker, send),
    "one is being sent": (lambda: outbox.claim(Delivery, now=NOON, limit=1),),
}


def counted_by_hand() -> dict[str, int]:
    waiting = {"leased": "queued"}
    states = Delivery.objects.values_list("state", flat=True)
    return dict(Counter(waiting.get(state, state) for state in states))


@pytest.fixture
def campaign(simulator: Simulator) -> Campaign:
    purpose = make_purpose()
    for number in range(1, 4):
        make_consent("granted", purpose=purpose, number=number)
    return make_campaign("sending", purpose=purpose)


@pytest.mark.parametrize("story", MOVES)
def test_the_counts_are_those_of_the_messages(campaign: Campaign, story: str) -> None:
    for move in MOVES[story]:
        move()

    assert tallies.by_state(campaign) == counted_by_hand()


def test_reasons_are_counted_too(campaign: Campaign) -> None:
    withdraw()
    Purpose.objects.update(closed_at=NOON)

    send()

    assert tallies.by_reason(campaign, "blocked") == [("no_consent", 2), ("withdrawn", 1)]


def test_compacting_changes_no_count(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    send()
    report(ReceiptState.DELIVERED)
    before = tallies.by_state(campaign)
    rows = Tally.objects.count()
    monkeypatch.setattr(tallies, "ENOUGH", 1)

    tallies.compact()

    assert tallies.by_state(campaign) == before
    assert Tally.objects.count() < rows


def test_few_rows_are_left_alone(campaign: Campaign) -> None:
    send()

    assert tallies.compact() == 0


def test_the_page_shows_the_counts_without_looking_at_a_message(
    campaign: Campaign, django_assert_num_queries: Callable[..., object]
) -> None:
    send()

    with django_assert_num_queries(1):  # type: ignore[attr-defined]  # a context manager
        progress = presentation.progress_of(campaign)

    assert (progress["done"], progress["all"]) == (3, 3)


def test_a_waiting_campaign_does_not_stand_in_the_way(simulator: Simulator) -> None:
    for _number in range(2):
        purpose = make_purpose()
        make_consent("granted", purpose=purpose)
        make_campaign("sending", purpose=purpose)
    waiting = Campaign.objects.order_by("pk")[0]
    waiting.deliveries.update(not_before=NOON + HOUR)

    send()

    assert tallies.by_state(waiting) == {"queued": 1}
    assert running.finish(now=NOON) == 1
