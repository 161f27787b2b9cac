"""Preparing an answer before it is read: steps 1 to 9 of what an answer means. The rules stand in `keywords`.

Lists and texts are folded alike, so an entry may be written as people write it. Every step takes time in
proportion to the length of the text, whatever the text is.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from consents import words
from consents.phrases import Entry, phrases_in
from smsconsent.gsm import unicode_form

_APOSTROPHES = re.compile("['’‘´`]")
_LINE_ENDS = re.compile("\r\n|[\r\v\f\u0085\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
_LETTERS = str.maketrans({"å": "a", "ä": "a", "ö": "o", "ø": "o", "æ": "ae", "ł": "l"})
_LOOK_ALIKES = str.maketrans("аеорстухкміѕјαεικοτρ", "aeopctyxkmisjaeikotp")
# «$top», and not «$5».
_DOLLAR = re.compile(r"\$(?=[a-z])")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\W_]+|[.,;:!?]")
_WORD_OR_SIGN = re.compile(r"[^\W_]+|[^\w\s]")


# -- folding: lists and texts alike ----------------------------------------------------------------------
def clean(text: str) -> str:
    """Step 1: without apostrophes and invisible characters, compatible forms made equal.

    Whatever ends a line is a line feed afterwards, and a tab is a space, as in `gsm.normalise`.
    """
    plain = unicode_form("NFKC", _APOSTROPHES.sub("", text))
    return _INVISIBLE.sub("", _LINE_ENDS.sub("\n", plain)).replace("\t", " ")


def fold(text: str) -> str:
    """Step 5: lower case without accents, a run of three or more of one letter made one."""
    folded = _DOLLAR.sub("s", text.lower().translate(_LETTERS))
    if not folded.isascii():
        loose = unicode_form("NFD", folded)
        folded = "".join(char for char in loose if not unicodedata.combining(char))
    return _RUN.sub(r"\1", folded)


def entry_of(text: str) -> Entry:
    return tuple(_WORD.findall(fold(clean(text))))


def entries_of(source: Iterable[str]) -> frozenset[Entry]:
    return frozenset(map(entry_of, source))


def words_of(source: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in source for word in entry_of(text))


STOP_STRONG, STOP_WEAK = entries_of(words.STOP_STRONG), entries_of(words.STOP_WEAK)
STOP = STOP_STRONG | STOP_WEAK
STOP_PHRASE, HOLD_PHRASE = entries_of(words.STOP_PHRASE), entries_of(words.HOLD_PHRASE)
NO, YES = entries_of(words.NO), entries_of(words.YES)
START, HELP = entries_of(words.START), entries_of(words.HELP)
ALL, OBJECT, POLITE = words_of(words.ALL), words_of(words.OBJECT), words_of(words.POLITE)
NOT, QUESTION, REAL = words_of(words.NOT), words_of(words.QUESTION), words_of(words.REAL)
REACTION = words_of(words.REACTION)
SIGN_OFF, SIGNATURE = entries_of(words.SIGN_OFF), entries_of(words.SIGNATURE)
_WHOLE = STOP | NO | YES | START | HELP | HOLD_PHRASE
# Words that are an entry of a list by themselves, and words that stand in some entry of some list.
LISTED = frozenset(entry[0] for entry in _WHOLE | SIGN_OFF if len(entry) == 1) | (
    ALL | OBJECT | POLITE | NOT | QUESTION | REAL | REACTION
)
KNOWN = LISTED | frozenset(word for entry in _WHOLE | STOP_PHRASE | SIGN_OFF for word in entry)


# -- steps 2 to 4: what is not the person's own words ----------------------------------------------------
_QUOTE = re.compile('[«»“”„"]')
# Any mark opens and any mark closes, but only these run to the end of the text unclosed.
_PASSAGE = re.compile('[«»“”„"]([^«»“”„"]*)[«»“”„"]|[«“„]([^«»“”„"]*)$')


def has_words(text: str) -> bool:
    return _WORD.search(text) is not None


def is_reaction(text: str) -> bool:
    """Step 2: at most six words or emoji, the first an emoji or a reaction word, then one quotation."""
    opened = _QUOTE.search(text)
    if opened is None:
        return False
    quoted = text[opened.end() :].rstrip(" .!\n")
    closed = _QUOTE.search(quoted)
    runs_to_end = opened[0] in "«“„" if closed is None else closed.end() == len(quoted)
    if not runs_to_end:
        return False
    before = _WORD_OR_SIGN.findall(text[: opened.start()])
    parts = [part for part in before if part.isalnum() or _is_emoji(part)]
    return 1 <= len(parts) <= 6 and (_is_emoji(parts[0]) or fold(parts[0]) in REACTION)


def _is_emoji(char: str) -> bool:
    return len(char) == 1 and unicodedata.category(char) == "So"


def own_words(text: str, ours: Sequence[str]) -> str:
    """Step 3: without quoted lines, quotations of four words or more, and what we ourselves wrote.

    If nothing is left, neither a word nor an emoji, the words stay and only the marks go.
    """
    lines = [line for line in text.split("\n") if not line.lstrip().startswith(">")]
    kept = _PASSAGE.sub(
        lambda match: match[0] if len(_WORD.findall(match[0])) < 4 else " ", "\n".join(lines)
    )
    kept = _without_ours(kept, ours)
    if has_words(kept) or any(map(_is_emoji, kept)):
        return kept
    return _QUOTE.sub(" ", text)


def _without_ours(text: str, ours: Sequence[str], *, least: int = 20) -> str:
    """Blank every stretch of `least` characters or more that stands in one of our own texts."""
    owns = [clean(own) for own in ours]
    # Such a stretch holds one of these halves in full, wherever it begins.
    half = least // 2
    halves = (text[start : start + half] for start in range(0, len(text) - half + 1, half))
    if not any(piece in own for piece in halves for own in owns):
        return text
    pieces = {own[start : start + least] for own in owns for start in range(len(own) - least + 1)}
    kept: list[str] = []
    blank_until = 0
    for start, char in enumerate(text):
        if text[start : start + least] in pieces:
            blank_until = start + least
        kept.append(" " if start < blank_until else char)
    return "".join(kept)


# -- steps 5 to 9: words ---------------------------------------------------------------------------------
class Token(NamedTuple):
    word: str
    clause: int
    is_signature: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """The words of a text. `topics` are the own keywords that were taken out, as their owner writes them."""

    full: list[Token]
    trimmed: list[Token]
    core: list[str]
    topics: list[str]


@dataclass(frozen=True, slots=True)
class Own:
    """The sender's own keywords: by entry, and as they look written together with STOP, STOPP or JA."""

    entries: Mapping[Entry, str]
    joined: Mapping[str, tuple[str, str]]


