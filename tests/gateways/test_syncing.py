"""Stops in both directions between us and keyword services that somebody runs at Strex (strex.md § 8)."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from consents import confirmations, syncing, transitions
from consents.ledger import Proof
from consents.models import Consent, InboundMessage, ServiceMessage
from smsconsent import outbox
from smsconsent.gateways import gateway_of_process, get_gateway, watch
from smsconsent.gateways.state import SharedState
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_services import encode
from smsconsent.health import warnings_found
from tests.gateways.ear import Ear, let_pass, listening
from tests.gateways.stages import posted
from tests.make import (
    DAY,
    MINUTE,
    NOON,
    SECOND,
    SHORT_NUMBER,
    make_consent,
    make_purpose,
    make_user,
    phone,
)
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db
COMMAND = "POST /api/services/command"


@pytest.fixture
def consent(simulator: Simulator, settings: Settings) -> Consent:
    """Somebody who has said yes here, and who is subscribed to the same keyword at Strex."""
    settings.STREX_SYNC_STOP = True
    gateway_of_process.cache_clear()
    subscribe(simulator)
    return make_consent("granted", purpose=make_purpose(keyword="SKI"))


def subscribe(simulator: Simulator, *, active: bool = True) -> None:
    fields = {"phone": phone().e164, "shortNumber": SHORT_NUMBER, "keyword": "SKI"}
    simulator.set("subscriptions", fields | {"active": active})


def withdraw(consent: Consent) -> None:
    assert transitions.withdraw(consent, proof=Proof("mo_stop"), now=NOON)


def tell(now: object = NOON) -> int:
    return syncing.tell_stops(gateway=get_gateway(), now=now)  # type: ignore[arg-type]  # a moment


def commands(simulator: Simulator) -> list[str]:
    return [status for path, status in posted(simulator) if path == COMMAND]


# -- from here to there --------------------------------------------------------------------------------
def test_a_stop_here_ends_the_subscription_there_once(
    consent: Consent, simulator: Simulator
) -> None:
    withdraw(consent)

    assert [tell(), tell()] == [1, 0]

    assert commands(simulator) == ["200"]


@pytest.mark.parametrize(("known", "status"), [(True, "204"), (False, "404")])
def test_what_is_not_active_or_not_known_there_is_no_trouble(
    consent: Consent, simulator: Simulator, known: bool, status: str
) -> None:
    if known:
        subscribe(simulator, active=False)
    else:
        simulator.reset()
    withdraw(consent)

    assert tell() == 1
    assert commands(simulator) == [status]


def test_a_consent_that_holds_is_not_told(consent: Consent, simulator: Simulator) -> None:
    assert tell() == 0
    assert commands(simulator) == []


def test_it_is_off_by_default(consent: Consent, simulator: Simulator, settings: Settings) -> None:
    settings.STREX_SYNC_STOP = False
    withdraw(consent)

    assert tell() == 0
    assert commands(simulator) == []


def test_during_an_outage_it_waits_and_is_told_later(
    consent: Consent, simulator: Simulator
) -> None:
    withdraw(consent)
    simulator.set("faults", {"kind": "answer", "status": 500, "count": 1})

    assert [tell(), tell()] == [0, 1]


@pytest.mark.parametrize(("passed", "told"), [(2 * DAY - SECOND, 1), (2 * DAY, 0)])
def test_old_stops_are_left_in_peace(consent: Consent, passed: object, told: int) -> None:
    withdraw(consent)

    assert tell(NOON + passed) == told  # type: ignore[operator]  # a timedelta


def withdraw_two(consent: Consent) -> None:
    """Two stops. The later one is told first."""
    withdraw(consent)
    later = make_consent("granted", purpose=consent.purpose, number=2)
    assert transitions.withdraw(later, proof=Proof("mo_stop"), now=NOON + SECOND)


def refuse(simulator: Simulator, *, status: int = 400, **times: int) -> None:
    fault = {"kind": "answer", "status": status, "path": "/api/services/command"}
    simulator.set("faults", fault | times)


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_stop_that_is_refused_holds_up_no_other(
    consent: Consent, simulator: Simulator, status: int
) -> None:
    withdraw_two(consent)
    refuse(simulator, status=status, count=1)

    assert tell() == 1

    assert commands(simulator) == [str(status), "200"]


def test_a_stop_that_breaks_the_service_holds_up_no_other(
    consent: Consent, simulator: Simulator
) -> None:
    withdraw_two(consent)
    refuse(simulator, status=500, count=1)

    assert [tell(), tell(), tell()] == [0, 2, 0]

    assert commands(simulator) == ["500", "200", "404"], "who is not known there may go"


def test_a_stop_that_is_refused_is_tried_again_later_and_later(
    consent: Consent, simulator: Simulator
) -> None:
    withdraw(consent)
    refuse(simulator)
    tried = []

    for minute in range(25):
        tell(NOON + minute * MINUTE)
        tried.append(len(commands(simulator)))

    assert [minute for minute in range(1, 25) if tried[minute] > tried[minute - 1]] == [1, 3, 9, 23]


def test_the_operator_sees_a_refused_stop_until_it_is_told(
    consent: Consent, simulator: Simulator, client: Client
) -> None:
    withdraw(consent)
    refuse(simulator, count=1)
    organisation = consent.purpose.organisation
    client.force_login(make_user("privacy_officer", organisation))

    tell()

    page = client.get(reverse("people:gateway", args=[organisation.slug])).content.decode()
    assert "1 stopp er ikke gitt videre" in page
    assert "1 stop could not be passed on" in "".join(warnings_found())
    assert "api/services/command: 400" in page
    tell(NOON + MINUTE)
    assert syncing.warning() == ""


def test_more_stops_than_fit_into_one_run_are_told_in_the_next(
    consent: Consent, simulator: Simulator
) -> None:
    withdraw_two(consent)

    told = [syncing.tell_stops(gateway=get_gateway(), now=NOON, limit=1) for _run in range(3)]

    assert told == [1, 1, 0]


# The simulator looks at nothing else than this header there.
def test_the_key_is_carried_as_the_setting_says(
    consent: Consent, simulator: Simulator, settings: Settings
) -> None:
    simulator.set("switches", {"command_authorization": "Bearer {key}"})
    settings.STREX_COMMAND_AUTHORIZATION = "Bearer {key}"
    gateway_of_process.cache_clear()
    withdraw(consent)

    assert tell() == 1


def test_the_next_key_is_carried_when_the_first_is_refused(
    consent: Consent, simulator: Simulator, settings: Settings
) -> None:
    settings.STREX_API_KEY, settings.STREX_API_KEY_NEXT = "expired", simulator.api_key
    gateway_of_process.cache_clear()
    withdraw(consent)

    assert tell() == 1


@pytest.mark.parametrize("status", [401, 403, 429, 503])
def test_whatever_is_answered_there_messages_leave(
    consent: Consent, simulator: Simulator, status: int
) -> None:
    simulator.set("faults", {"kind": "answer", "status": status, "path": "/api/services/command"})
    withdraw(consent)
    welcome = confirmations.queue_welcome(make_consent("granted", number=2), now=NOON)

    assert [tell() for _minute in range(6)] == [0] * 6

    outbox.work(ServiceMessage, gateway=get_gateway(), clock=lambda: NOON)
    welcome.refresh_from_db()
    assert welcome.state == "handed_over"
    assert watch.lane_warning() == ""
    assert f"api/services/command: {status}" in str(SharedState("strex").snapshot().errors)


# -- from there to here --------------------------------------------------------------------------------
@pytest.fixture
def ear(consent: Consent, simulator: Simulator, settings: Settings) -> Iterator[Ear]:
    """A short number of ours alone, whose reports Strex copies to our webhook."""
    with listening() as found:
        settings.STREX_CALLBACK_BASE_URL = found.url
        settings.STREX_SERVER_KEY_NAMES = ["simulator"]
        gateway_of_process.cache_clear()
        url = f"{found.url}/hooks/strex/{simulator.secret}/receipts/"
        simulator.set("switches", {"master_dlr_url": url})
        yield found


def write_to_strex(simulator: Simulator, text: str) -> None:
    """Write to a keyword that Strex itself serves."""
    keyword = {
        "shortNumberId": f"NO-{SHORT_NUMBER}",
        "keywordText": "SKI",
        "mode": "Startswith",
        "forwardUrl": "http://127.0.0.1:9/",
    }
    found = get_gateway()
    assert isinstance(found, Strex)
    found.ask("POST", "api/keywords", content=encode(keyword))
    fields = {"sender": phone().e164, "recipient": SHORT_NUMBER, "content": text}
    simulator.set("in-messages", fields)
    let_pass(simulator, 1)


def test_unsubscribed_there_is_a_stop_here(
    consent: Consent, ear: Ear, simulator: Simulator, client: Client
) -> None:
    write_to_strex(simulator, "SKI STOPP")
    ear.wait_for(1)

    assert ear.pass_on(client) == [200]

    consent.refresh_from_db()
    assert consent.state == "withdrawn"
    assert InboundMessage.objects.get().message_id.startswith("system-action:")


def test_unsubscribed_there_is_a_stop_here_without_a_signature_too(
    consent: Consent, ear: Ear, simulator: Simulator, client: Client
) -> None:
    simulator.set("faults", {"kind": "header_missing"})
    write_to_strex(simulator, "SKI STOPP")
    ear.wait_for(1)

    ear.pass_on(client)

    consent.refresh_from_db()
    assert consent.state == "withdrawn"


def test_subscribed_there_only_asks_here(
    consent: Consent, ear: Ear, simulator: Simulator, client: Client
) -> None:
    withdraw(consent)
    write_to_strex(simulator, "SKI")
    ear.wait_for(1)

    assert ear.pass_on(client) == [200]

    consent.refresh_from_db()
    assert consent.state == "pending"


def test_subscribed_there_without_a_signature_starts_nothing(
    consent: Consent, ear: Ear, simulator: Simulator, client: Client
) -> None:
    withdraw(consent)
    simulator.set("faults", {"kind": "header_missing"})
    write_to_strex(simulator, "SKI")
    ear.wait_for(1)

    ear.pass_on(client)

    consent.refresh_from_db()
    assert consent.state == "withdrawn"


def test_the_same_report_again_changes_nothing(
    consent: Consent, ear: Ear, simulator: Simulator, client: Client
) -> None:
    write_to_strex(simulator, "SKI STOPP")
    ear.wait_for(1)

    ear.pass_on(client)
    ear.pass_on(client)

    assert InboundMessage.objects.count() == 1
