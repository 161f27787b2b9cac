"""The Strex adapter before the simulator: what is its own beside the contract of every gateway."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from smsconsent.gateways import (
    GatewayMisconfigured,
    GatewayUnavailable,
    Handover,
    Outcome,
    ReceiptState,
    strex_keywords,
    strex_services,
)
from smsconsent.gateways.simulator import signatures
from smsconsent.gateways.strex_settings import StrexSettings
from tests.gateways.stages import StrexStage, crowd, fake_number, outgoing, posted
from tests.make import DAY, MINUTE, NOON, SECOND, phone
from tests.simulator import Simulator


@pytest.fixture
def stage(simulator: Simulator) -> Iterator[StrexStage]:
    simulator.set("switches", {"batch_readable_seconds": 0.0})
    made = StrexStage.open(simulator)
    yield made
    made.close()


def stored(stage: StrexStage, **values: Any) -> dict[str, Any]:
    """Hand one message over, and return what Strex has of it."""
    message = outgoing(**values)
    [result] = stage.gateway.hand_over([message], now=NOON)
    assert result == Handover(message.id, Outcome.ACCEPTED)
    return stage.message(message.id)


def reason(stage: StrexStage, **values: Any) -> str:
    [result] = stage.gateway.hand_over([outgoing(**values)], now=NOON)
    assert result.outcome is Outcome.REJECTED
    assert stage.taken() == []
    return result.reason


# -- what is sent ---------------------------------------------------------------------------------------
def test_a_message_carries_what_the_design_says_and_no_more(stage: StrexStage) -> None:
    found = stored(stage, not_after=NOON + 90 * MINUTE)

    secret = stage.simulator.secret
    read_only = {"statusCode", "detailedStatusCode", "created", "lastModified", "delivered"}
    read_only |= {"operatorId", "smscTransactionId", "smscMessageParts", "transactionId"}
    assert {name: value for name, value in found.items() if name not in read_only} == {
        "sender": "26112",
        "recipient": phone().e164,
        "content": "Halv pris på ski",
        "allowUnicode": False,
        "timeToLive": 90,
        "priority": "Low",
        "deliveryReportUrl": f"https://samtykke.example/hooks/strex/{secret}/receipts/",
        "tags": ["c1"],
    }


@pytest.mark.parametrize(
    ("text", "allowed"), [("Halv pris på ski", False), ("Skinnjakke – 50 % 🎿", True)]
)
def test_unicode_is_always_said_outright(stage: StrexStage, text: str, allowed: bool) -> None:
    assert stored(stage, text=text)["allowUnicode"] is allowed


def test_an_urgent_message_goes_ahead(stage: StrexStage) -> None:
    assert stored(stage, urgent=True)["priority"] == "High"


@pytest.mark.parametrize(
    ("left", "minutes"),
    [(5 * MINUTE, 5), (6 * MINUTE - SECOND, 5), (DAY, 1440), (3 * DAY, 1440)],
)
def test_it_lives_as_long_as_it_may_still_be_read(
    stage: StrexStage, left: timedelta, minutes: int
) -> None:
    assert stored(stage, not_after=NOON + left)["timeToLive"] == minutes


def test_without_an_end_strex_decides_how_long_it_lives(stage: StrexStage) -> None:
    assert "timeToLive" not in stored(stage)


def test_a_message_with_less_than_five_minutes_left_is_too_late(stage: StrexStage) -> None:
    [result] = stage.gateway.hand_over([outgoing(not_after=NOON + 5 * MINUTE - SECOND)], now=NOON)

    assert result.outcome is Outcome.TOO_LATE
    assert stage.taken() == []


@pytest.mark.parametrize(
    ("why", "values"),
    [
        ("fake_number", {"recipient": fake_number(1)}),
        ("tildes", {"text": "Koden er ~~1234~~"}),
        ("too_long", {"text": "x" * 2449}),
        ("invalid_sender", {"sender": "Fjord Sport"}),
        ("invalid_sender", {"sender": "Fjordsportklubb"}),
    ],
)
def test_what_strex_would_refuse_or_garble_is_never_sent(
    stage: StrexStage, why: str, values: dict[str, Any]
) -> None:
    assert reason(stage, **values) == why


@pytest.mark.parametrize(
    ("number", "state", "detail"),
    [
        (1, ReceiptState.DELIVERED, "Delivered"),
        (10, ReceiptState.FAILED, "Undelivered"),
        (20, ReceiptState.FAILED, "SubscriberBarred"),
        (77, ReceiptState.DELIVERED, "Delivered"),
    ],
)
def test_fake_numbers_end_as_documented_where_they_are_allowed(
    simulator: Simulator, number: int, state: ReceiptState, detail: str
) -> None:
    stage = StrexStage.open(simulator, allow_fake_numbers=True)
    message = outgoing(recipient=fake_number(number))
    stage.gateway.hand_over([message], now=NOON)
    simulator.set("clock", {"advance": 5})

    found = stage.gateway.look_up(message.id)

    stage.close()
    assert found is not None
    assert (found.state, found.detail, found.final) == (state, detail, True)


# -- batches --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_batch_is_halved_under_the_same_ids(stage: StrexStage, status: int) -> None:
    batch = crowd(4)
    stage.answer(status)

    results = stage.gateway.hand_over(batch, now=NOON)

    assert results == [Handover(each.id, Outcome.ACCEPTED) for each in batch]
    assert posted(stage.simulator) == [
        ("POST /api/out-messages/batch", str(status)),
        ("POST /api/out-messages/batch", "201"),
        ("POST /api/out-messages/batch", "201"),
    ]


def test_the_bad_message_ends_up_alone_and_only_it_fails(stage: StrexStage) -> None:
    batch = crowd(4)
    # The batch, its first half, and the first message of that.
    stage.answer(400, count=3)

    results = stage.gateway.hand_over(batch, now=NOON)

    assert [result.outcome for result in results] == [Outcome.REJECTED, *[Outcome.ACCEPTED] * 3]


def test_too_large_a_batch_makes_the_next_ones_smaller(stage: StrexStage) -> None:
    stage.answer(413)

    stage.gateway.hand_over(crowd(10), now=NOON)

    assert stage.gateway.max_batch == 5


def test_a_batch_is_split_at_the_largest_body(simulator: Simulator) -> None:
    stage = StrexStage.open(simulator, max_body_bytes=700)

    stage.gateway.hand_over(crowd(4), now=NOON)

    stage.close()
    assert [path for path, _status in posted(simulator)] == ["POST /api/out-messages/batch"] * 2


@pytest.mark.parametrize("size", [0, 10_001])
def test_a_batch_size_that_strex_does_not_take_is_refused(size: int) -> None:
    with pytest.raises(GatewayMisconfigured, match="STREX_BATCH_SIZE"):
        StrexSettings(base_url="https://gateway.example/", api_key="k", batch_size=size)


def test_after_a_broken_part_the_rest_is_unknown_and_nothing_is_posted_twice(
    simulator: Simulator,
) -> None:
    stage = StrexStage.open(simulator, max_body_bytes=700)
    stage.lose_the_answer(hang=False)

    results = stage.gateway.hand_over(crowd(4), now=NOON)

    stage.close()
    assert [result.outcome for result in results] == [Outcome.UNKNOWN] * 4
    assert len(posted(simulator)) == 1


def test_an_id_that_strex_knows_already_is_settled_by_asking(stage: StrexStage) -> None:
    stage.simulator.set("switches", {"duplicate": "409"})
    message = outgoing()
    stage.gateway.hand_over([message], now=NOON)
    stage.simulator.set("clock", {"advance": 1})

    [again] = stage.gateway.hand_over([message], now=NOON)

    assert again.outcome is Outcome.ACCEPTED
    assert posted(stage.simulator)[-1] == (f"GET /api/out-messages/{message.id}", "200")


def test_asking_about_a_known_id_takes_no_time_beyond_the_deadline(simulator: Simulator) -> None:
    stage = StrexStage.open(simulator, read_timeout=5.0)
    simulator.set("switches", {"duplicate": "409", "batch_readable_seconds": 0.0})
    message = outgoing()
    stage.gateway.hand_over([message], now=NOON)
    simulator.set("clock", {"advance": 1})
    simulator.set("faults", {"kind": "slow_body", "count": 1, "seconds": 0.7})
    simulator.set("faults", {"kind": "hang", "path": "/api/out-messages/", "seconds": 3})
    started_at = time.monotonic()

    [again] = stage.gateway.hand_over([message], now=NOON)

    stage.close()
    assert again == Handover(message.id, Outcome.UNKNOWN, "conflict")
    assert time.monotonic() - started_at < 1.5


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("soon", 30),
        ("-5", 1),
        ("86400", 600),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 1),
        ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", 30),
    ],
)
def test_a_wait_that_makes_no_sense_is_bounded(
    stage: StrexStage, said: str, seconds: float
) -> None:
    stage.simulator.set("faults", {"kind": "answer", "status": 429, "retry_after": said})

    with pytest.raises(GatewayUnavailable) as caught:
        stage.gateway.hand_over([outgoing()], now=NOON)

    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_undocumented_yes_is_a_yes(stage: StrexStage, status: int) -> None:
    stage.answer(status)

    [result] = stage.gateway.hand_over([outgoing()], now=NOON)

    assert result.outcome is Outcome.ACCEPTED


# -- cancelling -----------------------------------------------------------------------------------------
def test_a_message_on_its_way_cannot_be_cancelled(stage: StrexStage) -> None:
    message = outgoing()
    stage.gateway.hand_over([message], now=NOON)

    assert stage.gateway.cancel(message.id) is False
    assert posted(stage.simulator)[-1][1] == "409"


def test_a_scheduled_message_is_cancelled(stage: StrexStage) -> None:
    message_id = uuid4()
    scheduled = {
        "transactionId": str(message_id),
        "sender": "26112",
        "recipient": phone().e164,
        "content": "Senere",
        "sendTime": "2099-01-01T12:00:00Z",
    }
    stage.gateway.ask("POST", "api/out-messages", content=strex_services.encode(scheduled))

    assert stage.gateway.cancel(message_id) is True
    assert stage.gateway.look_up(message_id) is None


# -- keys -----------------------------------------------------------------------------------------------
def test_the_next_key_takes_over_when_the_first_is_refused(simulator: Simulator) -> None:
    stage = StrexStage.open(simulator, api_key="expired", api_key_next=simulator.api_key)

    for _batch in range(2):
        [result] = stage.gateway.hand_over([outgoing()], now=NOON)
        assert result.outcome is Outcome.ACCEPTED

    stage.close()
    # The first key is tried once, not at each call.
    assert [status for _path, status in posted(simulator)] == ["401", "201", "201"]
    assert stage.gateway.client.state.snapshot().is_on_next_key


def test_two_refused_keys_are_tried_once_each(simulator: Simulator) -> None:
    stage = StrexStage.open(simulator, api_key="expired", api_key_next="wrong")

    with pytest.raises(GatewayMisconfigured):
        stage.gateway.hand_over([outgoing()], now=NOON)

    stage.close()
    assert len(posted(simulator)) == 2


def signing_key(simulator: Simulator) -> str:
    """Register a key at the simulator, and return its private half."""
    key = ec.generate_private_key(ec.SECP256R1())
    simulator.set("client-keys", {"name": "ours", "publicKeyString": signatures.public_text(key)})
    return key.private_numbers().private_value.to_bytes(32).hex()


def test_requests_are_signed_where_a_key_for_it_is_configured(simulator: Simulator) -> None:
    key = signing_key(simulator)
    simulator.set("switches", {"batch_readable_seconds": 0.0})
    stage = StrexStage.open(simulator, api_key="", signing_key_name="ours", signing_key=key)
    batch = crowd(2)

    results = stage.gateway.hand_over(batch, now=NOON)

    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 2
    assert stage.gateway.look_up(batch[0].id) is not None
    # A query is signed as it is sent: %2B, not +.
    assert strex_keywords.list_keywords(stage.gateway, short_number_id="NO-26+112") == []
    stage.close()


def test_a_wrong_signing_key_is_a_configuration_error(simulator: Simulator) -> None:
    signing_key(simulator)
    stage = StrexStage.open(simulator, api_key="", signing_key_name="ours", signing_key="01" * 32)

    with pytest.raises(GatewayMisconfigured):
        stage.gateway.hand_over([outgoing()], now=NOON)
    stage.close()


@pytest.mark.parametrize(
    "values",
    [
        {"signing_key_name": "ours", "signing_key": "not hexadecimal"},
        {"signing_key_name": "ours", "signing_key": "00" * 32},
    ],
    ids=["no number", "nought"],
)
def test_a_signing_key_that_is_none_does_not_start(
    simulator: Simulator, values: dict[str, Any]
) -> None:
    with pytest.raises(GatewayMisconfigured):
        StrexStage.open(simulator, **values)


@pytest.mark.parametrize(
    "values",
    [
        {"signing_key": "01" * 32},
        {"signing_key_name": "ours"},
        {"api_key": ""},
        {"base_url": "http://gateway.example/"},
        {"base_url": "gateway.example"},
        {"callback_signature": "sometimes"},
    ],
    ids=str,
)
def test_unsafe_settings_do_not_start(values: dict[str, Any]) -> None:
    with pytest.raises(GatewayMisconfigured):
        StrexSettings(**({"base_url": "https://gateway.example/", "api_key": "k"} | values))


def test_no_secret_shows_in_the_settings() -> None:
    settings = StrexSettings(
        base_url="https://gateway.example/",
        api_key="hemmelig1",
        api_key_next="hemmelig2",
        callback_secrets=("hemmelig3",),
        signing_key_name="ours",
        signing_key="hemmelig4",
    )

    assert "hemmelig" not in repr(settings)


# -- codes and keywords ---------------------------------------------------------------------------------
def test_a_pincode_is_six_digits_for_one_use(stage: StrexStage) -> None:
    pin_id = uuid4()
    strex_services.send_pincode(
        stage.gateway, pin_id, recipient=phone(), sender="26112", before="Koden er "
    )
    stage.simulator.set("clock", {"advance": 5})
    [text] = stage.simulator.received(phone().e164)
    code = text.removeprefix("Koden er ")

    assert len(code) == 6
    assert not strex_services.check_pincode(stage.gateway, pin_id, "000")
    assert strex_services.check_pincode(stage.gateway, pin_id, code)
    assert not strex_services.check_pincode(stage.gateway, pin_id, code)
