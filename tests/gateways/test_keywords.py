"""«Set up my keywords»: what our purposes need at the gateway, shown first and done when that is said."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from consents import services
from consents.models import Purpose
from smsconsent.gateways import gateway_of_process, get_gateway
from smsconsent.gateways.strex import Strex
from smsconsent.gateways.strex_keywords import Action, list_keywords
from smsconsent.gateways.strex_services import encode
from tests.make import NOON, SHORT_NUMBER, make_organisation, make_purpose, make_user
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db
NUMBER = f"NO-{SHORT_NUMBER}"


@pytest.fixture
def purpose(simulator: Simulator) -> Purpose:
    return make_purpose(keyword="SKI")


def gateway() -> Strex:
    found = get_gateway()
    assert isinstance(found, Strex)
    return found


def at_strex() -> dict[str, dict[str, Any]]:
    return {each["keywordText"]: each for each in list_keywords(gateway())}


def register(text: str, **values: Any) -> None:
    """Put a keyword there, as somebody else may have done."""
    fields = {
        "shortNumberId": NUMBER,
        "keywordText": text,
        "mode": "Startswith",
        "forwardUrl": gateway().settings.inbound_url(),
        "enabled": True,
    }
    answer = gateway().ask("POST", "api/keywords", content=encode(fields | values))
    assert answer.status == 201


def plan() -> list[tuple[Action, str]]:
    return [(step.action, step.keyword.text) for step in services.plan_keywords()]


def set_up(*, delete: bool = False) -> int:
    return services.set_up_keywords(services.plan_keywords(), delete=delete)


def test_what_is_missing_is_made_and_forwards_to_us(purpose: Purpose) -> None:
    assert plan() == [(Action.CREATE, "SKI")]

    assert set_up() == 1

    made = at_strex()["SKI"]
    assert made["forwardUrl"] == gateway().settings.inbound_url()
    assert (made["shortNumberId"], made["mode"]) == (NUMBER, "Startswith")


def test_a_second_time_nothing_is_left_to_do(purpose: Purpose) -> None:
    set_up()

    assert plan() == [(Action.KEEP, "SKI")]
    assert set_up() == 0


def test_what_differs_is_changed_and_keeps_what_is_not_ours(purpose: Purpose) -> None:
    register("ski", enabled=False, tags=["theirs"], forwardUrl="https://old.example/")

    assert plan() == [(Action.CHANGE, "SKI")]
    set_up()

    [found] = at_strex().values()
    assert (found["enabled"], found["tags"]) == (True, ["theirs"])


def test_after_a_change_of_the_secret_they_forward_to_the_new_one(
    purpose: Purpose, settings: Settings
) -> None:
    set_up()
    gateway().close()
    settings.STREX_CALLBACK_SECRETS = ["6f" * 32, *settings.STREX_CALLBACK_SECRETS]
    gateway_of_process.cache_clear()

    assert plan() == [(Action.CHANGE, "SKI")]
    set_up()

    assert "6f6f6f" in at_strex()["SKI"]["forwardUrl"]


def test_what_nobody_wants_goes_only_when_that_is_said(purpose: Purpose) -> None:
    register("GAMMEL")

    set_up()
    assert set(at_strex()) == {"SKI", "GAMMEL"}
    set_up(delete=True)

    assert set(at_strex()) == {"SKI"}


@pytest.mark.parametrize(
    "values",
    [{"forwardUrl": "https://others.example/"}, {"mode": "Wildcard"}, {"shortNumberId": "NO-2002"}],
    ids=["of others", "catch-all", "at another number"],
)
def test_what_is_not_ours_to_plan_is_never_touched(
    purpose: Purpose, values: dict[str, Any]
) -> None:
    register("ANNET", **values)

    set_up(delete=True)

    assert "ANNET" in at_strex()


def test_a_closed_purpose_keeps_its_keyword_since_a_stop_must_reach_us(purpose: Purpose) -> None:
    set_up()
    Purpose.objects.update(closed_at=NOON)

    assert plan() == [(Action.KEEP, "SKI")]


def test_one_organisation_sees_its_own_numbers(purpose: Purpose) -> None:
    make_purpose(make_organisation(), keyword="BÅT", sender="2002", reply_number="2002")

    steps = services.plan_keywords(purpose.organisation)

    assert [step.keyword.text for step in steps] == ["SKI"]


# -- the command ----------------------------------------------------------------------------------------
def command(*options: str) -> str:
    out = StringIO()
    call_command("keywords", *options, stdout=out)
    return out.getvalue()


def test_the_command_shows_and_changes_nothing_by_itself(purpose: Purpose) -> None:
    said = command()

    assert f"+ {NUMBER} SKI" in said
    assert "Nothing was changed" in said
    assert at_strex() == {}


def test_the_command_sets_up_when_told_so(purpose: Purpose) -> None:
    assert "Keywords set up: 1." in command("--apply")
    assert set(at_strex()) == {"SKI"}


def test_the_command_shows_no_secret(purpose: Purpose, settings: Settings) -> None:
    register("SKI", forwardUrl="https://old.example/")

    assert settings.STREX_CALLBACK_SECRETS[0] not in command()


def test_the_command_says_what_is_wrong(purpose: Purpose, simulator: Simulator) -> None:
    simulator.set("api-keys", ["another"])

    with pytest.raises(CommandError, match="refuses our API key"):
        command()


# -- the page -------------------------------------------------------------------------------------------
@pytest.fixture
def officer(client: Client, purpose: Purpose) -> Client:
    client.force_login(make_user("administrator", purpose.organisation))
    return client


def path(purpose: Purpose) -> str:
    return reverse("people:keywords", args=[purpose.organisation.slug])


def test_the_page_shows_first_and_a_press_sets_up(officer: Client, purpose: Purpose) -> None:
    assert "Mangler: blir opprettet" in officer.get(path(purpose)).content.decode()
    assert at_strex() == {}

    answer = officer.post(path(purpose), follow=True).content.decode()

    assert "Kodeord som ble satt opp: 1." in answer
    assert "Som det skal være" in answer


def test_the_page_survives_an_outage(
    officer: Client, purpose: Purpose, simulator: Simulator
) -> None:
    simulator.set("faults", {"kind": "answer", "status": 503})

    answer = officer.get(path(purpose))

    assert answer.status_code == 200
    assert "svarer ikke som den skal" in answer.content.decode()
