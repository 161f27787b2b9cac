"""A colleague chooses a language: by a press, on the account, and back to the page one came from."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory

from smsconsent.staff.language import language
from smsconsent.staff.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def colleague() -> User:
    return User.objects.create_user("kari@example.no")


def choose(user: User | AnonymousUser, **data: str) -> HttpResponse:
    request = RequestFactory().post("/staff/language/", data)
    request.user = user
    return language(request)


def test_the_choice_stands_on_the_account(colleague):
    choose(colleague, language="nn")

    colleague.refresh_from_db()
    assert colleague.language == "nn"


def test_an_unknown_language_is_bokmal(colleague):
    choose(colleague, language="de")

    colleague.refresh_from_db()
    assert colleague.language == "nb"


def test_one_comes_back_to_the_same_page(colleague):
    assert (
        choose(colleague, language="nn", next="/staff/x/?after=9")["Location"]
        == "/staff/x/?after=9"
    )


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert()"]
)
def test_nobody_is_sent_to_another_site(colleague, settings, elsewhere):
    settings.LOGIN_REDIRECT_URL = "/staff/"

    assert choose(colleague, language="nn", next=elsewhere)["Location"] == "/staff/"


def test_a_stranger_is_asked_to_sign_in(settings):
    settings.LOGIN_URL = "/staff/sign-in/"

    assert choose(AnonymousUser(), language="nn")["Location"].startswith("/staff/sign-in/")


def test_following_a_link_changes_nothing(colleague):
    request = RequestFactory().get("/staff/language/", {"language": "nn"})
    request.user = colleague

    assert language(request).status_code == 405
