"""A copy of everything held: each personal field of the data map is in it, and nobody else's."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from campaigns.models import Delivery
from consents import confirmations, copies, erasing, services
from consents.models import (
    CaseCode,
    Consent,
    ErasedNumber,
    InboundMessage,
    Subject,
    Suppression,
    Visit,
)
from consents.retention import policies
from smsconsent import crypto
from tests.make import (
    DAY,
    NOON,
    count_contact,
    make_campaign,
    make_consent,
    make_email_question,
    make_purpose,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db
# Covered by a policy, and no row of it is about a person who gets SMS.
ABOUT_NOBODY = {
    "consents.HandsetCode": "an open request without a number",
    "consents.CallbackNonce": "a callback of the gateway",
    "consents.ConsentImport": "the proof of a whole file; it is shown to whoever asks about a yes in it",
    "consents.ImportChunk": "a file that has not been read yet; gone within 7 days",
    "consents.ImportProblem": "a cell that was refused, numbers cut",
    "consents.HeldEvidence": "only of numbers that are gone",
    "staff.User": "a colleague",
    "sessions.Session": "a colleague",
}


def live(number: int = 1) -> Subject:
    """Everything that can be held about one number, once."""
    given = phone(number)
    purpose = make_purpose(asks_by_email=True)
    consent = make_consent("pending", purpose=purpose, number=given, at=NOON)
    make_email_question(consent, "kari@person.example", now=NOON)
    granted = make_consent("granted", purpose=make_purpose(purpose.organisation), number=given)
    confirmations.queue_welcome(granted, now=NOON)
    make_campaign("sending", purpose=granted.purpose)
    count_contact(given, purpose)
    services.ask_for_code(purpose.organisation, given, network=None, now=NOON)
    services.reveal(granted.subject, by=make_user(), reason="klage", now=NOON)
    reason = Suppression.Reason.OBJECTION
    services.suppress(purpose.organisation, given, purpose=None, reason=reason, now=NOON)
    write(granted.subject)
    erase_before(granted.subject)
    ask_a_colleague(granted.subject)
    hold(granted.subject)
    erasing.begin(granted.subject, asked_by="person", now=NOON)
    return granted.subject


def ask_a_colleague(subject: Subject) -> None:
    officer = make_user()
    case = services.register_case(
        subject.organisation,
        subject.phone,
        kind="access",
        channel="phone",
        received_on=NOON.date(),
        language="nb",
        note="",
        by=officer,
        now=NOON,
    )
    CaseCode.objects.create(case=case, digest=b"d" * 32, created_at=NOON, expires_at=NOON)
    services.extend_case(case, reason="Mange", by=officer, now=NOON)


def hold(subject: Subject) -> None:
    asks, approves = make_user(), make_user()
    asked = services.ask_for_hold(
        subject, reason="Klagesak", ends_on=NOON.date() + DAY, by=asks, now=NOON
    )
    services.approve_hold(asked, by=approves, now=NOON)
    services.ask_to_open(asked, reason="Tilsynet spør", by=asks, now=NOON)


def erase_before(subject: Subject) -> None:
    """The person was erased yesterday, and has come back."""
    ErasedNumber.objects.create(
        organisation=subject.organisation,
        index=subject.suppression_index,
        erased_at=NOON - DAY,
    )


def write(subject: Subject) -> None:
    InboundMessage.objects.create(
        gateway="strex",
        message_id=f"m{subject.pk}",
        organisation=subject.organisation,
        subject=subject,
        sender=subject.phone,
        sender_index=crypto.blind_index(subject.phone, use="inbound"),
        recipient="26112",
        text="Hei dere",
        key_id="k",
        trust="signed",
        vouched_by="signature",
        state="done",
        received_at=NOON,
    )


def as_file(subject: Subject) -> Any:
    return json.loads(json.dumps(copies.copy_of(subject, now=NOON), cls=DjangoJSONEncoder))


def test_each_personal_field_of_the_data_map_is_in_the_copy() -> None:
    found = {
        (section["name"], field)
        for section in as_file(live())["sections"]
        for row in section["rows"]
        for field in row
    }

    missing = [
        f"{policy.name}: {covered}"
        for policy in policies()
        for covered in policy.covers
        if covered.rsplit(".", 1)[0] not in ABOUT_NOBODY
        and (policy.name, covered.rsplit(".", 1)[1]) not in found
    ]
    assert missing == []


def test_the_copy_says_who_why_how_long_where_from_and_to_whom() -> None:
    copy = as_file(live())

    assert {"controller", "recipients", "source", "rights"} <= copy["about"].keys()
    assert all(section["why"] and section["how_long"] for section in copy["sections"])


def test_the_copy_holds_the_number_the_words_agreed_to_and_the_words_sent() -> None:
    subject = live()
    text = json.dumps(as_file(subject), ensure_ascii=False)

    campaign = Delivery.objects.get(subject=subject).campaign
    consent = Consent.objects.filter(subject=subject)[0]
    for words in ("+4790000001", campaign.text, consent.wording.declaration, "Hei dere", "klage"):
        assert words in text


def test_the_copy_holds_nothing_about_anybody_else() -> None:
    subject = live(1)
    live(2)

    text = json.dumps(as_file(subject))

    assert "90000002" not in text


def test_the_copy_asks_the_same_number_of_questions_for_many_messages() -> None:
    subject = make_consent("granted").subject
    campaigns = [make_campaign(purpose=subject.consents.get().purpose) for _number in range(6)]
    as_file(subject)
    counts = []

    for some in (campaigns[:1], campaigns[1:]):
        Delivery.objects.bulk_create(
            Delivery(
                campaign=campaign,
                subject=subject,
                consent=subject.consents.get(),
                sender="26112",
                state="delivered",
                queued_at=NOON,
                not_before=NOON,
            )
            for campaign in some
        )
        with CaptureQueriesContext(connection) as queries:
            as_file(subject)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_person_reads_it_and_takes_it_along(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consents.views.me.timezone.now", lambda: NOON)
    subject = make_consent("granted").subject
    address = f"/{subject.organisation.slug}/me/"
    client.post(address, {"phone": "900 00 001"})
    client.post(f"{address}code/", {"code": Visit.objects.get().code})

    page, file = client.get(f"{address}everything/"), client.get(f"{address}everything.json")

    assert "+4790000001" in page.content.decode()
    assert "attachment" in file["Content-Disposition"]
    assert json.loads(file.content)["about"]["controller"]["name"] == "Fjord Sport"


def as_table(subject: Subject) -> list[list[str]]:
    return list(copies.table_of(subject, now=NOON))


def test_the_table_holds_each_field_of_the_file_with_its_value() -> None:
    subject = live()
    heading, *lines = as_table(subject)
    found = {(kind, row, field): value for kind, row, field, _label, value in lines}

    expected = {
        (section["name"], str(number), field): value
        for section in as_file(subject)["sections"]
        for number, row in enumerate(section["rows"], 1)
        for field, value in row.items()
    }
    assert len(heading) == 5
    assert found.keys() == expected.keys() | {("about", "1", each) for each in about(subject)}
    texts = {key: value for key, value in expected.items() if isinstance(value, str) and value}
    assert {key: found[key].lstrip("'") for key in texts} == texts


def about(subject: Subject) -> Any:
    return as_file(subject)["about"]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\tx", "\rx"])
def test_no_cell_of_the_table_is_run_by_a_spreadsheet(text: str) -> None:
    subject = make_consent("granted").subject
    write(subject)
    InboundMessage.objects.update(text=text)

    values = [value for *_names, value in as_table(subject)]

    assert f"'{text}" in values
    assert "+4790000001" in values, "a number stays one"


def test_a_person_takes_the_table_along(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consents.views.me.timezone.now", lambda: NOON)
    address = f"/{make_consent('granted').subject.organisation.slug}/me/"
    client.post(address, {"phone": "900 00 001"})
    client.post(f"{address}code/", {"code": Visit.objects.get().code})

    file = client.get(f"{address}everything.csv")

    lines = list(csv.reader(StringIO(file.content.decode("utf-8-sig")), delimiter=";"))
    assert file["Content-Disposition"] == 'attachment; filename="everything.csv"'
    assert {len(line) for line in lines} == {5}
    assert ["numbers", "1", "phone"] in [line[:3] for line in lines]


def test_without_a_code_nothing_is_handed_out(client: Client) -> None:
    slug = make_consent("granted").purpose.organisation.slug

    for path in ("everything/", "everything.json", "everything.csv"):
        answer = client.get(f"/{slug}/me/{path}")
        assert (answer.status_code, answer["Location"]) == (302, f"/{slug}/me/")
