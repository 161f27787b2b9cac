"""Links and codes: random, bound to one purpose, useless when only their digest is known."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from smsconsent import signing


def test_tokens_are_random_and_fit_a_link() -> None:
    tokens = {signing.new_token() for _time in range(1000)}

    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {22}
    assert all(token.replace("-", "").replace("_", "").isalnum() for token in tokens)


def test_a_derived_token_is_the_same_each_time_and_differs_by_purpose() -> None:
    nonce = b"n" * 16

    assert signing.derived_token(nonce, purpose="stop") == signing.derived_token(
        nonce, purpose="stop"
    )
    assert signing.derived_token(nonce, purpose="stop") != signing.derived_token(
        nonce, purpose="confirm"
    )


def test_a_digest_belongs_to_one_purpose() -> None:
    assert signing.digest("x", purpose="stop") != signing.digest("x", purpose="confirm")


def test_links_of_an_old_key_still_work(settings: Settings) -> None:
    old = signing.digest("x", purpose="stop")
    settings.TOKEN_KEYS = ["a newer key", *settings.TOKEN_KEYS]

    assert old in signing.digests("x", purpose="stop")
    assert signing.digest("x", purpose="stop") != old


@pytest.mark.parametrize("keys", [[], [""]])
def test_without_a_key_there_are_no_links(settings: Settings, keys: list[str]) -> None:
    settings.TOKEN_KEYS = keys

    with pytest.raises(ImproperlyConfigured):
        signing.digest("x", purpose="stop")


@given(st.integers(4, 8))
def test_a_new_code_is_well_formed(digits: int) -> None:
    code = signing.new_code(digits)

    assert len(code) == digits
    assert signing.code_is_well_formed(code)


@given(st.integers(4, 8), st.data())
def test_one_wrong_digit_is_noticed(digits: int, data: st.DataObject) -> None:
    code = signing.new_code(digits)
    place = data.draw(st.integers(0, digits - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))

    assert not signing.code_is_well_formed(code[:place] + other + code[place + 1 :])


@given(st.integers(4, 8), st.data())
def test_two_swapped_neighbours_are_noticed(digits: int, data: st.DataObject) -> None:
    code = signing.new_code(digits)
    place = data.draw(st.integers(0, digits - 2))
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]

    assert swapped == code or not signing.code_is_well_formed(swapped)


@pytest.mark.parametrize("text", ["", "abcd", "١٢٣٤", "12 34"])
def test_what_is_no_code_is_not_well_formed(text: str) -> None:
    assert not signing.code_is_well_formed(text) or text == ""
