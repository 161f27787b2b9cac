"""What the simulator imitates (strex.md § 11) beside reports: text, guard, priority, life, keywords."""

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.gateways.ear import Ear, let_pass, listening
from tests.make import SHORT_NUMBER, phone
from tests.simulator import Simulator, start_simulator

NUMBER = phone().e164


@pytest.fixture
def api(simulator: Simulator) -> Iterator[httpx2.Client]:
    headers = {"X-ApiKey": simulator.api_key}
    with httpx2.Client(base_url=f"{simulator.url}/api/", headers=headers, timeout=20) as client:
        yield client


def post(api: httpx2.Client, **values: Any) -> str:
    """Post one message, which must be taken, and return its id."""
    fields = {
        "transactionId": str(uuid4()),
        "sender": "26112",
        "recipient": NUMBER,
        "content": "Hei",
    }
    answer = api.post("out-messages", json=fields | values)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(fields["transactionId"])
    return str(fields["transactionId"])


def end_of(api: httpx2.Client, message_id: str) -> tuple[str, str]:
    found = api.get(f"out-messages/{message_id}").json()
    return found["statusCode"], found["detailedStatusCode"]


@pytest.mark.parametrize(
    "values",
    [
        {"sender": ""},
        {"recipient": "90000001"},
        {"timeToLive": 4},
        {"timeToLive": 1441},
        {"priority": "Urgent"},
        {"deliveryMode": "Twice"},
        {"sender": "Fjordsportklubb"},
    ],
    ids=str,
)
def test_a_bad_message_is_refused_alone_and_rejected_by_receipt_in_a_batch(
    api: httpx2.Client, simulator: Simulator, values: dict[str, Any]
) -> None:
    bad = {"transactionId": "bad", "sender": "26112", "recipient": NUMBER, "content": "x"} | values

    alone = api.post("out-messages", json=bad)
    batch = api.post("out-messages/batch", json=[bad])
    let_pass(simulator, 5)

    assert alone.status_code == 400
    assert alone.json()["Message"]
    assert (batch.status_code, batch.content) == (201, b"")
    assert end_of(api, "bad") == ("Failed", "Rejected")


@pytest.mark.parametrize(
    ("allowed", "switches", "arrives"),
    [
        (True, {}, "Skål 🎿"),
        (None, {}, "Skål ?"),
        (None, {"null_unicode": "ucs2"}, "Skål 🎿"),
    ],
)
def test_what_becomes_of_a_text_that_is_not_gsm(
    api: httpx2.Client,
    simulator: Simulator,
    allowed: bool | None,
    switches: dict[str, str],
    arrives: str,
) -> None:
    simulator.set("switches", switches)

    post(api, content="Skål 🎿", allowUnicode=allowed)
    let_pass(simulator, 5)

    assert simulator.received(NUMBER) == [arrives]


# What a replacement would make GSM is not GSM either (strex.md § 7).
@pytest.mark.parametrize("content", ["🎿", "Halv – pris"])
def test_a_text_that_may_not_be_unicode_is_refused_by_receipt_or_at_once(
    api: httpx2.Client, simulator: Simulator, content: str
) -> None:
    refused = post(api, content=content, allowUnicode=False)
    let_pass(simulator, 5)
    simulator.set("switches", {"non_gsm": "400"})
    fields = {"sender": "26112", "recipient": NUMBER, "content": content, "allowUnicode": False}

    assert end_of(api, refused) == ("Failed", "Rejected")
    assert api.post("out-messages", json=fields).status_code == 400


@pytest.mark.parametrize(
    ("stopped", "same_number", "end"),
    [
        ("recipient", True, "Stopped"),
        ("recipient", False, "Delivered"),
        ("content", False, "Stopped"),
        ("off", True, "Delivered"),
    ],
)
def test_the_hundred_and_first_identical_message_is_stopped(
    api: httpx2.Client, simulator: Simulator, stopped: str, same_number: bool, end: str
) -> None:
    simulator.set("switches", {"stopped": stopped})
    batch = [
        {
            "transactionId": f"m{number}",
            "sender": "26112",
            "recipient": NUMBER if same_number else f"+479001{number:04}",
            "content": "Det samme",
        }
        for number in range(101)
    ]
    api.post("out-messages/batch", json=batch)
    let_pass(simulator, 10)

    assert end_of(api, "m99")[1] == "Delivered"
    assert end_of(api, "m100")[1] == end


