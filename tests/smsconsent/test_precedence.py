"""While stops come by the hundred, a campaign lets them by; a confirmation does not."""

from collections.abc import Callable

import pytest
from django.core.cache import cache

from campaigns.models import Delivery
from consents import confirmations
from consents.models import ServiceMessage
from smsconsent import outbox
from smsconsent.gateways import get_gateway
from smsconsent.outbox import precedence
from tests.make import NOON, make_campaign, make_consent
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "_count", precedence._Count())


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens in each nap of whoever waits, in turn. A nap too many is an error."""
    planned: list[Callable[[], None]] = []
    monkeypatch.setattr(
        "smsconsent.outbox.precedence.time.sleep", lambda _seconds: planned.pop(0)()
    )
    return planned


def stopping_ends() -> None:
    cache.clear()


def test_a_campaign_waits_until_the_crowd_has_gone(
    simulator: Simulator, naps: list[Callable[[], None]]
) -> None:
    make_campaign("sending", purpose=make_consent("granted").purpose)
    outbox.stops_came(precedence.MANY)
    sent_meanwhile: list[int] = []
    naps += [lambda: sent_meanwhile.append(sent()), stopping_ends]

    outbox.work(Delivery, gateway=get_gateway(), clock=lambda: NOON)

    assert not naps
    assert sent_meanwhile == [0]
    assert sent() == 1


def sent() -> int:
    return Delivery.objects.filter(state="handed_over").count()


def test_a_confirmation_waits_for_nobody(
    simulator: Simulator, naps: list[Callable[[], None]]
) -> None:
    confirmations.queue_welcome(make_consent("granted"), now=NOON)
    outbox.stops_came(precedence.MANY)

    assert outbox.work(ServiceMessage, gateway=get_gateway(), clock=lambda: NOON) == 1


def test_a_few_stops_hold_up_nobody(naps: list[Callable[[], None]]) -> None:
    outbox.stops_came(precedence.MANY - 1)

    precedence.let_stops_by()

    assert not precedence._is_crowded()


def test_stops_of_another_second_are_not_of_this_crowd(
    monkeypatch: pytest.MonkeyPatch, naps: list[Callable[[], None]]
) -> None:
    seconds = iter([1.0, 2.0])
    monkeypatch.setattr("smsconsent.outbox.precedence.time.monotonic", lambda: next(seconds, 2.0))
    outbox.stops_came(precedence.MANY - 1)
    outbox.stops_came(precedence.MANY - 1)

    precedence.let_stops_by()

    assert not precedence._is_crowded()


def test_no_crowd_keeps_a_campaign_from_ever_going_on() -> None:
    outbox.stops_came(precedence.MANY)

    precedence.let_stops_by(patience=precedence.LOOKS_EVERY * 1.5)

    assert precedence._is_crowded()
