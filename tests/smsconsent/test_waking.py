"""A broker that is away: what was stored is stored, and whoever asked gets an answer."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from consents import tasks
from consents.models import Consent, ServiceMessage
from tests import environment
from tests.make import SHORT_NUMBER, make_consent, make_purpose, phone

pytestmark = pytest.mark.django_db
Capture = Callable[..., AbstractContextManager[object]]


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("Connection refused")

    monkeypatch.setattr(tasks.send_service_messages, "apply_async", fail)


def test_a_sign_up_is_answered_all_the_same(
    client: Client,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    purpose = make_purpose()
    path = f"/{purpose.organisation.slug}/{purpose.slug}/"

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(path, {"phone": "900 00 001", "agree": "on"}, follow=True)

    assert answer.status_code == 200
    assert ServiceMessage.objects.get().state == "queued"
    assert "Connection refused" in caplog.text


def test_a_stop_is_acknowledged_all_the_same(
    client: Client,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Capture,
) -> None:
    make_consent("granted")
    path = f"/hooks/strex/{environment.CALLBACK_SECRET}/inbound/"
    body = {"transactionId": "1", "sender": phone().e164, "content": "STOPP"}

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            path, body | {"recipient": SHORT_NUMBER}, content_type="application/json"
        )

    assert answer.status_code == 200
    assert Consent.objects.get().state == "withdrawn"
    assert "Connection refused" in caplog.text
