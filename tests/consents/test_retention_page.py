"""The page of what is kept: purges are told in words, not in the names of tables."""

import pytest
from django.test import Client
from django.urls import reverse

from consents.models import PurgeRun
from tests.make import NOON, make_organisation, make_user

pytestmark = pytest.mark.django_db


def test_the_latest_purges_are_told_in_words(client: Client) -> None:
    organisation = make_organisation()
    client.force_login(make_user("privacy_officer", organisation, language="en"))
    counts = {"consents.InboundMessage": 7, "consents.Visit": 0, "consents.Gone": 2}
    PurgeRun.objects.create(policy="replies", started_at=NOON, counts=counts)

    page = client.get(reverse("people:retention", args=[organisation.slug])).content.decode()

    assert "replies: 7" in page
    assert "consents.InboundMessage" not in page
    assert "visits to my page: 0" not in page
    assert "consents.Gone: 2" in page
