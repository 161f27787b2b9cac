"""My page: the same answer to every number, a code that is hard to guess, and everything one may do alone."""

import csv
import re
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from campaigns import audiences
from campaigns.models import Delivery
from consents import (
    confirmations,
    copies,
    exports,
    ledger,
    notices,
    page_codes,
    receipts,
    services,
)
from consents.models import (
    Consent,
    ConsentEvent,
    EventDetail,
    Organisation,
    ServiceMessage,
    Subject,
    Suppression,
    Visit,
)
from smsconsent import outbox
from smsconsent.gateways import get_gateway
from smsconsent.phones import Phone
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    make_campaign,
    make_consent,
    make_organisation,
    make_purpose,
    make_wording,
    phone,
)

pytestmark = pytest.mark.django_db
CLASSES = ("granted", "withdrawn", "pending", "blocked", "blocked and gone", "unknown")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """Let the pages believe that it is noon, or whatever the test sets."""
    time = {"now": NOON}
    monkeypatch.setattr("consents.views.me.timezone.now", lambda: time["now"])
    return time


def make_known(state: str, organisation: Organisation, number: Phone) -> None:
    if state in {"granted", "withdrawn", "pending"}:
        make_consent(state, purpose=make_purpose(organisation), number=number, at=NOON - HOUR)
    if state == "blocked":
        make_consent("refused", purpose=make_purpose(organisation), number=number, at=NOON - HOUR)
    if state.startswith("blocked"):
        reason = Suppression.Reason.NOT_ME
        services.suppress(organisation, number, purpose=None, reason=reason, now=NOON)


def ask(organisation: Organisation, number: Phone, *, now: datetime = NOON) -> str:
    return services.ask_for_code(organisation, number, network=b"n" * 32, now=now)


def code_in_sms(now: datetime = NOON) -> str:
    page_codes.queue_codes(now=now)
    text = ServiceMessage.objects.filter(kind="page_code").latest("queued_at").text
    found = re.search(r"\b(\d{6})\b", text)
    assert found, text
    return found[1]


def enter(client: Client, consent: Consent) -> str:
    """Go in through the pages, as a person does. Return the address of my page."""
    address = f"/{consent.purpose.organisation.slug}/me/"
    client.post(address, {"phone": "900 00 001"})
    shown = client.post(f"{address}code/", {"code": code_in_sms()})
    assert shown.status_code == 302, shown.content.decode()
    return address


# -- nobody learns who is here (trust.md T17, invariant 18) ------------------------------------------
def answers_of(client: Client, organisation: Organisation, number: str) -> list[Any]:
    """Everything that a stranger can see of asking for a code and trying a wrong one."""
    seen: list[Any] = []
    address = f"/{organisation.slug}/me/"
    for path, fields in ((address, {"phone": number}), (f"{address}code/", {"code": "000000"})):
        with CaptureQueriesContext(connection) as queries:
            answer = client.post(path, fields)
        # The token against forged forms is random; all else must be the same.
        body = re.sub(r'(?<=csrfmiddlewaretoken" value=")\w+', "", answer.content.decode())
        cookies = [
            (name, {**morsel, "expires": ""}, len(morsel.value))
            for name, morsel in sorted(answer.cookies.items())
        ]
        headers = sorted({**answer.headers, "Expires": ""}.items())
        seen += [answer.status_code, body, headers, cookies, len(queries)]
    return seen


@pytest.mark.usefixtures("clock")
def test_every_number_is_answered_alike() -> None:
    organisation = make_organisation()
    found = []
    for number, state in enumerate(CLASSES, start=1):
        make_known(state, organisation, phone(number))
        found.append(answers_of(Client(), organisation, f"900 00 {number:03}"))

    for state, answer in zip(CLASSES, found, strict=True):
        assert answer == found[0], state


def test_nothing_is_sent_to_a_number_that_we_do_not_know() -> None:
    ask(make_organisation(), phone())

    assert page_codes.queue_codes(now=NOON) == 0
    assert not ServiceMessage.objects.exists()
    assert not Visit.objects.filter(code__isnull=False).exists()


