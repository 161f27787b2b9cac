"""How many say yes to each purpose: counted by one query, however many purposes there are."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from consents.models import Consent
from tests.make import make_consent, make_organisation, make_purpose, make_user

pytestmark = pytest.mark.django_db


def test_consents_are_counted_by_purpose_and_state() -> None:
    organisation = make_organisation()
    some, none = make_purpose(organisation), make_purpose(organisation)
    for number, state in enumerate(["granted", "granted", "withdrawn"], start=1):
        make_consent(state, purpose=some, number=number)
    make_consent("granted")

    counts = Consent.objects.by_state([none, some])

    assert counts == {some.pk: {"granted": 2, "withdrawn": 1}, none.pk: {}}


def test_the_list_of_purposes_asks_no_query_for_each(
    client: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    organisation = make_organisation()
    for _number in range(20):
        make_purpose(organisation)
    client.force_login(
        make_user("privacy_officer", organisation),
        "allauth.account.auth_backends.AuthenticationBackend",
    )

    with django_assert_max_num_queries(15):
        answer = client.get(f"/staff/{organisation.slug}/purposes/")

    assert answer.status_code == 200
