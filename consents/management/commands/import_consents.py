"""`manage.py import_consents FILE …`: take in consents that were given elsewhere, with their evidence."""

import csv
import gc
import time
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consents import exports, imports, services
from consents.import_forms import MOST_PROOF_BYTES, type_of
from consents.models import ConsentImport, Organisation
from smsconsent.staff.models import User

State = ConsentImport.State
ALREADY = "nothing was left to do, this file was here before; "


class Command(BaseCommand):
    help = (
        "Import consents from CSV files with the columns number, purpose, source, method, time, wording. "
        "Stopped half way, the same command goes on. Nothing is sent to them before it is approved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--organisation", required=True, help="Its address, as in its pages' links."
        )
        parser.add_argument(
            "--proof",
            type=Path,
            required=True,
            help="The form that people filled in, or the log of it: PDF, PNG or JPEG, at most 5 MB. Kept "
            "encrypted.",
        )
        parser.add_argument("--by", help="E-mail address of the colleague who imports.")
        parser.add_argument("--errors", type=Path, help="Write a CSV of the rows with an error.")
        parser.add_argument("--dry-run", action="store_true", help="Only check; import nothing.")

    def handle(
        self, *, files: list[Path], organisation: str, verbosity: int, **options: Any
    ) -> None:
        self.is_talkative = verbosity > 0
        # What is loaded by now stays. Looking through it again and again would take a fifth of the time.
        gc.freeze()
        controller = Organisation.objects.filter(slug=organisation).first()
        if controller is None:
            raise CommandError(f"There is no organisation {organisation}.")
        for file in files:
            if not file.is_file():
                raise CommandError(f"There is no file {file}.")
        runs = [(file, self._import(controller, file, **options)) for file in files]
        if options["errors"]:
            _write_errors(options["errors"], runs)

    def _import(
        self,
        controller: Organisation,
        file: Path,
        *,
        proof: Path,
        by: str | None,
        dry_run: bool,
        **options: Any,
    ) -> ConsentImport:
        """Bring one file to its end, wherever it stands. Raises CommandError for one that cannot be read."""

        def opener() -> BinaryIO:
            return file.open("rb")

        run = services.open_import(
            controller,
            opener,
            by=_colleague(by),
            proof=proof.read_bytes(),
            proof_type=_proof_type(proof),
            is_dry_run=dry_run,
            now=timezone.now(),
        )
        is_new = self._go_on(run, opener)
        if run.state == State.CHECKED and not dry_run:
            services.start_import(run)
            is_new = self._go_on(run, opener)
        if run.state == State.UNREADABLE:
            raise CommandError(f"{file.name} cannot be read: {_why_unreadable(run)}")
        self.stdout.write(f"{file.name}: {'' if is_new else ALREADY}{summary(run)}")
        return run

    def _go_on(self, run: ConsentImport, opener: imports.Opener) -> bool:
        """Return whether there was anything to do. Raises CommandError while somebody else does it."""
        if not run.is_working:
            return False
        self._began, self._before = time.monotonic(), run.done_count
        try:
            imports.work(run, opener, now=timezone.now(), until=partial(self._tell, run))
        except imports.Interrupted:
            raise CommandError(
                "A worker is busy with the same file, which was uploaded in the portal. Wait for it there."
            ) from None
        return True

    def _tell(self, run: ConsentImport) -> bool:
        """Say how far it has come. It stops by itself, or not at all."""
        speed = (run.done_count - self._before) / max(time.monotonic() - self._began, 0.001)
        if self.is_talkative and run.done_count:
            self.stdout.write(f"{run.done_count:,} rows, {speed:,.0f} a second")
        return False


def _write_errors(path: Path, runs: list[tuple[Path, ConsentImport]]) -> None:
    """Write the errors as one table; of several files, with the name of each."""
    with path.open("w", encoding="utf-8-sig", newline="") as target:
        table = csv.writer(target, delimiter=";")
        for number, (file, run) in enumerate(runs):
            heading, *rows = exports.problems_of(run)
            named = [[file.name]] if len(runs) > 1 else [[]]
            if not number:
                table.writerow([*("" for _name in named[0]), *heading])
            table.writerows([*named[0], *row] for row in rows)


def _why_unreadable(run: ConsentImport) -> str:
    problem = run.problems.get(row=1)
    return " ".join(filter(None, [exports.problem_text(problem), problem.cell]))


def _proof_type(proof: Path) -> str:
    """Return the kind of file, as the page of imports asks for it. Raises CommandError (law.md L49)."""
    if not proof.is_file():
        raise CommandError(f"There is no file {proof}.")
    with proof.open("rb") as file:
        kind = type_of(file)
    if not kind or proof.stat().st_size > MOST_PROOF_BYTES:
        raise CommandError(f"{proof} is no PDF, PNG or JPEG of at most 5 MB.")
    return kind


def _colleague(email: str | None) -> User | None:
    if not email:
        return None
    found = User.objects.filter(email=email, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no colleague {email}.")
    return found


def summary(run: ConsentImport) -> str:
    """Return what came of it in one line."""
    words = {
        State.CHECKED: "checked, nothing imported",
        State.IMPORTED: "imported",
    }.get(State(run.state), str(run.state))
    return f"{words}; {run.good_count:,} consents, {run.problem_count:,} rows with an error"
