"""What a word was meant to be: one slip of the finger away from a stop, or several words written together.

A slip in a word that means nothing by itself is doubt, unless the word is long or only two neighbours have
changed places. Pure; only short texts are mended, so the time is bounded.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from consents import kinds, reading, refusals
from consents.phrases import Entry
from consents.reading import OBJECT, POLITE, Token

# Longer texts are not mended: who writes so much says it more than once.
_MOST_WORDS, _LONGEST_WORD = 25, 40
_LONG_STRONG = [
    word
    for (word,) in reading.STOP_STRONG
    if len(word) >= 6 and not word.startswith(("stop", "lop"))
]
_KINDS = frozenset(
    word for source in kinds.KINDS.values() for word in reading.words_of(source.split(","))
)
_IN_STOPS = frozenset(word for entry in reading.STOP | reading.STOP_PHRASE for word in entry)
# Two letters stand in too many words; these are the ones that people write together with a stop.
_SHORT = frozenset(("me", "my", "it", "us", "ta", "to", "no", "do", "nu", "av", "af", "op"))
# No form of a word ends with these here: «fjerm» is «fjern».
_NO_ENDING = frozenset("bcfhjkmoquvwxyz")
# «avmeldingen», «friend»: endings of ordinary words.
_ENDINGS = frozenset(("ingen", "inga", "end", "ett", "hen"))
_PARTS = {
    word for word in _IN_STOPS | _KINDS | POLITE | OBJECT if len(word) > 2
} - _ENDINGS | _SHORT
# Kinds of words that make a refusal, and not only join it.
_TELLING = frozenset("wsSCxvjlVUTHKDckmbdLBRz")
_MEANT = sorted(
    word
    for word in _IN_STOPS | _KINDS | OBJECT | reading.NOT
    if len(word) >= 4 and (word in _IN_STOPS | reading.NOT or refusals.kind_of(word) in _TELLING)
)


def _shortened(word: str) -> Iterator[str]:
    """Yield the word, and the word without each of its letters but the first."""
    yield word
    for place in range(1, len(word)):
        yield word[:place] + word[place + 1 :]


# Two words with the same first letter and one slip between them have one of these in common.
_BY_SHORTENED: defaultdict[str, list[str]] = defaultdict(list)
for _word in _MEANT:
    for _short in set(_shortened(_word)):
        _BY_SHORTENED[_short].append(_word)


# Keys beside the S; what is written with one of them is sure only where nothing else is said.
_BESIDE_S = frozenset(first + rest for first in "awedxz" for rest in ("top", "topp"))


def is_slip(word: str) -> bool:
    """One slip of the finger away from a stop word, or its letters mixed up, and no word of its own."""
    if word in reading.KNOWN or len(word) < 4:
        return False
    if word[0] == "s" and sorted(word) == _LETTERS_OF_STOPP:
        return True
    return any(_one_slip(word, target) for target in ("stop", "stopp", *_LONG_STRONG))


def is_in_pieces(words: Sequence[str]) -> bool:
    """Whether these are a stop word with a space in it, or a few: «sto pp», «av melding»."""
    return 1 < len(words) <= _MOST_PIECES and ("".join(words),) in reading.STOP_STRONG


_LETTERS_OF_STOPP, _MOST_PIECES = sorted("stopp"), 4


def nearly_stops(word: str, besides: Collection[Entry] = ()) -> bool:
    """Whether one slip of the finger turns it into a stop, one of these included: too near for a start."""
    stops = (entry[0] for entry in (*reading.STOP, *besides) if len(entry) == 1)
    return len(word) >= 4 and any(_one_slip(word, stop) for stop in stops)


def _one_slip(one: str, other: str) -> bool:
    """Return whether one insertion, deletion, change or swap of neighbours turns one into the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    a, b = one[start:], other[start:]
    swapped = len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped


@dataclass(frozen=True, slots=True)
class Mended:
    """A text as it was meant. `is_sure`: every word that changed can hardly have been meant otherwise."""

    tokens: list[Token]
    is_sure: bool


def mended(tokens: Sequence[Token]) -> Mended | None:
    """Return the text without slips, and with the words apart; None where there is nothing to mend."""
    if len(tokens) > _MOST_WORDS:
        return None
    made: list[Token] = []
    sure = True
    for token in tokens:
        words, is_sure = _meant(token.word)
        made.extend(Token(word, token.clause, token.is_signature) for word in words)
        sure = sure and is_sure
    changed = [each.word for each in made] != [each.word for each in tokens]
    return Mended(made, sure) if changed else None


# PRIVACY: kept in memory are words, and not whose.
@lru_cache(maxsize=4096)
def _meant(word: str) -> tuple[Sequence[str], bool]:
    """Return the words it stands for, and whether that is sure."""
    if word in _BESIDE_S:
        return ("stop",), False
    word = _without_figures(word)
    if not word.isalpha() or word in reading.KNOWN or refusals.kind_of(word) != "e":
        return (word,), True
    if parts := _parts(word):
        return parts, True
    if len(word) == 3 and set(word) & set("mg") and any(_one_slip(word, me) for me in _ME):
        return ("meg",), False
    meant, is_sure = _slip_of(word)
    return (meant,), is_sure


_ME = ("meg", "mig")
_FIGURES = str.maketrans("013457", "oieast")


def _without_figures(word: str) -> str:
    """«s3nding», «m3ldinger»: figures for the letters that they look like, if a word comes of it."""
    if word.isalpha() or word.isdecimal():
        return word
    plain = word.translate(_FIGURES)
    return plain if plain in reading.KNOWN or refusals.kind_of(plain) != "e" else word


def _slip_of(word: str) -> tuple[str, bool]:
    """Return the word that it is one slip away from, or itself, and whether that is sure."""
    near = _near(word) if 4 <= len(word) <= _LONGEST_WORD else []
    for target in near:
        if sorted(word) == sorted(target):
            return target, True
    # What only ends otherwise is another form of the word: «stopper», «stoppet».
    for target in near:
        if word[-1] == target[-1] or (word[-1] in _NO_ENDING and len(word) == len(target)):
            return target, len(target) >= 5
    return word, True


def _near(word: str) -> Sequence[str]:
    """Return what one slip turns into the word, its first letter left as it is."""
    meant = {target for short in _shortened(word) for target in _BY_SHORTENED.get(short, ())}
    return sorted(target for target in meant if _one_slip(word, target))


def _parts(word: str) -> Sequence[str]:
    """Return the words that were written together, if the whole word is made of them."""
    if not 6 <= len(word) <= _LONGEST_WORD:
        return ()
    # For each place the words that lead up to it; of several ways, the one with the longest last word.
    ways: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(2, len(word) + 1):
        start = next((start for start in ways if word[start:end] in _PARTS), None)
        if start is not None:
            ways[end] = (*ways[start], word[start:end])
    return ways.get(len(word), ())
