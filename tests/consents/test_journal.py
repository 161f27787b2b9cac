"""The journal outside the database, and what happens to a database that is older than it."""

import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import ANY

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from campaigns.models import Campaign, Delivery
from consents import (
    anchors,
    confirmations,
    guard,
    journal,
    journalfile,
    mending,
    pausing,
    proofs,
    publication,
    sealing,
    services,
    transitions,
    verification,
)
from consents.ledger import Proof
from consents.models import (
    Consent,
    ConsentEvent,
    JournalMark,
    PendingEntry,
    ServiceMessage,
    Subject,
    Suppression,
)
from smsconsent import outbox
from smsconsent.gateways import Handover, Outcome, Outgoing
from tests.make import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    make_campaign,
    make_consent,
    make_email_question,
    make_events,
    make_purpose,
    make_user,
    phone,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    """The journal of this test."""
    path = tmp_path / "deep" / "journal.jsonl"
    settings.JOURNAL_FILE = path
    return path


class Recorder:
    """A gateway that takes everything and remembers it."""

    max_batch = 100

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def hand_over(self, batch: Sequence[Outgoing], *, now: datetime) -> list[Handover]:
        self.sent += batch
        return [Handover(each.id, Outcome.ACCEPTED) for each in batch]


class Backup(Exception):
    """Ends a block whose changes the database then has never seen."""


def lose(changes: Callable[[], object]) -> None:
    """Do something, write the journal, and then restore the database as it was before."""
    journal.drain()
    try:
        with transaction.atomic():
            changes()
            journal.drain()
            raise Backup
    except Backup:
        pass


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def withdraw(consent: Consent) -> None:
    services.withdraw_for_person(consent, by=make_user(), channel="phone", now=NOON)


def withdraw_all(consents: Sequence[Consent]) -> None:
    for each in consents:
        withdraw(each)


# -- writing -----------------------------------------------------------------------------------------------
def test_each_event_is_written_with_random_ids_and_its_header_alone(file: Path) -> None:
    consent = make_consent("granted")

    journal.drain()

    events = ConsentEvent.objects.order_by("pk")
    assert lines(file) == [
        {
            "batch": ANY,
            "type": kind,
            "consent": consent.public_id.hex,
            "event": event.event_id,
            "header": bytes(event.header).decode(),
        }
        for kind, event in zip(["requested", "granted"], events, strict=True)
    ]
    assert not PendingEntry.objects.exists()


def test_a_second_drain_writes_nothing_twice(file: Path) -> None:
    make_consent("granted")
    journal.drain()

    assert journal.drain() == 0
    assert len(lines(file)) == 2


def test_an_erasure_is_written_under_the_consent_that_is_gone(file: Path) -> None:
    consent = make_consent("granted")
    services.erase_subject(consent.subject, now=NOON)

    journal.drain()

    assert [line["consent"] for line in lines(file) if line["type"] == "erased"] == [
        consent.public_id.hex
    ]


def test_a_rolled_back_event_is_never_written(file: Path) -> None:
    try:
        with transaction.atomic():
            make_consent("granted")
            raise Backup
    except Backup:
        journal.drain()

    assert file.read_text() == ""


def test_only_the_owner_reads_the_journal(file: Path) -> None:
    make_consent("granted")

    journal.drain()

    assert file.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_crash_cut_off_is_ended_and_skipped(file: Path) -> None:
    make_consent("granted")
    journal.drain()
    with file.open("ab") as torn:
        torn.write(b'{"batch": "ab", "type": "wi')
    make_consent("granted", number=2)

    journal.drain()

    assert [entry.type for entry in journalfile.backwards()] == ["granted", "requested"] * 2
    assert journal.problem() == ""


def test_a_journal_longer_than_what_is_read_at_once_is_read_whole(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journalfile, "BLOCK_BYTES", 50)
    make_consent("granted")
    journal.drain()

    assert [entry.type for entry in journalfile.backwards()] == ["granted", "requested"]


def test_a_batch_that_did_not_commit_is_written_again_and_harms_nothing(file: Path) -> None:
    make_consent("granted")
    try:
        with transaction.atomic():
            journal.drain()
            raise Backup
    except Backup:
        pass
    assert journal.problem() == ""

    journal.drain()

    assert len(lines(file)) == 4
    assert journal.problem() == ""


# -- refusing ----------------------------------------------------------------------------------------------
def test_an_installation_without_a_journal_sends() -> None:
    assert journal.problem() == ""