def test_a_code_asked_for_at_another_organisation_is_not_sent() -> None:
    make_consent()

    ask(make_organisation(), phone())

    assert page_codes.queue_codes(now=NOON) == 0


def test_a_number_gets_three_codes_a_day() -> None:
    consent = make_consent()
    for _time in range(5):
        ask(consent.purpose.organisation, phone())

    assert page_codes.queue_codes(now=NOON) == 3


def test_one_network_gets_its_share_of_codes(settings: Any) -> None:
    settings.CODES_PER_NETWORK_AND_HOUR = 2
    purpose = make_purpose()
    for number in range(1, 5):
        make_consent(purpose=purpose, number=number)
        ask(purpose.organisation, phone(number))

    assert page_codes.queue_codes(now=NOON) == 2


# -- the code (trust.md T18, invariant 19) -----------------------------------------------------------
def test_the_code_opens_the_page_once() -> None:
    consent = make_consent()
    token = ask(consent.purpose.organisation, phone())
    code = code_in_sms()

    secret = services.enter_code(token, code, now=NOON)

    assert services.find_visit(consent.purpose.organisation, secret, now=NOON)
    assert services.find_visit(consent.purpose.organisation, token, now=NOON) is None
    with pytest.raises(services.PageCodeOver):
        services.enter_code(token, code, now=NOON)
    with pytest.raises(services.PageCodeOver):
        services.enter_code(secret, code, now=NOON)


def test_the_sixth_try_is_refused_even_with_the_right_code() -> None:
    token = ask(make_consent().purpose.organisation, phone())
    code = code_in_sms()
    wrong = str((int(code) + 1) % 1_000_000).zfill(6)
    for _time in range(5):
        with pytest.raises(services.PageCodeWrong):
            services.enter_code(token, wrong, now=NOON)

    with pytest.raises(services.PageCodeOver):
        services.enter_code(token, code, now=NOON)


@pytest.mark.parametrize("late", [False, True])
def test_the_code_lives_a_quarter_of_an_hour(late: bool) -> None:
    token = ask(make_consent().purpose.organisation, phone())
    code = code_in_sms()
    moment = NOON + 15 * MINUTE - (timedelta() if late else SECOND)

    if late:
        with pytest.raises(services.PageCodeOver):
            services.enter_code(token, code, now=moment)
    else:
        assert services.enter_code(token, code, now=moment)


def test_a_code_opens_only_the_visit_that_asked_for_it() -> None:
    organisation = make_consent().purpose.organisation
    ask(organisation, phone())
    code = code_in_sms()
    other = ask(organisation, phone(2))

    with pytest.raises(services.PageCodeWrong):
        services.enter_code(other, code, now=NOON)


@pytest.mark.parametrize("late", [False, True])
def test_the_page_stays_open_a_quarter_of_an_hour(late: bool) -> None:
    organisation = make_consent().purpose.organisation
    secret = services.enter_code(ask(organisation, phone()), code_in_sms(), now=NOON)
    moment = NOON + 15 * MINUTE - (timedelta() if late else SECOND)

    assert (services.find_visit(organisation, secret, now=moment) is None) is late


@pytest.mark.usefixtures("clock")
def test_the_page_of_another_organisation_stays_closed(client: Client) -> None:
    consent, other = make_consent(), make_consent()
    enter(client, consent)

    client.cookies["my-page"]["path"] = "/"
    shown = client.get(f"/{other.purpose.organisation.slug}/me/").content.decode()

    assert 'name="phone"' in shown


@pytest.mark.usefixtures("clock")
def test_the_cookie_holds_no_number_and_belongs_to_one_page(client: Client) -> None:
    consent = make_consent()
    address = enter(client, consent)

    cookie = client.cookies["my-page"]

    assert "90000001" not in cookie.value
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (address, True, "Lax")
    assert int(cookie["max-age"]) == 900


# -- what one may do there ---------------------------------------------------------------------------
@pytest.mark.usefixtures("clock")
def test_the_page_says_what_since_when_how_often_and_when_last(client: Client) -> None:
    consent = make_consent("granted")
    confirmations.queue_welcome(consent, now=NOON)
    ServiceMessage.objects.update(handed_over_at=NOON)

    shown = client.get(enter(client, consent)).content.decode()

    for text in (consent.wording.what, consent.wording.frequency, "9. mars 2026", "10. mars 2026"):
        assert text in shown
    assert "+47 ••• •• 001" in shown
    assert "90000001" not in shown