def own_keywords(keywords: Iterable[str]) -> Own:
    """Return the sender's own keywords. One that means something to everybody is none of theirs.

    SECURITY: as a keyword, NEI would sign people up, and «ikke send mer» would say nothing without its IKKE.
    """
    return _own_keywords(tuple(keywords))


# The same few sets for every message to a number.
@lru_cache(maxsize=256)
def _own_keywords(keywords: tuple[str, ...]) -> Own:
    entries = {entry_of(keyword): keyword for keyword in keywords}
    entries = {entry: keyword for entry, keyword in entries.items() if entry and is_free(entry)}
    joined = {
        fold(written): (keyword, rest)
        for entry, keyword in entries.items()
        for rest in ("stop", "stopp", "ja")
        for written in ("".join(entry) + rest, rest + "".join(entry))
    }
    # With the keyword P, STOPP is still one word.
    return Own(entries, {word: parts for word, parts in joined.items() if word not in KNOWN})


def is_free(entry: Entry) -> bool:
    """Whether a keyword takes no meaning from any text: it is no answer by itself, and negates nothing."""
    return entry not in _WHOLE and NOT.isdisjoint(entry)


def is_unreadable(text: str, prepared: Prepared) -> bool:
    """Step 6: letters, none of them Latin, and no word that we know."""
    if prepared.topics or any(token.word in LISTED for token in prepared.full):
        return False
    letters = [char for char in text if char.isalpha()]
    return bool(letters) and not any("LATIN" in unicodedata.name(char, "") for char in letters)


def _known(word: str, own: Own) -> str:
    """Return the word as the lists have it: as it is, or with its look-alikes replaced."""
    if word.isascii() or word in KNOWN or (word,) in own.entries:
        return word
    return looking_alike(word)


def looking_alike(word: str) -> str:
    """Step 6: the word with Latin letters for those that look like them."""
    return word.translate(_LOOK_ALIKES)


def prepare(text: str, own: Own) -> Prepared:
    topics: list[str] = []
    full = _join_spelled(list(_tokens(text)))
    if not all(token.word.isascii() for token in full):
        full = [Token(_known(token.word, own), token.clause, token.is_signature) for token in full]
    if own.entries:
        full = list(_take_topics(full, own, topics))
    trimmed = _before_sign_off([token for token in full if not token.is_signature])
    core = [token.word for token in trimmed if token.word not in POLITE]
    return Prepared(full, trimmed, core, topics)


_SIGNATURE_STARTS = frozenset(entry[:1] for entry in SIGNATURE)


def _tokens(text: str) -> Iterator[Token]:
    clause = 0
    for line in text.split("\n"):
        found = _TOKEN.findall(fold(line))
        letters = tuple(token for token in found[:20] if token.isalnum())
        is_signature = letters[:1] in _SIGNATURE_STARTS and any(
            letters[: len(entry)] == entry for entry in SIGNATURE
        )
        for token in found:
            if token.isalnum():
                yield Token(token, clause, is_signature)
            else:
                clause += 1
        clause += 1


def _join_spelled(tokens: list[Token]) -> list[Token]:
    """Step 7: three or more single letters in a row are one word, spelled out."""
    if sum(len(token.word) == 1 for token in tokens) < 3:
        return tokens
    made: list[Token] = []
    run: list[Token] = []
    for token in tokens:
        if len(token.word) == 1 and token.word.isalpha():
            run.append(token)
        else:
            made.extend((*_joined(run), token))
            run = []
    return [*made, *_joined(run)]


def _joined(run: list[Token]) -> list[Token]:
    if len(run) < 3:
        return run
    word = _RUN.sub(r"\1", "".join(token.word for token in run))
    return [Token(word, run[0].clause, run[0].is_signature)]


def _take_topics(row: list[Token], own: Own, topics: list[str]) -> Iterator[Token]:
    """Step 8: take out own keywords, also those written together with STOP, STOPP or JA."""
    longest = max(map(len, own.entries), default=0)
    place = 0
    while place < len(row):
        token = row[place]
        ahead = tuple(each.word for each in row[place : place + longest])
        size = next((n for n in range(len(ahead), 0, -1) if ahead[:n] in own.entries), 0)
        place += size or 1
        if size:
            topics.append(own.entries[ahead[:size]])
        elif token.word in own.joined:
            keyword, rest = own.joined[token.word]
            topics.append(keyword)
            yield Token(rest, token.clause, token.is_signature)
        else:
            yield token


def _before_sign_off(tokens: list[Token]) -> list[Token]:
    row = [token.word for token in tokens]
    past_first = 1
    for start, end in phrases_in(row, SIGN_OFF):
        if start == 0:
            past_first = end
        elif start >= past_first:
            return tokens[:start]
    return tokens
