"""Whether the words of a request for consent are plain and definite (guide G12, G24; GDPR Art. 4(11), 7(2)).

A check of words, not of law: it finds what is vague, thin or hard to read, and a frequency other than the
one that is kept when sending. Pure; the words of all three languages count in each.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

# LIX (Björnsson): words a sentence, and words of more than six letters in a hundred. From 55 on a text is
# called very difficult; a newspaper has about 45.
HARDEST = 55
FEWEST_WORDS = 2
_READ = ("what", "why", "frequency", "how_to_stop", "declaration", "age_declaration")
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.!?:;]+(?=\s|$)")
_NUMBERS = (
    ("en", "én", "ein", "éin", "ett", "eitt", "one", "once"),
    ("to", "two", "twice"),
    ("tre", "three"),
    ("fire", "four"),
    ("fem", "five"),
    ("seks", "six"),
    ("sju", "syv", "seven"),
    ("åtte", "eight"),
    ("ni", "nine"),
    ("ti", "ten"),
    ("elleve", "eleven"),
    ("tolv", "twelve"),
)
_PERIODS = {
    "week": ("uke", "uka", "uken", "ukentlig", "veke", "veka", "week", "weekly"),
    "month": ("måned", "måneden", "mnd", "månad", "månaden", "month", "monthly"),
}
_VAGUE = re.compile(
    r"\b(av og til|iblant|innimellom|jevnlig|jamleg|regelmessig|noen ganger|nokre gonger|ved behov"
    r"|from time to time|occasionally|regularly|sometimes|as needed"
    r"|osv|m\.?\s?m|med mer|med meir|og lignende|og liknande|og mye mer|og mykje meir|diverse|bl\.?\s?a"
    r"|andre formål|andre føremål|etc|and more|and so on|and such|various|other purposes)\b",
    re.IGNORECASE,
)


class Fault(StrEnum):
    THIN = "thin"
    VAGUE = "vague"
    HARD = "hard"
    COUNT = "count"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one text. `found`: the vague words, or the LIX."""

    field: str
    fault: Fault
    found: str = ""


def problems(texts: Mapping[str, str], *, count: int, period: str) -> list[Problem]:
    """Return what keeps these texts from being published, in the order in which they are read.

    `texts` by field of a wording; `count` messages in a `period` ("week" or "month") is what is kept.
    """
    found = [problem for name in _READ for problem in _of_field(name, texts.get(name, ""))]
    found += _of_frequency(texts["frequency"], count, period)
    if (measured := lix(". ".join(texts.get(name, "") for name in _READ))) >= HARDEST:
        found.append(Problem("what", Fault.HARD, str(measured)))
    return found


def lix(text: str) -> int:
    """Return how hard a text is to read, by LIX. An empty one is 0."""
    words = _WORD.findall(text)
    if not words:
        return 0
    sentences = sum(bool(_WORD.search(part)) for part in _SENTENCE_END.split(text))
    long_words = sum(len(word) > 6 for word in words)
    return round(len(words) / sentences + 100 * long_words / len(words))


def _of_field(name: str, text: str) -> Iterator[Problem]:
    if name in {"what", "why"} and len(_WORD.findall(text)) < FEWEST_WORDS:
        yield Problem(name, Fault.THIN)
    if match := _VAGUE.search(text):
        yield Problem(name, Fault.VAGUE, match[0])


def _of_frequency(text: str, count: int, period: str) -> Iterator[Problem]:
    words = {word.lower() for word in _WORD.findall(text)}
    names = _NUMBERS[count - 1] if count <= len(_NUMBERS) else ()
    if words.isdisjoint({str(count), *names}):
        yield Problem("frequency", Fault.COUNT)
    elif words.isdisjoint(_PERIODS[period]):
        yield Problem("frequency", Fault.PERIOD)
