"""Anchors reach the privacy officer and a time-stamping authority; one out of reach blocks nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from consents import anchors, publication, sealing
from consents.models import Anchor, ConsentEvent, Organisation, PendingEvent
from smsconsent.gateways import timestamps
from tests.authority import Authority, time_stamping_authority
from tests.make import (
    DAY,
    HOUR,
    NOON,
    SECOND,
    make_consent,
    make_events,
    make_organisation,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    organisation = make_organisation()
    make_user("privacy_officer", organisation, email="ingrid@fjord.example")
    make_events(3)
    sealing.seal(now=NOON)
    return organisation


@pytest.fixture(scope="module")
def running_authority() -> Iterator[Authority]:
    with time_stamping_authority() as authority:
        yield authority


@pytest.fixture
def authority(
    running_authority: Authority, settings: Settings, tmp_path: Path
) -> Iterator[Authority]:
    settings.LEDGER_TSA_URL = running_authority.url
    settings.LEDGER_TSA_CERTIFICATES = running_authority.write_root(tmp_path / "root.pem")
    running_authority.asked.clear()
    yield running_authority
    running_authority.status, running_authority.bend = 200, False


# -- mail ------------------------------------------------------------------------------------------
def test_the_privacy_officer_gets_the_checkpoint_by_mail(organisation: Organisation) -> None:
    assert anchors.anchor_everywhere(now=NOON) == []

    [message] = mail.outbox
    note = anchors.newest_checkpoint().note  # type: ignore[union-attr]  # sealed above
    assert message.to == ["ingrid@fjord.example"]
    assert note in message.body
    [(_name, attached, _kind)] = message.attachments
    assert attached == note


def test_no_mail_names_a_person_whose_consent_it_is() -> None:
    consent = make_consent("granted")
    make_user("privacy_officer", consent.purpose.organisation)
    sealing.seal(now=NOON)

    anchors.anchor_everywhere(now=NOON)

    assert consent.subject.phone.e164[-8:] not in mail.outbox[0].message().as_string()


@pytest.mark.parametrize(
    ("waited", "events", "mails"),
    [(HOUR, 1, 1), (anchors.MAIL_EVERY, 1, 2), (anchors.MAIL_EVERY, 0, 1)],
)
def test_one_mail_a_day_and_none_without_news(
    organisation: Organisation, waited: timedelta, events: int, mails: int
) -> None:
    anchors.anchor_everywhere(now=NOON)
    make_events(events)
    sealing.seal(now=NOON + waited)

    anchors.anchor_everywhere(now=NOON + waited)

    assert len(mail.outbox) == mails


def test_a_mail_server_that_is_down_is_tried_again(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailBackend, messages: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        [failure] = anchors.anchor_everywhere(now=NOON)
    assert "ConnectionRefusedError" in failure

    anchors.anchor_everywhere(now=NOON + HOUR)

    assert len(mail.outbox) == 1


# -- time stamps -----------------------------------------------------------------------------------
def test_a_checkpoint_is_time_stamped(organisation: Organisation, authority: Authority) -> None:
    assert anchors.anchor_everywhere(now=NOON) == []

    [anchor] = Anchor.objects.filter(kind="rfc3161")
    note = anchors.newest_checkpoint().note.encode()  # type: ignore[union-attr]  # sealed above
    stamped = timestamps.stamped_at(bytes(anchor.proof), note)
    assert abs(stamped - timezone.now()) < timedelta(seconds=30)
    with pytest.raises(timestamps.TimeStampUnavailable, match="verify"):
        timestamps.stamped_at(bytes(anchor.proof), note + b"x")


def test_a_time_stamp_is_asked_for_once_an_hour(
    organisation: Organisation, authority: Authority
) -> None:
    for minutes in (0, 20, 40, 60):
        make_events(1)
        sealing.seal(now=NOON + timedelta(minutes=minutes), must_sign=True)
        anchors.anchor_everywhere(now=NOON + timedelta(minutes=minutes))

    assert len(authority.asked) == 2


@pytest.mark.parametrize("fault", ["down", "refuses", "wrong imprint", "wrong root", "no root"])
def test_a_bad_authority_blocks_nothing(
    organisation: Organisation,
    authority: Authority,
    settings: Settings,
    tmp_path: Path,
    fault: str,
) -> None:
    match fault:
        case "down":
            settings.LEDGER_TSA_URL = "http://127.0.0.1:9/"
        case "refuses":
            authority.status = 503
        case "wrong imprint":
            authority.bend = True
        case "wrong root":
            with time_stamping_authority() as other:
                settings.LEDGER_TSA_CERTIFICATES = other.write_root(tmp_path / "other.pem")
        case "no root":
            settings.LEDGER_TSA_CERTIFICATES = ""

    [failure] = anchors.anchor_everywhere(now=NOON)

    assert "TimeStampUnavailable" in failure
    assert not Anchor.objects.filter(kind="rfc3161").exists()
    make_consent("granted")
    assert sealing.seal(now=NOON + HOUR).checkpoint


# -- alarms ----------------------------------------------------------------------------------------
def test_a_log_that_is_anchored_warns_of_nothing(organisation: Organisation) -> None:
    anchors.anchor_everywhere(now=NOON)

    assert anchors.warnings(now=NOON + 3 * DAY) == []


@pytest.mark.parametrize(("waited", "warns"), [(DAY, False), (DAY + SECOND, True)])
def test_an_anchor_that_is_not_reached_warns_after_a_day(
    organisation: Organisation, settings: Settings, waited: timedelta, warns: bool
) -> None:
    settings.LEDGER_TSA_URL = "http://127.0.0.1:9/"

    found = anchors.warnings(now=NOON + waited)

    assert len(found) == (2 if warns else 0)


@pytest.mark.parametrize(("waited", "warns"), [(60 * SECOND, False), (61 * SECOND, True)])
def test_an_event_that_waits_to_be_sealed_warns(waited: timedelta, warns: bool) -> None:
    make_events(1)
    PendingEvent.objects.update(since=NOON)

    assert bool(anchors.warnings(now=NOON + waited)) is warns


def test_readiness_tells_of_warnings_and_stays_ready(client: Client) -> None:
    make_events(1)
    PendingEvent.objects.update(since=timezone.now() - HOUR)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert len(answer.json()["warnings"]) == 1


def test_why_nothing_is_sealed_is_said(settings: Settings) -> None:
    make_events(1)
    sealing.seal(now=NOON)
    settings.LEDGER_FILE.unlink()
    make_events(1)
    with pytest.raises(publication.PublishedLogDiffers):
        sealing.seal_all(now=NOON)

    assert any("gone" in warning for warning in anchors.warnings(now=NOON))
    assert ConsentEvent.objects.filter(leaf=None).count() == 1