@pytest.mark.usefixtures("clock")
def test_one_press_stops(client: Client) -> None:
    consent = make_consent("granted")
    address = enter(client, consent)

    client.post(f"{address}{consent.pk}/stop/")

    consent.refresh_from_db()
    assert consent.state == "withdrawn"


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("verb", ["stop", "pause", "resume", "count", "renew"])
def test_somebody_elses_consent_is_not_found(client: Client, verb: str) -> None:
    consent = make_consent("granted")
    other = make_consent("granted", purpose=consent.purpose, number=2)
    address = enter(client, consent)

    answer = client.post(f"{address}{other.pk}/{verb}/", {"pause": "week", "count": "1"})

    assert answer.status_code == 404
    assert ConsentEvent.objects.count() == 4


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "verb", ["1/stop", "1/pause", "1/resume", "1/count", "1/renew", "language", "not-me", "leave"]
)
def test_without_a_code_nothing_happens(client: Client, verb: str) -> None:
    consent = make_consent("granted")
    address = f"/{consent.purpose.organisation.slug}/me/"
    verb = verb.replace("1/", f"{consent.pk}/")

    answer = client.post(f"{address}{verb}/", {"pause": "week", "language": "nn"})

    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    assert ConsentEvent.objects.count() == 2


@pytest.mark.usefixtures("clock")
def test_a_language_is_chosen(client: Client) -> None:
    consent = make_consent("granted")

    client.post(f"{enter(client, consent)}language/", {"language": "nn"})

    consent.subject.refresh_from_db()
    assert consent.subject.language == "nn"


@pytest.mark.usefixtures("clock")
def test_it_was_not_me_ends_everything_and_blocks_the_number(client: Client) -> None:
    consent = make_consent("granted")
    other = make_consent("pending", purpose=make_purpose(consent.purpose.organisation))

    client.post(f"{enter(client, consent)}not-me/")

    assert {c.state for c in Consent.objects.all()} == {"withdrawn", "refused"}
    assert Suppression.objects.get().reason == "not_me"
    assert other.subject_id == consent.subject_id


@pytest.mark.usefixtures("clock")
def test_leaving_closes_the_page_at_once(client: Client) -> None:
    address = enter(client, make_consent("granted"))

    client.post(f"{address}leave/")

    assert not Visit.objects.exists()
    assert 'name="phone"' in client.get(address).content.decode()


@pytest.mark.usefixtures("clock")
def test_looking_changes_nothing(client: Client) -> None:
    consent = make_consent("granted")
    address = enter(client, consent)
    before = (ConsentEvent.objects.count(), list(Visit.objects.values()))

    for path in ("", "code/", f"{consent.pk}/renew/"):
        for _time in range(3):
            assert client.get(address + path).status_code == 200
            assert client.head(address + path).status_code == 200
    for path in (f"{consent.pk}/stop/", f"{consent.pk}/pause/", "not-me/", "language/", "leave/"):
        assert client.get(address + path).status_code == 405

    assert (ConsentEvent.objects.count(), list(Visit.objects.values())) == before


# -- pause (F056) ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("choice", "until"),
    [
        ("week", NOON + 7 * DAY),
        ("month", NOON.replace(month=4)),
        ("three_months", NOON.replace(month=6)),
    ],
)
def test_a_pause_lasts_as_long_as_chosen(choice: str, until: datetime) -> None:
    consent = make_consent("granted")

    services.pause_here(consent, choice=choice, now=NOON)

    assert not Consent.objects.sendable(until - SECOND).exists()
    assert Consent.objects.sendable(until).exists()


def test_a_pause_can_be_ended_and_both_leave_evidence() -> None:
    consent = make_consent("granted")

    services.pause_here(consent, choice="month", now=NOON)
    services.resume_here(consent, now=NOON + DAY)

    assert Consent.objects.sendable(NOON + DAY).exists()
    last = EventDetail.objects.order_by("-seq")[:2]
    facts = [ledger.open_detail(each)["private"]["proof"]["change"] for each in last]
    assert facts == ["resumed", "paused"]
    assert {ledger.kind_of(each.event) for each in last} == {"corrected"}
    grant = EventDetail.objects.get(seq=2)
    assert Consent.objects.get().last_event_id == grant.event_id, "the yes that is relied on"


