"""The digest of a page is remembered for as long as the page says the same, and no longer (law.md L19)."""

import copy
from typing import Any

import pytest
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from consents.models import ConsentEvent, EventDetail, Purpose, Wording
from consents.views import served
from tests.make import make_purpose

pytestmark = pytest.mark.django_db
PAGE = HttpResponse("<p>What you say yes to</p>")


def rows_of(purpose: Purpose) -> list[Model]:
    return [purpose, purpose.organisation, purpose.sender, purpose.wordings.get()]


def request(path: str = "/fjord/tilbud/", **cookies: str) -> HttpRequest:
    made = RequestFactory().post(path)
    made.COOKIES.update(cookies)
    return made


def test_a_page_is_recalled_whatever_token_its_form_held() -> None:
    rows = rows_of(make_purpose())

    name = served.remember(request(csrftoken="one"), PAGE, rows)

    assert served.recall(request(csrftoken="two"), rows) == name == served.digest(PAGE)


def test_a_page_is_rendered_anew_when_any_column_of_what_it_shows_has_changed() -> None:
    rows = rows_of(make_purpose())
    served.remember(request(), PAGE, rows)

    recalled = [
        (type(row).__name__, field.name)
        for place, row in enumerate(rows)
        for field in row._meta.concrete_fields
        if served.recall(request(), [*rows[:place], changed(row, field), *rows[place + 1 :]])
    ]

    assert recalled == []


def changed(row: Model, field: Any) -> Model:
    other = copy.copy(row)
    setattr(other, field.attname, f"not {getattr(row, field.attname)}")
    return other


def test_a_page_in_another_language_at_another_address_or_with_a_message_is_another_page() -> None:
    rows = rows_of(make_purpose())
    served.remember(request(), PAGE, rows)

    with translation.override("nn"):
        assert served.recall(request(), rows) is None
    assert served.recall(request("/fjord/tilbud/?lang=nn"), rows) is None
    assert served.recall(request(messages="something to say"), rows) is None


def test_what_the_evidence_names_is_the_page_that_the_next_visitor_would_be_shown(
    client: Client,
) -> None:
    purpose = make_purpose()
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"
    client.get(address)
    Purpose.objects.update(asks_by_handset=False)

    client.post(address, {"phone": "90000001", "agree": "on"})

    page = HttpResponse(client.get(address).content)
    event = ConsentEvent.objects.get()
    detail = EventDetail.objects.get(event=event).detail
    assert f'"page_sha256":"{served.digest(page)}"' in detail
    assert Wording.objects.count() == 1
