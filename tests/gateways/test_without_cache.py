"""Valkey is away, or silent: what people write is taken in and acknowledged, and nothing is sent."""

import json
import socket
import time
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from consents.models import Consent, InboundMessage
from smsconsent.gateways import GatewayUnavailable
from smsconsent.gateways.pacing import Breaker, RateLimit
from smsconsent.gateways.state import SharedState
from tests import environment
from tests.make import SHORT_NUMBER, make_consent, make_user

pytestmark = pytest.mark.django_db
INBOUND = f"/hooks/strex/{environment.CALLBACK_SECRET}/inbound/"
RECEIPTS = f"/hooks/strex/{environment.CALLBACK_SECRET}/receipts/"


def point_the_cache_at(settings: Settings, port: int) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    settings.CACHES = {"default": settings.REDIS_CACHE | {"LOCATION": settings.REDIS_URL}}


@pytest.fixture
def no_cache(settings: Settings) -> None:
    point_the_cache_at(settings, 9)


@pytest.fixture
def silent_cache(settings: Settings) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_the_cache_at(settings, silent.getsockname()[1])
        yield


def write(client: Client, consent: Consent, text: str) -> int:
    fields = {
        "transactionId": "m1",
        "sender": consent.subject.phone.e164,
        "recipient": SHORT_NUMBER,
        "content": text,
    }
    return client.post(INBOUND, json.dumps(fields), "application/json").status_code


@pytest.mark.usefixtures("no_cache")
def test_a_stop_is_taken_in_and_acknowledged(client: Client) -> None:
    consent = make_consent("granted")

    status = write(client, consent, "STOPP")

    assert status == 200
    consent.refresh_from_db()
    assert consent.state == Consent.State.WITHDRAWN


@pytest.mark.usefixtures("no_cache")
def test_a_report_is_acknowledged(client: Client) -> None:
    fields = {"transactionId": "b3b6a1de-0000-4000-8000-000000000001", "statusCode": "Ok"}

    assert client.post(RECEIPTS, json.dumps(fields), "application/json").status_code == 200


@pytest.mark.usefixtures("silent_cache")
def test_a_cache_that_is_silent_holds_a_stop_up_for_seconds_only(client: Client) -> None:
    consent, started_at = make_consent("granted"), time.monotonic()

    status = write(client, consent, "STOPP")

    assert status == 200
    assert InboundMessage.objects.get().state == InboundMessage.State.DONE
    assert time.monotonic() - started_at < 5


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize("what", ["breaker", "pace"])
def test_nobody_calls_the_gateway(what: str) -> None:
    ask = {
        "breaker": Breaker(SharedState("test")).enter,
        "pace": lambda: RateLimit(50, "test").wait_for_room(1),
    }[what]

    with pytest.raises(GatewayUnavailable, match="REDIS_URL"):
        ask()


@pytest.mark.usefixtures("no_cache")
def test_an_answer_that_came_while_the_cache_went_is_used(caplog: pytest.LogCaptureFixture) -> None:
    breaker = Breaker(SharedState("test"))

    breaker.succeeded()
    breaker.failed()
    breaker.pause(10)

    assert [each.message.partition(":")[0] for each in caplog.records] == [
        "the cache does not answer (REDIS_URL)"
    ] * 3


@pytest.mark.usefixtures("no_cache")
def test_ready_for_traffic_with_one_warning(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    found = [each for each in answer.json()["warnings"] if "REDIS_URL" in each]
    assert found == ["Nothing is sent: the cache (REDIS_URL) does not answer. The messages wait."]


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize("name", ["people:gateway", "staff:home"])
def test_the_portal_says_why_nothing_is_sent(client: Client, name: str) -> None:
    organisation = make_consent("granted").purpose.organisation
    client.force_login(make_user("privacy_officer", organisation))

    path = reverse(name, args=[organisation.slug] if name == "people:gateway" else [])
    answer = client.get(path, follow=True)

    assert answer.status_code == 200
    assert ("REDIS_URL" in answer.content.decode()) is (name == "people:gateway")


@pytest.mark.usefixtures("no_cache")
def test_doctor_says_so_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="need a person"):
        call_command("doctor")

    said = capsys.readouterr().out
    assert "REDIS_URL" in said
    assert "No worker has been seen" in said
