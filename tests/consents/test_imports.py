"""Consents that were given elsewhere: what a file must say, what it never overrides, who vouches."""

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO, StringIO
from itertools import chain, repeat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from campaigns import audiences
from consents import exports, imports, ledger, retention, services, sheets, transitions
from consents.import_people import Seen
from consents.ledger import Proof
from consents.models import (
    Consent,
    ConsentEvent,
    ConsentImport,
    EventDetail,
    ImportProblem,
    InboundMessage,
    PendingEntry,
    PendingEvent,
    Purpose,
    Subject,
    Suppression,
)
from smsconsent import bulk, crypto
from smsconsent.phones import Phone
from smsconsent.trips import Trip
from tests.consents.test_membership import ask
from tests.make import DAY, NOON, SECOND, make_consent, make_purpose, make_unread, make_user, phone

pytestmark = pytest.mark.django_db
HEADING = "number;purpose;source;method;time;wording"
TEXT = "Ja, jeg vil ha tilbud på SMS fra Fjord Sport inntil fire ganger i måneden."


@pytest.fixture
def purpose() -> Purpose:
    return make_purpose(slug="tilbud")


def line(number: object = "90000001", **cells: str) -> str:
    values = {
        "number": str(number), "purpose": "tilbud", "source": "Kassa i Bergen",
        "method": "paper_form", "time": "2026-03-01 12:30", "wording": "1",
    } | cells  # fmt: skip
    return ";".join(values[name] for name in sheets.COLUMNS)


def make_import(
    purpose: Purpose, *lines: str, content: bytes = b"", dry_run: bool = False, **values: object
) -> ConsentImport:
    """A file, taken in as the command does it."""
    text = "\n".join([HEADING, *lines]) + "\n"
    file = content or text.encode()
    run = services.open_import(
        purpose.organisation,
        lambda: BytesIO(file),
        by=None,
        is_dry_run=dry_run,
        now=NOON,
        **values,  # type: ignore[arg-type]
    )
    imports.work(run, lambda: BytesIO(file), now=NOON, until=lambda: False)
    return run


def codes(run: ConsentImport) -> list[tuple[int, str, str]]:
    return list(run.problems.order_by("row").values_list("row", "column", "code"))


# -- what comes of a good row --------------------------------------------------------------------------
def test_a_row_becomes_a_consent_with_its_evidence(purpose: Purpose) -> None:
    run = make_import(purpose, line(), proof=b"%PDF-1.7 skjema", proof_type="application/pdf")

    consent = Consent.objects.get()
    private = ledger.open_detail(consent.event_details.get())["private"]
    assert (run.state, run.good_count, run.problem_count) == ("imported", 1, 0)
    assert (consent.state, consent.source, consent.imported_by) == ("granted", "import", run)
    assert consent.confirmed_at == datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    assert consent.subject.phone.e164 == "+4790000001"
    assert private["method"] == "import"
    assert private["occurred_at"] == "2026-03-01T11:30:00.000+00:00"
    assert private["proof"]["said_by"] == "paper_form"
    assert private["proof"]["collected_from"] == "Kassa i Bergen"
    assert private["proof"]["proof_sha256"] == run.proof_sha256


def test_events_of_an_import_follow_the_rules_of_the_ledger(purpose: Purpose) -> None:
    other = make_purpose(purpose.organisation, slug="klubb")
    make_consent("granted", purpose=other, number=1, at=NOON - 20 * DAY)
    make_purpose(purpose.organisation, slug="nytt")

    make_import(purpose, line(1 + 90000000), line(90000001, purpose="nytt"), line(90000002))

    for subject in Subject.objects.all():
        previous = b""
        details = list(subject.event_details.select_related("event").order_by("seq"))
        for number, detail in enumerate(details, start=1):
            content = ledger.open_detail(detail)
            header = json.loads(bytes(detail.event.header))
            assert (content["seq"], content["prev"]) == (number, previous.hex())
            assert header["tag"] == ledger.tag(bytes(subject.tag_key), detail.event.event_id)
            previous = sha256(bytes(detail.event.header)).digest()
        assert (subject.event_count, bytes(subject.last_event_hash)) == (len(details), previous)
    assert Subject.objects.count() == 2
    assert PendingEvent.objects.count() == ConsentEvent.objects.count() == 5


