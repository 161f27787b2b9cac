"""`manage.py grant`: give the first colleague a role at an organisation. The portal lets in the others."""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from smsconsent.staff import roles
from smsconsent.staff.models import User


class Command(BaseCommand):
    help = "Give an existing account a role at an organisation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("role", choices=sorted(roles.ROLES))
        parser.add_argument("organisation", help="the address (slug) of the organisation")

    def handle(self, *, email: str, role: str, organisation: str, **options: Any) -> None:
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no open account {email}. Make it: createsuperuser.")
        model: Any = apps.get_model("consents", "Organisation")
        target = model.objects.filter(slug=organisation).first()
        if target is None:
            raise CommandError(
                f"There is no organisation {organisation}. Make it in the back office."
            )
        roles.sync_roles(target)
        roles.give_role(user, role, target)
        self.stdout.write(f"{user.email} is now {roles.ROLES[role].name} at {target}.")
