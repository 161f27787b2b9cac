"""Delivery reports from the simulator to the product's webhook, with every fault that it knows."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from consents import confirmations, suspensions
from consents.models import CallbackNonce, ServiceMessage
from smsconsent import outbox, polling
from smsconsent.gateways import GatewayMisconfigured, gateway_of_process, get_gateway, watch
from smsconsent.gateways.state import SharedState
from tests.gateways.ear import Ear, let_pass, listening
from tests.make import DAY, HOUR, MINUTE, NOON, make_consent, phone
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db
COUNTED = (
    *("unknown_id", "duplicate", "unexpected", "unexplained", "refused", "doubtful_stop"),
    *("malformed", "parts_differ"),
)


@pytest.fixture
def ear(simulator: Simulator, settings: Settings) -> Iterator[Ear]:
    """Where the simulator sends its reports; the product checks them as if they came to it."""
    with listening() as found:
        settings.STREX_CALLBACK_BASE_URL = found.url
        settings.STREX_SERVER_KEY_NAMES = ["simulator", "expired"]
        gateway_of_process.cache_clear()
        yield found


@pytest.fixture
def message(ear: Ear) -> ServiceMessage:
    """A message that is queued."""
    return confirmations.queue_welcome(make_consent("granted"), now=NOON)


def send() -> None:
    outbox.work(ServiceMessage, gateway=get_gateway(), clock=lambda: NOON)


def state_of(message: ServiceMessage) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.detail


def counts() -> dict[str, int]:
    found = SharedState("strex").snapshot(counted=COUNTED).counts
    return {what: count for what, count in found.items() if count}


def test_a_report_says_that_it_was_delivered(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)

    assert ear.pass_on(client) == [200]
    assert state_of(message) == ("delivered", "Delivered")
    assert message.segments == message.counted_segments is not None
    assert SharedState("strex").snapshot().last.keys() >= {"receipt", "answer"}


FAULTS = {
    "receipt_twice": ("delivered", 2),
    "receipt_reordered": ("delivered", 1),
    "sent_after_ok": ("delivered", 2),
    "extra_fields": ("delivered", 1),
    "missing_fields": ("delivered", 1),
    "header_old": ("handed_over", 1),
    "header_unknown_key": ("handed_over", 1),
    "header_missing": ("handed_over", 1),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_of_the_reports_does_no_harm(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client, kind: str
) -> None:
    expected, count = FAULTS[kind]
    simulator.set("faults", {"kind": kind, "count": 1})
    send()
    let_pass(simulator, 5)
    ear.wait_for(count)

    assert set(ear.pass_on(client)) == {200}
    assert state_of(message)[0] == expected


@pytest.mark.parametrize("kind", ["header_bad", "header_expired_key"])
def test_a_forged_report_is_refused_and_counted(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client, kind: str
) -> None:
    simulator.set("faults", {"kind": kind, "count": 1})
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)

    assert ear.pass_on(client) == [401]
    assert state_of(message)[0] == "handed_over"
    assert counts() == {"refused": 1}


def test_an_arrival_after_a_failure_counts(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    simulator.set(f"numbers/{phone().e164}", {"status": "Failed", "detail": "Undelivered"})
    simulator.set("faults", {"kind": "ok_after_failed", "count": 1})
    send()
    let_pass(simulator, 5)
    ear.wait_for(2)
    backwards = list(reversed(ear.heard))

    ear.heard[:] = backwards
    ear.pass_on(client)

    assert state_of(message) == ("delivered", "Delivered")


def test_an_account_that_the_operators_refuse_stops_the_lanes(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    simulator.set(f"numbers/{phone().e164}", {"status": "Failed", "detail": "InvalidCredentials"})
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)

    ear.pass_on(client)

    confirmations.queue_welcome(make_consent("granted", number=2), now=NOON)
    with pytest.raises(GatewayMisconfigured, match="refuse our account"):
        send()
    assert "avviser kontoen vår" in watch.lane_warning()


def ask_doubted() -> int:
    return polling.ask_doubted(
        gateway=get_gateway(), record=suspensions.record_receipt, clock=timezone.now
    )


def recover() -> int:
    ServiceMessage.objects.update(state="unknown", lease_until=NOON)
    return outbox.recover(
        ServiceMessage, gateway=get_gateway(), record=suspensions.record_receipt, now=NOON
    )


# By default nobody is known to sign: then all that is known of a message is what the gateway is asked.
@pytest.mark.parametrize("ask", [ask_doubted, lambda: ask_overdue(NOON + 2 * DAY), recover])
def test_an_account_that_is_refused_stops_the_lanes_though_nobody_vouched_for_the_report(
    message: ServiceMessage,
    ear: Ear,
    simulator: Simulator,
    client: Client,
    ask: Callable[[], int],
) -> None:
    simulator.set(f"numbers/{phone().e164}", {"status": "Failed", "detail": "InvalidCredentials"})
    simulator.set("faults", {"kind": "header_missing"})
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)

    ear.pass_on(client)
    assert watch.lane_warning() == ""
    assert ask() == 1

    assert "avviser kontoen vår" in watch.lane_warning()


def test_old_news_of_a_refused_account_stops_nothing(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    simulator.set(f"numbers/{phone().e164}", {"status": "Failed", "detail": "InvalidCredentials"})
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)
    ServiceMessage.objects.update(state="failed")

    ear.pass_on(client)

    assert watch.lane_warning() == ""


def test_a_report_that_cannot_be_read_is_refused_and_counted(
    ear: Ear, client: Client, settings: Settings
) -> None:
    settings.STREX_CALLBACK_SIGNATURE = "path"
    path = f"/hooks/strex/{settings.STREX_CALLBACK_SECRETS[0]}/receipts/"

    answer = client.post(path, b"{", content_type="application/json")

    assert answer.status_code == 400
    assert counts() == {"malformed": 1}


def test_an_unknown_status_survives_and_is_counted(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    simulator.set("faults", {"kind": "unknown_status", "count": 1})
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)

    assert ear.pass_on(client) == [200]
    # `delivered` is true, and decides.
    assert state_of(message) == ("delivered", "LandedOnRoof")
    assert counts() == {"unexpected": 1}


def test_a_report_about_an_id_that_nobody_knows_is_counted(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)
    message.delete()

    assert ear.pass_on(client) == [200]
    assert counts() == {"unknown_id": 1}


def test_a_duplicate_never_overwrites(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    send()
    let_pass(simulator, 5)
    ServiceMessage.objects.update(state="queued")
    send()
    let_pass(simulator, 5)
    ear.wait_for(2)

    assert b"DuplicateTransaction" in ear.heard[1].body
    assert ear.pass_on(client) == [200, 200]
    assert state_of(message) == ("delivered", "Delivered")
    assert counts() == {"duplicate": 1}


def test_a_duplicate_proves_that_a_lost_hand_over_arrived(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    send()
    let_pass(simulator, 5)
    ServiceMessage.objects.update(state="queued")
    send()
    let_pass(simulator, 5)
    ear.wait_for(2)
    ServiceMessage.objects.update(state="unknown")
    ear.heard[:] = ear.heard[1:]

    ear.pass_on(client)

    assert state_of(message) == ("handed_over", "")
    # It says nothing of what became of it, so the gateway is asked.
    ask_doubted()
    assert state_of(message) == ("delivered", "Delivered")


def test_reports_in_any_order_and_number_end_the_same(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    simulator.set("switches", {"intermediate_receipts": "on"})
    simulator.set("faults", {"kind": "sent_after_ok", "count": 1})
    send()
    let_pass(simulator, 5)
    sent, ok, again = ear.wait_for(3)

    for order in ([ok, sent, again], [again, sent, ok], [sent, ok, again, ok, sent]):
        ServiceMessage.objects.update(state="handed_over", detail="")
        ear.heard[:] = order
        ear.pass_on(client)
        # A repeated nonce has no effect, so each order needs a memory of its own.
        CallbackNonce.objects.all().delete()
        assert state_of(message)[0] == "delivered"


# -- the net under them --------------------------------------------------------------------------------
def test_a_report_that_nobody_vouches_for_is_asked_about(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    simulator.set("faults", {"kind": "header_missing", "count": 1})
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)
    ear.pass_on(client)
    cache.clear()

    assert [ask_doubted(), ask_doubted()] == [1, 0]

    assert state_of(message) == ("delivered", "Delivered")


def test_what_is_known_to_have_arrived_is_not_asked_about(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    simulator.set("faults", {"kind": "header_missing", "count": 1})
    send()
    let_pass(simulator, 5)
    ear.wait_for(1)
    ServiceMessage.objects.update(state="delivered")

    ear.pass_on(client)

    assert ask_doubted() == 0


def ask_overdue(now: object) -> int:
    return polling.ask_overdue(
        ServiceMessage,
        gateway=get_gateway(),
        record=suspensions.record_receipt,
        now=now,  # type: ignore[arg-type]  # a moment
    )


def test_a_report_that_never_came_is_asked_for_after_its_life_and_grace(
    message: ServiceMessage, ear: Ear, simulator: Simulator
) -> None:
    simulator.set("faults", {"kind": "receipt_lost"})
    send()
    let_pass(simulator, 5)
    ServiceMessage.objects.update(not_after=NOON + HOUR)

    assert ask_overdue(NOON + 7 * HOUR - MINUTE) == 0
    assert ask_overdue(NOON + 7 * HOUR) == 1

    assert state_of(message) == ("delivered", "Delivered")
    assert ear.heard == []


def test_what_the_gateway_cannot_tell_either_is_closed_and_never_asked_again(
    message: ServiceMessage, ear: Ear, simulator: Simulator
) -> None:
    simulator.set(f"numbers/{phone().e164}", {"off": True})
    send()
    let_pass(simulator, 5)
    ServiceMessage.objects.update(not_after=None)

    assert [ask_overdue(NOON + 2 * DAY) for _hour in range(2)] == [1, 0]

    assert state_of(message) == ("handed_over", polling.CLOSED)


def test_during_an_outage_nothing_is_closed(message: ServiceMessage, simulator: Simulator) -> None:
    send()
    simulator.set("faults", {"kind": "answer", "status": 503})

    assert ask_overdue(NOON + 2 * DAY) == 0

    assert state_of(message) == ("handed_over", "")


# -- stubborn: 48 hours in a second ---------------------------------------------------------------------
def test_a_report_is_tried_twenty_times_over_two_days_and_then_given_up(
    message: ServiceMessage, ear: Ear, simulator: Simulator
) -> None:
    ear.status = 503
    send()

    let_pass(simulator, 60 * 3600)

    assert len(ear.heard) == 20
    assert simulator.state()["callbacks"]["receipt given up"] == 1
    # Each try is signed anew.
    assert len({heard.signature for heard in ear.heard}) == 20


def test_a_report_arrives_after_an_outage_of_a_day(
    message: ServiceMessage, ear: Ear, simulator: Simulator, client: Client
) -> None:
    ear.status = 500
    send()
    let_pass(simulator, 24 * 3600)
    ear.status, ear.heard[:] = 200, []

    let_pass(simulator, 36 * 3600)

    assert len(ear.heard) == 1
    assert ear.pass_on(client) == [200]
    assert state_of(message)[0] == "delivered"


@pytest.mark.parametrize("status", [201, 202, 204])
def test_only_a_plain_200_is_an_acknowledgement(
    message: ServiceMessage, ear: Ear, simulator: Simulator, status: int
) -> None:
    ear.statuses = [status]
    send()

    let_pass(simulator, 60)

    assert len(ear.heard) == 2
