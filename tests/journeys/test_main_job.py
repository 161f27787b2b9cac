"""The whole main job over plain HTTP, as people and colleagues do it: from sign-up to STOPP."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.installation import Installation, Visitor, eventually, running

NUMBER = "+4790000001"
SIGN_UP = "/nordlys/tilbud/"
CAMPAIGNS = "/staff/nordlys/campaigns/"
NEW = "/staff/nordlys/purposes/tilbud/campaigns/new/"


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """SQLite runs what a newcomer starts; PostgreSQL runs what production starts."""
    with running() as started:
        yield started


def write_and_send(installation: Installation, *, name: str, text: str) -> str:
    """Let the marketer write, another approve, and the marketer send. Return the campaign's address."""
    marketer, approver = installation.colleague("marked"), installation.colleague("godkjenner")
    address = str(marketer.send(NEW, {"name": name, "text": text}).url.path)
    act(marketer, address, "submit")
    act(approver, address, "approve")
    act(marketer, address, "start")
    eventually(lambda: badge(marketer, address) in {"Sendt", "Sent"}, "the campaign is sent")
    return address


def act(colleague: Visitor, address: str, verb: str) -> None:
    answer = colleague.send(f"{address}{verb}/", page=address)
    assert answer.status_code == 200, answer.text
    assert 'data-color="danger" role="alert"' not in answer.text


def badge(colleague: Visitor, address: str) -> str:
    found = re.search(r'class="ds-tag badge"[^>]*>([^<]+)<', colleague.open(address).text)
    assert found
    return unescape(found[1])


def sign_up(installation: Installation, number: str = "900 00 001") -> None:
    answer = installation.visitor().send(SIGN_UP, {"phone": number, "agree": "on"})
    assert answer.status_code == 200
    assert answer.url.path.endswith("/done/") or "done" in answer.url.path


def test_a_person_signs_up_confirms_gets_a_campaign_stops_and_never_gets_another(
    installation: Installation,
) -> None:
    sign_up(installation)
    asked = installation.wait_for_text(NUMBER, "JA")
    assert "Nordlys Sport" in asked

    installation.simulator.reply(NUMBER, "JA")
    eventually(lambda: len(installation.simulator.received(NUMBER)) == 2, "the receipt")

    write_and_send(
        installation, name="Skismøring", text="Alt av skismøring til halv pris på lørdag."
    )
    message = installation.wait_for_text(NUMBER, "halv pris")
    assert "STOPP" in message

    installation.simulator.reply(NUMBER, "Stopp!")
    eventually(lambda: len(installation.simulator.received(NUMBER)) == 4, "the acknowledgement")

    address = write_and_send(installation, name="Vår", text="Vårens nyheter er kommet i butikken.")
    audience = installation.colleague("marked").open(f"{address}audience/").text
    assert len(installation.simulator.received(NUMBER)) == 4
    assert "Have stopped" in audience or "Har stoppet" in audience
