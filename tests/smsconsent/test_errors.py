"""An error is told to people in plain words, and to programs as it is."""

import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.test import RequestFactory

from smsconsent.errors import NotAllowedMiddleware, bad_request

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [(RequestDataTooBig(), 413, "for mye på én gang"), (SuspiciousOperation(), 400, "forsto ikke")],
)
def test_too_much_is_told_apart_from_what_is_not_understood(error, status, words):
    response = bad_request(RequestFactory().post("/"), error)

    assert response.status_code == status
    assert words in response.content.decode()


def answer(accept: str, response: HttpResponse) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        return response

    return NotAllowedMiddleware(view)(RequestFactory().get("/", headers={"accept": accept}))


def test_a_person_reads_why_a_method_is_not_allowed():
    response = answer(BROWSER, HttpResponseNotAllowed(["POST"]))

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "<h1>" in response.content.decode()


def test_a_program_gets_a_bare_answer():
    assert answer("*/*", HttpResponseNotAllowed(["POST"])).content == b""


def test_an_answer_that_has_words_keeps_them():
    assert answer(BROWSER, HttpResponseNotAllowed(["POST"], content="Mine")).content == b"Mine"
