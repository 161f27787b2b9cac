"""A link works once, however many press it at the same moment (invariant 19)."""

import pytest
from django.utils import timezone

from consents import confirmations, services
from consents.models import Confirmation, ConsentEvent
from smsconsent import signing
from tests.make import HOUR, make_consent
from tests.trust.test_my_page import GUESSERS, all_at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TOKEN = "a-link-that-was-sent"


@pytest.fixture
def question() -> Confirmation:
    now = timezone.now()
    return make_consent("pending", at=now).confirmations.create(
        channel="sms",
        digest=signing.digest(TOKEN, purpose=confirmations.CONFIRM),
        created_at=now,
        expires_at=now + HOUR,
    )


def press() -> str:
    try:
        services.confirm_by_link(TOKEN, page_sha256="", now=timezone.now())
    except services.LinkError:
        return "dead"
    return "granted"


def test_of_many_who_press_the_same_link_at_once_one_says_yes(question: Confirmation) -> None:
    outcomes = list(all_at_once(press))

    assert outcomes.count("granted") == 1, outcomes
    assert outcomes.count("dead") == GUESSERS - 1
    headers = [bytes(event.header) for event in ConsentEvent.objects.all()]
    assert sum(b'"granted"' in header for header in headers) == 1
