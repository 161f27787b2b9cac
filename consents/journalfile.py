"""The file of the journal: whole lines added at its end, read from its end, and cut at its beginning.

What the lines say, and what a database that lacks them must not do, stands in `consents.journal`.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from fcntl import LOCK_EX, flock
from io import SEEK_END
from pathlib import Path
from shutil import copyfileobj
from typing import IO

from django.conf import settings

BLOCK_BYTES = 65_536
BLOCKED, SEALED, HELD, RELEASED, BEAT = "blocked", "sealed", "held", "released", "beat"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line: an event with its header; its `index` in the log once sealed; a block; a hold; a beat.

    What a block says is in `sealed`, a Fernet token. A beat comes each minute: `at` is its time, `prev`
    the batch that had been committed before it.
    """

    batch: str
    type: str
    consent: str = ""
    event: str = ""
    header: str = ""
    sealed: str = ""
    index: str = ""
    subject: str = ""
    prev: str = ""
    at: str = ""


def path() -> Path:
    return Path(settings.JOURNAL_FILE)


# -- writing ---------------------------------------------------------------------------------------------
@contextmanager
def exclusive() -> Iterator[IO[bytes]]:
    """Open the journal for adding to it. One process at a time."""
    place = path()
    place.parent.mkdir(parents=True, exist_ok=True)
    is_new = not place.exists()
    with _locked(place) as file:
        if is_new:
            place.chmod(0o600)
            _sync_folder(place.parent)
        yield file


@contextmanager
def _locked(place: Path) -> Iterator[IO[bytes]]:
    """Lock the file that stands there: whoever waited may have got one that was cut meanwhile."""
    while True:
        with place.open("ab") as file:
            flock(file, LOCK_EX)
            if place.exists() and os.path.samestat(os.fstat(file.fileno()), place.stat()):
                yield file
                return


def append(file: IO[bytes], entries: Sequence[JournalEntry]) -> None:
    """Add whole lines and wait for the disk. A line that a crash cut off is ended first: it is no entry."""
    lines = [json.dumps(_filled(entry), ensure_ascii=False) + "\n" for entry in entries]
    with path().open("rb") as written:
        written.seek(0, SEEK_END)
        is_torn = written.tell() > 0 and _last_byte(written) != b"\n"
    file.write((b"\n" if is_torn else b"") + "".join(lines).encode())
    file.flush()
    os.fsync(file.fileno())


def cut(before: datetime) -> int:
    """Take away what is older, as far as beats tell the time. Return how many bytes went.

    The newest beat that is older stays the first line. A crash leaves the old file or the new one, whole.
    """
    place = path()
    if not place.exists():
        return 0
    with _locked(place):
        start = _start_of(place, before)
        if start == 0:
            return 0
        draft = place.with_name(f"{place.name}.cut")
        draft.touch(mode=0o600)
        with place.open("rb") as old, draft.open("wb") as new:
            old.seek(start)
            copyfileobj(old, new)
            new.flush()
            os.fsync(new.fileno())
        draft.rename(place)
        _sync_folder(place.parent)
    return start


def _start_of(place: Path, before: datetime) -> int:
    """Return where the newest beat before this moment begins; 0 when there is none."""
    start = position = 0
    with place.open("rb") as file:
        for line in file:
            if b'"type": "beat"' in line:
                for entry in _parsed(line):
                    if datetime.fromisoformat(entry.at) >= before:
                        return start
                    start = position
            position += len(line)
    return start


def _last_byte(file: IO[bytes]) -> bytes:
    file.seek(-1, SEEK_END)
    return file.read(1)


def _filled(entry: JournalEntry) -> dict[str, str]:
    return {name: value for name, value in asdict(entry).items() if value}


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# -- reading ---------------------------------------------------------------------------------------------
def backwards() -> Iterator[JournalEntry]:
    """Yield the entries, the newest first, reading no more of the file than is asked for."""
    try:
        file = path().open("rb")
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


def newest_batch() -> str:
    newest = next(backwards(), None)
    return newest.batch if newest else ""


def after(mark: str) -> Iterator[JournalEntry]:
    """Yield the entries after the last one of this batch, newest first."""
    for entry in backwards():
        if entry.batch == mark:
            return
        yield entry


def _parsed(line: bytes) -> Iterator[JournalEntry]:
    """Yield the entry of this line; nothing for one that a crash cut off."""
    try:
        yield JournalEntry(**json.loads(line))
    except (ValueError, TypeError):
        return
