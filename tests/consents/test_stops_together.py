"""Stops that arrive at the same moment share a transaction. Each has the effect that it has alone."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from campaigns.models import Delivery
from consents import ledger
from consents.models import (
    CallbackNonce,
    Consent,
    EventDetail,
    InboundMessage,
    Purpose,
    ServiceMessage,
    Subject,
)
from consents.services import receiving
from consents.services.callbacks import ReplayedNonce
from consents.services.receiving import InboundCallback
from smsconsent.gateways import Basis, Callback, Inbound, Trust
from tests.make import (
    HOUR,
    NOON,
    SHORT_NUMBER,
    make_campaign,
    make_consent,
    make_purpose,
    make_wording,
    phone,
)

pytestmark = pytest.mark.django_db


def sms(
    number: int,
    text: str = "STOPP",
    *,
    message_id: str = "",
    trust: Trust = Trust.SIGNED,
    nonce: str = "",
    body: bytes = b"",
) -> InboundCallback:
    inbound = Inbound(
        message_id=message_id or uuid4().hex,
        sender=phone(number),
        recipient=SHORT_NUMBER,
        text=text,
        is_stop=None,
        received_at=NOON,
    )
    proven = ("key", nonce) if nonce else None
    callback = Callback(trust=trust, basis=Basis.SIGNATURE, nonce=proven)
    return InboundCallback(inbound, "strex", callback, body, NOON)


def people() -> Purpose:
    """1 and 2 said yes, 2 to two purposes, 3 has not answered yet, 4 stopped long ago; 5 nobody knows."""
    purpose = make_purpose()
    other = make_purpose(purpose.organisation)
    for number, state in enumerate(["granted", "granted", "pending", "withdrawn"], 1):
        make_consent(state, purpose=purpose, number=number, at=NOON - HOUR)
    make_consent("granted", purpose=other, number=2)
    return purpose


def outcome() -> list[object]:
    """What became of everybody, without what is random or counts on."""
    return [
        Counter(Consent.objects.values_list("state", "ended_at", "subject__event_count")),
        Counter(ServiceMessage.objects.values_list("kind", "text", "not_after")),
        Counter(InboundMessage.objects.values_list("intent", "state", "subject__language")),
        Counter(Delivery.objects.values_list("state", "reason")),
        Counter(
            (ledger.kind_of(each.event), each.seq)
            for each in EventDetail.objects.select_related("event")
        ),
    ]


@pytest.fixture
def with_campaign() -> None:
    make_campaign("sending", purpose=people())


def test_together_they_end_and_answer_what_each_would_alone(with_campaign: None) -> None:
    numbers = [1, 2, 3, 4, 5]
    with transaction.atomic():
        for number in numbers:
            receiving.receive_together([sms(number)])
        alone = outcome()
        transaction.set_rollback(True)

    assert receiving.receive_together([sms(number) for number in numbers]) == [True] * 5

    assert outcome() == alone
    assert Consent.objects.filter(state="withdrawn").count() == 4


def test_each_line_of_evidence_opens_and_follows_the_one_before(with_campaign: None) -> None:
    receiving.receive_together([sms(number) for number in (2, 1, 3)])

    for detail in EventDetail.objects.select_related("event"):
        ledger.open_detail(detail)
    for subject in Subject.objects.all():
        lines = list(EventDetail.objects.filter(subject=subject).order_by("seq"))
        assert [line.seq for line in lines] == list(range(1, subject.event_count + 1))
        assert ledger.open_detail(lines[-1])["private"]["phone"] == subject.phone.e164


def test_the_evidence_names_the_message_of_its_own_person() -> None:
    purpose = people()
    receiving.receive_together([sms(1, message_id="mo-1"), sms(2, message_id="mo-2")])

    for number in (1, 2):
        consent = Consent.objects.get(purpose=purpose, subject__in=subject_of(number))
        last = EventDetail.objects.get(event__event_id=consent.last_event_id)
        assert ledger.open_detail(last)["private"]["proof"]["mo_id"] == f"mo-{number}"


def subject_of(number: int) -> list[Subject]:
    return [each for each in Subject.objects.all() if each.phone == phone(number)]


def test_a_second_stop_of_the_same_number_changes_nothing_more() -> None:
    people()

    got = receiving.receive_together([sms(1), sms(2), sms(1)])

    assert got == [True, True, True]
    assert ServiceMessage.objects.filter(kind="stopped").count() == 2
    assert InboundMessage.objects.filter(state="done").count() == 3


def test_what_was_taken_in_before_holds_nobody_up() -> None:
    people()
    again = sms(1, message_id="once")
    receiving.receive_together([again])

    got = receiving.receive_together([sms(2), again, sms(3)])

    assert got == [True, False, True]
    assert Consent.objects.filter(state="granted").count() == 0
    assert InboundMessage.objects.count() == 3


def test_a_forged_replay_meets_its_own_sender_only() -> None:
    people()
    receiving.receive_together([sms(1, nonce="n1", body=b"first")])

    got = receiving.receive_together([sms(2, nonce="n2"), sms(3, nonce="n1", body=b"x")])

    assert got[0] is True
    assert isinstance(got[1], ReplayedNonce)
    assert sorted(CallbackNonce.objects.values_list("nonce", flat=True)) == ["n1", "n2"]
    assert Consent.objects.filter(state="pending").count() == 1


def test_one_that_is_no_stop_here_is_read_by_itself() -> None:
    people()

    got = receiving.receive_together([sms(1), sms(3, "JA")])

    assert got == [True, True]
    assert sorted(InboundMessage.objects.values_list("intent", flat=True)) == ["stop", "yes"]
    assert Consent.objects.filter(state="pending").count() == 0


def test_a_stop_to_one_of_several_purposes_leaves_the_others() -> None:
    first = make_purpose(keyword="SKI")
    make_wording(first)
    other = make_purpose(first.organisation, keyword="GOLF")
    make_wording(other)
    for number in (1, 2):
        for purpose in (first, other):
            make_consent("granted", purpose=purpose, number=number)

    receiving.receive_together([sms(1, "STOPP SKI"), sms(2, "STOPP")])

    one, two = (subject_of(number) for number in (1, 2))
    assert Consent.objects.get(subject__in=one, purpose=other).state == "granted"
    assert Consent.objects.get(subject__in=one, purpose=first).state == "withdrawn"
    assert set(Consent.objects.filter(subject__in=two).values_list("state")) == {("withdrawn",)}


def test_many_stops_take_as_many_trips_as_one(settings: Settings) -> None:
    purpose = make_purpose()
    for number in range(1, 9):
        make_consent("granted", purpose=purpose, number=number)

    with CaptureQueriesContext(connection) as queries:
        receiving.receive_together([sms(number) for number in range(1, 9)])

    trips = [each for each in queries if "SAVEPOINT" not in each["sql"]]
    assert Consent.objects.filter(state="withdrawn").count() == 8
    if connection.vendor == "postgresql":
        assert len(trips) == 3
        # Whoever waits for a lock in vain has most of the time left to go on alone.
        assert f"lock_timeout = {settings.STREX_CALLBACK_BUDGET * 100:.0f}" in trips[0]["sql"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_is_waited_for_holds_nobody_else_up(settings: Settings) -> None:
    settings.STREX_CALLBACK_BUDGET = 0.2
    people()
    busy = Consent.objects.filter(subject__in=subject_of(1))

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        list(busy.select_for_update())
        got = pool.submit(_elsewhere, [sms(1), sms(2), sms(3)]).result(timeout=10)

    assert got == [True, True, True]
    assert Consent.objects.filter(state="withdrawn").count() == 3
    assert InboundMessage.objects.filter(state="unread").count() == 1
    assert busy.get().state == "granted"


def _elsewhere(calls: list[InboundCallback]) -> list[bool | Exception]:
    try:
        return receiving.receive_together(calls)
    finally:
        connection.close()


def test_each_is_answered_in_the_language_of_its_person() -> None:
    purpose = make_purpose()
    for number, language in enumerate(["nb", "en", "nn", "en"], 1):
        make_consent("granted", purpose=purpose, number=number)
        Subject.objects.filter(pk__in=[each.pk for each in subject_of(number)]).update(
            language=language
        )

    receiving.receive_together([sms(number) for number in range(1, 5)])

    told = {each.language: each.text for each in ServiceMessage.objects.filter(kind="stopped")}
    assert set(told) == {"nb", "nn", "en"}
    assert len(set(told.values())) == 3


def test_a_crowd_of_stops_is_told_to_whoever_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr("consents.services.receiving.outbox.stops_came", told.append)
    calls = [sms(number) for number in (1, 2, 3)]

    receiving.receive_together(calls)

    assert told == [3]
