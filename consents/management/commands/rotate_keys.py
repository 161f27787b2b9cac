"""`manage.py rotate_keys`: bring everything under the newest keys, while web and workers run."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from smsconsent import crypto, rotation


class Command(BaseCommand):
    help = (
        "After a new key was put in front of the list: write everything anew under it, and check."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=["fernet", "hold", "index"])
        parser.add_argument(
            "--layer",
            action="store_true",
            help="Index: lay the new key over the old, reading no number.",
        )
        parser.add_argument(
            "--verify",
            action="store_true",
            help="Change nothing: read everything and count what is left.",
        )

    def handle(self, *, kind: str, layer: bool, verify: bool, **options: Any) -> None:
        try:
            changed = 0 if verify else self._rotate(kind, layer=layer)
            left = self._count_left(kind)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except (crypto.CannotDecrypt, crypto.UnknownKey, rotation.IndexMismatch) as error:
            raise CommandError(
                f"Stopped: {error}. Nothing was lost; what is done stays done."
            ) from error
        self.stdout.write(f"{changed} rows were written anew.")
        if left:
            raise CommandError(f"{left} rows are not under the newest key. Run it again.")
        self.stdout.write("Every row is under the newest key.")

    def _rotate(self, kind: str, *, layer: bool) -> int:
        if kind == "fernet":
            return rotation.rotate_fernet(progress=self._show)
        if kind == "hold":
            return rotation.rotate_held(progress=self._show)
        return rotation.rotate_index(by_layer=layer, progress=self._show)

    def _count_left(self, kind: str) -> int:
        if kind == "index":
            return rotation.old_indexes()
        if kind == "hold":
            crypto.current_hold_key_id()  # says so when there is none
        return rotation.misplaced(held=kind == "hold", progress=self._show)

    def _show(self, table: str, count: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{table}: {count} rows\x1b[K", ending="")
