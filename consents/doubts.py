"""Where the words of a stop are about something else: then they are doubt, and hold instead of stopping.

Only what shows it counts: a place to stop at, a number compared with, a question whether there is more, a
choice between two things, a time before which. In the dark a stop stays a stop. Pure, and linear.
"""

from collections.abc import Sequence

from consents import reading, refusals, words
from consents.reading import POLITE, QUESTION, Token, words_of

# How far after its last word a match is looked at. More than a sentence of an SMS, and a fixed number.
REACH = 12
_OPEN = reading.entries_of(words.OPEN_PHRASE)
_CONTRAST, _BEFORE = words_of(words.CONTRAST), words_of(words.BEFORE)
_US = words_of(words.US)
_SELF, _IS_THERE, _THERE = words_of(words.SELF), words_of(words.IS_THERE), words_of(words.THERE)
_FOLLOWED = {
    last: words_of(follows)
    for lasts, follows in words.FOLLOWED_BY
    for entry in lasts
    for last in [reading.entry_of(entry)]
} | {reading.entry_of("hold op"): QUESTION}
_LONGEST = max(map(len, _FOLLOWED))


class Doubts:
    """Tells of a match in these tokens whether it is about something else."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._begins: dict[int, int] = {}
        for place, token in enumerate(tokens):
            self._begins.setdefault(token.clause, place)

    def hit(self, start: int, end: int) -> bool:
        clause = self._tokens[end - 1].clause
        ahead = self._tokens[end : end + REACH]
        rest = [token.word for token in ahead if token.clause == clause]
        after = next((token.word for token in ahead if token.clause != clause), "")
        said = tuple(token.word for token in self._tokens[start : min(end, start + REACH)])
        return (
            _goes_on_elsewhere(said, rest)
            or (_is_only_a_verb(said) and not rest and after in _SELF)
            or (said in _OPEN and (self._asks_for_more(start) or _is_a_choice(rest, after)))
        )

    def _asks_for_more(self, start: int) -> bool:
        """«Har dere ikke flere?»: the clause asks what there is."""
        begin = self._begins[self._tokens[start].clause]
        first, second = self._tokens[begin].word, self._tokens[begin + 1 : begin + 2]
        return start > begin + 1 and first in _IS_THERE and second[0].word in _THERE


def _goes_on_elsewhere(said: Sequence[str], rest: Sequence[str]) -> bool:
    """«Stopp innom butikken», «ikke flere enn 3»: the word behind it makes it part of something else."""
    rest = [word for word in rest if word not in POLITE]
    return len(rest) > 1 and any(
        rest[0] in _FOLLOWED.get(tuple(said[-size:]), ()) for size in range(1, _LONGEST + 1)
    )


def _is_only_a_verb(said: Sequence[str]) -> bool:
    """«Ikke mas», and the next clause begins with oneself: «jeg kommer»."""
    kinds = {refusals.kind_of(word) for word in said}
    return len(said) == 2 and kinds == {"n", "v"}


def _is_a_choice(rest: Sequence[str], after: str) -> bool:
    """«Vil ikke ha den røde, men den blå»; «ikke send pakken før fredag»: a thing, and not what we send."""
    limit = next((place for place, word in enumerate(rest) if word in _BEFORE), None)
    if limit is None and after not in _CONTRAST:
        return False
    kinds = "".join(refusals.kind_of(word) for word in rest[:limit])
    # «Send me the parcel», «my parcel»: it is still the parcel.
    kinds = kinds.replace("5", "e").replace("oe", "e").replace("Me", "e")
    return "e" in kinds and set("mbtoq").isdisjoint(kinds) and _US.isdisjoint(rest)
