"""Asking where there was a consent before: typing somebody's number takes nothing from them (trust.md T6)."""

import json
import re
from datetime import datetime, timedelta

import pytest

from consents import confirmations, ledger, lifetimes, service_gate, services, transitions
from consents.ledger import Proof
from consents.models import Consent, EventDetail, HandsetCode, Purpose, ServiceMessage, Subject
from consents.retention import policies, purge
from smsconsent import outbox
from smsconsent.gateways import Callback, Inbound, Trust
from tests.make import (
    DAY,
    HOUR,
    NOON,
    SECOND,
    SHORT_NUMBER,
    make_consent,
    make_purpose,
    make_wording,
    phone,
)

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)
CONSENTS = next(policy for policy in policies() if policy.name == "consents")


def ask(purpose: Purpose, *, now: datetime = NOON) -> None:
    """Somebody types the number into the public form."""
    wording = purpose.wordings.current("nb")
    assert wording is not None
    services.request_consent(
        purpose,
        phone(),
        wording=wording,
        source=Consent.Source.WEB,
        proof=Proof("web_form", workflow={"form": "signup-1", "page_sha256": "a" * 64}),
        now=now,
    )


def answer(text: str, *, now: datetime = NOON + HOUR) -> None:
    inbound = Inbound(f"{now}{text}", phone(), SHORT_NUMBER, text, None, now)
    callback = Callback(trust=Trust.SIGNED, nonce=None)
    services.receive_message(inbound, gateway="strex", callback=callback, body=b"", now=now)


def events() -> list[str]:
    details = EventDetail.objects.select_related("event").order_by("seq")
    return [ledger.kind_of(detail.event) for detail in details]


def newest() -> dict[str, object]:
    detail = EventDetail.objects.select_related("event").latest("seq")
    private: dict[str, object] = ledger.open_detail(detail)["private"]
    return private


def make_outdated() -> Consent:
    """A consent that holds, to words that have changed in substance since."""
    consent = make_consent("granted", at=NOON - DAY)
    make_wording(consent.purpose, what="Lodd i lotteriet vårt", is_material=True)
    return consent


# -- what was proved before stays as long as it would have --------------------------------------------
@pytest.mark.parametrize("ending", ["silence", "no", "lapsed"])
@pytest.mark.parametrize("late", [False, True])
def test_a_request_lets_no_earlier_proof_go_sooner(ending: str, late: bool) -> None:
    withdrawn = make_consent("withdrawn", at=NOON)
    at = NOON + 5 * DAY
    ask(withdrawn.purpose, now=at)
    if ending == "no":
        answer("NEI", now=at + HOUR)
    if ending == "lapsed":
        lifetimes.lapse_unanswered(now=at + 2 * DAY)

    purge(CONSENTS, now=NOON + 180 * DAY - (timedelta() if late else SECOND))

    assert Consent.objects.exists() is not late
    assert EventDetail.objects.exists() is not late


def test_a_request_itself_stays_its_week_though_the_earlier_proof_has_ended() -> None:
    withdrawn = make_consent("withdrawn", at=NOON)
    at = NOON + 179 * DAY
    ask(withdrawn.purpose, now=at)

    purge(CONSENTS, now=at + WEEK - SECOND)
    assert Consent.objects.exists()

    purge(CONSENTS, now=at + WEEK)
    assert not Subject.objects.exists()


# -- a consent that holds stays until the person answers ----------------------------------------------
def test_asking_again_leaves_a_consent_that_holds_as_it_was() -> None:
    consent = make_outdated()
    before = Consent.objects.values().get()
    question = confirmations.prepare_renewal(
        consent, consent.wording, now=NOON, not_after=NOON + DAY, expires_at=NOON + 90 * DAY
    )[0]
    question.save()

    ask(consent.purpose)

    assert Consent.objects.values().get() == before
    question.refresh_from_db()
    assert question.used_at is None, "the link that they were sent still works"
    assert events() == ["requested", "granted", "requested"]


def test_silence_leaves_a_consent_that_holds_as_it_was() -> None:
    ask(make_outdated().purpose)

    lifetimes.lapse_unanswered(now=NOON + WEEK)

    assert Consent.objects.get().state == "granted"


@pytest.mark.parametrize("how", ["JA", "link"])
def test_a_yes_renews_it_under_the_words_of_the_form(how: str) -> None:
    consent = make_outdated()
    ask(consent.purpose)
    question = ServiceMessage.objects.get(kind="confirmation")
    [verdict] = service_gate.ServiceGate().decide([question], now=NOON)
    assert isinstance(verdict, outbox.Send)

    if how == "JA":
        answer("JA")
    else:
        link = re.findall(r"/c/([\w-]+)/", question.text)[0]
        services.confirm_by_link(link, now=NOON + HOUR)

    consent.refresh_from_db()
    assert (consent.state, consent.renewed_at) == ("granted", NOON + HOUR)
    assert consent.wording == consent.purpose.wordings.current("nb")
    assert Consent.objects.sendable(NOON + HOUR).exists()
    assert events()[-1] == "renewed"


