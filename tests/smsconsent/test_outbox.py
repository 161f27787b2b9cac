"""The one way out: leases, crashes, receipts that only move forward."""

import contextlib
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from campaigns.models import Delivery
from consents import confirmations
from consents.models import ServiceMessage
from smsconsent import outbox, queues
from smsconsent.gateways import (
    GatewayMisconfigured,
    GatewayUnavailable,
    Handover,
    Outcome,
    Outgoing,
    Receipt,
    ReceiptState,
    get_gateway,
    watch,
)
from smsconsent.gateways.state import SharedState
from tests.make import DAY, MINUTE, NOON, SECOND, make_consent, phone
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=70)


class Broken:
    """A gateway in trouble of the kind that is named."""

    name, max_batch = "broken", 100

    def __init__(self, trouble: Exception | Outcome) -> None:
        self.trouble = trouble

    def hand_over(self, batch: list[Outgoing], *, now: object) -> list[Handover]:
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return [Handover(each.id, self.trouble, "why") for each in batch]


@pytest.fixture
def message(simulator: Simulator) -> ServiceMessage:
    return confirmations.queue_welcome(make_consent("granted"), now=NOON)


def state_of(message: ServiceMessage) -> str:
    message.refresh_from_db()
    return message.state


def work(now: object = NOON, gateway: object = None) -> int:
    return outbox.work(
        ServiceMessage,
        gateway=gateway or get_gateway(),  # type: ignore[arg-type]  # a gateway of the test
        clock=lambda: now,  # type: ignore[arg-type,return-value]  # a moment
    )


def claimed() -> outbox.Lease:
    lease = outbox.claim(ServiceMessage, now=NOON, limit=10)
    assert lease is not None
    return lease


def test_a_message_leaves_once(message: ServiceMessage, simulator: Simulator) -> None:
    assert [work(), work()] == [1, 0]

    assert state_of(message) == "handed_over"
    assert sum(simulator.state()["messages"].values()) == 1


def test_two_workers_never_hold_the_same_row(message: ServiceMessage) -> None:
    first = outbox.claim(ServiceMessage, now=NOON, limit=10)
    second = outbox.claim(ServiceMessage, now=NOON, limit=10)

    assert first is not None
    assert list(first.keys) == [message.pk]
    assert second is None


def test_what_a_worker_holds_is_told_apart_from_what_waits(message: ServiceMessage) -> None:
    outbox.claim(ServiceMessage, now=NOON, limit=10)

    depth = queues.depth(ServiceMessage, now=NOON)

    assert (depth.waiting, depth.leased, depth.oldest_for) == (0, 1, timedelta(0))


def test_a_lease_ends_with_its_batch(message: ServiceMessage) -> None:
    work()

    assert not outbox.Lease.objects.exists()


def test_whoever_comes_back_after_the_lease_sends_nothing(
    message: ServiceMessage, simulator: Simulator
) -> None:
    lease = claimed()
    outbox.recover(ServiceMessage, gateway=get_gateway(), now=NOON + LEASE)

    assert outbox.hand_over(ServiceMessage, lease, gateway=get_gateway(), now=NOON + LEASE)

    assert sum(simulator.state()["messages"].values()) == 0
    assert state_of(message) == "queued"


class Deadly:
    """A gateway that takes what it is given, and its caller dies of it. It knows no id from before."""

    name, max_batch = "deadly", 100

    def __init__(self) -> None:
        self.taken: list[UUID] = []
        self.is_deadly = True

    def hand_over(self, batch: list[Outgoing], *, now: object) -> list[Handover]:
        self.taken += [each.id for each in batch]
        if self.is_deadly:
            raise SystemExit
        return [Handover(each.id, Outcome.ACCEPTED) for each in batch]


def test_whoever_comes_back_after_the_lease_and_dies_has_sent_nothing_that_leaves_twice(
    message: ServiceMessage,
) -> None:
    lease, gateway = claimed(), Deadly()
    outbox.recover(ServiceMessage, gateway=get_gateway(), now=NOON + LEASE)
    with contextlib.suppress(SystemExit):
        outbox.hand_over(ServiceMessage, lease, gateway=gateway, now=NOON + LEASE)  # type: ignore[arg-type]

    gateway.is_deadly = False
    work(NOON + LEASE, gateway)

    assert gateway.taken == [message.pk]


def test_a_message_waits_for_its_time_and_expires_after_it(message: ServiceMessage) -> None:
    ServiceMessage.objects.update(not_before=NOON + MINUTE, not_after=NOON + 2 * MINUTE)

    assert work(NOON) == 0
    work(NOON + 2 * MINUTE)

    assert state_of(message) == "expired"


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (GatewayUnavailable("down"), "queued"),
        (Outcome.REJECTED, "failed"),
        (Outcome.UNKNOWN, "unknown"),
        (Outcome.ACCEPTED, "handed_over"),
    ],
)
def test_trouble_at_the_gateway_is_told_apart(
    message: ServiceMessage, trouble: Exception | Outcome, state: str
) -> None:
    work(gateway=Broken(trouble))

    assert state_of(message) == state


def test_a_wrong_key_puts_the_message_back_and_is_seen(message: ServiceMessage) -> None:
    with pytest.raises(GatewayMisconfigured):
        work(gateway=Broken(GatewayMisconfigured("no key")))

    assert state_of(message) == "queued"
    assert message.not_before > NOON


