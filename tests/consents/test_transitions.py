"""The state machine: every step from every state, once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from campaigns.models import Delivery
from consents import confirmations, transitions
from consents.dates import add_months
from consents.ledger import BrokenCommitment, Proof, kind_of, open_detail
from consents.models import Consent, ConsentEvent, EventDetail, ServiceMessage, Suppression
from consents.services import suppress
from tests.make import (
    DAY,
    HOUR,
    NOON,
    SECOND,
    make_campaign,
    make_consent,
    make_purpose,
    make_wording,
    phone,
)

pytestmark = pytest.mark.django_db

STATES = ("pending", "granted", "withdrawn", "expired", "refused", "lapsed", "invalid")
PROOF = Proof("mo_reply")
STEPS: dict[str, Callable[[Consent], bool]] = {
    "grant": lambda consent: transitions.grant(consent, proof=PROOF, now=NOON),
    "refuse": lambda consent: transitions.refuse(consent, proof=PROOF, now=NOON),
    "withdraw": lambda consent: transitions.withdraw(consent, proof=PROOF, now=NOON),
    "lapse": lambda consent: transitions.lapse(consent, now=NOON),
    "expire": lambda consent: transitions.expire(consent, now=NOON),
    "renew": lambda consent: transitions.renew(
        consent, wording=consent.wording, proof=PROOF, now=NOON
    ),
    "invalidate": lambda consent: transitions.invalidate(consent, proof=PROOF, now=NOON),
}
ALLOWED = {
    ("pending", "grant"): "granted",
    ("pending", "refuse"): "refused",
    ("pending", "withdraw"): "refused",
    ("pending", "lapse"): "lapsed",
    ("granted", "withdraw"): "withdrawn",
    ("granted", "expire"): "expired",
    ("granted", "renew"): "granted",
    ("pending", "invalidate"): "invalid",
    ("granted", "invalidate"): "invalid",
}


def events_of(consent: Consent) -> list[str]:
    details = EventDetail.objects.filter(consent=consent).select_related("event").order_by("seq")
    return [kind_of(detail.event) for detail in details]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_only_the_listed_steps_change_a_consent(state: str, step: str) -> None:
    consent = make_consent(state, at=NOON - HOUR)
    before = events_of(consent)

    moved = STEPS[step](consent)

    consent.refresh_from_db()
    expected = ALLOWED.get((state, step))
    assert moved is (expected is not None)
    assert consent.state == (expected or state)
    assert len(events_of(consent)) == len(before) + moved


def test_each_step_writes_its_own_line_of_evidence() -> None:
    consent = make_consent("withdrawn")

    assert events_of(consent) == ["requested", "granted", "withdrawn"]


def test_a_request_is_granted_until_the_second_it_ends() -> None:
    consent = make_consent("pending", at=NOON)

    assert not transitions.grant(consent, proof=PROOF, now=consent.answer_by)
    assert transitions.grant(consent, proof=PROOF, now=consent.answer_by - SECOND)


def test_a_fresh_request_after_a_stop_only_opens_a_question() -> None:
    consent = make_consent("withdrawn")

    again = make_consent("pending", purpose=consent.purpose, at=NOON)

    assert again.pk == consent.pk
    assert not Consent.objects.granted(NOON).exists()


def test_a_request_for_what_is_given_already_changes_nothing() -> None:
    consent = make_consent("granted")
    wording = consent.wording

    opened = transitions.open_request(
        consent.purpose, phone(), wording=wording, source="web", proof=PROOF, now=NOON
    )

    consent.refresh_from_db()
    assert opened is None
    assert consent.state == "granted"


def test_a_renewed_consent_lives_on_under_the_words_of_today() -> None:
    consent = make_consent("granted", at=NOON - 100 * DAY)
    newer = make_wording(consent.purpose, what="Tilbud på sko")

    transitions.renew(consent, wording=newer, proof=PROOF, now=NOON)

    consent.refresh_from_db()
    assert (consent.wording, consent.renewed_at) == (newer, NOON)
    assert consent.valid_until == add_months(NOON, 24)
    assert events_of(consent) == ["requested", "granted", "renewed"]


def test_a_consent_is_renewed_until_the_second_it_ends() -> None:
    consent = make_consent("granted", at=NOON)
    assert consent.valid_until

    end, words = consent.valid_until, consent.wording
    assert not transitions.renew(consent, wording=words, proof=PROOF, now=end)
    assert transitions.renew(consent, wording=words, proof=PROOF, now=end - SECOND)


def test_a_change_in_substance_needs_a_new_yes_and_mere_wording_does_not() -> None:
    consent = make_consent("granted", at=NOON - HOUR)
    make_wording(consent.purpose, why="Fordi du ba om det")
    assert Consent.objects.sendable(NOON).exists()

    newer = make_wording(consent.purpose, what="Lodd i lotteriet vårt", is_material=True)
    assert not Consent.objects.sendable(NOON).exists()

    transitions.renew(consent, wording=newer, proof=PROOF, now=NOON)
    assert Consent.objects.sendable(NOON).exists()


def test_a_change_in_one_language_leaves_the_others_as_they_were() -> None:
    consent = make_consent("granted", at=NOON - HOUR)

    make_wording(consent.purpose, language="en", is_material=True)

    assert Consent.objects.sendable(NOON).exists()


def test_a_consent_that_no_longer_suffices_may_be_asked_for_anew() -> None:
    consent = make_consent("granted", at=NOON - HOUR)
    make_wording(consent.purpose, what="Lodd i lotteriet vårt", is_material=True)

    make_consent("granted", purpose=consent.purpose, at=NOON)

    assert Consent.objects.sendable(NOON).exists()


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_blocked_number_is_never_asked(everywhere: bool) -> None:
    purpose = make_purpose()
    suppress(
        purpose.organisation,
        phone(),
        purpose=None if everywhere else purpose,
        reason=Suppression.Reason.NOT_ME,
        now=NOON,
    )
    wording = purpose.wordings.get()

    opened = transitions.open_request(
        purpose, phone(), wording=wording, source="web", proof=PROOF, now=NOON
    )

    assert opened is None
    assert not Consent.objects.exists()


def test_a_withdrawal_stops_what_is_queued_in_every_lane() -> None:
    consent = make_consent("granted")
    confirmations.queue_welcome(consent, now=NOON)
    make_campaign("sending", purpose=consent.purpose)

    transitions.withdraw(consent, proof=PROOF, now=NOON)

    assert set(ServiceMessage.objects.values_list("state", flat=True)) == {"blocked"}
    assert set(Delivery.objects.values_list("state", flat=True)) == {"blocked"}


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (datetime(2026, 1, 31, tzinfo=UTC), 1, datetime(2026, 2, 28, tzinfo=UTC)),
        (datetime(2024, 1, 31, tzinfo=UTC), 1, datetime(2024, 2, 29, tzinfo=UTC)),
        (datetime(2026, 3, 10, tzinfo=UTC), 24, datetime(2028, 3, 10, tzinfo=UTC)),
        (datetime(2026, 12, 31, tzinfo=UTC), 2, datetime(2027, 2, 28, tzinfo=UTC)),
    ],
)
def test_a_lifetime_counts_calendar_months(start: datetime, months: int, end: datetime) -> None:
    assert add_months(start, months) == end


def test_the_proof_period_of_the_purpose_decides_how_long_a_withdrawal_is_kept() -> None:
    purpose = make_purpose(evidence_days=90)

    consent = make_consent("withdrawn", purpose=purpose, at=NOON)

    assert consent.delete_after == NOON + 90 * DAY


def test_a_detail_opens_the_commitment_of_its_header() -> None:
    consent = make_consent("granted")

    for detail in EventDetail.objects.filter(consent=consent).select_related("event"):
        assert open_detail(detail)["private"]["phone"] == phone().e164


def test_a_changed_detail_is_noticed() -> None:
    detail = EventDetail.objects.filter(consent=make_consent("granted")).first()
    assert detail is not None
    content = json.loads(detail.detail)
    content["private"]["method"] = "made up"
    detail.detail = json.dumps(content)

    with pytest.raises(BrokenCommitment):
        open_detail(detail)


def test_a_header_holds_nothing_personal() -> None:
    make_consent("granted")

    for event in ConsentEvent.objects.all():
        header = json.loads(bytes(event.header))
        assert set(header) == {
            "v",
            "event_id",
            "type",
            "purpose",
            "notice_sha256",
            "recorded_day",
            "commit",
            "tag",
        }
        assert phone().e164[3:] not in bytes(event.header).decode()
