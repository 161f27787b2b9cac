"""The gateway that is described in a file: templates, callbacks, signatures. The rest is in the contract."""

import contextlib
import hmac
import json
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from consents.models import Consent
from smsconsent.gateways import (
    BUILDERS,
    Basis,
    CallbackMalformed,
    CallbackRefused,
    GatewayMisconfigured,
    GatewayUnavailable,
    ReceiptState,
    Trust,
    gateway_name,
    gateway_of_process,
    get_gateway,
)
from smsconsent.gateways.http_json import HttpJson, render
from smsconsent.gateways.http_json_settings import JsonSettings
from smsconsent.gateways.pacing import RateLimit
from smsconsent.management.commands import doctor
from tests import environment
from tests.gateways.stages import JsonStage, outgoing
from tests.make import MINUTE, NOON, SHORT_NUMBER, make_consent, phone

TABLE: dict[str, Any] = {
    "base_url": "https://gateway.example",
    "send_path": "send",
    "body": {"id": "{id}", "to": "{to}"},
    "timestamp_header": "X-Timestamp",
    "inbound": {
        "id": "sms.id",
        "from": "sms.sender",
        "to": "sms.number",
        "text": "sms.body",
        "is_stop": "sms.stop",
    },
    "receipt": {"id": "ref", "state": "state"},
    "states": {"Received": "delivered", "Lost": "failed", "NoSuchNumber": "gone", "No": "barred"},
}
SECRET = "only for tests"
FILE = """
base_url = "https://gateway.example"
send_path = "v1/sms"
headers = { Authorization = "Bearer {key}" }
body = { ref = "{id}", to = "{to}", text = "{text}" }
success = [202]
inbound = { to = "to" }
"""


@pytest.fixture
def gateway() -> Iterator[HttpJson]:
    made = HttpJson(JsonSettings.from_table(TABLE, signing_secret=SECRET))
    yield made
    made.close()


def sign(body: bytes, at: str = str(int(NOON.timestamp())), secret: str = SECRET) -> dict[str, str]:
    digest = hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
    return {"X-Signature": digest, "X-Timestamp": at}


def verify(gateway: HttpJson, headers: dict[str, str], body: bytes = b"{}") -> Trust:
    return gateway.verify(method="POST", path="/x", headers=headers, body=body, now=NOON).trust


# -- what is sent ---------------------------------------------------------------------------------------
def test_a_template_is_filled_at_any_depth_and_once_only() -> None:
    message = outgoing("Svar {to} eller {id}", not_after=NOON)
    template = {"a": [{"b": "til {to}"}], "text": "{text}", "n": 7, "end": "{not_after}"}

    assert render(template, message) == {
        "a": [{"b": f"til {phone().e164}"}],
        "text": "Svar {to} eller {id}",
        "n": 7,
        "end": NOON.isoformat(),
    }


def test_a_gateway_that_cannot_be_asked_gets_one_message_at_a_time(gateway: HttpJson) -> None:
    assert gateway.max_batch == 1
    with pytest.raises(GatewayUnavailable, match="cannot be asked"):
        gateway.look_up(outgoing().id)


def test_a_batch_is_at_most_a_seconds_worth_less_the_share_of_what_is_urgent() -> None:
    table = TABLE | {"status_path": "messages/{id}", "batch": 100}

    assert HttpJson(JsonSettings.from_table(table, messages_per_second=50)).max_batch == 45


def test_all_processes_together_keep_the_pace_of_the_agreement() -> None:
    stage = JsonStage.open(messages_per_second=20)
    others = RateLimit(20, "http_json", clock=lambda: time.time() + MINUTE.total_seconds())
    others.wait_for_room(20)

    with pytest.raises(GatewayUnavailable, match="our own rate limit"):
        stage.gateway.hand_over([outgoing()], now=NOON)

    stage.close()
    assert stage.taken() == []


