"""Links: GET reads, a button decides, and a link works once, for one request, until it ends."""

import re

import pytest
from django.test import Client

from consents import confirmations, services
from consents.models import Consent, ConsentEvent, ServiceMessage, Suppression
from smsconsent import signing
from tests.make import DAY, HOUR, NOON, make_consent, make_purpose, phone

pytestmark = pytest.mark.django_db


def confirmation_link(consent: Consent) -> str:
    confirmations.queue_sms(consent, now=NOON)
    return link_in(ServiceMessage.objects.filter(consent=consent).latest("queued_at").text, "c")


def stop_link(consent: Consent) -> str:
    message = confirmations.queue_welcome(consent, now=NOON)
    return link_in(message.text, "s")


def link_in(text: str, kind: str) -> str:
    found = re.search(rf"/{kind}/([^/\s]+)/", text)
    assert found, text
    return found[1]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages believe that it is noon."""
    monkeypatch.setattr("consents.views.public.timezone.now", lambda: NOON)


@pytest.mark.usefixtures("now")
def test_opening_a_confirmation_link_any_number_of_times_changes_nothing(client: Client) -> None:
    consent = make_consent("pending", at=NOON)
    address = f"/c/{confirmation_link(consent)}/"
    events = ConsentEvent.objects.count()

    for _time in range(5):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200

    consent.refresh_from_db()
    assert consent.state == "pending"
    assert ConsentEvent.objects.count() == events


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    ("answer", "state", "blocked"),
    [("yes", "granted", False), ("no", "refused", False), ("not_me", "refused", True)],
)
def test_a_button_decides(client: Client, answer: str, state: str, blocked: bool) -> None:
    consent = make_consent("pending", at=NOON)
    address = f"/c/{confirmation_link(consent)}/"

    shown = client.post(address, {"answer": answer})

    consent.refresh_from_db()
    assert shown.status_code == 200
    assert consent.state == state
    assert Suppression.objects.exists() is blocked


@pytest.mark.usefixtures("now")
def test_after_it_was_not_me_the_number_is_never_asked_again(client: Client) -> None:
    consent = make_consent("pending", at=NOON)
    client.post(f"/c/{confirmation_link(consent)}/", {"answer": "not_me"})
    messages = ServiceMessage.objects.count()
    other = make_purpose(consent.purpose.organisation)

    for purpose in (consent.purpose, other):
        services.request_consent(
            purpose,
            phone(),
            wording=purpose.wordings.get(),
            source="web",
            proof=services.Proof("web_form"),
            now=NOON + 40 * DAY,
        )

    assert ServiceMessage.objects.count() == messages


@pytest.mark.usefixtures("now")
def test_a_used_link_says_so_and_changes_nothing(client: Client) -> None:
    consent = make_consent("pending", at=NOON)
    address = f"/c/{confirmation_link(consent)}/"
    client.post(address, {"answer": "yes"})

    again = client.post(address, {"answer": "no"})

    consent.refresh_from_db()
    assert again.status_code == 410
    assert consent.state == "granted"


@pytest.mark.usefixtures("now")
def test_an_expired_link_says_so(client: Client) -> None:
    consent = make_consent("pending", at=NOON - DAY)

    answer = client.post(f"/c/{confirmation_link(consent)}/", {"answer": "yes"})

    consent.refresh_from_db()
    assert answer.status_code == 410
    assert consent.state == "pending"


@pytest.mark.parametrize("kind", ["c", "s"])
@pytest.mark.parametrize("token", ["x" * 22, "a", "æøå", "%00", "..%2f..", "9" * 300])
@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_forged_link_is_not_found(client: Client, kind: str, token: str, method: str) -> None:
    answer = getattr(client, method)(f"/{kind}/{token}/")

    assert answer.status_code == 404


def test_a_confirmation_link_is_no_stop_link_and_the_other_way_round(client: Client) -> None:
    pending, granted = make_consent("pending"), make_consent("granted", number=2)
    confirm, stop = confirmation_link(pending), stop_link_of(granted)

    assert client.get(f"/s/{confirm}/").status_code == 404
    assert client.get(f"/c/{stop}/").status_code == 404


def stop_link_of(consent: Consent) -> str:
    return signing.derived_token(bytes(consent.stop_nonce), purpose="stop")


def test_opening_a_stop_link_changes_nothing_and_its_button_stops(client: Client) -> None:
    consent = make_consent("granted")
    address = f"/s/{stop_link_of(consent)}/"

    client.get(address)
    client.head(address)
    assert Consent.objects.get().state == "granted"

    answer = client.post(address)
    assert answer.status_code == 200
    assert Consent.objects.get().state == "withdrawn"


def test_a_stop_link_works_again_and_again(client: Client) -> None:
    consent = make_consent("granted")
    address = f"/s/{stop_link_of(consent)}/"

    answers = [client.post(address).status_code for _time in range(3)]

    assert answers == [200, 200, 200]
    assert ConsentEvent.objects.count() == 3


def test_a_stop_link_can_stop_everything_at_the_organisation(client: Client) -> None:
    consent = make_consent("granted")
    other = make_consent("granted", purpose=make_purpose(consent.purpose.organisation))
    elsewhere = make_consent("granted")

    client.post(f"/s/{stop_link_of(consent)}/", {"what": "everything"})

    states = {c.pk: c.state for c in Consent.objects.all()}
    assert states == {consent.pk: "withdrawn", other.pk: "withdrawn", elsewhere.pk: "granted"}


def test_senders_that_cannot_be_answered_carry_a_stop_link() -> None:
    purpose = make_purpose(sender="Fjord", reply_number="", keyword="")
    consent = make_consent("granted", purpose=purpose, at=NOON - HOUR)

    assert services.find_stop(stop_link(consent)) == consent


@pytest.mark.parametrize(
    ("address", "way_out"), [("/s/unknown/", "STOPP"), ("/r/unknown/", "/me/")]
)
def test_a_dead_link_leads_to_what_it_was_for(client: Client, address: str, way_out: str) -> None:
    page = client.get(address, headers={"Accept-Language": "en"}).content.decode()

    main = page[page.index("<main") : page.index("</main>")]
    assert way_out in main
    assert "sign up" not in main
