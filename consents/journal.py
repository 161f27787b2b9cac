"""The journal outside the database, and the guard that keeps a restored database from sending.

A file that is only added to (`journalfile`). Each line names one event by random ids: type, consent,
header; or one entry of the block list, encrypted; or a hold; or is a beat. No number, no text. A database
that was restored from a backup lacks what the journal holds; then nothing is sent and nothing is sealed
until `manage.py replay_journal` has run (trust.md § 6, invariant 14).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from consents import journal_blocks, journal_gaps, journalfile
from consents.journalfile import BEAT, BLOCKED, HELD, RELEASED, SEALED, JournalEntry, exclusive
from consents.models import (
    ConsentEvent,
    JournalMark,
    Leaf,
    PendingEntry,
    Subject,
    Suppression,
)
from smsconsent.trips import Trip, places, stored

__all__ = ["BEAT", "BLOCKED", "HELD", "RELEASED", "SEALED", "JournalEntry", "exclusive"]

BATCH = 2_000
# A worker writes every two seconds.
LAG_WARNS = timedelta(seconds=60)
# Beyond the last backup: a restored one must still find its mark.
KEPT_BEYOND_BACKUPS = timedelta(days=30)
STOPPED = (
    "The database is older than the journal: nothing is sent or sealed until "
    "manage.py replay_journal has run."
)
LOST = (
    "The journal does not hold what this database wrote to it: nothing is sent or sealed. Put the file "
    "JOURNAL_FILE back, or begin a new one with manage.py replay_journal --new-journal."
)
UNREADABLE = "The journal cannot be read (%s): nothing is sent or sealed until JOURNAL_FILE can be."


class JournalBehind(Exception):
    """The journal must not be added to: it has a gap that a replay closes first."""


def problem() -> str:
    """Return "" while this database is at least as new as the journal, else one sentence.

    Asked at each hand-over and by the readiness check. The usual answer costs one small read of the file
    and one of the database; nothing is remembered between two calls.
    """
    mark = _mark()
    try:
        return "" if journalfile.newest_batch() == mark else _compare(mark)
    except OSError as error:
        return UNREADABLE % error.strerror


def unreplayed() -> list[JournalEntry]:
    """Return, oldest first, the entries that this database lacks. Those before its mark it has."""
    return list(journal_gaps.lacking(journalfile.after(_mark())))[::-1]


# -- writing ---------------------------------------------------------------------------------------------
def drain() -> int:
    """Write what waits to the journal, safely on disk, and return how many entries it was.

    A crash before the commit writes the same entries again, which does no harm. Raises JournalBehind
    when the database is older than the journal: what happened since waits for the replay.
    """
    written = 0
    with exclusive() as file:
        while count := _drain_batch(file):
            written += count
    return written


def beat(*, now: datetime) -> None:
    """Write a line that says how far the database had come, though nothing else may have happened.

    So a database that is more than a minute or two old is noticed even when nothing but messages left
    it since. Raises JournalBehind.
    """
    with exclusive() as file, transaction.atomic():
        if stop := problem():
            raise JournalBehind(stop)
        at = now.astimezone(UTC).isoformat(timespec="seconds")
        entry = JournalEntry(token_hex(8), BEAT, prev=_mark(), at=at)
        journalfile.append(file, [entry])
        _set_mark(batch=entry.batch)


def cut_old(*, now: datetime) -> int:
    """Take away what no backup can lack any more. Return how many bytes went."""
    return journalfile.cut(now - settings.BACKUP_LIFE - KEPT_BEYOND_BACKUPS)


def note_consents(events: Sequence[int], references: Sequence[UUID], *, trip: Trip) -> None:
    """Say on a trip which consent each event is about. The trigger has noted the events."""
    if connection.vendor == "postgresql":
        trip.add(
            """UPDATE journal_pending AS entry SET reference = said.reference
               FROM unnest(%s::bigint[], %s::uuid[]) AS said (event, reference)
               WHERE entry.event = said.event""",
            [list(events), [reference.hex for reference in references]],
        )
        return
    said = {str(event): each.hex for event, each in zip(events, references, strict=True)}
    trip.add(
        """UPDATE journal_pending SET reference = said.value FROM json_each(%s) AS said
           WHERE event = CAST(said.key AS integer)""",
        [json.dumps(said)],
    )


def note_consents_of(references: Mapping[str, UUID], *, trip: Trip) -> None:
    """The same by the ids of events, on a trip that has just stored them."""
    if len(references) > 1 and connection.vendor == "postgresql":
        trip.add(
            """UPDATE journal_pending AS entry SET reference = said.reference
               FROM unnest(%s::text[], %s::uuid[]) AS said (event_id, reference)
               JOIN ledger_event ON ledger_event.event_id = said.event_id
               WHERE entry.event = ledger_event.id""",
            [list(references), [reference.hex for reference in references.values()]],
        )
        return
    for reference in set(references.values()):
        events = [event_id for event_id, about in references.items() if about == reference]
        trip.add(
            f"""UPDATE journal_pending SET reference = %s
               WHERE event IN (SELECT id FROM ledger_event WHERE event_id IN {places(events)})""",  # noqa: S608  placeholders
            [stored(PendingEntry, "reference", reference), *events],
        )


def note_holds(subjects: Iterable[Subject]) -> None:
    """Have it written that these numbers are on hold, or no longer: what the database says then."""
    PendingEntry.objects.bulk_create(
        [PendingEntry(hold=subject.pk, reference=subject.public_id) for subject in subjects]
    )


def accept(entries: Iterable[JournalEntry]) -> None:
    """Forget what waits about these events: the journal holds them. For the replay."""
    ids = [entry.event for entry in entries if entry.event]
    events = ConsentEvent.objects.filter(event_id__in=ids)
    PendingEntry.objects.filter(event__in=events.values("pk")).delete()


def catch_up(*, is_final: bool = False) -> None:
    """Say that this database has everything the journal holds, unless it lacks something.

    `is_final`: what it lacks is given up.
    """
    if not is_final and (
        problem() not in {"", STOPPED} or any(entry.type != BEAT for entry in unreplayed())
    ):
        return
    newest = Leaf.objects.aggregate(newest=Max("tree_index"))["newest"]
    _set_mark(batch=journalfile.newest_batch(), leaves=0 if newest is None else newest + 1)


def begin_anew(*, now: datetime) -> None:
    """Put the journal aside and begin an empty one: the last resort when its file is lost."""
    path = journalfile.path()
    if path.exists():
        path.rename(path.with_name(f"{path.name}.{now:%Y%m%dT%H%M%S}"))
    JournalMark.objects.update(batch="")


def _drain_batch(file: IO[bytes]) -> int:
    with transaction.atomic():
        sealed = JournalMark.objects.values_list("leaves", flat=True).first() or 0
        rows = list(PendingEntry.objects.order_by("pk")[:BATCH])
        leaves = list(
            Leaf.objects.filter(tree_index__gte=sealed)
            .order_by("tree_index")
            .values_list("tree_index", "event__event_id")[:BATCH]
        )
        if not rows and not leaves:
            return 0
        if stop := problem():
            raise JournalBehind(stop)
        batch = token_hex(8)
        places = (JournalEntry(batch, SEALED, event=event, index=str(at)) for at, event in leaves)
        kinds = (_events, _blocks, _holds)
        entries = [each for kind in kinds for each in kind(rows, batch=batch)] + list(places)
        if entries:
            journalfile.append(file, entries)
            _set_mark(batch=batch, leaves=sealed + len(leaves))
        PendingEntry.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows) + len(leaves)


def _events(rows: Iterable[PendingEntry], *, batch: str) -> Iterator[JournalEntry]:
    named = {row.event: row.reference for row in rows if row.event}
    events = ConsentEvent.objects.filter(pk__in=named.keys()).order_by("pk")
    for event in events:
        header = bytes(event.header).decode()
        reference = named[event.pk]
        yield JournalEntry(
            batch,
            json.loads(header)["type"],
            consent=reference.hex if reference else "",
            event=event.event_id,
            header=header,
        )


def _blocks(rows: Iterable[PendingEntry], *, batch: str) -> Iterator[JournalEntry]:
    ids = [row.block for row in rows if row.block]
    for block in Suppression.objects.filter(pk__in=ids).select_related("purpose"):
        yield JournalEntry(batch, BLOCKED, sealed=journal_blocks.seal_block(block))


def _holds(rows: Iterable[PendingEntry], *, batch: str) -> Iterator[JournalEntry]:
    ids = {row.hold for row in rows if row.hold}
    for subject in Subject.objects.filter(pk__in=ids).order_by("pk").only("public_id", "held_at"):
        kind = HELD if subject.held_at else RELEASED
        yield JournalEntry(batch, kind, subject=subject.public_id.hex)


def _set_mark(**values: str | int) -> None:
    JournalMark.objects.update_or_create(pk=1, defaults=values)


# -- comparing -------------------------------------------------------------------------------------------
def _mark() -> str:
    return JournalMark.objects.values_list("batch", flat=True).first() or ""


def _compare(mark: str) -> str:
    """Look at what the journal holds after the mark, newest first: what is missing is found at once.

    A batch whose transaction did not commit is there twice, and not missing.
    """
    if next(journal_gaps.lacking(journalfile.after(mark)), None):
        return STOPPED
    is_found = not mark or any(entry.batch == mark for entry in journalfile.backwards())
    return "" if is_found else LOST


# -- what wants a person ---------------------------------------------------------------------------------
def lag(now: datetime) -> timedelta:
    """Return how long the oldest entry has waited to be written to the journal; nought when none waits."""
    oldest = PendingEntry.objects.order_by("pk").first()
    return max(now - oldest.since, timedelta(0)) if oldest else timedelta(0)


def warning() -> str:
    """Return "" unless the journal lags. A readiness warning: what it lacks, no restore would know of."""
    waited = lag(timezone.now())
    if waited <= LAG_WARNS:
        return ""
    minutes = int(waited.total_seconds() // 60)
    return _(
        "The journal is behind: stops and erasures have waited %(minutes)d minutes to "
        "be written to it."
    ) % {"minutes": minutes}


def findings() -> Iterator[tuple[bool, str]]:
    """Yield what there is to say about the journal. For `manage.py doctor`."""
    if not warning():
        yield True, f"The journal lags by {lag(timezone.now()).seconds} seconds."
