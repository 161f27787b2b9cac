"""Stops in the languages of `tongues`: made of kinds of words, in the order in which people put them.

As in `refusals`, each word of a clause becomes a letter for its kind, here once per language, and patterns
over these letters say what makes a stop. A word of no kind («the parcel») behind it makes it about something
else. Pure, and linear: no gap is longer than a few words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from consents import reading, tongues
from consents.phrases import Entry, phrases_in
from consents.reading import Token, entry_of, looking_alike

# The letter of each kind. Where a word is of two kinds, the later one counts.
_LETTERS = {
    "polite": "p", "small": "f", "you": "y", "this": "t", "my": "M", "me": "o", "more": "q", "not": "n",
    "none": "z", "want": "w", "interest": "i", "unwant": "W", "receive": "r", "message": "m", "list": "L",
    "data": "d", "subscription": "B", "consent": "c", "write": "v", "unwrite": "N", "begin": "h", "end": "a",
    "stop": "s", "enough": "E", "cancel": "C", "withdraw": "k", "remove": "x", "removeme": "X",
    "unsubscribe": "U", "out": "b", "give": "g", "object": "J", "leave": "T", "peace": "R",
}  # fmt: skip
# Every stop, and every doubt about one, has a letter of each: what is unwanted, and that it is.
_WHAT, _UNWANTED = frozenset("wWivNsEmBhUbxXkCcJTR"), frozenset("nzqWNsTECJhxXkUb")
# Patterns are written with «..» for a few words that may stand between, «~» where no thing follows, «m» for
# messages and what one subscribes to, and «$» for nothing more than small words.
_SMALL = "[fpyaoMtqi]{0,4}"
_PATTERNS = (
    # I do not want: messages, this, to receive, any more, you to write to me; I am not interested.
    "n..wn?..(?:m|B|t$|[qr]~|[oy]{1,2}[fp]{0,2}v|v[fp]{0,2}o)",
    "w..[nz]..(?:m|t$|[qr]~)",
    "n.{0,2}w.{0,4}L|w.{0,4}n.{0,3}L|W.{0,3}L|W..c|ntw$",
    "W..(?:m|t|[qr]~)|^[pfyto]{0,3}W$",
    "[nz]..i$",
    # Do not write, to me or any more.
    "n[fpya]{0,3}[oq]{1,3}[fp]{0,2}v{1,2}~",
    "n..w?v{1,2}[fpy]{0,2}(?:[oqm]|nq)",
    "n[fpya]{0,2}v{1,2}$|nvo{1,2}v",
    "[oq]{1,3}[fpy]?nv{1,2}~",
    "v[fpyo]{0,3}nq|vo[fp]{0,2}n$|n..wf?v$|n..w[fpy]{0,2}qv",
    "N..(?:[qnomt])|N$",
    # Stop writing, stop the messages; stop.
    "[sTEC]..(?:v|m)",
    "^[pfy]{0,3}s[pf]{0,2}[ot]?$",
    "h..[pn]{0,2}a(?=[fpo]{0,3}(?:v|m|$))",
    # No more messages.
    "^[pf]{0,3}[nzq]{1,2}..m$",
    "[nz]f?q[fq]{0,2}m",
    "z..m[pf]?q|^[pf]{0,2}ntq|qf?nw$",
    # Take me, my number, or what is mine away; cancel what was ordered; withdraw consent; object.
    "[xk]..(?:[oM]?[fM]?d~|L)|x[fpya]{0,2}o~",
    "(?:o[fpy]{0,2}|d[fpMo]{0,3}|L[fpo]{0,2})x~",
    "X~|^p{0,2}x$|w.{0,4}[xs]$",
    "[xkCs]..B|[kC]..r?..m|B..C|C..L|w..C$|m..[sx]$",
    "[xkC]..c|c.{0,3}k|n.{0,3}c",
    "J.{0,5}[dmcv]|^[pfo]{0,3}J$",
    # Unsubscribe, in whatever form; leave me in peace.
    "(?:^[pfyo]{0,3}|[wo]..)U~|U..(?:m|o|L)|[BLdm]..U$",
    "[gw]..b~|^[pf]{0,2}b$",
    "T.{0,4}R",
)


def _compiled(pattern: str) -> str:
    """Spell out a pattern."""
    spelled = pattern.replace("..", _SMALL).replace("~", "(?![fpyM]{0,3}e)")
    spelled = re.sub(r"(?<!\|)\$", "(?=[fpqotyM]{0,5}$)", spelled)
    return re.sub(r"m(?![^\[]*\])", "[mB]", spelled)


_STOPS = re.compile("|".join(map(_compiled, _PATTERNS)))
# The words of a refusal, with others between; or only part of one.
_UNCLEAR_PATTERNS = (
    "n.{0,3}w.{0,4}[mrvL]|n.{0,3}v.{0,3}[oqm]|[sT].{0,4}[vm]|[xk].{0,4}[odLc]|z.{0,2}m|[UWN]",
    "^[pfy]{0,3}[CkJE]$|^[pf]{0,2}To$|^[pfyo]{0,3}nw[nq]?$|^n[pf]{0,2}q$",
)
_UNCLEAR = re.compile("|".join(map(_compiled, _UNCLEAR_PATTERNS)))


# -- the words -------------------------------------------------------------------------------------------
def _written(tongue: Mapping[str, str], kind: str) -> Iterator[tuple[str, bool]]:
    """Yield the words of a kind folded, and whether each is a stem; with and without what French elides."""
    for word in tongue.get(kind, "").split(","):
        folded = entry_of(word)
        if len(folded) != 1:
            continue
        for before in ("", *(tongue.get("elided", "") if folded[0][0] in "aeiouh" else "")):
            written = before + folded[0]
            for form in {written, looking_alike(written), *_in_latin(word)}:
                yield form, word.strip().endswith("*")


# How Russian and Ukrainian are written on a keyboard that has not got their letters; what stands last, in
# the one and in the other.
_LATIN = dict(zip("абвдезклмнопрстуфыіэґ", "abvdezklmnoprstufyieg", strict=True)) | {
    "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya", "є": "ye",
    "ё": "e", "ь": "", "ъ": "", "ї": "yi",
}  # fmt: skip
_IN_LATIN = tuple(
    str.maketrans(_LATIN | last)
    for last in ({"и": "i", "й": "y", "г": "g"}, {"и": "y", "й": "i", "г": "h"})
)


def _in_latin(word: str) -> set[str]:
    """«otpishite menya»; none where it is a word that means something to everybody."""
    if word.isascii():
        return set()
    written = {word.strip(" \n*").translate(letters) for letters in _IN_LATIN}
    return {latin for latin in written if latin.isascii() and latin not in reading.KNOWN}


def _index() -> tuple[dict[str, dict[int, str]], dict[str, dict[int, str]]]:
    """Return the whole words and the stems, each with its letter in each language that has it."""
    whole: dict[str, dict[int, str]] = {}
    stems: dict[str, dict[int, str]] = {}
    for place, tongue in enumerate(tongues.TONGUES):
        for kind, letter in _LETTERS.items():
            for word, is_stem in _written(tongue, kind):
                (stems if is_stem else whole).setdefault(word, {})[place] = letter
    return whole, stems


_WHOLE, _STEMS = _index()
_STEM_SIZES = range(min(map(len, _STEMS)), max(map(len, _STEMS)) + 1)
_DOUBT_WORDS = [
    (entry_of(word), word.strip().endswith("*"))
    for tongue in tongues.TONGUES
    for word in tongue["doubt"].split(",")
    if word.strip()
]
_DOUBT_PREFIX = tuple(entry[0] for entry, is_stem in _DOUBT_WORDS if is_stem)
_DOUBT = frozenset(entry for entry, is_stem in _DOUBT_WORDS if not is_stem)


@lru_cache(maxsize=4096)
def kinds_of(word: str) -> Mapping[int, str]:
    """Return the letter of the word's kind for each language that knows it; the longest stem counts."""
    found: dict[int, str] = {}
    for size in _STEM_SIZES:
        if size > len(word):
            break
        found |= _STEMS.get(word[:size], {})
    return found | _WHOLE.get(word, {})