def test_what_has_ended_cannot_be_paused() -> None:
    assert not services.pause_here(make_consent("withdrawn"), choice="week", now=NOON)


def test_a_paused_person_stands_in_the_waterfall_with_a_reason_of_their_own() -> None:
    consent = make_consent("granted")
    services.pause_here(consent, choice="week", now=NOON)

    counted = audiences.waterfall(consent.purpose, now=NOON)

    assert dict(counted.exclusions)["paused"] == 1
    assert counted.rest == 0


@pytest.mark.usefixtures("simulator")
def test_the_gate_stops_what_was_queued_before_the_pause() -> None:
    consent = make_consent("granted")
    make_campaign("sending", purpose=consent.purpose)
    services.pause_here(consent, choice="week", now=NOON)

    outbox.work(Delivery, gateway=get_gateway(), clock=lambda: NOON)

    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == ("blocked", "paused")


def test_fewer_messages_count_against_the_person_own_promise() -> None:
    consent = make_consent("granted")
    services.choose_count_here(consent, most=1, now=NOON)
    campaign = make_campaign("sending", purpose=consent.purpose)
    Delivery.objects.update(state="delivered", handed_over_at=NOON)

    counted = audiences.waterfall(campaign.purpose, now=NOON + DAY)

    assert dict(counted.exclusions)["promise_used"] == 1


# -- renew (a fresh, documented yes) -----------------------------------------------------------------
@pytest.mark.usefixtures("clock")
def test_renewing_is_a_fresh_yes_to_the_words_of_today(client: Client) -> None:
    consent = make_consent("granted", at=NOON - 300 * DAY)
    newest = make_wording(consent.purpose, what="Tilbud på sykler")
    address = f"{enter(client, consent)}{consent.pk}/renew/"
    assert newest.what in client.get(address).content.decode()

    client.post(address, {"wording": newest.sha256})

    consent.refresh_from_db()
    assert (consent.wording, consent.renewed_at) == (newest, NOON)
    assert consent.valid_until == NOON.replace(year=2028)
    assert ledger.kind_of(ConsentEvent.objects.get(event_id=consent.last_event_id)) == "renewed"


@pytest.mark.usefixtures("clock")
def test_a_yes_to_words_that_have_changed_meanwhile_is_asked_for_again(client: Client) -> None:
    consent = make_consent("granted")
    make_wording(consent.purpose, what="Tilbud på sykler")
    address = f"{enter(client, consent)}{consent.pk}/renew/"

    shown = client.post(address, {"wording": consent.wording.sha256})

    assert shown.status_code == 200
    consent.refresh_from_db()
    assert consent.renewed_at is None


def test_my_consents_come_with_those_that_hold_first() -> None:
    ended = make_consent("withdrawn")
    make_consent("granted", purpose=make_purpose(ended.purpose.organisation))

    rows = exports.my_consents(ended.subject, now=NOON)

    assert [row.consent.state for row in rows] == ["granted", "withdrawn"]


def test_each_consent_leads_to_its_receipt(client: Client, clock: dict[str, datetime]) -> None:
    consent = make_consent("granted", at=NOON - DAY)
    address = enter(client, consent)

    page = client.get(address).content.decode()

    found = re.search(r'href="(/r/[^"]+)"', page)
    assert found, page
    receipt = client.get(found[1]).content.decode()
    assert consent.purpose.organisation.name in receipt
    assert "Strex AS" in receipt


def test_the_company_that_delivers_is_named_where_people_are_told(
    client: Client, settings: Settings
) -> None:
    consent = make_consent("granted")
    settings.SMS_OPERATOR = "Fjordpost AS"
    found = receipts.of(consent)

    receipt = receipts.as_json_ld(found)
    page = client.get(receipts.address_of(consent)).content.decode()

    assert receipt["recipient_third_parties"] == [{"party_name": "Fjordpost AS"}]
    assert receipt["kantara"]["services"][0]["purposes"][0]["thirdPartyName"] == "Fjordpost AS"
    assert "Fjordpost AS" in page
    assert "Fjordpost AS" in copies.recipients()
    assert "Fjordpost AS leverer meldingene" in notices.completed("", "nb")
    assert not notices.missing(notices.completed("", "nb"))


