"""Where the phrases of a list stand in a text, and which matches a not-word takes back. Pure, and linear."""

from consents import refusals
from consents.phrases import Entry, phrases_in
from consents.reading import NOT, Token


def phrase_spans(tokens: list[Token], entries: frozenset[Entry]) -> list[tuple[int, int]]:
    """Return where a phrase stands, its words in a row inside one clause."""
    row = [token.word for token in tokens]
    return [
        (start, end)
        for start, end in phrases_in(row, entries)
        if tokens[start].clause == tokens[end - 1].clause
    ]


class Negations:
    """The not-words of a text. Those that belong to a stop phrase do not count."""

    def __init__(self, tokens: list[Token], phrases: list[tuple[int, int]]) -> None:
        inside = {place for start, end in phrases for place in range(start, end)}
        self._clauses = [token.clause for token in tokens]
        self._places = {
            place
            for place, token in enumerate(tokens)
            if token.word in NOT and place not in inside and not refusals.is_request(tokens, place)
        }
        self._first: dict[int, int] = {}
        for place in sorted(self._places):
            self._first.setdefault(self._clauses[place], place)

    def hit(self, start: int, end: int) -> bool:
        """A not-word before the match in its clause; or right after it, if the match is one word."""
        clause = self._clauses[start]
        if self._first.get(clause, start) < start:
            return True
        return end - start == 1 and end in self._places and self._clauses[end] == clause
