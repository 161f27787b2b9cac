"""16 senders against 8 who withdraw: nothing is handed over after a withdrawal was acknowledged (L30).

The same harness runs with the gate taken out, and with its locks taken out, and must then find what it
looks for: otherwise it would prove nothing.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import Settings

from campaigns import audiences
from campaigns.models import Campaign, Delivery
from campaigns.sending import CampaignGate
from consents import transitions
from consents.ledger import Proof
from consents.models import Consent
from smsconsent import outbox
from smsconsent.gateways import Gateway, Handover, Outgoing, get_gateway
from smsconsent.outbox import sending
from smsconsent.phones import Phone
from tests.make import make_campaign, make_crowd, make_purpose
from tests.simulator import Simulator
from tests.trust import size

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

SENDERS, WITHDRAWERS = 16, 8
PEOPLE = 480
RACES = size.of(1, 12)


@dataclass
class Probe:
    """The real gateway, with a note of when each message was given to it."""

    real: Gateway
    begun: dict[UUID, float] = field(default_factory=dict)
    # Small batches mean many chances for a race.
    max_batch: int = 4
    slowest: float = 0.02

    def hand_over(self, batch: Sequence[Outgoing], *, now: datetime) -> list[Handover]:
        # A slow network: the time between the gate's yes and the hand-over, in which a withdrawal may come.
        time.sleep(random.uniform(0, self.slowest))
        at = time.monotonic()
        self.begun.update((message.id, at) for message in batch)
        return self.real.hand_over(batch, now=now)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class NoGate:
    """Lets everything out."""

    def lock(self, rows: Sequence[Delivery]) -> None:
        pass

    def decide(self, rows: Sequence[Delivery], *, now: datetime) -> list[outbox.Verdict]:
        return [
            outbox.Send(
                Outgoing(
                    id=row.pk,
                    recipient=Phone("+4790000001"),
                    sender=row.sender,
                    text=f"Ingen port {row.pk}",
                    not_after=None,
                    urgent=False,
                    tag="c0",
                )
            )
            for row in rows
        ]


class NoLocks(CampaignGate):
    """Asks everything, and locks nothing: what was true may no longer be when the message leaves."""

    def lock(self, rows: QuerySet[Delivery]) -> None:
        pass


@pytest.fixture
def campaign(settings: Settings) -> Campaign:
    settings.QUIET_HOURS = False
    purpose = make_purpose()
    make_crowd(purpose, PEOPLE, at=timezone.now())
    return make_campaign("sending", purpose=purpose, now=timezone.now())


@pytest.fixture
def probe(simulator: Simulator) -> Probe:
    return Probe(get_gateway())


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """Let threads take turns often, so that they meet where they should not."""

    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


def race(probe: Probe) -> tuple[set[int], set[int]]:
    """Send and withdraw at once. Return whose message left too late, and whose was stopped in time."""
    acknowledged: dict[int, float] = {}
    barrier = Barrier(SENDERS + WITHDRAWERS)
    chosen = list(Consent.objects.select_related("subject", "purpose").order_by("?")[: PEOPLE // 2])

    def send() -> None:
        barrier.wait()
        outbox.work(Delivery, gateway=probe, clock=timezone.now, batches=PEOPLE)
        connection.close()

    def withdraw(mine: list[Consent]) -> None:
        barrier.wait()
        for consent in mine:
            assert transitions.withdraw(consent, proof=Proof("mo_stop"), now=timezone.now())
            acknowledged[consent.pk] = time.monotonic()
        connection.close()

    with ThreadPoolExecutor(SENDERS + WITHDRAWERS) as pool:
        running = [pool.submit(send) for _number in range(SENDERS)]
        running += [
            pool.submit(withdraw, chosen[start::WITHDRAWERS]) for start in range(WITHDRAWERS)
        ]
        for each in running:
            each.result()
    consent_of = dict(Delivery.objects.values_list("pk", "consent_id"))
    begun = {consent_of[pk]: at for pk, at in probe.begun.items()}
    late = {pk for pk, at in acknowledged.items() if begun.get(pk, 0) > at}
    return late, acknowledged.keys() - begun.keys()


@pytest.mark.parametrize("number", range(RACES))
def test_nothing_leaves_after_a_withdrawal_was_acknowledged(
    campaign: Campaign,
    probe: Probe,
    simulator: Simulator,
    number: int,
    record_property: Callable[[str, object], None],
) -> None:
    late, in_time = race(probe)

    record_property("withdrawals raced", PEOPLE // 2)
    record_property("of which in time", len(in_time))

    assert late == set()
    assert in_time, "nobody withdrew in time: the race was not one"
    assert len(probe.begun) == PEOPLE - len(in_time)
    accepted = Delivery.objects.filter(state__in=audiences.SPENT).count()
    assert accepted == len(probe.begun) == sum(simulator.state()["messages"].values())


@pytest.fixture
def gate_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the second net: a withdrawal also stops what waits, under the locks of its rows."""
    monkeypatch.setattr(outbox, "block_waiting", lambda consents, *, reason, trip: None)


@pytest.mark.usefixtures("gate_alone")
def test_the_gate_alone_keeps_the_promise(campaign: Campaign, probe: Probe) -> None:
    late, in_time = race(probe)

    assert late == set()
    assert in_time


@pytest.mark.usefixtures("gate_alone")
@pytest.mark.parametrize("gate", [NoGate, NoLocks])
def test_the_race_is_found_when_the_gate_is_taken_out(
    campaign: Campaign, probe: Probe, monkeypatch: pytest.MonkeyPatch, gate: type
) -> None:
    monkeypatch.setattr(sending, "gate_of", lambda model: gate())
    # Slower still, so that one is found in every run.
    probe.slowest = 0.15

    late, _in_time = race(probe)

    assert late
