"""What every gateway must keep, whoever the provider is (docs/gateways.md). Each adapter runs all of it."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.utils import timezone

from smsconsent.gateways import (
    Callback,
    CallbackMalformed,
    CallbackRefused,
    GatewayMisconfigured,
    GatewayUnavailable,
    Handover,
    Outcome,
    Receipt,
    ReceiptState,
    Trust,
)
from tests.gateways.stages import (
    CALLBACK_PATH,
    Call,
    JsonStage,
    Stage,
    StrexStage,
    crowd,
    outgoing,
)
from tests.make import NOON, SHORT_NUMBER, phone
from tests.simulator import Simulator


def _strex(request: pytest.FixtureRequest) -> Stage:
    simulator: Simulator = request.getfixturevalue("simulator")
    simulator.set("switches", {"batch_readable_seconds": 0.0})
    return StrexStage.open(simulator)


STAGES: dict[str, Callable[[pytest.FixtureRequest], Stage]] = {
    "strex": _strex,
    "http_json": lambda request: JsonStage.open(),
}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    made = STAGES[request.param](request)
    yield made
    made.close()


def outcomes(results: list[Handover]) -> list[Outcome]:
    return [result.outcome for result in results]


@pytest.mark.parametrize("size", [1, 3])
def test_what_is_taken_over_is_accepted_in_order(stage: Stage, size: int) -> None:
    batch = crowd(size)

    results = stage.gateway.hand_over(batch, now=NOON)

    assert results == [Handover(each.id, Outcome.ACCEPTED) for each in batch]
    assert sorted(stage.taken()) == sorted(str(each.id) for each in batch)


def test_nothing_to_send_is_no_call(stage: Stage) -> None:
    assert stage.gateway.hand_over([], now=NOON) == []


def test_the_same_id_twice_in_a_batch_is_a_mistake_of_ours(stage: Stage) -> None:
    message = outgoing()

    with pytest.raises(ValueError, match="twice"):
        stage.gateway.hand_over([message, message], now=NOON)


@pytest.mark.parametrize("status", [400, 422])
def test_an_invalid_message_is_rejected_for_good(stage: Stage, status: int) -> None:
    stage.answer(status)

    [result] = stage.gateway.hand_over([outgoing()], now=NOON)

    assert result.outcome is Outcome.REJECTED
    assert result.reason == "invalid_payload"
    assert stage.taken() == []


@pytest.mark.parametrize("status", [429, 503])
def test_try_later_says_when(stage: Stage, status: int) -> None:
    stage.answer(status, retry_after=17)

    with pytest.raises(GatewayUnavailable) as caught:
        stage.gateway.hand_over(crowd(2), now=NOON)

    assert caught.value.retry_after == 17
    assert stage.taken() == []


def test_after_try_later_the_gateway_is_left_alone(stage: Stage) -> None:
    stage.answer(429, retry_after=60)
    with pytest.raises(GatewayUnavailable):
        stage.gateway.hand_over([outgoing()], now=NOON)

    with pytest.raises(GatewayUnavailable, match="left alone"):
        stage.gateway.hand_over([outgoing()], now=NOON)

    assert stage.taken() == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_a_configuration_error(stage: Stage, status: int) -> None:
    stage.answer(status, count=5)

    with pytest.raises(GatewayMisconfigured):
        stage.gateway.hand_over(crowd(2), now=NOON)

    assert stage.taken() == []


def test_a_wrong_address_is_a_configuration_error(stage: Stage) -> None:
    stage.answer(404, count=5)

    with pytest.raises(GatewayMisconfigured):
        stage.gateway.hand_over([outgoing()], now=NOON)


def test_a_configuration_error_stops_the_lane_at_once(stage: Stage) -> None:
    stage.refuse_the_key()
    with pytest.raises(GatewayMisconfigured):
        stage.gateway.hand_over([outgoing()], now=NOON)

    with pytest.raises(GatewayMisconfigured):
        stage.gateway.hand_over([outgoing()], now=NOON)


@pytest.mark.parametrize("status", [408, 500, 504])
def test_a_server_error_leaves_the_outcome_unknown(stage: Stage, status: int) -> None:
    stage.answer(status)

    assert outcomes(stage.gateway.hand_over([outgoing()], now=NOON)) == [Outcome.UNKNOWN]


@pytest.mark.parametrize("hang", [True, False], ids=["no answer in time", "connection dropped"])
def test_a_lost_answer_leaves_the_outcome_unknown(stage: Stage, hang: bool) -> None:
    message = outgoing()
    stage.lose_the_answer(hang=hang)

    results = stage.gateway.hand_over([message], now=NOON)

    assert outcomes(results) == [Outcome.UNKNOWN]
    assert stage.taken() == [str(message.id)]


def test_a_connection_that_breaks_before_storing_is_unknown_too(stage: Stage) -> None:
    stage.break_off()

    results = stage.gateway.hand_over([outgoing()], now=NOON)

    assert outcomes(results) == [Outcome.UNKNOWN]


def test_the_same_id_again_sends_nothing_twice(stage: Stage) -> None:
    message = outgoing()

    for _try in range(2):
        assert outcomes(stage.gateway.hand_over([message], now=NOON)) == [Outcome.ACCEPTED]

    assert stage.taken() == [str(message.id)]


def test_nobody_there_means_that_nothing_was_sent(stage: Stage) -> None:
    stage.is_gone()

    with pytest.raises(GatewayUnavailable):
        stage.gateway.hand_over(crowd(2), now=NOON)


def test_a_gateway_that_does_not_answer_is_left_alone_and_then_probed(stage: Stage) -> None:
    stage.is_gone()
    for _call in range(5):
        with pytest.raises(GatewayUnavailable):
            stage.gateway.hand_over([outgoing()], now=NOON)

    with pytest.raises(GatewayUnavailable, match="left alone") as caught:
        stage.gateway.hand_over([outgoing()], now=NOON)

    assert 20 < caught.value.retry_after <= 36


def test_a_message_is_looked_up_by_its_id(stage: Stage) -> None:
    message = outgoing()
    stage.gateway.hand_over([message], now=NOON)

    found = stage.gateway.look_up(message.id)

    assert found is not None
    assert found.id == message.id
    assert found.state in {ReceiptState.HANDED_OVER, ReceiptState.DELIVERED}


def test_an_id_that_was_never_seen_is_none(stage: Stage) -> None:
    assert stage.gateway.look_up(uuid4()) is None


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"Message": "Busy."}'])
def test_an_answer_that_says_nothing_of_the_message_is_no_answer(stage: Stage, body: str) -> None:
    message = outgoing()
    stage.gateway.hand_over([message], now=NOON)
    stage.mumble(body)

    with pytest.raises(GatewayUnavailable):
        stage.gateway.look_up(message.id)


def test_looking_up_during_an_outage_is_no_answer(stage: Stage) -> None:
    stage.is_gone()

    with pytest.raises(GatewayUnavailable):
        stage.gateway.look_up(uuid4())


def test_what_is_not_there_cannot_be_cancelled(stage: Stage) -> None:
    assert stage.gateway.cancel(uuid4()) is False


def test_ping_passes_once_the_provider_has_answered_and_taken_the_key(stage: Stage) -> None:
    stage.gateway.ping()

    statuses = {status for _call, status in stage.asked()}
    assert statuses
    assert not statuses & {401, 403}
    assert stage.taken() == []


def test_ping_tells_a_refused_key(stage: Stage) -> None:
    stage.refuse_the_key()

    with pytest.raises(GatewayMisconfigured):
        stage.gateway.ping()


def test_ping_tells_an_outage(stage: Stage) -> None:
    stage.is_gone()

    with pytest.raises(GatewayUnavailable):
        stage.gateway.ping()


# -- callbacks ------------------------------------------------------------------------------------------
def verify(stage: Stage, call: Call) -> Callback:
    return stage.gateway.verify(
        method="POST",
        path=CALLBACK_PATH,
        headers=call.headers,
        body=call.body,
        now=timezone.now(),
    )


@pytest.fixture
def signing(stage: Stage) -> Stage:
    if not stage.signs:
        pytest.skip("This provider signs nothing.")
    return stage


def test_what_is_signed_is_trusted_and_told_apart_from_a_second_one(signing: Stage) -> None:
    first, second = verify(signing, signing.sms("JA")), verify(signing, signing.sms("NEI"))

    assert first.trust is second.trust is Trust.SIGNED
    assert first.nonce
    assert first.nonce != second.nonce


def test_the_same_callback_again_is_known_by_its_nonce(signing: Stage) -> None:
    call = signing.sms("JA")

    assert verify(signing, call).nonce == verify(signing, call).nonce


@pytest.mark.parametrize("ago", [310, -310])
def test_a_signature_of_another_time_is_stale(signing: Stage, ago: float) -> None:
    assert verify(signing, signing.sms("JA", ago=ago)).trust is Trust.STALE


def test_a_changed_body_is_refused(signing: Stage) -> None:
    call = signing.sms("NEI")

    with pytest.raises(CallbackRefused):
        verify(signing, call._replace(body=call.body.replace(b"NEI", b"JA ")))


def test_a_callback_without_a_signature_starts_nothing(stage: Stage) -> None:
    call = stage.sms("JA")._replace(headers={})

    try:
        trust = verify(stage, call).trust
    except CallbackRefused:
        return
    assert trust is Trust.UNSIGNED


def test_a_message_from_a_person_is_read(stage: Stage) -> None:
    found = stage.gateway.read_inbound(stage.sms("Stopp! Æ vil ikkje ha fleire").body)

    assert (found.sender, found.recipient) == (phone(), SHORT_NUMBER)
    assert found.text == "Stopp! Æ vil ikkje ha fleire"
    assert found.message_id


def test_news_of_an_arrival_is_read(stage: Stage) -> None:
    message = outgoing()

    found = stage.gateway.read_receipt(stage.report(str(message.id)).body)

    assert isinstance(found, Receipt)
    assert (found.id, found.state, found.final) == (message.id, ReceiptState.DELIVERED, True)
    assert not any((found.gone, found.bounce, found.duplicate, found.unexpected))


def test_news_of_what_is_not_ours_is_nothing(stage: Stage) -> None:
    assert stage.gateway.read_receipt(stage.report("invoice-7").body) is None


@pytest.mark.parametrize("body", [b"", b"<xml/>", b"[]", b"7", b"{}", b"\xff", b"[" * 30_000])
@pytest.mark.parametrize("what", ["read_inbound", "read_receipt"])
def test_what_is_no_callback_is_malformed(stage: Stage, what: str, body: bytes) -> None:
    with pytest.raises(CallbackMalformed):
        getattr(stage.gateway, what)(body)
