"""`manage.py banner`: where everything is, and who may sign in. Printed by `run`, and again on demand."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from smsconsent.embedded import PASSWORDS_FILE


class Command(BaseCommand):
    help = "Show the addresses and the demo sign-ins of the embedded installation once more."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        passwords = settings.VAR / PASSWORDS_FILE
        if not settings.EMBEDDED or not passwords.exists():
            raise CommandError("There are no demo sign-ins here. Start `make run` first.")
        handset = f"http://127.0.0.1:{settings.SIMULATOR_PORT}/handset/"
        lines = [
            "",
            f"  Public page    {settings.PUBLIC_URL}/nordlys/tilbud/",
            f"                 {settings.PUBLIC_URL}/nordlys/kundeklubb/",
            f"  Handset        {handset}",
            f"  Staff portal   {settings.PUBLIC_URL}/staff/",
            f"  Back office    {settings.PUBLIC_URL}/admin/",
            "",
            "  Sign in as (shown again by: make banner)",
            *(f"    {line}" for line in passwords.read_text(encoding="utf-8").splitlines()),
            "",
            "  Sign up on the public page with 900 00 001, answer on the handset. Ctrl-C stops.",
            "",
        ]
        self.stdout.write("\n".join(lines))
