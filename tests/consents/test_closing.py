"""A purpose that is closed: nobody can say yes to it any more, and what they said yes to ends."""

import pytest

from consents import closing, retention, transitions
from consents.ledger import Proof, kind_of, open_detail
from consents.models import Consent, EventDetail, Purpose, Subject
from tests.make import DAY, MINUTE, NOON, SECOND, make_consent, make_purpose

pytestmark = pytest.mark.django_db

YES = Proof("mo_reply")


def never() -> bool:
    return False


def close(purpose: Purpose) -> None:
    Purpose.objects.filter(pk=purpose.pk).update(closed_at=NOON)


def test_the_consents_of_a_closed_purpose_end_a_day_later() -> None:
    purpose, other = make_purpose(evidence_days=90), make_purpose()
    mine = [make_consent("granted", purpose=purpose, number=number) for number in (1, 2, 3)]
    make_consent("granted", purpose=other)
    close(purpose)

    assert closing.end_consents(now=NOON + DAY, until=never) == 3

    assert set(Consent.objects.filter(state="granted").values_list("purpose", flat=True)) == {
        other.pk
    }
    ended = Consent.objects.get(pk=mine[0].pk)
    assert (ended.state, ended.delete_after) == ("expired", NOON + 91 * DAY)


def test_the_evidence_says_that_the_purpose_was_closed() -> None:
    consent = make_consent("granted")
    close(consent.purpose)

    closing.end_consents(now=NOON + DAY, until=never)

    detail = EventDetail.objects.filter(consent=consent).select_related("event").latest("seq")
    assert kind_of(detail.event) == "expired"
    assert open_detail(detail)["private"]["proof"]["purpose_closed"] == "2026-03-10T11:00:00+00:00"


def test_a_purpose_closed_by_mistake_can_be_opened_within_the_day() -> None:
    consent = make_consent("granted")
    close(consent.purpose)

    assert closing.end_consents(now=NOON + DAY - SECOND, until=never) == 0

    Purpose.objects.update(closed_at=None)
    assert Consent.objects.sendable(NOON + DAY).exists()


def test_it_goes_on_batch_by_batch_until_its_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "BATCH", 2)
    purpose = make_purpose()
    for number in range(5):
        make_consent("granted", purpose=purpose, number=number)
    close(purpose)
    answers = iter([False, True])

    assert closing.end_consents(now=NOON + DAY, until=lambda: next(answers)) == 2
    assert closing.end_consents(now=NOON + DAY, until=never) == 3


def test_nothing_is_left_of_it_once_the_proof_period_is_over() -> None:
    consent = make_consent("granted", purpose=make_purpose(evidence_days=90))
    close(consent.purpose)
    closing.end_consents(now=NOON + DAY, until=never)

    retention.purge_all(now=NOON + 92 * DAY)

    assert not Subject.objects.exists()


@pytest.mark.parametrize("state", ["pending", "granted"])
def test_a_yes_to_a_closed_purpose_counts_for_nothing(state: str) -> None:
    consent = make_consent(state, at=NOON - MINUTE)
    close(consent.purpose)

    assert not transitions.grant(consent, proof=YES, now=NOON)
    assert not transitions.renew(consent, wording=consent.wording, proof=YES, now=NOON)

    consent.refresh_from_db()
    assert consent.state == state
