"""Callbacks go straight to their view. Everything else, and what is no callback, goes the long way."""

import pytest
from django.test import Client

from tests import environment

pytestmark = pytest.mark.django_db
RECEIPTS = f"/hooks/strex/{environment.CALLBACK_SECRET}/receipts/"


def test_a_callback_gets_no_session_no_cookie_and_no_language(client: Client) -> None:
    answer = client.post(RECEIPTS, b"{", content_type="application/json")

    assert answer.status_code == 400
    assert not answer.cookies
    assert "Content-Language" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize("path", ["/hooks/strex/wrong/receipts/", "/hooks/strex/", "/hooks/"])
def test_what_is_no_callback_goes_the_long_way(path: str) -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post(path, b"{}", content_type="application/json")

    assert answer.status_code in {403, 404}
    assert answer.headers["Content-Language"] == "nb"
    assert "Content-Security-Policy" in answer.headers


def test_a_person_who_opens_the_address_goes_the_long_way(client: Client) -> None:
    answer = client.get(RECEIPTS, headers={"accept": "text/html"})

    assert answer.status_code == 405
    assert answer.headers["Content-Language"] == "nb"
