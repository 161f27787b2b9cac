"""Saving the database of this process and putting it back, as with a backup. For the drills."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from django.db import connection


class Snapshots(Protocol):
    """How a database is saved and put back."""

    def take(self) -> None: ...
    def restore(self) -> None: ...


class FileCopy:
    """SQLite: a second file with the same content."""

    def __init__(self) -> None:
        self._file = Path(str(connection.settings_dict["NAME"]))
        self._copy = self._file.with_name(f"{self._file.name}.copy")

    def take(self) -> None:
        self._write(self._copy, by=self._file)

    def restore(self) -> None:
        connection.close()
        self._write(self._file, by=self._copy)

    def remove(self) -> None:
        self._copy.unlink(missing_ok=True)

    def _write(self, file: Path, *, by: Path) -> None:
        # Through SQLite: a file that is exchanged under an open connection cannot be read again.
        with closing(sqlite3.connect(by)) as old, closing(sqlite3.connect(file, timeout=20)) as new:
            old.backup(new)


class DatabaseCopy:
    """PostgreSQL: a second database made from the first as its template. Needs CREATEDB."""

    def __init__(self) -> None:
        self._name = str(connection.settings_dict["NAME"])

    def take(self) -> None:
        self._replace(f"{self._name}_copy", by=self._name)

    def restore(self) -> None:
        self._replace(self._name, by=f"{self._name}_copy")

    def remove(self) -> None:
        self._execute(f'DROP DATABASE IF EXISTS "{self._name}_copy" WITH (FORCE)')

    def _replace(self, name: str, *, by: str) -> None:
        database: Any = connection
        database.close()
        database.close_pool()
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        # A template may have no visitors. Whoever is still there belongs to the drill, and comes back.
        self._execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{by}'"  # noqa: S608  our own name
        )
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{by}"')

    def _execute(self, statement: str) -> None:
        database: Any = connection
        parameters = database.get_connection_params() | {"dbname": "postgres"}
        with closing(database.Database.connect(**parameters)) as maintenance:
            maintenance.autocommit = True
            maintenance.execute(statement)


@contextmanager
def copies() -> Iterator[FileCopy | DatabaseCopy]:
    """Yield what saves and puts back the database of this process, and leave no copy behind."""
    kept = DatabaseCopy() if connection.vendor == "postgresql" else FileCopy()
    try:
        yield kept
    finally:
        kept.remove()
