"""A number that may have a new owner: no earlier yes counts, a fresh one does, and almost nothing is sent."""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from campaigns import sending
from campaigns.models import Delivery
from consents import services, suspensions, transitions
from consents.ledger import Proof
from consents.models import Consent, InboundMessage, ServiceMessage, Subject, Suppression
from smsconsent import outbox
from smsconsent.gateways import Callback, Gateway, Inbound, Receipt, ReceiptState, Trust
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    SHORT_NUMBER,
    make_campaign,
    make_consent,
    make_purpose,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db
SIGNED = Callback(trust=Trust.SIGNED, nonce=None)
STATES = {"delivered": ReceiptState.DELIVERED}


def make_sent(consent: Consent, *, at: datetime = NOON) -> Delivery:
    """A campaign message that the gateway has taken."""
    return Delivery.objects.create(
        campaign=make_campaign(purpose=consent.purpose),
        subject=consent.subject,
        consent=consent,
        sender=SHORT_NUMBER,
        state="handed_over",
        queued_at=at,
        not_before=at,
        handed_over_at=at,
    )


def report(message: outbox.OutboundMessage, outcome: str, *, at: datetime = NOON) -> None:
    """Have the gateway report `outcome`: delivered, gone, barred, bounce, or another failure."""
    receipt = receipt_of(message, outcome)
    services.receive_receipt(receipt, gateway="strex", callback=SIGNED, body=b"", now=at)


def receipt_of(message: outbox.OutboundMessage, outcome: str) -> Receipt:
    return Receipt(
        id=message.pk,
        state=STATES.get(outcome, ReceiptState.FAILED),
        detail=outcome,
        final=True,
        gone=outcome == "gone",
        barred=outcome == "barred",
        bounce=outcome == "bounce",
        duplicate=False,
        stopped=False,
        segments=1,
    )


class Reporting:
    """A gateway that is only asked: the operator knows no such subscriber."""

    def __init__(self, message: outbox.OutboundMessage) -> None:
        self.message = message

    def look_up(self, message_id: UUID) -> Receipt:
        return receipt_of(self.message, "gone")


def reply(text: str) -> None:
    inbound = Inbound(uuid4().hex, phone(), SHORT_NUMBER, text, None, NOON)
    services.receive_message(inbound, gateway="strex", callback=SIGNED, body=b"", now=NOON)


def is_sendable(now: datetime = NOON) -> bool:
    return Consent.objects.sendable(now).exists()


@pytest.mark.parametrize(
    ("outcomes", "suspended_for"),
    [
        (["gone"], "gone"),
        (["barred"], ""),
        (["barred", "barred"], "barred"),
        (["barred", "delivered", "barred"], ""),
        (["bounce", "bounce"], ""),
        (["bounce", "bounce", "bounce"], "bounced"),
        (["bounce", "bounce", "delivered", "bounce"], ""),
        (["other", "other", "other"], ""),
    ],
)
def test_what_the_operator_reports_suspends(outcomes: list[str], suspended_for: str) -> None:
    consent = make_consent("granted", at=NOON - 100 * DAY)

    for week, outcome in enumerate(outcomes):
        at = NOON + week * 7 * DAY
        report(make_sent(consent, at=at), outcome, at=at)

    assert Subject.objects.get().suspended_for == suspended_for
    assert bool(Subject.objects.get().suspended_at) is bool(suspended_for)


@pytest.mark.parametrize(("later", "suspended"), [(14 * DAY - SECOND, False), (14 * DAY, True)])
def test_three_bounces_count_over_two_weeks(later: timedelta, suspended: bool) -> None:
    consent = make_consent("granted", at=NOON - 100 * DAY)

    for at in (NOON, NOON + DAY, NOON + later):
        report(make_sent(consent, at=at), "bounce", at=at)

    assert bool(Subject.objects.get().suspended_at) is suspended


def test_a_report_that_comes_three_times_is_one_bounce() -> None:
    message = make_sent(make_consent("granted"))

    for day in (0, 10, 20):
        report(message, "bounce", at=NOON + day * DAY)

    assert Subject.objects.get().bounce_count == 1


@pytest.mark.parametrize(("after", "sends"), [(30 * DAY - SECOND, False), (30 * DAY, True)])
def test_a_barred_number_waits_thirty_days(after: timedelta, sends: bool) -> None:
    report(make_sent(make_consent("granted")), "barred")

    assert is_sendable(NOON + after) is sends


def test_a_fresh_yes_counts_and_the_earlier_ones_do_not() -> None:
    old = make_consent("granted", at=NOON - DAY)
    other = make_consent("granted", purpose=make_purpose(old.purpose.organisation), at=NOON - DAY)
    report(make_sent(old), "gone")

    make_consent("granted", purpose=old.purpose, at=NOON + MINUTE)

    assert list(Consent.objects.sendable(NOON + HOUR)) == [old]
    other.refresh_from_db()
    assert other.state == "granted"


