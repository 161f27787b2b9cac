"""Replies that a colleague must look at: whose they are, and when the hold on their number may end."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from consents import inbox, services
from consents.models import Case, Consent, InboundMessage, Organisation, Subject, Suppression
from consents.models.messages import ATTEMPTS
from smsconsent.gateways import Basis, Callback, Inbound, Trust
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    SHORT_NUMBER,
    make_consent,
    make_purpose,
    make_unread,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db
State = InboundMessage.State


def receive(text: str, recipient: str = SHORT_NUMBER) -> None:
    inbound = Inbound("1", phone(), recipient, text, is_stop=None, received_at=NOON)
    callback = Callback(trust=Trust.SIGNED, basis=Basis.SIGNATURE, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=NOON)


def fail(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("a bug")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be acted on."""
    monkeypatch.setattr(inbox, "act", fail)


def give_up() -> InboundMessage:
    message = make_unread()
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
    lost = make_unread(attempts=ATTEMPTS)
    other = make_unread(message_id="other")
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


# -- a short number that two organisations share ---------------------------------------------------------
def make_neighbours() -> tuple[Consent, Consent]:
    """One person, and what she has said yes to at each of two organisations behind one short number."""
    return make_consent("granted"), make_consent("granted")


def waiting_at(consent: Consent) -> InboundMessage | None:
    organisation = consent.purpose.organisation
    return InboundMessage.objects.for_review().filter(organisation=organisation).first()


def test_an_unclear_reply_waits_where_its_sender_is_known() -> None:
    stranger_here, knows = make_purpose(), make_consent("granted")

    receive("Jeg har ikke bedt om dette???")

    message = InboundMessage.objects.get()
    assert message.organisation != stranger_here.organisation
    assert (message.organisation, message.subject) == (knows.purpose.organisation, knows.subject)


@pytest.mark.parametrize("text", ["Jeg har ikke bedt om dette???", "STOPP, og slett meg"])
def test_a_reply_waits_at_each_organisation_that_knows_its_sender_and_is_taken_in_once(
    text: str,
) -> None:
    first, second = make_neighbours()

    receive(text)
    receive(text)

    for consent in (first, second):
        message = waiting_at(consent)
        assert message is not None
        assert (message.subject, message.text) == (consent.subject, text)
    assert InboundMessage.objects.count() == 2


@pytest.mark.parametrize("is_first", [True, False])
def test_what_one_organisation_settles_changes_nothing_at_the_other(is_first: bool) -> None:
    here, there = make_neighbours() if is_first else make_neighbours()[::-1]
    receive("Jeg har ikke bedt om dette???")
    message = waiting_at(here)
    assert message is not None

    services.settle_review(message, decision="stop", by=make_user(), now=NOON)

    states = {each.purpose_id: each for each in Consent.objects.select_related("subject")}
    assert states[here.purpose_id].state == "withdrawn"
    assert states[here.purpose_id].subject.held_at is None
    assert states[there.purpose_id].state == "granted"
    assert states[there.purpose_id].subject.held_at == NOON
    assert waiting_at(there) is not None


def test_no_organisation_settles_for_a_person_of_another() -> None:
    here, there = make_neighbours()
    receive("Jeg har ikke bedt om dette???")
    InboundMessage.objects.filter(subject=here.subject).update(subject=there.subject)
    message = waiting_at(here)
    assert message is not None

    with pytest.raises(ValueError, match="its own people"):
        services.settle_review(message, decision="stop", by=make_user(), now=NOON)

    assert not Consent.objects.filter(state="withdrawn").exists()


def test_erasing_at_one_organisation_leaves_the_reply_to_the_other() -> None:
    here, there = make_neighbours()
    receive("Jeg har ikke bedt om dette???")

    services.erase_subject(here.subject, now=NOON)

    assert InboundMessage.objects.get() == waiting_at(there)


def test_a_stranger_who_is_never_to_be_asked_is_blocked() -> None:
    purpose = make_purpose()
    receive("Jeg har ikke bedt om dette???")
    message = InboundMessage.objects.get()

    services.settle_review(message, decision="never_ask", by=make_user(), now=NOON)

    assert Suppression.objects.blocking(purpose.organisation, phone()).exists()


# -- the end of a hold ---------------------------------------------------------------------------------
def test_a_hold_stays_while_a_reply_from_its_number_is_unread(client: Client) -> None:
    subject = make_consent("granted").subject
    Subject.objects.update(held_at=NOON)
    make_unread()
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