def test_an_older_database_hands_over_nothing(file: Path) -> None:
    consent = make_consent("granted")
    confirmations.queue_welcome(consent, now=NOON)
    lose(lambda: withdraw(consent))
    gateway: Any = Recorder()

    outbox.work(ServiceMessage, gateway=gateway, clock=lambda: NOON)

    assert gateway.sent == []
    assert ServiceMessage.objects.get().state == "queued"


def test_a_batch_that_was_claimed_before_the_restore_goes_back(file: Path) -> None:
    consent = make_consent("granted")
    confirmations.queue_welcome(consent, now=NOON)
    lease = outbox.claim(ServiceMessage, now=NOON, limit=10)
    assert lease is not None
    lose(lambda: withdraw(consent))
    gateway: Any = Recorder()

    outbox.hand_over(ServiceMessage, lease, gateway=gateway, now=NOON)

    assert gateway.sent == []
    assert ServiceMessage.objects.get().state == "queued"


def test_an_older_database_mails_nothing(file: Path, mailoutbox: list[Any]) -> None:
    consent = make_consent("pending", at=NOON)
    confirmation = make_email_question(consent, "kari@person.example", now=NOON)
    lose(lambda: services.erase_subject(consent.subject, now=NOON))

    assert not confirmations.send_email(confirmation.pk, now=NOON)
    assert mailoutbox == []


def test_an_older_database_adds_nothing_to_the_journal(file: Path) -> None:
    consent = make_consent("granted")
    lose(lambda: withdraw(consent))
    make_consent("granted", number=2)

    with pytest.raises(journal.JournalBehind):
        journal.drain()

    assert journal.problem() == journal.STOPPED


def test_readiness_names_the_command(file: Path, client: Client) -> None:
    consent = make_consent("granted")
    lose(lambda: withdraw(consent))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "manage.py replay_journal" in answer.json()["problems"][0]


def test_the_portal_says_that_sending_is_stopped(file: Path, client: Client) -> None:
    consent = make_consent("granted")
    organisation = consent.purpose.organisation
    client.force_login(make_user("privacy_officer", organisation))
    before = client.get("/staff/").content.decode()
    lose(lambda: withdraw(consent))

    after = client.get("/staff/").content.decode()

    assert "Utsendingen er stoppet" in after
    assert "Utsendingen er stoppet" not in before


def test_a_lost_journal_stops_sending_too(file: Path) -> None:
    make_consent("granted")
    journal.drain()
    file.unlink()

    assert journal.problem() == journal.LOST