# -- the file -------------------------------------------------------------------------------------------
def test_the_file_is_read_and_the_key_put_in_its_place(settings: Settings, tmp_path: Path) -> None:
    settings.HTTP_JSON_CONFIG = str(tmp_path / "gateway.toml")
    settings.HTTP_JSON_KEY, settings.STREX_MESSAGES_PER_SECOND = "hemmelig", 7
    Path(settings.HTTP_JSON_CONFIG).write_text(FILE)

    found = JsonSettings.from_django(settings)

    assert found.headers == {"Authorization": "Bearer hemmelig"}
    assert found.success == (202,)
    assert found.messages_per_second == 7
    assert "hemmelig" not in repr(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://gateway.example"},
        {"body": {"to": "{to}"}},
        {"body": {"id": "{id}"}},
        {"colour": "red"},
        {"messages_per_second": 7},
    ],
    ids=["no TLS", "no id", "no recipient", "unknown field", "a variable of the environment"],
)
def test_an_unsafe_file_does_not_start(changes: dict[str, Any]) -> None:
    with pytest.raises(GatewayMisconfigured):
        JsonSettings.from_table(TABLE | changes)


@pytest.mark.parametrize("content", [None, "base_url = "], ids=["missing", "no TOML"])
def test_a_file_that_cannot_be_read_says_so(
    settings: Settings, tmp_path: Path, content: str | None
) -> None:
    settings.HTTP_JSON_CONFIG = str(tmp_path / "gateway.toml")
    if content is not None:
        Path(settings.HTTP_JSON_CONFIG).write_text(content)

    with pytest.raises(GatewayMisconfigured, match="cannot be read"):
        JsonSettings.from_django(settings)


# -- callbacks ------------------------------------------------------------------------------------------
def test_a_good_signature_is_trusted(gateway: HttpJson) -> None:
    assert verify(gateway, sign(b"{}")) is Trust.SIGNED


@pytest.mark.parametrize(("off", "trust"), [(300, Trust.SIGNED), (301, Trust.STALE)])
def test_an_old_signature_may_stop_and_never_start(
    gateway: HttpJson, off: int, trust: Trust
) -> None:
    assert verify(gateway, sign(b"{}", at=str(int(NOON.timestamp()) - off))) is trust


@pytest.mark.parametrize(
    "headers",
    [
        {},
        sign(b"{ }"),
        sign(b"{}", secret="another"),
        sign(b"{}", at="soon"),
        sign(b"{}") | {"X-Timestamp": str(int(NOON.timestamp()) + 1)},
        sign(b"{}") | {"x-signature": "0" * 64},
        sign(b"{}") | {"X-Signature": "æ"},
    ],
    ids=["none", "body", "secret", "no time", "time", "two headers", "letters"],
)
def test_a_forgery_is_refused(gateway: HttpJson, headers: dict[str, str]) -> None:
    with pytest.raises(CallbackRefused):
        verify(gateway, headers)


def test_without_a_secret_a_callback_counts_as_unsigned() -> None:
    gateway = HttpJson(JsonSettings.from_table(TABLE))

    found = gateway.verify(method="POST", path="/x", headers={}, body=b"{}", now=NOON)

    gateway.close()
    assert (found.trust, found.basis) == (Trust.UNSIGNED, Basis.PATH)


def test_a_message_from_a_person_is_read_by_the_names_in_the_file(gateway: HttpJson) -> None:
    body = {"sms": {"id": 7, "sender": "90000001", "number": 2002, "body": "Stopp", "stop": True}}

    found = gateway.read_inbound(json.dumps(body).encode())

    assert (found.message_id, found.sender, found.recipient) == ("7", phone(), "2002")
    assert (found.text, found.is_stop) == ("Stopp", True)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"sms": 7}', b'{"sms": {"id": {}}}'])
def test_what_has_no_id_is_malformed(gateway: HttpJson, body: bytes) -> None:
    with pytest.raises(CallbackMalformed):
        gateway.read_inbound(body)


@pytest.mark.parametrize(
    ("word", "state", "true"),
    [
        ("received", ReceiptState.DELIVERED, "final"),
        ("Lost", ReceiptState.FAILED, "bounce"),
        ("NoSuchNumber", ReceiptState.FAILED, "gone"),
        ("No", ReceiptState.FAILED, "barred"),
        ("Teleported", ReceiptState.HANDED_OVER, "unexpected"),
        ("", ReceiptState.HANDED_OVER, "unexpected"),
    ],
)
def test_a_report_means_what_the_file_says(
    gateway: HttpJson, word: str, state: ReceiptState, true: str
) -> None:
    message = outgoing()

    found = gateway.read_receipt(json.dumps({"ref": str(message.id), "state": word}).encode())

    assert found is not None
    assert (found.id, found.state, getattr(found, true)) == (message.id, state, True)


def test_a_report_about_another_id_is_not_ours(gateway: HttpJson) -> None:
    assert gateway.read_receipt(b'{"ref": "invoice 7", "state": "Received"}') is None