def make_settled_beside_unread(text: str = "Takk for sist") -> Subject:
    """A number on hold for an unclear reply, which a colleague settles while a later one is unread."""
    subject = make_consent("granted").subject
    receive("Jeg har ikke bedt om dette???")
    make_unread(text=text)
    waiting = InboundMessage.objects.for_review().get()
    services.settle_review(waiting, decision="resume", by=make_user(), now=NOON + SECOND)
    return subject


def is_held(subject: Subject) -> bool:
    return Subject.objects.get(pk=subject.pk).held_at is not None


def test_a_hold_that_was_settled_ends_once_the_last_unread_reply_is_read() -> None:
    subject = make_settled_beside_unread()
    assert is_held(subject), "one is unread"

    inbox.read_unread(now=NOON + MINUTE)

    assert not is_held(subject)
    assert Consent.objects.sendable(NOON + MINUTE).filter(subject=subject).exists()


def test_a_hold_that_was_settled_stays_while_one_more_is_unread() -> None:
    subject = make_settled_beside_unread()
    other = make_unread(message_id="other", text="Hei")

    inbox.read_one(other.pk, now=NOON + MINUTE)
    assert is_held(subject)
    inbox.read_unread(now=NOON + MINUTE)

    assert not is_held(subject)


def test_a_hold_that_was_settled_stays_when_the_other_reply_is_unclear_too() -> None:
    subject = make_settled_beside_unread("Hvem er dette?")

    inbox.read_unread(now=NOON + MINUTE)
    assert is_held(subject)
    unclear = InboundMessage.objects.for_review().get()
    services.settle_review(unclear, decision="resume", by=make_user(), now=NOON + HOUR)

    assert not is_held(subject)


@pytest.mark.parametrize("settled", [False, True])
def test_a_hold_since_which_nobody_has_settled_anything_stays(settled: bool) -> None:
    subject = make_settled_beside_unread() if settled else make_consent("granted").subject
    if not settled:
        make_unread(text="Takk for sist")
    Subject.objects.update(held_at=NOON + HOUR)

    inbox.read_unread(now=NOON + DAY)

    assert is_held(subject)


def restrict(subject: Subject) -> Case:
    case = services.register_case(
        subject.organisation,
        phone(),
        kind="restriction",
        channel="phone",
        received_on=NOON.date(),
        language="nb",
        note="",
        by=make_user(),
        now=NOON,
    )
    services.act_on_case(case, by=make_user(), now=NOON)
    return case


def test_a_restriction_outlasts_the_replies() -> None:
    subject = make_settled_beside_unread()
    restrict(subject)

    inbox.read_unread(now=NOON + MINUTE)

    assert is_held(subject)


def test_a_restriction_that_was_lifted_beside_an_unread_reply_ends_once_it_is_read() -> None:
    subject = make_consent("granted").subject
    case = restrict(subject)
    make_unread(text="Takk for sist")
    services.lift_restriction(case, by=make_user(), now=NOON + SECOND)
    assert is_held(subject)

    inbox.read_unread(now=NOON + MINUTE)

    assert not is_held(subject)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_reply_that_is_read_while_another_is_being_settled_leaves_no_hold() -> None:
    subject = make_consent("granted").subject
    receive("Jeg har ikke bedt om dette???")
    unread = make_unread(text="Takk for sist")
    waiting = InboundMessage.objects.for_review().get()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            services.settle_review(waiting, decision="resume", by=make_user(), now=NOON + SECOND)
            read = pool.submit(_read_elsewhere, unread.pk)
            with pytest.raises(TimeoutError):
                read.result(timeout=0.5)
        assert read.result(timeout=10)

    assert not is_held(subject)


def _read_elsewhere(message_id: int) -> bool:
    try:
        return inbox.read_one(message_id, now=NOON + MINUTE)
    finally:
        connection.close()


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
    make_unread(recipient="26113")
    make_unread()

    services.erase_subject(subject, now=NOON)

    assert InboundMessage.objects.get().recipient == "26113"


def test_erasing_leaves_an_unread_stop_to_a_shared_number_to_whoever_else_knows_the_person() -> (
    None
):
    purpose = make_purpose()
    subject, other = make_consent("granted").subject, make_consent("granted", purpose=purpose)
    make_unread()

    services.erase_subject(subject, now=NOON)

    assert inbox.read_unread(now=NOON) == 1
    other.refresh_from_db()
    assert other.state == "withdrawn"
