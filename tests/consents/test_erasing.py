"""Erasing a number: nothing left, whatever crashes; a report that names nobody; a cost that does not grow."""

import json
import time
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
import time_machine
from django.core.management import call_command
from django.core.signing import get_cookie_signer
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Campaign, Delivery
from consents import confirmations, erasing, exports, overwriting, services, tasks
from consents.models import (
    ConsentEvent,
    ConsentImport,
    Erasure,
    RateWindow,
    ServiceMessage,
    Subject,
    Suppression,
    Visit,
)
from smsconsent.gateways import GatewayUnavailable
from smsconsent.health import warnings_found
from tests import servers
from tests.installation import eventually
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    make_campaign,
    make_consent,
    make_purpose,
    make_user,
    phone,
)
from tests.settings import IS_POSTGRES

pytestmark = pytest.mark.django_db


class Gatekeeper:
    """A gateway that is only asked to delete: it notes what, and fails when it is told to."""

    def __init__(self, *, fails: bool = False, breaks_on: Iterable[str] = ()) -> None:
        self.asked: list[UUID] = []
        self.tries = 0
        self.fails, self.breaks_on = fails, {UUID(each) for each in breaks_on}

    def cancel(self, message_id: UUID) -> bool:
        self.tries += 1
        if self.fails or message_id in self.breaks_on:
            raise GatewayUnavailable("not now")
        self.asked.append(message_id)
        return True


def live(number: int = 1) -> Subject:
    """A person with a consent, a message handed over an hour ago, a visit, and a look by a colleague."""
    consent = make_consent("granted", number=number)
    confirmations.queue_welcome(consent, now=NOON)
    make_campaign("sending", purpose=consent.purpose)
    Delivery.objects.filter(subject=consent.subject).update(
        state="handed_over", handed_over_at=NOON - HOUR, consent_event=consent.last_event_id
    )
    services.ask_for_code(consent.purpose.organisation, phone(number), network=None, now=NOON)
    services.reveal(consent.subject, by=make_user(), reason="klage", now=NOON)
    return consent.subject


def erase(subject: Subject) -> Erasure:
    erasure = services.erase_subject(subject, now=NOON)
    assert erasure is not None
    return erasure


def test_a_delivery_keeps_campaign_and_day_and_nothing_else() -> None:
    erase(live())

    row = Delivery.objects.get()
    assert (row.subject_id, row.consent_id, row.consent_event) == (None, None, "")
    assert row.handed_over_at == NOON.replace(hour=0)


def test_codes_visits_and_counts_about_the_number_go() -> None:
    erase(live())

    assert not Visit.objects.exists()
    assert not RateWindow.objects.filter(scope="page_code").exists()


def test_an_erasure_that_was_only_asked_for_is_carried_out_by_a_worker() -> None:
    subject = live()
    erasing.begin(subject, asked_by="person", now=NOON)

    assert erasing.resume(now=NOON + 59 * MINUTE / 60) == 0
    assert erasing.resume(now=NOON + MINUTE) == 1

    assert not Subject.objects.exists()
    assert Erasure.objects.get().destroyed_at == NOON + MINUTE