def test_a_journal_that_cannot_be_read_stops_sending(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    make_consent("granted")
    journal.drain()
    monkeypatch.setattr(Path, "open", refuse)

    assert "Permission denied" in journal.problem()


# -- replaying ---------------------------------------------------------------------------------------------
def test_a_withdrawal_is_replayed_and_sending_goes_on(file: Path) -> None:
    consent = make_consent("granted")
    lose(lambda: withdraw(consent))

    report = services.replay_journal(now=NOON)

    consent.refresh_from_db()
    assert consent.state == "withdrawn"
    assert report.counts["withdrawals and refusals"] == 1
    assert journal.problem() == ""


def test_an_erasure_is_replayed(file: Path) -> None:
    consent = make_consent("granted")
    lose(lambda: services.erase_subject(consent.subject, now=NOON))

    services.replay_journal(now=NOON)

    assert not Subject.objects.exists()
    assert journal.problem() == ""


def test_a_grant_is_not_replayed(file: Path) -> None:
    pending = make_consent("pending", at=NOON)
    lose(lambda: transitions.grant(pending, proof=Proof("mo_reply"), now=NOON))

    services.replay_journal(now=NOON)

    pending.refresh_from_db()
    assert pending.state == "pending"


def test_a_withdrawal_of_a_consent_the_backup_never_saw_puts_the_header_back(file: Path) -> None:
    purpose = make_purpose()
    lose(lambda: make_consent("withdrawn", purpose=purpose, number=7))
    assert not ConsentEvent.objects.exists()

    services.replay_journal(now=NOON)

    assert {line["header"] for line in lines(file)} == {
        bytes(event.header).decode() for event in ConsentEvent.objects.all()
    }
    assert not PendingEntry.objects.exists(), "the journal holds them already"


def test_a_block_is_replayed_for_a_number_the_backup_never_saw(file: Path) -> None:
    organisation = make_purpose().organisation

    def block() -> None:
        services.suppress(
            organisation, phone(9), purpose=None, reason=Suppression.Reason.NOT_ME, now=NOON
        )

    lose(block)
    assert journal.problem() == journal.STOPPED

    services.replay_journal(now=NOON)

    assert Suppression.objects.blocking(organisation, phone(9)).get().reason == "not_me"
    assert journal.problem() == ""


def test_the_journal_holds_no_number_and_no_pseudonym(file: Path) -> None:
    consent = make_consent("granted", number=123)
    services.suppress(
        consent.purpose.organisation,
        phone(123),
        purpose=None,
        reason=Suppression.Reason.NOT_ME,
        now=NOON,
    )
    block = Suppression.objects.get()

    journal.drain()

    text = file.read_text(encoding="utf-8")
    assert "90000123" not in text
    assert bytes(block.index).hex() not in text
    assert bytes(consent.subject.phone_index).hex() not in text


def test_the_log_grows_again_into_what_was_published(file: Path) -> None:
    consent = make_consent("granted")
    sealing.seal(now=NOON, must_sign=True)

    def stop_and_seal() -> None:
        withdraw(consent)
        sealing.seal(now=NOON + DAY, must_sign=True)

    lose(stop_and_seal)
    published = publication.last()
    assert published is not None
    assert (published.size, sealing.log_size()) == (3, 2)
    with pytest.raises(publication.PublishedLogDiffers):
        sealing.seal(now=NOON + DAY)

    services.replay_journal(now=NOON + DAY)

    assert sealing.log_size() == 3
    assert proofs.root_at(3) == published.root
    assert verification.verify().problems == [], "its checkpoint is back as well"
    # The replay wrote an event of its own, which is sealed after those that are back.
    assert sealing.seal(now=NOON + DAY, must_sign=True).count == 1
    assert journal.problem() == ""
    assert journal.drain() == 0, "what is published stands in the journal before"


def test_nothing_is_sealed_while_the_database_is_older(file: Path) -> None:
    consent = make_consent("granted")
    lose(lambda: withdraw(consent))

    with pytest.raises(publication.PublishedLogDiffers, match="replay_journal"):
        sealing.seal(now=NOON)

    assert sealing.log_size() == 0


def test_replaying_twice_changes_nothing_more(file: Path) -> None:
    consent = make_consent("granted")
    lose(lambda: withdraw(consent))
    services.replay_journal(now=NOON)
    count = ConsentEvent.objects.count()

    assert not services.replay_journal(now=NOON).counts
    assert ConsentEvent.objects.count() == count


def test_a_replay_that_is_cut_off_goes_on_where_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    consents = [make_consent("granted", number=number) for number in (1, 2, 3)]
    lose(lambda: withdraw_all(consents))
    put_back = services.restoring._put_back
    done: list[str] = []

    def fail_at_the_second(entry: journal.JournalEntry) -> None:
        if len(done) == 1:
            raise Backup
        done.append(entry.event)
        put_back(entry)

    with monkeypatch.context() as patch:
        patch.setattr(services.restoring, "_put_back", fail_at_the_second)
        with pytest.raises(Backup):
            services.replay_journal(now=NOON)
    assert journal.problem() == journal.STOPPED

    services.replay_journal(now=NOON)

    assert set(Consent.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert journal.problem() == ""


def test_what_waited_in_the_old_copy_is_asked_about_before_it_leaves_again(file: Path) -> None:
    consent = make_consent("granted")
    confirmations.queue_welcome(consent, now=NOON)
    lose(lambda: withdraw(make_consent("granted", number=2, purpose=consent.purpose)))

    services.replay_journal(now=NOON)

    message = ServiceMessage.objects.get(consent=consent)
    assert (message.state, message.lease_until) == ("leased", NOON)


def test_campaigns_that_may_have_been_sent_wait_for_a_colleague(file: Path) -> None:
    consent = make_consent("granted", at=NOON - DAY)
    sending = make_campaign("sending", purpose=consent.purpose)
    scheduled = make_campaign("scheduled", purpose=consent.purpose)
    lose(lambda: withdraw(consent))

    services.replay_journal(now=NOON)

    states = dict(Campaign.objects.values_list("pk", "state"))
    assert states == {sending.pk: "paused", scheduled.pk: "approved"}
    assert Delivery.objects.filter(state="queued").count() == 0


def test_the_command_begins_a_new_journal_only_when_it_is_told_to(file: Path) -> None:
    make_consent("granted")
    journal.drain()
    file.write_bytes(b"")

    call_command("replay_journal")
    assert journal.problem() == journal.LOST
    call_command("replay_journal", "--new-journal")

    assert journal.problem() == ""
    assert JournalMark.objects.get().batch == ""
    assert [each.name for each in os.scandir(file.parent)] != []


# -- the beat: restored though nothing but messages followed ------------------------------------------------
def beat(minutes: int) -> None:
    journal.beat(now=NOON + minutes * MINUTE)


def beat_twice() -> None:
    beat(1)
    beat(2)


def test_a_database_that_lost_two_minutes_of_nothing_but_messages_is_noticed(file: Path) -> None:
    make_consent("granted")

    lose(beat_twice)

    assert journal.problem() == journal.STOPPED


def test_after_the_replay_of_nothing_sending_goes_on(file: Path) -> None:
    consent = make_consent("granted")
    confirmations.queue_welcome(consent, now=NOON)
    lose(beat_twice)

    services.replay_journal(now=NOON)

    assert journal.problem() == ""
    assert ServiceMessage.objects.get().state == "leased", "it may have left: the gateway is asked"


def test_a_worker_that_died_between_writing_a_beat_and_committing_stops_nothing(file: Path) -> None:
    make_consent("granted")
    lose(lambda: beat(1))
    assert journal.problem() == ""

    beat(2)

    assert journal.problem() == ""


def test_a_beat_is_not_written_by_a_database_that_is_older(file: Path) -> None:
    consent = make_consent("granted")
    lose(lambda: withdraw(consent))

    with pytest.raises(journal.JournalBehind):
        beat(1)


# -- holds ---------------------------------------------------------------------------------------------------
def test_a_hold_after_the_backup_is_not_forgotten(file: Path) -> None:
    subject = make_consent("granted").subject
    lose(lambda: pausing.hold([subject], now=NOON))
    assert journal.problem() == journal.STOPPED

    report = services.replay_journal(now=NOON)

    assert Subject.objects.get().held_at == NOON
    assert report.counts["holds"] == 1
    assert journal.problem() == ""


def test_a_restriction_after_the_backup_is_not_forgotten(file: Path) -> None:
    subject, officer = make_consent("granted").subject, make_user()
    case = services.register_case(
        subject.organisation, subject.phone, kind="restriction", channel="phone",
        received_on=NOON.date(), language="nb", note="", by=officer, now=NOON,
    )  # fmt: skip

    lose(lambda: services.act_on_case(case, by=officer, now=NOON))
    services.replay_journal(now=NOON)

    assert Subject.objects.get().held_at == NOON


def test_a_hold_that_was_released_again_is_not_put_back(file: Path) -> None:
    subject = make_consent("granted").subject

    def hold_and_release() -> None:
        pausing.hold([subject], now=NOON)
        journal.drain()
        services.release_number(subject)

    lose(hold_and_release)
    services.replay_journal(now=NOON)

    assert Subject.objects.get().held_at is None
    assert journal.problem() == ""


def test_a_hold_names_the_number_by_a_random_id(file: Path) -> None:
    subject = make_consent("granted").subject
    pausing.hold([subject], now=NOON)

    journal.drain()

    assert lines(file)[-1] == {"batch": ANY, "type": "held", "subject": subject.public_id.hex}


# -- how long, and how late ----------------------------------------------------------------------------------
def test_what_no_backup_can_lack_any_more_is_cut_off(file: Path, settings: Settings) -> None:
    kept_for = settings.BACKUP_LIFE + 30 * DAY
    make_consent("granted")
    journal.drain()
    journal.beat(now=NOON)
    make_consent("granted", number=2)
    journal.drain()
    journal.beat(now=NOON + MINUTE)
    assert journal.cut_old(now=NOON + kept_for) == 0

    assert journal.cut_old(now=NOON + kept_for + SECOND) > 0

    assert [line["type"] for line in lines(file)] == ["beat", "requested", "granted", "beat"]
    assert journal.problem() == ""
    assert file.stat().st_mode & 0o777 == 0o600


def test_whoever_waits_while_the_journal_is_cut_writes_into_the_new_file(file: Path) -> None:
    beat(0)
    beat(1)
    with file.open("ab") as old:
        flock(old, LOCK_EX)
        written = Thread(target=write_line, daemon=True)
        written.start()
        # What cutting does at its end.
        copy = file.with_name("copy")
        copy.write_bytes(file.read_bytes())
        copy.rename(file)
        flock(old, LOCK_UN)
        written.join(10)

    assert lines(file)[-1]["batch"] == "late"


def test_cutting_the_journal_waits_for_whoever_writes(file: Path) -> None:
    beat(0)
    beat(1)
    with journal.exclusive() as held:
        cut = Thread(target=journalfile.cut, args=[NOON + HOUR], daemon=True)
        cut.start()
        cut.join(0.3)
        assert cut.is_alive()
        journalfile.append(held, [journal.JournalEntry("late", journal.BEAT, at=NOON.isoformat())])
    cut.join(10)

    assert lines(file)[-1]["batch"] == "late"


def write_line() -> None:
    with journal.exclusive() as file:
        journalfile.append(file, [journal.JournalEntry("late", journal.BEAT, at=NOON.isoformat())])


@pytest.mark.parametrize(("late", "warns"), [(59, False), (61, True)])
def test_a_journal_that_lags_warns(
    file: Path, client: Client, monkeypatch: pytest.MonkeyPatch, late: int, warns: bool
) -> None:
    make_consent("granted")
    since = PendingEntry.objects.order_by("pk")[0].since
    monkeypatch.setattr(timezone, "now", lambda: since + late * SECOND)

    found = client.get("/readyz").json()["warnings"]

    assert any("The journal is behind" in each for each in found) is warns
    assert len(list(journal.findings())) == (0 if warns else 1)
    assert bool([each for each in anchors.warnings(now=since) if "ournal" in each]) is warns


# -- the published copy --------------------------------------------------------------------------------------
def publish_and_lose() -> None:
    """Two events are sealed and published, and the database and the journal know of none of them."""
    make_events(2)
    sealing.seal(now=NOON, must_sign=True)
    journal.drain()
    kept = journalfile.path().read_bytes()

    def more() -> None:
        make_events(1)
        sealing.seal(now=NOON + DAY, must_sign=True)

    lose(more)
    journalfile.path().write_bytes(kept)


def test_a_database_older_than_the_published_checkpoint_sends_and_seals_nothing(
    file: Path, client: Client
) -> None:
    publish_and_lose()
    assert journal.problem() == ""

    assert outbox.why_stopped() == guard.OLDER.format(published=3, here=2)
    assert guard.OLDER.format(published=3, here=2) in client.get("/readyz").json()["problems"]
    with pytest.raises(publication.PublishedLogDiffers, match="replay_journal"):
        sealing.seal(now=NOON + DAY)


def test_a_log_with_another_root_than_the_published_one_sends_nothing(file: Path) -> None:
    def other() -> None:
        make_events(2)
        sealing.seal(now=NOON, must_sign=True)

    lose(other)
    journalfile.path().write_bytes(b"")
    published = publication.newest()
    make_events(3)
    events = list(ConsentEvent.objects.values_list("event_id", flat=True))
    mending.put_back(enumerate(events))

    assert published is not None
    assert outbox.why_stopped() == guard.DIFFERS.format(published=published.size)


def test_a_good_answer_about_the_published_copy_counts_for_a_minute(
    file: Path, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_events(2)
    sealing.seal(now=NOON, must_sign=True)
    assert guard.problem() == ""
    with django_assert_num_queries(0):
        guard.problem()

    monkeypatch.setattr(guard, "EVERY", 0.0)

    with django_assert_num_queries(3):
        assert guard.problem() == ""


def test_places_that_the_journal_does_not_tell_are_found_by_the_published_root(file: Path) -> None:
    make_events(2)
    sealing.seal(now=NOON, must_sign=True)

    def more() -> None:
        make_events(3)
        sealing.seal(now=NOON + DAY, must_sign=True)

    lose(more)
    kept = [line for line in file.read_bytes().splitlines(True) if b'"sealed"' not in line]
    file.write_bytes(b"".join(kept))

    services.replay_journal(now=NOON + DAY)

    assert sealing.log_size() == 5
    assert outbox.why_stopped() == ""


def test_a_replay_needs_no_key_of_the_log(file: Path, settings: Settings) -> None:
    consent = make_consent("granted")
    sealing.seal(now=NOON, must_sign=True)

    def stop_and_seal() -> None:
        withdraw(consent)
        sealing.seal(now=NOON + DAY, must_sign=True)

    lose(stop_and_seal)
    settings.LEDGER_SIGNING_KEY = []

    services.replay_journal(now=NOON + DAY)

    assert sealing.log_size() == 3
    assert outbox.why_stopped() == ""


def test_nothing_is_published_before_the_journal_holds_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise PermissionError(13, "Permission denied")

    make_events(2)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "drain", refuse)
        with pytest.raises(PermissionError):
            sealing.seal(now=NOON, must_sign=True)
    assert publication.last() is None

    sealing.seal(now=NOON + MINUTE)
    make_events(1)
    sealing.seal(now=NOON + DAY)

    newest = publication.last()
    assert newest is not None
    assert newest.size == 3
