"""What failed through no fault of message or number is sent once more: never marketing (strex.md § 10)."""

from datetime import datetime

import pytest

from campaigns.models import Delivery
from consents import confirmations, suspensions, transitions
from consents.ledger import Proof
from consents.models import Consent, ServiceMessage
from smsconsent import outbox
from smsconsent.gateways import Handover, Outcome, Outgoing, Receipt, ReceiptState
from tests.make import HOUR, MINUTE, NOON, SECOND, SHORT_NUMBER, make_campaign, make_consent, phone

pytestmark = pytest.mark.django_db
LATER = NOON + 30 * MINUTE


class Taking:
    """A gateway that takes everything, and remembers it."""

    name, max_batch = "taking", 100

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []

    def hand_over(self, batch: list[Outgoing], *, now: object) -> list[Handover]:
        self.taken += batch
        return [Handover(each.id, Outcome.ACCEPTED) for each in batch]


@pytest.fixture
def gateway() -> Taking:
    return Taking()


@pytest.fixture
def consent() -> Consent:
    return make_consent("granted")


def send(gateway: Taking, at: datetime) -> int:
    return outbox.work(ServiceMessage, gateway=gateway, clock=lambda: at)  # type: ignore[arg-type]  # a gateway of the test


def report(message: outbox.OutboundMessage, *, arrived: bool = False, at: datetime = NOON) -> None:
    receipt = Receipt(
        id=message.pk,
        state=ReceiptState.DELIVERED if arrived else ReceiptState.FAILED,
        detail="Delivered" if arrived else "TemporaryError",
        final=True,
        gone=False,
        duplicate=False,
        stopped=False,
        segments=1,
        transient=not arrived,
    )
    suspensions.record_receipt(receipt, now=at)


def test_it_leaves_once_more_half_an_hour_later_under_a_new_id(
    gateway: Taking, consent: Consent
) -> None:
    message = confirmations.queue_welcome(consent, now=NOON)
    send(gateway, NOON)
    report(message)

    assert send(gateway, LATER - SECOND) == 0
    assert send(gateway, LATER) == 1

    first, second = gateway.taken
    assert first.id != second.id
    assert (first.recipient, first.text, first.sender) == (phone(), second.text, second.sender)
    assert second.recipient == phone()


def test_a_repetition_is_not_repeated_and_a_doubled_report_repeats_once(
    gateway: Taking, consent: Consent
) -> None:
    message = confirmations.queue_welcome(consent, now=NOON)
    send(gateway, NOON)
    report(message)
    report(message)
    send(gateway, LATER)

    report(ServiceMessage.objects.get(repeats=message.pk), at=LATER)

    assert ServiceMessage.objects.count() == 2
    assert send(gateway, LATER + HOUR) == 0


def test_one_that_arrived_after_all_is_not_repeated(gateway: Taking, consent: Consent) -> None:
    message = confirmations.queue_welcome(consent, now=NOON)
    send(gateway, NOON)
    report(message)
    report(message, arrived=True)

    send(gateway, LATER)

    assert len(gateway.taken) == 1
    assert ServiceMessage.objects.get(repeats=message.pk).reason == "arrived"


def test_a_repetition_passes_the_gate_as_well(gateway: Taking, consent: Consent) -> None:
    message = confirmations.queue_welcome(consent, now=NOON)
    send(gateway, NOON)
    report(message)
    transitions.withdraw(consent, proof=Proof("stop_link"), now=NOON + MINUTE)

    send(gateway, LATER)

    assert len(gateway.taken) == 1


def test_what_would_come_too_late_is_not_repeated(gateway: Taking, consent: Consent) -> None:
    message = confirmations.queue_welcome(consent, now=NOON)
    ServiceMessage.objects.update(not_after=LATER)
    send(gateway, NOON)

    report(message)

    assert ServiceMessage.objects.count() == 1


def test_marketing_is_never_repeated(consent: Consent) -> None:
    delivery = Delivery.objects.create(
        campaign=make_campaign(purpose=consent.purpose),
        subject=consent.subject,
        consent=consent,
        sender=SHORT_NUMBER,
        state="handed_over",
        queued_at=NOON,
        not_before=NOON,
        handed_over_at=NOON,
    )

    report(delivery)

    assert [row.state for row in Delivery.objects.all()] == ["failed"]
    assert not ServiceMessage.objects.exists()
