"""`manage.py sync_roles`: give every role exactly its permissions on every object, after an update."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand

from smsconsent.staff import roles


class Command(BaseCommand):
    help = "Bring the permissions of every role in step with the code. Safe to repeat."

    def handle(self, **options: Any) -> None:
        organisations: Any = apps.get_model("consents", "Organisation")
        purposes: Any = apps.get_model("consents", "Purpose")
        campaigns: Any = apps.get_model("campaigns", "Campaign")
        for organisation in organisations.objects.iterator():
            roles.sync_roles(organisation)
        for purpose in purposes.objects.select_related("organisation").iterator():
            roles.sync_roles(purpose, inherit_from=purpose.organisation)
        for campaign in campaigns.objects.select_related("purpose__organisation").iterator():
            roles.sync_roles(campaign, inherit_from=campaign.purpose)
            roles.sync_roles(campaign, inherit_from=campaign.purpose.organisation)