# -- a number that has got a new owner -----------------------------------------------------------------
SIGNS: dict[str, dict[str, Any]] = {
    "unknown subscriber": {"suspended_at": NOON - HOUR, "suspended_for": "gone"},
    "wrong person": {"suspended_at": NOON - HOUR, "suspended_for": "wrong"},
    "long silence": {"suspended_at": NOON - HOUR, "suspended_for": "silent"},
    "a bounce": {"bouncing_since": NOON - HOUR, "bounce_count": 1},
    "barred": {"barred_until": NOON - HOUR + 30 * DAY},
}


def pages_of(client: Client, address: str) -> str:
    files = ("", "everything/", "everything.json", "everything.csv")
    return "".join(client.get(address + name).content.decode() for name in files)


@pytest.mark.parametrize("sign", SIGNS)
def test_the_new_owner_of_a_number_sees_nothing_of_the_one_before(
    client: Client, clock: dict[str, datetime], sign: str
) -> None:
    purpose = make_purpose(name="Fiske")
    old = make_consent("granted", purpose=purpose, at=NOON - 2 * DAY)
    confirmations.queue_welcome(old, now=NOON - 2 * DAY)
    Subject.objects.update(**SIGNS[sign])
    address = enter(client, old)

    shown = pages_of(client, address)

    for words in ("Fiske", old.wording.declaration, receipts.address_of(old), "Sportsutstyr"):
        assert words not in shown
    assert "kan ha fått en ny eier" in shown
    assert client.get(f"{address}{old.pk}/renew/").status_code == 404
    client.post(f"{address}erase/")
    assert not Subject.objects.exists()


@pytest.mark.usefixtures("clock")
def test_the_page_and_both_files_say_what_they_leave_out(client: Client) -> None:
    old = make_consent("granted", at=NOON - 2 * DAY)
    Subject.objects.update(suspended_at=NOON - HOUR, suspended_for="gone")
    address = enter(client, old)

    about = client.get(f"{address}everything.json").json()["about"]
    table = client.get(f"{address}everything.csv").content.decode()
    lines = list(csv.reader(StringIO(table), delimiter=";"))
    page = client.get(f"{address}everything/").content.decode()

    said = "Nummeret kan ha fått ny eier, så ingenting fra før 10. mars 2026 er med i denne kopien."
    assert said in about["left_out"]
    assert said in page
    assert about["left_out_before"] == "2026-03-10T10:00:00Z"
    assert ["about", "1", "left_out", "", about["left_out"]] in lines
    assert ["about", "1", "left_out_before", "", about["left_out_before"]] in lines


@pytest.mark.usefixtures("clock")
def test_files_that_leave_nothing_out_say_so(client: Client) -> None:
    address = enter(client, make_consent("granted", at=NOON - 2 * DAY))

    about = client.get(f"{address}everything.json").json()["about"]

    assert (about["left_out_before"], about["left_out"]) == (None, "")


def test_what_the_new_owner_has_said_is_shown(client: Client, clock: dict[str, datetime]) -> None:
    old = make_consent("granted", purpose=make_purpose(name="Fiske"), at=NOON - 2 * DAY)
    Subject.objects.update(suspended_at=NOON - DAY, suspended_for="gone")
    fresh = make_purpose(old.purpose.organisation, name="Ski")
    make_consent("granted", purpose=fresh, at=NOON - HOUR)

    shown = pages_of(client, enter(client, old))

    assert "Ski" in shown
    assert "Fiske" not in shown


def test_without_any_sign_everything_is_shown(client: Client, clock: dict[str, datetime]) -> None:
    old = make_consent("granted", purpose=make_purpose(name="Fiske"), at=NOON - 2 * DAY)

    shown = pages_of(client, enter(client, old))

    assert "Fiske" in shown
    assert "kan ha fått en ny eier" not in shown
