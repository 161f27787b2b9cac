"""What an answer means: text → Intent. Rules and words, no scores and no model; no Django at all.

Withdrawal has no form requirement, a yes does: generous for stop, strict for yes, and `hold` in doubt.
Steps 1 to 9 (`reading`) prepare the text, rules A to E decide here, and the first rule that fits wins.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from consents import abroad, housewords, reading, refusals, slips, words
from consents.doubts import Doubts
from consents.housewords import NOTHING, HouseWords
from consents.negations import Negations, phrase_spans
from consents.phrases import Entry
from consents.reading import OBJECT, POLITE, Prepared, Token


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
    house: HouseWords = NOTHING,
) -> Intent:
    """Return what the text means. See `read`."""
    return read(text, keywords=keywords, ours=ours, flagged=flagged, house=house).intent


def read(
    text: str,
    *,
    keywords: Collection[str] = frozenset(),
    ours: Sequence[str] = (),
    flagged: bool | None = None,
    house: HouseWords = NOTHING,
) -> Reading:
    """Read an answer. Never raises; time grows in step with the length of the text.

    `keywords`: the sender's own topic words. `ours`: our last messages to that number, which are not
    the person's words when quoted. `flagged`: the gateway calls it a stop; False and None say nothing.
    `house`: what else the organisation takes for stop, help and start.
    """
    plain = reading.clean(text)
    if intent := _at_a_glance(plain):
        return Reading(Intent.STOP if flagged is True else intent)
    mine = reading.own_words(plain, ours)
    prepared = reading.prepare(mine, reading.own_keywords(keywords))
    intent, certain = _decide(mine, prepared)
    if house and intent is not Intent.STOP:
        bare = reading.prepare(mine, reading.own_keywords(())) if prepared.topics else prepared
        intent, certain = _by_house_words(intent, prepared, bare, house)
    if flagged is True and intent is not Intent.STOP:
        intent, certain = Intent.STOP, False
    return Reading(intent, certain, _topic(prepared, intent), _erase(prepared, intent))


# Kinds of words that a refusal can do without: a message (m, b), a membership (B), a member (7), and none
# of them (e).
_NAMES_OF_THINGS = frozenset("embB7")


def can_be_topic(word: str, *, house: HouseWords = NOTHING) -> bool:
    """Whether a purpose may have this keyword: it means nothing yet, and no way to stop needs it.

    Stricter than reading is: a keyword is taken out of a text wherever it stands, so one that belongs to
    «meld meg av» would blunt it.
    """
    entry = reading.entry_of(word)
    return (
        parse(word, house=house) is Intent.OTHER
        and reading.KNOWN.isdisjoint(entry)
        and all(refusals.kind_of(each) in _NAMES_OF_THINGS for each in entry)
        and not housewords.holds_stop(word, house.stop)
    )


def _at_a_glance(plain: str) -> Intent | None:
    """Steps 1 and 2: nothing, question marks only, or a reaction to what we wrote."""
    bare = "".join(plain.split())
    if not bare:
        return Intent.OTHER
    if not bare.strip("?"):
        return Intent.HELP
    return Intent.OTHER if reading.is_reaction(plain.strip()) else None


def _topic(text: Prepared, intent: Intent) -> str | None:
    """Return the own keyword that was named. A stop that names several, or says all, means all."""
    if any(token.word in reading.ALL for token in text.full):
        return None
    if intent is Intent.STOP and len(set(text.topics)) > 1:
        return None
    return text.topics[0] if text.topics else None


def _erase(text: Prepared, intent: Intent) -> bool:
    begins = ("slett", "slet", "delet", "rader")
    return intent is Intent.STOP and any(token.word.startswith(begins) for token in text.full)


# -- rules A to E ----------------------------------------------------------------------------------------
_STOP_SIGNS, _DOWN = frozenset("🛑✋🚫⛔"), frozenset("👎🖕")
_SIGNS = _STOP_SIGNS | _DOWN


def _decide(mine: str, text: Prepared) -> tuple[Intent, bool]:
    """Return the intent, and whether it is a stop that says nothing else."""
    if not reading.has_words(mine):
        return _by_signs(mine), False
    decided = _by_rules(text, signed=not _SIGNS.isdisjoint(mine))
    if decided[0] is not Intent.STOP and reading.is_unreadable(mine, text):
        return Intent.HOLD, False
    # «Ja?» asks what we want, and grants nothing.
    return (Intent.OTHER, False) if decided[0] is Intent.YES and "?" in mine else decided


def _by_rules(text: Prepared, *, signed: bool) -> tuple[Intent, bool]:
    matches = _stop_matches(text)
    stops = not all(matches)
    if not text.core:
        # Step 9. A stop below a sign-off, or a stop sign beside the keyword, is more than nothing.
        doubt = Intent.HOLD if matches or signed else None
        rest = Intent.START if text.topics else Intent.OTHER
        return (Intent.STOP if stops else doubt or rest), False
    doubtful = signed or bool(matches) or _has_hold_mark(text)
    if _is_question(text):
        return (Intent.HOLD if doubtful else Intent.OTHER), False
    if whole := _whole(text, is_strict=signed or stops):
        return whole, whole is Intent.STOP
    if stops:
        return Intent.STOP, False
    return (Intent.HOLD if doubtful else Intent.OTHER), False


def _is_question(text: Prepared) -> bool:
    """Rule A: the first word asks. «Var vänlig» asks for something else."""
    first = text.core[0]
    if first not in reading.QUESTION:
        return False
    row = [token.word for token in text.trimmed]
    return row[row.index(first) + 1 :][:1] not in ([word] for word in _KINDLY)


_KINDLY = reading.words_of(words.KINDLY)


def _by_signs(text: str) -> Intent:
    """Step 4: emoji and signs only. A thumb up is never a yes."""
    if not _STOP_SIGNS.isdisjoint(text):
        return Intent.STOP
    return Intent.OTHER if _DOWN.isdisjoint(text) else Intent.HOLD


def _whole(text: Prepared, *, is_strict: bool) -> Intent | None:
    """Rule B: nothing else is said. `is_strict`: something speaks of stopping, so it is no yes, no start."""
    core = tuple(text.core)
    bare = tuple(word for word in core if word not in OBJECT)
    if bare in reading.STOP or _is_stop_of(core):
        return Intent.STOP
    if core in reading.NO:
        return Intent.NO
    if core in reading.HELP:
        return Intent.HELP
    if is_strict:
        return None
    if core in reading.YES:
        return Intent.YES
    return Intent.START if core in reading.START else None


def _is_stop_of(core: Entry) -> bool:
    """Return whether it is an entry that only says of what: its own object words belong to it."""
    return any(
        core[:size] in reading.STOP and OBJECT.issuperset(core[size:])
        for size in range(1, _LONGEST_STOP + 1)
    )


_LONGEST_STOP = max(map(len, reading.STOP))


def _stop_matches(text: Prepared) -> list[bool]:
    """Rule C: return one entry per stop inside the text, true where it is negated or about something else."""
    found = _matches(text.full)
    if len(text.trimmed) < len(text.full):
        found.extend(_matches(text.trimmed, phrases=False))
    bare = [word for word in text.core if word not in OBJECT]
    if slips.is_in_pieces(text.core) or (len(bare) == 1 and slips.is_slip(bare[0])):
        found.append(False)
    return found or _mended_matches(text)


def _matches(tokens: list[Token], *, phrases: bool = True, strong: bool = True) -> list[bool]:
    """Return one entry per phrase or refusal, and per strong word that is the first or the last."""
    foreign = list(abroad.spans(tokens))
    places = [*phrase_spans(tokens, reading.STOP_PHRASE), *refusals.spans(tokens)]
    places.extend((start, end) for start, end, negated in foreign if not negated)
    negations, doubts = Negations(tokens, places), Doubts(tokens)
    ends = _strong_ends(tokens) if strong else []
    return [
        negations.hit(start, end) or doubts.hit(start, end)
        for start, end in [*(places if phrases else ()), *ends]
    ] + [True for *_, negated in foreign if phrases and negated]


_BESIDE = POLITE | OBJECT


def _strong_ends(tokens: list[Token]) -> list[tuple[int, int]]:
    places = [i for i, token in enumerate(tokens) if token.word not in _BESIDE]
    return [
        (place, place + 1)
        for place in {*places[:1], *places[-1:]}
        if (tokens[place].word,) in reading.STOP_STRONG
    ]


def _mended_matches(text: Prepared) -> list[bool]:
    """The same for what was meant, with a slip of the finger or words written together: doubt unless sure."""
    mended = slips.mended(text.trimmed)
    if mended is None:
        return []
    found = _matches(mended.tokens, strong=False)
    bare = tuple(token.word for token in mended.tokens if token.word not in _BESIDE)
    if bare in reading.STOP:
        found.append(False)
    # A weak word alone, with a slip: it may be a word of its own.
    is_one = len(text.core) == 1 and len(mended.tokens) == len(text.trimmed)
    is_sure = mended.is_sure and not (is_one and bare in reading.STOP_WEAK)
    return [each or not is_sure for each in found]


def _by_house_words(
    intent: Intent, text: Prepared, bare: Prepared, house: HouseWords
) -> tuple[Intent, bool]:
    """Let the organisation's own words count where the universal ones see no stop.

    A stop wins over own keywords, so `bare` still has these. For help and start nothing else may be said.
    """
    if any(_says(each.core, house.stop) for each in (text, bare)):
        return Intent.STOP, True
    if found := _by_house_phrases(bare.full, house):
        return found, False
    if intent is not Intent.OTHER:
        return intent, False
    core = tuple(text.core)
    meanings = (
        # A word for stop is doubt where it is the first or the last of several.
        (Intent.HOLD, any((word,) in house.stop for word in (*core[:1], *core[-1:]))),
        (Intent.HELP, core in house.help),
        (Intent.START, core in house.start),
    )
    return next((meaning for meaning, is_so in meanings if is_so), intent), False


def _by_house_phrases(full: list[Token], house: HouseWords) -> Intent | None:
    """A phrase of two words or more is a stop wherever it stands; negated it is doubt."""
    found = phrase_spans(full, house.phrases)
    negations = Negations(full, found)
    if not found:
        return None
    negated = all(negations.hit(start, end) for start, end in found)
    return Intent.HOLD if negated else Intent.STOP


def _says(core: list[str], entries: frozenset[Entry]) -> bool:
    bare = tuple(word for word in core if word not in OBJECT)
    return tuple(core) in entries or bare in entries


_HOLD_PREFIX = tuple(reading.words_of(words.HOLD_PREFIX))


@lru_cache(maxsize=4096)
def _is_hold_word(word: str) -> bool:
    return "stop" in word or word.startswith(_HOLD_PREFIX)


def _has_hold_mark(text: Prepared) -> bool:
    """Rule D: doubt about a stop, besides a negated one and the signs."""
    core = text.core
    return (
        any(_is_hold_word(token.word) for token in text.full)
        or bool(phrase_spans(text.full, reading.HOLD_PHRASE))
        or refusals.is_doubtful(text.full)
        or abroad.is_doubtful(text.full)
        or core in (["av"], ["off"])
        or (len(core) > 1 and not {"nei", "nej", "nein"}.isdisjoint((core[0], core[-1])))
    )