@pytest.mark.parametrize("count", [1, bulk.WORTHWHILE])
def test_the_journal_is_told_which_consent_each_event_is_about(
    purpose: Purpose, count: int
) -> None:
    make_import(purpose, *(line(90000001 + number) for number in range(count)))

    told = dict(PendingEntry.objects.values_list("event", "reference"))
    consents = EventDetail.objects.values_list("event__pk", "consent__public_id")
    assert told == dict(consents)
    assert len(told) == count


def test_a_stop_link_of_an_imported_consent_works(purpose: Purpose) -> None:
    make_import(purpose, line())
    consent = Consent.objects.get()

    assert transitions.withdraw(consent, proof=Proof("mo_stop"), now=NOON)

    assert ledger.open_detail(consent.event_details.get(seq=2))["seq"] == 2


def test_the_words_of_the_old_form_are_kept_as_they_were(purpose: Purpose) -> None:
    make_import(purpose, line(wording=TEXT), line(90000002, wording=TEXT), line(90000003))

    old = Consent.objects.get(subject__phone_index=index_of(purpose, 1)).wording
    assert (old.imported_text, old.version) == (TEXT, 2)
    assert Consent.objects.filter(wording=old).count() == 2
    assert ledger.content_hash(ledger.wording_bundle(old)) == old.sha256
    current = purpose.wordings.current("nb")
    assert current is not None
    assert current.version == 1


def test_a_new_wording_can_be_published_after_an_import(purpose: Purpose) -> None:
    make_import(purpose, line(wording=TEXT))
    current = purpose.wordings.current("nb")
    assert current is not None
    texts = services.Texts(**{n: getattr(current, n) for n in services.Texts.__slots__})

    again = services.publish_wording(
        purpose, language="nb", texts=texts, is_material=False, by=None, now=NOON
    )

    assert again == current


def index_of(purpose: Purpose, number: int) -> bytes:
    return crypto.blind_index(phone(number), use="lookup", organisation=purpose.organisation_id)


# -- who may be sent to --------------------------------------------------------------------------------
def sendable(now: datetime = NOON) -> bool:
    return Consent.objects.sendable(now).exists()


def test_what_was_imported_is_not_sent_to_and_the_waterfall_says_why(purpose: Purpose) -> None:
    make_import(purpose, line())

    assert not sendable()
    assert dict(audiences.waterfall(purpose, now=NOON).exclusions)["imported"] == 1


def test_the_privacy_officer_approves_once_and_it_is_written_down(purpose: Purpose) -> None:
    run = make_import(purpose, line())
    officer = make_user("privacy_officer", purpose.organisation)

    assert services.approve_import(run, by=officer, reason="Skjemaene er sett", now=NOON)
    assert not services.approve_import(run, by=make_user(), reason="Igjen", now=NOON)

    run.refresh_from_db()
    assert sendable()
    assert (run.approved_by, run.approval_reason) == (officer, "Skjemaene er sett")


def test_an_import_that_is_not_through_cannot_be_approved(purpose: Purpose) -> None:
    run = make_import(purpose, line(), dry_run=True)

    assert not services.approve_import(run, by=make_user(), reason="?", now=NOON)


def test_the_persons_own_yes_is_enough(purpose: Purpose) -> None:
    make_import(purpose, line())
    consent = Consent.objects.get()

    transitions.renew(consent, wording=consent.wording, proof=Proof("mo_reply"), now=NOON)

    assert sendable()


