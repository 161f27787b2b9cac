"""A question is answered once, whoever presses twice or at the same moment (invariant 19)."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection

from consents import confirmations, ledger, services
from consents.models import Confirmation, Consent, EventDetail, ServiceMessage
from consents.services import answering
from smsconsent.gateways import Callback, Inbound, Trust
from tests.make import DAY, HOUR, NOON, SHORT_NUMBER, make_consent, make_wording, phone

LATER = NOON + HOUR
ANSWERS: dict[str, Callable[..., object]] = {
    "yes": services.confirm_by_link,
    "no": partial(services.refuse_by_link, was_me=True),
}


def make_renewal() -> str:
    """A consent whose person is asked for a new yes. Return the token of the link."""
    consent = make_consent("granted")
    words = make_wording(consent.purpose, what="Lodd i lotteriet vårt", is_material=True)
    question, message = confirmations.prepare_renewal(
        consent, words, now=NOON, not_after=NOON + DAY, expires_at=NOON + 90 * DAY
    )
    question.save()
    message.save(force_insert=True)
    return str(re.findall(r"/c/([\w-]+)/", message.text)[0])


def make_request() -> str:
    consent = make_consent("pending", at=NOON)
    confirmations.queue_sms(consent, now=NOON)
    return str(re.findall(r"/c/([\w-]+)/", ServiceMessage.objects.get().text)[0])


def events() -> list[str]:
    details = EventDetail.objects.select_related("event").order_by("seq")
    return [ledger.kind_of(detail.event) for detail in details]


def say_ja(number: int = 0) -> None:
    inbound = Inbound(f"JA{number}", phone(), SHORT_NUMBER, "JA", None, LATER)
    callback = Callback(trust=Trust.SIGNED, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=LATER)


@pytest.mark.django_db
@pytest.mark.parametrize("make", [make_renewal, make_request])
@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_link_that_was_read_before_it_was_used_does_nothing_more(
    make: Callable[[], str], answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make()
    read = services.find_confirmation(token, now=LATER)
    services.confirm_by_link(token, now=LATER)
    before, messages = events(), ServiceMessage.objects.count()
    monkeypatch.setattr(answering, "find_confirmation", lambda token, *, now: read)

    with pytest.raises(services.LinkUsed):
        ANSWERS[answer](token, now=LATER)

    assert (events(), ServiceMessage.objects.count()) == (before, messages)
    assert Consent.objects.get().state == "granted"


@pytest.mark.django_db
def test_a_link_of_the_request_before_does_not_answer_this_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = make_request()
    read = services.find_confirmation(token, now=LATER)
    Confirmation.objects.update(used_at=LATER)
    monkeypatch.setattr(answering, "find_confirmation", lambda token, *, now: read)

    with pytest.raises(services.LinkUsed):
        services.confirm_by_link(token, now=LATER)

    assert Consent.objects.get().state == "pending"


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
@pytest.mark.parametrize("how", ["link", "JA"])
def test_of_many_who_answer_at_once_one_is_heard(how: str) -> None:
    token = make_renewal()

    def answer(number: int) -> None:
        try:
            if how == "JA":
                say_ja(number)
            else:
                services.confirm_by_link(token, now=LATER)
        except services.LinkUsed:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(answer, range(12)))

    assert events() == ["requested", "granted", "renewed"]
    assert ServiceMessage.objects.filter(kind="welcome").count() == 1
