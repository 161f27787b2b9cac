"""The published copy of the log: a file to which every signed checkpoint is appended, and nothing else done.

It belongs where the database's operator cannot rewrite it: another volume, an object store that locks,
a file with the append-only attribute. What it says counts more than what the database says: nothing is
signed that does not extend its last checkpoint (trust.md § 5).
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from django.conf import settings

from consents import logkeys, notes
from smsconsent import crypto

TAIL_BYTES = 16_384


class PublishedLogDiffers(Exception):
    """The published copy and the database do not tell the same story. Nothing is sealed or signed."""


def is_ours(note: notes.SignedNote, keys: dict[bytes, bytes]) -> bool:
    """Return whether the checkpoint names this log, or one it took over from, and a key has signed it."""
    names = {logkeys.origin(), *logkeys.takeovers()}
    return note.origin in names and bool(signers(note, keys))


def signers(note: notes.SignedNote, keys: dict[bytes, bytes]) -> set[bytes]:
    """Return those of these public keys that have signed this checkpoint."""
    return {
        keys[each.key_id]
        for each in note.signatures
        if each.key_id in keys
        and crypto.is_signed(note.body, each.value, public_key=keys[each.key_id])
    }


def last() -> notes.SignedNote | None:
    """Return the newest published checkpoint, or None when nothing has been published yet.

    Raises PublishedLogDiffers when it is not one of ours, and OSError when the file cannot be read.
    """
    text = _tail(settings.LEDGER_FILE)
    pieces = list(notes.split(text))
    if not pieces and not text.strip():
        return None
    keys = logkeys.trusted()
    found = _read_ours(pieces[-1], keys) if pieces else None
    # A crash may have cut the last one short: then it was never published.
    if found is None and len(pieces) > 1 and not text.endswith("\n\n"):
        found = _read_ours(pieces[-2], keys)
    if found is None:
        raise PublishedLogDiffers(
            f"The last checkpoint in {settings.LEDGER_FILE} was not signed as {logkeys.origin()} "
            "by a key that is known here."
        )
    return found


def newest() -> notes.SignedNote | None:
    """Return the newest note of the published copy, whoever signed it: for processes without keys.

    Raises OSError when the file cannot be read. What stands in it may stop the sending, and start nothing.
    """
    for text in reversed(list(notes.split(_tail(settings.LEDGER_FILE)))):
        try:
            return notes.read(text)
        except notes.MalformedNote:
            continue
    return None


def append(texts: Sequence[str]) -> None:
    """Add these signed notes, in order, passing over what is there already. On disk on return."""
    path: Path = settings.LEDGER_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        newest, name = last(), logkeys.origin()
        size = newest.size if newest and newest.origin == name else -1
        read = [(notes.read(text), text) for text in texts]
        new = [text for note, text in read if note.origin == name and note.size > size]
        if new:
            # After a piece that a crash cut short, the next one begins anew.
            start = "" if _ends_whole(file) else "\n\n"
            file.write((start + "".join(f"{text}\n" for text in new)).encode())
            file.flush()
            os.fsync(file.fileno())


def every() -> Iterator[str]:
    """Yield each published note, oldest first, in bounded memory."""
    path: Path = settings.LEDGER_FILE
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        kept = ""
        while block := file.read(1 << 20):
            head, gap, kept = (kept + block).rpartition("\n\n— ")
            # Up to a whole note: what follows the last signature mark may go on in the next block.
            before = head.rfind("\n\n") if gap else -1
            body_at = before + 2 if before >= 0 else 0
            yield from notes.split(head[:body_at])
            kept = head[body_at:] + gap + kept
        yield from notes.split(kept)


def _read_ours(text: str, keys: dict[bytes, bytes]) -> notes.SignedNote | None:
    try:
        note = notes.read(text)
    except notes.MalformedNote:
        return None
    return note if is_ours(note, keys) else None


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _ends_whole(file: IO[bytes]) -> bool:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2))
    return size == 0 or file.read() == b"\n\n"
