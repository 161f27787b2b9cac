"""Is this number signed up? The public pages do not tell: same body, headers, statements (invariant 18)."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consents import services
from consents.models import Purpose, Subject, Suppression, Wording
from smsconsent.phones import Phone
from tests.make import NOON, make_consent, make_purpose, make_wording, phone

pytestmark = pytest.mark.django_db
CLASSES = (
    "unknown",
    "granted",
    "withdrawn",
    "pending",
    "lapsed",
    "blocked",
    "known here for something else",
    "asked today",
    "in doubt",
)


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consents.views.public.timezone.now", lambda: NOON)


def make_known(state: str, purpose: Purpose, number: Phone) -> None:
    if state in {"granted", "withdrawn", "pending", "lapsed"}:
        make_consent(state, purpose=purpose, number=number)
    if state == "blocked":
        reason = Suppression.Reason.NOT_ME
        services.suppress(purpose.organisation, number, purpose=None, reason=reason, now=NOON)
    if state.startswith("known"):
        make_consent("granted", purpose=make_purpose(purpose.organisation), number=number)
    if state in {"in doubt", "outdated"}:
        consent = make_consent("granted", purpose=purpose, number=number)
        if state == "in doubt":
            Subject.objects.filter(pk=consent.subject_id).update(suspended_at=NOON)
        else:
            make_wording(purpose, what="Lodd i lotteriet vårt", is_material=True)
    if state == "asked today":
        ask(make_purpose(), number)


def ask(purpose: Purpose, number: Phone, wording: Wording | None = None) -> None:
    services.request_consent(
        purpose,
        number,
        wording=wording or purpose.wordings.get(),
        source="web",
        proof=services.Proof("web_form"),
        now=NOON,
    )


def seen_by_a_stranger(purpose: Purpose, fields: dict[str, str]) -> list[Any]:
    client, address = Client(), f"/{purpose.organisation.slug}/{purpose.slug}/"
    page = client.get(address).content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    seen: list[Any] = []
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(address, hidden | fields)
    headers = sorted({**answer.headers, "Expires": ""}.items())
    seen += [answer.status_code, answer.content, headers, sorted(answer.cookies), len(queries)]
    seen.append(client.get(answer["Location"]).content)
    return seen


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_every_number_that_signs_up_is_answered_alike(channel: str) -> None:
    purpose = make_purpose(asks_by_email=True)
    fields = {"agree": "on", "channel": channel, "email": "kari@person.example"}
    found = []
    for number, state in enumerate(CLASSES, start=1):
        make_known(state, purpose, phone(number))
        found.append(seen_by_a_stranger(purpose, fields | {"phone": f"900 00 {number:03}"}))

    for state, seen in zip(CLASSES, found, strict=True):
        assert seen == found[0], state


@pytest.mark.parametrize("state", [*CLASSES, "outdated"])
def test_a_request_takes_three_trips_to_the_database_whatever_becomes_of_it(state: str) -> None:
    purpose = make_purpose()
    make_known(state, purpose, phone())
    wording = purpose.wordings.current("nb")

    with CaptureQueriesContext(connection) as queries:
        ask(purpose, phone(), wording)

    # What opens and closes the transaction around it all is not counted.
    trips = [
        each for each in queries if not re.fullmatch(r'(RELEASE )?SAVEPOINT "\w+"', each["sql"])
    ]
    assert len(trips) == 3 if connection.vendor == "postgresql" else len(trips) < 30


def test_what_is_rehearsed_for_nobody_leaves_nothing() -> None:
    consent = make_consent("granted")
    before = tables()

    ask(consent.purpose, phone())

    assert tables() == before


def tables() -> dict[str, int]:
    with connection.cursor() as cursor:
        counts = {}
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
    return counts
