"""Stops that no list of phrases can hold: made of kinds of words, in the order in which people put them.

Each word of a clause becomes one letter for its kind, and a pattern over these letters says what makes a
stop: «I do not want · to receive», «do not · write · to me», «no more · messages». Pure, and linear.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from consents import words
from consents.reading import NOT, POLITE, Token, words_of

# The letter of each kind. Where a word is of two kinds, the later one counts.
_KINDS = {
    "p": POLITE,
    "n": NOT,
    **{letter: words_of(source) for letter, source in words.KINDS.items()},
}
_LETTERS = {word: letter for letter, kind in _KINDS.items() for word in kind}
# Nouns that people inflect and join freely: a message, in all its forms, and what is known of a person.
_STEMS = {letter: tuple(words_of(source)) for letter, source in words.STEMS.items()}

# w want, n not, z none, q more, f small words, p polite, a auxiliary verbs, y you. Each * is a few words at
# most, so that the time stays in step with the length whatever stands there.
_UNWANTED = "(?:w[fq]?n|nw|zqw)[fqp]*"
_STOPS = re.compile(
    "|".join(
        (
            # I do not want: to receive (r), messages (m, b), this (t); and «vil ikke ha» (h) in any dialect.
            f"{_UNWANTED}r(?=[fmbopqt]|$)",
            f"{_UNWANTED}[gh]?[fqpt]*[mb]",
            f"{_UNWANTED}[gh]?[fqp]*t[fqpot]*$",
            "wnh",
            # Do not write (v, b) to me (o) any more; write no more.
            "^[payf]*n[fqj]*[vb](?=[fa]?o|q|p*$)",
            "^[pay]*vo?nq",
            # End (s), stop (S) writing or messages; I want to end; can you end it?
            "s[fpt]*[vb]|[sS][fpt]*[mb]",
            "^[^n]{0,3}?w[fp]*s[fpq]*$",
            "y[fp]?s(?=[fpqot]*$)",
            # No more messages; no messages.
            "[nz][fqp]*q[fq]*[mb]",
            "^[pf]*[nz][fqp]*[mb][fqpo]*$",
            # Delete (x), or take (j) away (l), me or what is mine: number and data (d).
            "(?:x|jl)[fp]*(?:d[fp]*o|od)",
            "jodl",
            "^[pay]*x[fp]?o[fpt]*$",
            "^[pay]*xi.{0,5}?o",
            "^[pay]*jol(?=f|p*$)",
            # Consent (c), taken back (k) or not given; I object (u).
            "c[fqo]?n|n[fq]?c|k.{0,3}?c",
            "uo(?=f|p*$)",
        )
    ).replace("*", "{0,5}")
)


def spans(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield where such a stop stands: first word, and the one after its last."""
    start = 0
    for _clause, run in groupby(tokens, key=lambda token: token.clause):
        kinds = "".join(kind_of(token.word) for token in run)
        for match in _STOPS.finditer(kinds):
            yield start + match.start(), start + match.end()
        start += len(kinds)


def kind_of(word: str) -> str:
    """Return the letter of the word's kind; «e» for one of none."""
    letter = _LETTERS.get(word, "")
    return letter or next((each for each, stems in _STEMS.items() if word.startswith(stems)), "e")
