"""A yearly reminder with the way out, a question before the end, and a new yes when the words change."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from campaigns.models import Delivery
from consents import (
    confirmations,
    lifetimes,
    reminders,
    service_gate,
    services,
    transitions,
    writing,
)
from consents.dates import add_months
from consents.ledger import Proof
from consents.models import Confirmation, Consent, Purpose, ServiceMessage, Subject
from smsconsent import outbox
from smsconsent.gateways import Callback, Inbound, Trust
from smsconsent.gsm import measure
from tests.make import (
    DAY,
    HOUR,
    NOON,
    NOTICE,
    SECOND,
    SHORT_NUMBER,
    TEXTS,
    make_campaign,
    make_consent,
    make_organisation,
    make_purpose,
    make_unread,
    make_user,
    make_wording,
    phone,
)

pytestmark = pytest.mark.django_db
YEAR, TWO_YEARS = add_months(NOON, 12), add_months(NOON, 24)


@pytest.fixture(autouse=True)
def at_any_hour(settings: Settings) -> None:
    """The last tests here are about hours and holidays; to the others every day is a working day."""
    settings.QUIET_HOURS = False


def make_given(purpose: Purpose | None = None, *, at: datetime = NOON) -> Consent:
    return make_consent("granted", purpose=purpose, at=at)


def kinds() -> list[str]:
    return sorted(ServiceMessage.objects.values_list("kind", flat=True))


def reply(text: str, *, at: datetime, trust: Trust = Trust.SIGNED) -> None:
    inbound = Inbound(f"{at}{text}", phone(), SHORT_NUMBER, text, None, at)
    callback = Callback(trust=trust, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=at)


def link_of(message: ServiceMessage) -> str:
    found = re.search(r"/c/[\w-]+/", message.text)
    assert found
    return found[0]


# -- the reminder ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("at", "count"), [(YEAR - SECOND, 0), (YEAR, 1)])
def test_a_reminder_comes_after_twelve_months_to_the_second(at: datetime, count: int) -> None:
    make_given()

    assert reminders.remind(now=at) == count


def test_a_reminder_comes_once() -> None:
    make_given()

    for day in range(0, 300, 20):
        reminders.remind(now=YEAR + day * DAY)

    assert kinds() == ["reminder"]


def test_a_reminder_says_what_since_when_and_how_to_stop_and_sells_nothing() -> None:
    consent = make_given()

    reminders.remind(now=YEAR)

    text = ServiceMessage.objects.get().text
    assert text == (
        "Fjord Sport: 10. mars 2026 sa du ja til Tilbud på SMS, inntil 4 SMS i måneden. "
        "Dette er bare en påminnelse. Svar STOPP for å stoppe."
    )
    assert not Delivery.objects.filter(subject=consent.subject).exists()


def test_a_renewed_consent_is_reminded_of_a_year_later() -> None:
    consent = make_given()
    at = NOON + 200 * DAY
    transitions.renew(consent, wording=consent.wording, proof=Proof("mo_reply"), now=at)

    assert reminders.remind(now=YEAR) == 0
    assert reminders.remind(now=add_months(at, 12)) == 1


def test_a_purpose_may_leave_reminders_out() -> None:
    make_given(make_purpose(reminder_months=0, renewal_days=0))

    assert reminders.remind(now=YEAR) == reminders.ask_to_renew(now=TWO_YEARS - DAY) == 0


@pytest.mark.parametrize("what", ["held_at", "suspended_at"])
def test_a_number_on_hold_or_in_doubt_is_not_reminded(what: str) -> None:
    make_given()
    Subject.objects.update(**{what: YEAR - DAY})

    assert reminders.remind(now=YEAR) == 0


def test_a_stop_after_the_reminder_was_queued_stops_the_reminder() -> None:
    make_given()
    reminders.remind(now=YEAR)
    [message] = ServiceMessage.objects.all()

    reply("STOPP", at=YEAR)

    message.refresh_from_db()
    [verdict] = service_gate.ServiceGate().decide([message], now=YEAR)
    assert message.state == "blocked"
    assert verdict == outbox.Block("no_consent")


@pytest.mark.parametrize("kind", ["reminder", "renewal", "notice", "welcome"])
def test_what_nobody_waits_for_waits_until_a_reply_is_read(kind: str) -> None:
    make_given()
    reminders.remind(now=YEAR)
    ServiceMessage.objects.update(kind=kind)
    make_unread()

    [verdict] = service_gate.ServiceGate().decide(list(ServiceMessage.objects.all()), now=YEAR)

    assert isinstance(verdict, outbox.Wait) is (kind != "welcome")


def test_the_number_of_queries_does_not_grow_with_the_people(
    django_assert_max_num_queries: object,
) -> None:
    purpose = make_purpose()
    for number in range(12):
        make_consent("granted", purpose=purpose, number=number, at=NOON)

    with django_assert_max_num_queries(8):  # type: ignore[operator]  # a fixture of pytest-django
        assert reminders.remind(now=YEAR) == 12


# -- before the end --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("at", "count"),
    [(TWO_YEARS - 30 * DAY - SECOND, 0), (TWO_YEARS - 30 * DAY, 1), (TWO_YEARS, 0)],
)
def test_the_question_to_renew_comes_thirty_days_before_the_end(at: datetime, count: int) -> None:
    make_given()

    assert reminders.ask_to_renew(now=at) == count


def test_the_question_comes_once_and_silence_renews_nothing() -> None:
    make_given()

    for day in range(30, 0, -1):
        reminders.ask_to_renew(now=TWO_YEARS - day * DAY)
    lifetimes.expire_consents(now=TWO_YEARS)

    assert kinds() == ["renewal"]
    assert Consent.objects.get().state == "expired"


def test_ja_renews_for_another_lifetime_and_is_answered_once() -> None:
    make_given()
    at = TWO_YEARS - 10 * DAY
    reminders.ask_to_renew(now=at)

    reply("JA", at=at + HOUR)
    reply("ja", at=at + 2 * HOUR)

    consent = Consent.objects.get()
    assert consent.valid_until == add_months(at + HOUR, 24)
    assert kinds() == ["renewal", "welcome"]


def test_ja_renews_nothing_when_nobody_has_asked() -> None:
    consent = make_given()

    reply("JA", at=NOON + DAY)

    assert Consent.objects.get().valid_until == consent.valid_until


@pytest.mark.parametrize("trust", [Trust.STALE, Trust.UNSIGNED])
def test_an_unproven_ja_renews_nothing(trust: Trust) -> None:
    make_given()
    at = TWO_YEARS - 10 * DAY
    reminders.ask_to_renew(now=at)

    reply("JA", at=at, trust=trust)

    assert Consent.objects.get().renewed_at is None


def test_nei_to_the_question_is_a_stop() -> None:
    make_given()
    reminders.ask_to_renew(now=TWO_YEARS - 10 * DAY)

    reply("NEI", at=TWO_YEARS - 9 * DAY)

    assert Consent.objects.get().state == "withdrawn"


def test_two_questions_at_once_are_not_answered_by_one_ja() -> None:
    first = make_given()
    make_given(make_purpose(first.purpose.organisation))
    at = TWO_YEARS - 10 * DAY
    reminders.ask_to_renew(now=at)

    reply("JA", at=at)

    assert not Consent.objects.filter(renewed_at__isnull=False).exists()


@pytest.mark.parametrize(
    ("answer", "state", "renewed"),
    [("yes", "granted", True), ("no", "withdrawn", False), ("not_me", "invalid", False)],
)
def test_the_link_asks_and_only_a_pressed_button_answers(
    client: Client, answer: str, state: str, renewed: bool
) -> None:
    consent = make_given(at=add_months(datetime.now(tz=NOON.tzinfo), -24) + 5 * DAY)
    reminders.ask_to_renew(now=datetime.now(tz=NOON.tzinfo))
    path = link_of(ServiceMessage.objects.get())

    for _preview in range(2):
        assert client.get(path).status_code == 200
    consent.refresh_from_db()
    assert consent.renewed_at is None

    client.post(path, {"answer": answer})

    consent.refresh_from_db()
    assert (consent.state, consent.renewed_at is not None) == (state, renewed)
    assert client.get(path).status_code == 410


# -- when the notice changes ------------------------------------------------------------------------
def change_notice(purpose: Purpose, *, at: datetime, is_material: bool = True) -> None:
    services.publish_notice(
        purpose.organisation,
        language="nb",
        body=f"{NOTICE}\n\n{at}",
        is_material=is_material,
        now=at,
    )


def test_each_person_is_told_once_of_a_notice_that_changed_in_substance() -> None:
    purpose = make_given().purpose
    make_given(make_purpose(purpose.organisation))
    make_consent("withdrawn", purpose=purpose, number=2, at=NOON)
    change_notice(purpose, at=NOON + DAY)

    for day in range(1, 5):
        reminders.tell_of_notice(now=NOON + day * DAY)

    assert kinds() == ["notice"]
    assert "/privacy/" in ServiceMessage.objects.get().text
    assert Consent.objects.sendable(NOON + DAY).count() == 2


def test_mere_rewording_of_the_notice_is_told_to_nobody() -> None:
    change_notice(make_given().purpose, at=NOON + DAY, is_material=False)

    assert reminders.tell_of_notice(now=NOON + DAY) == 0


def test_who_says_yes_after_the_change_has_read_it() -> None:
    purpose = make_purpose()
    change_notice(purpose, at=NOON - HOUR)
    make_given(purpose)

    assert reminders.tell_of_notice(now=NOON) == 0


def test_a_second_change_is_told_again() -> None:
    purpose = make_given().purpose
    for day in (1, 5):
        change_notice(purpose, at=NOON + day * DAY)
        reminders.tell_of_notice(now=NOON + day * DAY)

    assert kinds() == ["notice", "notice"]


def test_the_page_says_how_many_are_told_before_it_publishes(client: Client) -> None:
    consent = make_given(at=datetime.now(tz=NOON.tzinfo) - DAY)
    organisation = consent.purpose.organisation
    client.force_login(make_user("privacy_officer", organisation))
    path = reverse("people:notice", args=[organisation.slug])
    fields = {"language": "nb", "body": f"{NOTICE} Nytt.", "is_material": "on"}

    assert client.post(path, fields).context["concerned"] == 1
    assert organisation.notices.count() == 1

    client.post(path, fields | {"understood": "1"})
    assert organisation.notices.filter(is_material=True).count() == 1


# -- when the words change -------------------------------------------------------------------------
def test_a_change_in_substance_is_asked_about_once_under_the_new_words() -> None:
    purpose = make_given().purpose
    assert reminders.ask_to_renew(now=NOON + DAY) == 0
    newer = make_wording(purpose, title="Lotteri på SMS", is_material=True)

    assert reminders.ask_to_renew(now=NOON + DAY) == 1
    assert reminders.ask_to_renew(now=NOON + 2 * DAY) == 0

    assert Confirmation.objects.get(wording__isnull=False).wording == newer
    assert "Lotteri på SMS" in ServiceMessage.objects.get().text


def test_marketing_waits_for_the_new_yes_and_goes_on_after_it() -> None:
    consent = make_given()
    make_wording(consent.purpose, title="Lotteri på SMS", is_material=True)
    reminders.ask_to_renew(now=NOON + HOUR)
    make_campaign("sending", purpose=consent.purpose, now=NOON + HOUR)
    assert not Delivery.objects.exists()

    reply("JA", at=NOON + 2 * HOUR)

    make_campaign("sending", purpose=consent.purpose, now=NOON + 3 * HOUR)
    assert Delivery.objects.count() == 1


def test_before_it_is_published_the_page_says_whom_it_concerns(client: Client) -> None:
    consent = make_given(at=datetime.now(tz=NOON.tzinfo) - DAY)
    make_consent("withdrawn", purpose=consent.purpose, number=2)
    organisation = consent.purpose.organisation
    client.force_login(make_user("privacy_officer", organisation))
    path = reverse("people:wording", args=[organisation.slug, consent.purpose.slug])
    fields = {name: getattr(TEXTS, name) for name in services.Texts.__slots__}
    fields |= {"language": "nb", "title": "Lotteri på SMS", "is_material": "on"}

    page = client.post(path, fields)
    assert page.context["concerned"] == 1
    assert consent.purpose.wordings.count() == 1

    client.post(path, fields | {"understood": "1"})
    assert consent.purpose.wordings.count() == 2
    assert not Consent.objects.sendable(datetime.now(tz=NOON.tzinfo)).exists()


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_each_message_fits_in_the_gsm_alphabet_and_three_parts(language: str) -> None:
    purpose = make_purpose(make_organisation(name="Nordlys Sport"))
    make_wording(purpose, language=language)
    consent = make_given(purpose)
    wording = purpose.wordings.current(language)
    assert wording is not None
    consent.wording = wording

    reminder = writing.prepare_reminder(consent, now=YEAR, not_after=YEAR + HOUR)
    _question, renewal = confirmations.prepare_renewal(
        consent, wording, now=YEAR, not_after=YEAR + HOUR, expires_at=YEAR + timedelta(days=30)
    )

    notice = writing.prepare_notice(consent, now=YEAR, not_after=YEAR + HOUR)
    for message in (reminder, renewal, notice):
        assert measure(message.text).encoding == "gsm7"
        assert measure(message.text).segments <= 3


# -- nobody is disturbed -------------------------------------------------------------------------------
CONSTITUTION_DAY = datetime(2027, 5, 17, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "count"),
    [
        (CONSTITUTION_DAY, 0),
        (CONSTITUTION_DAY - DAY, 0),  # a Sunday
        (CONSTITUTION_DAY + DAY - 5 * HOUR, 0),  # eight in the morning
        (CONSTITUTION_DAY + DAY, 1),
    ],
)
def test_nobody_is_reminded_on_holidays_or_early_in_the_morning(
    settings: Settings, now: datetime, count: int
) -> None:
    settings.QUIET_HOURS = True
    make_given(at=add_months(now, -12) - 3 * DAY)

    assert reminders.remind(now=now) == count


def test_nobody_is_asked_or_told_on_holidays(settings: Settings) -> None:
    settings.QUIET_HOURS = True
    consent = make_given(at=add_months(CONSTITUTION_DAY, -24) + 3 * DAY)
    services.publish_notice(
        consent.purpose.organisation,
        language="nb",
        body=f"{NOTICE} Nytt.",
        is_material=True,
        now=CONSTITUTION_DAY - 9 * DAY,
    )

    on_the_day = (
        reminders.ask_to_renew(now=CONSTITUTION_DAY),
        reminders.tell_of_notice(now=CONSTITUTION_DAY),
    )
    day_after = CONSTITUTION_DAY + DAY
    later = reminders.ask_to_renew(now=day_after), reminders.tell_of_notice(now=day_after)

    assert (on_the_day, later) == ((0, 0), (1, 1))


def test_what_has_not_left_when_the_hours_end_never_leaves(settings: Settings) -> None:
    settings.QUIET_HOURS = True
    late = YEAR.replace(hour=17)  # six in the evening in Oslo, two hours before the end
    make_given()

    reminders.remind(now=late)

    assert ServiceMessage.objects.get().not_after == late + 2 * HOUR
