"""What an answer means, rule by rule: how a text is prepared, and which rule decides."""

from collections import Counter

import pytest

from consents import keywords, reading
from consents.housewords import house_words
from consents.keywords import Intent, Reading, parse, read
from consents.phrases import Entry
from tests.consents.ordinary_replies import ORDINARY

OWN = frozenset({"SKI", "KLUBB", "BUSS"})
OURS = "Nordlys Sport: Halv pris på alt i helgen. Svar STOPP for å stoppe"
STOP, HOLD, OTHER = Intent.STOP, Intent.HOLD, Intent.OTHER
YES, NO, START, HELP = Intent.YES, Intent.NO, Intent.START, Intent.HELP

RULES = {
    "1: apostrophes, compatible forms, invisible and control characters": [
        (STOP, "ST’OPP"),
        (STOP, "dont send"),
        (STOP, "don't send"),
        (STOP, "don´t send"),
        (STOP, "don`t send"),
        (HOLD, "who’s this"),
        (STOP, "ＳＴＯＰＰ"),
        (STOP, "𝐒𝐓𝐎𝐏"),
        (STOP, "Ⓢⓣⓞⓟ"),
        (STOP, "ST\u00adOP"),
        (STOP, "S\u200bT\u200cO\u200dP"),
        (STOP, "ST\u2060O\ufeffP"),
        (STOP, "STOP\ufe0f"),
        (STOP, "ST\x00OP\x07"),
        (STOP, "meld\tav"),
        (STOP, "meld\vav"),
        (STOP, "STOPP\u2028mvh Ola"),
    ],
    "1: question marks only": [
        (HELP, "?"),
        (HELP, "???"),
        (HELP, " ? ?\n?"),
        (HELP, "？"),
        (OTHER, "?!"),
        (OTHER, ""),
        (OTHER, " \n\t"),
        (OTHER, "\u200b"),
    ],
    "2: reactions": [
        (OTHER, "Likte «STOPP»"),
        (OTHER, "Loved “reply STOP”"),
        (OTHER, "👍 «stopp»"),
        (OTHER, "❤️ to “stopp”"),
        (OTHER, "👍🏽 “stopp”"),
        (OTHER, "Likte „stopp”"),
        (OTHER, "Likte »stopp«"),
        (OTHER, 'Likte "stopp"'),
        (OTHER, "Likte: «stopp»"),
        (OTHER, "Likte «svar STOPP"),
        (OTHER, "Likte “svar STOPP"),
        (OTHER, "Likte „svar STOPP"),
        (OTHER, "Reagerte 😂 på en melding «stopp»"),
        (STOP, 'Likte "svar STOPP'),
        (STOP, "Likte ”svar STOPP"),
        (STOP, "Likte en to tre fire fem seks «stopp»"),
        (STOP, "Svar «stopp»"),
        (STOP, '- "stopp"'),
        (STOP, "(«stopp»)"),
        (STOP, "Likte «den» stopp"),
    ],
    "3: what somebody else wrote": [
        (YES, "JA\n> Svar STOPP for å stoppe"),
        (YES, "JA\n  > STOPP"),
        (YES, "JA\r\n> STOPP\r\n> STOPP"),
        (YES, "JA «Svar JA eller STOPP nå»"),
        (YES, "JA “Svar JA eller STOPP"),
        (STOP, 'JA "Svar JA eller STOPP'),
        (STOP, "JA «eller bare STOPP»"),
        (STOP, "«Stopp å sende meg dette»."),
        (STOP, "> STOPP"),
        (STOP, '20" skjerm, slutt å sende meg dette'),
        (OTHER, "«Stopp å sende meg dette» 😂"),
    ],
    "4: only emoji or signs": [
        (STOP, "🛑"),
        (STOP, "✋🏿"),
        (STOP, "👎 🚫"),
        (STOP, "⛔️!!"),
        (HOLD, "👎🏻"),
        (OTHER, "👍"),
        (OTHER, "❤️"),
        (OTHER, ":-)"),
        (OTHER, "___"),
    ],
    "5: folding, runs, clauses, words": [
        (STOP, "STÖPP"),
        (STOP, "stòp"),
        (STOP, "ŠTOPP"),
        (STOP, "S\u0336T\u0336O\u0336P\u0336"),
        (STOP, "STOOOOOPPPPP"),
        (STOP, "sssstoppp"),
        (STOP, "avmęld"),
        (NO, "NEEEEI"),
        (YES, "jaaaa!!!"),
        (STOP, "ikke, stopp"),
        (STOP, "ikke!\nstopp"),
        (HOLD, "ikke (stopp)"),
        (STOP, "STOPP/"),
        (STOP, "_STOPP_"),
    ],
    "6: other alphabets": [
        (STOP, "стоп"),
        (STOP, "ѕtорр"),
        (STOP, "STΟΡ"),
        (NO, "нет"),
        (NO, "Ні"),
        (YES, "Да"),
        (YES, "так"),
        (OTHER, "ТAК"),
        (START, "Старт"),
        (HELP, "Допомога"),
        (HOLD, "пожалуйста хватит"),
        (HOLD, "請不要再傳"),
        (HOLD, "توقف"),
        (OTHER, "Hei, хорошо"),
    ],
    "7: spelled out and written together": [
        (STOP, "S T O P P"),
        (STOP, "s.t.o.p"),
        (STOP, "S-T-O-P-P!"),
        (STOP, "С Т О П"),
        (STOP, "Ѕ Т О Р"),
        (STOP, "vennligst s t o p"),
        (STOP, "KLUBBSTOPP"),
        (STOP, "stoppski"),
        (STOP, "SKISTOP"),
        (STOP, "BUSSSTOPP"),
        (YES, "SKIJA"),
        (YES, "jaklubb"),
        (OTHER, "S T"),
    ],
    "8 and 9: own keywords, signatures, sign-offs, polite words": [
        (START, "SKI"),
        (START, "Hei! Klubb takk"),
        (YES, "ja SKI"),
        (OTHER, "hei hei takk"),
        (OTHER, "mvh Ola"),
        (YES, "JA\nMed vennlig hilsen\nOla Nordmann"),
        (YES, "JA mvh Ola"),
        (YES, "Ja\n\nSendt fra min iPhone"),
        (YES, "Sent from my Galaxy\nja"),
        (NO, "Nej\nSkickat från min iPhone"),
        (STOP, "STOPP\nHent Outlook for Android"),
        (YES, "Ja\nGet Outlook for Android"),
        (STOP, "avslutt\nGet Outlook for Android"),
        (OTHER, "Ja ses\nSendt fra min iPhone"),
        (STOP, "Hei\nmvh Ola\nSTOPP"),
        (STOP, "JA\nmvh Ola\nSTOPP"),
        (HOLD, "SKI 🛑"),
        (HOLD, "Takk 👎"),
    ],
    "A: a question is never an automatic stop": [
        (HOLD, "Hvordan stopp"),
        (HOLD, "Hei, hvor svarer jeg STOPP"),
        (HOLD, "Hvorfor sender dere, jeg vil ikke ha"),
        (HOLD, "hva er dette 👎"),
        (HOLD, "Hvem er dere"),
        (OTHER, "Hvor ligger butikken"),
        (OTHER, "Hva koster det"),
    ],
    "B: nothing else is said": [
        (STOP, "stopp alle meldinger"),
        (STOP, "STOPP SMS"),
        (STOP, "Stopp denne reklamen takk"),
        (STOP, "fjern meg"),
        (STOP, "meld av alt"),
        (STOP, "ikke mer"),
        (STOP, "ikke mer reklame"),
        (STOP, "opt out"),
        (STOP, "STOPP?"),
        (NO, "nei takk"),
        (NO, "NEI 🛑"),
        (HELP, "hjelp meg"),
        (HELP, "HELP 👎"),
        (YES, "Jeg samtykker"),
        (HOLD, "JA 🛑"),
        (HOLD, "JA 👎"),
        (HOLD, "JA 🖕"),
        (OTHER, "Ja?"),
        (OTHER, "Yes please?!"),
        (HOLD, "START ⛔"),
        (OTHER, "ja dette"),
        (OTHER, "ja sms"),
        (OTHER, "ja 12"),
        (OTHER, "start nå med sms"),
        (OTHER, "jo"),
        (OTHER, "ok"),
        (OTHER, "👍"),
        (OTHER, "tak"),
        (START, "bli med"),
        (START, "Sign me up please"),
    ],
    "C: a stop inside a text": [
        (STOP, "Stopp, jeg har sagt fra før"),
        (STOP, "Jeg har sagt fra før, stopp"),
        (STOP, "Dette er bare mas stopp nå takk"),
        (STOP, "Vil dere la meg være i fred"),
        (STOP, "Jeg trekker samtykket mitt"),
        (STOP, "Kan dere ta meg av listen"),
        (HOLD, "Kan dere ta meg av. Listen, altså"),
        (HOLD, "Jeg tror stopp er ordet"),
        (STOP, "stopp mvh Ola"),
        (STOP, "noe annet stopp mvh Ola Nordmann"),
        (OTHER, "Ta kontakt, ikke mer om det"),
        (STOP, "Älä lähetä"),
        (STOP, "sluta skicka sms"),
        (STOP, "Hold op med det der"),
        (STOP, "usuń mnie z listy"),
    ],
    "C: one slip of the finger": [
        (STOP, "sotpp"),
        (STOP, "stoppp"),
        (STOP, "stip"),
        (STOP, "stoopp"),
        (STOP, "st0pp"),
        (STOP, "tsopp sms"),
        (STOP, "unsubscibe"),
        (STOP, "afmedl"),
        (STOP, "avregistera"),
        (OTHER, "topp"),
        (OTHER, "shop"),
        (OTHER, "anmelde"),
        (OTHER, "sto"),
        (OTHER, "stp"),
        (OTHER, "lopets"),
        (OTHER, "stoop er fint"),
    ],
    "C: negation": [
        (HOLD, "ikke stopp"),
        (HOLD, "dere må ikke for all del stopp"),
        (HOLD, "stopp ikke"),
        (HOLD, "jeg vil ikke slutte med dette"),
        (HOLD, "never stop"),
        (HOLD, "Vær så snill, ikke slett meg"),
        (STOP, "ikke send, stopp"),
        (STOP, "stopp ikke send mer"),
        (STOP, "ikke send stopp"),
        (STOP, "Jeg er ikke hjemme. Stopp"),
        (STOP, "slutt å sende ikke vent"),
    ],
    "D: doubt holds": [
        (HOLD, "nonstop"),
        (HOLD, "nå stopper det"),
        (HOLD, "kan jeg avmelde en annen"),
        (HOLD, "dette er spam"),
        (HOLD, "jeg klager til datatilsynet"),
        (HOLD, "feil nummer her"),
        (HOLD, "av"),
        (HOLD, "OFF"),
        (HOLD, "nei det vil jeg ha mer av"),
        (HOLD, "det vil jeg nei"),
        (HOLD, "fint 👎"),
        (HOLD, "fint 🛑"),
        (OTHER, "av og til"),
        (OTHER, "det nei vil jeg"),
    ],
}


