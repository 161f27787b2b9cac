"""The pages of an import: what is refused, who is told what, and that a stranger's file is out of reach."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from consents import imports
from consents.models import Consent, ConsentImport, Purpose
from tests.make import DAY, make_purpose, make_user

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 skjema"


@pytest.fixture
def purpose() -> Purpose:
    return make_purpose(slug="tilbud")


@pytest.fixture
def officer(client: Client, purpose: Purpose) -> Client:
    client.force_login(make_user("privacy_officer", purpose.organisation))
    return client


def make_file(*numbers: str) -> bytes:
    at = f"{timezone.now() - 9 * DAY:%Y-%m-%d %H:%M}"
    rows = [f"{number};tilbud;Kassa;paper_form;{at};1" for number in numbers]
    return "\n".join(["number;purpose;source;method;time;wording", *rows]).encode()


def upload(
    client: Client, purpose: Purpose, content: bytes, proof: bytes = PDF, **values: str
) -> int:
    fields = {
        "file": SimpleUploadedFile("a.csv", content),
        "proof": SimpleUploadedFile("skjema.pdf", proof),
        "is_ours": "on",
    } | values
    answer = client.post(f"/staff/{purpose.organisation.slug}/imports/", fields)
    return int(answer.status_code)


def work_off() -> ConsentImport:
    imports.advance(clock=timezone.now, until=lambda: False)
    return ConsentImport.objects.get()


def path_of(run: ConsentImport, action: str = "") -> str:
    return f"/staff/{run.organisation.slug}/imports/{run.public_id}/{action}"


def test_a_file_goes_from_upload_to_approval(officer: Client, purpose: Purpose) -> None:
    assert upload(officer, purpose, make_file("90000001", "22000000")) == 302
    run = work_off()
    page = officer.get(path_of(run)).content.decode()
    assert "•••000" in page
    assert "22000000" not in page

    officer.post(path_of(run, "start/"))
    work_off()
    assert officer.post(path_of(run, "approve/"), {"reason": ""}).status_code == 422
    officer.post(path_of(run, "approve/"), {"reason": "Sett"})

    assert Consent.objects.sendable(timezone.now()).count() == 1
    assert b"Sett" in officer.get(path_of(run)).content


def test_the_errors_are_a_file_of_their_own(officer: Client, purpose: Purpose) -> None:
    upload(officer, purpose, make_file("22000000"))

    answer = officer.get(path_of(work_off(), "errors/"))

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert answer["Content-Type"].startswith("text/csv")
    assert lines[1].startswith("2;number;•••000;")


def test_the_proof_is_a_download_and_nothing_else(officer: Client, purpose: Purpose) -> None:
    upload(officer, purpose, make_file("90000001"))

    answer = officer.get(path_of(work_off(), "proof/"))

    assert answer.content == PDF
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "application/pdf",
        "attachment",
    )


@pytest.mark.parametrize(
    "values",
    [{"is_ours": ""}, {"proof": b"<script>"}, {"content": b""}, {"content": b"x" * 20_000_001}],
)
def test_what_is_missing_or_odd_is_said(
    officer: Client, purpose: Purpose, values: dict[str, object]
) -> None:
    fields = {"content": make_file("90000001")} | values

    assert upload(officer, purpose, **fields) == 422  # type: ignore[arg-type]

    assert not ConsentImport.objects.exists()


def test_the_same_file_again_leads_to_the_same_import(officer: Client, purpose: Purpose) -> None:
    upload(officer, purpose, make_file("90000001"))
    first = work_off()

    upload(officer, purpose, make_file("90000001"))

    assert ConsentImport.objects.get() == first
    assert first.state == "checked"


def test_a_file_that_is_no_longer_kept_is_not_started_but_asked_for_again(
    officer: Client, purpose: Purpose
) -> None:
    upload(officer, purpose, make_file("90000001"))
    run = work_off()
    run.chunks.all().delete()

    assert b"start/" not in officer.get(path_of(run)).content
    officer.post(path_of(run, "start/"))
    run.refresh_from_db()
    assert run.state == "checked"

    upload(officer, purpose, make_file("90000001"))
    officer.post(path_of(run, "start/"))
    assert work_off().state == "imported"


def test_whoever_uploads_what_was_imported_already_is_told(
    officer: Client, purpose: Purpose
) -> None:
    upload(officer, purpose, make_file("90000001"))
    run = work_off()
    officer.post(path_of(run, "start/"))
    work_off()

    upload(officer, purpose, make_file("90000001"))

    assert "lastet opp før" in officer.get(path_of(run)).content.decode()


def test_customer_service_imports_and_does_not_approve(client: Client, purpose: Purpose) -> None:
    client.force_login(make_user("customer_service", purpose.organisation))
    upload(client, purpose, make_file("90000001"))
    run = work_off()
    client.post(path_of(run, "start/"))
    run = work_off()

    assert client.post(path_of(run, "approve/"), {"reason": "Ja"}).status_code == 403

    assert b'id="approve"' not in client.get(path_of(run)).content
    assert not Consent.objects.sendable(timezone.now()).exists()
