"""What an answer means: text → Intent. Rules and words, no scores and no model; no Django at all.

Withdrawal has no form requirement, a yes does: generous for stop, strict for yes, and `hold` in doubt.
Steps 1 to 9 prepare the text, rules A to E decide, and the first rule that fits wins.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from consents import words


class Intent(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    YES = "yes"
    NO = "no"
    HOLD = "hold"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says. `topic` is the sender's own keyword that was named; `erase` asks for deletion."""

    intent: Intent
    certain: bool = False
    topic: str | None = None
    erase: bool = False


def parse(
    text: str,
    *,
    keywords: Collection[str] = frozenset(),
    ours: Sequence[str] = (),
    flagged: bool | None = None,
) -> Intent:
    """Return what the text means. See `read`."""
    return read(text, keywords=keywords, ours=ours, flagged=flagged).intent


def read(
    text: str,
    *,
    keywords: Collection[str] = frozenset(),
    ours: Sequence[str] = (),
    flagged: bool | None = None,
) -> Reading:
    """Read an answer. Never raises; time grows in step with the length of the text.

    `keywords`: the sender's own topic words. `ours`: our last messages to that number, which are not
    the person's words when quoted. `flagged`: the gateway calls it a stop; False and None say nothing.
    """
    reading = _read(text, keywords, ours)
    if flagged is True and reading.intent is not Intent.STOP:
        return Reading(Intent.STOP, False, reading.topic, reading.erase)
    return reading


# -- folding: lists and texts alike ----------------------------------------------------------------------
_APOSTROPHES = re.compile("['’‘´`]")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
_LETTERS = str.maketrans({"å": "a", "ä": "a", "ö": "o", "ø": "o", "æ": "ae", "ł": "l"})
_LOOK_ALIKES = str.maketrans("аеорстухкміѕјαεικοτρ", "aeopctyxkmisjaeikotp")
_RUN = re.compile(r"(.)\1{2,}")
_WORD = re.compile(r"[^\W_]+")
_CLAUSE_END = re.compile(r"[.,;:!?\n\r\u0085\u2028\u2029]")
_TOKEN = re.compile(r"[^\W_]+|[.,;:!?\n\r\u0085\u2028\u2029]")


def _clean(text: str) -> str:
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text)))


def _fold(text: str) -> str:
    lowered = text.lower().translate(_LETTERS)
    bare = "".join(
        char for char in unicodedata.normalize("NFD", lowered) if not unicodedata.combining(char)
    )
    # й and ї are letters of their own, but lists and texts lose their marks alike.
    return re.sub(r"([^\W\d_])\1{2,}", r"\1", bare)


def _entry(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(_fold(_clean(text))))


