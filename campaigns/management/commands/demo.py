"""`manage.py demo`: a believable organisation for newcomers. Nordlys Sport has a shop and a members' club.

All people are made up: their numbers count up from +47 900 00 100, and none is called or written to,
since the gateway of the embedded installation is the simulator.
"""

import secrets
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from campaigns import services as campaigns
from campaigns.demo_texts import NOTICES, PURPOSES, WORDINGS
from campaigns.models import Campaign
from consents import services as consents
from consents import transitions
from consents.models import Consent, Organisation, Purpose, Sender
from smsconsent.embedded import PASSWORDS_FILE
from smsconsent.phones import Phone
from smsconsent.staff import roles
from smsconsent.staff.models import User

PEOPLE = 60
COLLEAGUES = (
    ("privacy_officer", "Ingrid Personvern", "personvern"),
    ("marketer", "Magnus Marked", "marked"),
    ("approver", "Astrid Godkjenner", "godkjenner"),
    ("customer_service", "Kari Kundeservice", "kundeservice"),
    ("auditor", "Rune Revisor", "revisor"),
    ("administrator", "Anne Administrator", "admin"),
)


class Command(BaseCommand):
    help = "Load the demo organisation into an embedded installation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--if-empty", action="store_true", help="Do nothing when any organisation is there."
        )

    def handle(self, *, if_empty: bool, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError("The demo organisation belongs in an embedded installation only.")
        if Organisation.objects.exists():
            if if_empty:
                return
            raise CommandError("There is an organisation here already. Nothing was changed.")
        self.stdout.write("· Loading the demo organisation")
        now = timezone.now()
        with transaction.atomic():
            organisation = _make_organisation(now - timedelta(days=400))
            users = _make_colleagues(organisation)
            for purpose in organisation.purposes.order_by("pk"):
                _make_people(purpose, now=now)
            _make_campaigns(organisation, users, now=now)
            _make_cases(organisation, users, now=now)


def _make_organisation(now: datetime) -> Organisation:
    organisation = Organisation.objects.create(
        slug="nordlys",
        name="Nordlys Sport",
        number="900 000 001",
        address="Fjellveien 1, 9000 Tromsø",
        contact_email="personvern@nordlys.example",
        contact_phone="",
        processor_agreement="Demo",
    )
    roles.sync_roles(organisation)
    sender = Sender.objects.create(organisation=organisation, value="26112", reply_number="26112")
    for language, body in NOTICES.items():
        consents.publish_notice(organisation, language=language, body=body, now=now)
    for values in PURPOSES:
        purpose = Purpose.objects.create(organisation=organisation, sender=sender, **values)
        roles.sync_roles(purpose, inherit_from=organisation)
        for language, texts in WORDINGS[purpose.slug].items():
            consents.publish_wording(
                purpose,
                language=language,
                texts=consents.Texts(**texts),
                is_material=False,
                by=None,
                now=now,
            )
    return organisation


def _make_colleagues(organisation: Organisation) -> dict[str, User]:
    """Make one colleague per role, with a random password each, kept beside the database."""
    users: dict[str, User] = {}
    lines = []
    for role, name, account in COLLEAGUES:
        password = secrets.token_urlsafe(9)
        email = f"{account}@nordlys.example"
        is_administrator = role == "administrator"
        users[role] = User.objects.create_user(
            email,
            password,
            name=name,
            is_staff=is_administrator,
            is_superuser=is_administrator,
        )
        roles.give_role(users[role], role, organisation)
        lines.append(f"{email:30} {password:14} {name}")
    path = settings.VAR / PASSWORDS_FILE
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return users


def _make_people(purpose: Purpose, *, now: datetime) -> None:
    """Let sixty people ask, most of them confirm, and some stop: over the past year."""
    wording = purpose.wordings.get(language="nb", version=1)
    for number in range(PEOPLE):
        asked_at = now - timedelta(days=300 - 5 * number, hours=number % 9)
        consent = transitions.open_request(
            purpose,
            Phone(f"+4790000{100 + number}"),
            wording=wording,
            source=Consent.Source.WEB if number % 3 else Consent.Source.KEYWORD,
            proof=consents.Proof("web_form" if number % 3 else "mo_keyword"),
            now=asked_at,
        )
        assert consent is not None
        _continue(consent, number, asked_at, now=now)


def _continue(consent: Consent, number: int, asked_at: datetime, *, now: datetime) -> None:
    answered_at = asked_at + timedelta(minutes=4 + number % 7)
    if number % 10 == 7:
        transitions.lapse(consent, now=asked_at + timedelta(hours=25))
    elif number % 10 == 8:
        transitions.refuse(consent, proof=consents.Proof("mo_reply"), now=answered_at)
    else:
        transitions.grant(consent, proof=consents.Proof("mo_reply"), now=answered_at)
        if number % 10 == 3:
            stopped_at = min(asked_at + timedelta(days=40), now - timedelta(hours=1))
            transitions.withdraw(consent, proof=consents.Proof("mo_stop"), now=stopped_at)


def _make_campaigns(organisation: Organisation, users: dict[str, User], *, now: datetime) -> None:
    """Leave one campaign that waits for approval and one draft, so that each role has work."""
    purpose = organisation.purposes.get(slug="tilbud")
    waiting: Campaign = campaigns.create_campaign(
        purpose,
        by=users["marketer"],
        name="Vintersalg",
        text="Vintersalget er i gang: 30 % på ski og støvler til og med lørdag.",
        now=now - timedelta(days=1),
    )
    campaigns.submit(waiting, by=users["marketer"], now=now - timedelta(hours=20))
    campaigns.create_campaign(
        purpose,
        by=users["marketer"],
        name="Smørekurs i februar",
        text="Gratis smørekurs i butikken torsdag kl. 18. Ta med skiene dine!",
        now=now - timedelta(hours=3),
    )


def _make_cases(organisation: Organisation, users: dict[str, User], *, now: datetime) -> None:
    """Leave one fresh request and one that is overdue, from people in the demo."""
    for number, kind, days in ((101, "access", 3), (104, "objection", 40)):
        consents.register_case(
            organisation,
            Phone(f"+4790000{number}"),
            kind=kind,
            channel="phone",
            received_on=timezone.localdate(now) - timedelta(days=days),
            language="nb",
            note="",
            by=users["customer_service"],
            now=now,
        )