def test_an_import_that_is_asked_for_afresh_stays_until_the_person_answers(
    purpose: Purpose,
) -> None:
    make_import(purpose, line())

    ask(purpose, phone(), purpose.wordings.current("nb"))

    consent = Consent.objects.get()
    assert (consent.state, consent.source, sendable()) == ("granted", "import", False)
    assert services.approve_import(
        ConsentImport.objects.get(), by=make_user(), reason="Skjemaene er sett", now=NOON
    )
    assert sendable()


# -- what an import never overrides --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("withdrawn", "withdrawn"),
        ("refused", "withdrawn"),
        ("granted", "known"),
        ("pending", "asked"),
        ("expired", "ended"),
        ("lapsed", "ended"),
        ("invalid", "ended"),
    ],
)
def test_whoever_is_known_for_the_purpose_stays_as_they_are(
    purpose: Purpose, state: str, code: str
) -> None:
    before = make_consent(state, purpose=purpose, number=1, at=NOON - 20 * DAY)

    run = make_import(purpose, line(), line(90000002))

    after = Consent.objects.get(pk=before.pk)
    assert codes(run) == [(2, "number", code)]
    assert (after.state, after.last_event_id) == (state, before.last_event_id)
    assert run.good_count == 1


def test_a_stop_for_another_purpose_after_the_yes_counts(purpose: Purpose) -> None:
    klubb = make_purpose(purpose.organisation, slug="klubb")
    make_consent("withdrawn", purpose=klubb, number=1, at=NOON - DAY)
    make_consent("withdrawn", purpose=klubb, number=2, at=NOON - 20 * DAY)

    run = make_import(purpose, line(90000001), line(90000002))

    assert codes(run) == [(2, "number", "stopped_since")]


def test_a_stop_from_a_number_that_nobody_knew_counts(purpose: Purpose) -> None:
    InboundMessage.objects.create(
        gateway="strex", message_id="1", sender=phone(1), recipient="26112", text="STOPP",
        sender_index=crypto.blind_index(phone(1), use="inbound"), intent="stop", key_id="k",
        trust="signed", vouched_by="signature", state="done", received_at=NOON - DAY,
    )  # fmt: skip

    assert codes(make_import(purpose, line())) == [(2, "number", "stopped_since")]


def test_a_stop_to_a_short_number_that_is_shared_counts(purpose: Purpose) -> None:
    other = make_consent("granted", purpose=make_purpose()).purpose.organisation
    make_unread(organisation=other, intent="stop", state="done", received_at=NOON - DAY)

    assert codes(make_import(purpose, line())) == [(2, "number", "stopped_since")]


@pytest.mark.parametrize(
    ("said_at", "code"),
    [("2026-03-09 12:00", "erased_since"), ("2026-03-09 12:01", "")],
)
def test_a_file_from_before_an_erasure_brings_nobody_back(
    purpose: Purpose, said_at: str, code: str
) -> None:
    klubb = make_purpose(purpose.organisation, slug="klubb")
    consent = make_consent("granted", purpose=klubb, number=1, at=NOON - 2 * DAY)
    content = f"{HEADING}\n{line(time=said_at)}\n".encode()
    run = make_import(purpose, content=content, dry_run=True)
    services.erase_subject(consent.subject, now=NOON - DAY)

    services.start_import(run)
    imports.work(run, lambda: BytesIO(content), now=NOON, until=lambda: False)

    assert codes(run) == ([(2, "number", code)] if code else [])
    assert Subject.objects.exists() is (not code)


@pytest.mark.parametrize("is_everywhere", [True, False])
def test_a_blocked_number_is_not_imported(purpose: Purpose, is_everywhere: bool) -> None:
    organisation = purpose.organisation
    Suppression.objects.create(
        organisation=organisation,
        purpose=None if is_everywhere else purpose,
        index=crypto.blind_index(phone(1), use="suppression", organisation=organisation.pk),
        reason=Suppression.Reason.OBJECTION,
        created_on=NOON.date(),
        review_on=NOON.date(),
    )

    assert codes(make_import(purpose, line())) == [(2, "number", "blocked")]
    assert not Subject.objects.exists()


