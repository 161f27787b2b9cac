"""An organisation's own words: they add ways to stop, and never take one away."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from consents import keywords, reading, services
from consents.housewords import HouseWords, house_words
from consents.incoming import open_incoming
from consents.keywords import Intent, Reading, parse
from consents.models import Consent, InboundMessage, Organisation, ServiceMessage
from consents.services import Objection
from tests.consents.test_receiving import receive
from tests.make import (
    NOON,
    SHORT_NUMBER,
    make_consent,
    make_organisation,
    make_purpose,
    make_user,
    phone,
)

STOP, HELP, START = Intent.STOP, Intent.HELP, Intent.START
HOUSE = house_words(stop="Ferdig\nNok er nok\nхватит", help="Vakt", start="Ønskelista\nHei klubben")


# -- what they mean ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("ferdig", STOP),
        ("FERDIG!", STOP),
        ("Hei, ferdig takk", STOP),
        ("ferdig med alle sms", STOP),
        ("SKI ferdig", STOP),
        ("F E R D I G", STOP),
        ("Хватит", STOP),
        ("Nok er nok", STOP),
        ("Nå er nok er nok, sier jeg", STOP),
        ("Ikke nok er nok", Intent.HOLD),
        ("Jeg er ferdig", Intent.HOLD),
        ("Ferdig med jobben kl 16, kommer da", Intent.HOLD),
        ("Er ferdig bygget", Intent.OTHER),
        ("vakt", HELP),
        ("Hvem har vakt", Intent.OTHER),
        ("ØNSKELISTA", START),
        ("onskelista", START),
        ("klubben", START),
        ("ønskelista stopp", STOP),
        ("ønskelista 🛑", Intent.HOLD),
        ("ønskelista nå med sko", Intent.OTHER),
        ("Likte «ferdig»", Intent.OTHER),
    ],
)
def test_an_own_word_means_what_its_organisation_says(text: str, intent: Intent) -> None:
    assert parse(text, keywords={"SKI"}, house=HOUSE) is intent


def test_an_own_stop_alone_is_a_certain_one() -> None:
    assert keywords.read("ferdig", house=HOUSE) == Reading(STOP, True)
    assert not keywords.read("nå er nok er nok", house=HOUSE).certain


def test_an_own_stop_wins_over_a_keyword() -> None:
    assert parse("ferdig", keywords={"FERDIG"}, house=HOUSE) is STOP


def test_no_own_word_takes_a_stop_away() -> None:
    for entry in (" ".join(each) for each in reading.STOP | reading.STOP_PHRASE):
        words = f"{entry}\nskiklubben {entry}\n{entry} ja"

        assert house_words(help=words, start=words) == HouseWords()
        assert parse(entry, house=house_words(start=entry, help=entry, stop="ja")) is parse(entry)


# -- which words may be one ---------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "word", "objection"),
    [
        (START, "stopp", Objection.STOPS),
        (START, "bli med eller slutt", Objection.STOPS),
        (START, "klubbstoppen", Objection.STOPS),
        (START, "ŠTÖP nå", Objection.ALPHABET),
        (START, "sluttt", Objection.STOPS),
        (START, "slytt", Objection.STOPS),
        (START, "kansel", None),
        (START, "nei til bom", Objection.STOPS),
        (START, "parar", Objection.STOPS),
        (START, "Ferdig", Objection.STOPS),
        (START, "Ferdik", Objection.STOPS),
        (START, "ja", Objection.OTHERWISE),
        (START, "info", Objection.OTHERWISE),
        (START, "Bli med", Objection.ALREADY),
        (START, "takk", Objection.EMPTY),
        (START, "!!", Objection.EMPTY),
        (START, "2026", Objection.EMPTY),
        (START, "SKI tur", Objection.KEYWORD),
        (START, "x" * 41, Objection.LONG),
        (START, "Ønskelista", None),
        (HELP, "avmelding", Objection.STOPS),
        (HELP, "vakt", None),
        (STOP, "ja", Objection.OTHERWISE),
        (STOP, "START", Objection.OTHERWISE),
        (STOP, "stans", Objection.ALREADY),
        (STOP, "ski", Objection.KEYWORD),
        (STOP, "FÉRDIG", Objection.TWICE),
        (STOP, "heaittán", None),
    ],
)
def test_a_word_is_refused_for_what_it_could_undo(
    kind: Intent, word: str, objection: Objection | None
) -> None:
    organisation = make_purpose(keyword="SKI").organisation
    words = {STOP: "ferdig"}
    words[kind] = f"{words.get(kind, '')}\n{word}"

    assert refused(organisation, words) == ([objection] if objection else [])


def refused(organisation: Organisation, words: dict[Intent, str]) -> list[Objection]:
    try:
        services.set_house_words(organisation, words, by=make_user())
    except services.WordsRefused as error:
        return [problem.objection for problem in error.problems]
    return []


@pytest.mark.django_db
def test_there_are_at_most_twenty() -> None:
    organisation = make_organisation()

    assert refused(organisation, {STOP: "\n".join(f"ord{n}" for n in range(20))}) == []
    assert refused(organisation, {STOP: "\n".join(f"ord{n}" for n in range(21))}) == [
        Objection.MANY
    ]


@pytest.mark.django_db
def test_a_change_is_logged_with_before_and_after() -> None:
    organisation, officer = make_organisation(), make_user()
    services.set_house_words(organisation, {STOP: "ferdig"}, by=officer)

    assert services.set_house_words(organisation, {STOP: "ferdig\nute"}, by=officer)
    assert not services.set_house_words(organisation, {STOP: "ferdig\nute"}, by=officer)

    last = LogEntry.objects.latest("pk")
    assert (last.user, last.change_message) == (officer, "stop_words: ferdig → ferdig, ute")


# -- what they do -------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_an_own_stop_withdraws_and_is_answered() -> None:
    purpose = make_purpose(make_organisation(stop_words="ferdig"))
    consent = make_consent("granted", purpose=purpose)

    receive("Ferdig")

    consent.refresh_from_db()
    assert consent.state == Consent.State.WITHDRAWN
    assert ServiceMessage.objects.get().kind == ServiceMessage.Kind.STOPPED


@pytest.mark.django_db
def test_an_own_start_asks_first() -> None:
    make_purpose(make_organisation(start_words="ønskelista"))

    receive("Ønskelista")

    assert Consent.objects.get().state == Consent.State.PENDING


@pytest.mark.django_db
def test_at_a_shared_number_a_stop_of_one_stops_all_and_a_start_of_one_starts_nothing() -> None:
    make_purpose(make_organisation(stop_words="ferdig", start_words="ønskelista"))
    other = make_consent("granted", purpose=make_purpose(make_organisation()))

    receive("ønskelista", number=2)
    receive("ferdig")

    other.refresh_from_db()
    assert other.state == Consent.State.WITHDRAWN
    assert Consent.objects.count() == 1


@pytest.mark.django_db
def test_own_words_cost_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_purpose(make_organisation(stop_words="ferdig"))
    message = InboundMessage(recipient=SHORT_NUMBER, text="?", received_at=NOON)
    incoming = open_incoming(message, phone(), now=NOON)

    with django_assert_num_queries(0):
        assert incoming.house_words.stop


# -- the page ------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_page_keeps_words_and_says_what_is_wrong_with_one(client: Client) -> None:
    organisation = make_organisation()
    client.force_login(make_user("administrator", organisation))
    path = reverse("people:words", args=[organisation.slug])

    kept = client.post(path, {"stop": "Ferdig", "help": "", "start": ""}, follow=True)
    wrong = client.post(path, {"stop": "", "help": "", "start": "<b>stopp"})

    organisation.refresh_from_db()
    assert organisation.stop_words == "Ferdig"
    assert "Ferdig</textarea>" in kept.content.decode()
    assert wrong.status_code == 422
    assert "&lt;b&gt;stopp" in wrong.content.decode()
