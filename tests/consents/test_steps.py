"""What the evidence of a yes holds: trust.md § 3, column E, and law.md L19, L22."""

import json
import re
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from consents import ledger, services
from consents.models import Consent, ConsentEvent, EventDetail, HandsetCode, ServiceMessage, Subject
from smsconsent.gateways import Callback, Inbound, Trust
from tests.make import SHORT_NUMBER, make_purpose, make_wording, phone

pytestmark = pytest.mark.django_db


def private_of(kind: str) -> dict[str, Any]:
    """Return the opened private part of the newest event of this kind."""
    details = EventDetail.objects.select_related("event").order_by("-pk")
    found = next(each for each in details if ledger.kind_of(each.event) == kind)
    private: dict[str, Any] = ledger.open_detail(found)["private"]
    return private


def answer(text: str, message_id: str = "mo-1") -> None:
    services.receive_message(
        Inbound(
            message_id=message_id,
            sender=phone(),
            recipient=SHORT_NUMBER,
            text=text,
            is_stop=None,
            received_at=None,
        ),
        gateway="strex",
        callback=Callback(Trust.SIGNED, None),
        body=b"",
        now=timezone.now(),
    )


def sign_up(client: Client, **fields: str) -> tuple[Consent, str]:
    """Open the page, fill it in, and return the request and the digest that the page named itself by."""
    purpose = make_purpose()
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"
    page = client.get(address).content.decode()
    name = re.findall(r'name="page" value="([0-9a-f]{64})"', page)[0]
    client.post(address, {"phone": "90000001", "agree": "on", "page": name} | fields)
    return Consent.objects.get(), name


def test_the_name_of_a_page_is_its_digest_without_the_one_time_token(client: Client) -> None:
    purpose = make_purpose()

    page = client.get(f"/{purpose.organisation.slug}/{purpose.slug}/").content

    names = set(re.findall(rb'name="page" value="([0-9a-f]{64})"', page))
    plain = re.sub(rb'(name="(?:csrfmiddlewaretoken|page)"\s+value=")[^"]*', rb"\1", page)
    assert names == {sha256(plain).hexdigest().encode()}


def test_every_visitor_is_served_the_same_page(client: Client) -> None:
    purpose = make_purpose()
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"
    pages = [Client().get(address).content.decode(), client.get(address).content.decode()]

    assert len({re.findall(r'name="page" value="(\w+)"', page)[0] for page in pages}) == 1


def test_a_request_tells_form_box_and_page(client: Client) -> None:
    _consent, name = sign_up(client)

    private = private_of("requested")

    assert private["workflow"] == {
        "form": "signup-1",
        "box_default": "unticked",
        "page_sha256": name,
        "page_named": 1,
    }
    assert private["method"] == "web_form"


def test_words_that_changed_while_the_page_was_open_are_asked_anew(client: Client) -> None:
    purpose = make_purpose()
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"
    page = client.get(address).content.decode()
    old = re.findall(r'name="page" value="([0-9a-f]{64})"', page)[0]
    make_wording(purpose, what="Noe helt annet")

    answered = client.post(address, {"phone": "90000001", "agree": "on", "page": old})

    assert answered.status_code == 422
    assert "Noe helt annet" in answered.content.decode()
    assert not Subject.objects.exists()
    new = re.findall(r'name="page" value="([0-9a-f]{64})"', answered.content.decode())[0]
    assert (
        client.post(address, {"phone": "90000001", "agree": "on", "page": new}).status_code == 302
    )


def test_a_yes_by_sms_holds_the_steps_and_what_the_gateway_said(client: Client) -> None:
    consent, name = sign_up(client)
    sent_at = timezone.now()
    sms = ServiceMessage.objects.get(kind="confirmation")
    ServiceMessage.objects.update(state="delivered", handed_over_at=sent_at, detail="Delivered")

    answer("JA")

    private = private_of("granted")
    steps, proof = private["workflow"], private["proof"]
    assert steps["page_sha256"] == name
    assert steps["request_event"] == consent.last_event_id
    assert steps["requested_at"] <= steps["confirmation_queued_at"] <= steps["confirmed_at"]
    assert steps["confirmation_sent_at"] == sent_at.isoformat(timespec="milliseconds")
    assert (proof["mo_text"], proof["mo_id"], proof["callback"]) == ("JA", "mo-1", "signed")
    assert (proof["confirmation_sms"], proof["confirmation_report"]) == (sms.pk.hex, "delivered")
    assert (proof["confirmation_text"], proof["confirmation_operator"]) == (sms.text, "Delivered")


def test_a_yes_by_link_holds_the_page_with_the_button(client: Client) -> None:
    sign_up(client)
    link = re.findall(r"/c/([\w-]{22})/", ServiceMessage.objects.get().text)[0]
    page = client.get(f"/c/{link}/").content

    client.post(f"/c/{link}/", {"answer": "yes"})

    private = private_of("granted")
    plain = re.sub(rb'(name="csrfmiddlewaretoken"\s+value=")[^"]*', rb"\1", page)
    assert private["workflow"]["confirm_page_sha256"] == sha256(plain).hexdigest()
    assert private["method"] == "link"
    assert isinstance(private["proof"]["confirmation"], int)


def test_a_yes_by_code_holds_the_page_that_showed_it(client: Client) -> None:
    purpose = make_purpose()
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"
    page = client.get(address).content.decode()
    name = re.findall(r'name="page" value="([0-9a-f]{64})"', page)[0]
    client.post(address, {"handset": "1", "page": name})

    answer(f"JA {HandsetCode.objects.get().code}")

    private = private_of("granted")
    assert private["workflow"]["page_sha256"] == name
    assert private["workflow"]["code_shown_at"] <= private["workflow"]["confirmed_at"]
    assert private["method"] == "handset_code"


def test_a_code_is_not_shown_under_words_that_changed(client: Client) -> None:
    purpose = make_purpose()

    answered = client.post(
        f"/{purpose.organisation.slug}/{purpose.slug}/", {"handset": "1", "page": "0" * 64}
    )

    assert answered.status_code == 422
    assert not HandsetCode.objects.exists()


def test_every_column_of_the_design_is_there_and_nothing_about_the_machine(client: Client) -> None:
    sign_up(client)
    answer("JA")

    private = private_of("granted")

    asked = {"subject_ref", "phone", "occurred_at", "valid_until", "expressed_by", "method"}
    assert asked | {"language", "wording_version", "source", "workflow", "proof"} == private.keys()
    # L22: no IP address and no browser string, wherever it might have slipped in.
    assert not re.search(
        r"127\.0\.0\.1|Mozilla|user.agent|\bip\b", json.dumps(private), re.IGNORECASE
    )


def test_each_state_of_a_consent_has_exactly_one_event_that_opens_to_its_wording(
    client: Client,
) -> None:
    sign_up(client)
    answer("JA")

    consent = Consent.objects.select_related("wording").get()
    events = ConsentEvent.objects.filter(event_id=consent.last_event_id)

    header = json.loads(bytes(events.get().header))
    assert (header["type"], header["notice_sha256"]) == ("granted", consent.wording.sha256)
    assert ledger.content_hash(ledger.wording_bundle(consent.wording)) == consent.wording.sha256
