"""An organisation's own words for stop, help and start, beside those that count for everybody (F038).

They only ever add: the universal words are read first, and a word of the house can neither hide a stop
nor soften one. Pure, and folded as answers are.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from consents import reading
from consents.phrases import Entry, phrases_in

_NONE: frozenset[Entry] = frozenset()


@dataclass(frozen=True, slots=True)
class HouseWords:
    """Each a set of entries. `phrases` are those for stop that have two words or more."""

    stop: frozenset[Entry] = _NONE
    phrases: frozenset[Entry] = _NONE
    help: frozenset[Entry] = _NONE
    start: frozenset[Entry] = _NONE

    def __bool__(self) -> bool:
        return bool(self.stop or self.help or self.start)


NOTHING = HouseWords()


@lru_cache(maxsize=1024)
def house_words(*, stop: str = "", help: str = "", start: str = "") -> HouseWords:  # noqa: A002  named as the intent is
    """Return the words as they are compared with an answer; each text has one on a line.

    SECURITY: whatever stands in the database, a word that holds a stop never starts and never helps.
    """
    stops = _entries(lines(stop))
    return HouseWords(
        stop=stops,
        phrases=frozenset(entry for entry in stops if len(entry) > 1),
        help=_entries(word for word in lines(help) if not holds_stop(word, stops)),
        start=_entries(word for word in lines(start) if not holds_stop(word, stops)),
    )


def lines(text: str) -> tuple[str, ...]:
    """Return the words of a text that has one on a line: without empty ones, each once."""
    return tuple(dict.fromkeys(word for line in text.splitlines() if (word := line.strip())))


def entry_of(word: str) -> Entry:
    """Return what is left of a word when an answer is read: folded, without polite words. May be empty."""
    return tuple(reading.prepare(reading.clean(word), reading.own_keywords(())).core)


def holds_stop(word: str, besides: Collection[Entry] = ()) -> bool:
    """Whether a stop or a no of any language, or one of these, stands anywhere in it, also within a word."""
    entries = _STOPS.union(besides)
    if any(
        next(phrases_in(entry, entries), None) for entry in (reading.entry_of(word), entry_of(word))
    ):
        return True
    joined = "".join(reading.entry_of(word))
    return any(stop in joined for stop in _STRONG | {"".join(each) for each in besides})


_STOPS = reading.STOP | reading.STOP_PHRASE | reading.NO
# A stop of two or three letters would be found inside too many words; these are longer.
_STRONG = frozenset("".join(each) for each in reading.STOP_STRONG)


def _entries(words: Iterable[str]) -> frozenset[Entry]:
    return frozenset(entry for word in words if (entry := entry_of(word)))
