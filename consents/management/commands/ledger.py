"""`manage.py ledger verify|checkpoint|anchor|keys|rotate-key|export`: the sealed log of evidence."""

import sys
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consents import (
    anchors,
    keychanges,
    logkeys,
    problems,
    publication,
    sealing,
    services,
    verification,
)
from consents.models import Organisation, Subject
from smsconsent.staff.models import User


class Command(BaseCommand):
    help = "Verify the sealed log of evidence, sign a checkpoint, anchor it, or take evidence out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(
            dest="act", required=True, metavar="verify|checkpoint|anchor|keys|rotate-key|export"
        )
        acts.add_parser(
            "verify", help="Re-hash everything and name what is wrong. Exit code 1 then."
        )
        acts.add_parser(
            "checkpoint", help="Seal what waits, sign, publish, and print the checkpoint."
        )
        acts.add_parser(
            "anchor", help="Mail and time-stamp the newest checkpoint where that is due."
        )
        acts.add_parser("keys", help="Print the public keys of the log, with from and to.")
        rotate = acts.add_parser(
            "rotate-key",
            help="Announce in the log that the first key in LEDGER_SIGNING_KEY takes over.",
        )
        rotate.add_argument(
            "--both-for-days", type=int, default=keychanges.BOTH_FOR.days, help="how long both sign"
        )
        rotate.add_argument(
            "--former-key-lost",
            action="store_true",
            help="The former key cannot sign any more: two people stand for the change, as verifiers say.",
        )
        rotate.add_argument("--by", default="", help="your e-mail address in the portal")
        rotate.add_argument(
            "--agreed-by", default="", help="that of the privacy officer who agrees"
        )
        rotate.add_argument("--reason", default="", help="why the former key is lost; no names")
        self._add_export(
            acts.add_parser(
                "export",
                help="Write a case or audit bundle. It is logged, with your name and a reason.",
            )
        )

    def _add_export(self, export: ArgumentParser) -> None:
        export.add_argument("kind", choices=["case", "audit"])
        export.add_argument("organisation", help="the address of the organisation")
        export.add_argument("--person", type=UUID, help="case: the id in the address of the number")
        export.add_argument("--by", required=True, help="your e-mail address in the portal")
        export.add_argument("--reason", required=True, help="why; no names")
        export.add_argument("--output", type=Path, required=True, help="the file to write")
        export.add_argument(
            "--all-headers",
            action="store_true",
            help="case: the other organisations' headers as well, for a court",
        )

    def handle(self, *, act: str, verbosity: int, **options: Any) -> None:
        if act == "export":
            self._export(**options)
        elif act == "rotate-key":
            self._rotate_key(**options)
        elif act == "keys":
            self.stdout.write(logkeys.published(), ending="")
        else:
            acts = {"verify": self._verify, "checkpoint": self._checkpoint, "anchor": self._anchor}
            acts[act](verbosity)

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
            self.stdout.write(f"{problems.KINDS[problem['kind']]}: {problem['where']}")
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

    def _rotate_key(self, *, both_for_days: int, former_key_lost: bool, **options: Any) -> None:
        try:
            entry = services.announce_log_key(
                both_for=timedelta(days=both_for_days),
                agreement=self._agreement(**options) if former_key_lost else None,
                now=timezone.now(),
            )
        except (keychanges.CannotAnnounce, services.NotAgreed) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Announced: {entry.content['key']}")
        if former_key_lost or not both_for_days:
            self.stdout.write("From its place in the log on, the new key signs alone.")
        else:
            self.stdout.write(
                f"Both keys sign until {entry.content['both_until']}, then the new one alone. Keep the "
                "former one in LEDGER_SIGNING_KEY until manage.py doctor says that it may go."
            )
        self.stdout.write("Publish it: manage.py ledger keys.")

    def _agreement(
        self, *, by: str, agreed_by: str, reason: str, **options: Any
    ) -> keychanges.Agreement:
        colleagues = {each.email: each for each in User.objects.filter(email__in=[by, agreed_by])}
        return services.agree_to_lost_key(
            by=colleagues.get(by), agreed_by=colleagues.get(agreed_by), reason=reason
        )

    def _export(
        self, *, kind: str, organisation: str, by: str, output: Path, **options: Any
    ) -> None:
        """Write a bundle to a file that only its owner can read; a failed one leaves no file."""
        controller = Organisation.objects.filter(slug=organisation).first()
        user = User.objects.filter(email=by, is_active=True).first()
        person = Subject.objects.filter(
            organisation=controller, public_id=options["person"]
        ).first()
        if controller is None:
            raise CommandError(f"There is no organisation {organisation}.")
        if user is None:
            raise CommandError(f"There is no open account {by}.")
        if kind == "case" and person is None:
            raise CommandError("A case bundle needs --person: the id in the address of its page.")
        how = {"by": user, "reason": options["reason"], "now": timezone.now()}
        try:
            output.touch(mode=0o600, exist_ok=False)
            with output.open("w+b") as file:
                if kind == "case" and person is not None:
                    all_headers = options["all_headers"]
                    logged = services.export_case(person, file, with_all_headers=all_headers, **how)
                else:
                    logged = services.export_audit(controller, file, **how)
        except FileExistsError as error:
            raise CommandError(f"{output} is there already.") from error
        except (services.NothingSealed, ValueError) as error:
            output.unlink()
            raise CommandError(str(error) or "Nothing is sealed yet.") from error
        self.stdout.write(f"{output}: {logged.log_size:,} events, SHA-256 {logged.file_sha256}")
