"""Legal holds: two people ask and approve, two open; the evidence outlives an erasure, and ends by itself."""

import json
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.test import Client

from consents import sealing, services
from consents.models import (
    Consent,
    EventDetail,
    EvidenceExport,
    HeldEvidence,
    HoldOpening,
    LegalHold,
    Subject,
)
from consents.retention import policies, purge
from smsconsent import crypto
from smsconsent.staff.models import User
from tests.make import DAY, HOUR, NOON, SECOND, make_consent, make_user
from verifier.smsconsent_verify import read_keys, verify

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
LAST_DAY = TODAY + 30 * DAY
POLICIES = {policy.name: policy for policy in policies()}


def ask(subject: Subject, *, by: User | None = None, ends_on: date = LAST_DAY) -> LegalHold:
    return services.ask_for_hold(
        subject,
        reason="Klage til Forbrukertilsynet",
        ends_on=ends_on,
        by=by or make_user(),
        now=NOON,
    )


def held_and_erased(consent: Consent) -> LegalHold:
    hold = ask(consent.subject)
    assert services.approve_hold(hold, by=make_user(), now=NOON)
    services.erase_subject(consent.subject, now=NOON)
    hold.refresh_from_db()
    return hold


# -- holding -------------------------------------------------------------------------------------------
def test_without_a_hold_nothing_outlives_an_erasure() -> None:
    services.erase_subject(make_consent("granted").subject, now=NOON)

    assert not HeldEvidence.objects.exists()


def test_a_hold_that_nobody_approved_keeps_nothing() -> None:
    consent = make_consent("granted")
    hold = ask(consent.subject)

    services.erase_subject(consent.subject, now=NOON)

    assert not HeldEvidence.objects.exists()
    assert not services.approve_hold(hold, by=make_user(), now=NOON), "the number is gone"