def test_a_block_outlives_an_import_of_the_number_for_another_purpose(purpose: Purpose) -> None:
    organisation = purpose.organisation
    klubb = make_purpose(organisation, slug="klubb")
    services.suppress(
        organisation, phone(1), purpose=klubb, reason=Suppression.Reason.OBJECTION, now=NOON - DAY
    )
    run = make_import(purpose, line(), line(purpose="klubb"))
    services.approve_import(run, by=make_user(), reason="Skjemaene er sett", now=NOON)

    block = Suppression.objects.get()

    assert codes(run) == [(3, "number", "blocked")]
    assert (block.purpose, block.created_on) == (klubb, (NOON - DAY).date())
    assert [consent.purpose for consent in Consent.objects.sendable(NOON)] == [purpose]


def test_a_block_that_comes_after_an_import_holds(purpose: Purpose) -> None:
    run = make_import(purpose, line())
    services.approve_import(run, by=make_user(), reason="Skjemaene er sett", now=NOON)

    services.suppress(
        purpose.organisation, phone(1), purpose=None, reason=Suppression.Reason.NOT_ME, now=NOON
    )

    assert not Consent.objects.sendable(NOON).exists()


# -- what a file must say ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"source": ""}, "source", "empty"),
        ({"time": ""}, "time", "empty"),
        ({"wording": ""}, "wording", "empty"),
        ({"method": ""}, "method", "empty"),
        ({"source": "Kjøpt liste"}, "source", "bought"),
        ({"source": "x" * 101}, "source", "too_long"),
        ({"method": "telepathy"}, "method", "no_method"),
        ({"time": "i fjor"}, "time", "no_time"),
        ({"time": "2026-02-30"}, "time", "no_time"),
        ({"time": "2027-01-01"}, "time", "in_future"),
        ({"time": "01.05.2016"}, "time", "too_old"),
        ({"time": "0001-01-01 00:00"}, "time", "too_old"),
        ({"time": "9999-12-31T23:59:59-12:00"}, "time", "in_future"),
        ({"time": "2026-13-01 12:30"}, "time", "no_time"),
        ({"purpose": "ukjent"}, "purpose", "no_purpose"),
        ({"wording": "7"}, "wording", "no_version"),
        ({"wording": "Ja takk"}, "wording", "short_text"),
        ({"number": "22000000"}, "number", "landline"),
        ({"number": "9000"}, "number", "too_short"),
        ({"number": "nitti"}, "number", "letters"),
        ({"number": "4,79E+09"}, "number", "rounded"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(
    purpose: Purpose, cells: dict[str, str], column: str, code: str
) -> None:
    run = make_import(purpose, line(90000002), line(**cells))

    assert codes(run) == [(3, column, code)]
    assert run.good_count == 1


@pytest.mark.parametrize(
    "cell",
    [
        "90000001", "+4790000001", "004790000001", "4790000001", "900 00 001", "+47 900 00 001",
        "'90000001", '="90000001"', "90000001.0", "90000001,0", "4,790000001E+09", "4.790000001e9",
        "9.0000001E+07", "900\u00a000\u00a0001",
    ],
)  # fmt: skip
def test_a_number_is_read_however_a_spreadsheet_left_it(cell: str) -> None:
    assert sheets.phone_in(cell) == phone(1)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-03-01 12:30", "2026-03-01T12:30:00+01:00"),
        ("2026-03-01T12:30:15Z", "2026-03-01T12:30:15+00:00"),
        ("2026-07-01T12:30:15+02:00", "2026-07-01T12:30:15+02:00"),
        ("2026-03-01 12:30:15", "2026-03-01T12:30:15+01:00"),
        ("2026-03-01T9:30", "2026-03-01T09:30:00+01:00"),
        ("1.7.2026 9:05", "2026-07-01T09:05:00+02:00"),
        ("01.07.2026", "2026-07-01T00:00:00+02:00"),
    ],
)
def test_a_time_is_read_in_oslo_unless_it_says_otherwise(cell: str, moment: str) -> None:
    assert sheets.moment_in(cell).isoformat() == moment


