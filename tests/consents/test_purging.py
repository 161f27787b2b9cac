"""How rows go: everything that hangs on them with them, by statements whose number and cost do not grow."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import QuerySet

from campaigns.models import Delivery
from consents import confirmations, due, purging, services, transitions
from consents.ledger import Proof
from consents.models import (
    Confirmation,
    Consent,
    Disclosure,
    EventDetail,
    InboundMessage,
    ServiceMessage,
    Subject,
)
from consents.retention import policies, purge
from smsconsent import crypto
from tests.make import (
    DAY,
    NOON,
    SECOND,
    make_campaign,
    make_consent,
    make_crowd,
    make_email_question,
    make_purpose,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db
POLICIES = {policy.name: policy for policy in policies()}
LATE = NOON + 200 * DAY


def test_what_hangs_on_a_consent_goes_with_it_and_counts_stay() -> None:
    consent = make_consent("granted", at=NOON)
    make_campaign("sending", purpose=consent.purpose)
    confirmations.queue_welcome(consent, now=NOON)
    make_email_question(consent, "kari@example.org", now=NOON)
    services.reveal(consent.subject, by=make_user(), reason="klage", now=NOON)
    InboundMessage.objects.create(**reply(1), subject=consent.subject)
    transitions.withdraw(consent, proof=Proof("mo_stop"), now=NOON)

    counts = purge(POLICIES["consents"], now=LATE)

    for model in (Consent, Subject, EventDetail, Confirmation, ServiceMessage, Disclosure):
        assert not model._default_manager.exists(), model
    assert Delivery.objects.filter(consent=None, subject=None).count() == 1
    assert InboundMessage.objects.get().subject is None
    assert (counts["consents.Consent"], counts["consents.EventDetail"]) == (1, 3)


def test_a_number_that_another_consent_needs_stays() -> None:
    over = make_consent("withdrawn", at=NOON)
    kept = make_consent("granted", purpose=make_purpose(over.purpose.organisation), at=NOON)

    purge(POLICIES["consents"], now=LATE)

    assert [consent.pk for consent in Consent.objects.all()] == [kept.pk]
    assert EventDetail.objects.filter(subject=kept.subject).count() == 2


@pytest.mark.parametrize("late", [False, True])
def test_a_number_that_never_came_to_a_consent_goes_after_a_day(late: bool) -> None:
    make_consent("granted", at=NOON)
    Consent.objects.all().delete()
    purge(POLICIES["numbers"], now=NOON)

    purge(POLICIES["numbers"], now=NOON + DAY - (timedelta() if late else SECOND))

    assert Subject.objects.exists() is not late


def test_the_number_of_statements_does_not_grow_with_what_goes(
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    make_crowd(make_purpose(), 300)
    Consent.objects.update(state="lapsed", ended_at=NOON, delete_after=NOON)

    with django_assert_max_num_queries(60):
        purge(POLICIES["consents"], now=LATE)

    assert not Subject.objects.exists()


def test_a_batch_is_made_smaller_as_soon_as_one_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, sizes = [0.0], []
    monkeypatch.setattr(purging, "perf_counter", lambda: clock[0])

    def step(now: datetime, limit: int) -> purging.Counts:
        sizes.append(limit)
        clock[0] += limit * 0.0001
        return {"rows": limit if len(sizes) < 6 else 0}

    purging.repeat(step, now=NOON, limit=10_000)

    assert sizes == [500, 500, 500, 500, 500, 500]
    sizes.clear()
    monkeypatch.setattr(purging, "LONG", 0.02)
    purging.repeat(step, now=NOON, limit=10_000)
    assert sizes == [500, 250, 125, 125, 125, 125]
    sizes.clear()
    monkeypatch.setattr(purging, "LONG", 10)
    purging.repeat(step, now=NOON, limit=3_000)
    assert sizes == [500, 1000, 2000, 3000, 3000, 3000]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_purge_waits_for_nobody_and_leaves_who_is_asking_anew(database_url: str) -> None:
    consent = make_consent("lapsed", at=NOON)

    with psycopg.connect(database_url) as other:
        other.execute(
            "SELECT FROM consents_subject WHERE id = %s FOR NO KEY UPDATE", [consent.subject_id]
        )
        purge(POLICIES["consents"], now=LATE)
        assert Consent.objects.exists()
        assert EventDetail.objects.exists()
    purge(POLICIES["consents"], now=LATE)

    assert not Consent.objects.exists()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("source", "index"),
    [
        (due.ended_consents, "consent_deletable"),
        (due.stray_subjects, "subject_by_time"),
        (due.old_addresses, "confirmation_with_email"),
        (due.used_confirmations, "consents_confirmation_expires_at"),
        (due.old_inbound, "inbound_by_time"),
        (due.old_service_messages, "service_by_time"),
        (due.old_codes, "consents_handsetcode_expires_at"),
        (due.old_visits, "consents_visit_expires_at"),
        (due.old_nonces, "consents_callbacknonce_at"),
        (due.old_guards, "contact_guard_t1"),
        (due.old_windows, "rate_window_starts_at"),
        (due.old_sessions, "django_session_expire_date"),
        (due.old_purge_runs, "purge_by_time"),
    ],
)
def test_what_is_due_stands_first_in_an_index(
    source: Callable[[datetime], QuerySet[Any]], index: str
) -> None:
    with connection.cursor() as cursor:
        # Few rows are read fastest from the table itself, so the plan for many is asked for.
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")

        plan = source(LATE).values("pk")[:1000].explain()

    assert index in plan
    assert "Sort" not in plan


def reply(number: int) -> dict[str, Any]:
    """Return the values of a reply that has been acted on."""
    return {
        "gateway": "strex", "message_id": str(number), "sender": phone(number), "recipient": "26112",
        "sender_index": crypto.blind_index(phone(number), use="inbound"), "text": "Hei", "key_id": "k",
        "trust": "signed", "vouched_by": "signature", "state": "done", "received_at": LATE,
    }  # fmt: skip
