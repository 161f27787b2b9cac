"""Bundles as the product writes them, in the hands of a stranger: the verifier, and another library."""

import json
import zipfile
from base64 import b64decode
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client
from pymerkle import InmemoryTree

from consents import bundles, sealing, services, transitions
from consents.models import (
    Checkpoint,
    Consent,
    Disclosure,
    EventDetail,
    EvidenceExport,
    Organisation,
    Wording,
)
from tests.make import (
    DAY,
    NOON,
    make_consent,
    make_organisation,
    make_purpose,
    make_user,
    make_wording,
)
from verifier.smsconsent_verify import Report, read_keys, verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def consent() -> Consent:
    """Ada said yes and no; others are in the log as well, at this organisation and at another."""
    purpose = make_purpose()
    make_consent("granted", purpose=purpose, number=2)
    make_consent("granted", number=1)
    mine = make_consent("withdrawn", purpose=purpose, number=1)
    make_consent("granted", purpose=purpose, number=3)
    sealing.seal(now=NOON, must_sign=True)
    return mine


def case_of(consent: Consent, **how: Any) -> bytes:
    file = BytesIO()
    bundles.write_case(file, consent.subject, now=NOON, **how)
    return file.getvalue()


def audit_of(organisation: Organisation) -> bytes:
    file = BytesIO()
    bundles.write_audit(file, organisation, now=NOON)
    return file.getvalue()


