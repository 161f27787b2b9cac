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
    "removed": "X", "notice": "ß", "take": "j", "off": "l", "unsubscribe": "U", "sign": "V", "opt": "O",
    "let": "T", "be": "N", "peace": "R", "consent": "c", "withdraw": "k", "reserve": "u", "decline": "D",
    "object": "J", "processing": "Z",
}  # fmt: skip
# «*» stands for a few words at most, so that the time stays in step with the length whatever stands there;
# «..» for a few small words of any kind, «!» for only such to the end, and «~» where no word of no kind
# follows: «remove me», and not «remove me the tag».
_NOTATION = {
    "..": "[fpayoMtqi25]{0,4}",
    "!": "(?=[fpayoMtqi]{0,5}$)",
    "~": "(?![fpyM]{0,3}e)",
    "*": "{0,5}",
}
_UNWANTED = "(?:w[fq]?n|nw|zqw|W)[fqpN]*"
# What makes a stop, family by family; behind a pattern what it is for, in one of the languages.
_FAMILIES = {
    "I do not want": (
        f"{_UNWANTED}(?:j?r(?=[fmbopqtMd]|$)|Ø)",  # to receive more; to be contacted
        f"{_UNWANTED}[gh]?[fqptyMli]*[mb]",  # (to have) any of your messages
        f"{_UNWANTED}[gh]?[fqp]*t[fqpotM]*$",  # this
        f"{_UNWANTED}[gh].{{0,2}}q!",  # to have more
        f"{_UNWANTED}(?:e{{1,2}}|(?<=N))[fA]{{1,2}}[yM2]?L|wn[fpN]{{1,3}}q!",  # to be on your list
        "w[fh]{0,2}z..[mb]|jn[fp]*r..[mb]",  # «ønsker ingen reklame»; «tek ikkje imot reklame»
        "wnh|Wh|anh[fqpytM]*(?:[mb]|[tq]!)|anhyf!|[mb][fp]*wn!",  # «vil ikke ha» in any dialect
        "nw[5t]q!",  # «don't want it any more»
        "zf?q?[fp]{0,2}[vb]f?o!",  # nobody to write to me
        "(?:n|zq?|nq)[fpq]{0,2}I(?:!|f[yMt]|[fy]{1,2}[mb])|Io?n",  # not interested
        "(?:n6|6n)[fq]{0,2}[tyMq]{1,2}f?[mb]|z6[fq]{0,3}(?:[vbm]!|[vb]f?o!)|6nm!",  # no need of them
        "w[fq]?n[fqpN]*7",  # «vil ikke være medlem lenger»
        "6n[fqp]{0,2}[mbd]..q!",  # «trenger ikke info fra dere lenger»
    ),
    "do not write": (
        "^[pay]*Åf{1,2}v|w[fq]?n[fp]*ya?[fp]*(?:[vYb]|hd)|n[Gg]o[fq]*[mb]",  # I do not want you to write
        "(?:^[payf]*|n[vb]a)n[fqj]*[vb](?=[fa]?o~|q|p*$|f?td~|[ft]{0,2}[mb])",  # do not call or text me
        "n[fq]?[vb]f?o~",
        "^[payf]*v[of]*n[fqt]*(?:o|q|[mb]|p*$)|jn[fq]*v|^[pf]*rn[fA]",  # «send ikke mere»
        "^[pay]*v[of]*z(?:[fq]*q(?:!|[fA].{0,3}d)|!)",  # «skicka inget mer till mitt nummer»
        "n[vb]L|n[16][ftM]*d~|d[fpM]*an1|^[pay]*1n[fptM]*d",  # your list of those not to be written to
    ),
    "end it": (
        "[sS][fptylo]*[vb]|[sS][fptiyMlP5]*[mb]|[sS][fp]{0,2}rf|s[fpP]{1,3}t!",  # end writing, messages, this
        "C[fp]{0,2}v(?:[fp]?[otq]|..[mb])",  # «dropp å sende meg», «desist from sending these»
        "[mb][fpyA]{0,3}(?:0|a[fp]?s!)",  # these messages be ended
        "^[^n]{0,3}?w[fp]*s[fpq]*$|^[payf]*w[fp]*[Cs][t5]!",  # I want to end, to end this
        "y[fp]{0,3}s(?=[fpqot]*$)",  # can you end
        "w[fp]*h[fp]*[XÆ0][5ftM]{0,3}[mbBd]",  # «vil ha stoppet dette abonnementet»
        "^[pay]{0,4}[sS]z?!",
        "Q[fyop2]{0,4}[sS]|w[fp]*y[fp]*Æ|[wg]h?ÅA?[f]..[mbt]",  # I have asked you to stop
    ),
    "hold up, give over, let be": (
        "H[pfo]{0,2}[Pf][fp]{0,3}(?:[vmb]|t)",  # «hold opp med å sende»
        "Hp{1,2}P(?=f|$)|^[pfyaw]*HP[fp]*$",
        "Gy{1,2}(?=f|o)[fpo]*[mbtv]|Gp{1,2}yf?v",  # «gi dere med disse meldingene»
        "(?:yn)?T[fpo]{0,2}(?:N|f)[fp]{0,3}v",  # «la være å sende»
        "Top?N[pq]{0,3}$|N[fyp]{0,2}R|T[fpy]?o[^n]{0,4}R|Tf?R",  # let me be, leave me in peace
    ),
    "no more": (
        "[nz][fqp]*q[fqtyM2]*[mb]|[nz]qf{1,2}t!",  # no more of your messages, no more of these
        "^[pf]*[nz][fqp]*[mb][fqpo]*$",  # no messages
        "^[pf]*[nz]qf[y2]!|^[pfa]{0,3}nq[zp]*$",  # no more from you
        "Ef{1,2}[tyM]?..[mb]|^[pf]*E[mb]!|^[pz]*.?5N?E[fp]?[mb]",  # «nå får det være nok reklame»
        "K[ofqiytp]{0,4}(?:m|b|t!)|wK!|To[fp]?K!|3of?(?:..[mbt]|qf!)",  # let me be rid of them, spare me them
        "D(?:[opftMq]{0,4}(?:v|$)|.{0,5}?[mb])",  # I decline any form of messages
    ),
    "take away me, or what is mine": (
        "(?:x|jl)[fpAi]*(?:d[fp]*[oM]|M[vbm4]{0,2}d)",  # delete my private number, take my data away
        "(?:[xU]|jl)[fptAi4]{0,3}d~|C(?:Md|dM)!",  # delete the number, deactivate my number
        "j[Mt]d[fpA]*l|[jg]d[fpM]*l|l[fp]{1,2}(?:o|d|Md)",  # take this number off
        "^[pay6]*x[fp]?[oM][fptoM]*$",  # delete me from there
        "x[fp]?o!|[xC][fp]?o[fA]..[LmbB]",  # delete me from the list
        "^[pf]{0,2}px[pt5]*$|^[pf]{0,2}(?:x|jl)[5t]!",  # please delete this
        "(?:^[pay]*x|jl)i.{0,5}?[oM]",  # delete all that is mine
        # Take or have me off the list; «kan du ikke bare ta meg av lista»; «meg ut av lista».
        "^[pay]*(?:yn[fpe]?)?[jgh]y?o(?:l(?:[fA]..[LmbB]|[fA]..$|p*$)|[lA]{1,2}[fyMtpm]{0,4}L)",
        "jlo(?:!|[fA]..[LmbB])|^[pf]*o[lA]{1,2}..L!|^[pay]*j[lA]t!|k[fo]{0,2}A..L",
        "^[pf]*joA[p]*$",  # «ta meg av, takk»
        "w[fpao]{0,4}[lA]{1,2}[fyMAt2]{0,3}[LB]|w[fpa]{0,3}l{1,2}(?:!|A?t!)|^[pf]*l{1,2}[fyM2]*[LB]!",
        "w[fp]*T[fyM2]*[BL]",  # want to leave the list
        # To be removed from the list; «ha meg fjernet».
        "w[fpaNg]{0,4}X(?:!|[fA]..L)|[Nf][xX]l?[fA]?..L|^[pay]{1,3}f{1,3}X!|^[pay]*[hgj]oX",
        "wf*x!|[wg][fpyag]{0,4}[xX][fpMi4]{0,3}d",  # «eg vil bli sletta»; to have my data deleted
        "(?:^|(?<=[^2M]))M?d[fpayM]{0,3}X|d[fpaM]{0,3}l[fA]{1,2}..L",  # my data deleted, off the list
        "j[fto]*[mb][fp]*l|j[lA][ftMy]*[mb]|^[pay]*j[ti]l!",  # turn the messages off, turn these off
        # Take the number, or it, off the list.
        "(?:x.?[tf]?[fM]?d{1,3}f|j.?[tf]?[fM]?d{1,3}[Al])f?..L|j5l[fA]{1,2}..L(?=$|[^e])|L[fp]{0,2}x!",
        "^[payf6]*x8!|[xj]l?8[lfA]{1,2}[fyM2t]{0,3}L|[wa]f*9(?:!|[fA]{1,2}[Mdo])",  # her, off the list
        "^[pf]*9[fA]{1,2}..[mbBd]",  # «oppsigelse av sms»
    ),
    "sign off, unsubscribe": (
        "Vo[fp]{0,2}[lA]~|[aw][fp]{0,2}V[lA](?:!|..[mbBL])",  # sign me off; be signed off
        "Ol(?:!|[fA]..[mbBL])|Oo[^n]{0,3}l",  # opt out of these
        "[way6]..U(?:!|[fA]?..[mbBLd])|U[fp]?o(?:!|..[mbBL])|oU!|^[pfay]{0,5}U(?:!|[fA]..[mbBLd])",
        "[CsSx][fpMoyit]{0,4}B|C[fpMoyit]{0,4}[mb]",  # cancel what one subscribes to
        "ß[fp]?(?:P(?:!|[fptM]{0,3}B)|AoB)",  # «eg seier opp (abonnementet)»
    ),
    "consent taken back or not given; objection": (
        "c[fqoM]?n|n[fqh]?M?c|n[eGg][fMy]{0,2}c|k.{0,3}c|c[fpM2]{0,3}k|zM?c!",
        "uo(?=f|p*$)",  # «reserverer meg mot»
        "J.{0,4}[mbdcZ6]",  # I object to the use of my data
    ),
}


