"""Where the phrases of a list stand in a text, and which matches a not-word takes back. Pure, and linear."""

from collections.abc import Iterator

from consents import refusals, words
from consents.phrases import Entry, phrases_in
from consents.reading import NOT, Token, words_of


def phrase_spans(tokens: list[Token], entries: frozenset[Entry]) -> list[tuple[int, int]]:
    """Return where a phrase stands, its words in a row inside one clause."""
    row = [token.word for token in tokens]
    return [
        (start, end)
        for start, end in phrases_in(row, entries)
        if tokens[start].clause == tokens[end - 1].clause
    ]


_CONJUNCTION = words_of(words.CONJUNCTION)


class Negations:
    """The not-words of a text. Those that belong to a stop phrase, or to a request, do not count."""

    def __init__(self, tokens: list[Token], phrases: list[tuple[int, int]]) -> None:
        inside = {place for start, end in phrases for place in range(start, end)}
        self._clauses = [token.clause for token in tokens]
        self._places = {
            place
            for place, token in enumerate(tokens)
            if token.word in NOT and place not in inside and not refusals.is_request(tokens, place)
        }
        self._after_one = set(self._reach(tokens)) if self._places else set()

    def _reach(self, tokens: list[Token]) -> Iterator[int]:
        """Yield the places behind a not-word, to the end of its clause or the next conjunction."""
        clause = None
        for place, token in enumerate(tokens):
            if token.word in _CONJUNCTION:
                clause = None
            if token.clause == clause:
                yield place
            if place in self._places:
                clause = token.clause

    def hit(self, start: int, end: int) -> bool:
        """A not-word before the match in its clause; or right after it, if the match is one word."""
        if start in self._after_one:
            return True
        return (
            end - start == 1 and end in self._places and self._clauses[end] == self._clauses[start]
        )