# -- the whole way --------------------------------------------------------------------------------------
class House(HttpJson):
    """A gateway of one's own, as GATEWAY=<dotted path> brings it."""

    name = "house-2"


def build_house() -> HttpJson:
    return House(JsonSettings.from_django(django_settings))


def build_nameless() -> HttpJson:
    """Its name is left as a dotted path, which no address can hold."""
    made = build_house()
    made.name = "tests.gateways"
    return made


@pytest.fixture
def choose(settings: Settings, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Make this the gateway of the installation: what GATEWAY would say."""
    settings.HTTP_JSON_CONFIG = str(tmp_path / "gateway.toml")
    Path(settings.HTTP_JSON_CONFIG).write_text(FILE)

    def name(path: str) -> None:
        settings.GATEWAY = path
        gateway_of_process.cache_clear()

    yield name
    gateway_of_process.cache_clear()


HOUSE = f"{__name__}.build_house"
GATEWAYS = {"http_json": "http_json", HOUSE: "house-2"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", GATEWAYS)
def test_a_stop_through_this_gateway_withdraws(
    client: Client, choose: Callable[[str], None], path: str
) -> None:
    choose(path)
    consent = make_consent("granted", at=NOON - MINUTE)
    body = {"id": "m1", "from": phone().e164, "to": SHORT_NUMBER, "text": "STOPP"}

    answer = client.post(
        f"/hooks/{GATEWAYS[path]}/{environment.CALLBACK_SECRET}/inbound/",
        json.dumps(body),
        content_type="application/json",
    )

    consent.refresh_from_db()
    assert (answer.status_code, consent.state) == (200, Consent.State.WITHDRAWN)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["http_json", "strex", "house-3"])
def test_no_other_gateway_is_let_in(
    client: Client, choose: Callable[[str], None], name: str
) -> None:
    choose(HOUSE)

    answer = client.post(
        f"/hooks/{name}/{environment.CALLBACK_SECRET}/inbound/", b"{}", "text/json"
    )

    assert answer.status_code == 404


@pytest.mark.django_db
def test_what_stops_a_gateway_of_ones_own_is_said(
    client: Client, choose: Callable[[str], None]
) -> None:
    choose(HOUSE)
    found = get_gateway()
    assert isinstance(found, House)

    found.client.breaker.pause(60, misconfigured="the key is refused")

    assert "the key is refused" in str(client.get("/readyz").json()["warnings"])


def test_a_name_that_no_address_can_hold_is_refused(choose: Callable[[str], None]) -> None:
    choose(f"{__name__}.build_nameless")

    with pytest.raises(GatewayMisconfigured, match="cannot stand in an address"):
        get_gateway()


@pytest.mark.parametrize("name", BUILDERS)
def test_a_short_name_is_what_the_gateway_calls_itself(
    choose: Callable[[str], None], name: str
) -> None:
    choose(name)

    assert gateway_name() == get_gateway().name == name


@pytest.mark.parametrize(
    ("secret", "extra", "said"),
    [
        (
            "",
            {},
            "!!  The gateway cannot be asked about a message (status_path in HTTP_JSON_CONFIG), and",
        ),
        (
            SECRET,
            {},
            "ok  The gateway cannot be asked about a message (status_path in HTTP_JSON_CONFIG), so",
        ),
        ("", {"status_path": "messages/{id}"}, ""),
    ],
    ids=["nothing counts", "doubt stays", "it can"],
)
@pytest.mark.django_db
def test_doctor_says_that_a_gateway_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch, secret: str, extra: dict[str, str], said: str
) -> None:
    gateway = HttpJson(JsonSettings.from_table(TABLE | extra, signing_secret=secret))
    monkeypatch.setattr(doctor, "get_gateway", lambda: gateway)
    monkeypatch.setattr(gateway, "ping", lambda: None)
    out = StringIO()

    with contextlib.suppress(CommandError):
        call_command("doctor", stdout=out, no_color=True)

    gateway.close()
    assert said in out.getvalue()
    assert bool(said) is ("cannot be asked" in out.getvalue())


def test_the_example_in_the_document_works() -> None:
    document = (environment.ROOT / "docs/gateways.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", document, re.DOTALL)

    found = JsonSettings.from_table(tomllib.loads(example))

    assert found.status_path == "v1/messages/{id}"
    assert found.states["unknown_number"] == "gone"