def test_a_crash_in_the_middle_leaves_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = live()
    with monkeypatch.context() as broken:
        broken.setattr(Delivery, "unlink", lambda subject_id: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.erase_subject(subject, now=NOON)
    assert ServiceMessage.objects.exists(), "taken back whole"

    erasing.resume(now=NOON + MINUTE)

    assert not Subject.objects.exists()
    assert Erasure.objects.count() == 1


def test_an_erasure_that_fails_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    people = [live(), live(2)]
    broken, whole = (erasing.begin(each, asked_by="person", now=NOON) for each in people)
    unlink = Delivery.unlink
    monkeypatch.setattr(Delivery, "unlink", lambda pk: 1 / 0 if pk == people[0].pk else unlink(pk))

    with pytest.raises(ZeroDivisionError):
        erasing.resume(now=NOON + MINUTE)

    assert list(Erasure.objects.unfinished()) == [broken]
    assert Erasure.objects.exclude(destroyed_at=None).get() == whole
    assert [each.getMessage() for each in caplog.records] == [
        f"consents.Erasure {broken.pk} failed: ZeroDivisionError"  # type: ignore[union-attr]
    ]


def test_asking_twice_makes_one_report_and_one_event() -> None:
    subject = live()
    first = erasing.begin(subject, asked_by="person", now=NOON)

    erasure = services.erase_subject(subject, now=NOON)
    assert erasure is not None
    erasing.destroy(erasure, now=NOON + DAY)

    assert erasure == first
    assert Erasure.objects.get().destroyed_at == NOON
    assert sum(b'"erased"' in bytes(event.header) for event in ConsentEvent.objects.all()) == 1


# -- what waits at the gateway -------------------------------------------------------------------------
def test_what_waits_at_the_gateway_is_deleted_there() -> None:
    subject = live()
    waiting = Delivery.objects.get().pk
    erasure, gateway = erase(subject), Gatekeeper()

    erasing.cancel_at_gateway(gateway=gateway, now=NOON + MINUTE)  # type: ignore[arg-type]

    erasure.refresh_from_db()
    assert gateway.asked == [waiting]
    assert (erasure.at_gateway, erasure.cancelled_at) == ([], NOON + MINUTE)
    assert erasure.counts["gateway"] == 1


def test_a_gateway_that_does_not_answer_is_asked_again_for_a_day() -> None:
    erasure = erase(live())

    erasing.cancel_at_gateway(gateway=Gatekeeper(fails=True), now=NOON + HOUR)  # type: ignore[arg-type]
    erasure.refresh_from_db()
    assert (len(erasure.at_gateway), erasure.cancelled_at) == (1, None)

    erasing.cancel_at_gateway(gateway=Gatekeeper(fails=True), now=NOON + 25 * HOUR)  # type: ignore[arg-type]
    erasure.refresh_from_db()
    assert (erasure.at_gateway, erasure.cancelled_at) == ([], NOON + 25 * HOUR)


def test_an_erasure_that_cannot_be_asked_about_stops_no_other() -> None:
    broken, whole = erase(live()), erase(live(2))
    Erasure.objects.filter(pk=broken.pk).update(at_gateway=["not an id"])

    with pytest.raises(ValueError, match="UUID"):
        erasing.cancel_at_gateway(gateway=Gatekeeper(), now=NOON + MINUTE)  # type: ignore[arg-type]
    whole.refresh_from_db()
    assert whole.cancelled_at == NOON + MINUTE

    erasing.cancel_at_gateway(gateway=Gatekeeper(), now=NOON + 25 * HOUR)  # type: ignore[arg-type]
    broken.refresh_from_db()
    assert broken.cancelled_at == NOON + 25 * HOUR, "by then nothing waits there"


def make_waiting(count: int) -> list[Erasure]:
    """Erasures of long ago, each with one message at the gateway."""
    organisation = make_purpose().organisation
    return Erasure.objects.bulk_create(
        Erasure(
            organisation=organisation,
            asked_by="person",
            asked_at=NOON,
            destroyed_at=NOON,
            at_gateway=[str(uuid4())],
        )
        for _number in range(count)
    )


def messages_of(erasures: Iterable[Erasure]) -> list[str]:
    return [message for each in erasures for message in each.at_gateway]


def test_many_erasures_that_fail_at_the_gateway_hold_up_no_later_one() -> None:
    failing, [later] = make_waiting(20), make_waiting(1)
    gateway = Gatekeeper(breaks_on=messages_of(failing))

    for seconds in (20, 40):
        erasing.cancel_at_gateway(gateway=gateway, now=NOON + seconds * SECOND)  # type: ignore[arg-type]

    assert gateway.asked == [UUID(each) for each in later.at_gateway]
    assert Erasure.objects.at_the_gateway().count() == len(failing)


def test_an_erasure_that_fails_at_the_gateway_is_tried_again_later_and_later() -> None:
    make_waiting(1)
    gateway, tries = Gatekeeper(fails=True), []

    for minute in range(1, 13):
        erasing.cancel_at_gateway(gateway=gateway, now=NOON + minute * MINUTE)  # type: ignore[arg-type]
        tries.append(gateway.tries)

    assert tries == [1, 2, 3, 4, 5, 5, 6, 6, 7, 7, 7, 8]


def test_one_message_that_cannot_be_deleted_keeps_no_other_of_its_erasure_waiting() -> None:
    [erasure] = make_waiting(1)
    broken, whole = str(uuid4()), str(uuid4())
    Erasure.objects.update(at_gateway=[broken, whole])
    gateway = Gatekeeper(breaks_on=[broken])

    erasing.cancel_at_gateway(gateway=gateway, now=NOON + MINUTE)  # type: ignore[arg-type]

    erasure.refresh_from_db()
    assert gateway.asked == [UUID(whole)]
    assert erasure.at_gateway == [broken]


@pytest.mark.parametrize(("waited", "is_told"), [(HOUR - SECOND, False), (HOUR, True)])
def test_the_operator_hears_of_what_is_not_deleted_at_the_gateway(
    waited: timedelta, is_told: bool
) -> None:
    make_waiting(2)

    with time_machine.travel(NOON + waited, tick=False):
        assert ("2 slettinger" in erasing.warning()) is is_told
        assert any("2 erasures" in each for each in warnings_found()) is is_told


def test_what_waits_is_deleted_also_when_another_erasure_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = erase(live())
    erasing.begin(live(2), asked_by="person", now=NOON)
    monkeypatch.setattr(Delivery, "unlink", lambda subject_id: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        tasks.carry_on_erasures()

    waiting.refresh_from_db()
    assert waiting.cancelled_at is not None


def test_what_was_delivered_is_not_asked_about() -> None:
    subject = live()
    Delivery.objects.update(state="delivered")

    erasure = erase(subject)

    assert (erasure.at_gateway, erasure.cancelled_at) == ([], NOON)


# -- the report (F163) ---------------------------------------------------------------------------------
def test_the_report_says_what_went_and_what_stays_and_names_nobody() -> None:
    subject = live()
    organisation = subject.organisation
    reason = Suppression.Reason.OBJECTION
    services.suppress(organisation, phone(), purpose=None, reason=reason, now=NOON)

    erasure = erase(subject)

    assert {row["what"] for row in erasure.stays} == {
        "headers",
        "backups",
        "erased",
        "deliveries",
        "operator",
        "block",
    }
    assert erasure.counts["consents.Subject"] == 1
    assert Suppression.objects.exists(), "the block is what the person asked for"
    text = json.dumps(exports.certificate(erasure), default=str)
    for secret in ("90000001", subject.public_id.hex, bytes(subject.phone_index).hex()):
        assert secret not in text


def test_the_report_names_the_files_that_wait_to_be_imported() -> None:
    subject = live()
    run = ConsentImport.objects.create(
        organisation=subject.organisation, state="checked", sha256="0" * 64, created_at=NOON - DAY
    )
    run.chunks.create(number=0, content=b"number;purpose")

    erasure = erase(subject)

    [uploads] = [row for row in erasure.stays if row["what"] == "uploads"]
    assert (uploads["count"], uploads["until"]) == (1, "2026-03-16")


def test_a_person_erases_alone_and_keeps_the_report(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consents.views.me.timezone.now", lambda: NOON)
    subject = live()
    slug = subject.organisation.slug
    token = services.ask_for_code(subject.organisation, phone(), network=None, now=NOON)
    code = Visit.objects.latest("pk").code
    assert code
    secret = services.enter_code(token, code, now=NOON)
    client.cookies["my-page"] = signed(secret)

    shown = client.post(f"/{slug}/me/erase/", follow=True)

    assert "Alt om deg er slettet" in shown.content.decode()
    assert not Subject.objects.exists()
    address = shown.redirect_chain[-1][0]
    report = client.get(f"{address}report.json")
    assert json.loads(report.content)["reference"] == Erasure.objects.get().reference
    assert 'name="phone"' in client.get(f"/{slug}/me/").content.decode(), "the visit is over"


def signed(secret: str) -> str:
    return get_cookie_signer(salt="my-pagemy-page").sign(secret)


# -- its cost ------------------------------------------------------------------------------------------
@pytest.mark.skipif(IS_POSTGRES, reason="asks SQLite for its plan, which no statistics change")
def test_every_statement_finds_its_rows_by_an_index() -> None:
    subject = live()

    with CaptureQueriesContext(connection) as captured:
        erase(subject)

    scans = []
    for query in (each["sql"] for each in captured):
        if query.startswith(("SELECT", "UPDATE", "DELETE")):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + query.replace("%", "%%"))
                scans += [(row[3], query) for row in cursor if row[3].startswith("SCAN")]
    assert scans == []


def crowd_of_messages(subject: Subject, size: int) -> None:
    """Give one number a message from each of very many campaigns."""
    consent, author = subject.consents.get(), make_user()
    campaigns = Campaign.objects.bulk_create(
        Campaign(purpose=consent.purpose, name="Ski", text="Ski", author=author, created_at=NOON)
        for _number in range(size)
    )
    Delivery.objects.bulk_create(
        [
            Delivery(
                campaign=campaign,
                subject=subject,
                consent=consent,
                sender="26112",
                state="delivered",
                queued_at=NOON,
                not_before=NOON,
                handed_over_at=NOON,
            )
            for campaign in campaigns
        ],
        batch_size=1000,
    )


def test_ten_thousand_messages_are_let_go_within_a_minute() -> None:
    subject = make_consent("granted").subject
    crowd_of_messages(subject, 10_000)

    started = time.perf_counter()
    erase(subject)

    assert time.perf_counter() - started < 60
    assert not Delivery.objects.filter(subject__isnull=False).exists()
    assert Delivery.objects.count() == 10_000


# -- the disk ------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("transactional_db")
def test_the_disk_is_overwritten_and_the_report_says_when() -> None:
    erasure = erase(make_consent("granted", purpose=make_purpose()).subject)

    eventually(
        lambda: overwriting.overwrite(now=NOON + timedelta(hours=3)), "nobody sees the deleted rows"
    )

    erasure.refresh_from_db()
    assert erasure.overwritten_at == NOON + 3 * HOUR


@pytest.mark.postgres
@pytest.mark.usefixtures("transactional_db")
def test_a_table_too_large_to_be_locked_waits_for_a_person(settings: Settings) -> None:
    settings.OVERWRITE_UP_TO = 1
    erasure = erase(make_consent("granted").subject)

    assert not overwriting.overwrite(now=NOON)
    erasure.refresh_from_db()
    assert erasure.overwritten_at is None
    assert "manage.py purge --overwrite" in overwriting.warning()

    call_command("purge", "--overwrite", verbosity=0)
    assert overwriting.warning() == ""


@pytest.mark.postgres
@pytest.mark.usefixtures("transactional_db")
def test_nothing_counts_as_overwritten_while_somebody_still_reads_it() -> None:
    subject = make_consent("granted").subject
    with psycopg.connect(servers.postgres(connection.settings_dict["NAME"])) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT count(*) FROM consents_subject")
        erasing.erase(subject, asked_by="person", now=timezone.now())

        assert not overwriting.overwrite(now=timezone.now())
    eventually(lambda: overwriting.overwrite(now=timezone.now()), "nobody sees the deleted rows")


@pytest.mark.postgres
@pytest.mark.usefixtures("transactional_db")
def test_nor_while_somebody_writes_in_another_database_of_the_server() -> None:
    subject = make_consent("granted").subject
    with psycopg.connect(servers.postgres()) as writer:
        writer.execute("SELECT pg_current_xact_id()")
        erasing.erase(subject, asked_by="person", now=timezone.now())

        assert not overwriting.overwrite(now=timezone.now())
    eventually(lambda: overwriting.overwrite(now=timezone.now()), "nobody sees the deleted rows")
