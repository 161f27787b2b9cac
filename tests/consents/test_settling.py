"""Replies that a colleague must look at: whose they are, and when the hold on their number may end."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from consents import inbox, services
from consents.models import InboundMessage, Organisation, Subject
from consents.models.messages import ATTEMPTS
from smsconsent import crypto
from smsconsent.gateways import Basis, Callback, Inbound, Trust
from tests.make import NOON, SHORT_NUMBER, make_consent, make_purpose, make_user, phone

pytestmark = pytest.mark.django_db
State = InboundMessage.State


def receive(text: str, recipient: str = SHORT_NUMBER) -> None:
    inbound = Inbound("1", phone(), recipient, text, is_stop=None, received_at=NOON)
    callback = Callback(trust=Trust.SIGNED, basis=Basis.SIGNATURE, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=NOON)


def keep_unread(recipient: str = SHORT_NUMBER, **values: Any) -> InboundMessage:
    """A stop that was stored, and could not be acted on."""
    defaults = {
        "gateway": "strex",
        "message_id": f"kept at {recipient}",
        "sender": phone(),
        "sender_index": crypto.blind_index(phone(), use="inbound"),
        "recipient": recipient,
        "text": "STOPP",
        "key_id": crypto.current_key_id(),
        "trust": "signed",
        "vouched_by": "signature",
        "state": State.UNREAD,
        "received_at": NOON,
    }
    return InboundMessage.objects.create(**(defaults | values))


def fail(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("a bug")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be acted on."""
    monkeypatch.setattr(inbox, "act", fail)


def give_up() -> InboundMessage:
    message = keep_unread()
    for _time in range(ATTEMPTS):
        inbox.read_unread(now=NOON)
    message.refresh_from_db()
    return message


# -- what could not be acted on (law.md L31) -----------------------------------------------------------
@pytest.mark.usefixtures("broken")
def test_a_stop_that_fails_five_times_waits_in_the_inbox_of_its_organisation(
    client: Client,
) -> None:
    consent = make_consent("granted")
    organisation = consent.purpose.organisation
    client.force_login(make_user("privacy_officer", organisation))

    message = give_up()

    page = client.get(f"/staff/{organisation.slug}/inbox/").content.decode()
    assert (message.organisation, message.subject) == (organisation, consent.subject)
    assert "STOPP" in page
    assert "klarte det ikke" in page


@pytest.mark.usefixtures("broken")
def test_the_hold_for_a_stop_that_was_given_up_ends_only_when_it_is_settled() -> None:
    subject = make_consent("granted").subject
    message = give_up()

    assert not services.release_number(subject)
    assert Subject.objects.get().held_at == NOON

    services.settle_review(message, decision="stop", by=make_user(), now=NOON)
    assert Subject.objects.get().held_at is None
    assert subject.consents.get().state == "withdrawn"


@pytest.mark.usefixtures("broken")
def test_what_cannot_even_be_given_up_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_consent("granted")
    lost = keep_unread(attempts=ATTEMPTS)
    other = keep_unread(message_id="other")
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "open_incoming", fail)
        assert inbox.read_unread(now=NOON) == 0
    monkeypatch.undo()

    assert inbox.read_unread(now=NOON, limit=1) == 1

    lost.refresh_from_db()
    other.refresh_from_db()
    assert (lost.state, other.state) == ("unread", "done")


def test_a_message_to_a_number_where_nothing_is_answered_waits_for_nobody() -> None:
    make_consent("granted")

    receive("Jeg har ikke bedt om dette???", recipient="1234")

    assert InboundMessage.objects.get().state == "done"


# -- the end of a hold ---------------------------------------------------------------------------------
def test_a_hold_stays_while_a_reply_from_its_number_is_unread(client: Client) -> None:
    subject = make_consent("granted").subject
    Subject.objects.update(held_at=NOON)
    keep_unread()
    client.force_login(make_user("privacy_officer", subject.organisation))

    answer = client.post(
        f"/staff/{subject.organisation.slug}/numbers/{subject.public_id}/release/", follow=True
    )

    subject.refresh_from_db()
    assert subject.held_at == NOON
    assert "Nummeret er fortsatt på vent" in answer.content.decode()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_whoever_ends_a_hold_waits_for_the_reply_that_is_being_taken_in() -> None:
    subject = make_consent("granted").subject
    Subject.objects.update(held_at=NOON)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            receive("Jeg har ikke bedt om dette???")
            released = pool.submit(_release_elsewhere, subject)
            with pytest.raises(TimeoutError):
                released.result(timeout=0.3)
        assert not released.result(timeout=10)

    subject.refresh_from_db()
    assert subject.held_at == NOON


def _release_elsewhere(subject: Subject) -> bool:
    try:
        return services.release_number(subject)
    finally:
        connection.close()


# -- erasing -------------------------------------------------------------------------------------------
def _two_organisations(*, second_number: str) -> tuple[Subject, Organisation]:
    other = make_purpose(sender="Fjell", reply_number=second_number)
    return make_consent("granted").subject, other.organisation


def test_erasing_leaves_an_unread_stop_that_is_for_another_organisation() -> None:
    subject, _other = _two_organisations(second_number="26113")
    keep_unread(recipient="26113")
    keep_unread()

    services.erase_subject(subject, now=NOON)

    assert InboundMessage.objects.get().recipient == "26113"


def test_erasing_leaves_an_unread_stop_to_a_shared_number_to_whoever_else_knows_the_person() -> (
    None
):
    purpose = make_purpose()
    subject, other = make_consent("granted").subject, make_consent("granted", purpose=purpose)
    keep_unread()

    services.erase_subject(subject, now=NOON)

    assert inbox.read_unread(now=NOON) == 1
    other.refresh_from_db()
    assert other.state == "withdrawn"