@pytest.mark.parametrize(
    ("encoding", "separator", "end"),
    [
        ("utf-8", ";", "\n"),
        ("utf-8-sig", ",", "\r\n"),
        ("latin-1", ";", "\r\n"),
        ("utf-16", "\t", "\n\n"),
        ("utf-8", "\t", "\r"),
    ],
)
def test_a_file_is_read_as_it_was_exported(
    purpose: Purpose, encoding: str, separator: str, end: str
) -> None:
    heading = "Mobilnummer;Formål;Kilde;Metode;Tidspunkt;Ordlyd"
    text = end.join([heading, line(source="Kø på Røst"), ""]).replace(";", separator)

    run = make_import(purpose, content=text.encode(encoding))

    assert (run.state, run.good_count) == ("imported", 1)
    private = ledger.open_detail(Consent.objects.get().event_details.get())["private"]
    assert private["proof"]["collected_from"] == "Kø på Røst"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "column_missing"),
        (b"number;purpose\n1;2\n", "column_missing"),
        (b"\x00\x01\x02" * 100, "column_missing"),
        (b"x" * 200_000, "broken_table"),
        (f"{HEADING}\n".encode() + b'"' + b"y" * 200_000, "broken_table"),
    ],
)
def test_a_file_that_is_no_table_says_so(purpose: Purpose, content: bytes, code: str) -> None:
    run = make_import(purpose, content=content or b"\n")

    assert run.state == "unreadable"
    assert [problem.code for problem in run.problems.all()] == [code]


def test_a_quoted_cell_may_hold_separators_and_lines(purpose: Purpose) -> None:
    text = f'"{TEXT}\nSvar STOPP; når som helst."'

    run = make_import(purpose, line(wording=text), line(90000002, source=""))

    assert Consent.objects.get().wording.imported_text.endswith("STOPP; når som helst.")
    assert codes(run) == [(3, "source", "empty")]


def test_no_whole_number_is_kept_of_a_broken_row(purpose: Purpose) -> None:
    make_import(purpose, line("22000123"), line(source=""), line("90000004", purpose="ukjent"))

    cells = [problem.cell for problem in ImportProblem.objects.order_by("row")]
    assert cells == ["•••123", "", "ukjent"]


# -- dry run, repeats, kills ---------------------------------------------------------------------------
def test_a_dry_run_finds_the_errors_and_imports_nothing(purpose: Purpose) -> None:
    run = make_import(purpose, line(), line(time=""), line(wording=TEXT), dry_run=True)

    assert (run.state, run.good_count, run.problem_count) == ("checked", 1, 2)
    assert codes(run) == [(3, "time", "empty"), (4, "number", "twice")]
    assert not Consent.objects.exists()
    assert not Subject.objects.exists()
    assert purpose.wordings.count() == 1