def test_an_old_link_does_not_renew_for_the_new_owner() -> None:
    consent = make_consent("granted")
    report(make_sent(consent), "gone")

    assert not transitions.renew(
        consent, wording=consent.wording, proof=Proof("link"), now=NOON + HOUR
    )


def test_a_second_sign_suspends_again() -> None:
    consent = make_consent("granted", at=NOON - DAY)
    report(make_sent(consent), "gone")
    make_consent("granted", purpose=consent.purpose, at=NOON + MINUTE)

    report(make_sent(consent, at=NOON + HOUR), "gone", at=NOON + HOUR)

    assert not is_sendable(NOON + 2 * HOUR)


def test_what_the_sweeper_finds_out_counts_as_well() -> None:
    message = make_sent(make_consent("granted"))
    Delivery.objects.update(state="leased", lease_until=NOON)

    outbox.recover(
        Delivery,
        gateway=cast("Gateway", Reporting(message)),
        record=suspensions.record_receipt,
        now=NOON + HOUR,
    )

    assert Subject.objects.get().suspended_for == "gone"


def test_an_answer_to_a_stranger_tells_of_nobody() -> None:
    consent = make_consent("granted")
    reply("HJELP")
    ServiceMessage.objects.update(state="handed_over")

    report(ServiceMessage.objects.get(), "gone")

    consent.subject.refresh_from_db()
    assert consent.subject.suspended_at is None


# -- long silence ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "reached", "suspended"),
    [
        (600 * DAY, None, True),
        (600 * DAY, 560 * DAY, True),
        (600 * DAY, 100 * DAY, False),
        (500 * DAY, None, False),
    ],
)
def test_long_silence_suspends(
    given: timedelta, reached: timedelta | None, suspended: bool
) -> None:
    make_consent("granted", at=NOON - given)
    Subject.objects.update(reached_at=NOON - reached if reached else None)

    suspensions.suspend_silent(now=NOON)

    assert Subject.objects.filter(suspended_for="silent").exists() is suspended
    assert is_sendable() is not suspended


def test_a_yes_to_one_purpose_is_a_sign_of_life_for_the_number() -> None:
    old = make_consent("granted", at=NOON - 600 * DAY)
    make_consent("granted", purpose=make_purpose(old.purpose.organisation), at=NOON - DAY)

    assert suspensions.suspend_silent(now=NOON) == 0


def test_a_silent_number_is_suspended_once() -> None:
    make_consent("granted", at=NOON - 600 * DAY)

    assert suspensions.suspend_silent(now=NOON) == 1
    assert suspensions.suspend_silent(now=NOON + DAY) == 0


def test_silence_can_be_switched_off(settings: Settings) -> None:
    settings.SILENCE_MONTHS = 0
    make_consent("granted", at=NOON - 700 * DAY)

    assert suspensions.suspend_silent(now=NOON) == 0


def test_a_message_that_arrives_is_a_sign_of_life() -> None:
    report(make_sent(make_consent("granted")), "delivered")

    assert Subject.objects.get().reached_at == NOON


# -- «wrong person» ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("decision", "blocked"), [("wrong_person", False), ("never_ask", True)])
def test_wrong_person_voids_every_yes_and_keeps_the_proof(decision: str, blocked: bool) -> None:
    consent = make_consent("granted")
    make_consent("granted", purpose=make_purpose(consent.purpose.organisation))
    make_campaign("sending", purpose=consent.purpose)
    reply("Feil person")

    services.settle_review(
        InboundMessage.objects.get(), decision=decision, by=make_user(), now=NOON
    )

    assert set(Consent.objects.values_list("state", flat=True)) == {"invalid"}
    assert Delivery.objects.get().state == "blocked"
    assert consent.event_details.count() == 3
    assert Suppression.objects.exists() is blocked


def test_the_new_owner_may_say_yes_after_wrong_person() -> None:
    consent = make_consent("granted")
    services.declare_wrong_person(consent.subject, by=make_user(), now=NOON)

    make_consent("granted", purpose=consent.purpose, at=NOON + MINUTE)

    assert is_sendable(NOON + HOUR)


@pytest.mark.parametrize(
    "signal", ["gone", "Feil nummer", "Hvem er dette?", "Feil person", "stopp"]
)
def test_at_most_one_message_leaves_after_the_signal(signal: str) -> None:
    """trust.md T20: the new owner answers, or the operator reports; then campaigns go on for weeks."""
    consent = make_consent("granted", purpose=make_purpose(promised_count=100))
    make_campaign("sending", purpose=consent.purpose)
    waiting = Delivery.objects.get()
    if signal == "gone":
        report(make_sent(consent), signal)
    else:
        reply(signal)

    campaigns = [make_campaign("sending", purpose=consent.purpose) for _week in range(3)]

    assert not Delivery.objects.filter(campaign__in=campaigns).exists()
    assert not is_sendable()
    waiting.refresh_from_db()
    [verdict] = sending.CampaignGate().decide([waiting], now=NOON)
    assert isinstance(verdict, outbox.Block)
    assert ServiceMessage.objects.count() <= 1
