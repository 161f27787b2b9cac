"""`manage.py replay_journal`: what a restored database lacks, from the journal; then sending goes on."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consents import guard, journal, services
from consents.publication import PublishedLogDiffers


class Command(BaseCommand):
    help = "After restoring a backup: apply what the journal outside the database knows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-journal",
            action="store_true",
            help="The journal is lost for good: begin a new one. Do it only when no backup was restored.",
        )

        parser.add_argument(
            "--new-log",
            action="store_true",
            help="Published events are lost for good: give them up, and seal on under a new name. Everybody "
            "who verifies will see it. Only after a replay that did not help.",
        )

    def handle(self, *, new_journal: bool, new_log: bool, **options: Any) -> None:
        report = services.replay_journal(now=timezone.now())
        for word, count in sorted(report.counts.items()):
            self.stdout.write(f"{count} {word}")
        for note in report.notes:
            self.stdout.write(note)
        if new_journal:
            services.begin_new_journal(now=timezone.now())
            self.stdout.write("A new journal begins.")
        if new_log:
            self._begin_new_log()
        self.stdout.write(journal.problem() or "The database has all that the journal knows.")
        if lost := guard.compare():
            self.stdout.write(lost)
            self.stdout.write(
                "If what is missing is lost for good: manage.py replay_journal --new-log."
            )

    def _begin_new_log(self) -> None:
        try:
            name = services.begin_new_log(now=timezone.now())
        except services.NothingLost as error:
            raise CommandError("What was published is here: no new log is needed.") from error
        except PublishedLogDiffers as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"From now on the log is {name}. Publish that, with its keys.")