def files_of(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def check(folder: Path, bundle: bytes) -> Report:
    path = folder / "bundle.zip"
    path.write_bytes(bundle)
    return verify(path, keys=read_keys(files_of(bundle)["log.pub"].decode()))


def codes(report: Report) -> set[str]:
    return {found.code for found in report.findings}


def test_a_case_bundle_holds_for_a_stranger(tmp_path: Path, consent: Consent) -> None:
    report = check(tmp_path, case_of(consent))

    assert report.holds
    assert [event["type"] for event in report.events] == ["requested", "granted", "withdrawn"]
    assert {event["phone"] for event in report.events} == {"+4790000001"}
    # The other organisation's two entries are hashes; the newest checkpoint is beside it as an anchor.
    assert codes(report) == {"entries_hidden"}


def test_a_court_may_see_that_nothing_hides_among_the_others(
    tmp_path: Path, consent: Consent
) -> None:
    report = check(tmp_path, case_of(consent, with_all_headers=True))

    assert report.holds
    assert codes(report) == set()


def test_an_audit_bundle_holds_and_names_nobody(tmp_path: Path, consent: Consent) -> None:
    bundle = audit_of(consent.purpose.organisation)

    report = check(tmp_path, bundle)

    assert report.holds
    everything = b"".join(files_of(bundle).values())
    assert b"90000001" not in everything
    assert consent.subject.public_id.hex.encode() not in everything
    assert bytes(consent.subject.tag_key).hex().encode() not in everything
    assert {"events.jsonl", "subject.json"} & files_of(bundle).keys() == set()


def test_another_library_finds_the_signed_root_over_the_exported_leaves(consent: Consent) -> None:
    files = files_of(audit_of(consent.purpose.organisation))
    tree = InmemoryTree(algorithm="sha256")
    for line in files["leaves.jsonl"].splitlines():
        entry = json.loads(line)
        if "header" in entry:
            tree.append_entry(b64decode(entry["header"]))
        else:
            tree._store_leaf(b"", b64decode(entry["leaf"]))

    root = files["checkpoint.txt"].decode().splitlines()[2]

    assert tree.get_root() == b64decode(root)


def test_another_organisation_stands_there_as_hashes_only(consent: Consent) -> None:
    files = files_of(audit_of(consent.purpose.organisation))

    lines = [json.loads(line) for line in files["leaves.jsonl"].splitlines()]

    assert [line.keys() for line in lines].count({"leaf"}) == 2
    headers = [json.loads(b64decode(line["header"])) for line in lines if "header" in line]
    assert {header["purpose"] for header in headers} == {consent.purpose.public_id.hex}


def test_the_same_data_gives_the_same_bytes(consent: Consent) -> None:
    assert case_of(consent) == case_of(consent)
    assert audit_of(consent.purpose.organisation) == audit_of(consent.purpose.organisation)


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_pages_leave_no_entry_out(
    tmp_path: Path, consent: Consent, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(bundles, "PAGE", page)

    assert check(tmp_path, case_of(consent)).holds


def test_each_wording_and_notice_is_there_as_the_bytes_that_are_hashed(consent: Consent) -> None:
    make_wording(consent.purpose, what="Noe nytt")
    make_consent("granted", purpose=consent.purpose, number=9)
    sealing.seal(now=NOON, must_sign=True)

    files = files_of(audit_of(consent.purpose.organisation))

    names = [name for name in files if name.startswith(("wordings/", "notices/"))]
    assert len(names) == 3
    assert all(sha256(files[name]).hexdigest() in name for name in names)
    assert {each.sha256 for each in Wording.objects.filter(purpose=consent.purpose)} == {
        Path(name).stem for name in names if name.startswith("wordings/")
    }


def test_what_is_not_sealed_yet_is_told_and_left_out(tmp_path: Path, consent: Consent) -> None:
    purpose = make_purpose(consent.purpose.organisation)
    make_consent("granted", purpose=purpose, number=1)

    bundle = case_of(consent)

    assert check(tmp_path, bundle).holds
    waiting = json.loads(files_of(bundle)["manifest.json"])["waiting"]
    assert [event["type"] for event in waiting] == ["requested", "granted"]
    assert "2 hendelser er så nye" in files_of(bundle)["report.html"].decode()


def test_a_detail_that_was_purged_leaves_its_event_in_view(
    tmp_path: Path, consent: Consent
) -> None:
    EventDetail.objects.filter(seq=1, subject=consent.subject).delete()

    report = check(tmp_path, case_of(consent))

    assert report.holds
    assert "detail_deleted" in codes(report)


def test_a_detail_that_was_changed_in_the_database_is_exported_and_named(
    tmp_path: Path, consent: Consent
) -> None:
    detail = EventDetail.objects.get(seq=2, subject=consent.subject)
    detail.detail = detail.detail.replace("mo_reply", "mo_reqly")
    detail.save()

    report = check(tmp_path, case_of(consent))

    assert not report.holds
    assert "detail_changed" in codes(report)


def test_a_wording_that_was_changed_in_the_database_is_named(
    tmp_path: Path, consent: Consent
) -> None:
    bundle = files_of(case_of(consent))
    name = f"wordings/{consent.wording.sha256}.json"
    bundle[name] = bundle[name].replace(b"Tilbud", b"Reklame")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        for each, content in bundle.items():
            archive.writestr(each, content)

    report = verify(tmp_path / "other.zip", keys=read_keys(bundle["log.pub"].decode()))

    assert "wording_changed" in codes(report)


def test_before_the_first_checkpoint_there_is_nothing_to_prove() -> None:
    consent = make_consent()

    with pytest.raises(bundles.NothingSealed):
        case_of(consent)


# -- the reports -----------------------------------------------------------------------------------------
def test_the_report_of_a_case_tells_it_in_bokmal_and_needs_no_network(consent: Consent) -> None:
    report = files_of(case_of(consent))["report.html"].decode()

    for part in ("Saksbunt", "+4790000001", "Trukket tilbake", consent.wording.declaration):
        assert part in report
    assert [mark for mark in ("http://", "https://", "<script", "src=") if mark in report] == []


def test_the_report_escapes_what_people_wrote(consent: Consent) -> None:
    proof = services.Proof("mo_reply", facts={"mo_text": "<script>alert(1)</script>"})
    other = make_consent("pending", purpose=consent.purpose, number=8)
    assert transitions.grant(other, proof=proof, now=NOON - DAY)
    sealing.seal(now=NOON, must_sign=True)

    report = files_of(case_of(other))["report.html"].decode()

    assert "<script" not in report
    assert "&lt;script&gt;" in report


def test_the_report_of_an_audit_counts_by_purpose_and_month(consent: Consent) -> None:
    report = files_of(audit_of(consent.purpose.organisation))["report.html"].decode()

    assert "Revisjonsbunt" in report
    assert consent.purpose.name in report
    assert "2026-03" in report


# -- the way out of the house ----------------------------------------------------------------------------
def test_a_case_bundle_is_downloaded_for_a_reason_that_goes_with_the_person(
    client: Client, consent: Consent
) -> None:
    organisation = consent.purpose.organisation
    officer = make_user("privacy_officer", organisation)
    client.force_login(officer)
    address = f"/staff/{organisation.slug}/numbers/{consent.subject.public_id}/case/"

    answer = client.post(address, {"reason": "Klage, sak 26/1"})

    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/zip"
    assert "90000001" not in answer["Content-Disposition"]
    logged = EvidenceExport.objects.get()
    assert (logged.kind, logged.by, logged.reason) == ("case", officer, "")
    assert logged.file_sha256 == sha256(content).hexdigest()
    assert "Klage, sak 26/1" in Disclosure.objects.get(subject=consent.subject).reason


def test_an_audit_bundle_is_downloaded_and_its_reason_kept(
    client: Client, consent: Consent
) -> None:
    organisation = consent.purpose.organisation
    client.force_login(make_user("privacy_officer", organisation))

    answer = client.post(f"/staff/{organisation.slug}/ledger/audit/", {"reason": "Årlig kontroll"})

    assert zipfile.is_zipfile(BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    assert EvidenceExport.objects.get().reason == "Årlig kontroll"
    assert "Årlig kontroll" in client.get(f"/staff/{organisation.slug}/ledger/").content.decode()


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_leaves(client: Client, consent: Consent, reason: str) -> None:
    organisation = consent.purpose.organisation
    client.force_login(make_user("privacy_officer", organisation))
    address = f"/staff/{organisation.slug}/numbers/{consent.subject.public_id}/case/"

    answer = client.post(address, {"reason": reason}, follow=True)

    assert answer["Content-Type"].startswith("text/html")
    assert "Skriv hvorfor" in answer.content.decode()
    assert not EvidenceExport.objects.exists()


def test_before_anything_is_sealed_the_page_says_so(client: Client) -> None:
    organisation = make_organisation()
    client.force_login(make_user("privacy_officer", organisation))

    answer = client.post(
        f"/staff/{organisation.slug}/ledger/audit/", {"reason": "Kontroll"}, follow=True
    )

    assert "Ingenting er forseglet ennå" in answer.content.decode()
    assert not Checkpoint.objects.exists()


def test_the_line_about_an_export_can_neither_be_changed_nor_removed(consent: Consent) -> None:
    officer = make_user("privacy_officer", consent.purpose.organisation)
    with BytesIO() as file:
        services.export_audit(
            consent.purpose.organisation, file, by=officer, reason="Kontroll", now=NOON
        )

    with pytest.raises(DatabaseError), transaction.atomic():
        EvidenceExport.objects.update(reason="Noe annet")
    with pytest.raises(DatabaseError), transaction.atomic():
        EvidenceExport.objects.all().delete()


def test_erasing_the_person_takes_the_reason_and_leaves_the_line(
    tmp_path: Path, consent: Consent
) -> None:
    organisation = consent.purpose.organisation
    officer = make_user("privacy_officer", organisation)
    with BytesIO() as file:
        services.export_case(consent.subject, file, by=officer, reason="Klage", now=NOON)

    services.erase_subject(consent.subject, now=NOON + DAY)
    sealing.seal(now=NOON + DAY, must_sign=True)

    assert not Disclosure.objects.exists()
    assert EvidenceExport.objects.count() == 1
    assert check(tmp_path, audit_of(organisation)).holds


# -- the command -----------------------------------------------------------------------------------------
def export(kind: str, consent: Consent, output: Path, **options: Any) -> str:
    organisation, said = consent.purpose.organisation, StringIO()
    officer = make_user("privacy_officer", organisation)
    values = {"by": officer.email, "reason": "Sak 26/1", "person": str(consent.subject.public_id)}
    arguments = [f"--{name}={value}" for name, value in (values | options).items()]
    call_command(
        "ledger", "export", kind, organisation.slug, f"--output={output}", *arguments, stdout=said
    )
    return said.getvalue()


@pytest.mark.parametrize("kind", ["case", "audit"])
def test_the_command_writes_what_the_portal_gives(
    tmp_path: Path, consent: Consent, kind: str
) -> None:
    said = export(kind, consent, tmp_path / "out.zip")

    report = check(tmp_path, (tmp_path / "out.zip").read_bytes())
    assert (report.kind, report.holds) == (kind, True)
    assert (tmp_path / "out.zip").stat().st_mode & 0o077 == 0
    assert EvidenceExport.objects.get().file_sha256 in said


@pytest.mark.parametrize(
    "wrong", [{"by": "x@example.org"}, {"reason": " "}, {"person": UUID(int=0)}]
)
def test_the_command_needs_a_name_a_reason_and_a_person(
    tmp_path: Path, consent: Consent, wrong: dict[str, str]
) -> None:
    with pytest.raises(CommandError):
        export("case", consent, tmp_path / "out.zip", **wrong)

    assert not (tmp_path / "out.zip").exists()
    assert not EvidenceExport.objects.exists()


def test_the_command_writes_over_no_file(tmp_path: Path, consent: Consent) -> None:
    (tmp_path / "out.zip").write_bytes(b"mine")

    with pytest.raises(CommandError, match="there already"):
        export("audit", consent, tmp_path / "out.zip")

    assert (tmp_path / "out.zip").read_bytes() == b"mine"
