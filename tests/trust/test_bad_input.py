"""Whatever is sent, the answer is clear: never a 500, and nothing half done."""

import pytest
from django.test import Client
from django.urls import reverse

from smsconsent.staff import roles
from tests.make import make_user
from tests.smsconsent.test_access_table import EVERY, PORTAL, Place, make_place

pytestmark = pytest.mark.django_db
BAD = (
    "\x00",
    "x\x00y",
    "😀" * 500,
    "9" * 5000,
    "'; DROP TABLE consents_consent; --",
    "<script>alert(1)</script>",
    "%s%d%(x)s{}{0}",
    "\u202e\u200b\ufeff",
    "-1",
    "",
)
FIELDS = (
    "phone",
    "email",
    "name",
    "text",
    "comment",
    "reason",
    "note",
    "decision",
    "send_at",
    "not_after",
    "language",
    "body",
    "title",
    "role",
    "place",
    "next",
    "agree",
    "channel",
)


@pytest.fixture
def place() -> Place:
    return make_place()


@pytest.fixture
def everything(client: Client, place: Place) -> Client:
    """Somebody with every role, who may reach every form."""
    user = make_user()
    for role in EVERY:
        make_user(role, place.organisation)
        roles.give_role(user, role, place.organisation)
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", [name for name, row in PORTAL.items() if row.writes])
def test_no_form_of_the_portal_breaks(everything: Client, place: Place, name: str) -> None:
    path = place.path(name)

    found = {everything.post(path, dict.fromkeys(FIELDS, value)).status_code for value in BAD}

    assert found <= {200, 302, 404, 422}


@pytest.mark.parametrize("name", [name for name, row in PORTAL.items() if row.reads])
def test_no_address_of_the_portal_breaks(everything: Client, place: Place, name: str) -> None:
    path, keys = place.path(name), ("before", "after", "language", "lang", "state")

    found = {everything.get(path, dict.fromkeys(keys, value)).status_code for value in BAD}

    assert found == {200}


@pytest.mark.parametrize("name", ["sign-up", "sign-up-done"])
def test_no_public_page_breaks(client: Client, place: Place, name: str) -> None:
    purpose = place.consent.purpose
    path = reverse(f"consents:{name}", args=[place.organisation.slug, purpose.slug])

    read = {client.get(path, {"lang": value, "by": value}).status_code for value in BAD}
    written = {client.post(path, dict.fromkeys(FIELDS, value)).status_code for value in BAD}

    assert read == {200}
    assert written <= {302, 405, 422}


def paths_for_everybody(place: Place) -> list[str]:
    base = f"/{place.organisation.slug}/{place.consent.purpose.slug}/"
    return [base, "/c/x/", "/s/x/", "/staff/account/login/", "/staff/account/password/reset/"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "æ",
    ],
)
def test_another_content_type_is_no_trouble(
    client: Client, place: Place, content_type: str
) -> None:
    for path in paths_for_everybody(place):
        answer = client.post(path, b'{"phone": "90000001"}', content_type=content_type)
        assert answer.status_code < 500, path


def test_a_body_of_ten_megabytes_is_refused(client: Client, place: Place) -> None:
    for path in paths_for_everybody(place)[:3]:
        answer = client.post(path, {"phone": "9" * 10_000_000})
        assert answer.status_code in {404, 413}, path
