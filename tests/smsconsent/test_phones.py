"""Phone numbers: typed any sane way, refused with a reason, never printed."""

import json
import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsconsent.phones import NotAMobileNumber, Phone, parse_mobile

DIGITS = "90000123"


@pytest.mark.parametrize(
    "typed",
    [
        "90000123",
        "900 00 123",
        "90 00 01 23",
        " 900-00-123 ",
        "+47 900 00 123",
        "+4790000123",
        "0047 90000123",
        "(+47) 900 00 123",
        "900.00.123",
        "９００００１２３",
        "900\u00a000\u00a0123",
    ],
)
def test_a_number_may_be_typed_any_sane_way(typed: str) -> None:
    assert parse_mobile(typed) == Phone("+4790000123")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("kari@example.org", "letters"),
        ("9000012", "too_short"),
        ("9000012345678901234", "too_long"),
        ("22 22 22 22", "landline"),
        ("+46 70 123 45 67", "foreign"),
    ],
)
def test_what_is_no_mobile_number_is_refused_with_a_reason(typed: str, reason: str) -> None:
    with pytest.raises(NotAMobileNumber) as refusal:
        parse_mobile(typed)

    assert refusal.value.reason == reason
    assert not typed.strip() or typed not in str(refusal.value)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    found: Phone | None = None
    with suppress(NotAMobileNumber):
        found = parse_mobile(text)

    assert found is None or found.e164.startswith("+47")


@pytest.mark.parametrize(
    "show", [str, repr, "{}".format, "{!r}".format, "%s".__mod__, "{0!s}".format]
)
def test_no_way_of_printing_shows_the_number(show: object) -> None:
    shown = show(Phone("+4790000123"))  # type: ignore[operator]  # a function

    assert DIGITS not in shown.replace(" ", "")
    assert "123" in shown


def test_a_number_cannot_be_sent_away_by_accident() -> None:
    phone = Phone("+4790000123")

    with pytest.raises(TypeError):
        json.dumps(phone)
    with pytest.raises(Exception):  # noqa: B017, PT011  whatever pickle makes of it
        pickle.dumps(phone)


def test_a_number_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Phone("+4790000123")._e164 = "+4790000124"


def test_equal_numbers_are_one() -> None:
    assert len({Phone("+4790000123"), Phone("+4790000123"), Phone("+4790000124")}) == 2