def test_a_yes_to_it_names_the_request_and_its_page() -> None:
    consent = make_outdated()
    ask(consent.purpose)
    request = EventDetail.objects.latest("seq").event.event_id

    answer("JA")

    workflow = newest()["workflow"]
    assert isinstance(workflow, dict)
    assert workflow["request_event"] == request
    assert workflow["page_sha256"] == "a" * 64
    assert workflow["requested_at"] == NOON.isoformat(timespec="milliseconds")


def test_a_request_that_got_no_answer_is_not_what_a_later_yes_rests_on() -> None:
    consent = make_outdated()
    ask(consent.purpose)
    later = NOON + 3 * DAY
    question, _sms = confirmations.prepare_renewal(
        consent, consent.wording, now=later, not_after=later + DAY, expires_at=later + 90 * DAY
    )
    question.save()

    answer("JA", now=later + HOUR)

    workflow = newest()["workflow"]
    assert isinstance(workflow, dict)
    assert workflow["request_event"] == consent.last_event_id
    assert "page_sha256" not in workflow


def test_a_no_to_it_is_a_stop() -> None:
    ask(make_outdated().purpose)

    answer("NEI")

    assert Consent.objects.get().state == "withdrawn"


def test_a_code_from_the_handset_renews_it() -> None:
    consent = make_outdated()
    words = consent.purpose.wordings.latest("version")
    services.open_handset_code(consent.purpose, wording=words, form_version="v1", now=NOON)

    answer(f"JA {HandsetCode.objects.get().code}", now=NOON + SECOND)

    consent.refresh_from_db()
    assert consent.wording == consent.purpose.wordings.current("nb")
    assert events() == ["requested", "granted", "requested", "renewed"]


# -- a code is a request of its own -------------------------------------------------------------------
@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_code_grants_under_the_words_it_was_shown_with(language: str) -> None:
    purpose = make_purpose()
    ask(purpose, now=NOON - HOUR)
    words = make_wording(purpose, language=language, what="Lodd i lotteriet vårt")
    services.open_handset_code(
        purpose, wording=words, form_version="signup-1", page_sha256="b" * 64, now=NOON
    )

    answer(f"JA {HandsetCode.objects.get().code}", now=NOON + SECOND)

    consent, said = Consent.objects.get(), newest()
    assert (consent.state, consent.wording, consent.source) == ("granted", words, "handset")
    assert events() == ["requested", "requested", "granted"]
    header = json.loads(bytes(EventDetail.objects.latest("seq").event.header))
    assert header["notice_sha256"] == words.sha256
    assert (said["source"], said["language"]) == ("handset", language)


def test_a_code_closes_the_question_that_was_open_and_takes_no_proof_from_it() -> None:
    purpose = make_purpose()
    ask(purpose, now=NOON - HOUR)
    link = re.findall(r"/c/([\w-]+)/", ServiceMessage.objects.get().text)[0]
    services.open_handset_code(
        purpose, wording=purpose.wordings.get(), form_version="signup-1", now=NOON
    )

    answer(f"JA {HandsetCode.objects.get().code}", now=NOON + SECOND)

    said = newest()
    assert said["source"] == "handset"
    assert isinstance(said["proof"], dict)
    assert isinstance(said["workflow"], dict)
    assert not [name for name in said["proof"] if name.startswith("confirmation")]
    assert "channel" not in said["workflow"]
    with pytest.raises(services.LinkUsed):
        services.find_confirmation(link, now=NOON + HOUR)


# -- a yes that counts no more ends first, in evidence as well ----------------------------------------
@pytest.mark.parametrize("why", ["time", "doubt"])
def test_a_yes_that_counts_no_more_ends_before_it_is_asked_for_anew(why: str) -> None:
    consent = make_consent("granted", at=NOON - DAY)
    if why == "time":
        Consent.objects.update(valid_until=NOON)
    else:
        Subject.objects.update(suspended_at=NOON - HOUR)

    ask(consent.purpose)

    consent.refresh_from_db()
    assert events() == ["requested", "granted", "expired", "requested"]
    assert (consent.state, consent.confirmed_at) == ("pending", None)
    assert consent.delete_after == NOON + 180 * DAY


def test_the_line_of_its_end_tells_of_the_old_yes() -> None:
    consent = make_consent("granted", at=NOON - DAY)
    make_wording(consent.purpose, language="nb", what="Tilbud på sko og støvler")
    Subject.objects.update(suspended_at=NOON - HOUR)

    ask(consent.purpose)

    end = EventDetail.objects.select_related("event").get(seq=3)
    private = ledger.open_detail(end)["private"]
    assert json.loads(bytes(end.event.header))["notice_sha256"] == consent.wording.sha256
    assert (private["method"], private["proof"]) == ("timer", {"reason": "number_in_doubt"})
    assert private["valid_until"]


def test_a_late_yes_after_doubt_is_a_first_one() -> None:
    consent = make_consent("granted", at=NOON - DAY)
    Subject.objects.update(suspended_at=NOON - HOUR)
    ask(consent.purpose)

    assert not transitions.renew(
        consent, wording=consent.wording, proof=Proof("link"), now=NOON + HOUR
    )
    answer("JA")

    assert events()[-2:] == ["requested", "granted"]
