"""The whole main job over plain HTTP, as people and colleagues do it: from sign-up to STOPP."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from consents import remanence
from smsconsent.phones import Phone
from tests import servers
from tests.installation import Installation, Visitor, eventually, running
from tests.settings import IS_POSTGRES

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


def code_sent_to(installation: Installation, number: str) -> str:
    found = re.search(r"\b\d{6}\b", installation.wait_for_text(number, "Koden din"))
    assert found
    return found[0]


def test_a_person_sees_pauses_stops_takes_along_and_erases_everything_alone(
    installation: Installation,
) -> None:
    number, person, page = "+4790000120", installation.visitor(), "/nordlys/me/"
    person.send(page, {"phone": "900 00 120"})
    mine = person.send(f"{page}code/", {"code": code_sent_to(installation, number)})
    consent = re.search(r"/me/(\d+)/stop/", mine.text)
    assert consent, mine.text

    paused = person.send(f"{page}{consent[1]}/pause/", {"pause": "week"}, page=page)
    assert "Pause til" in paused.text
    stopped = person.send(f"{page}{consent[1]}/stop/", page=page)
    assert "Stoppet." in stopped.text
    assert number in str(person.open(f"{page}everything.json").json()["sections"])

    erased = person.send(f"{page}erase/", page=page)

    assert "Alt om deg er slettet" in erased.text
    report = person.open(f"{erased.url.path}report.json").json()
    assert number not in str(report)
    assert 'name="phone"' in person.open(page).text
    officer = installation.colleague("personvern")
    found = officer.send("/staff/nordlys/numbers/", {"phone": "900 00 120"})
    assert "/numbers/" in str(found.url)
    assert "+47 ••• •• 120" not in found.text
    assert traces_of(installation, number) == {}
    assert number in str(installation.simulator.messages(number)), "outside it stands in plain"


def traces_of(installation: Installation, number: str) -> dict[str, set[str]]:
    """Return where the running product has written the number down, and how: logs, files, broker, cache."""
    logs = {name: started.log for name, started in installation.processes.items()}
    assert all(log.exists() for log in logs.values())
    stores = {f"log of {name}": remanence.in_files(log) for name, log in logs.items()}
    stores["files"] = remanence.in_files(Path(str(installation.variables["VAR"])))
    if IS_POSTGRES:
        stores["broker"] = remanence.in_files(servers.folder() / "valkey")
    looks = remanence.look(Phone(number), stores)
    assert sum(each.size for each in looks) > 1000
    return {each.store: each.spelt for each in looks if each.spelt}


def test_a_stranger_is_told_the_same_and_gets_nothing(installation: Installation) -> None:
    visitor = installation.visitor()

    shown = visitor.send("/nordlys/me/", {"phone": "900 00 998"})
    refused = visitor.send("/nordlys/me/code/", {"code": "123456"})

    assert "SMS med seks siffer" in shown.text
    assert refused.status_code == 422
    assert installation.simulator.received("+4790000998") == []
