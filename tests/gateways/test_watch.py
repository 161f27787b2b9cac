"""What people are told about the gateway: in the portal, by `doctor`, and at `/readyz`."""

import re
import time
from datetime import date, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from consents import confirmations
from consents.models import Consent, ServiceMessage
from smsconsent import outbox
from smsconsent.gateways import gateway_of_process, get_gateway, watch
from smsconsent.gateways.http_client import Answer
from smsconsent.gateways.pacing import Breaker
from smsconsent.gateways.state import SharedState
from smsconsent.gateways.strex import Strex
from smsconsent.management.commands import doctor as doctor_command
from tests.make import NOON, make_consent, make_user, phone
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db
LAST = date(2027, 1, 31)


@pytest.fixture
def consent() -> Consent:
    return make_consent("granted")


@pytest.fixture
def officer(client: Client, consent: Consent) -> Client:
    client.force_login(make_user("privacy_officer", consent.purpose.organisation))
    return client


def page(client: Client, consent: Consent) -> str:
    path = reverse("people:gateway", args=[consent.purpose.organisation.slug])
    return client.get(path).content.decode()


def state() -> SharedState:
    return SharedState("strex")


# -- the key ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "said"),
    [(61, ""), (60, "om 60 dager"), (1, "om 1 dag."), (0, "om 0 dager"), (-1, "er utløpt")],
)
def test_the_end_of_the_key_is_said_sixty_days_ahead(
    settings: Settings, before: int, said: str
) -> None:
    settings.STREX_API_KEY_EXPIRES_ON = LAST.isoformat()

    with time_machine.travel(f"{LAST - timedelta(days=before)}T12:00:00+01:00", tick=False):
        warning = watch.key_warning()

    assert said in warning
    assert bool(warning) is bool(said)


def test_an_end_that_is_no_date_is_said_too(settings: Settings) -> None:
    settings.STREX_API_KEY_EXPIRES_ON = "neste år"

    assert "2027-01-31" in watch.key_warning()


# -- the page -----------------------------------------------------------------------------------------
def test_all_well_is_said_in_one_word(officer: Client, consent: Consent) -> None:
    text = page(officer, consent)

    assert "Tar imot meldinger" in text
    assert "Ingen feil" in text
    assert "ds-alert" not in text


def test_an_open_breaker_of_another_process_shows(officer: Client, consent: Consent) -> None:
    breaker = Breaker(state())
    for _failure in range(5):
        breaker.failed()

    assert "Venter etter feil" in page(officer, consent)
    assert "tar ikke imot meldinger nå" in page(officer, consent)


@pytest.mark.parametrize(("seconds", "said"), [(1, "1 sekund"), (2, "2 sekunder")])
def test_the_longest_wait_is_said_in_seconds(
    officer: Client, consent: Consent, seconds: int, said: str
) -> None:
    confirmations.queue_welcome(consent, now=NOON)

    with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
        text = " ".join(page(officer, consent).split())

    assert f"<td> {said} </td>" in text


def test_a_refused_key_shows_and_the_message_waits(
    officer: Client, consent: Consent, simulator: Simulator
) -> None:
    simulator.set("api-keys", ["another"])
    confirmations.queue_welcome(consent, now=NOON)
    with pytest.raises(Exception, match="refuses our API key"):
        outbox.work(ServiceMessage, gateway=get_gateway(), clock=lambda: NOON)

    text = page(officer, consent)

    assert "avviser API-nøkkelen vår" in text
    assert "POST api/out-messages: 401" in text
    assert ServiceMessage.objects.get().state == "queued"


def test_errors_hold_nothing_personal(
    officer: Client, consent: Consent, simulator: Simulator
) -> None:
    message = confirmations.queue_welcome(consent, now=NOON)
    simulator.set("faults", {"kind": "answer", "status": 500})
    outbox.work(ServiceMessage, gateway=get_gateway(), clock=lambda: NOON)
    outbox.look_up(get_gateway(), message.pk)

    errors = str(state().snapshot().errors)

    assert "500" in errors
    assert str(message.pk) not in errors
    assert phone().e164 not in errors


