"""GSM 03.38: normalise a text, and count what it costs (3GPP TS 23.038). Pure: no database, no settings."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")

_LINE_ENDS = re.compile("\r\n|[\r\v\f\u0085\u2028\u2029]")
_SPACES = re.compile("[\t\u00a0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\x00-\x09\x0b-\x1f\x7f-\x9f]"
)
_JOINER = re.compile("[\u200c\u200d\ufe00-\ufe0f]")
_REPLACED = str.maketrans(
    dict.fromkeys("‐‑‒–—―−⁃•·", "-")
    | dict.fromkeys("«»“”„‟″", '"')
    | dict.fromkeys("‘’‚‛′‹›`´ʼ", "'")
    | {"…": "..."}
)


Encoding = Literal["gsm7", "ucs2"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A normalised text and its size. `units` are septets (gsm7) or UTF-16 units (ucs2)."""

    text: str
    encoding: Encoding
    units: int
    segments: int

    @property
    def units_left(self) -> int:
        """Return what is left of the last segment."""
        return _count(self.text, self.encoding)[2]


def normalise(text: str) -> str:
    """Return the text as it is previewed, priced, approved and sent. No letter is ever changed.

    Idempotent. Line ends, spaces, dashes and quotes become their GSM forms; invisible characters go,
    but for the joiners and selectors that an emoji needs.
    """
    plain = _normalise_once(text)
    # An accent may have met its letter when something invisible between them went.
    while (again := _normalise_once(plain)) != plain:
        plain = again
    return plain


def measure(text: str) -> Measure:
    """Return encoding, units and segments of the normalised text.

    One character outside GSM-7 turns the whole message into UCS-2. A pair (€, an emoji) is never split:
    it closes its segment early, so segments are counted greedily and not by division.
    """
    plain = normalise(text)
    encoding: Encoding = "gsm7" if _is_gsm(plain) else "ucs2"
    units, segments, _left = _count(plain, encoding)
    return Measure(plain, encoding, units, segments)


def unicode_form(form: Literal["NFC", "NFD", "NFKC"], text: str) -> str:
    """Return `unicodedata.normalize(form, text)`, in time that grows in step with the length.

    Python sorts the accents on one letter in quadratic time: minutes for a text that is made of them.
    Sorting them first is equivalent, and leaves it nothing to sort (UAX 15, canonical ordering).
    """
    if len(text) > 1000 and not text.isascii():
        apart: Literal["NFD", "NFKD"] = "NFKD" if form == "NFKC" else "NFD"
        loose = "".join(unicodedata.normalize(apart, char) for char in text)
        runs = groupby(loose, key=lambda char: unicodedata.combining(char) > 0)
        text = "".join(
            "".join(sorted(run, key=unicodedata.combining) if accents else run)
            for accents, run in runs
        )
    return unicodedata.normalize(form, text)


def offenders(text: str) -> tuple[str, ...]:
    """Return each character that forces UCS-2, in order of appearance, once.

    A joiner or selector is none: it is only there for the emoji before it.
    """
    plain = _JOINER.sub("", normalise(text))
    return tuple(dict.fromkeys(char for char in plain if not _is_gsm(char)))


def price_of(offender: str, text: str) -> int:
    """Return how many segments more the text has for this character alone: beside it, all is GSM-7."""
    plain = _JOINER.sub("", normalise(text))
    cheap = "".join(char if _is_gsm(char) else "x" for char in plain)
    dear = "".join(char if _is_gsm(char) or char == offender else "x" for char in plain)
    return measure(dear).segments - measure(cheap).segments


def changes(text: str) -> tuple[tuple[str, str], ...]:
    """Return the characters that normalising replaces, each with what it becomes, once.

    An accent that joins its letter changes nothing that anybody sees; nor does the line end of a form.
    """
    after, before = normalise(text), unicode_form("NFC", text).replace("\r\n", "\n")
    seen = [char for char in dict.fromkeys(before) if after.count(char) < before.count(char)]
    # Between dashes, since no accent joins a dash.
    became = ((char, normalise(f"-{char}-")[1:-1]) for char in seen)
    return tuple((char, new) for char, new in became if new != char)


def name_of(char: str) -> str:
    """Return the character as a person can see it: itself, or its number where there is nothing to see."""
    seen = char.isprintable() and not char.isspace() and not unicodedata.combining(char)
    return char if seen else f"U+{ord(char):04X}"


def _is_gsm(text: str) -> bool:
    return all(char in BASIC or char in EXTENSION for char in text)


def _normalise_once(text: str) -> str:
    plain = unicode_form("NFC", text)
    plain = _SPACES.sub(" ", _LINE_ENDS.sub("\n", plain))
    plain = _INVISIBLE.sub("", plain).translate(_REPLACED)
    return _keep_needed_joiners(plain).strip(" \n")


def _keep_needed_joiners(text: str) -> str:
    if not _JOINER.search(text):
        return text
    kept: list[str] = []
    for char in text:
        if not _JOINER.match(char) or (kept and not _is_gsm(kept[-1])):
            kept.append(char)
    return "".join(kept)


def _count(text: str, encoding: Encoding) -> tuple[int, int, int]:
    """Return units, segments, and the units left in the last segment."""
    if encoding == "gsm7":
        sizes, single, part = [2 if char in EXTENSION else 1 for char in text], 160, 153
    else:
        sizes, single, part = [2 if ord(char) > 0xFFFF else 1 for char in text], 70, 67
    units = sum(sizes)
    if units <= single:
        return units, 1, single - units
    segments, used = 1, 0
    for size in sizes:
        if used + size > part:
            segments, used = segments + 1, 0
        used += size
    return units, segments, part - used
