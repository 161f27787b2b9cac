"""What the journal holds and this database lacks (trust.md § 6)."""

from collections.abc import Iterable, Iterator
from itertools import islice

from django.db.models import Q

from consents import journal_blocks
from consents.journalfile import BEAT, BLOCKED, HELD, RELEASED, SEALED, JournalEntry
from consents.models import ConsentEvent, Subject, Suppression
from smsconsent import crypto


def lacking(entries: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
    """Yield those of these entries, newest first, that the database does not have.

    Of holds the newest about a number counts. A beat is missing when it says that a batch had been committed
    which this database does not know of; without such a word, whoever wrote the batch may have died before.
    """
    told: set[str] = set()
    beats: dict[str, JournalEntry] = {}
    rest = iter(entries)
    while chunk := list(islice(rest, 500)):
        absent = _absent(chunk)
        for entry in chunk:
            if (witness := beats.pop(entry.batch, None)) is not None:
                yield witness
            if entry.type == BEAT:
                beats[entry.prev] = entry
            elif entry.type in {HELD, RELEASED}:
                if entry.subject not in told and entry in absent:
                    yield entry
                told.add(entry.subject)
            elif entry in absent:
                yield entry


def _absent(entries: list[JournalEntry]) -> set[JournalEntry]:
    """Return those of these entries, beats apart, that the database does not have, each by itself."""
    ids = {entry.event for entry in entries if entry.event}
    events = ConsentEvent.objects.filter(event_id__in=ids)
    found = set(events.values_list("event_id", flat=True))
    placed = set(events.exclude(leaf=None).values_list("event_id", flat=True))
    held = {entry.subject for entry in entries if entry.type == HELD}
    free = Subject.objects.filter(public_id__in=held, held_at=None).values_list(
        "public_id", flat=True
    )
    released = {subject.hex for subject in free}

    def is_here(entry: JournalEntry) -> bool:
        if entry.type in {BEAT, RELEASED}:
            return True
        if entry.type == BLOCKED:
            return _is_blocked(entry)
        if entry.type == HELD:
            return entry.subject not in released
        return entry.event in (placed if entry.type == SEALED else found)

    return {entry for entry in entries if not is_here(entry)}


def _is_blocked(entry: JournalEntry) -> bool:
    try:
        content = journal_blocks.open_block(entry)
    except (crypto.CannotDecrypt, crypto.UnknownKey):
        return False
    where = Q(purpose__public_id=content["purpose"]) if content["purpose"] else Q(purpose=None)
    # The row may still wait for the rotation of keys.
    forms = [bytes.fromhex(content[name]) for name in ("index", "index_then")]
    blocks = Suppression.objects.filter(
        where, organisation=int(content["organisation"]), index__in=forms
    )
    return blocks.exists()
