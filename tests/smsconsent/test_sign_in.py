"""Signing in: by e-mail and password, with limits on guessing, and a second step for whoever turns it on."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.test import Client

from smsconsent.staff.models import User
from tests.make import make_user

pytestmark = pytest.mark.django_db
LOGIN, BASE = "/staff/account/login/", "/staff/account/"
PASSWORD = "riktig hest batteri"


def sign_in(client: Client, user: User, password: str = PASSWORD) -> str:
    """Try to sign in, and return where it leads."""
    answer = client.post(LOGIN, {"login": user.email, "password": password}, follow=True)
    return str(answer.request["PATH_INFO"])


def code_for(secret: str) -> str:
    counter = next(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_the_right_password_opens_the_portal(client: Client) -> None:
    assert sign_in(client, make_user()) == "/staff/"


@pytest.mark.parametrize("password", ["", "feil passord her", PASSWORD.upper(), "\x00"])
def test_another_password_does_not(client: Client, password: str) -> None:
    assert sign_in(client, make_user(), password) == LOGIN


def test_an_e_mail_address_is_the_same_in_capitals(client: Client) -> None:
    user = make_user(email="kari@fjord.example")
    user.email = user.email.upper()

    assert sign_in(client, user) == "/staff/"


def test_unknown_and_known_addresses_are_answered_alike(client: Client) -> None:
    known = client.post(LOGIN, {"login": make_user().email, "password": "feil passord"})
    unknown = client.post(LOGIN, {"login": "ingen@fjord.example", "password": "feil passord"})

    errors = [
        re.findall(r'class="ds-validation-message[^>]*>(.*?)<', answer.content.decode(), re.DOTALL)
        for answer in (known, unknown)
    ]
    assert errors[0] == errors[1]


def test_guessing_is_stopped_even_when_the_next_guess_is_right(client: Client) -> None:
    user = make_user()
    for _guess in range(12):
        sign_in(client, user, "feil passord her")

    assert sign_in(client, user) == LOGIN


def test_nobody_signs_up_by_themselves(client: Client) -> None:
    assert client.get(f"{BASE}signup/").status_code == 404


def test_a_closed_account_stays_closed(client: Client) -> None:
    assert sign_in(client, make_user(is_active=False)) == f"{BASE}inactive/"


def test_signing_out_needs_a_button(client: Client) -> None:
    client.force_login(make_user())

    client.get(f"{BASE}logout/")
    assert client.get("/staff/").status_code == 200

    client.post(f"{BASE}logout/")
    assert client.get("/staff/").status_code == 302


def test_a_forgotten_password_is_chosen_anew_through_a_link_that_works_once(client: Client) -> None:
    user = make_user()
    client.post(f"{BASE}password/reset/", {"email": user.email})
    link = re.search(
        r"https?://\S+?(/staff/account/password/reset/key/\S+)", str(mail.outbox[0].body)
    )
    assert link

    page = client.get(link[1], follow=True)
    chosen = {"password1": "en ganske lang setning", "password2": "en ganske lang setning"}
    client.post(page.request["PATH_INFO"], chosen)

    assert sign_in(Client(), user, "en ganske lang setning") == "/staff/"
    again = Client().get(link[1], follow=True).content.decode()
    assert "password1" not in again


@pytest.mark.parametrize("password", ["kort", "passord123456", "12345678901234"])
def test_a_weak_password_is_refused(client: Client, password: str) -> None:
    user = make_user(email="passord123456@fjord.example")
    client.force_login(user)
    fields = {"oldpassword": PASSWORD, "password1": password, "password2": password}

    client.post(f"{BASE}password/change/", fields)

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def turn_on_second_step(client: Client, user: User) -> str:
    """Sign in and turn on the authenticator app. Return its secret."""
    sign_in(client, user)
    client.post(f"{BASE}reauthenticate/", {"password": PASSWORD})
    page = client.get(f"{BASE}second-factor/totp/activate/").content.decode()
    found = re.search(r'value="([A-Z2-7]{16,})"', page)
    assert found
    answer = client.post(
        f"{BASE}second-factor/totp/activate/", {"code": code_for(found[1])}, follow=True
    )
    assert answer.status_code == 200
    return found[1]


def test_a_second_step_is_asked_once_it_is_turned_on(client: Client) -> None:
    user = make_user()
    secret = turn_on_second_step(client, user)

    other = Client()
    assert sign_in(other, user) == f"{BASE}second-factor/authenticate/"
    assert other.get("/staff/").status_code == 302

    # The same code is accepted once; this one is of the next half minute.
    counter = int(time.time()) // 30 + 1
    code = format_hotp_value(hotp_value(secret, counter))
    other.post(f"{BASE}second-factor/authenticate/", {"code": code})
    assert other.get("/staff/").status_code in {200, 302}


def test_the_secret_of_the_second_step_is_not_readable_in_the_database(client: Client) -> None:
    secret = turn_on_second_step(client, make_user())

    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data

    assert secret not in str(stored)


def test_the_portal_speaks_the_language_of_the_colleague(client: Client) -> None:
    client.force_login(make_user())

    client.post("/staff/language/", {"language": "nn", "next": "/staff/"})

    assert '<html lang="nn"' in client.get("/staff/").content.decode()


def test_the_way_back_leads_nowhere_else(client: Client) -> None:
    client.force_login(make_user())

    answer = client.post("/staff/language/", {"language": "nn", "next": "https://evil.example/"})

    assert answer["Location"] == "/staff/"


def test_a_reset_answers_alike_whether_or_not_there_is_an_account(client: Client) -> None:
    known = make_user().email

    answers = [
        client.post(f"{BASE}password/reset/", {"email": email})
        for email in (known, "nobody@fjord.example")
    ]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert [message.to for message in mail.outbox] == [[known]]


def test_whoever_asks_too_often_is_told_so_in_words(client: Client) -> None:
    answers = [
        client.post(f"{BASE}password/reset/", {"email": "kari@fjord.example"})
        for _request in range(25)
    ]

    assert answers[-1].status_code == 429
    assert b'<main id="main"' in answers[-1].content
