"""Malformed, forged and replayed callbacks: never a 5xx, and nothing changes (trust.md, invariant 10).

`TRUST_FUZZ_BODIES` bodies per hook, ten thousand at release size.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from consents import confirmations
from consents.models import Consent, ServiceMessage
from smsconsent.gateways import gateway_of_process
from smsconsent.gateways.simulator import signatures
from smsconsent.outbox.questions import Question
from tests import environment
from tests.make import NOON, SHORT_NUMBER, make_campaign, make_consent, make_purpose, phone
from tests.trust import size
from tests.trust.test_crawl import stored

pytestmark = pytest.mark.django_db
BODIES = size.of(300, 10_000)
HOOKS = ("inbound", "receipts")
SLOWEST_PERCENTILE = 0.99
PUBLIC = "https://samtykke.example"

Body = Callable[[random.Random, bytes], bytes]


@pytest.fixture
def bodies() -> dict[str, bytes]:
    """What a real callback to each hook would be, about a real person and a real message."""
    purpose = make_purpose()
    consent = make_consent("granted", purpose=purpose)
    make_campaign("sending", purpose=purpose)
    message = confirmations.queue_welcome(consent, now=NOON)
    ServiceMessage.objects.update(state="handed_over", handed_over_at=NOON)
    inbound = {
        "transactionId": uuid4().hex,
        "created": "2026-03-10T11:00:00Z",
        "sender": phone().e164,
        "recipient": SHORT_NUMBER,
        "content": "STOPP",
        "isStopMessage": True,
    }
    report = {
        "transactionId": str(message.pk),
        "statusCode": "Failed",
        "detailedStatusCode": "UnknownSubscriber",
        "delivered": False,
    }
    return {"inbound": json.dumps(inbound).encode(), "receipts": json.dumps(report).encode()}


def path_of(hook: str) -> str:
    return f"/hooks/strex/{environment.CALLBACK_SECRET}/{hook}/"


def sign(body: bytes, hook: str, *, at: int | None = None) -> str:
    key = signatures.derive_key(environment.CALLBACK_SECRET)
    url = PUBLIC + path_of(hook)
    return signatures.sign(key, "simulator", url=url, body=body, timestamp=at)


# -- ways to spoil a body --------------------------------------------------------------------------------
def flip(chance: random.Random, body: bytes) -> bytes:
    spoiled = bytearray(body)
    for _bit in range(chance.randint(1, 8)):
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
    return bytes(spoiled)


def cut(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body))]


def append(chance: random.Random, body: bytes) -> bytes:
    return body + chance.randbytes(chance.randint(1, 40))


def noise(chance: random.Random, body: bytes) -> bytes:
    return chance.randbytes(chance.randint(1, 2000))


def deep(chance: random.Random, body: bytes) -> bytes:
    depth = chance.randint(100, 15_000)
    return chance.choice([b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth])


def charset(chance: random.Random, body: bytes) -> bytes:
    name = chance.choice(["utf-16", "utf-32", "utf-16-be", "cp037"])
    return body.decode().encode(name)


def doubled_keys(chance: random.Random, body: bytes) -> bytes:
    return body[:-1] + b"," + body[1:]


def odd_value(chance: random.Random, body: bytes) -> bytes:
    fields: dict[str, Any] = json.loads(body)
    odd: list[Any] = [
        None,
        [],
        {},
        7,
        -1e308,
        True,
        "\x00",
        "\ud800",
        "9" * 9000,
        [[[]]],
        {"a": {}},
        10**400,
    ]
    fields[chance.choice(list(fields))] = chance.choice(odd)
    return json.dumps(fields).encode()


def other_top(chance: random.Random, body: bytes) -> bytes:
    return chance.choice(
        [b"", b"null", b"[]", b"7", b'""', b"NaN", b"[" + body + b"]", b"\xef\xbb"]
    )


def large(chance: random.Random, body: bytes) -> bytes:
    return body[:-1] + b',"x":"' + b"y" * chance.randint(33_000, 200_000) + b'"}'


SPOILERS: tuple[Body, ...] = (
    flip,
    cut,
    append,
    noise,
    deep,
    charset,
    doubled_keys,
    odd_value,
    other_top,
    large,
)


def spoiled(body: bytes, count: int) -> Iterator[bytes]:
    chance = random.Random(1)
    for number in range(count):
        made = SPOILERS[number % len(SPOILERS)](chance, body)
        if made != body:
            yield made


def post_all(
    client: Client, hook: str, wanted: Iterator[bytes], header: Callable[[bytes], str | None]
) -> tuple[Counter[int], float]:
    """Post each body. Return how often which status was the answer, and the slowest percentile in ms."""
    answers: Counter[int] = Counter()
    spent: list[float] = []
    for body in wanted:
        value = header(body)
        headers = {"X-ECDSA-Signature": value} if value is not None else {}
        started_at = time.perf_counter()
        answer = client.post(path_of(hook), body, content_type="application/json", headers=headers)
        spent.append((time.perf_counter() - started_at) * 1000)
        answers[answer.status_code] += 1
    spent.sort()
    return answers, spent[int(len(spent) * SLOWEST_PERCENTILE)]


def changed_since(before: dict[str, str]) -> set[str]:
    """Return the tables that changed, but for questions to the gateway: so doubt is settled."""
    after = stored()
    assert set(Question.objects.values_list("message", flat=True)) <= set(
        ServiceMessage.objects.values_list("pk", flat=True)
    )
    return {table for table in after if after[table] != before[table]} - {Question._meta.db_table}


@pytest.fixture(autouse=True)
def keys(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The product knows the key of the simulator, and calls nobody for it."""
    settings.STREX_SERVER_KEY_NAMES = ["simulator"]
    gateway_of_process.cache_clear()
    key = signatures.derive_key(environment.CALLBACK_SECRET)
    fields = {
        "publicKeyString": signatures.public_text(key),
        "signAlgo": "ECDsaP256",
        "hashAlgo": "SHA256",
        "notUsableBefore": "2020-01-01T00:00:00Z",
        "expiry": "2099-01-01T00:00:00Z",
    }
    monkeypatch.setattr("smsconsent.gateways.strex.Strex._fetch_key", lambda self, name: fields)
    yield
    gateway_of_process.cache_clear()


