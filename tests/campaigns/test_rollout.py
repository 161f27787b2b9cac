"""A campaign goes carefully: its first part tells whether the gateway lets the rest through."""

from datetime import datetime
from uuid import UUID

import pytest
from pytest_django import Settings

from campaigns import rollout, services
from campaigns.models import Campaign, Delivery
from campaigns.running import finish
from smsconsent import outbox
from smsconsent.gateways import Receipt
from smsconsent.gateways.strex_codes import meaning_of
from tests.make import MINUTE, NOON, SECOND, make_campaign, make_crowd, make_purpose, make_user

pytestmark = pytest.mark.django_db
AUDIENCE, CANARY = 12, 4


@pytest.fixture
def campaign(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    settings.STREX_CANARY_SIZE = CANARY
    monkeypatch.setattr(rollout, "RECEIPTS_NEEDED", 3)
    purpose = make_purpose()
    make_crowd(purpose, AUDIENCE)
    return make_campaign("sending", purpose=purpose)


def hand_over(*, at: datetime = NOON) -> list[UUID]:
    rows = Delivery.objects.filter(state="queued")
    ids = list(rows.values_list("pk", flat=True))
    rows.update(state="handed_over", handed_over_at=at)
    return ids


def report(message_id: UUID, detail: str, *, at: datetime = NOON) -> None:
    status = "Ok" if detail == "Delivered" else "Failed"
    meaning = meaning_of(status, detail, None)
    receipt = Receipt(
        message_id,
        meaning.state,
        detail,
        final=True,
        gone=meaning.gone,
        duplicate=meaning.duplicate,
        stopped=meaning.stopped,
        segments=1,
    )
    outbox.record_receipt(receipt, now=at)


def state_of(campaign: Campaign) -> tuple[str, str]:
    campaign.refresh_from_db()
    return campaign.state, campaign.pause_reason


def test_a_first_part_goes_ahead_and_the_waterfall_counts_everybody(campaign: Campaign) -> None:
    assert Delivery.objects.count() == CANARY

    campaign.refresh_from_db()
    assert campaign.is_canary
    assert campaign.audience["total"] == AUDIENCE


def test_the_rest_follows_when_enough_have_arrived(campaign: Campaign) -> None:
    first, second, third, _fourth = hand_over()
    report(first, "Delivered")
    report(second, "Delivered")
    assert rollout.release_canaries(now=NOON) == 0

    report(third, "Delivered")

    assert rollout.release_canaries(now=NOON) == 1
    assert Delivery.objects.count() == AUDIENCE
    assert rollout.release_canaries(now=NOON) == 0


@pytest.mark.parametrize(("passed", "released"), [(15 * MINUTE - SECOND, 0), (15 * MINUTE, 1)])
def test_the_rest_follows_a_quarter_of_an_hour_after_the_first_part_left(
    campaign: Campaign, passed: object, released: int
) -> None:
    hand_over()

    assert rollout.release_canaries(now=NOON + passed) == released  # type: ignore[operator]  # a timedelta


def test_the_rest_waits_while_the_first_part_has_not_left(campaign: Campaign) -> None:
    assert rollout.release_canaries(now=NOON + 60 * MINUTE) == 0


def test_one_stopped_message_keeps_the_rest_back(campaign: Campaign) -> None:
    first, *_others = hand_over()

    report(first, "Stopped")
    rollout.release_canaries(now=NOON + 20 * MINUTE)

    assert state_of(campaign) == ("paused", "provider_stopped")
    assert Delivery.objects.count() == CANARY


def test_a_colleague_may_let_it_go_on_all_the_same(campaign: Campaign) -> None:
    first, *_others = hand_over()
    report(first, "Stopped")
    rollout.release_canaries(now=NOON)

    services.resume(campaign, by=make_user(), now=NOON)

    assert rollout.release_canaries(now=NOON + 15 * MINUTE) == 1


def test_a_campaign_is_not_over_while_its_rest_waits(campaign: Campaign) -> None:
    for message_id in hand_over():
        report(message_id, "Delivered")

    assert finish(now=NOON) == 0


def test_a_small_audience_goes_at_once(settings: Settings) -> None:
    settings.STREX_CANARY_SIZE = 150
    purpose = make_purpose()
    make_crowd(purpose, 3)

    campaign = make_campaign("sending", purpose=purpose)

    campaign.refresh_from_db()
    assert not campaign.is_canary
    assert Delivery.objects.count() == 3


@pytest.fixture
def running() -> Campaign:
    """A campaign to twelve people that goes at once, all of it handed over."""
    purpose = make_purpose()
    make_crowd(purpose, AUDIENCE)
    return make_campaign("sending", purpose=purpose)


@pytest.mark.parametrize(
    ("apart", "state"), [(2 * MINUTE, "paused"), (3 * MINUTE, "sending")], ids=["8 min", "12 min"]
)
def test_five_stopped_within_ten_minutes_pause_a_campaign(
    running: Campaign, apart: object, state: str
) -> None:
    for number, message_id in enumerate(hand_over()[:5]):
        report(message_id, "Stopped", at=NOON + number * apart)  # type: ignore[operator]

    assert state_of(running)[0] == state


def test_the_same_report_again_counts_once(running: Campaign) -> None:
    message_id = hand_over()[0]

    for _again in range(6):
        report(message_id, "Stopped")

    assert state_of(running) == ("sending", "")


def test_many_rejected_messages_pause_a_campaign(running: Campaign) -> None:
    ids = hand_over()

    for message_id in ids[:5]:
        report(message_id, "Rejected")
    assert state_of(running)[0] == "sending"
    report(ids[5], "Rejected")

    assert state_of(running) == ("paused", "many_rejected")


def test_other_failures_do_not_pause(running: Campaign) -> None:
    for message_id in hand_over():
        report(message_id, "Undelivered")

    assert state_of(running)[0] == "sending"
