"""Messages from people: stored before they are acknowledged, acted on once, doubt stops and never starts."""

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from campaigns import tallies
from campaigns.models import Delivery
from consents import inbox, services
from consents.models import (
    CallbackNonce,
    Consent,
    InboundMessage,
    ServiceMessage,
    Subject,
)
from smsconsent import outbox
from smsconsent.gateways import Basis, Callback, Inbound, Receipt, ReceiptState, Trust
from smsconsent.phones import Phone
from tests import environment
from tests.make import (
    HOUR,
    NOON,
    SHORT_NUMBER,
    make_campaign,
    make_consent,
    make_purpose,
    phone,
)

pytestmark = pytest.mark.django_db
INBOUND = f"/hooks/strex/{environment.CALLBACK_SECRET}/inbound/"
SIGNED = Callback(trust=Trust.SIGNED, nonce=None)
RECEIPTS = f"/hooks/strex/{environment.CALLBACK_SECRET}/receipts/"


def receive(
    text: str,
    *,
    number: int = 1,
    trust: Trust = Trust.SIGNED,
    message_id: str = "",
    sender: Phone | None = None,
    is_stop: bool | None = None,
) -> None:
    inbound = Inbound(
        message_id=message_id or uuid4().hex,
        sender=sender or phone(number),
        recipient=SHORT_NUMBER,
        text=text,
        is_stop=is_stop,
        received_at=NOON,
    )
    callback = Callback(trust=trust, basis=Basis.SIGNATURE, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=NOON)


def answers() -> list[str]:
    return list(ServiceMessage.objects.order_by("queued_at").values_list("kind", flat=True))


