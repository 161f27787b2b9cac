"""`manage.py ledger verify|checkpoint|anchor`: the sealed log of evidence, from the command line."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consents import anchors, publication, sealing, verification


class Command(BaseCommand):
    help = "Verify the sealed log of evidence, sign a checkpoint, or anchor it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True, metavar="verify|checkpoint|anchor")
        acts.add_parser(
            "verify", help="Re-hash everything and name what is wrong. Exit code 1 then."
        )
        acts.add_parser(
            "checkpoint", help="Seal what waits, sign, publish, and print the checkpoint."
        )
        acts.add_parser(
            "anchor", help="Mail and time-stamp the newest checkpoint where that is due."
        )

    def handle(self, *, act: str, verbosity: int, **options: Any) -> None:
        {"verify": self._verify, "checkpoint": self._checkpoint, "anchor": self._anchor}[act](
            verbosity
        )

    def _verify(self, verbosity: int) -> None:
        total = verification.amount()

        def tell(done: int) -> None:
            if verbosity and sys.stderr.isatty():
                self.stderr.write(f"\r{done:,} of {total:,}", ending="")

        report = verification.verify(progress=tell)
        self.stdout.write(
            f"{report.event_count} events, {report.checkpoint_count} checkpoints, "
            f"{report.stamp_count} time stamps, {report.detail_count} details"
        )
        for problem in report.problems:
            self.stdout.write(f"{verification.KINDS[problem['kind']]}: {problem['where']}")
        if report.problem_count:
            raise CommandError(f"{report.problem_count} faults.")
        self.stdout.write("Everything follows from the headers, and extends what was published.")

    def _checkpoint(self, verbosity: int) -> None:
        try:
            sealing.seal_all(now=timezone.now())
            sealing.seal(now=timezone.now(), must_sign=True)
        except publication.PublishedLogDiffers as error:
            raise CommandError(str(error)) from error
        newest = anchors.newest_checkpoint()
        if newest is None:
            raise CommandError("There is no event to seal yet.")
        self.stdout.write(newest.note, ending="")

    def _anchor(self, verbosity: int) -> None:
        failures = anchors.anchor_everywhere(now=timezone.now())
        for place in anchors.newest_anchors():
            self.stdout.write(
                f"{place.anchored_at:%Y-%m-%d %H:%M} {place.kind} {place.place}: {place.size} events"
            )
        if failures:
            raise CommandError(" ".join(failures))
