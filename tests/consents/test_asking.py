"""Asking for consent: one confirmation, exact limits, and nothing that tells strangers apart."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from consents import confirmations, services
from consents.models import (
    Confirmation,
    Consent,
    Purpose,
    ServiceMessage,
    Subject,
    Suppression,
)
from consents.services import Proof
from smsconsent import gsm
from smsconsent.phones import Phone
from tests.make import (
    DAY,
    HOUR,
    NOON,
    SECOND,
    make_consent,
    make_purpose,
    make_wording,
    phone,
)

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def ask(
    purpose: Purpose | None = None, number: int = 1, *, now: datetime = NOON, **values: Any
) -> None:
    purpose = purpose or make_purpose()
    services.request_consent(
        purpose,
        phone(number),
        wording=purpose.wordings.get(language="nb"),
        source=Consent.Source.WEB,
        proof=Proof("web_form"),
        now=now,
        **values,
    )


def test_a_request_queues_one_sms_that_says_who_what_and_how_to_answer() -> None:
    ask()

    message = ServiceMessage.objects.get()
    assert message.kind == "confirmation"
    assert "Fjord Sport" in message.text
    assert "JA" in message.text
    assert "/c/" in message.text


def test_a_confirmation_fits_into_two_parts_of_plain_gsm() -> None:
    ask()

    measure = gsm.measure(ServiceMessage.objects.get().text)
    assert measure.encoding == "gsm7"
    assert measure.segments <= 2


def test_a_confirmation_names_the_age_where_the_purpose_has_one() -> None:
    ask(make_purpose(minimum_age=18))

    assert "18 år eller eldre" in ServiceMessage.objects.get().text


def test_the_page_with_the_code_shows_what_the_sms_declares(client: Client) -> None:
    purpose = make_purpose(minimum_age=18)
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"

    page = client.post(address, {"handset": "1"}, follow=True).content.decode()

    wording = purpose.wordings.get()
    assert wording.declaration in page
    assert wording.age_declaration in page


def test_asking_again_while_the_question_is_open_sends_nothing_more() -> None:
    purpose = make_purpose()

    ask(purpose)
    ask(purpose, now=NOON + HOUR)

    assert ServiceMessage.objects.count() == 1


@pytest.mark.parametrize("state", ["granted", "withdrawn", "refused", "lapsed", "blocked", "new"])
def test_every_number_gets_the_same_page(client: Client, state: str) -> None:
    purpose = make_purpose()
    if state == "blocked":
        services.suppress(
            purpose.organisation,
            phone(),
            purpose=None,
            reason=Suppression.Reason.NOT_ME,
            now=NOON,
        )
    elif state != "new":
        make_consent(state, purpose=purpose)
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"

    answer = client.post(address, {"phone": "900 00 001", "agree": "on"}, follow=True)

    other = client.post(address, {"phone": "900 00 999", "agree": "on"}, follow=True)
    assert answer.content == other.content
    assert answer.redirect_chain == other.redirect_chain


@pytest.mark.parametrize(
    ("gaps", "allowed"),
    [
        ([DAY - SECOND], 1),
        ([DAY], 2),
        ([DAY, DAY], 3),
        ([DAY, DAY, DAY], 3),
        ([DAY, DAY, MONTH - 2 * DAY - SECOND], 3),
        ([DAY, DAY, MONTH - 2 * DAY], 4),
    ],
)
def test_a_number_is_asked_once_a_day_and_three_times_in_thirty(
    gaps: list[timedelta], allowed: int
) -> None:
    moments = [NOON]
    for gap in gaps:
        moments.append(moments[-1] + gap)

    # A purpose each: the limit is over all forms.
    for moment in moments:
        ask(make_purpose(), now=moment)

    assert ServiceMessage.objects.count() == allowed


def test_a_refusal_by_a_limit_leaves_nothing_behind() -> None:
    ask(make_purpose())

    ask(make_purpose(), now=NOON + HOUR)

    assert Consent.objects.count() == Confirmation.objects.count() == 1


@pytest.mark.parametrize(
    "limit",
    [
        "CONFIRMATIONS_PER_DAY",
        "CONFIRMATIONS_PER_FORM_AND_HOUR",
        "CONFIRMATIONS_PER_NETWORK_AND_HOUR",
    ],
)
def test_each_limit_refuses_the_next(settings: Settings, limit: str) -> None:
    setattr(settings, limit, 2)
    purpose = make_purpose()

    for number in range(1, 5):
        ask(purpose, number, network=b"n" * 32)

    assert ServiceMessage.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_limits_are_exact_when_many_ask_at_once(settings: Settings) -> None:
    settings.CONFIRMATIONS_PER_FORM_AND_HOUR = 7
    purpose = make_purpose()

    def sign_up(number: int) -> None:
        try:
            ask(purpose, number)
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(sign_up, range(40)))

    assert ServiceMessage.objects.count() == Consent.objects.count() == 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_number_that_many_sign_up_at_once_becomes_known_once_and_is_asked_once() -> None:
    purpose = make_purpose()

    def sign_up(_number: int) -> None:
        try:
            ask(purpose)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sign_up, range(16)))

    assert Subject.objects.count() == Consent.objects.count() == 1
    assert ServiceMessage.objects.count() == Confirmation.objects.count() == 1


def ask_by_email(purpose: Purpose | None = None) -> str:
    """Have the question sent by e-mail, and return the token of its link."""
    purpose = purpose or make_purpose(asks_by_email=True)
    ask(purpose, channel="email", email="kari@example.org")
    confirmations.send_email(Confirmation.objects.latest("pk").pk, now=NOON)
    return link_in(str(mail.outbox[-1].body))


def link_in(text: str) -> str:
    return text.split("/c/")[1].split("/", maxsplit=1)[0]


def test_an_email_is_sent_once_and_the_address_goes_when_the_link_is_used() -> None:
    link = ask_by_email()
    confirmation = Confirmation.objects.get()
    again = confirmations.send_email(confirmation.pk, now=NOON)

    services.confirm_by_link(link, now=NOON + HOUR)

    confirmation.refresh_from_db()
    assert not again
    assert mail.outbox[0].to == ["kari@example.org"]
    assert (confirmation.email, confirmation.token) == (None, None)


def test_a_link_by_email_has_the_number_asked_and_only_its_answer_is_a_yes() -> None:
    link = ask_by_email()
    assert not ServiceMessage.objects.exists()

    services.confirm_by_link(link, now=NOON + HOUR)

    consent, question = Consent.objects.get(), ServiceMessage.objects.get()
    assert (consent.state, question.kind, question.recipient) == (
        "pending",
        "confirmation",
        phone(),
    )
    services.confirm_by_link(link_in(question.text), now=NOON + HOUR)
    consent.refresh_from_db()
    assert consent.state == "granted"


def test_a_link_by_email_asks_the_number_once() -> None:
    link = ask_by_email()
    services.confirm_by_link(link, now=NOON + HOUR)

    with pytest.raises(services.LinkUsed):
        services.confirm_by_link(link, now=NOON + HOUR)

    assert ServiceMessage.objects.count() == 1


@pytest.mark.parametrize("was_me", [True, False])
def test_a_no_by_email_says_nothing_about_the_number(was_me: bool) -> None:
    link = ask_by_email()

    services.refuse_by_link(link, was_me=was_me, now=NOON)

    assert Consent.objects.get().state == "pending"
    assert not Suppression.objects.exists()
    assert Confirmation.objects.get().email is None


def test_a_link_by_email_touches_no_consent_that_holds() -> None:
    consent = make_consent("granted")
    make_wording(consent.purpose, what="Lodd i lotteriet vårt", is_material=True)
    Purpose.objects.update(asks_by_email=True)
    services.request_consent(
        consent.purpose,
        phone(),
        wording=consent.purpose.wordings.latest("version"),
        source=Consent.Source.WEB,
        proof=Proof("web_form"),
        now=NOON,
        channel="email",
        email="kari@example.org",
    )
    confirmations.send_email(Confirmation.objects.get().pk, now=NOON)
    before = Consent.objects.values().get()

    services.confirm_by_link(link_in(str(mail.outbox[-1].body)), now=NOON + HOUR)

    assert Consent.objects.values().get() == before
    assert ServiceMessage.objects.get().kind == "confirmation"


@pytest.mark.parametrize(("after", "count"), [(DAY - SECOND, 1), (DAY, 2)])
def test_the_day_of_a_number_runs_from_the_sms_that_a_link_by_email_sent(
    after: timedelta, count: int
) -> None:
    services.confirm_by_link(ask_by_email(), now=NOON + 20 * HOUR)

    ask(make_purpose(), now=NOON + 20 * HOUR + after)

    assert ServiceMessage.objects.count() == count


def test_a_number_that_was_asked_meanwhile_is_not_asked_by_a_link_from_before(
    settings: Settings,
) -> None:
    settings.CONFIRMATION_LIFE = 2 * DAY
    link = ask_by_email()
    ask(make_purpose(), now=NOON + DAY)

    services.confirm_by_link(link, now=NOON + DAY + HOUR)

    assert ServiceMessage.objects.count() == 1


@pytest.mark.parametrize("state", ["new", "outdated"])
def test_the_page_behind_an_email_tells_nothing_about_the_number(
    client: Client, state: str
) -> None:
    purpose = make_purpose(asks_by_email=True)
    if state == "outdated":
        make_consent("granted", purpose=purpose)
    words = make_wording(purpose, what="Lodd i lotteriet vårt", is_material=True)
    at = timezone.now()
    services.request_consent(
        purpose,
        phone(),
        wording=words,
        source=Consent.Source.WEB,
        proof=Proof("web_form"),
        now=at,
        channel="email",
        email="kari@example.org",
    )
    confirmations.send_email(Confirmation.objects.get().pk, now=at)
    address = f"/c/{link_in(str(mail.outbox[-1].body))}/"

    page = client.get(address).content.decode()
    answered = client.post(address, {"answer": "no"}).content.decode()

    assert "Noen har bedt om SMS" in page
    assert "aldri spør" not in page
    assert "Vi sender ingen SMS" in answered


def test_a_lost_wake_up_delays_an_email_and_does_not_lose_it() -> None:
    ask(make_purpose(asks_by_email=True), channel="email", email="kari@example.org")

    assert confirmations.send_waiting_emails(now=NOON) == 1
    assert mail.outbox[0].to == ["kari@example.org"]


def test_an_email_that_cannot_be_sent_keeps_no_other_waiting() -> None:
    purpose = make_purpose(asks_by_email=True)
    for number, email in enumerate(["no@example.org", "kari@example.org"], start=1):
        ask(purpose, number=number, channel="email", email=email)
    Confirmation.objects.filter(pk=Confirmation.objects.order_by("pk")[0].pk).update(
        email="no\nheader@example.org"
    )

    with pytest.raises(ValueError, match="newlines"):
        confirmations.send_waiting_emails(now=NOON)

    assert [sent.to for sent in mail.outbox] == [["kari@example.org"]]


def test_a_program_that_fills_in_everything_signs_nobody_up(client: Client) -> None:
    purpose = make_purpose()
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"

    answer = client.post(
        address, {"phone": "90000001", "agree": "on", "website": "http://x.example"}
    )

    assert answer.status_code == 302
    assert not Subject.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"phone": "90000001"},
        {"phone": "", "agree": "on"},
        {"phone": "kari@example.org", "agree": "on"},
        {"phone": "22 22 22 22", "agree": "on"},
        {"phone": "+46 70 123 45 67", "agree": "on"},
        {"phone": "9000000", "agree": "on"},
        {"phone": "😀" * 8, "agree": "on"},
        {"phone": "9000\x000001", "agree": "on"},
        {"phone": "9" * 5000, "agree": "on"},
    ],
)
def test_bad_input_is_answered_with_the_form_and_a_reason(
    client: Client, fields: dict[str, str]
) -> None:
    purpose = make_purpose()

    answer = client.post(f"/{purpose.organisation.slug}/{purpose.slug}/", fields)

    assert answer.status_code == 422
    assert b'aria-invalid="true"' in answer.content
    assert not Subject.objects.exists()


def test_the_age_statement_is_asked_where_the_purpose_needs_it(client: Client) -> None:
    purpose = make_purpose(minimum_age=18)
    address = f"/{purpose.organisation.slug}/{purpose.slug}/"

    without = client.post(address, {"phone": "90000001", "agree": "on"})
    with_it = client.post(address, {"phone": "90000001", "agree": "on", "old_enough": "on"})

    assert (without.status_code, with_it.status_code) == (422, 302)


def test_the_page_shows_every_part_of_the_wording_and_no_box_is_ticked(client: Client) -> None:
    purpose = make_purpose()
    wording = purpose.wordings.get()

    text = client.get(f"/{purpose.organisation.slug}/{purpose.slug}/").content.decode()

    for part in ("title", "who", "what", "why", "frequency", "how_to_stop", "declaration"):
        assert getattr(wording, part) in text
    assert " checked" not in text
    assert f"/{purpose.organisation.slug}/privacy/" in text


@pytest.mark.parametrize("typed", ["900 00 001", "+47 90000001", "0047 900 00 001", "900-00-001"])
def test_a_number_may_be_typed_any_sane_way(client: Client, typed: str) -> None:
    purpose = make_purpose()

    client.post(f"/{purpose.organisation.slug}/{purpose.slug}/", {"phone": typed, "agree": "on"})

    assert Subject.objects.get().phone == Phone("+4790000001")
