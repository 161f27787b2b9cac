"""Stops that no list of phrases can hold: made of kinds of words, in the order in which people put them.

Each word of a clause becomes one letter for its kind, and a pattern over these letters says what makes a
stop: «I do not want · to receive», «do not · write · to me», «no more · messages». The languages that
people mix here are read together, the others each by itself (`abroad`). Pure, and linear.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from consents import kinds
from consents.reading import NOT, POLITE, Token, entry_of

# w want, n not, z none, q more, f and A small words, p polite, a auxiliary verbs, y you; the others are
# named beside the patterns that use them. «*» stands for a few words at most, so that the time stays in step
# with the length whatever stands there; «..» for a few small words of any kind, «!» for only such to the
# end, and «~» where no word of another kind follows: «remove me», and not «remove me the tag».
_NOTATION = {
    "..": "[fpayoMtqi]{0,4}",
    "!": "(?=[fpayoMtqi]{0,5}$)",
    "~": "(?![fpyM]{0,3}e)",
    "*": "{0,5}",
}
_UNWANTED = "(?:w[fq]?n|nw|zqw|W)[fqpN]*"
_PATTERNS = (
    # I do not want: to receive (r), messages (m, b), this (t); and «vil ikke ha» (h) in any dialect.
    f"{_UNWANTED}j?r(?=[fmbopqtM]|$)",
    f"{_UNWANTED}[gh]?[fqptyM]*[mb]",
    f"{_UNWANTED}[gh]?[fqp]*t[fqpotM]*$",
    f"{_UNWANTED}[gh].{{0,2}}q!",
    "wnh|Wh|anh[fqpyM]*[mb]",
    "zf?q?[fp]{0,2}[vb]f?o",
    # Do not write (v, b) to me (o) any more; write no more; your list (L) of those not to be written to.
    "^[payf]*n[fqj]*[vb](?=[fa]?o|q|p*$|[ft]{0,3}d~|[ft]{0,2}[mb])",
    "n[fq]?[vb]f?o~",
    "^[payf]*v[of]*n[fqt]*(?:o|q|[mb])",
    "n[vb]L",
    # End (s), stop (S) writing or messages; I want to end; can you end it? I have asked (Q) you to stop.
    "[sS][fpty]*[vb]|[sS][fptiyM]*[mb]|[sS][fp]{0,2}rf",
    "^[^n]{0,3}?w[fp]*s[fpq]*$",
    "y[fp]?s(?=[fpqot]*$)",
    "^[pay]{0,4}[sS]!",
    "Q[fyop]{1,4}[sS]",
    # Hold (H) up (P), give (G) over, let (T) be (N): stop writing. Let me be, leave me in peace (R).
    "H[pfo]{0,2}[Pf][fp]{0,3}(?:[vmb]|t)",
    "Hp{1,2}P(?=f)",
    "Gy{1,2}(?=f|o)[fpo]*[mbtv]",
    "(?:yn)?T[fpo]{0,2}(?:N|f)[fp]{0,3}v",
    "Top?N[pq]{0,3}$|T[^n]{0,5}R",
    # No more messages; no messages; enough (E) of them, spare (K) me them, I decline (D) them.
    "[nz][fqp]*q[fq]*[mb]",
    "^[pf]*[nz][fqp]*[mb][fqpo]*$",
    "^[pf]*[nz]qfy!|^[pfa]{0,3}nq[zpf]*$",
    "Ef{1,2}[tyM]?..[mb]",
    "K[ofqiyt]{0,4}(?:m|b|t!)",
    "D[opftM]{0,4}(?:m|b|v|$)",
    # Delete (x), or take (j) away (l), me or what is mine (M): number and data (d). Off the list (L).
    "(?:x|jl)[fpA]*(?:d[fp]*[oM]|M[vbm]?d)",
    "[xU][fptA]{0,2}d~",
    "jMd[fpA]*l|jd[fpM]*l|l[fp]{1,2}(?:o|d|Md)",
    "^[pay]*x[fp]?[oM][fptoM]*$",
    "x[fp]?o(?:!|[fA]..L|A|f)",
    "^[pf]{0,2}px[pt]*$",
    "^[pay]*xi.{0,5}?[oM]",
    "^[pay]*[jg]o(?:l(?=f|p*$|A)|[lA]{1,2}[fyMt]{0,3}L)|jlo(?:!|[fA]..L)",
    "w[fpao]{0,4}[lA]{1,2}[fyMA]{0,3}[LB]",
    "w[fpa]{0,3}X(?:!|[fA]..L)|M?d[fpayM]{0,3}X",
    "j[fto]*[mb][fp]*l",
    "[jx].?[tf]?[fM]?d[fA]{1,2}..L|L[fp]{0,2}x!",
    # Sign (V) me off, opt (O) out; unsubscribe (U); cancel (C) what one subscribes to (B).
    "Vo[fp]?[lA]",
    "Ol(?:!|[fA]..[mbBL])",
    "[way]..U(?:!|[fA]?..[mbBLd])|U[fp]?o(?:!|..[mbBL])|oU!|^[pf]{0,4}U[fA]..[mbBLd]",
    "[CsSx][fpMoyit]{0,4}B|C[fpMoyit]{0,4}[mb]|wf?[fp]{0,2}C!",
    # Consent (c), taken back (k) or not given; I object (u, J) to the use (Z) of what is mine.
    "c[fqoM]?n|n[fqh]?M?c|ne[fM]?c|k.{0,3}c|c[fp]{0,2}k",
    "uo(?=f|p*$)",
    "J.{0,4}[mbdcZ]",
)


def _spelled_out(pattern: str) -> str:
    """Return the pattern in full; a word for «away from» may stand where any small word may."""
    for mark, meaning in _NOTATION.items():
        pattern = pattern.replace(mark, meaning)
    pattern = re.sub(r"\[([^\]^]*)f", r"[\1fA", pattern)
    return re.sub(r"f(?!A|[^\[]*\])", "[fA]", pattern)


_STOPS = re.compile("|".join(map(_spelled_out, _PATTERNS)))


# -- the words -------------------------------------------------------------------------------------------
def _listed(*, stems: bool) -> dict[str, str]:
    """Return the letter of each whole word, or of each stem."""
    return {
        "".join(entry_of(word)): letter
        for letter, source in kinds.KINDS.items()
        for word in source.split(",")
        if word.strip().endswith("*") == stems and len(entry_of(word)) == 1
    }


_LETTERS = dict.fromkeys(POLITE, "p") | dict.fromkeys(NOT, "n") | _listed(stems=False)
_STEMS = _listed(stems=True)
_SIZES = range(min(map(len, _STEMS)), max(map(len, _STEMS)) + 1)


@lru_cache(maxsize=4096)
def kind_of(word: str) -> str:
    """Return the letter of the word's kind; «e» for one of none."""
    return _letter(word) or _letter(_in_plain_letters(word)) or "e"


def _letter(word: str) -> str:
    if word in _LETTERS:
        return _LETTERS[word]
    stems = (word[:size] for size in reversed(_SIZES) if size <= len(word))
    return next((_STEMS[stem] for stem in stems if stem in _STEMS), "")


def _in_plain_letters(word: str) -> str:
    """«oensker», «aa faa»: å, ø and ä for want of their keys."""
    return word.replace("aa", "a").replace("oe", "o")


# -- reading ---------------------------------------------------------------------------------------------
def spans(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield where such a stop stands: first word, and the one after its last."""
    start = 0
    for _clause, run in groupby(tokens, key=lambda token: token.clause):
        letters = "".join(kind_of(token.word) for token in run)
        for match in _STOPS.finditer(letters):
            yield start + match.start(), start + match.end()
        start += len(letters)
