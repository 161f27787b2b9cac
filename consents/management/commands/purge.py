"""`manage.py purge`: remove what is due under every retention policy, or only say what would go."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consents import overwriting, retention


class Command(BaseCommand):
    help = "Remove what is due under every retention policy. Each run is logged."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Only count what would be removed."
        )
        parser.add_argument(
            "--overwrite",
            action="store_true",
            help="Then write the tables anew, whatever their size. Each is locked meanwhile.",
        )

    def handle(self, *, dry_run: bool, overwrite: bool, verbosity: int, **options: Any) -> None:
        for name, counts in retention.purge_all(now=timezone.now(), dry_run=dry_run).items():
            if verbosity:
                self.stdout.write(f"{name}: {_words(counts)}")
        if verbosity and dry_run:
            self.stdout.write("Nothing was removed: this was a dry run.")
        elif overwrite and not overwriting.overwrite(now=timezone.now(), whatever_it_takes=True):
            raise CommandError(
                "Somebody can still see what was deleted: a long transaction. Try again later."
            )


def _words(counts: dict[str, int]) -> str:
    found = [f"{count} {table}" for table, count in sorted(counts.items()) if count]
    return ", ".join(found) or "nothing is due"
