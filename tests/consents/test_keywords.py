"""What an answer means: the table of the rules, and what must hold for any text at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consents.keywords import Intent, parse, read

OWN = frozenset({"SKI", "KLUBB"})
TABLE = {
    Intent.STOP: [
        "STOPP",
        "stopp",
        "STOPP.",
        "🛑 STOPP 🛑",
        "S T O P P",
        "STOP\u200b",
        "Stopp takk",
        "СТОП",
        "SKI STOPP",
        "KLUBBSTOPP",
        "STOPP ALT",
        "AVSLUTT nå",
        "meld av",
        "STOPP KAMPANJE",
        "START STOPP",
        "NEI STOPP",
        "Kan dere slutte å sende meg dette?",
        "ikke send mer",
        "Please take me off your list",
        "Nie chcę więcej",
        "slett meg",
        "STOOP",
        "STPP",
        "avmled",
        "🛑",
    ],
    Intent.NO: ["NEI", "Nei takk!", "Ei kiitos"],
    Intent.YES: [
        "JA",
        "ja takk :-)",
        "SKI JA",
        "Yes please",
        "JA\n> Svar JA for å bekrefte, eller STOPP",
    ],
    Intent.START: ["START", "SKI", "Meld meg på"],
    Intent.HELP: ["HJELP", "?", "INFO SKI"],
    Intent.HOLD: [
        "ikke stopp",
        "Please don't stop",
        "non-stop",
        "nonstop",
        "Er det busstopp utenfor?",
        "How do I unsubscribe?",
        "Hvordan melder jeg meg av?",
        "feil nummer",
        "Who is this?",
        "👎",
        "AV",
        "Nei, fortsett",
    ],
    Intent.OTHER: [
        "Likte «Siste sjanse! Svar STOPP for å melde deg av»",
        "OK",
        "👍",
        "Tak",
        "Ja, men bare på e-post",
        "Er dere på jobb i dag?",
        "",
    ],
}
STOP_WORDS = ("stop", "stopp", "stoppe", "unsubscribe", "avmeld", "avmelding", "slutt", "avslutt")
NOISE = st.sampled_from(["", " ", "!", ".", "!!", " 🛑", "\n", "\u200b", " takk", ", takk", " nå"])


@pytest.mark.parametrize(
    ("intent", "text"), [(intent, text) for intent, texts in TABLE.items() for text in texts]
)
def test_the_table_of_the_rules(intent: Intent, text: str) -> None:
    assert parse(text, keywords=OWN) is intent


@given(st.text(max_size=400))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert read(text, keywords=OWN).intent in Intent


@given(st.sampled_from(STOP_WORDS), NOISE, NOISE, st.randoms())
def test_a_stop_word_is_a_stop_however_it_is_typed(
    word: str, before: str, after: str, random: object
) -> None:
    typed = "".join(letter.upper() if random.random() < 0.5 else letter for letter in word)  # type: ignore[attr-defined]  # a Random

    assert parse(f"{before} {typed}{after}") is Intent.STOP


@given(st.sampled_from(STOP_WORDS[:3]), st.text("abcdefghijk ja,.!", max_size=60))
def test_a_text_with_a_stop_word_is_never_a_yes(word: str, rest: str) -> None:
    assert parse(f"ja {rest} {word}") is not Intent.YES
    assert parse(f"{word} {rest} ja") is not Intent.YES


@given(st.text(max_size=60))
def test_what_the_gateway_calls_a_stop_is_one(text: str) -> None:
    assert parse(text, flagged=True) is Intent.STOP


def test_a_stop_names_the_topic_unless_all_is_meant() -> None:
    assert read("SKI STOPP", keywords=OWN).topic is not None
    assert read("SKI STOPP ALT", keywords=OWN).topic is None
    assert read("STOPP", keywords=OWN).topic is None
    assert read("SKI KLUBB STOPP", keywords=OWN).topic is None


def test_a_stop_that_asks_for_deletion_says_so() -> None:
    assert read("slett meg").erase
    assert not read("STOPP").erase


def test_our_own_words_quoted_back_are_no_answer() -> None:
    ours = "Nordlys Sport: Halv pris på lørdag. Svar STOPP for å stoppe"

    assert parse(f"JA\n{ours}", ours=(ours,)) is Intent.YES
