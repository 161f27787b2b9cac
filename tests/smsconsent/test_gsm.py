"""GSM 03.38: what a text becomes, and what it costs."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smsutil import split

from smsconsent import gsm


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "normalised"),
    [
        ("æ" * 160, "gsm7", 1, None),
        ("€" * 80, "gsm7", 1, None),
        ("a" * 152 + "|" + "a" * 152, "gsm7", 3, None),
        ("ô" * 70, "ucs2", 1, None),
        ("😀" * 35, "ucs2", 1, None),
        ("a" * 152 + "ô", "ucs2", 3, None),
        ("“Hei” – nå… ring ‘oss’", "gsm7", 1, "\"Hei\" - nå... ring 'oss'"),
        ("Pris:\t1\u00a0000 kr", "gsm7", 1, "Pris: 1 000 kr"),
        ("Klikk\u200bher", "gsm7", 1, "Klikkher"),
        ("Fôrbutikken", "ucs2", 1, None),
        ("God jul ❤\ufe0f", "ucs2", 1, None),
        ("", "gsm7", 1, None),
        ("a" * 161, "gsm7", 2, None),
        ("a" * 306, "gsm7", 2, None),
        ("a" * 307, "gsm7", 3, None),
        ("ô" * 71, "ucs2", 2, None),
        ("ô" * 134, "ucs2", 2, None),
        ("ô" * 135, "ucs2", 3, None),
        ("a" * 159 + "€", "gsm7", 2, None),
        ("a" * 158 + "€", "gsm7", 1, None),
        ("a" * 69 + "😀", "ucs2", 2, None),
        ("ô" * 66 + "😀" + "ô" * 66, "ucs2", 3, None),
        ("Buorre beaivi, čáppa đuođđi ŋ š ŧ ž", "ucs2", 1, None),
        ("č" * 67 * 6, "ucs2", 6, None),
    ],
)
def test_the_table_of_the_rules(
    text: str, encoding: str, segments: int, normalised: str | None
) -> None:
    measure = gsm.measure(text)

    assert (measure.encoding, measure.segments) == (encoding, segments)
    assert measure.text == (normalised or text)


@pytest.mark.parametrize(
    ("text", "left"), [("a" * 160, 0), ("a" * 159, 1), ("a" * 161, 145), ("ô" * 70, 0), ("", 160)]
)
def test_what_is_left_of_the_last_part(text: str, left: int) -> None:
    assert gsm.measure(text).units_left == left


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("a\u030a \u2126 \u212b", "å Ω Å"),
        ("a\r\nb\rc\vd\fe\x85f\u2028g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh"),
        *[(f"a{space}b", "a b") for space in "\t\u00a0\u1680\u180e\u2000\u2009\u200a\u202f\u205f\u3000"],
        *[(f"a{gone}b", "ab") for gone in "\u00ad\u200b\u200e\u200f\u202a\u202e\u2064\u2066\u2069\ufeff"],
        *[(f"a{gone}b", "ab") for gone in "\x00\x08\x0e\x1b\x1f\x7f\x80\x9f"],
        *[(f"a{dash}b", "a-b") for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u2022\u00b7"],
        *[(f"a{quote}b", 'a"b') for quote in "\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033"],
        *[(f"a{quote}b", "a'b") for quote in "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u0060\u00b4\u02bc"],
        ("a\u2026b", "a...b"),
        ("a\u200cb\u200dc\ufe0fd\ufe00", "abcd"),
        ("č\u200db", "č\u200db"),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"),
        (" \n a  b\n\n c \n ", "a  b\n\n c"),
        ("ôčđŋšŧžÁá½²©®™µ°αω", "ôčđŋšŧžÁá½²©®™µ°αω"),
        # An accent meets its letter when what stood between them goes.
        ("a\u200b\u030a", "å"),
        ("a\u200d\u030a\u200d", "å"),
    ],
)  # fmt: skip
def test_each_rule_of_the_normaliser(text: str, normalised: str) -> None:
    assert gsm.normalise(text) == normalised
    assert gsm.normalise(normalised) == normalised


INVISIBLE = st.text("aôe😀\u200b\u200d\ufe0f\u030a\u0301\u0316\u00ad\n\t …“", max_size=40)


@given(st.text(max_size=400) | INVISIBLE)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = gsm.normalise(text)

    assert gsm.normalise(once) == once


@given(st.text("abc æøåÆØÅ€{}[]|~^\\ 0123456789\nô😀čđŋšŧžá", max_size=500))
def test_segments_agree_with_another_implementation(text: str) -> None:
    plain = gsm.measure(text)
    theirs = split(plain.text).parts

    assert plain.segments == max(1, len(theirs))
    assert "".join(part.content for part in theirs) == plain.text


FAMILY = "👨‍👩‍👧"  # three pairs of units, and two joiners
EDGES = [
    *[(char, 153 * part) for char in ("€", "|", "æ", "Ç", "\n€€") for part in (1, 2, 3)],
    *[(char, 160) for char in ("€", "~", "Å")],
    *[
        (char, 67 * part)
        for char in ("😀", FAMILY, "č", "ô", "🇳🇴", "❤\ufe0f")
        for part in (1, 2, 3)
    ],
    *[(char, 70) for char in ("😀", FAMILY, "č")],
]


@pytest.mark.parametrize(("char", "edge"), EDGES)
def test_at_the_edge_of_a_part_it_counts_to_the_letter(char: str, edge: int) -> None:
    filler = "x" if gsm.measure(char).encoding == "gsm7" else "ŋ"

    for before in range(edge - len(char) - 6, edge + 3):
        for after in (0, 1, 2, 200):
            measure = gsm.measure(filler * before + char + filler * after)
            theirs = split(measure.text)

            assert measure.segments == len(theirs.parts), (before, after)
            assert measure.encoding == ("gsm7" if theirs.encoding == "gsm0338" else "ucs2")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 159 + "€", 2),
        ("ŋ" * 70, 1),
        ("ŋ" * 71, 2),
        ("ŋ" * 69 + "😀", 2),
        ("ŋ" * 66 + "😀" + "ŋ" * 65, 2),
        # Twice 67 units, but the pair does not fit into what is left of the first part.
        ("ŋ" * 66 + "😀" + "ŋ" * 66, 3),
        ("ŋ" * 62 + FAMILY, 1),
        ("ŋ" * 63 + FAMILY, 2),
    ],
)
def test_one_more_unit_may_cost_one_more_part(text: str, parts: int) -> None:
    assert gsm.measure(text).segments == parts


@given(st.text(max_size=300))
def test_parts_never_hold_more_than_they_can(text: str) -> None:
    measure = gsm.measure(text)
    single, part = (160, 153) if measure.encoding == "gsm7" else (70, 67)
    most = single if measure.segments == 1 else part * measure.segments

    assert measure.units <= most
    assert measure.units_left >= 0


def test_the_editor_names_what_makes_it_dearer() -> None:
    assert gsm.offenders("Fôr og čai, fôr") == ("ô", "č")
    assert gsm.offenders("Blåbær – 30 %") == ()
    assert gsm.offenders("God jul ❤\ufe0f") == ("❤",)


def test_each_dear_character_has_its_own_price() -> None:
    text = "a" * 80 + "ô" + "😀" * 30

    assert gsm.price_of("ô", text) == 1
    assert gsm.price_of("😀", text) == 2
    assert gsm.price_of("ô", "Fôr") == 0


def test_what_normalising_changed_is_told() -> None:
    assert gsm.changes("“Hei” – nå…\tda\u00adg") == (
        ("“", '"'), ("”", '"'), ("–", "-"), ("…", "..."), ("\t", " "), ("\u00ad", ""),
    )  # fmt: skip
    assert gsm.changes("Blåbær: 30 %\n👩\u200d👩") == ()
    assert gsm.changes("a\u200db") == (("\u200d", ""),)


def test_what_nobody_sees_is_not_told_as_a_change() -> None:
    assert gsm.changes("Cafe\u0301 pa\u030a tunet\r\nVelkommen") == ()
    assert gsm.changes("a\u200b\u030a") == (("\u200b", ""),)


@given(st.text("abå€“–…ô\u0301\u030a\u200b\t\r\n😀", max_size=60))
def test_a_text_in_which_nothing_changes_is_sent_as_it_was_written(text: str) -> None:
    sent = gsm.normalise(text)

    assert gsm.changes(sent) == ()


LENGTHS = (66, 67, 68, 70, 71, 133, 134, 135, 152, 153, 154, 159, 160, 161, 305, 306, 307)


@given(st.sampled_from(LENGTHS), st.randoms(use_true_random=False))
def test_near_each_edge_segments_agree_with_another_implementation(
    length: int, dice: random.Random
) -> None:
    letters = dice.choice(["abæÅ€{^~\n|", "aŋčđ😀", "aé€😀🇳🇴\u200d\ufe0fž"])
    text = gsm.normalise("".join(dice.choice(letters) for _ in range(length)))

    assert gsm.measure(text).segments == max(1, len(split(text).parts))


def test_a_character_that_nobody_sees_has_a_number() -> None:
    assert [gsm.name_of(char) for char in "ô\u00a0\u200b\t"] == ["ô", "U+00A0", "U+200B", "U+0009"]
