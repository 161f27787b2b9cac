"""The journal outside the database, and the guard that keeps a restored database from sending.

A file that is only added to. Each line names one event by random ids: type, consent, header; or one
entry of the block list, encrypted. No number, no text. A database that was restored from a backup lacks
what the journal holds; then nothing is sent and nothing is sealed until `manage.py replay_journal` has
run (trust.md § 6, invariant 14).
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from fcntl import LOCK_EX, flock
from io import SEEK_END
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery

from consents.models import ConsentEvent, EventDetail, JournalMark, Leaf, PendingEntry, Suppression
from smsconsent import crypto
from smsconsent.trips import Trip, stored

BLOCKED, SEALED = "blocked", "sealed"
BATCH, BLOCK_BYTES = 2_000, 65_536
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. An event with its header; its `index` in the log once it is sealed; or a block.

    What a block says is in `sealed`, a Fernet token.
    """

    batch: str
    type: str
    consent: str = ""
    event: str = ""
    header: str = ""
    sealed: str = ""
    index: str = ""


def problem() -> str:
    """Return "" while this database is at least as new as the journal, else one sentence.

    Asked at each hand-over and by the readiness check. The usual answer costs one small read of the file
    and one of the database; nothing is remembered between two calls.
    """
    mark = _mark()
    try:
        return "" if _newest_batch() == mark else _compare(mark)
    except OSError as error:
        return UNREADABLE % error.strerror


def unreplayed() -> list[Entry]:
    """Return, oldest first, the entries that this database lacks. Those before its mark it has."""
    lacking: list[Entry] = []
    for chunk in _chunks(_after(_mark())):
        lacking += _lacking(chunk)
    return lacking[::-1]


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


@contextmanager
def exclusive() -> Iterator[IO[bytes]]:
    """Open the journal for adding to it. One process at a time."""
    path = _path()
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        flock(file, LOCK_EX)
        if is_new:
            path.chmod(0o600)
            _sync_folder(path.parent)
        yield file


def note_consents(events: Sequence[int]) -> None:
    """Say which consent each event is about, as its detail has it. The trigger has noted the events."""
    about = EventDetail.objects.filter(event__pk=OuterRef("event")).values("consent__public_id")
    PendingEntry.objects.filter(event__any=events).update(reference=Subquery(about[:1]))


def note_consent(event_id: str, reference: UUID, *, trip: Trip) -> None:
    """The same for one event, on a trip that has just stored it."""
    trip.add(
        """UPDATE journal_pending SET reference = %s
           WHERE event = (SELECT id FROM ledger_event WHERE event_id = %s)""",
        [stored(PendingEntry, "reference", reference), event_id],
    )


def accept(entries: Iterable[Entry]) -> None:
    """Forget what waits about these events: the journal holds them. For the replay."""
    ids = [entry.event for entry in entries if entry.event]
    events = ConsentEvent.objects.filter(event_id__in=ids)
    PendingEntry.objects.filter(event__in=events.values("pk")).delete()


def catch_up() -> None:
    """Say that this database has everything the journal holds, unless the journal lacks something too."""
    if problem():
        return
    newest = Leaf.objects.aggregate(newest=Max("tree_index"))["newest"]
    leaves = 0 if newest is None else newest + 1
    JournalMark.objects.update_or_create(
        pk=1, defaults={"batch": _newest_batch(), "leaves": leaves}
    )


def begin_anew(*, now: datetime) -> None:
    """Put the journal aside and begin an empty one: the last resort when its file is lost."""
    path = _path()
    if path.exists():
        path.rename(path.with_name(f"{path.name}.{now:%Y%m%dT%H%M%S}"))
    JournalMark.objects.update(batch="")


def open_block(entry: Entry) -> dict[str, str]:
    """Return what a block says: organisation, purpose, index under today's key and then, reason, dates.

    Raises CannotDecrypt and UnknownKey when a key of those days is gone.
    """
    content: dict[str, str] = json.loads(crypto.decrypt_bytes(entry.sealed.encode()))
    index = crypto.add_layers(
        bytes.fromhex(content["index"]),
        key_id=content.pop("index_key_id"),
        use="suppression",
        organisation=int(content["organisation"]),
    )
    return content | {"index": index.hex(), "index_then": content["index"]}


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
        places = (Entry(batch, SEALED, event=event, index=str(at)) for at, event in leaves)
        entries = [*_events(rows, batch=batch), *_blocks(rows, batch=batch), *places]
        if entries:
            _append(file, entries)
            values = {"batch": batch, "leaves": sealed + len(leaves)}
            JournalMark.objects.update_or_create(pk=1, defaults=values)
        PendingEntry.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows) + len(leaves)


