"""A privacy notice says what it must before it is published; the block list is among it (law.md L38)."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.demo_texts import NOTICES
from consents import notices, services
from consents.models import PrivacyNotice
from tests.make import NOON, NOTICE, make_organisation, make_user

pytestmark = pytest.mark.django_db
LANGUAGES = ["nb", "nn", "en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ready_paragraphs_say_all_that_must_be_said(language: str) -> None:
    assert notices.missing(notices.completed("", language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_part_is_missed_when_its_paragraph_is_left_out(language: str) -> None:
    paragraphs = notices.completed("", language).split("\n\n")

    for number, part in enumerate(notices.PARTS):
        rest = [text for other, text in enumerate(paragraphs) if other != number]

        assert part in notices.missing("\n\n".join(rest))


def test_a_notice_without_the_block_list_cannot_be_published() -> None:
    organisation = make_organisation()
    body = NOTICE.replace("sperrelisten", "listen")

    with pytest.raises(services.NoticeIncomplete, match="block_list"):
        services.publish_notice(organisation, language="nb", body=body, now=NOON)

    assert PrivacyNotice.objects.count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_of_the_demo_is_complete(language: str) -> None:
    assert notices.missing(NOTICES[language]) == []


def test_a_notice_in_nynorsk_says_why_by_its_own_word() -> None:
    missing = notices.missing("Føremålet er tilbod. Grunnlaget er samtykket ditt.")

    assert "purpose" not in {part.name for part in missing}


def test_what_is_there_already_is_not_added_again() -> None:
    assert notices.completed(NOTICE, "nb") == NOTICE


def test_the_page_says_what_is_missing_and_adds_it(client: Client) -> None:
    organisation = make_organisation()
    client.force_login(make_user("privacy_officer", organisation))
    path = reverse("people:notice", args=[organisation.slug])

    refused = client.post(path, {"language": "nn", "body": "Vi passar på."})
    added = client.post(path, {"language": "nn", "body": "Vi passar på.", "complete": "1"})
    body = added.context["form"].initial["body"]
    client.post(path, {"language": "nn", "body": body})

    assert refused.status_code == 422
    assert "sperrelisten: hvorfor" in refused.content.decode()
    assert body.startswith("Vi passar på.")
    assert organisation.notices.get(language="nn").body == body
