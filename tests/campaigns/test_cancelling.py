"""A campaign of many is cancelled at once; what waited is marked batch by batch."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from campaigns import cancelling, services, tallies, tasks
from campaigns import retention as campaigns_retention
from campaigns.models import Campaign, Delivery
from smsconsent import outbox
from smsconsent.gateways import get_gateway
from tests.make import DAY, NOON, SECOND, make_campaign, make_crowd, make_purpose, make_user
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db
PEOPLE = 5
Capture = Callable[..., AbstractContextManager[object]]


@pytest.fixture
def campaign(monkeypatch: pytest.MonkeyPatch) -> Campaign:
    monkeypatch.setattr(cancelling, "BATCH", 2)
    purpose = make_purpose()
    make_crowd(purpose, PEOPLE)
    return make_campaign("sending", purpose=purpose)


def test_nothing_leaves_a_cancelled_campaign_before_all_of_it_is_marked(
    campaign: Campaign, simulator: Simulator
) -> None:
    waiting = services.cancel(campaign, by=make_user(), now=NOON)

    outbox.work(Delivery, gateway=get_gateway(), clock=lambda: NOON)

    assert waiting == PEOPLE
    assert not simulator.state()["messages"]
    assert tallies.by_state(campaign) == {"queued": PEOPLE - 2, "blocked": 2}


def test_the_rest_is_marked_until_time_is_up_and_then_by_the_next_run(campaign: Campaign) -> None:
    services.cancel(campaign, by=make_user(), now=NOON)
    turns = iter([False, True])

    first = cancelling.block_rest(until=turns.__next__)
    second = cancelling.block_rest(until=lambda: False)

    assert (first, second) == (2, 1)
    assert tallies.by_state(campaign) == {"blocked": PEOPLE}
    assert set(Delivery.objects.values_list("state", "reason")) == {("blocked", "cancelled")}
    assert cancelling.block_rest(until=lambda: False) == 0


def test_a_campaign_that_goes_on_keeps_what_waits(campaign: Campaign) -> None:
    assert cancelling.block_rest(until=lambda: False) == 0
    assert tallies.by_state(campaign) == {"queued": PEOPLE}


def test_a_campaign_that_is_paused_past_its_last_moment_ends_and_lets_its_people_go(
    campaign: Campaign,
) -> None:
    services.pause(campaign, by=make_user(), now=NOON)
    assert campaign.not_after
    over = campaign.not_after

    assert cancelling.end_overdue(now=over - SECOND) == 0
    assert cancelling.end_overdue(now=over) == 1
    cancelling.block_rest(until=lambda: False)

    campaign.refresh_from_db()
    assert (campaign.state, campaign.ended_at) == ("cancelled", over)
    assert tallies.by_state(campaign) == {"expired": PEOPLE}
    assert campaigns_retention.purge_deliveries(over + 31 * DAY, 100)


@pytest.mark.parametrize(("size", "wakes"), [(2, 1), (PEOPLE, 0)])
def test_a_worker_is_woken_at_once_when_something_is_left_to_mark(
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Capture,
    size: int,
    wakes: int,
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(cancelling, "BATCH", size)
    monkeypatch.setattr(tasks.block_cancelled, "apply_async", lambda *_args, **_: woken.append(1))

    with django_capture_on_commit_callbacks(execute=True):
        services.cancel(campaign, by=make_user(), now=NOON)

    assert len(woken) == wakes


def test_the_task_that_is_woken_marks_the_rest(campaign: Campaign) -> None:
    services.cancel(campaign, by=make_user(), now=NOON)

    tasks.block_cancelled()

    assert tallies.by_state(campaign) == {"blocked": PEOPLE}
