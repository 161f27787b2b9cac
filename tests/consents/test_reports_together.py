"""Reports that arrive at the same moment share a transaction. Each has the effect that it has alone."""

from collections import Counter
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from campaigns import tallies
from campaigns.models import Campaign, Delivery
from consents import confirmations
from consents.models import CallbackNonce, Consent, ServiceMessage, Subject
from consents.services.callbacks import ReplayedNonce
from consents.services.reporting import Report, receive_together
from smsconsent import outbox
from smsconsent.gateways import Callback, Receipt, ReceiptState, Trust
from tests.make import HOUR, NOON, make_campaign, make_consent, make_purpose

pytestmark = pytest.mark.django_db
PEOPLE = 4


def report(
    message: UUID,
    state: ReceiptState = ReceiptState.DELIVERED,
    *,
    nonce: str = "",
    body: bytes = b"",
    segments: int | None = 1,
) -> Report:
    receipt = Receipt(
        id=message,
        state=state,
        detail="Delivered",
        final=True,
        gone=False,
        duplicate=False,
        stopped=False,
        segments=segments,
    )
    callback = Callback(trust=Trust.SIGNED, nonce=("key", nonce) if nonce else None)
    return Report(receipt, "strex", callback, body, NOON + HOUR)


@pytest.fixture
def campaign() -> Campaign:
    """A campaign that has left, to so many people, and a welcome to each."""
    purpose = make_purpose()
    for number in range(1, PEOPLE + 1):
        consent = make_consent("granted", purpose=purpose, number=number)
        confirmations.queue_welcome(consent, now=NOON)
    sent = make_campaign("sending", purpose=purpose)
    for lane in (Delivery, ServiceMessage):
        outbox.claim(lane, now=NOON, limit=100)
        lane._default_manager.update(state="handed_over", handed_over_at=NOON)
    with transaction.atomic():
        Delivery.note({(sent.pk, "queued", ""): -PEOPLE, (sent.pk, "handed_over", ""): PEOPLE})
    return sent


def messages() -> list[UUID]:
    lanes = (Delivery, ServiceMessage)
    return [pk for lane in lanes for pk in lane._default_manager.values_list("pk", flat=True)]


def outcome(campaign: Campaign) -> list[object]:
    told = ("state", "detail", "segments", "handed_over_at", "lease_until")
    return [
        Counter(Delivery.objects.values_list(*told)),
        Counter(ServiceMessage.objects.values_list(*told)),
        Counter(Subject.objects.values_list("reached_at", "bounce_count")),
        tallies.by_state(campaign),
    ]


def test_together_they_do_what_each_does_alone(campaign: Campaign) -> None:
    reports = [report(each) for each in messages()]
    with transaction.atomic():
        for each in reports:
            receive_together([each])
        alone = outcome(campaign)
        transaction.set_rollback(True)

    assert receive_together(reports) == [True] * 2 * PEOPLE

    assert outcome(campaign) == alone
    assert tallies.by_state(campaign)["delivered"] == PEOPLE


def test_they_take_as_many_trips_as_one(campaign: Campaign) -> None:
    reports = [report(each) for each in messages()]

    with CaptureQueriesContext(connection) as queries:
        receive_together(reports)

    trips = [each for each in queries if "SAVEPOINT" not in each["sql"]]
    assert Delivery.objects.filter(state="delivered").count() == PEOPLE
    if connection.vendor == "postgresql":
        assert len(trips) == 2


def test_a_second_report_on_the_same_message_counts_nothing_more(campaign: Campaign) -> None:
    first, second, *_others = messages()

    assert receive_together([report(first), report(second), report(first)]) == [True] * 3

    assert tallies.by_state(campaign)["delivered"] == 2


def test_news_of_other_kinds_is_taken_in_by_itself(campaign: Campaign) -> None:
    first, second, *_others = messages()

    got = receive_together(
        [report(first), report(uuid4()), report(second, ReceiptState.FAILED, segments=None)]
    )

    assert got == [True] * 3
    assert tallies.by_state(campaign)["delivered"] == 1
    assert tallies.by_state(campaign)["failed"] == 1


def test_what_is_played_again_holds_nobody_up(campaign: Campaign) -> None:
    first, second, *_others = messages()
    again = report(first, nonce="n1", body=b"same")
    receive_together([again])

    assert receive_together([again, report(second, nonce="n2")]) == [True, True]

    assert tallies.by_state(campaign)["delivered"] == 2
    assert sorted(CallbackNonce.objects.values_list("nonce", flat=True)) == ["n1", "n2"]


def test_a_forgery_meets_its_own_sender_only(campaign: Campaign) -> None:
    first, second, third, *_others = messages()
    receive_together([report(first, nonce="n1", body=b"same")])

    got = receive_together([report(second, nonce="n1", body=b"x"), report(third, nonce="n2")])

    assert isinstance(got[0], ReplayedNonce)
    assert got[1] is True
    assert tallies.by_state(campaign)["delivered"] == 2
    assert Delivery.objects.get(pk=second).state == "handed_over"


def test_a_message_that_was_moved_meanwhile_is_looked_at_again(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_others = messages()
    seen = outbox.find_all([first, second])
    Delivery.objects.filter(pk=first).update(state="failed")
    monkeypatch.setattr(outbox, "find_all", lambda _ids: seen)

    assert receive_together([report(first), report(second)]) == [True, True]

    assert set(Delivery.objects.filter(pk__in=[first, second]).values_list("state")) == {
        ("delivered",)
    }


def test_a_number_that_nobody_reached_today_is_noted_as_alive_once(campaign: Campaign) -> None:
    Subject.objects.update(reached_at=None, bounce_count=2)

    receive_together([report(each) for each in messages()])

    assert set(Subject.objects.values_list("reached_at", "bounce_count")) == {(NOON + HOUR, 0)}
    assert Consent.objects.filter(state="granted").count() == PEOPLE