def _spelled_out(pattern: str) -> str:
    """Return the pattern in full; a word for «away from» may stand where any small word may."""
    for mark, meaning in _NOTATION.items():
        pattern = pattern.replace(mark, meaning)
    pattern = re.sub(r"\[([^\]^]*)f", r"[\1fA", pattern)
    return re.sub(r"f(?!A|[^\[]*\])", "[fA]", pattern)


_STOPS = re.compile(
    "|".join(_spelled_out(pattern) for patterns in _FAMILIES.values() for pattern in patterns)
)
_UNCLEAR = (
    # No customer (7) any more; no need (6) of this; nothing more; tired (F) of it; not write to me, and what.
    "nq[fN]*7|n[fN]*7[fpy2]*q|n[fyM]{0,2}7!",
    "(?:n6|6n)[fp]*t!",
    "^[pfa]*(?:nf?q|zq)[zpft]*$|zp*fq!",
    "F[fpAMi]*[ytmbM]",
    # «Nå er det nok», «nå får det være nok»; «kan jeg slippe»; «skru av»; «gidder jeg ikke mer».
    "^[pz]+[2e]5N?E!|^[payfg]*Kf{0,2}[t5]?!|^[pay]*jA!|w[fq]?n[q5]!",
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


# «Slett 90000012»: a telephone number, and no number of an order or a price.
_SHORTEST_NUMBER = 8


@lru_cache(maxsize=4096)
def kind_of(word: str) -> str:
    """Return the letter of the word's kind; «e» for one of none."""
    if len(word) >= _SHORTEST_NUMBER and word.isdecimal():
        return _LETTER_OF["data"]
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


def is_request(tokens: Sequence[Token], place: int) -> bool:
    """Whether the not-word belongs to a request: «kan dere ikke slutte», «can you not stop»."""
    if place < 2 or tokens[place - 2].clause != tokens[place].clause:
        return False
    return kind_of(tokens[place - 2].word) == "a" and kind_of(tokens[place - 1].word) == "y"


def is_doubtful(tokens: Sequence[Token]) -> bool:
    """Whether it is said that something has come to its end, and not what."""
    clauses = groupby(tokens, key=attrgetter("clause"))
    return any(
        _DOUBTS.search("".join(kind_of(token.word) for token in run)) for _clause, run in clauses
    )
