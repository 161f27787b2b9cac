"""Bokmål unless somebody chose: no cookie, no header, no session on public pages."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import translation

from smsconsent.context import site
from smsconsent.languages import LanguageMiddleware, language_of
from smsconsent.staff.models import User


def get(path: str, **extra: str) -> HttpRequest:
    """A request as the middleware sees it on a public page: nobody has looked for a user."""
    return RequestFactory().get(path, headers=extra or None)


def as_colleague(path: str, language: str) -> HttpRequest:
    request = get(path)
    request.user = User(email="kari@example.no", language=language)
    return request


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("/nordlys/", "nb"),
        ("/nordlys/?lang=nn", "nn"),
        ("/nordlys/?lang=en", "en"),
        ("/nordlys/?lang=de", "nb"),
        ("/nordlys/?lang=", "nb"),
    ],
)
def test_the_address_decides_the_language_of_a_public_page(path: str, language: str) -> None:
    assert language_of(get(path)) == language


def test_the_browser_does_not_decide_the_language() -> None:
    request = get("/nordlys/", **{"accept-language": "en-GB,en;q=0.9"})

    assert language_of(request) == "nb"


def test_a_public_page_does_not_ask_who_is_signed_in() -> None:
    """A session would make the page private, and vary by cookie."""
    request = get("/nordlys/?lang=nn")

    language_of(request)

    assert not hasattr(request, "user")


def test_the_portal_speaks_the_language_of_the_account() -> None:
    assert language_of(as_colleague("/staff/?lang=en", "nn")) == "nn"


def test_the_sign_in_page_speaks_the_language_of_its_address() -> None:
    request = get("/staff/sign-in/?lang=en")
    request.user = AnonymousUser()

    assert language_of(request) == "en"


def test_an_account_with_an_unknown_language_gets_bokmal() -> None:
    assert language_of(as_colleague("/staff/", "de")) == "nb"


def test_the_page_is_drawn_and_labelled_in_its_language() -> None:
    seen = []

    def draw(request: HttpRequest) -> HttpResponse:
        seen.append(translation.get_language())
        return HttpResponse()

    response = LanguageMiddleware(draw)(get("/nordlys/?lang=nn"))

    assert (seen, response.headers["Content-Language"]) == (["nn"], "nn")


def test_the_thread_is_left_in_the_language_it_had() -> None:
    with translation.override("en"):
        LanguageMiddleware(lambda request: HttpResponse())(get("/nordlys/?lang=nn"))

        assert translation.get_language() == "en"


@pytest.mark.parametrize(
    ("language", "path", "query"),
    [("nb", "/nordlys/", ""), ("nn", "/nordlys/?lang=nn", "?lang=nn"), ("nn", "/staff/", "")],
)
def test_links_carry_a_chosen_language(language: str, path: str, query: str) -> None:
    with translation.override(language):
        assert site(get(path))["lang_query"] == query


def test_the_switch_leads_to_the_same_page_and_keeps_what_it_asked() -> None:
    with translation.override("nn"):
        choices = site(get("/nordlys/tilbud/done/?by=email&lang=nn"))["languages"]

    assert [(choice.code, choice.url, choice.is_current) for choice in choices] == [
        ("nb", "/nordlys/tilbud/done/?by=email", False),
        ("nn", "/nordlys/tilbud/done/?by=email&lang=nn", True),
        ("en", "/nordlys/tilbud/done/?by=email&lang=en", False),
    ]


def test_each_language_is_named_in_its_own_words() -> None:
    names = [choice.name for choice in site(get("/"))["languages"]]

    assert names == ["Bokmål", "Nynorsk", "English"]
