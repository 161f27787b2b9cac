"""`manage.py replay_journal`: what a restored database lacks, from the journal; then sending goes on."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from consents import journal, services


class Command(BaseCommand):
    help = "After restoring a backup: apply what the journal outside the database knows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-journal",
            action="store_true",
            help="The journal is lost for good: begin a new one. Do it only when no backup was restored.",
        )

    def handle(self, *, new_journal: bool, **options: Any) -> None:
        report = services.replay_journal(now=timezone.now())
        for word, count in sorted(report.counts.items()):
            self.stdout.write(f"{count} {word}")
        for note in report.notes:
            self.stdout.write(note)
        if new_journal:
            services.begin_new_journal(now=timezone.now())
            self.stdout.write("A new journal begins.")
        self.stdout.write(journal.problem() or "The database has all that the journal knows.")