def test_the_start_page_leads_to_a_warning(officer: Client, consent: Consent) -> None:
    Breaker(state()).pause(60, misconfigured="the key")

    assert "Varsler om leverandøren" in officer.get("/staff/").content.decode()


def test_silence_from_people_while_campaigns_are_sent_is_said_on_the_page_and_by_readyz(
    officer: Client, consent: Consent, client: Client
) -> None:
    state().touch("campaign")

    assert "Ingen SMS fra folk har kommet inn på 7 dager" in page(officer, consent)
    assert (
        "No SMS from a person has come in for 7 days" in client.get("/readyz").json()["warnings"][0]
    )


# -- readyz and doctor ----------------------------------------------------------------------------------
def test_a_stopped_lane_is_a_warning_and_no_reason_to_turn_people_away(client: Client) -> None:
    Breaker(state()).pause(60, misconfigured="the key is refused")

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert "the key is refused" in answer.json()["warnings"][0]


@pytest.fixture
def installed(
    simulator: Simulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """An installation whose webhooks answer, whose keys are known and whose worker is alive."""
    monkeypatch.setattr(watch, "callback_problem", lambda url: "")
    settings.STREX_SERVER_KEY_NAMES = ["simulator"]
    # Without it, all of the installation is one process.
    settings.REDIS_URL = settings.REDIS_URL or "redis://127.0.0.1:9"
    gateway_of_process.cache_clear()
    SharedState("jobs").touch("worker")
    return settings


def doctor() -> tuple[str, str]:
    out = StringIO()
    try:
        call_command("doctor", stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_doctor_finds_all_well(installed: Settings) -> None:
    said, trouble = doctor()

    assert trouble == "", said
    assert "The gateway strex answers and takes our key." in said
    assert "Callbacks are checked with simulator." in said
    assert "All is well." in said


def test_doctor_says_what_a_refused_key_means(installed: Settings, simulator: Simulator) -> None:
    simulator.set("api-keys", ["another"])

    said, trouble = doctor()

    assert "the gateway refuses our API key" in said
    assert "need a person" in trouble


def test_doctor_says_that_no_worker_runs(installed: Settings) -> None:
    SharedState("jobs").delete("last:worker")

    assert "No worker has been seen" in doctor()[0]


def test_doctor_counts_a_silence_of_days_in_full(installed: Settings) -> None:
    SharedState("jobs").set("last:worker", time.time() - 2 * 86_400)

    assert re.search(r"The worker was last seen 1728\d\d seconds ago\.", doctor()[0])


@pytest.mark.parametrize(
    ("date", "said"),
    [("Thu, 01 Jan 2026 00:00:00 GMT", "differ by 86400 seconds"), ("the other day", "")],
)
def test_doctor_compares_the_clocks(
    installed: Settings, monkeypatch: pytest.MonkeyPatch, date: str, said: str
) -> None:
    ping = Answer(200, headers={"Date": date})
    monkeypatch.setattr(Strex, "ask", lambda *_call, **_options: ping)

    with time_machine.travel("2026-01-02T00:00:00Z", tick=False):
        findings = [text for _is_well, text in doctor_command.check_clock()]

    assert [text for text in findings if "the gateway" in text] == [
        f"Our clock and that of the gateway {each}." for each in [said] if each
    ]


def test_doctor_says_how_long_messages_have_waited(installed: Settings, consent: Consent) -> None:
    confirmations.queue_welcome(consent, now=NOON)

    with time_machine.travel(NOON + timedelta(seconds=61), tick=False):
        SharedState("jobs").touch("worker")
        said, trouble = doctor()

    assert "1 wait, the first for 61 seconds" in said
    assert trouble


def test_doctor_shows_no_secret(installed: Settings) -> None:
    said, _trouble = doctor()

    assert installed.STREX_CALLBACK_SECRETS[0] not in said
    assert installed.STREX_API_KEY not in said


def test_an_address_that_is_not_ours_is_told(simulator: Simulator) -> None:
    assert (
        watch.callback_problem("http://127.0.0.1:9/hooks/") == "it does not answer (ConnectError)"
    )
    assert "instead of 405" in watch.callback_problem(f"{simulator.url}/api/ping")
