"""Where the words of a stop are about something else: then they are doubt, and hold instead of stopping.

Only what shows it counts: a place to stop at, a number compared with, a question whether there is more, a
choice between two things, a time before which. In the dark a stop stays a stop. Pure, and linear.
"""

import re
from collections.abc import Sequence

from consents import reading, refusals, words
from consents.reading import POLITE, QUESTION, Token, words_of

# How far after its last word a match is looked at. More than a sentence of an SMS, and a fixed number.
REACH = 12
_OPEN = reading.entries_of(words.OPEN_PHRASE)
_CONTRAST, _BEFORE = words_of(words.CONTRAST), words_of(words.BEFORE)
_LIMITS = _BEFORE | _CONTRAST
_US = words_of(words.US)
_DETERMINER, _BEFORE_STOP = words_of(words.DETERMINER), words_of(words.BEFORE_STOP)
_STOP, _STOPPED = frozenset([("stop",), ("stopp",)]), frozenset([("stoppa",)])
_HAS_STOPPED = words_of(words.HAS_STOPPED)
# The kinds of what we send, of the list, and of what is known of a person.
_OURS = frozenset("mbtqLBd")
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
            or (_is_only_a_verb(said) and POLITE.issuperset(rest) and after in _SELF)
            or (_is_an_exclamation(said) and after in QUESTION)
            or (said in _OPEN and (self._asks_for_more(start) or _is_a_choice(rest, after)))
            or (_names_no_list(said) and _is_about_a_thing(rest))
            or self._is_a_place(start, said)
        )

    def _is_a_place(self, start: int, said: tuple[str, ...]) -> bool:
        """«I'm at the bus stop»; «bilen har stoppa»."""
        if start == 0 or self._tokens[start - 1].clause != self._tokens[start].clause:
            return False
        before = self._tokens[start - 1].word
        return (said in _STOP and before in _BEFORE_STOP) or (
            said in _STOPPED and before in _HAS_STOPPED
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


def _is_an_exclamation(said: Sequence[str]) -> bool:
    """«Hold da op», and the next clause says how fine it is."""
    return said[0] == "hold" and said[-1] == "op"


def _names_no_list(said: tuple[str, ...]) -> bool:
    """«Ikke send …», «meld meg av …», «avmelding …»: of what or from what is still to be said."""
    return said in _OPEN or refusals.kind_of(said[0]) in "UV9"


def _is_about_a_thing(rest: Sequence[str]) -> bool:
    """«Ikke send regningen på papir», «afmeld mig fra løbet», «vil ikke ha løk på»: nothing that we send.

    A thing in the definite form, or at the end what it is not to be put on; a name in the indefinite may be
    ours.
    """
    kinds = "".join(map(_kind_of_thing, ("", *rest), rest))
    if not _OURS.isdisjoint(kinds) or not _US.isdisjoint(rest):
        return False
    return bool(_THING.search(kinds)) or (kinds.startswith("e") and rest[-1] == "pa")


# Perhaps whom, and then the thing itself, or from what: me from «løbet», Emma from «turen», «my order».
_THING = re.compile("^[op]{0,2}(?:[fAM5ti]{0,3}|eA[fM]?)#")


def _kind_of_thing(before: str, word: str) -> str:
    """Return the letter of its kind, and # for a thing in the definite form."""
    kind = refusals.kind_of(word)
    is_definite = before in _DETERMINER or (len(word) > 4 and word.endswith(words.DEFINITE))
    return "#" if kind == "e" and is_definite else kind


def _is_a_choice(rest: Sequence[str], after: str) -> bool:
    """«Vil ikke ha den røde, men den blå»; «ikke send pakken før fredag»: a thing, and not what we send."""
    limit = next((place for place, word in enumerate(rest) if word in _LIMITS), None)
    if limit is None and after not in _CONTRAST:
        return False
    rest = rest[:limit]
    kinds = "".join(map(refusals.kind_of, rest))
    # «Send me the parcel», «my parcel»: it is still the parcel.
    kinds = kinds.replace("5", "e").replace("oe", "e").replace("Me", "e")
    return "e" in kinds and set("mbtoq").isdisjoint(kinds) and _US.isdisjoint(rest)
