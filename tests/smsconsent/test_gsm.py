"""GSM 03.38: what a text becomes, and what it costs."""

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


@given(st.text(max_size=400))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = gsm.normalise(text)

    assert gsm.normalise(once) == once


@given(st.text("abc æøåÆØÅ€{}[]|~^\\ 0123456789\nô😀č", max_size=500))
def test_segments_agree_with_another_implementation(text: str) -> None:
    plain = gsm.measure(text)
    expected = len(split(plain.text).parts)

    assert plain.segments == max(1, expected)


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