# -- stop ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text", ["STOPP", "stopp", "Stopp!", " stop ", "STOPP ALT", "Nei takk, stopp"]
)
def test_stop_ends_every_purpose_of_the_sender_and_is_answered_once(text: str) -> None:
    first = make_consent("granted")
    make_consent("granted", purpose=make_purpose(first.purpose.organisation))

    receive(text)
    receive(text)

    assert set(Consent.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert answers() == ["stopped"]


def test_stop_with_a_keyword_ends_that_purpose_alone() -> None:
    klubb = make_consent("granted", purpose=make_purpose(keyword="KLUBB"))
    other = make_consent(
        "granted", purpose=make_purpose(klubb.purpose.organisation, keyword="TILBUD")
    )

    receive("KLUBB STOPP")

    klubb.refresh_from_db()
    other.refresh_from_db()
    assert (klubb.state, other.state) == ("withdrawn", "granted")


def test_stop_cancels_what_is_queued_in_the_same_transaction() -> None:
    consent = make_consent("granted")
    make_campaign("sending", purpose=consent.purpose)

    receive("STOPP")

    assert Delivery.objects.get().state == "blocked"


@pytest.mark.parametrize("trust", Trust)
def test_stop_is_believed_whatever_the_signature(trust: Trust) -> None:
    make_consent("granted")

    receive("STOPP", trust=trust)

    assert Consent.objects.get().state == "withdrawn"


def test_stop_from_an_unknown_number_is_answered_and_leaves_no_subject() -> None:
    make_purpose()

    receive("STOPP", number=77)

    assert answers() == ["stopped"]
    assert not Subject.objects.exists()


# -- yes, no, start --------------------------------------------------------------------------------
def test_yes_to_the_one_open_question_grants_it_and_sends_a_receipt() -> None:
    make_consent("pending", at=NOON - HOUR)

    receive("Ja")

    assert Consent.objects.get().state == "granted"
    assert answers() == ["welcome"]


@pytest.mark.parametrize("trust", [Trust.STALE, Trust.UNSIGNED])
def test_a_yes_that_nobody_vouches_for_grants_nothing(trust: Trust) -> None:
    make_consent("pending", at=NOON - HOUR)

    receive("JA", trust=trust)

    assert Consent.objects.get().state == "pending"
    assert InboundMessage.objects.get().state == "review"


def test_yes_to_two_open_questions_grants_neither_unless_one_is_named() -> None:
    first = make_consent("pending", purpose=make_purpose(keyword="KLUBB"), at=NOON - HOUR)
    second = make_consent(
        "pending",
        purpose=make_purpose(first.purpose.organisation, keyword="TILBUD"),
        at=NOON - HOUR,
    )

    receive("JA")
    assert not Consent.objects.filter(state="granted").exists()

    receive("JA KLUBB")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("granted", "pending")


@pytest.mark.parametrize("state", ["withdrawn", "lapsed", "refused", "expired"])
def test_yes_without_an_open_question_restores_nothing(state: str) -> None:
    make_consent(state)

    receive("JA")

    assert Consent.objects.get().state == state


def test_no_refuses_silently() -> None:
    make_consent("pending", at=NOON - HOUR)

    receive("NEI")

    assert Consent.objects.get().state == "refused"
    assert answers() == []


def test_a_keyword_opens_a_question_and_grants_nothing() -> None:
    make_purpose(keyword="KLUBB")

    receive("Klubb")

    assert Consent.objects.get().state == "pending"
    assert answers() == ["confirmation"]


def test_start_after_a_stop_opens_only_a_new_question() -> None:
    make_consent("withdrawn")

    receive("START")

    assert Consent.objects.get().state == "pending"
    assert answers() == ["confirmation"]


def test_an_unclear_text_holds_the_number_and_waits_for_a_colleague() -> None:
    consent = make_consent("granted")

    receive("Jeg har ikke bedt om dette???")

    consent.subject.refresh_from_db()
    assert consent.subject.held_at == NOON
    assert InboundMessage.objects.get().state == "review"
    assert not Consent.objects.sendable(NOON).exists()
    assert Consent.objects.get().state == "granted"


def test_a_question_gets_help_once_a_day() -> None:
    make_consent("granted")

    receive("HJELP")
    receive("HJELP")

    assert answers() == ["help"]


def test_a_code_from_the_page_grants_in_one_step() -> None:
    purpose = make_purpose()
    code = services.open_handset_code(
        purpose, wording=purpose.wordings.get(), form_version="v1", now=NOON
    )

    receive(f"JA {code.code}")

    assert Consent.objects.get().state == "granted"
    assert Consent.objects.get().source == "handset"
    assert answers() == ["welcome"]


def test_a_code_works_once() -> None:
    purpose = make_purpose()
    code = services.open_handset_code(
        purpose, wording=purpose.wordings.get(), form_version="v1", now=NOON
    )

    receive(f"JA {code.code}")
    receive(f"JA {code.code}", number=2)

    assert Consent.objects.count() == 1
    assert answers() == ["welcome", "unknown_code"]


# -- once, whatever arrives twice ------------------------------------------------------------------
def test_what_arrives_twice_is_acted_on_once() -> None:
    make_consent("granted")

    for _time in range(3):
        receive("STOPP", message_id="same")

    assert InboundMessage.objects.count() == 1
    assert answers() == ["stopped"]


def test_a_message_that_fails_to_be_read_is_kept_and_holds_its_number(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    consent = make_consent("granted")
    make_campaign("sending", purpose=consent.purpose)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(inbox, "act", fail)
        receive("STOPP")
    assert InboundMessage.objects.get().state == "unread"
    assert phone().e164 not in caplog.text

    assert inbox.read_unread(now=NOON) == 1
    assert Consent.objects.get().state == "withdrawn"


# -- the webhook itself ----------------------------------------------------------------------------
def in_message(text: str = "STOPP", **fields: Any) -> dict[str, Any]:
    return {
        "transactionId": uuid4().hex,
        "keywordId": "1",
        "sender": phone().e164,
        "recipient": SHORT_NUMBER,
        "content": text,
        "created": "2026-03-10T11:00:00Z",
    } | fields


def post(client: Client, path: str, content: Any) -> int:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post(path, body, content_type="application/json").status_code


def test_an_unsigned_stop_at_the_secret_address_is_believed(client: Client) -> None:
    make_consent("granted")

    assert post(client, INBOUND, in_message()) == 200
    assert Consent.objects.get().state == "withdrawn"


def test_an_unsigned_yes_grants_nothing(client: Client) -> None:
    make_consent("pending")

    post(client, INBOUND, in_message("JA"))

    assert Consent.objects.get().state == "pending"


@pytest.mark.parametrize(
    "path",
    [
        INBOUND.replace("strex", "other"),
        INBOUND.replace(environment.CALLBACK_SECRET, "5e" * 31),
        INBOUND.replace(environment.CALLBACK_SECRET, "x"),
    ],
)
def test_another_address_is_not_found(client: Client, path: str) -> None:
    make_consent("granted")

    assert post(client, path, in_message()) == 404
    assert Consent.objects.get().state == "granted"


def forged_header(key: str = "simulator") -> str:
    nonce = uuid4().hex
    return f"{key}:1773140400:{nonce}:{b64encode(sha256(b'').digest()).decode()}"


def test_a_forged_signature_is_refused(client: Client, settings: Settings) -> None:
    settings.STREX_SERVER_KEY_NAMES = []
    make_consent("pending")

    answer = client.post(
        INBOUND,
        json.dumps(in_message("JA")),
        content_type="application/json",
        headers={"X-ECDSA-Signature": forged_header()},
    )

    assert answer.status_code in {200, 401}
    assert Consent.objects.get().state == "pending"
    assert not CallbackNonce.objects.exists()


@pytest.mark.parametrize("path", [INBOUND, RECEIPTS])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"\xff\xfe\x00",
        b"[" * 10_000,
        json.dumps({"sender": 7, "content": None}).encode(),
        json.dumps(in_message("\x00")).encode(),
        json.dumps(in_message("x", sender="letters")).encode(),
        json.dumps(in_message("x", transactionId={"a": 1})).encode(),
        json.dumps(in_message("😀" * 300)).encode(),
    ],
)
def test_a_strange_body_never_breaks_the_webhook(client: Client, path: str, body: bytes) -> None:
    make_purpose()

    status = post(client, path, body)

    assert status in {200, 400}