@pytest.mark.parametrize("batches", [1, 2, 100])
def test_a_dry_run_finds_doubles_across_the_whole_file(
    purpose: Purpose, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    make_purpose(purpose.organisation, slug="klubb")
    monkeypatch.setattr(imports, "BATCH", 2)
    lines = [
        line(),
        line(90000002, purpose="ukjent"),
        line(90000002),
        line(purpose="klubb"),
        line("+47 900 00 001"),
        line(90000002),
    ]
    text = "\n".join([HEADING, *lines]).encode()
    run = services.open_import(purpose.organisation, lambda: BytesIO(text), by=None, now=NOON)

    # The worker stops after so many batches, and the next one goes on.
    while run.state == "checking":
        turns = chain(repeat(False, batches), repeat(True))
        imports.work(run, lambda: BytesIO(text), now=NOON, until=turns.__next__)

    assert codes(run) == [
        (3, "purpose", "no_purpose"),
        (6, "number", "twice"),
        (7, "number", "twice"),
    ]
    assert run.good_count == 3


def test_what_was_seen_is_remembered_in_few_bytes() -> None:
    seen = Seen()
    keys = range(4_790_000_000 << 14, 4_790_020_000 << 14, 1 << 14)

    for key in keys:
        seen.add(key)

    assert all(key in seen for key in keys)
    assert not any(key + 1 in seen or key + (1 << 40) in seen for key in keys)
    assert seen.bytes <= 32 * len(keys)


def test_what_was_checked_is_imported_when_somebody_says_so(purpose: Purpose) -> None:
    text = "\n".join([HEADING, line(), line(time="")]).encode()
    run = make_import(purpose, content=text, dry_run=True)

    assert services.start_import(run)
    assert not services.start_import(run)
    imports.work(run, lambda: BytesIO(text), now=NOON, until=lambda: False)

    assert (run.state, run.good_count, codes(run)) == ("imported", 1, [(3, "time", "empty")])


def test_the_same_file_again_changes_nothing(purpose: Purpose) -> None:
    first = make_import(purpose, line())

    again = services.open_import(
        purpose.organisation,
        lambda: BytesIO((HEADING + "\n" + line() + "\n").encode()),
        by=None,
        now=NOON,
    )

    assert (again.pk, again.state) == (first.pk, "imported")


def test_the_same_number_twice_in_a_file_is_one_consent(
    purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)

    run = make_import(purpose, line(), line(), line(90000002), line("+47 900 00 001"))

    assert codes(run) == [(3, "number", "twice"), (5, "number", "twice")]
    assert Consent.objects.count() == 2


def test_an_import_goes_on_where_it_was_killed(
    purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 3)
    lines = [line(90000000 + number) for number in range(1, 11)]
    file = "\n".join([HEADING, *lines, line("x")]).encode()
    real, batches = ledger.store, []

    def store_twice_then_die(lines: Iterable[ledger.Line], *, count: int, trip: Trip) -> None:
        batches.append(count)
        real(lines, count=count, trip=trip)
        if len(batches) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "store", store_twice_then_die)
    with pytest.raises(KeyboardInterrupt):
        make_import(purpose, content=file)
    monkeypatch.setattr(ledger, "store", real)
    before = ConsentImport.objects.get()
    assert (before.done_count, Consent.objects.count()) == (6, 6)

    run = make_import(purpose, content=file)

    assert (run.state, run.row_count, run.good_count, run.problem_count) == ("imported", 11, 10, 1)
    assert Consent.objects.count() == ConsentEvent.objects.count() == 10


def test_what_stands_before_a_place_that_cannot_be_read_is_imported(
    purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 2)
    lines = [HEADING, *(line(90000000 + number) for number in range(1, 6)), "x" * (1 << 17)]

    run = make_import(purpose, content="\n".join(lines).encode())

    assert (run.state, run.done_count, Consent.objects.count()) == ("unreadable", 4, 4)
    assert codes(run) == [(1, "", "broken_table")]


def test_a_worker_that_was_overtaken_stops(purpose: Purpose) -> None:
    file = f"{HEADING}\n{line()}".encode()
    run = services.open_import(
        purpose.organisation, lambda: BytesIO(file), by=None, is_dry_run=False, now=NOON
    )
    slow = ConsentImport.objects.get(pk=run.pk)
    imports.work(run, lambda: BytesIO(file), now=NOON, until=lambda: False)

    with pytest.raises(imports.Interrupted):
        imports.work(slow, lambda: BytesIO(file), now=NOON, until=lambda: False)
    assert Consent.objects.count() == 1


def test_the_number_of_statements_does_not_grow_with_the_rows(
    purpose: Purpose, django_assert_max_num_queries: object
) -> None:
    lines = [line(90000000 + number) for number in range(1, 200)]

    with django_assert_max_num_queries(40):  # type: ignore[operator]
        make_import(purpose, *lines)

    assert Consent.objects.count() == 199


