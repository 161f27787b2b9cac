"""Stops that no list of phrases can hold: made of kinds of words, in the order in which people put them.

Each word of a clause becomes one letter for its kind, and a pattern over these letters says what makes a
stop: «I do not want · to receive», «do not · write · to me», «no more · messages». The languages that
people mix here are read together, the others each by itself (`abroad`). Pure, and linear.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from consents import kinds
from consents.reading import NOT, POLITE, Token, entry_of

# The letter of each kind; «e» is a word of none, and «n» one of `NOT`.
_LETTER_OF = {
    "polite": "p", "small": "f", "away": "A", "auxiliary": "a", "you": "y", "my": "M", "me": "o",
    "this": "t", "all": "i", "it": "5", "more": "q", "message": "m", "text": "b", "list": "L",
    "membership": "B", "private": "4", "data": "d", "none": "z", "want": "w", "unwant": "W",
    "interested": "I", "need": "6", "receive": "r", "get": "g", "have": "h", "writes": "Y", "write": "v",
    "end": "s", "stop": "S", "cancel": "C", "asked": "Q", "hold": "H", "up": "P", "give": "G",
    "contacted": "Ø", "ends": "Æ", "over": "Å", "use": "1", "enough": "E", "er": "2", "spare": "3",
    "rid": "K", "them": "8", "customer": "7", "removal": "9", "ended": "0", "tired": "F", "remove": "x",
    "removed": "X", "take": "j", "off": "l", "unsubscribe": "U", "sign": "V", "opt": "O", "let": "T",
    "be": "N", "peace": "R", "consent": "c", "withdraw": "k", "reserve": "u", "decline": "D", "object": "J",
    "processing": "Z",
}  # fmt: skip
# «*» stands for a few words at most, so that the time stays in step with the length whatever stands there;
# «..» for a few small words of any kind, «!» for only such to the end, and «~» where no word of no kind
# follows: «remove me», and not «remove me the tag».
_NOTATION = {
    "..": "[fpayoMtqi]{0,4}",
    "!": "(?=[fpayoMtqi]{0,5}$)",
    "~": "(?![fpyM]{0,3}e)",
    "*": "{0,5}",
}
_UNWANTED = "(?:w[fq]?n|nw|zqw|W)[fqpN]*"
_PATTERNS = (
    # I do not want: to receive (r), messages (m, b), this (t); and «vil ikke ha» (h) in any dialect.
    f"{_UNWANTED}(?:j?r(?=[fmbopqtM]|$)|Ø)",
    f"{_UNWANTED}[gh]?[fqptyMl]*[mb]",
    f"{_UNWANTED}[gh]?[fqp]*t[fqpotM]*$",
    f"{_UNWANTED}[gh].{{0,2}}q!",
    f"{_UNWANTED}(?:e{{1,2}}|(?<=N))[fA]{{1,2}}[yM2]?L|wn[fpN]{{1,3}}q!",
    "wnh|Wh|anh[fqpytM]*(?:[mb]|[tq]!)|[mb][fp]*wn!",
    "zf?q?[fp]{0,2}[vb]f?o!",
    "(?:n|zq?|nq)[fpq]{0,2}I(?:!|f[yMt]|[fy]{1,2}[mb])|Io?n",
    "(?:n6|6n)[fq]{0,2}[tyMq]{1,2}f?[mb]|z6[fq]{0,3}(?:[vbm]!|[vb]f?o!)|6nm!",
    # Do not write (v, b) to me (o) any more; write no more; your list (L) of those not to be written to.
    "^[pay]*Åf{1,2}v|w[fq]?n[fp]*ya?[fp]*[vYb]|n[Gg]o[fq]*[mb]",
    "^[payf]*n[fqj]*[vb](?=[fa]?o~|q|p*$|f?td~|[ft]{0,2}[mb])",
    "n[fq]?[vb]f?o~",
    "^[payf]*v[of]*n[fqt]*(?:o|q|[mb]|p*$)|^[pay]*v[of]*zq!|jn[fq]*v|^[pf]*rn[fA]",
    "n[vb]L|n[16][ftM]*d~|d[fpM]*an1|^[pay]*1n[fptM]*d",
    # End (s), stop (S) writing or messages; I want to end; can you end it? I have asked (Q) you to stop.
    "[sS][fpty]*[vb]|[sS][fptiyMlP]*[mb]|[sS][fp]{0,2}rf|s[fpP]{1,3}t!",
    "[mb][fpyA]{0,3}0",
    "^[^n]{0,3}?w[fp]*s[fpq]*$",
    "y[fp]{0,3}s(?=[fpqot]*$)",
    "^[pay]{0,4}[sS]!",
    "Q[fyop2]{0,4}[sS]|w[fp]*y[fp]*Æ|[wg]h?ÅA?[f]..[mbt]",
    # Hold (H) up (P), give (G) over, let (T) be (N): stop writing. Let me be, leave me in peace (R).
    "H[pfo]{0,2}[Pf][fp]{0,3}(?:[vmb]|t)",
    "Hp{1,2}P(?=f|$)|^[pfyaw]*HP[fp]*$",
    "Gy{1,2}(?=f|o)[fpo]*[mbtv]|Gp{1,2}yf?v",
    "(?:yn)?T[fpo]{0,2}(?:N|f)[fp]{0,3}v",
    "Top?N[pq]{0,3}$|N[fyp]{0,2}R|T[fpy]?o[^n]{0,4}R|Tf?R",
    # No more messages; no messages; enough (E) of them; let me be rid (K) of them; spare (3) me them; I
    # decline (D) them.
    "[nz][fqp]*q[fq]*[mb]",
    "^[pf]*[nz][fqp]*[mb][fqpo]*$",
    "^[pf]*[nz]qf[y2]!|^[pfa]{0,3}nq[zp]*$",
    "Ef{1,2}[tyM]?..[mb]|^[pf]*E[mb]!",
    "K[ofqiyt]{0,4}(?:m|b|t!)|wK!|3of?..[mbt]",
    "D[opftMq]{0,4}(?:m|b|v|$)",
    # Delete (x), or take (j) away (l), me or what is mine (M): number and data (d). Off the list (L).
    "(?:x|jl)[fpA]*(?:d[fp]*[oM]|M[vbm4]{0,2}d)",
    "[xU][fptAi4]{0,3}d~",
    "jMd[fpA]*l|[jg]d[fpM]*l|l[fp]{1,2}(?:o|d|Md)",
    "^[pay6]*x[fp]?[oM][fptoM]*$",
    "x[fp]?o!|[xC][fp]?o[fA]..[LmbB]",
    "^[pf]{0,2}px[pt5]*$|^[pf]{0,2}(?:x|jl)[5t]!",
    "(?:^[pay]*x|jl)i.{0,5}?[oM]",
    "^[pay]*[jg]o(?:l(?:[fA]..[LmbB]|[fA]..$|p*$)|[lA]{1,2}[fyMt]{0,3}L)|jlo(?:!|[fA]..L)",
    "w[fpao]{0,4}[lA]{1,2}[fyMAt2]{0,3}[LB]|w[fpa]{0,3}l{1,2}(?:!|A?t!)|^[pf]*l{1,2}[fyM2]*[LB]!",
    "w[fp]*T[fyM2]*[BL]",
    "w[fpaNg]{0,4}X(?:!|[fA]..L)|[Nf]X[fA]..L|^[pay]{1,3}f{1,3}X!|(?:^|(?<=[^2M]))M?d[fpayM]{0,3}X",
    "j[fto]*[mb][fp]*l|j[lA][ftMy]*[mb]",
    "[jx].?[tf]?[fM]?d[fA]{1,2}..L|L[fp]{0,2}x!",
    # Sign (V) me off, opt (O) out; unsubscribe (U); cancel (C) what one subscribes to (B).
    "Vo[fp]?[lA]~",
    "Ol(?:!|[fA]..[mbBL])|Oo[^n]{0,3}l",
    "[way6]..U(?:!|[fA]?..[mbBLd])|U[fp]?o(?:!|..[mbBL])|oU!|^[pfay]{0,5}U(?:!|[fA]..[mbBLd])",
    "[CsSx][fpMoyit]{0,4}B|C[fpMoyit]{0,4}[mb]",
    # Consent (c), taken back (k) or not given; I object (u, J) to the use (Z) of what is mine.
    "c[fqoM]?n|n[fqh]?M?c|n[eGg][fMy]{0,2}c|k.{0,3}c|c[fpM2]{0,3}k|zM?c!",
    "uo(?=f|p*$)",
    "J.{0,4}[mbdcZ6]",
    "^[payf6]*x8!|[xj]l?8[lfA]{1,2}[fyM2t]{0,3}L|[wa]f*9(?:!|[fA]{1,2}[Mdo])",
)


def _spelled_out(pattern: str) -> str:
    """Return the pattern in full; a word for «away from» may stand where any small word may."""
    for mark, meaning in _NOTATION.items():
        pattern = pattern.replace(mark, meaning)
    pattern = re.sub(r"\[([^\]^]*)f", r"[\1fA", pattern)
    return re.sub(r"f(?!A|[^\[]*\])", "[fA]", pattern)


_STOPS = re.compile("|".join(map(_spelled_out, _PATTERNS)))
_UNCLEAR = (
    # No customer (7) any more; no need (6) of this; nothing more; tired (F) of it; not write to me, and what.
    "nq[fN]*7|n[fN]*7[fpy2]*q",
    "(?:n6|6n)[fp]*t!",
    "^[pfa]*(?:nf?q|zq)[zpft]*$|zp*fq!",
    "F[fpAM]*[ytmbM]",
    "n[fq]?[vb]f?o",
    # The words of a refusal, with others between: to remove me or my number, to end messages, none wanted.
    "(?:x|jl).{0,6}?[odL]|[sSC].{0,5}?[mbv]|wf?n.{0,5}?[mbvrØ]|n.{0,2}v.{0,3}?[oq]|[nz].{0,3}?q.{0,3}?[mb]",
    "[nz].{0,3}?I|[kJ].{0,5}?c|V.?o.?[lA]|U",
    # To leave off, give over, let be, cancel, be spared or object, and no word of what; I do not want to.
    "^[pfayw]*(?:TN|H[pf]*[PA]|G[y2]|C5?|3o|J[fp]*)!",
    "wf?[fp]*C!|^[pfy]*wn(?:[q5]!|Nf*$|f?[yo2]!|$)|^[pf]*E!",
)
_DOUBTS = re.compile("|".join(map(_spelled_out, _UNCLEAR)))


# -- the words -------------------------------------------------------------------------------------------
def _listed(*, stems: bool) -> dict[str, str]:
    """Return the letter of each whole word, or of each stem."""
    return {
        "".join(entry_of(word)): _LETTER_OF[kind]
        for kind, source in kinds.KINDS.items()
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
    for _clause, run in groupby(tokens, key=attrgetter("clause")):
        letters = "".join(kind_of(token.word) for token in run)
        for match in _STOPS.finditer(letters):
            yield start + match.start(), start + match.end()
        start += len(letters)


def is_doubtful(tokens: Sequence[Token]) -> bool:
    """Whether it is said that something has come to its end, and not what."""
    clauses = groupby(tokens, key=attrgetter("clause"))
    return any(
        _DOUBTS.search("".join(kind_of(token.word) for token in run)) for _clause, run in clauses
    )
