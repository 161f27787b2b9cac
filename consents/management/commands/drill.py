"""`manage.py drill restore|erasure`: prove on a scratch database that a restored backup revives nobody, or
that nothing is left of somebody who was erased."""

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import randbelow, token_hex
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from consents import drill, erasure_drill, remanence, snapshots
from consents.models import Organisation

SCRATCH = "smsconsent_drill_"


class Command(BaseCommand):
    help = "Practise what must work on the day it is needed, on a scratch database with made-up people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("routine", choices=["restore", "erasure"])
        parser.add_argument("--histories", type=int, default=10, help="How many, of restore.")
        parser.add_argument("--seed", type=int, default=None, help="Repeat a restore of before.")
        parser.add_argument(
            "--here", action="store_true", help="Work on this database, which must be empty."
        )

    def handle(
        self, *, routine: str, histories: int, seed: int | None, here: bool, **options: Any
    ) -> None:
        seed = randbelow(1_000_000) if seed is None else seed
        if not here:
            with _scratch() as variables:
                again = ["drill", routine, "--here", f"--histories={histories}", f"--seed={seed}"]
                command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *again]
                sys.exit(subprocess.call(command, env=variables))  # noqa: S603  our own program
        tables = connection.introspection.table_names()
        if Organisation._meta.db_table in tables and Organisation.objects.exists():
            raise CommandError("This database is in use. The drill needs an empty one.")
        call_command("migrate", verbosity=0)
        if routine == "erasure":
            self._report_erasure(erasure_drill.run(settings.VAR, now=timezone.now()))
            return
        with snapshots.copies() as copies:
            self._report(drill.run(copies, histories=histories, seed=seed), seed)

    def _report(self, result: drill.Result, seed: int) -> None:
        self.stdout.write(
            f"{result.histories} histories (seed {seed}): {result.lost_events} events were lost with the "
            f"old copy and came back, {result.held_back} messages were held back before the replay."
        )
        self._judge(result.violations)
        self.stdout.write("Nothing left before the replay, and nobody was revived.")

    def _report_erasure(self, result: erasure_drill.Result) -> None:
        self.stdout.write(
            f"A made-up person got {result.sent} messages among others, and was erased."
        )
        self.stdout.write(f"{'looked at':26}{'bytes':>12}  before        after")
        for before, after in zip(result.before, result.after, strict=True):
            self.stdout.write(
                f"{after.store:26}{after.size:>12,}  {_in_words(before):14}{_in_words(after)}"
            )
        self._judge(result.violations)
        self.stdout.write(
            f"The search finds what is there: {len(result.planted)} planted spellings, and a neighbour."
        )
        unread = [each.store for each in result.after if each.obstacle]
        self.stdout.write(
            "Nothing is left of the person in what was looked at."
            if unread
            else "Nothing is left of the person."
        )

    def _judge(self, violations: list[str]) -> None:
        for violation in violations:
            self.stderr.write(violation)
        if violations:
            raise CommandError(f"{len(violations)} promises were broken.")


def _in_words(look: remanence.Look) -> str:
    if look.obstacle:
        return f"not looked at: {look.obstacle}"
    found = [f"{len(look.spelt)} spellings"] if look.spelt else []
    return ", ".join([*found, f"{look.opened} values"] if look.opened else found) or "nothing"


@contextmanager
def _scratch() -> Iterator[dict[str, str]]:
    """Yield an environment that names an empty database and files of its own; both go afterwards."""
    with TemporaryDirectory(prefix=SCRATCH) as folder, _database(Path(folder)) as url:
        variables = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL_FILE", "REDIS_URL_FILE"}
        }
        yield variables | {
            "DATABASE_URL": url,
            # With a broker in its own memory the drill wakes nobody else's workers.
            "EMBEDDED": "true",
            "REDIS_URL": "",
            "VAR": folder,
            "JOURNAL_FILE": f"{folder}/journal.jsonl",
            "LEDGER_FILE": f"{folder}/checkpoints.txt",
        }


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'scratch.sqlite3'}"
        return
    name = SCRATCH + token_hex(6)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        yield _renamed(_database_url(), name)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _database_url() -> str:
    file = os.environ.get("DATABASE_URL_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file else os.environ["DATABASE_URL"]


def _renamed(url: str, name: str) -> str:
    scheme, netloc, path, query, fragment = urlsplit(url)
    return urlunsplit((scheme, netloc, f"{path.rpartition('/')[0]}/{name}", query, fragment))
