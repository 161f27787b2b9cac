"""Phone numbers: parsed to E.164 at the edge, masked whenever they are printed (trust.md § 4)."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Any, NoReturn

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

NORWAY = frozenset({47})
ANYWHERE = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
# Nobody types more than this for a number; the rest is not read, so that time stays bounded.
LONGEST = 60

_E164 = re.compile(r"\+[1-9]\d{5,14}")
_NORWEGIAN_MOBILE = re.compile(r"(?:\+47|0047)?([49]\d{7})")
_FAKE = re.compile(r"\+47000000\d\d")
_MACHINE = re.compile(r"\+47(?:58|59)\d{10}")
_SEPARATORS = re.compile(r"[\s.\-‐-―−/()]+")
_LETTER = re.compile(r"[^\W\d_]")


class Reason(StrEnum):
    """Why a text is not a mobile number that we may send to."""

    EMPTY = "empty"
    LETTERS = "letters"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    LANDLINE = "landline"
    PREMIUM = "premium"
    MACHINE = "machine"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


class NotAMobileNumber(Exception):
    """The text is no mobile number; `reason` says why. It does not repeat the text."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@lru_cache(maxsize=8)
def _prefixes(countries: frozenset[int]) -> tuple[str, ...]:
    return tuple(f"+{code}" for code in countries)


class Phone:
    """One mobile number. PRIVACY: every way of printing it shows a mask; `.e164` alone gives digits."""

    __slots__ = ("_e164",)
    _e164: str

    def __init__(self, e164: str) -> None:
        if not _E164.fullmatch(e164):
            raise ValueError("not an E.164 number")
        object.__setattr__(self, "_e164", e164)

    @property
    def e164(self) -> str:
        """The digits, as `+4790000123`. A test lists the modules that may touch this."""
        return self._e164

    @property
    def masked(self) -> str:
        """Country code and the last three digits: `+47 ••• •• 123`."""
        country = "+47" if self._e164.startswith("+47") else "+••"
        return f"{country} ••• •• {self._e164[-3:]}"

    def is_in(self, countries: Iterable[int]) -> bool:
        """Return whether the number belongs to one of these countries. No code begins another one."""
        return self._e164.startswith(_prefixes(frozenset(countries)))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Phone does not change")

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"<Phone {self.masked}>"

    def __format__(self, spec: str) -> str:
        return format(self.masked, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phone) and other._e164 == self._e164

    def __hash__(self) -> int:
        return hash(self._e164)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Phone is never pickled: a task takes an id")

    def __copy__(self) -> "Phone":
        return self

    def __deepcopy__(self, memo: object) -> "Phone":
        return self


def parse_mobile(text: str, *, countries: frozenset[int] = NORWAY, fake: bool = False) -> Phone:
    """Return the mobile number that a person typed, however they spaced it.

    `fake` lets Strex' fake range +47000000xx through. Raises NotAMobileNumber.
    """
    if fake and _FAKE.fullmatch(text):
        return Phone(text)
    if len(text) > LONGEST:
        raise NotAMobileNumber(Reason.TOO_LONG)
    typed = _tidy(text)
    if 47 in countries and (match := _NORWEGIAN_MOBILE.fullmatch(typed)):
        return Phone("+47" + match[1])
    return _parse_carefully(typed, countries)


def _tidy(text: str) -> str:
    """Return digits with at most a leading plus, or raise for what cannot be a number."""
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(char for char in plain if unicodedata.category(char) not in {"Cf", "Cc"})
    if not plain.strip():
        raise NotAMobileNumber(Reason.EMPTY)
    if _LETTER.search(plain):
        raise NotAMobileNumber(Reason.LETTERS)
    typed = _SEPARATORS.sub("", plain.replace("(0)", ""))
    digits = "".join(str(unicodedata.digit(char, "")) for char in typed.removeprefix("+"))
    if not digits or len(digits) != len(typed.removeprefix("+")):
        raise NotAMobileNumber(Reason.UNKNOWN)
    return ("+" if typed.startswith("+") else "") + digits


def _parse_carefully(typed: str, countries: frozenset[int]) -> Phone:
    number = _internationalise(typed)
    if _MACHINE.fullmatch(number):
        raise NotAMobileNumber(Reason.MACHINE)
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        raise NotAMobileNumber(_by_length(number)) from None
    if parsed.country_code not in countries:
        raise NotAMobileNumber(Reason.FOREIGN)
    match phonenumbers.number_type(parsed):
        case PhoneNumberType.MOBILE | PhoneNumberType.FIXED_LINE_OR_MOBILE:
            return Phone(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
        case PhoneNumberType.FIXED_LINE | PhoneNumberType.VOIP | PhoneNumberType.UAN:
            raise NotAMobileNumber(Reason.LANDLINE)
        case PhoneNumberType.UNKNOWN:
            raise NotAMobileNumber(_by_length(number))
        case _:
            raise NotAMobileNumber(Reason.PREMIUM)


def _internationalise(typed: str) -> str:
    """Add +47 to a number without a country, and read 00 and a bare 47 as what they stand for."""
    if typed.startswith("+"):
        return typed
    if typed.startswith("00"):
        return "+" + typed[2:]
    if typed.startswith("47") and len(typed) == 10:
        return "+" + typed
    return "+47" + typed


def _by_length(number: str) -> Reason:
    if not number.startswith("+47"):
        return Reason.UNKNOWN
    length = len(number) - len("+47")
    if length < 8:
        return Reason.TOO_SHORT
    return Reason.TOO_LONG if length > 8 else Reason.UNKNOWN