def test_a_phone_that_is_off_until_the_end_of_the_life_never_gets_it(
    api: httpx2.Client, simulator: Simulator
) -> None:
    simulator.set(f"numbers/{NUMBER}", {"off": True})
    short, long = post(api, timeToLive=5), post(api, content="Lenge", timeToLive=60)

    let_pass(simulator, 6 * 60)
    simulator.set(f"numbers/{NUMBER}", {"off": False})
    let_pass(simulator, 5)

    assert end_of(api, short) == ("Failed", "Expired")
    assert end_of(api, long) == ("Ok", "Delivered")
    assert simulator.received(NUMBER) == ["Lenge"]


def test_tags_and_properties_come_back_with_the_report(
    api: httpx2.Client, simulator: Simulator
) -> None:
    given = {"tags": ["c1"], "properties": {"team": "ski"}}
    with listening() as ear:
        post(api, deliveryReportUrl=f"{ear.url}/receipts/", **given)
        [heard] = ear.wait_for(1)

    report = json.loads(heard.body)

    assert {name: report[name] for name in given} == given


def test_what_is_urgent_overtakes(api: httpx2.Client, simulator: Simulator) -> None:
    simulator.set("switches", {"messages_per_second": 1.0, "queued_seconds": 5.0})
    for content, priority in (("sist", "Low"), ("midt", "Normal"), ("først", "High")):
        post(api, content=content, priority=priority)

    let_pass(simulator, 60)

    assert simulator.received(NUMBER) == ["først", "midt", "sist"]


@pytest.mark.parametrize(
    ("mode", "word", "text", "found"),
    [
        ("Exact", "SKI", "ski stopp", True),
        ("Exact", "SKI", "skitur", False),
        ("Startswith", "SKI", "Skitur i dag", True),
        ("Wildcard", "JA #####", "ja 48213", True),
        ("Wildcard", "JA #####", "ja takk", False),
        ("Regex", "^(ja|nei)$", "NEI", True),
    ],
)
def test_keywords_decide_which_message_comes_to_us(
    api: httpx2.Client,
    simulator: Simulator,
    mode: str,
    word: str,
    text: str,
    *,
    found: bool,
) -> None:
    with listening() as ear:
        register(api, ear, mode=mode, keywordText=word, customProperties={"team": "ski"})
        entry = simulator.set(
            # A dialogue number behind the short number: an answer needs no keyword of its own.
            "in-messages",
            {"sender": NUMBER, "recipient": SHORT_NUMBER + "0042", "content": text},
        )
        if found:
            [heard] = ear.wait_for(1)
            assert json.loads(heard.body)["properties"] == {"team": "ski"}
        else:
            assert entry["status"] == "nowhere"


def register(api: httpx2.Client, ear: Ear, **values: Any) -> None:
    fields = {"shortNumberId": f"NO-{SHORT_NUMBER}", "forwardUrl": f"{ear.url}/in/"} | values
    assert api.post("keywords", json=fields).status_code == 201


def test_ten_thousand_are_taken_at_once_and_one_more_is_refused(
    api: httpx2.Client, simulator: Simulator
) -> None:
    batch = [
        {
            "transactionId": f"m{number}",
            "sender": "26112",
            "recipient": f"+479{number:07}",
            "content": "Hei",
        }
        for number in range(10_001)
    ]
    content = json.dumps(batch[:-1]).encode()

    assert api.post("out-messages/batch", json=batch).status_code == 400
    started_at = time.monotonic()
    answer = api.post("out-messages/batch", content=content)

    assert answer.status_code == 201
    # Under a second on a machine of one's own; this one may be shared.
    assert time.monotonic() - started_at < 5


def test_it_ends_without_an_error_while_somebody_is_connected() -> None:
    with start_simulator() as simulator, httpx2.Client(base_url=simulator.url) as client:
        assert client.get("/handset/").status_code == 200

        simulator.process.process.terminate()
        code = simulator.process.process.wait(20)

        said = simulator.process.log.read_text(encoding="utf-8")
    assert code == 0
    assert "Traceback" not in said
