"""Which countries we send to (SMS_COUNTRIES), and that a stop knows no border."""

from uuid import uuid4

import pytest
from django.forms import ValidationError
from django.utils import translation
from pytest_django import Settings

from consents import services
from consents.forms import PhoneField
from consents.models import Consent, InboundMessage
from smsconsent.gateways import Callback, Inbound, Trust
from smsconsent.gateways.reading import read_phone
from smsconsent.phones import Phone
from tests.make import NOON, SHORT_NUMBER, make_purpose

pytestmark = pytest.mark.django_db
SWEDE = Phone("+46701740605")


def receive(text: str) -> InboundMessage:
    sender = read_phone(SWEDE.e164, fake=False)
    inbound = Inbound(uuid4().hex, sender, SHORT_NUMBER, text, None, NOON)
    callback = Callback(trust=Trust.SIGNED, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=NOON)
    return InboundMessage.objects.latest("pk")


def test_the_form_takes_numbers_of_the_countries_that_are_set(settings: Settings) -> None:
    settings.SMS_COUNTRIES = frozenset({46, 47})

    assert PhoneField().clean("+46 70 174 06 05") == SWEDE


@pytest.mark.parametrize(("countries", "said"), [({47}, "norske"), ({46}, "fra det landet")])
def test_the_form_says_which_numbers_it_takes(
    settings: Settings, countries: set[int], said: str
) -> None:
    settings.SMS_COUNTRIES = frozenset(countries)

    with translation.override("nb"), pytest.raises(ValidationError, match=said):
        PhoneField().clean("+45 20 12 34 56")


def test_a_keyword_from_a_country_that_is_not_set_asks_nobody() -> None:
    make_purpose()

    message = receive("START")

    assert message.state == "review"
    assert not Consent.objects.exists()


def test_a_stop_counts_after_the_country_was_taken_away(settings: Settings) -> None:
    settings.SMS_COUNTRIES = frozenset({46, 47})
    make_purpose()
    receive("START")
    assert Consent.objects.get().state == "pending"
    receive("JA")
    settings.SMS_COUNTRIES = frozenset({47})

    receive("STOPP")

    assert Consent.objects.get().state == "withdrawn"