def test_whoever_asked_cannot_approve() -> None:
    officer = make_user()
    hold = ask(make_consent("granted").subject, by=officer)

    with pytest.raises(services.NeedsAnother):
        services.approve_hold(hold, by=officer, now=NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.update(approved_by=officer, approved_at=NOON)


@pytest.mark.parametrize("ends_on", [TODAY, TODAY - DAY, TODAY + 1200 * DAY])
def test_a_hold_has_an_end_that_is_ahead_and_not_too_far(ends_on: date) -> None:
    with pytest.raises(services.LastDayRefused):
        ask(make_consent("granted").subject, ends_on=ends_on)


def test_without_a_hold_key_nothing_can_be_held(settings: Any) -> None:
    settings.FERNET_HOLD_KEYS = []

    with pytest.raises(services.NoHoldKey):
        ask(make_consent("granted").subject)
    with pytest.raises(ImproperlyConfigured):
        HeldEvidence(hold_id=1, event_id="x", detail="x").save()


def test_the_page_blames_the_day_for_a_bad_day_and_nothing_else(
    client: Client, settings: Any
) -> None:
    subject = make_consent("granted").subject
    client.force_login(make_user("privacy_officer", subject.organisation))
    page = f"/staff/{subject.organisation.slug}/numbers/{subject.public_id}/hold/"
    too_late = client.post(page, {"reason": "Klage", "ends_on": "2040-01-01"})
    settings.FERNET_HOLD_KEYS = []
    no_key = client.post(page, {"reason": "Klage", "ends_on": "2040-01-01"})

    assert [each.status_code for each in (too_late, no_key)] == [422, 422]
    assert set(too_late.context["form"].errors) == {"ends_on"}
    assert set(no_key.context["form"].errors) == {"__all__"}
    assert "FERNET_HOLD_KEYS" in no_key.content.decode()


def test_evidence_under_a_hold_outlives_the_erasure_and_nothing_else_does() -> None:
    consent = make_consent("granted")
    details = {row.event_id: row.detail for row in EventDetail.objects.all()}

    hold = held_and_erased(consent)

    kept = {row.event_id: row.detail for row in hold.evidence.all()}
    assert details.items() <= kept.items()
    assert len(kept) == 3, "asked, given, erased"
    assert not Subject.objects.exists()
    assert not EventDetail.objects.exists()
    assert hold.subject is None


def test_the_report_tells_the_person_of_the_hold() -> None:
    held_and_erased(make_consent("granted"))

    stays = {row["what"]: row for row in LegalHold.objects.get().organisation.erasures.get().stays}

    assert stays["hold"] == {"what": "hold", "count": 3, "until": "2026-04-09"}


def test_held_evidence_opens_with_the_hold_key_alone(settings: Any) -> None:
    held_and_erased(make_consent("granted"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT detail FROM consents_heldevidence")
        token = bytes(cursor.fetchone()[0])

    with pytest.raises(crypto.CannotDecrypt):
        crypto.decrypt_bytes(token)
    settings.FERNET_KEYS = ["the daily keys have been changed"]
    assert json.loads(HeldEvidence.objects.all()[0].detail)["private"]["phone"] == "+4790000001"
    settings.FERNET_HOLD_KEYS = ["another hold key"]
    with pytest.raises(crypto.CannotDecrypt):
        str(HeldEvidence.objects.all()[0].detail)


# -- the end -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("late", [False, True])
def test_a_hold_ends_by_itself_after_its_last_day(late: bool) -> None:
    held_and_erased(make_consent("granted"))
    midnight = datetime.fromisoformat("2026-04-10T00:00:00+02:00")

    purge(POLICIES["legal_holds"], now=midnight - (timedelta() if late else SECOND))

    assert HeldEvidence.objects.exists() is not late
    assert (LegalHold.objects.get().reason is None) is late


def test_who_asked_and_approved_is_known_for_two_years_more() -> None:
    held_and_erased(make_consent("granted"))
    purge(POLICIES["legal_holds"], now=NOON + 700 * DAY)
    assert LegalHold.objects.exists()

    purge(POLICIES["legal_holds"], now=NOON + 762 * DAY)

    assert not LegalHold.objects.exists()


def test_the_purge_counts_the_holds_that_end_and_those_that_go() -> None:
    subject = make_consent("granted").subject
    ask(subject)
    purge(POLICIES["legal_holds"], now=NOON + 31 * DAY)
    ask(subject, ends_on=TODAY + 700 * DAY)

    counts = purge(POLICIES["legal_holds"], now=NOON + 762 * DAY)

    assert counts["consents.LegalHold"] == 2, "the trace of one, the reason of another"


def test_the_purge_waits_for_a_hold() -> None:
    consent = make_consent("withdrawn")
    due = consent.delete_after
    assert due is not None
    hold = ask(consent.subject, ends_on=TODAY + 365 * DAY)
    services.approve_hold(hold, by=make_user(), now=NOON)

    purge(POLICIES["consents"], now=due)
    assert Consent.objects.exists()
    purge(POLICIES["consents"], now=NOON + 366 * DAY)

    assert not Consent.objects.exists()


# -- opening -------------------------------------------------------------------------------------------
def test_two_people_open_and_only_the_one_who_asked_reads_for_an_hour() -> None:
    hold = held_and_erased(make_consent("granted"))
    asks, approves = make_user(), make_user()
    opening = services.ask_to_open(hold, reason="Tilsynet spør", by=asks, now=NOON)
    assert services.read_held(hold, by=asks, now=NOON) is None
    with pytest.raises(services.NeedsAnother):
        services.approve_opening(opening, by=asks, now=NOON)

    services.approve_opening(opening, by=approves, now=NOON)

    assert len(services.read_held(hold, by=asks, now=NOON + HOUR - SECOND) or []) == 3
    assert services.read_held(hold, by=approves, now=NOON) is None
    assert services.read_held(hold, by=asks, now=NOON + HOUR) is None


def test_two_officers_hold_and_read_through_the_portal(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consents.views.staff.holds.timezone.now", lambda: NOON)
    consent = make_consent("granted")
    organisation = consent.purpose.organisation
    one, other = (make_user("privacy_officer", organisation) for _person in range(2))
    base = f"/staff/{organisation.slug}"
    client.force_login(one)
    number = f"{base}/numbers/{consent.subject.public_id}"
    client.post(f"{number}/hold/", {"reason": "Klage", "ends_on": "2026-04-09"})
    page = f"{base}/holds/{LegalHold.objects.get().reference}/"
    assert f'action="{page}approve/"' not in client.get(page).content.decode()
    client.post(f"{page}approve/")
    assert LegalHold.objects.get().approved_at is None, "not by whoever asked"

    client.force_login(other)
    assert f'action="{page}approve/"' in client.get(page).content.decode()
    client.post(f"{page}approve/")
    services.erase_subject(consent.subject, now=NOON)
    client.post(f"{page}open/", {"reason": "Tilsynet spør"})
    assert "+4790000001" not in client.get(page).content.decode()
    client.force_login(one)
    client.post(f"{page}open/{HoldOpening.objects.get().pk}/")
    client.force_login(other)

    shown = client.get(page).content.decode()
    assert "+4790000001" in shown
    assert "Samtykke gitt" in shown


# -- ending it early -----------------------------------------------------------------------------------
def test_two_people_release_a_hold_and_what_it_kept_goes_at_once() -> None:
    hold = held_and_erased(make_consent("granted"))
    asks, approves = make_user(), make_user()
    assert services.ask_to_release(hold, reason="Saken er henlagt", by=asks, now=NOON)
    with pytest.raises(services.NeedsAnother):
        services.approve_release(hold, by=asks, now=NOON)
    assert HeldEvidence.objects.exists()

    assert services.approve_release(hold, by=approves, now=NOON)

    hold.refresh_from_db()
    assert not HeldEvidence.objects.exists()
    assert (hold.reason, hold.tag_key) == (None, None)
    assert (hold.release_reason, hold.release_asked_by, hold.released_by) == (
        "Saken er henlagt",
        asks,
        approves,
    )
    assert not services.approve_release(hold, by=approves, now=NOON), "once"


def test_nothing_is_released_unasked_or_without_a_reason() -> None:
    hold = held_and_erased(make_consent("granted"))

    with pytest.raises(services.ReasonMissing):
        services.ask_to_release(hold, reason=" ", by=make_user(), now=NOON)

    assert not services.approve_release(hold, by=make_user(), now=NOON)
    assert HeldEvidence.objects.exists()


def test_a_released_hold_keeps_nothing_of_a_later_erasure_and_its_trace_stays() -> None:
    consent = make_consent("granted")
    hold = ask(consent.subject)
    services.approve_hold(hold, by=make_user(), now=NOON)
    services.ask_to_release(hold, reason="Forlik", by=make_user(), now=NOON)
    services.approve_release(hold, by=make_user(), now=NOON)

    services.erase_subject(consent.subject, now=NOON)
    purge(POLICIES["legal_holds"], now=NOON + 60 * DAY)

    assert not HeldEvidence.objects.exists()
    assert LegalHold.objects.get().release_reason == "Forlik"


# -- as proof ------------------------------------------------------------------------------------------
def let_read(hold: LegalHold) -> User:
    """Somebody who may read what is held, since another has said so."""
    asks = make_user()
    opening = services.ask_to_open(hold, reason="Tilsynet spør", by=asks, now=NOON)
    services.approve_opening(opening, by=make_user(), now=NOON)
    return asks


def seal() -> None:
    sealing.seal(now=NOON, must_sign=True)


def test_what_is_held_is_a_complete_case_that_a_stranger_verifies(tmp_path: Path) -> None:
    hold = held_and_erased(make_consent("granted"))
    seal()
    file = tmp_path / "case.zip"

    with file.open("w+b") as bundle:
        services.export_held(hold, bundle, by=let_read(hold), now=NOON)

    with ZipFile(file) as bundle_file:
        keys = read_keys(bundle_file.read("log.pub").decode())
        events = bundle_file.read("events.jsonl").decode().splitlines()
        held = json.loads(bundle_file.read("manifest.json"))["held"]
    report = verify(file, keys=keys)
    assert report.holds
    assert report.kind == "case"
    assert [bool(json.loads(each)["detail"]) for each in events] == [True] * 3
    assert held == [{"hold": hold.reference, "until": "2026-04-09", "details": 3}]
    assert EvidenceExport.objects.get().kind == "case"


def test_a_hold_from_before_the_key_was_kept_says_that_nothing_shows_that_it_is_complete(
    tmp_path: Path,
) -> None:
    hold = held_and_erased(make_consent("granted"))
    LegalHold.objects.update(tag_key=None)
    hold.refresh_from_db()
    seal()
    file = tmp_path / "case.zip"

    with file.open("w+b") as bundle:
        services.export_held(hold, bundle, by=let_read(hold), now=NOON)

    with ZipFile(file) as bundle_file:
        report_for_people = bundle_file.read("report.html").decode()
        manifest = json.loads(bundle_file.read("manifest.json"))
        report = verify(file, keys=read_keys(bundle_file.read("log.pub").decode()))
    assert "Ingenting viser at dette er alle." in report_for_people
    assert (manifest["has_tag_key"], manifest["person_entries"]) == (False, 3)
    assert {each.code for each in report.findings if each.weight == "failed"} == {"tag_key_useless"}
    assert len(report.events) == 3


def test_nobody_takes_it_out_alone() -> None:
    hold = held_and_erased(make_consent("granted"))
    seal()

    for by in (make_user(), hold.asked_by):
        with pytest.raises(services.NotOpened):
            services.export_held(hold, BytesIO(), by=by, now=NOON)

    assert not EvidenceExport.objects.exists()


def test_the_audit_bundle_says_what_is_held_and_opens_nothing() -> None:
    hold = held_and_erased(make_consent("granted"))
    seal()
    file = BytesIO()

    services.export_audit(hold.organisation, file, by=make_user(), reason="Revisjon", now=NOON)

    with ZipFile(file) as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        content = b"".join(bundle.read(name) for name in bundle.namelist())
    assert manifest["held"] == [{"hold": hold.reference, "until": "2026-04-09", "details": 3}]
    assert b"90000001" not in content


def test_the_portal_hands_out_and_releases_by_two_people_only(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consents.views.staff.holds.timezone.now", lambda: NOON)
    hold = held_and_erased(make_consent("granted"))
    seal()
    one, other = (make_user("privacy_officer", hold.organisation) for _person in range(2))
    page = f"/staff/{hold.organisation.slug}/holds/{hold.reference}/"
    client.force_login(one)
    assert client.post(f"{page}bundle/").status_code == 302, "nobody has let them read"
    opening = services.ask_to_open(hold, reason="Tilsynet spør", by=one, now=NOON)
    services.approve_opening(opening, by=other, now=NOON)

    bundle = client.post(f"{page}bundle/")
    client.post(f"{page}release/", {"reason": "Saken er henlagt"})
    client.post(f"{page}release/approve/")
    assert HeldEvidence.objects.exists(), "not by whoever asked"
    client.force_login(other)
    client.post(f"{page}release/approve/")

    content = b"".join(bundle)
    assert ZipFile(BytesIO(content)).testzip() is None
    assert not HeldEvidence.objects.exists()
    assert "Saken er henlagt" in client.get(page).content.decode()
