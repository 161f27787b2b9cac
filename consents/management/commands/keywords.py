"""`manage.py keywords`: show what our keywords lack at the gateway, and with --apply set them up."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consents import services
from smsconsent.gateways import GatewayMisconfigured, GatewayUnavailable
from smsconsent.gateways.strex_keywords import Action, Step

SIGNS = {Action.CREATE: "+", Action.CHANGE: "~", Action.DELETE: "-", Action.KEEP: " "}


class Command(BaseCommand):
    help = "Compare our keywords with those at the gateway. Changes nothing without --apply."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--apply", action="store_true", help="create and change what lacks")
        parser.add_argument(
            "--delete", action="store_true", help="with --apply: also delete what nobody wants"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            steps = services.plan_keywords()
            for step in steps:
                self.stdout.write(_line(step))
            if not options["apply"]:
                self.stdout.write("Nothing was changed. Add --apply to do it.")
                return
            count = services.set_up_keywords(steps, delete=options["delete"])
        except (GatewayMisconfigured, GatewayUnavailable) as error:
            raise CommandError(f"The gateway: {error}.") from None
        self.stdout.write(f"Keywords set up: {count}.")


def _line(step: Step) -> str:
    # SECURITY: the address that a keyword forwards to holds a secret, so only its name is shown.
    changed = f" ({', '.join(step.changes)})" if step.changes else ""
    return f"{SIGNS[step.action]} {step.keyword.short_number_id} {step.keyword.text}{changed}"