@pytest.mark.parametrize("hook", HOOKS)
def test_a_spoiled_body_under_a_real_signature_changes_nothing(
    client: Client, bodies: dict[str, bytes], hook: str, record_property: Callable[..., None]
) -> None:
    header, before = sign(bodies[hook], hook), stored()

    answers, slowest = post_all(client, hook, spoiled(bodies[hook], BODIES), lambda body: header)

    record_property("p99_ms", round(slowest, 1))
    assert answers.keys() <= {401, 413}
    assert stored() == before


@pytest.mark.parametrize("hook", HOOKS)
def test_an_unsigned_body_changes_nothing_where_signatures_are_required(
    client: Client, bodies: dict[str, bytes], hook: str, settings: Settings
) -> None:
    settings.STREX_CALLBACK_SIGNATURE = "required"
    gateway_of_process.cache_clear()
    before = stored()
    wanted = [bodies[hook], *spoiled(bodies[hook], BODIES // 3)]

    answers, _slowest = post_all(client, hook, iter(wanted), lambda body: None)

    assert answers.keys() <= {401, 413}
    assert stored() == before


@pytest.mark.parametrize("hook", HOOKS)
def test_an_unsigned_body_never_breaks_the_hook_and_starts_nothing(
    client: Client, bodies: dict[str, bytes], hook: str, record_property: Callable[..., None]
) -> None:
    before = stored()

    answers, slowest = post_all(client, hook, spoiled(bodies[hook], BODIES), lambda body: None)

    record_property("p99_ms", round(slowest, 1))
    assert answers.keys() <= {200, 400, 413}
    if hook == "receipts":
        assert not changed_since(before)
    # What could be read as a message is kept, and doubt may stop: invariant 10 with rule 8.5.
    assert Consent.objects.get().state in {"granted", "withdrawn"}
    assert set(ServiceMessage.objects.values_list("kind", flat=True)) <= {
        "welcome",
        "stopped",
        "help",
    }


@pytest.mark.parametrize("hook", HOOKS)
def test_a_forged_signature_over_any_body_changes_nothing(
    client: Client, bodies: dict[str, bytes], hook: str
) -> None:
    chance, before = random.Random(2), stored()
    good = sign(bodies[hook], hook)

    def forge(body: bytes) -> str:
        spoiled_header = bytearray(good.encode())
        spoiled_header[chance.randrange(len(good))] = chance.randrange(33, 127)
        return spoiled_header.decode() if spoiled_header.decode() != good else "x"

    wanted = (bodies[hook] for _body in range(BODIES // 3))
    answers, _slowest = post_all(client, hook, wanted, forge)

    # A changed key name is a key that is not loaded: under this policy the same as no signature.
    assert answers.keys() <= {200, 401}
    if hook == "receipts":
        assert not changed_since(before)


def test_a_replay_acts_once_and_the_nonce_with_another_body_is_refused(
    client: Client, bodies: dict[str, bytes]
) -> None:
    header = sign(bodies["inbound"], "inbound")

    def post(body: bytes) -> int:
        return client.post(
            path_of("inbound"),
            body,
            content_type="application/json",
            headers={"X-ECDSA-Signature": header},
        ).status_code

    first, after = post(bodies["inbound"]), stored()
    again = [post(bodies["inbound"]) for _time in range(5)]

    assert (first, again) == (200, [200] * 5)
    assert stored() == after
    assert post(bodies["inbound"].replace(b"STOPP", b"START")) == 401


def test_a_stale_receipt_changes_nothing_but_is_asked_about(
    client: Client, bodies: dict[str, bytes]
) -> None:
    old = sign(bodies["receipts"], "receipts", at=int(time.time()) - 3600)

    answer = client.post(
        path_of("receipts"),
        bodies["receipts"],
        content_type="application/json",
        headers={"X-ECDSA-Signature": old},
    )

    assert answer.status_code == 200
    assert ServiceMessage.objects.get().state == "handed_over"