def test_a_lost_lease_is_sent_again_under_the_same_id(
    message: ServiceMessage, simulator: Simulator
) -> None:
    outbox.claim(ServiceMessage, now=NOON, limit=10)
    late = NOON + LEASE

    assert outbox.recover(ServiceMessage, gateway=get_gateway(), now=late - SECOND) == 0
    assert outbox.recover(ServiceMessage, gateway=get_gateway(), now=late) == 1
    work(late)

    [sent] = simulator.state(number=phone().e164)["toNumber"]
    assert sent["transactionId"] == str(message.pk)


def test_a_message_that_the_gateway_has_is_not_sent_again(
    message: ServiceMessage, simulator: Simulator
) -> None:
    outbox.hand_over(ServiceMessage, claimed(), gateway=get_gateway(), now=NOON)
    # As if the worker had died between the hand-over and its record.
    ServiceMessage.objects.update(state="leased", lease_until=NOON + LEASE, handed_over_at=None)

    outbox.recover(ServiceMessage, gateway=get_gateway(), now=NOON + LEASE)
    work(NOON + LEASE)

    assert state_of(message) in {"handed_over", "delivered"}
    assert sum(simulator.state()["messages"].values()) == 1


def test_what_nobody_can_tell_any_more_is_never_sent_again(message: ServiceMessage) -> None:
    outbox.claim(ServiceMessage, now=NOON, limit=10)

    outbox.recover(ServiceMessage, gateway=get_gateway(), now=NOON + DAY + MINUTE)
    outbox.recover(ServiceMessage, gateway=get_gateway(), now=NOON + 3 * DAY)

    assert state_of(message) == "unknown"
    assert message.lease_until is None


ORDER = ("handed_over", "failed", "delivered")


def receipt(message: ServiceMessage, state: str, *, duplicate: bool = False) -> Receipt:
    return Receipt(
        id=message.pk,
        state=ReceiptState(state),
        detail="Ok",
        final=True,
        gone=False,
        duplicate=duplicate,
        stopped=False,
        segments=1,
    )


@pytest.mark.parametrize("before", ORDER)
@pytest.mark.parametrize("after", ORDER)
def test_receipts_only_move_forward(message: ServiceMessage, before: str, after: str) -> None:
    ServiceMessage.objects.update(state=before, handed_over_at=NOON)

    outbox.record_receipt(receipt(message, after), now=NOON)

    assert state_of(message) == max(before, after, key=ORDER.index)


@pytest.mark.parametrize("state", ["queued", "blocked", "expired"])
def test_a_receipt_cannot_revive_what_never_left(message: ServiceMessage, state: str) -> None:
    ServiceMessage.objects.update(state=state)

    outbox.record_receipt(receipt(message, "delivered"), now=NOON)

    assert state_of(message) == state


def test_a_receipt_of_a_batch_whose_sender_died_is_the_proof_that_it_left(
    message: ServiceMessage,
) -> None:
    claimed()

    outbox.record_receipt(receipt(message, "delivered"), now=NOON)

    assert state_of(message) == "delivered"
    assert queues.depth(ServiceMessage, now=NOON).unknown == 0


def test_a_duplicate_proves_no_delivery(message: ServiceMessage) -> None:
    ServiceMessage.objects.update(state="leased")

    outbox.record_receipt(receipt(message, "failed", duplicate=True), now=NOON)

    assert state_of(message) == "handed_over"


def test_a_receipt_for_an_unknown_id_changes_nothing(message: ServiceMessage) -> None:
    unknown = receipt(ServiceMessage(pk=uuid4()), "delivered")

    assert outbox.record_receipt(unknown, now=NOON) is None


@pytest.mark.parametrize(("theirs", "differing"), [(1, 0), (2, 1), (None, 0)])
def test_parts_that_the_gateway_counts_otherwise_are_kept_and_told(
    message: ServiceMessage, theirs: int | None, differing: int
) -> None:
    ServiceMessage.objects.update(text="Takk!")
    work(gateway=Broken(Outcome.ACCEPTED))

    outbox.record_receipt(replace(receipt(message, "delivered"), segments=theirs), now=NOON)

    message.refresh_from_db()
    assert (message.counted_segments, message.segments) == (1, theirs)
    assert SharedState("strex").snapshot(counted=("parts_differ",)).counts == {
        "parts_differ": differing
    }
    assert bool(watch.parts_warning()) is bool(differing)


@pytest.mark.parametrize(("countries", "state"), [({46, 47}, "handed_over"), ({46}, "blocked")])
def test_nothing_leaves_for_a_country_that_we_do_not_send_to(
    message: ServiceMessage, settings: Settings, countries: set[int], state: str
) -> None:
    settings.SMS_COUNTRIES = frozenset(countries)

    work(gateway=Broken(Outcome.ACCEPTED))

    assert state_of(message) == state
    assert message.reason == ("country" if state == "blocked" else "")


def test_there_are_two_lanes_and_each_names_its_gate() -> None:
    assert set(outbox.lanes()) == {ServiceMessage, Delivery}
    assert outbox.every_message_has_a_gate(None) == []


def test_a_class_without_a_gate_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Delivery, "gate", "")

    assert [error.id for error in outbox.every_message_has_a_gate(None)] == ["smsconsent.E001"]


def test_a_lease_that_is_too_short_does_not_start(settings: Settings) -> None:
    settings.OUTBOX_LEASE = timedelta(seconds=65)

    assert [error.id for error in outbox.a_lease_outlasts_the_gateway(None)] == ["smsconsent.E002"]
