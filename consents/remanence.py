"""What is left of a number: the bytes of every store are read and searched (trust.md invariant 17).

A number may have been written down in fourteen ways, and ciphertext may still open to it. Shared by
`manage.py drill erasure` and the tests, so that both look for the same.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import DatabaseError, connection

from smsconsent import crypto
from smsconsent.phones import Phone

Bytes = Iterator[bytes]
Stores = dict[str, Callable[[], Bytes]]
ROWS, FILES, WAL = "rows of the database", "files of the database", "write-ahead log"
_TOKEN = re.compile(rb"gAAAAA[A-Za-z0-9_-]{80,}={0,2}")
# What COPY and pg_dump write of a bytea.
_HEX_TOKEN = re.compile(rb"6741414141(?:[0-9a-f]{2}){90,}")
# The shortest token there is; what follows one may look like more of it.
_SHORTEST, _MOST_STRAY = 100, 8


class NotReadable(Exception):
    """This store cannot be looked at from here. The text says what is missing."""


@dataclass(slots=True)
class Look:
    """What one look at one store has found. `obstacle` says why it could not be read."""

    store: str
    size: int = 0
    spelt: set[str] = field(default_factory=set)
    opened: int = 0
    obstacle: str = ""

    @property
    def is_clean(self) -> bool:
        return not (self.spelt or self.opened)


def spellings(phone: Phone) -> dict[str, bytes]:
    """Return the ways of trust.md § 11 in which careless code may have left a number."""
    e164 = phone.e164
    national, digits = e164.removeprefix("+47"), e164[1:]
    swapped = "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))
    aligned = [b64encode(b"x" * shift + e164.encode())[(0, 2, 3)[shift] :] for shift in range(3)]
    return {
        "E.164": e164.encode(),
        "national": national.encode(),
        "with 00": f"0047{national}".encode(),
        "spaced": f"{national[:3]} {national[3:5]} {national[5:]}".encode(),
        "packed decimal": bytes.fromhex(digits),
        "packed decimal, as on the air": bytes.fromhex(swapped),
        "UTF-16": national.encode("utf-16-le"),
        **{f"base64, {shift}": each.rstrip(b"=")[:-1][1:] for shift, each in enumerate(aligned)},
        "hexadecimal": e164.encode().hex().encode(),
        "URL": quote(e164).encode(),
        "int64, little end first": int(digits).to_bytes(8, "little"),
        "int64, big end first": int(digits).to_bytes(8, "big"),
        "JSON": json.dumps(f"\u200b{e164}")[1:-1].replace("+", "\\u002b").encode()[6:],
    }


def spelt(content: bytes, phone: Phone) -> list[str]:
    """Return in which ways these bytes hold the number."""
    return [name for name, raw in spellings(phone).items() if raw in content]


def opened(content: bytes, phone: Phone) -> int:
    """Return how many encrypted values in these bytes open to the number, whatever stands around them."""
    tokens = set(_TOKEN.findall(content))
    tokens |= {bytes.fromhex(each.decode()) for each in _HEX_TOKEN.findall(content)}
    return sum(phone.e164.encode() in _content_of(token) for token in tokens)


def _content_of(token: bytes) -> bytes:
    for end in range(len(token), max(len(token) - _MOST_STRAY, _SHORTEST - 1), -1):
        try:
            return crypto.decrypt_bytes(token[:end])
        except crypto.CannotDecrypt:
            continue
    return b""


def look(phone: Phone, stores: Stores) -> list[Look]:
    """Search each of these stores. One that cannot be read says so, and is never taken for clean."""
    return [_look(name, read, phone) for name, read in stores.items()]


def _look(name: str, read: Callable[[], Bytes], phone: Phone) -> Look:
    found = Look(name)
    try:
        for content in read():
            found.size += len(content)
            found.spelt |= set(spelt(content, phone))
            found.opened += opened(content, phone)
    except NotReadable as error:
        found.obstacle = str(error)
    return found


# -- the stores ------------------------------------------------------------------------------------------
def in_files(*paths: Path) -> Callable[[], Bytes]:
    """Read these files, and every file in these folders."""

    def read() -> Bytes:
        for path in paths:
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            yield from (each.read_bytes() for each in files if each.is_file())

    return read


def of_database(*, since: str = "") -> Stores:
    """Return where the database of this process keeps its bytes.

    `since` is a place in PostgreSQL's write-ahead log (`place_in_log`): no older file of it is read.
    """
    if connection.vendor == "sqlite":
        file = Path(str(connection.settings_dict["NAME"]))
        return {FILES: in_files(file, Path(f"{file}-wal"), Path(f"{file}-shm"))}
    return {ROWS: _rows, FILES: _heap, WAL: lambda: _log(since)}


def place_in_log() -> str:
    """Return where PostgreSQL's write-ahead log has come to; "" on SQLite."""
    if connection.vendor == "sqlite":
        return ""
    return str(_ask("SELECT pg_walfile_name(pg_current_wal_lsn())")[0][0])


def settle() -> None:
    """Bring what the database still holds in memory to its files, as time would. Raises NotReadable."""
    if connection.vendor == "sqlite":
        _ask("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    _ask("SELECT pg_switch_wal()")
    _ask("CHECKPOINT", answers=False)


def keeps_old_log() -> bool:
    """Return whether PostgreSQL renames old files of its log and keeps their bytes until they are needed."""
    return connection.vendor == "postgresql" and _ask("SHOW wal_recycle")[0][0] == "on"


def _rows() -> Bytes:
    """Read every table as `pg_dump` does."""
    for table in connection.introspection.table_names():
        name = connection.ops.quote_name(table)
        with connection.cursor() as cursor:
            raw: Any = cursor.cursor
            with raw.copy(f"COPY {name} TO STDOUT") as copy:
                yield b"".join(bytes(part) for part in copy)


def _heap() -> Bytes:
    ((folder,),) = _ask("SELECT 'base/' || oid FROM pg_database WHERE datname = current_database()")
    for (name,) in _ask("SELECT name FROM pg_ls_dir(%s) AS name ORDER BY name", [folder]):
        yield from _file(f"{folder}/{name}")


def _log(since: str) -> Bytes:
    for (name,) in _ask("SELECT name FROM pg_ls_waldir() WHERE name >= %s ORDER BY name", [since]):
        yield from _file(f"pg_wal/{name}")


def _file(path: str) -> Bytes:
    """Yield the bytes of a file of the server. One that went in the meantime has none."""
    for (content,) in _ask("SELECT pg_read_binary_file(%s, 0, 1000000000, true)", [path]):
        if content is not None:
            yield bytes(content)


def _ask(statement: str, parameters: Any = None, *, answers: bool = True) -> list[tuple[Any, ...]]:
    """Run what only a superuser may, or whoever was given the right. Raises NotReadable."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if answers else []
    except DatabaseError as error:
        raise NotReadable(str(error).strip().splitlines()[0]) from error