def test_an_upload_is_worked_off_and_then_gone(purpose: Purpose) -> None:
    file = f"{HEADING}\n{line()}".encode()
    run = services.open_import(purpose.organisation, lambda: BytesIO(file), by=None, now=NOON)
    services.keep_upload(run, [file[:20], file[20:]])
    assert b"90000001" not in stored_upload(run)

    imports.advance(clock=lambda: NOON, until=lambda: False)
    run.refresh_from_db()
    services.start_import(run)
    imports.advance(clock=lambda: NOON, until=lambda: False)

    run.refresh_from_db()
    assert (run.state, run.good_count, run.chunks.count()) == ("imported", 1, 0)


def test_an_import_that_fails_stops_no_other(purpose: Purpose, settings: Settings) -> None:
    upload(purpose, 90000001)
    settings.FERNET_KEYS = ["the key of the first upload is lost"]
    upload(purpose, 90000002)

    with pytest.raises(crypto.CannotDecrypt):
        imports.advance(clock=lambda: NOON, until=lambda: False)

    states = ConsentImport.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["checking", "checked"]


def upload(purpose: Purpose, number: int) -> None:
    file = f"{HEADING}\n{line(number)}".encode()
    run = services.open_import(purpose.organisation, lambda: BytesIO(file), by=None, now=NOON)
    services.keep_upload(run, [file])


def stored_upload(run: ConsentImport) -> bytes:
    """Return what the database holds of an upload."""
    table = run.chunks.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT content FROM {table}")
        return b"".join(bytes(row[0]) for row in cursor.fetchall())


# -- the command, the errors, the end ------------------------------------------------------------------
def test_the_command_imports_a_file_and_writes_its_errors(purpose: Purpose, tmp_path: Path) -> None:
    file, proof, errors = tmp_path / "a.csv", tmp_path / "skjema.pdf", tmp_path / "errors.csv"
    time = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%d %H:%M")
    rows = [line(time=time), line(90000002, time=time, source="=1+1", method="x")]
    file.write_text("\n".join([HEADING, *rows]), encoding="utf-8")
    proof.write_bytes(b"%PDF-1.7")
    out = StringIO()

    call_command(
        "import_consents", file, organisation=purpose.organisation.slug, proof=proof,
        errors=errors, stdout=out,
    )  # fmt: skip

    run = ConsentImport.objects.get()
    assert (bytes(run.proof), run.proof_type) == (b"%PDF-1.7", "application/pdf")
    assert "imported; 1 consents, 1 rows with an error" in out.getvalue()
    with errors.open(encoding="utf-8-sig", newline="") as written:
        assert list(csv.reader(written, delimiter=";"))[1][:3] == ["3", "method", "x"]


def run_command(purpose: Purpose, *files: Path, **options: object) -> str:
    """Run the command on files in one folder, beside which it finds the proof. Return what it says."""
    proof, out = files[0].parent / "skjema.pdf", StringIO()
    proof.write_bytes(b"%PDF-1.7")
    slug = purpose.organisation.slug
    given = {"organisation": slug, "proof": proof, "stdout": out} | options
    call_command("import_consents", *files, **given)
    return out.getvalue()


def make_csv(path: Path, *numbers: object) -> Path:
    time = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%d %H:%M")
    path.write_text("\n".join([HEADING, *(line(each, time=time) for each in numbers)]))
    return path


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_command_may_be_repeated(purpose: Purpose, tmp_path: Path, dry_run: bool) -> None:
    file = make_csv(tmp_path / "a.csv", 90000001)

    said = [run_command(purpose, file, dry_run=dry_run) for _time in range(2)]

    assert "1 consents" in said[0]
    assert "nothing was left to do" in said[1]
    assert Consent.objects.count() == (not dry_run)


def test_the_command_imports_what_was_half_checked(purpose: Purpose, tmp_path: Path) -> None:
    file = make_csv(tmp_path / "a.csv", 90000001)
    services.open_import(
        purpose.organisation, lambda: BytesIO(file.read_bytes()), by=None, now=NOON
    )

    assert ": imported; 1 consents" in run_command(purpose, file)


