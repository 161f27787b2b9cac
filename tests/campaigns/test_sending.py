"""The campaign gate: what held when the audience was frozen is asked again at the second of sending."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from campaigns import audiences, running, services, texts
from campaigns.models import Approval, Campaign, Delivery
from consents import sealing, transitions
from consents.ledger import Proof
from consents.models import Consent, InboundMessage, PendingEvent, Purpose, Subject, Suppression
from consents.services import erase_subject, suppress
from smsconsent import crypto, outbox
from smsconsent.gateways import get_gateway
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    make_campaign,
    make_consent,
    make_organisation,
    make_purpose,
    make_user,
    phone,
)
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db


def send(now: datetime = NOON) -> None:
    gateway = get_gateway()
    outbox.work(Delivery, gateway=gateway, clock=lambda: now)


def received(simulator: Simulator) -> list[str]:
    """Return what the gateway has taken over for the number, oldest first."""
    return [entry["content"] for entry in simulator.state(number=phone().e164)["toNumber"]]


def outcome() -> tuple[str, str]:
    delivery = Delivery.objects.exclude(state="delivered").get()
    return delivery.state, delivery.reason


@pytest.fixture
def consent(simulator: Simulator) -> Consent:
    return make_consent("granted")


def test_a_person_who_said_yes_gets_it_with_a_way_out(
    consent: Consent, simulator: Simulator
) -> None:
    make_campaign("sending", purpose=consent.purpose, text="Halv pris i dag.")

    send()

    [text] = received(simulator)
    assert text.startswith("Fjord Sport: Halv pris i dag.")
    assert "STOPP" in text
    assert outcome() == ("handed_over", "")


def test_the_gateway_is_told_the_public_name_of_the_campaign_and_no_number_of_a_row(
    consent: Consent, simulator: Simulator
) -> None:
    campaign = make_campaign("sending", purpose=consent.purpose)

    send()

    [told] = simulator.state(number=phone().e164)["toNumber"]
    # Strex may take no more than a-z and 0-9 there one day.
    assert told["tags"] == [f"c{campaign.public_id.hex}"]


@pytest.mark.parametrize(
    ("waited", "state"), [(10 * MINUTE, "handed_over"), (10 * MINUTE + SECOND, "queued")]
)
def test_a_campaign_waits_for_evidence_that_is_not_sealed(
    consent: Consent, waited: timedelta, state: str
) -> None:
    make_campaign("sending", purpose=consent.purpose)
    PendingEvent.objects.update(since=NOON - waited)

    send()
    assert outcome() == (state, "")

    sealing.seal(now=NOON)
    send(NOON + MINUTE)
    assert outcome() == ("handed_over", "")


def test_a_delivery_names_the_evidence_that_allowed_it(consent: Consent) -> None:
    make_campaign("sending", purpose=consent.purpose)

    send()

    consent.refresh_from_db()
    assert Delivery.objects.get().consent_event == consent.last_event_id


def _unread(consent: Consent) -> None:
    InboundMessage.objects.create(
        gateway="strex",
        message_id="1",
        sender=consent.subject.phone,
        sender_index=crypto.blind_index(consent.subject.phone, use="inbound"),
        recipient="26112",
        text="?",
        key_id="k",
        trust="signed",
        vouched_by="signature",
        state="unread",
        received_at=NOON,
    )


def _spend_promise(consent: Consent) -> None:
    purpose = consent.purpose
    Purpose.objects.filter(pk=purpose.pk).update(promised_count=1)
    other = make_campaign(purpose=purpose)
    Delivery.objects.create(
        campaign=other,
        subject=consent.subject,
        consent=consent,
        sender="26112",
        state="delivered",
        queued_at=NOON,
        not_before=NOON,
        handed_over_at=NOON - DAY,
    )


CHANGES: dict[str, tuple[Callable[[Consent], object], str]] = {
    "the consent is too old": (
        lambda c: Consent.objects.filter(pk=c.pk).update(valid_until=NOON),
        "no_consent",
    ),
    "an unclear reply": (lambda c: Subject.objects.update(held_at=NOON), "no_consent"),
    "no subscriber": (lambda c: Subject.objects.update(suspended_at=NOON), "no_consent"),
    "the block list": (
        lambda c: suppress(
            c.purpose.organisation,
            c.subject.phone,
            purpose=None,
            reason=Suppression.Reason.OBJECTION,
            now=NOON,
        ),
        "no_consent",
    ),
    "the purpose is closed": (lambda c: Purpose.objects.update(closed_at=NOON), "no_consent"),
    "a reply that nobody has read": (_unread, "unread_reply"),
    "the promise is used up": (_spend_promise, "promise_used"),
    "another number in the row": (
        lambda c: Subject.objects.update(phone=phone(9)),
        "index_mismatch",
    ),
    "other words than were approved": (
        lambda c: Campaign.objects.update(text="Noe annet."),
        "not_approved",
    ),
    "the approval is taken back": (
        lambda c: Approval.objects.update(is_approved=False),
        "not_approved",
    ),
    "too late": (lambda c: Delivery.objects.update(not_after=NOON), "not_after"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_after_the_freeze_stops_the_message(
    consent: Consent, simulator: Simulator, change: str
) -> None:
    make_campaign("sending", purpose=consent.purpose)
    happens, reason = CHANGES[change]

    happens(consent)
    send()

    assert outcome()[1] == reason
    assert received(simulator) == []


def test_a_withdrawal_stops_what_is_queued(consent: Consent, simulator: Simulator) -> None:
    make_campaign("sending", purpose=consent.purpose)

    transitions.withdraw(consent, proof=Proof("mo_stop"), now=NOON)
    send()

    assert outcome() == ("blocked", "withdrawn")
    assert received(simulator) == []


def test_an_erased_person_gets_nothing(consent: Consent, simulator: Simulator) -> None:
    make_campaign("sending", purpose=consent.purpose)

    erase_subject(consent.subject, now=NOON)
    send()

    assert received(simulator) == []


def test_without_a_processor_agreement_nothing_is_sent(
    simulator: Simulator, settings: Settings
) -> None:
    settings.EMBEDDED = False
    organisation = make_organisation(processor_agreement="")
    consent = make_consent("granted", purpose=make_purpose(organisation))
    make_campaign("sending", purpose=consent.purpose)

    send()

    assert outcome() == ("blocked", "no_processor_agreement")


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_promise_holds_over_campaigns(simulator: Simulator, count: int) -> None:
    purpose = make_purpose(promised_count=count, promised_period="week")
    make_consent("granted", purpose=purpose)

    for day in range(6):
        make_campaign("sending", purpose=purpose, now=NOON + day * DAY)
        send(NOON + day * DAY)
        running.finish(now=NOON + day * DAY)

    assert len(received(simulator)) == count


def test_the_promise_is_free_again_after_its_window(simulator: Simulator) -> None:
    purpose = make_purpose(promised_count=1, promised_period="week")
    make_consent("granted", purpose=purpose)

    for moment in (NOON, NOON + 7 * DAY - SECOND, NOON + 7 * DAY):
        make_campaign("sending", purpose=purpose, now=moment)
        send(moment)
        running.finish(now=moment)

    assert len(received(simulator)) == 2


def oslo(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment in March 2026, by the clock in Oslo. The 29th is a Sunday, and summer time begins."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZoneInfo("Europe/Oslo"))


@pytest.mark.parametrize(
    ("now", "sent"),
    [
        (oslo(10, 8, 59), False),
        (oslo(10, 9), True),
        (oslo(10, 19, 54), True),
        (oslo(10, 20), False),
        (oslo(15, 12), False),  # a Sunday
        (oslo(14, 12), True),  # a Saturday
    ],
)
def test_quiet_hours_hold_a_message(simulator: Simulator, now: datetime, sent: bool) -> None:
    consent = make_consent("granted", at=NOON - 30 * DAY)
    make_campaign("sending", purpose=consent.purpose, now=now - MINUTE)

    send(now)

    assert bool(received(simulator)) is sent


def test_a_message_waits_for_the_morning_and_no_longer_than_its_end(simulator: Simulator) -> None:
    consent = make_consent("granted", at=NOON - 30 * DAY)
    make_campaign("sending", purpose=consent.purpose, now=oslo(10, 21))

    send(oslo(10, 21))
    assert Delivery.objects.get().not_before == oslo(11, 9)

    send(oslo(11, 9))
    assert outcome()[0] == "handed_over"


def test_a_purpose_may_have_shorter_hours(simulator: Simulator) -> None:
    purpose = make_purpose(opens_at=time(12), closes_at=time(13))
    make_consent("granted", purpose=purpose)
    make_campaign("sending", purpose=purpose, now=oslo(10, 11, 58))

    send(oslo(10, 11, 59))
    assert received(simulator) == []

    send(oslo(10, 12))
    assert len(received(simulator)) == 1


def test_a_pause_holds_what_has_not_left_and_a_cancellation_ends_it(simulator: Simulator) -> None:
    consent = make_consent("granted")
    campaign = make_campaign("sending", purpose=consent.purpose)
    user = make_user()

    services.pause(campaign, by=user, now=NOON)
    send()
    assert outcome()[0] == "queued"

    services.resume(campaign, by=user, now=NOON)
    services.cancel(campaign, by=user, now=NOON)
    send()
    assert outcome() == ("blocked", "cancelled")
    assert received(simulator) == []


def test_a_campaign_is_sent_when_nothing_is_left(simulator: Simulator) -> None:
    consent = make_consent("granted")
    campaign = make_campaign("sending", purpose=consent.purpose)
    assert running.finish(now=NOON) == 0

    send()

    assert running.finish(now=NOON) == 1
    campaign.refresh_from_db()
    assert (campaign.state, campaign.ended_at) == ("sent", NOON)


def test_a_campaign_whose_words_were_changed_behind_the_approval_does_not_start() -> None:
    make_consent("granted")
    campaign = make_campaign("scheduled")
    Campaign.objects.update(text="Noe annet.")

    running.start_due(now=NOON)

    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == ("paused", "not_approved")
    assert not Delivery.objects.exists()


def test_a_gateway_that_does_not_answer_puts_the_batch_back(
    consent: Consent, simulator: Simulator
) -> None:
    make_campaign("sending", purpose=consent.purpose)
    simulator.set("faults", {"kind": "answer", "status": 503, "count": 99})

    send()

    delivery = Delivery.objects.get()
    assert delivery.state in {"queued", "unknown"}
    assert received(simulator) == []


def test_every_refusal_has_plain_words() -> None:
    for _change, reason in CHANGES.values():
        assert audiences.reason_label(reason) != reason


def test_the_text_must_hold_something_and_fit() -> None:
    purpose = make_purpose()

    assert texts.problems_with(purpose, "Halv pris!") == []
    assert len(texts.problems_with(purpose, " ")) == 1
    assert len(texts.problems_with(purpose, "x" * 2000)) == 1
    assert len(texts.problems_with(purpose, "~~")) == 1


def test_an_operator_who_knows_what_tildes_do_may_let_them_through(settings: Settings) -> None:
    settings.STREX_ALLOW_TILDES = True

    assert texts.problems_with(make_purpose(), "~~") == []


def test_the_stop_line_fits_the_sender() -> None:
    short = make_purpose()
    letters = make_purpose(sender="Fjord", reply_number="26112", keyword="KLUBB")
    silent = make_purpose(sender="Stille", reply_number="", keyword="")

    assert "STOPP" in texts.full_text(short, "Hei")
    assert "KLUBB STOPP" in texts.full_text(letters, "Hei")
    assert "/s/" in texts.full_text(silent, "Hei")


def test_the_end_of_a_campaign_is_the_end_of_its_day() -> None:
    purpose = make_purpose()

    assert running.default_end(purpose, NOON) == oslo(10, 20)
    assert running.default_end(purpose, NOON + 9 * HOUR) == oslo(11, 20)