def _entries(source: Iterable[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(_entry(text) for text in source)


def _single(source: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in source for word in _entry(text))


STOP_STRONG, STOP_WEAK = _entries(words.STOP_STRONG), _entries(words.STOP_WEAK)
STRONG = _single(words.STOP_STRONG)
NO, YES = _entries(words.NO), _entries(words.YES)
START, HELP = _entries(words.START), _entries(words.HELP)
ALL, OBJECT, POLITE = _single(words.ALL), _single(words.OBJECT), _single(words.POLITE)
NOT, QUESTION, REAL = _single(words.NOT), _single(words.QUESTION), _single(words.REAL)
REACTION = _single(words.REACTION)
SIGN_OFF, SIGNATURE = _entries(words.SIGN_OFF), _entries(words.SIGNATURE)
HOLD_PREFIX = tuple(_single(words.HOLD_PREFIX))
HOLD_PHRASE, STOP_PHRASE = _entries(words.HOLD_PHRASE), _entries(words.STOP_PHRASE)
ERASE = ("slett", "slet", "delet", "rader")
KNOWN = frozenset(
    word
    for entries in (
        STOP_STRONG, STOP_WEAK, NO, YES, START, HELP, SIGN_OFF, HOLD_PHRASE, STOP_PHRASE,
    )
    for entry in entries
    for word in entry
) | ALL | OBJECT | POLITE | NOT | QUESTION | REAL | REACTION  # fmt: skip

STOP_SIGNS, DOWN = frozenset("🛑✋🚫⛔"), "👎"


# -- one prepared text -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Token:
    word: str
    clause: int


@dataclass(frozen=True, slots=True)
class _Prepared:
    full: list[_Token]
    trimmed: list[_Token]
    core: list[str]
    signs: frozenset[str]
    topics: list[str]


def _read(text: str, keywords: Collection[str], ours: Sequence[str]) -> Reading:
    plain = _clean(text)
    stripped = plain.strip()
    if not stripped:
        return Reading(Intent.OTHER)
    if set(stripped) <= {"?", " "}:
        return Reading(Intent.HELP)
    if _is_reaction(stripped):
        return Reading(Intent.OTHER)
    mine = _without_others(plain, ours)
    if not _WORD.search(mine):
        return Reading(_by_signs(mine))
    if _is_unreadable(mine):
        return Reading(Intent.HOLD)
    own = {_fold(_clean(keyword)): keyword for keyword in keywords if keyword.strip()}
    prepared = _prepare(mine, own)
    intent, certain = _decide(prepared)
    return Reading(intent, certain, _topic(prepared, own), _erase(prepared, intent))


def _topic(prepared: _Prepared, own: dict[str, str]) -> str | None:
    if any(token.word in ALL for token in prepared.full):
        return None
    return own[prepared.topics[0]] if prepared.topics else None


def _erase(prepared: _Prepared, intent: Intent) -> bool:
    return intent is Intent.STOP and any(t.word.startswith(ERASE) for t in prepared.full)


# -- steps 2 to 4: what is not the person's own words ----------------------------------------------------
_OPENING = '«»“”„"'
_QUOTE = re.compile(f"[{_OPENING}]")


def _is_reaction(text: str) -> bool:
    """Step 2: at most six words or emoji, the first an emoji or a reaction word, then one quotation."""
    opened = _QUOTE.search(text)
    if opened is None:
        return False
    before, quoted = text[: opened.start()], text[opened.end() :].rstrip()
    closed = _QUOTE.search(quoted)
    runs_to_end = (
        opened[0] in "«“„" if closed is None else closed.end() == len(quoted.rstrip(" .!"))
    )
    parts = re.findall(r"[^\W_]+|[^\w\s.,:;]", before)
    if not runs_to_end or not 1 <= len(parts) <= 6:
        return False
    first = parts[0]
    return not first.isalnum() or _fold(first) in REACTION


def _without_others(text: str, ours: Sequence[str]) -> str:
    """Step 3: drop quoted lines, quotations of four words or more, and what we ourselves wrote."""
    lines = [line for line in re.split(r"[\n\r]", text) if not line.lstrip().startswith(">")]
    kept = _without_ours("\n".join(lines), ours)
    kept = re.sub(
        f"[{_OPENING}]([^{_OPENING}]*)(?:[{_OPENING}]|$)",
        lambda match: " " if len(_WORD.findall(match[1])) >= 4 else match[0],
        kept,
    )
    return kept if kept.strip() else _QUOTE.sub(" ", text.replace(">", " "))


def _without_ours(text: str, ours: Sequence[str], *, least: int = 20) -> str:
    """Blank every stretch of `least` characters or more that stands in one of our own texts."""
    pieces = {
        own[start : start + least]
        for own in map(_clean, ours)
        for start in range(len(own) - least + 1)
    }
    if not pieces or len(text) < least:
        return text
    keep = bytearray(b"\1" * len(text))
    for start in range(len(text) - least + 1):
        if text[start : start + least] in pieces:
            keep[start : start + least] = bytes(least)
    return "".join(char if keep[place] else " " for place, char in enumerate(text))


def _by_signs(text: str) -> Intent:
    """Step 4: emoji and signs only. A thumb up is never a yes."""
    if STOP_SIGNS & set(text):
        return Intent.STOP
    return Intent.HOLD if DOWN in text else Intent.OTHER


def _is_unreadable(text: str) -> bool:
    """Step 6: letters, none of them Latin, and no word that we know."""
    letters = [char for char in text if char.isalpha()]
    if not letters or any("LATIN" in unicodedata.name(char, "") for char in letters):
        return False
    return not any(_known(word) in KNOWN for word in _WORD.findall(_fold(text)))


def _known(word: str) -> str:
    """Return the word as the lists have it: as it is, or with its look-alikes replaced."""
    if word.isascii() or word in KNOWN:
        return word
    return word.translate(_LOOK_ALIKES)


# -- steps 5 to 9: words ---------------------------------------------------------------------------------
def _prepare(text: str, own: dict[str, str]) -> _Prepared:
    body, signature = _split_signature(text)
    topics: list[str] = []
    full = _take_topics(_tokens(body + signature), own, topics)
    trimmed = _take_topics(_tokens(body), own, [])
    trimmed = _before_sign_off(trimmed)
    core = [token.word for token in trimmed if token.word not in POLITE]
    signs = frozenset(text) & (STOP_SIGNS | {DOWN})
    return _Prepared(full, trimmed, core, signs, topics)


def _split_signature(text: str) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    mine: list[str] = []
    signature: list[str] = []
    for line in lines:
        found = tuple(_WORD.findall(_fold(line)))
        is_signature = any(found[: len(entry)] == entry for entry in SIGNATURE)
        (signature if is_signature else mine).append(line)
    return "".join(mine), "\n" + "".join(signature) if signature else ""


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    clause = 0
    for match in _TOKEN.finditer(_fold(text)):
        if _CLAUSE_END.match(match[0]):
            clause += 1
        else:
            tokens.append(_Token(_known(match[0]), clause))
    return _join_spelled(tokens)


def _join_spelled(tokens: list[_Token]) -> list[_Token]:
    """Step 7: three or more single letters in a row are one word, spelled out."""
    joined: list[_Token] = []
    run: list[_Token] = []
    for token in [*tokens, _Token("", -1)]:
        if len(token.word) == 1 and token.word.isalpha():
            run.append(token)
            continue
        if len(run) >= 3:
            word = re.sub(r"(.)\1{2,}", r"\1", "".join(each.word for each in run))
            joined.append(_Token(word, run[0].clause))
        else:
            joined += run
        run = []
        joined.append(token)
    return joined[:-1]


def _take_topics(tokens: list[_Token], own: dict[str, str], topics: list[str]) -> list[_Token]:
    """Step 8: take out own keywords, also those written together with STOP, STOPP or JA."""
    left: list[_Token] = []
    for token in tokens:
        if token.word in own:
            topics.append(token.word)
            continue
        for keyword in own:
            rest = _other_half(token.word, keyword)
            if rest:
                topics.append(keyword)
                left.append(_Token(rest, token.clause))
                break
        else:
            left.append(token)
    return left


def _other_half(word: str, keyword: str) -> str:
    for rest in ("stop", "stopp", "ja"):
        if word in {keyword + rest, rest + keyword}:
            return rest
    return ""


def _before_sign_off(tokens: list[_Token]) -> list[_Token]:
    row = [token.word for token in tokens]
    for start in range(1, len(row)):
        if any(tuple(row[start : start + len(entry)]) == entry for entry in SIGN_OFF):
            return tokens[:start]
    return tokens


# -- rules A to E ----------------------------------------------------------------------------------------
def _decide(text: _Prepared) -> tuple[Intent, bool]:
    core = text.core
    if not core:
        return (Intent.START if text.topics else Intent.OTHER), False
    matches = _stop_matches(text)
    if core[0] in QUESTION:
        doubtful = bool(matches) or _has_hold_mark(text)
        return (Intent.HOLD if doubtful else _whole(text) or Intent.OTHER), False
    if whole := _whole(text):
        return whole, whole is Intent.STOP
    if any(not negated for negated in matches):
        return Intent.STOP, False
    if matches or _has_hold_mark(text):
        return Intent.HOLD, False
    return Intent.OTHER, False


def _whole(text: _Prepared) -> Intent | None:
    """Rule B: nothing else is said."""
    core = tuple(text.core)
    bare = tuple(word for word in core if word not in OBJECT)
    if core in STOP_STRONG | STOP_WEAK or bare in STOP_STRONG | STOP_WEAK:
        return Intent.STOP
    if core in NO:
        return Intent.NO
    if core in HELP:
        return Intent.HELP
    if core in YES and not text.signs:
        return Intent.YES
    return Intent.START if core in START and not text.signs else None


def _stop_matches(text: _Prepared) -> list[bool]:
    """Rule C: return one entry per stop inside the text, true where it is negated."""
    found: list[bool] = []
    for tokens in (text.full, text.trimmed):
        phrases = list(_phrases(tokens, STOP_PHRASE))
        negations = _first_negations(tokens, phrases)
        if tokens is text.full:
            found.extend(_is_negated(tokens, place, negations) for place in phrases)
        places = [i for i, token in enumerate(tokens) if token.word not in POLITE | OBJECT]
        found.extend(
            _is_negated(tokens, (place, place + 1), negations)
            for place in {*places[:1], *places[-1:]}
            if tokens[place].word in STRONG
        )
    bare = [word for word in text.core if word not in OBJECT]
    if len(bare) == 1 and _is_slip(bare[0]):
        found.append(False)
    return found


_LONGEST = max(len(entry) for entry in STOP_PHRASE | HOLD_PHRASE)


def _phrases(
    tokens: list[_Token], entries: frozenset[tuple[str, ...]]
) -> Iterable[tuple[int, int]]:
    """Yield where a phrase stands, its words in a row inside one clause."""
    for start in range(len(tokens)):
        for end in range(start + 1, min(start + _LONGEST, len(tokens)) + 1):
            if tokens[end - 1].clause != tokens[start].clause:
                break
            if tuple(token.word for token in tokens[start:end]) in entries:
                yield start, end


def _first_negations(tokens: list[_Token], phrases: list[tuple[int, int]]) -> dict[int, int]:
    """Return, per clause, where its first not-word stands; those inside a stop phrase do not count."""
    inside = {place for start, end in phrases for place in range(start, end)}
    first: dict[int, int] = {}
    for place, token in enumerate(tokens):
        if token.word in NOT and place not in inside:
            first.setdefault(token.clause, place)
    return first


def _is_negated(tokens: list[_Token], match: tuple[int, int], negations: dict[int, int]) -> bool:
    """A not-word before the match in its clause; or right after it, if the match is one word."""
    start, end = match
    clause = tokens[start].clause
    if negations.get(clause, start) < start:
        return True
    after = tokens[end : end + 1]
    return end - start == 1 and bool(after) and after[0].clause == clause and after[0].word in NOT


def _is_slip(word: str) -> bool:
    """One slip of the finger away from a stop word, and no word of its own."""
    if word in KNOWN or len(word) < 4:
        return False
    if any(_one_slip(word, target) for target in ("stop", "stopp")):
        return True
    return any(
        _one_slip(word, target)
        for target in STRONG
        if len(target) >= 6 and not target.startswith(("stop", "lop"))
    )


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


def _has_hold_mark(text: _Prepared) -> bool:
    """Rule D: doubt about a stop."""
    core = text.core
    return (
        any("stop" in token.word or token.word.startswith(HOLD_PREFIX) for token in text.full)
        or any(True for _place in _phrases(text.full, HOLD_PHRASE))
        or core in (["av"], ["off"])
        or (len(core) > 1 and bool({"nei", "nej", "nein"} & {core[0], core[-1]}))
        or bool(text.signs)
    )