@pytest.mark.parametrize(
    ("rule", "intent", "text"),
    [(rule, intent, text) for rule, rows in RULES.items() for intent, text in rows],
)
def test_each_rule(rule: str, intent: Intent, text: str) -> None:
    assert parse(text, keywords=OWN) is intent, rule


@pytest.mark.parametrize("entry", sorted(" ".join(e) for e in reading.STOP))
def test_each_word_of_the_stop_lists_is_a_certain_stop(entry: str) -> None:
    assert read(entry.upper()) == Reading(STOP, True, None, entry.startswith(("slet", "rader")))


@pytest.mark.parametrize("entry", sorted(" ".join(e) for e in reading.STOP_PHRASE))
def test_each_phrase_is_a_stop_inside_a_sentence(entry: str) -> None:
    assert parse(f"Kjære dere, {entry} herfra og ut") is STOP


@pytest.mark.parametrize(
    ("entries", "intent"),
    [(reading.NO, NO), (reading.YES, YES), (reading.START, START), (reading.HELP, HELP)],
)
def test_each_word_of_the_other_lists(entries: frozenset[Entry], intent: Intent) -> None:
    assert {parse(" ".join(entry)) for entry in entries} == {intent}


def test_twenty_characters_of_ours_are_not_the_persons_own() -> None:
    piece = OURS[-22:]

    assert parse(f"JA {piece[:20]}", ours=(OURS,)) is YES
    assert parse(f"JA {piece[:19]}", ours=(OURS,)) is not YES
    assert parse(f"JA\n{OURS}\n", ours=("Noe annet", OURS)) is YES


