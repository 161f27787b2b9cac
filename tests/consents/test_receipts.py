"""The receipt that a person keeps: a page, a file, and what they prove (trust.md § 3, guide G05, G13)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consents import confirmations, logkeys, receipts, sealing, services, transitions
from consents.ledger import Proof
from consents.models import Consent, Disclosure, EventDetail, ServiceMessage
from consents.vocabulary import CONTEXT, FIELDS, PREFIXES, RIGHTS, STATES, TERMS, VALUES
from smsconsent import gsm
from tests.consents import jsonld
from tests.consents.schema import faults
from tests.environment import ROOT
from tests.make import DAY, NOON, make_consent, make_organisation, make_purpose, make_user
from verifier.smsconsent_verify import Report, read_keys, verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def consent() -> Consent:
    """A yes that is sealed, among others."""
    purpose = make_purpose()
    make_consent("granted", purpose=purpose, number=2)
    mine = make_consent("granted", purpose=purpose, number=1)
    make_consent("granted", purpose=purpose, number=3)
    sealing.seal(now=NOON, must_sign=True)
    return mine


def file_of(client: Client, consent: Consent) -> dict[str, Any]:
    address = receipts.address_of(consent)
    content: dict[str, Any] = json.loads(client.get(f"{address}receipt.jsonld").content)
    return content


def check(folder: Path, receipt: dict[str, Any], *, anchors: tuple[str, ...] = ()) -> Report:
    path = folder / "receipt.jsonld"
    path.write_text(json.dumps(receipt))
    return verify(path, keys=read_keys(logkeys.published()), anchors=list(anchors))


SCHEMA = json.loads((ROOT / "docs/receipt.schema.json").read_text(encoding="utf-8"))


# -- the file --------------------------------------------------------------------------------------------
def test_a_stranger_finds_the_receipt_to_hold(
    tmp_path: Path, client: Client, consent: Consent
) -> None:
    report = check(tmp_path, file_of(client, consent))

    assert report.holds
    assert {found.code for found in report.findings} == {"no_anchor"}


def test_a_receipt_and_a_later_bundle_agree(
    tmp_path: Path, client: Client, consent: Consent
) -> None:
    receipt = file_of(client, consent)
    (tmp_path / "mine.jsonld").write_text(json.dumps(receipt))
    make_consent("granted", purpose=consent.purpose, number=7)
    sealing.seal(now=NOON + DAY, must_sign=True)
    officer = make_user("privacy_officer", consent.purpose.organisation)
    with (tmp_path / "case.zip").open("w+b") as file:
        services.export_case(consent.subject, file, by=officer, reason="Klage", now=NOON)

    key = read_keys(logkeys.published())
    report = verify(tmp_path / "case.zip", keys=key, anchors=[str(tmp_path / "mine.jsonld")])

    assert report.holds
    assert {"source": "mine.jsonld", "size": 6} in report.facts["anchors"]


@pytest.mark.parametrize("state", ["granted", "withdrawn", "refused", "expired", "pending"])
def test_the_file_fits_its_schema_in_every_state(client: Client, state: str) -> None:
    consent = make_consent(state)

    assert faults(file_of(client, consent), SCHEMA) == []


def test_the_schema_sees_what_is_wrong(client: Client, consent: Consent) -> None:
    receipt = file_of(client, consent)
    del receipt["purpose"]
    receipt |= {"event_state": "maybe", "pii_type": [], "name": "Ada", "language": 1}

    assert len(faults(receipt, SCHEMA)) == 5


def test_every_term_is_one_that_dpv_has(client: Client, consent: Consent) -> None:
    used = {
        value if isinstance(value, str) else value["@id"]
        for value in [*STATES.values(), *VALUES.values(), *FIELDS.values(), *RIGHTS]
    }
    receipt = file_of(client, consent)
    theirs = {term for term in used | {receipt["@type"]} if not term.startswith(("dct:", "urn:"))}

    assert theirs == TERMS
    assert {term.split(":")[0] for term in used} <= PREFIXES.keys() | {"urn"}


def test_every_field_of_the_file_has_a_meaning(client: Client, consent: Consent) -> None:
    receipt = file_of(client, consent)

    plain = receipt.keys() - {"@context", "@id", "@type"}
    assert receipt["@context"] == CONTEXT
    assert plain | receipt["pii_controller"].keys() == FIELDS.keys()
    for name in ("event_state", "event_type", "purpose_type", "jurisdiction", "authority_party"):
        assert receipt[name] in CONTEXT


@pytest.mark.parametrize("state", ["granted", "withdrawn", "refused", "expired", "pending"])
def test_a_processor_without_a_network_finds_a_meaning_for_everything(
    client: Client, state: str
) -> None:
    receipt = file_of(client, make_consent(state))

    expanded = jsonld.expand(receipt)

    dpv = PREFIXES["dpv"]
    assert expanded["@type"] == [f"{dpv}ConsentReceipt"]
    assert expanded[f"{dpv}hasConsentStatus"] == [
        {"@id": STATES[receipt["event_state"]].replace("dpv:", dpv)}
    ]
    assert {"@id": "https://w3id.org/dpv/legal/eu/gdpr#A7-3"} in expanded[f"{dpv}hasRight"]
    assert expanded[f"{dpv}isIndicatedAtTime"][0]["@type"].endswith("XMLSchema#dateTime")


@pytest.mark.parametrize(
    "change",
    [
        {"unheard_of": "x"},
        {"event_state": "maybe"},
        {"event_time": "yesterday"},
        {"privacy_notice": "/privacy/"},
        {"@type": "ConsentReceipt"},
        {"@context": "https://w3id.org/dpv/context.jsonld"},
    ],
)
def test_what_has_no_meaning_is_found(
    client: Client, consent: Consent, change: dict[str, str]
) -> None:
    with pytest.raises(jsonld.NoMeaning):
        jsonld.expand(file_of(client, consent) | change)


def test_kantara_says_the_same(client: Client, consent: Consent) -> None:
    receipt = file_of(client, consent)

    kantara = receipt["kantara"]
    assert kantara["consentReceiptID"] == receipt["record_id"]
    assert kantara["piiPrincipalId"] == receipt["pii_principal_id"]
    assert kantara["consentTimestamp"] == int((NOON - DAY).timestamp())
    assert kantara["services"][0]["purposes"][0]["consentType"] == "EXPLICIT"


# -- the page --------------------------------------------------------------------------------------------
def test_the_page_tells_what_was_said_in_which_words(client: Client, consent: Consent) -> None:
    page = client.get(receipts.address_of(consent)).content.decode()

    wording = consent.wording
    parts = [
        wording.title,
        wording.what,
        wording.frequency,
        wording.how_to_stop,
        wording.declaration,
    ]
    assert [part for part in parts if part not in page] == []
    assert "Samtykke gitt" in page
    assert "9. mars 2026 12:00:00" in page
    assert "c2sp.org/tlog-proof@v1" in page


def test_the_page_shows_the_number_masked(client: Client, consent: Consent) -> None:
    page = client.get(receipts.address_of(consent)).content.decode()

    assert "90000001" not in page
    assert consent.subject.phone.masked in page


def test_until_it_is_sealed_the_page_says_when(tmp_path: Path, client: Client) -> None:
    consent = make_consent("granted")

    page = client.get(receipts.address_of(consent)).content.decode()

    assert "Beviset er klart innen 60 sekunder" in page
    report = check(tmp_path, file_of(client, consent))
    assert [found.code for found in report.findings if found.weight == "failed"] == ["not_sealed"]


def test_the_receipt_follows_the_consent(client: Client, consent: Consent) -> None:
    transitions.withdraw(consent, proof=Proof("mo_stop"), now=NOON)
    consent.refresh_from_db()

    assert "Trukket tilbake" in client.get(receipts.address_of(consent)).content.decode()
    assert file_of(client, consent)["event_state"] == "withdrawn"


def test_looking_changes_nothing_and_is_not_kept(client: Client, consent: Consent) -> None:
    answer = client.get(receipts.address_of(consent))

    assert "no-store" in answer["Cache-Control"]
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize("token", ["x", "x" * 22, "æ" * 22])
@pytest.mark.parametrize("name", ["receipt", "receipt-file"])
def test_a_guessed_address_shows_nothing(client: Client, token: str, name: str) -> None:
    assert client.get(reverse(f"consents:{name}", args=[token])).status_code == 404


def test_the_token_is_hashed_at_rest_and_is_not_the_stop_link(consent: Consent) -> None:
    token = receipts.token_of(bytes(consent.stop_nonce))

    row = Consent.objects.filter(pk=consent.pk).values().get()
    assert token.encode() not in b"".join(bytes(v) for v in row.values() if isinstance(v, bytes))
    with pytest.raises(services.LinkUnknown):
        services.find_stop(token)


def test_the_receipt_dies_with_the_person(client: Client, consent: Consent) -> None:
    address = receipts.address_of(consent)

    services.erase_subject(consent.subject, now=NOON)

    assert client.get(address).status_code == 404
    assert client.get(f"{address}receipt.jsonld").status_code == 404


def test_what_was_changed_in_the_database_is_not_shown_as_true(
    client: Client, consent: Consent
) -> None:
    detail = EventDetail.objects.get(event__event_id=consent.last_event_id)
    detail.detail = detail.detail.replace("mo_reply", "mo_reqly")
    detail.save()

    answer = client.get(receipts.address_of(consent))

    assert answer.status_code == 500
    assert "stemmer ikke lenger" in answer.content.decode()


# -- the ways to it --------------------------------------------------------------------------------------
def test_whoever_presses_yes_is_led_to_the_receipt(client: Client) -> None:
    consent = make_consent("pending", at=NOON)
    confirmations.queue_sms(consent, now=NOON)
    # The link in the SMS is open for a day from now on.
    Consent.objects.update(answer_by="2099-01-01T00:00Z")
    consent.confirmations.update(expires_at="2099-01-01T00:00Z")
    link = re.findall(r"/c/([\w-]{22})/", ServiceMessage.objects.get().text)[0]

    page = client.post(f"/c/{link}/", {"answer": "yes"}).content.decode()

    assert receipts.address_of(consent) in page


def test_the_welcome_holds_the_receipt_only_where_it_costs_no_part() -> None:
    consent = make_consent(purpose=make_purpose(make_organisation()))
    holds = set()

    for length in range(1, 170, 8):
        consent.purpose.organisation.name = "A" * length
        text = confirmations.queue_welcome(consent, now=NOON).text
        bare = re.sub(r" Kvittering: \S+", "", text)
        assert gsm.measure(bare).segments == gsm.measure(text).segments
        holds.add(bare != text)

    assert holds == {True, False}


def test_a_colleague_opens_the_receipt_for_a_reason(client: Client, consent: Consent) -> None:
    organisation = consent.purpose.organisation
    officer = make_user("privacy_officer", organisation)
    client.force_login(officer)
    address = (
        f"/staff/{organisation.slug}/numbers/{consent.subject.public_id}/receipt/{consent.pk}/"
    )

    assert client.post(address, {"reason": ""})["Location"].startswith("/staff/")
    answer = client.post(address, {"reason": "Ba om utskrift"})

    assert answer["Location"] == receipts.address_of(consent)
    seen = Disclosure.objects.get()
    assert (seen.by, "Ba om utskrift" in seen.reason) == (officer, True)


def test_a_consent_from_before_there_were_receipts_gets_its_address(
    client: Client, consent: Consent
) -> None:
    Consent.objects.update(receipt_digest=None)
    officer = make_user("privacy_officer", consent.purpose.organisation)

    address = services.open_receipt(consent, by=officer, reason="Utskrift", now=NOON)

    assert client.get(address).status_code == 200
