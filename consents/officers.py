"""Mail to the privacy officers of an organisation: what waits for them, and on which page."""

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from consents.models import Organisation
from smsconsent.staff import roles
from smsconsent.staff.models import User


def officers_of(organisation: Organisation) -> list[User]:
    return roles.holders_of("privacy_officer", organisation)


def mail_officers(organisation: Organisation, what: str, context: dict[str, Any]) -> None:
    """Send them the mail about `what` (`cases`, `blocks`), with a link to the page of that name."""
    link = settings.PUBLIC_URL + reverse(f"people:{what}", args=[organisation.slug])
    values = context | {"organisation": organisation, "link": link}
    with translation.override(settings.LANGUAGE_CODE):
        title = render_to_string(f"consents/email/{what}_subject.txt", values).strip()
        body = render_to_string(f"consents/email/{what}.txt", values)
    people = [officer.email for officer in officers_of(organisation)]
    send_mail(title, body, settings.DEFAULT_FROM_EMAIL, people)
