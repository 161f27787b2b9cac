"""Data goes when its purpose ends: boundaries to the second, erasure that leaves no trace of a number."""

from datetime import datetime, timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import Model

from campaigns.models import Campaign, Delivery, Tally
from campaigns.retention import DELIVERIES_FOR
from consents import confirmations, due, services
from consents.models import (
    Confirmation,
    Consent,
    ConsentEvent,
    ContactGuard,
    Disclosure,
    Erasure,
    EventDetail,
    HandsetCode,
    InboundMessage,
    PurgeRun,
    ServiceMessage,
    Subject,
    Suppression,
)
from consents.retention import policies, purge, purge_all
from smsconsent.crypto import GuardedField
from tests.make import (
    DAY,
    HOUR,
    NOON,
    SECOND,
    make_campaign,
    make_consent,
    make_email_question,
    make_purpose,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db
POLICIES = {policy.name: policy for policy in policies()}


def exists_after(model: type[Model], policy: str, *, now: datetime) -> bool:
    purge(POLICIES[policy], now=now)
    return model._default_manager.exists()


@pytest.mark.parametrize(
    ("state", "kept_for"),
    [
        ("pending", timedelta(days=7)),
        ("refused", timedelta(days=7)),
        ("lapsed", timedelta(days=7)),
        ("withdrawn", timedelta(days=180)),
        ("expired", timedelta(days=180)),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_consent_goes_with_its_details_when_its_time_is_up(
    state: str, kept_for: timedelta, late: bool
) -> None:
    make_consent(state, at=NOON)
    events = ConsentEvent.objects.count()

    purge(POLICIES["consents"], now=NOON + kept_for - (SECOND if not late else timedelta()))

    assert Consent.objects.exists() is not late
    assert EventDetail.objects.exists() is not late
    assert ConsentEvent.objects.count() == events, "headers stay"


def test_a_consent_that_holds_is_never_purged() -> None:
    make_consent("granted", at=NOON)

    purge_all(now=NOON + 700 * DAY)

    assert Consent.objects.exists()
    assert Subject.objects.exists()


def test_a_number_goes_with_its_last_consent() -> None:
    make_consent("withdrawn", at=NOON)

    purge_all(now=NOON + 180 * DAY)

    assert not Subject.objects.exists()


@pytest.mark.parametrize("late", [False, True])
def test_replies_go_after_ninety_days(late: bool) -> None:
    InboundMessage.objects.create(
        gateway="strex",
        message_id="1",
        sender=phone(),
        sender_index=b"i" * 32,
        recipient="26112",
        text="Hei",
        key_id="k",
        trust="signed",
        vouched_by="signature",
        state="done",
        received_at=NOON,
    )

    kept = exists_after(
        InboundMessage, "replies", now=NOON + 90 * DAY - (timedelta() if late else SECOND)
    )

    assert kept is not late


@pytest.mark.parametrize("late", [False, True])
def test_service_messages_go_after_thirty_days(late: bool) -> None:
    confirmations.queue_welcome(make_consent("granted"), now=NOON)

    moment = NOON + 30 * DAY - (timedelta() if late else SECOND)

    assert exists_after(ServiceMessage, "service_messages", now=moment) is not late


def test_codes_go_a_day_after_they_end() -> None:
    purpose = make_purpose()
    services.open_handset_code(purpose, wording=purpose.wordings.get(), form_version="v1", now=NOON)

    assert exists_after(HandsetCode, "codes", now=NOON + DAY)
    assert not exists_after(HandsetCode, "codes", now=NOON + DAY + HOUR)


def test_an_address_that_a_pressed_link_left_behind_goes_at_the_next_purge() -> None:
    consent = make_consent("pending", at=NOON)
    make_email_question(consent, "kari@example.org", now=NOON)
    Confirmation.objects.update(used_at=NOON)

    purge(POLICIES["email_addresses"], now=NOON + SECOND)

    confirmation = Confirmation.objects.get()
    assert (confirmation.email, confirmation.token) == (None, None)


def test_an_address_goes_when_its_link_has_ended() -> None:
    consent = make_consent("pending", at=NOON)
    make_email_question(consent, "kari@example.org", now=NOON)

    purge(POLICIES["email_addresses"], now=consent.answer_by)

    confirmation = Confirmation.objects.get()
    assert (confirmation.email, confirmation.token) == (None, None)


@pytest.mark.parametrize("late", [False, True])
def test_deliveries_become_counts_after_the_campaign(late: bool) -> None:
    consent = make_consent("granted")
    campaign = make_campaign("sending", purpose=consent.purpose)
    Delivery.objects.update(state="delivered")
    Tally.objects.update(state="delivered")
    Campaign.objects.update(state="sent", ended_at=NOON)

    purge(POLICIES["deliveries"], now=NOON + DELIVERIES_FOR - (timedelta() if late else SECOND))

    campaign.refresh_from_db()
    assert Delivery.objects.exists() is not late
    assert campaign.outcome == ({"delivered": 1} if late else {})


def test_a_purge_works_through_its_batches() -> None:
    purpose = make_purpose()
    for number in range(7):
        make_consent("lapsed", purpose=purpose, number=number, at=NOON)

    counts = purge(POLICIES["consents"], now=NOON + 8 * DAY, limit=3)

    assert counts["consents.Consent"] == 7


def test_a_dry_run_counts_and_deletes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    make_consent("lapsed", at=NOON - 30 * DAY)

    call_command("purge", "--dry-run")

    assert Consent.objects.exists()
    assert "consents.Consent" in capsys.readouterr().out
    assert set(PurgeRun.objects.values_list("is_dry_run", flat=True)) == {True}


def test_a_purge_is_logged_with_its_counts() -> None:
    make_consent("lapsed", at=NOON - 30 * DAY)

    call_command("purge", verbosity=0)

    run = PurgeRun.objects.get(policy="consents")
    assert run.counts["consents.Consent"] == 1
    assert run.finished_at is not None
    assert not Consent.objects.exists()


def test_a_purge_that_fails_is_logged_and_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("no disk")

    monkeypatch.setattr(due, "ended_consents", fail)
    make_consent("lapsed", at=NOON - 30 * DAY)

    with pytest.raises(RuntimeError):
        purge_all(now=NOON)

    assert PurgeRun.objects.get(policy="consents").error == "RuntimeError"
    assert PurgeRun.objects.filter(error="").count() == len(POLICIES) - 1, "the others ran"


# -- erasing -----------------------------------------------------------------------------------------
def erase_everything_of_one() -> None:
    consent = make_consent("granted", at=NOON)
    confirmations.queue_welcome(consent, now=NOON)
    make_campaign("sending", purpose=consent.purpose)
    services.reveal(consent.subject, by=make_user(), reason="klage", now=NOON)
    InboundMessage.objects.create(
        gateway="strex",
        message_id="1",
        organisation=consent.purpose.organisation,
        subject=consent.subject,
        sender=phone(),
        sender_index=b"i" * 32,
        recipient="26112",
        text="Hei",
        key_id="k",
        trust="signed",
        vouched_by="signature",
        state="done",
        received_at=NOON,
    )
    services.erase_subject(consent.subject, now=NOON + DAY)


@pytest.mark.parametrize(
    "model",
    [
        Subject,
        Consent,
        EventDetail,
        Confirmation,
        ServiceMessage,
        InboundMessage,
        ContactGuard,
        Disclosure,
    ],
)
def test_erasing_leaves_no_row_about_the_number(model: type[Model]) -> None:
    erase_everything_of_one()

    assert not model._default_manager.exists()


def test_erasing_keeps_anonymous_headers_and_a_delivery_without_a_person() -> None:
    erase_everything_of_one()

    delivery = Delivery.objects.get()
    kinds = {bytes(event.header) for event in ConsentEvent.objects.all()}
    assert len(kinds) == 3
    assert (delivery.subject_id, delivery.consent_id, delivery.state) == (None, None, "blocked")


def test_erasing_keeps_the_block_that_the_person_asked_for() -> None:
    consent = make_consent("granted")
    services.suppress(
        consent.purpose.organisation,
        phone(),
        purpose=None,
        reason=Suppression.Reason.OBJECTION,
        now=NOON,
    )

    services.erase_subject(consent.subject, now=NOON)

    assert Suppression.objects.count() == 1


def test_erasing_twice_is_the_same_as_once() -> None:
    consent = make_consent("granted")

    services.erase_subject(consent.subject, now=NOON)

    assert services.erase_subject(consent.subject, now=NOON) is None
    assert Erasure.objects.count() == 1


def test_erasing_one_leaves_the_others() -> None:
    one = make_consent("granted", number=1)
    make_consent("granted", purpose=one.purpose, number=2)

    services.erase_subject(one.subject, now=NOON)

    assert [subject.phone for subject in Subject.objects.all()] == [phone(2)]


def test_guarded_fields_are_ciphertext_in_every_policy() -> None:
    guarded = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, GuardedField)
    }
    # The canary of the keys is a word that is known.
    guarded.remove("consents.KeyCanary.word")

    assert guarded <= {name for policy in policies() for name in policy.covers}