def test_the_errors_of_several_files_stand_in_one(purpose: Purpose, tmp_path: Path) -> None:
    first, second = make_csv(tmp_path / "a.csv", "x"), make_csv(tmp_path / "b.csv", "y")

    run_command(purpose, first, second, errors=tmp_path / "errors.csv")

    with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as written:
        rows = list(csv.reader(written, delimiter=";"))
    assert [row[:3] for row in rows[1:]] == [["a.csv", "2", "number"], ["b.csv", "2", "number"]]


def test_a_file_that_cannot_be_read_is_an_error_of_the_command(
    purpose: Purpose, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("number;purpose\n1;2")

    with pytest.raises(CommandError, match=r"a.csv cannot be read: .*source"):
        run_command(purpose, file)


def test_the_form_may_be_chosen_anew_until_something_rests_on_it(purpose: Purpose) -> None:
    run = make_import(
        purpose, line(), dry_run=True, proof=b"%PDF-1 feil", proof_type="application/pdf"
    )

    for proof in (b"%PDF-2 riktig", b"%PDF-3 for sent"):
        run = services.open_import(
            purpose.organisation,
            lambda: BytesIO(f"{HEADING}\n{line()}\n".encode()),
            by=None,
            proof=proof,
            proof_type="application/pdf",
            now=NOON,
        )
        services.start_import(run)

    run.refresh_from_db()
    assert bytes(run.proof) == b"%PDF-2 riktig"
    assert run.proof_sha256 == sha256(b"%PDF-2 riktig").hexdigest()


def test_the_command_says_what_is_not_there(purpose: Purpose, tmp_path: Path) -> None:
    proof = tmp_path / "skjema.pdf"
    proof.write_bytes(b"%PDF-1.7")
    slug = purpose.organisation.slug

    with pytest.raises(CommandError, match="no organisation"):
        call_command("import_consents", tmp_path / "a.csv", organisation="nobody", proof=proof)
    with pytest.raises(CommandError, match="no file"):
        call_command("import_consents", tmp_path / "a.csv", organisation=slug, proof=proof)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "arguments are required: --proof"),
        (b"", "no PDF, PNG or JPEG"),
        (b"<html>", "no PDF, PNG or JPEG"),
        (b"%PDF-" + b"x" * 5_000_000, "at most 5 MB"),
    ],
)
def test_the_command_asks_for_the_proof_as_the_page_does(
    purpose: Purpose, tmp_path: Path, content: bytes | None, error: str
) -> None:
    file, proof = tmp_path / "a.csv", tmp_path / "skjema"
    file.write_text(f"{HEADING}\n{line()}", encoding="utf-8")
    given = ["--organisation", purpose.organisation.slug]
    if content is not None:
        proof.write_bytes(content)
        given += ["--proof", str(proof)]

    with pytest.raises(CommandError, match=error):
        call_command("import_consents", str(file), *given)
    assert not ConsentImport.objects.exists()


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(purpose: Purpose) -> None:
    run = make_import(purpose, line(purpose="=cmd()"))

    assert list(exports.problems_of(run))[1][2] == "'=cmd()"


@pytest.mark.parametrize(("age", "left"), [(30 * DAY - SECOND, (1, 1)), (30 * DAY, (0, 1))])
def test_errors_go_after_a_month_and_the_proof_with_the_last_consent(
    purpose: Purpose, age: timedelta, left: tuple[int, int]
) -> None:
    make_import(purpose, line(), line(source=""), proof=b"%PDF")
    policy = next(each for each in retention.policies() if each.name == "imports")

    retention.purge(policy, now=NOON + age)

    assert (ImportProblem.objects.count(), ConsentImport.objects.count()) == left
    services.erase_subject(Subject.objects.get(), now=NOON)
    retention.purge(policy, now=NOON + age)
    assert ConsentImport.objects.count() == (1 if left[0] else 0)


def test_an_imported_number_is_shown_with_a_mask_only(purpose: Purpose) -> None:
    make_import(purpose, line("91234567"))

    assert str(Subject.objects.get()) == Phone("+4791234567").masked