@lru_cache(maxsize=4096)
def _unwanted_in(word: str) -> frozenset[int]:
    """Return the languages in which the word may say that something is unwanted."""
    return frozenset(place for place, kind in kinds_of(word).items() if kind in _UNWANTED)


@lru_cache(maxsize=4096)
def _is_doubt(word: str) -> bool:
    return word.startswith(_DOUBT_PREFIX)


# -- reading ---------------------------------------------------------------------------------------------
def spans(tokens: Sequence[Token]) -> Iterator[tuple[int, int, bool]]:
    """Yield where such a stop stands: first word, the one after its last, and whether it is negated."""
    for start, letters in _readings(tokens):
        first_not = letters.find("n")
        for match in _STOPS.finditer(letters):
            negated = 0 <= first_not < match.start()
            yield start + match.start(), start + match.end(), negated


def _readings(tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """Yield each clause in each language that has a word for it: where it begins, and its letters."""
    if not any(_unwanted_in(token.word) for token in tokens):
        return
    start = 0
    for _clause, run in groupby(tokens, key=attrgetter("clause")):
        clause = [token.word for token in run]
        for place in frozenset().union(*map(_unwanted_in, clause)):
            letters = "".join([kinds_of(word).get(place, "e") for word in clause])
            if not _WHAT.isdisjoint(letters):
                yield start, letters
        start += len(clause)


def is_doubtful(tokens: Sequence[Token]) -> bool:
    """Whether a word or a phrase of doubt is said: a threat, a wrong number; or «cancel», and not what."""
    if any(_UNCLEAR.search(letters) for _start, letters in _readings(tokens)):
        return True
    row: Entry = tuple(token.word for token in tokens)
    if any(map(_is_doubt, row)):
        return True
    return next(phrases_in(row, _DOUBT), None) is not None