@pytest.mark.parametrize("path", [INBOUND, RECEIPTS])
def test_a_large_body_is_refused_unread(client: Client, path: str) -> None:
    assert post(client, path, b"x" * 10_000_000) == 413


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "patch"])
def test_only_post_reaches_a_webhook(client: Client, method: str) -> None:
    assert getattr(client, method)(INBOUND).status_code == 405


@pytest.mark.parametrize(("path", "content"), [(INBOUND, None), (RECEIPTS, {"transactionId": "x"})])
def test_the_last_sign_of_the_address_may_be_missing(
    client: Client, path: str, content: dict[str, str] | None
) -> None:
    assert post(client, path.rstrip("/"), content or in_message()) == 200
    assert reverse("hooks:inbound", args=["strex", environment.CALLBACK_SECRET]) == INBOUND


@pytest.mark.parametrize("trouble", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    ("path", "content"), [(INBOUND, None), (RECEIPTS, {"transactionId": uuid4().hex})]
)
def test_what_cannot_be_stored_is_to_come_again(
    client: Client, path: str, content: dict[str, str] | None, trouble: type[Exception]
) -> None:
    def fail(*_call: object) -> None:
        raise trouble("the connection is lost")

    with connection.execute_wrapper(fail):
        status = post(client, path, content or in_message())

    assert status == 503


class Broken(BytesIO):
    """A body that ends in the middle of a piece."""

    def read(self, *sizes: object) -> bytes:
        raise OSError


def post_in_pieces(client: Client, content: BytesIO, *, ends: bool = True) -> int:
    """Post without a length, as the server in front of us passes on what comes in pieces."""
    environ: dict[str, Any] = {"wsgi.input": content, "wsgi.input_terminated": ends}
    return client.generic(
        "POST", INBOUND, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked", **environ
    ).status_code


def test_a_stop_that_comes_in_pieces_is_taken_in(client: Client) -> None:
    make_consent("granted")

    assert post_in_pieces(client, BytesIO(json.dumps(in_message()).encode())) == 200
    assert Consent.objects.get().state == "withdrawn"


