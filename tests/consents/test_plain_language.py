"""The words of a request for consent are plain and definite, and promise what is kept."""

from dataclasses import asdict
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from campaigns.demo_texts import WORDINGS
from consents.models import Purpose, Wording
from consents.plain_language import Fault, Problem, lix, problems
from tests.make import TEXTS, make_purpose, make_user

PLAIN = asdict(TEXTS)


def faults(count: int = 4, period: str = "month", **texts: str) -> list[tuple[str, Fault]]:
    found = problems(PLAIN | texts, count=count, period=period)
    return [(each.field, each.fault) for each in found]


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_words_of_the_demo_are_plain(language: str) -> None:
    assert not problems(WORDINGS["tilbud"][language], count=4, period="month")


@pytest.mark.parametrize("text", ["", "ting", "Tilbud!"])
def test_one_word_says_too_little(text: str) -> None:
    assert faults(what=text) == [("what", Fault.THIN)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tilbud, nyheter m.m", "m.m"),
        ("Tilbud, nyheter osv.", "osv"),
        ("Offers, news and more", "and more"),
        ("Tilbod, rabattar, etc.", "etc"),
        ("Til andre formål enn dette", "andre formål"),
    ],
)
def test_what_can_mean_anything_is_named(text: str, found: str) -> None:
    assert problems(PLAIN | {"why": text}, count=4, period="month") == [
        Problem("why", Fault.VAGUE, found)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "inntil 4 SMS i måneden",
        "Høyst fire meldingar i månaden",
        "at most four a month",
        "1 til 4 ganger per måned",
    ],
)
def test_the_number_that_is_kept_is_said(text: str) -> None:
    assert faults(frequency=text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("inntil 1 SMS i måneden", Fault.COUNT),
        ("inntil 24 SMS i måneden", Fault.COUNT),
        ("noen SMS i måneden", Fault.COUNT),
        ("inntil 4 SMS i uka", Fault.PERIOD),
        ("inntil 4 SMS", Fault.PERIOD),
    ],
)
def test_another_frequency_than_is_kept_is_refused(text: str, fault: Fault) -> None:
    assert faults(frequency=text) == [("frequency", fault)]


def test_a_large_number_is_said_in_digits() -> None:
    assert faults(count=30, frequency="inntil 30 SMS i måneden") == []


def test_long_words_and_sentences_are_hard_to_read() -> None:
    heavy = (
        "Informasjon vedrørende virksomhetens markedsføringsaktiviteter, tilknyttede kampanjeprodukter"
        " samt medlemsfordeler forutsetter behandlingsgrunnlag"
    )

    assert ("what", Fault.HARD) in faults(what=heavy, why=heavy, declaration=heavy)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("Vi ser deg.", 3), ("Vi ser. Du ler.", 2), ("Markedsføring er fint her.", 29)],
)
def test_lix_is_words_a_sentence_and_long_words_in_a_hundred(text: str, expected: int) -> None:
    assert lix(text) == expected


@pytest.mark.django_db
def test_an_unclear_wording_is_not_published_and_nothing_is_lost(client: Client) -> None:
    purpose = make_purpose(promised_count=2, promised_period="week")
    client.force_login(make_user("privacy_officer", purpose.organisation))
    posted: dict[str, Any] = PLAIN | {"language": "nb", "frequency": "av og til"}

    page = client.post(
        reverse("people:wording", args=[purpose.organisation.slug, purpose.slug]), posted
    )

    text = page.content.decode()
    assert "«av og til» kan bety hva som helst" in text
    assert "høyst 2 meldinger i uka" in text
    assert PLAIN["what"] in text
    assert Wording.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("count", "period", "is_more"),
    [
        (4, "month", False),
        (2, "month", False),
        (5, "month", True),
        (4, "week", True),
        (1, "week", True),
    ],
)
def test_a_promise_is_not_raised_once_people_have_been_asked(
    count: int, period: str, is_more: bool
) -> None:
    purpose = make_purpose()
    purpose.promised_count, purpose.promised_period = count, period

    if is_more:
        with pytest.raises(ValidationError, match="Folk sa ja til færre"):
            purpose.full_clean()
    else:
        purpose.full_clean()
        assert (purpose.promised_count, purpose.promised_period) == (count, period)


@pytest.mark.django_db
def test_a_purpose_nobody_was_asked_about_may_promise_anew() -> None:
    purpose = make_purpose()
    fresh = Purpose.objects.create(
        organisation=purpose.organisation, sender=purpose.sender, slug="fersk", name="Fersk"
    )
    fresh.promised_count = 9

    fresh.full_clean()
    fresh.save()

    assert Purpose.objects.get(slug="fersk").promised_count == 9
