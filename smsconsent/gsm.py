"""GSM 03.38: normalise a text, and count what it costs (3GPP TS 23.038). Pure: no database, no settings."""

import re
import unicodedata
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Measure:
    """A normalised text and its size. `units` are septets (gsm7) or UTF-16 units (ucs2)."""

    text: str
    encoding: Literal["gsm7", "ucs2"]
    units: int
    segments: int
    units_left: int


def normalise(text: str) -> str:
    """Return the text as it is previewed, priced, approved and sent. No letter is ever changed.

    Idempotent. Line ends, spaces, dashes and quotes become their GSM forms; invisible characters go,
    but for the joiners and selectors that an emoji needs.
    """
    plain = unicodedata.normalize("NFC", text)
    plain = _SPACES.sub(" ", _LINE_ENDS.sub("\n", plain))
    plain = _INVISIBLE.sub("", plain).translate(_REPLACED)
    return _keep_needed_joiners(plain).strip(" \n")


def measure(text: str) -> Measure:
    """Return encoding, units and segments of the normalised text, and what is left of the last segment.

    One character outside GSM-7 turns the whole message into UCS-2. A pair (€, an emoji) is never split:
    it closes its segment early, so segments are counted greedily and not by division.
    """
    plain = normalise(text)
    if _is_gsm(plain):
        sizes = [2 if char in EXTENSION else 1 for char in plain]
        return _count(plain, "gsm7", sizes, single=160, part=153)
    sizes = [2 if ord(char) > 0xFFFF else 1 for char in plain]
    return _count(plain, "ucs2", sizes, single=70, part=67)


def offenders(text: str) -> tuple[str, ...]:
    """Return each character that forces UCS-2, in order of appearance, once."""
    plain = normalise(text)
    return tuple(dict.fromkeys(char for char in plain if not _is_gsm(char)))


def changes(text: str) -> tuple[tuple[str, str], ...]:
    """Return the characters that normalising replaces, each with what it becomes, once."""
    seen = dict.fromkeys(char for char in text if normalise(f"a{char}a") != f"a{char}a")
    return tuple((char, normalise(f"a{char}a")[1:-1]) for char in seen)


def _is_gsm(text: str) -> bool:
    return all(char in BASIC or char in EXTENSION for char in text)


def _keep_needed_joiners(text: str) -> str:
    if not _JOINER.search(text):
        return text
    kept: list[str] = []
    for char in text:
        if not _JOINER.match(char) or (kept and not _is_gsm(kept[-1])):
            kept.append(char)
    return "".join(kept)


def _count(
    text: str, encoding: Literal["gsm7", "ucs2"], sizes: list[int], *, single: int, part: int
) -> Measure:
    units = sum(sizes)
    if units <= single:
        return Measure(text, encoding, units, 1, single - units)
    segments, used = 1, 0
    for size in sizes:
        if used + size > part:
            segments, used = segments + 1, 0
        used += size
    return Measure(text, encoding, units, segments, part - used)
