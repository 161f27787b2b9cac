"""An organisation's own words for stop, help and start: what may be one, and keeping them (F038)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction

from consents import housewords, keywords, slips
from consents.housewords import entry_of
from consents.keywords import Intent
from consents.models import Organisation, Purpose
from consents.phrases import Entry
from smsconsent import gsm
from smsconsent.staff.models import User

MOST_WORDS = 20
LONGEST_WORD = 40
KINDS = (Intent.STOP, Intent.HELP, Intent.START)


class Objection(StrEnum):
    """Why a word cannot be one of the organisation's own."""

    MANY = "many"
    LONG = "long"
    EMPTY = "empty"
    ALPHABET = "alphabet"
    ALREADY = "already"
    STOPS = "stops"
    OTHERWISE = "otherwise"
    KEYWORD = "keyword"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class Problem:
    kind: Intent
    word: str
    objection: Objection


class WordsRefused(Exception):
    """Nothing was kept. `problems` names each word and what is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.objection for problem in problems))
        self.problems = problems


@transaction.atomic
def set_house_words(organisation: Organisation, words: Mapping[Intent, str], *, by: User) -> bool:
    """Keep what people may write besides the universal words, one on a line. Return whether it changed.

    A word for start or help never equals, holds or nearly spells a stop, universal or the organisation's
    own; none means something else already. What there was before and after stands in the log of the back
    office. Raises WordsRefused.
    """
    lists = {kind: housewords.lines(gsm.normalise(words.get(kind, ""))) for kind in KINDS}
    if problems := _problems(lists, _keywords_beside(organisation)):
        raise WordsRefused(problems)
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    fields = {f"{kind}_words": "\n".join(found) for kind, found in lists.items()}
    changed = {
        name: [getattr(locked, name), new]
        for name, new in fields.items()
        if getattr(locked, name) != new
    }
    if not changed:
        return False
    Organisation.objects.filter(pk=organisation.pk).update(**fields)
    LogEntry.objects.log_actions(
        by.pk,
        [locked],
        CHANGE,
        change_message="; ".join(
            f"{name}: {_on_a_line(before)} → {_on_a_line(after)}"
            for name, (before, after) in changed.items()
        ),
        single_object=True,
    )
    return True


def _on_a_line(text: str) -> str:
    return ", ".join(text.splitlines()) or "–"


def _keywords_beside(organisation: Organisation) -> frozenset[str]:
    """The topic words at the organisation's short numbers, those of others there included."""
    numbers = organisation.senders.exclude(reply_number="").values("reply_number")
    beside = Purpose.objects.filter(sender__reply_number__in=numbers).exclude(keyword="")
    return frozenset(beside.values_list("keyword", flat=True))


def _problems(lists: Mapping[Intent, tuple[str, ...]], topics: Collection[str]) -> list[Problem]:
    problems = [
        Problem(kind, "", Objection.MANY)
        for kind, words in lists.items()
        if len(words) > MOST_WORDS
    ]
    stops = frozenset(map(entry_of, lists[Intent.STOP]))
    seen: set[Entry] = set()
    for kind, words in lists.items():
        for word in words:
            entry = entry_of(word)
            objection = next(_objections(kind, word, stops=stops, topics=topics), None)
            if objection is None and entry in seen:
                objection = Objection.TWICE
            seen.add(entry)
            if objection:
                problems.append(Problem(kind, word, objection))
    return problems


def _objections(
    kind: Intent, word: str, *, stops: frozenset[Entry], topics: Collection[str]
) -> Iterator[Objection]:
    """Yield what speaks against a word. What is yielded first is what its author is told."""
    means, is_stop = keywords.parse(word), kind is Intent.STOP
    if len(word) > LONGEST_WORD:
        yield Objection.LONG
    if not any(char.isalpha() for each in entry_of(word) for char in each):
        yield Objection.EMPTY
    if keywords.read(word, keywords=topics).topic is not None:
        yield Objection.KEYWORD
    if means is kind:
        yield Objection.ALREADY
    # People are told to write these, so they fit in an SMS of ours. Stops are what people write anyway.
    if not is_stop and gsm.offenders(word):
        yield Objection.ALPHABET
    if not is_stop and _is_near_a_stop(word, means, stops):
        yield Objection.STOPS
    if means not in {kind, Intent.OTHER} | (_DOUBT if is_stop else set()):
        yield Objection.OTHERWISE


# What an organisation may turn into a stop: it goes the same way.
_DOUBT = {Intent.NO, Intent.HOLD}


def _is_near_a_stop(word: str, means: Intent, stops: frozenset[Entry]) -> bool:
    return (
        means is Intent.STOP
        or means in _DOUBT
        or housewords.holds_stop(word, stops)
        or any(slips.nearly_stops(each, stops) for each in entry_of(word))
    )