def test_a_stop_is_heard_beside_our_own_words() -> None:
    assert parse(f"STOPP\n{OURS}", ours=(OURS,)) is STOP
    assert parse(f"{OURS}\nSTOPP", ours=(OURS,)) is STOP


def test_our_own_words_alone_are_read_as_they_stand() -> None:
    assert parse(OURS, ours=(OURS,)) is STOP


def test_only_a_stop_that_says_nothing_else_is_certain() -> None:
    assert read("STOPP sms takk").certain
    assert not read("Jeg har sagt stopp").certain
    assert not read("🛑").certain
    assert not read("stoop").certain
    assert not read("JA").certain


@pytest.mark.parametrize("text", ["JA", "", "👍", "?", "Likte «STOPP»", "хорошо", "ikke stopp"])
def test_the_gateways_flag_makes_anything_a_stop(text: str) -> None:
    assert read(text, flagged=True) == Reading(STOP)
    assert parse(text, flagged=False) is parse(text) is parse(text, flagged=None)


def test_the_gateways_flag_keeps_what_was_read() -> None:
    assert read("STOPP", flagged=True).certain
    assert read("SKI hva", keywords=OWN, flagged=True) == Reading(STOP, False, "SKI")
    assert read("kan noen slette dette for meg", flagged=True).erase