def _events(rows: Iterable[PendingEntry], *, batch: str) -> Iterator[Entry]:
    named = {row.event: row.reference for row in rows if row.event}
    events = ConsentEvent.objects.filter(pk__in=named.keys()).order_by("pk")
    for event in events:
        header = bytes(event.header).decode()
        reference = named[event.pk]
        yield Entry(
            batch,
            json.loads(header)["type"],
            consent=reference.hex if reference else "",
            event=event.event_id,
            header=header,
        )


def _blocks(rows: Iterable[PendingEntry], *, batch: str) -> Iterator[Entry]:
    """PRIVACY: law.md L42 has blocks replayed, and a pseudonym is all there is of them: encrypted."""
    ids = [row.block for row in rows if row.block]
    for block in Suppression.objects.filter(pk__in=ids).select_related("purpose"):
        content = {
            "organisation": str(block.organisation_id),
            "purpose": block.purpose.public_id.hex if block.purpose else "",
            "index": bytes(block.index).hex(),
            "index_key_id": block.index_key_id,
            "reason": block.reason,
            "created_on": block.created_on.isoformat(),
            "review_on": block.review_on.isoformat(),
        }
        token = crypto.encrypt_bytes(json.dumps(content).encode())
        yield Entry(batch, BLOCKED, sealed=token.decode())


# -- comparing ---------------------------------------------------------------------------------------------
def _mark() -> str:
    return JournalMark.objects.values_list("batch", flat=True).first() or ""


def _newest_batch() -> str:
    newest = next(_backwards(), None)
    return newest.batch if newest else ""


def _compare(mark: str) -> str:
    """Look at what the journal holds after the mark, newest first: what is missing is found at once.

    A batch whose transaction did not commit is there twice, and not missing.
    """
    entries = _after(mark)
    for chunk in _chunks(entries):
        if _lacking(chunk):
            return STOPPED
    is_found = not mark or any(entry.batch == mark for entry in _backwards())
    return "" if is_found else LOST


def _after(mark: str) -> Iterator[Entry]:
    """Yield the entries after the last one of this batch, newest first."""
    for entry in _backwards():
        if entry.batch == mark:
            return
        yield entry


def _lacking(entries: list[Entry]) -> list[Entry]:
    """Return those of these entries that the database does not have."""
    ids = {entry.event for entry in entries}
    events = ConsentEvent.objects.filter(event_id__in=ids)
    found = set(events.values_list("event_id", flat=True))
    placed = set(events.exclude(leaf=None).values_list("event_id", flat=True))

    def is_here(entry: Entry) -> bool:
        if entry.type == BLOCKED:
            return _is_blocked(entry)
        return entry.event in (placed if entry.type == SEALED else found)

    return [entry for entry in entries if not is_here(entry)]


def _is_blocked(entry: Entry) -> bool:
    try:
        content = open_block(entry)
    except (crypto.CannotDecrypt, crypto.UnknownKey):
        return False
    where = Q(purpose__public_id=content["purpose"]) if content["purpose"] else Q(purpose=None)
    # The row may still wait for the rotation of keys.
    forms = [bytes.fromhex(content[name]) for name in ("index", "index_then")]
    blocks = Suppression.objects.filter(
        where, organisation=int(content["organisation"]), index__in=forms
    )
    return blocks.exists()


def _chunks(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while chunk := list(islice(entries, 500)):
        yield chunk


# -- the file ----------------------------------------------------------------------------------------------
def _path() -> Path:
    return Path(settings.JOURNAL_FILE)


def _append(file: IO[bytes], entries: list[Entry]) -> None:
    """Add whole lines and wait for the disk. A line that a crash cut off is ended first: it is no entry."""
    lines = [json.dumps(_filled(entry), ensure_ascii=False) + "\n" for entry in entries]
    with _path().open("rb") as written:
        written.seek(0, SEEK_END)
        is_torn = written.tell() > 0 and _last_byte(written) != b"\n"
    file.write((b"\n" if is_torn else b"") + "".join(lines).encode())
    file.flush()
    os.fsync(file.fileno())


def _last_byte(file: IO[bytes]) -> bytes:
    file.seek(-1, SEEK_END)
    return file.read(1)


def _filled(entry: Entry) -> dict[str, str]:
    return {name: value for name, value in asdict(entry).items() if value}


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _backwards() -> Iterator[Entry]:
    """Yield the entries, the newest first, reading no more of the file than is asked for."""
    try:
        file = _path().open("rb")
    except FileNotFoundError:
        return
    with file:
        position = file.seek(0, SEEK_END)
        rest = b""
        while position > 0:
            size = min(BLOCK_BYTES, position)
            position = file.seek(position - size)
            lines = (file.read(size) + rest).split(b"\n")
            rest = lines[0]
            for line in reversed(lines[1:]):
                yield from _parsed(line)
        yield from _parsed(rest)


def _parsed(line: bytes) -> Iterator[Entry]:
    """Yield the entry of this line; nothing for one that a crash cut off."""
    try:
        yield Entry(**json.loads(line))
    except (ValueError, TypeError):
        return