@pytest.mark.parametrize(
    ("content", "ends", "status"),
    [
        (BytesIO(b" " * 32 * 1024 + b"{}"), True, 413),
        (BytesIO(b"{"), True, 400),
        (BytesIO(b"{}"), False, 400),
        (Broken(), True, 400),
    ],
    ids=["too large", "not JSON", "nobody says where it ends", "broken off"],
)
def test_pieces_that_make_no_callback_are_refused(
    client: Client, content: BytesIO, ends: bool, status: int
) -> None:
    assert post_in_pieces(client, content, ends=ends) == status


# -- how much it asks of the database ------------------------------------------------------------------
def test_a_stop_takes_three_trips_to_the_database_however_many_consents_it_ends() -> None:
    first = make_consent("granted")
    make_consent("granted", purpose=make_purpose(first.purpose.organisation))

    with CaptureQueriesContext(connection) as queries:
        receive("STOPP")

    trips = [each for each in queries if "SAVEPOINT" not in each["sql"]]
    assert Consent.objects.filter(state="withdrawn").count() == 2
    # SQLite has no way to go, and is asked one thing after the other.
    assert len(trips) <= (3 if connection.vendor == "postgresql" else 25)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_stop_that_waits_too_long_for_a_lock_is_kept_unread(
    settings: Settings,
) -> None:
    settings.STREX_CALLBACK_BUDGET = 0.1
    make_consent("granted")

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Consent.objects.select_for_update().get()
        pool.submit(_receive_elsewhere, "STOPP").result(timeout=10)

    assert InboundMessage.objects.get().state == "unread"
    assert inbox.read_unread(now=NOON) == 1
    assert Consent.objects.get().state == "withdrawn"


def _receive_elsewhere(text: str) -> None:
    try:
        receive(text)
    finally:
        connection.close()


def test_a_report_that_a_message_arrived_takes_two_trips_to_the_database() -> None:
    consent = make_consent("granted")
    campaign = make_campaign("sending", purpose=consent.purpose)
    Delivery.objects.update(state="handed_over", handed_over_at=NOON)
    delivery = Delivery.objects.get()

    with CaptureQueriesContext(connection) as queries:
        services.receive_receipt(
            receipt_of(delivery.pk), gateway="strex", callback=SIGNED, body=b"", now=NOON
        )

    trips = [each for each in queries if "SAVEPOINT" not in each["sql"]]
    assert Delivery.objects.get().state == "delivered"
    assert len(trips) <= (2 if connection.vendor == "postgresql" else 6)
    assert tallies.by_state(campaign)["delivered"] == 1


def test_a_message_that_was_moved_while_its_report_came_in_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign = make_campaign("sending", purpose=make_consent("granted").purpose)
    Delivery.objects.update(state="handed_over", handed_over_at=NOON)
    seen = outbox.find(Delivery.objects.get().pk)
    Delivery.objects.update(state="failed")
    looks = iter([seen])
    find = outbox.find
    monkeypatch.setattr(outbox, "find", lambda pk: next(looks, None) or find(pk))

    services.receive_receipt(
        receipt_of(campaign.deliveries.get().pk),
        gateway="strex",
        callback=SIGNED,
        body=b"",
        now=NOON,
    )

    assert Delivery.objects.get().state == "delivered"


def test_a_report_that_is_played_again_changes_nothing_and_another_under_its_nonce_is_refused() -> (
    None
):
    make_campaign("sending", purpose=make_consent("granted").purpose)
    Delivery.objects.update(state="handed_over", handed_over_at=NOON)
    receipt = receipt_of(Delivery.objects.get().pk)
    signed = Callback(trust=Trust.SIGNED, nonce=("key", "once"))
    services.receive_receipt(receipt, gateway="strex", callback=signed, body=b"first", now=NOON)
    Delivery.objects.update(state="handed_over")

    services.receive_receipt(receipt, gateway="strex", callback=signed, body=b"first", now=NOON)
    with pytest.raises(services.ReplayedNonce):
        services.receive_receipt(receipt, gateway="strex", callback=signed, body=b"other", now=NOON)

    assert Delivery.objects.get().state == "handed_over"


def receipt_of(message_id: UUID) -> Receipt:
    return Receipt(
        id=message_id,
        state=ReceiptState.DELIVERED,
        detail="Delivered",
        final=True,
        gone=False,
        duplicate=False,
        stopped=False,
        segments=1,
    )