@pytest.mark.parametrize("text", ["slett meg", "STOPP og slett alt", "delete my data", "slet mig"])
def test_a_stop_that_asks_for_deletion_says_so(text: str) -> None:
    assert read(text).erase


def test_the_topic_is_written_as_its_owner_writes_it() -> None:
    assert read("ski stopp", keywords=OWN).topic == "SKI"
    assert read("stoppklubb", keywords=OWN).topic == "KLUBB"
    assert read("buss-stopp", keywords=OWN).topic == "BUSS"
    assert read("SKI STOPP ALLE", keywords=OWN).topic is None
    assert read("СКИ СТОП", keywords={"СКИ"}).topic == "СКИ"


@pytest.mark.parametrize("keyword", ["STOPP", "stop", "P", "E", ""])
def test_a_keyword_never_hides_a_stop(keyword: str) -> None:
    assert read("STOPP", keywords={keyword}) == Reading(STOP, True)
    assert read("STOPPE", keywords={keyword}) == Reading(STOP, True)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [("JA", "ja"), ("NEI", "Nei takk"), ("HJELP", "hjelp"), ("IKKE", "ikke send mer")],
)
def test_a_keyword_takes_no_meaning_from_an_answer(keyword: str, text: str) -> None:
    assert read(text, keywords={keyword}) == read(text)


@pytest.mark.parametrize(
    "word", ["SKI", "KLUBB", "TILBUD", "BÅT", "MEDLEM", "KUNDEKLUBB", "GOLF2027"]
)
def test_a_word_that_means_nothing_yet_can_be_a_keyword(word: str) -> None:
    assert keywords.can_be_topic(word)


@pytest.mark.parametrize(
    "word",
    [
        "STOPP",
        "STOPPESTED",
        "SLUTT",
        "AVMELD",
        "NEI",
        "JA",
        "HJELP",
        "INFO",
        "START",
        "TAKK",
        "IKKE",
        "MEG",
        "SEND",
        "INGEN",
        "FERDIG",
    ],
)
def test_a_word_that_people_stop_or_answer_with_cannot_be_a_keyword(word: str) -> None:
    assert not keywords.can_be_topic(word, house=house_words(stop="Ferdig"))


def test_of_ordinary_replies_none_is_a_stop_and_few_hold_a_number() -> None:
    read_as = Counter(parse(text, keywords=OWN) for text in set(ORDINARY))

    assert read_as.total() > 500
    assert read_as[STOP] == 0
    assert read_as[HOLD] <= read_as.total() * 0.08


@pytest.mark.parametrize(
    "text", ["Stoppested?", "stoppeklokke", "Stoppskilt", "stoppet", "Stoppuhr"]
)
def test_a_word_that_only_begins_like_a_stop_holds(text: str) -> None:
    assert parse(text) is Intent.HOLD
