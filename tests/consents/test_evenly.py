"""Pages that take a number answer when their time has come (law.md L14)."""

from time import perf_counter

import pytest
from django.test import Client
from pytest_django import Settings

from tests.make import make_purpose, phone

pytestmark = pytest.mark.django_db
EVEN_ANSWER = 0.2


def seconds_of(client: Client, method: str, address: str, fields: dict[str, str]) -> float:
    began = perf_counter()
    getattr(client, method)(address, fields)
    return perf_counter() - began


@pytest.mark.parametrize("page", ["me/", "purpose"])
@pytest.mark.parametrize("fields", [{}, {"phone": phone().e164, "agree": "on"}])
def test_no_number_is_answered_before_the_time(
    client: Client, settings: Settings, page: str, fields: dict[str, str]
) -> None:
    settings.EVEN_ANSWER = EVEN_ANSWER
    purpose = make_purpose()
    address = f"/{purpose.organisation.slug}/{page.replace('purpose', f'{purpose.slug}/')}"

    assert seconds_of(client, "post", address, fields) >= EVEN_ANSWER


def test_whoever_only_looks_does_not_wait(client: Client, settings: Settings) -> None:
    settings.EVEN_ANSWER = 10
    purpose = make_purpose()

    took = seconds_of(client, "get", f"/{purpose.organisation.slug}/{purpose.slug}/", {})

    assert took < settings.EVEN_ANSWER
