"""The campaign's page: what is asked before it is sent, which cannot be undone."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.make import make_campaign, make_crowd, make_purpose, make_user

pytestmark = pytest.mark.django_db


def test_the_question_before_sending_says_how_many_get_it_and_what_it_costs(client: Client) -> None:
    purpose = make_purpose()
    make_crowd(purpose, 3)
    campaign = make_campaign("approved", purpose=purpose)
    client.force_login(make_user("marketer", purpose.organisation))

    page = client.get(
        reverse("campaigns:detail", args=[purpose.organisation.slug, campaign.public_id]),
        headers={"Accept-Language": "en"},
    ).content.decode()

    question = page[
        page.index('id="start-title"') : page.index("</form>", page.index("start-title"))
    ]
    assert "3 " in question
    assert "0,45 kr" in question
