"""Published events are lost for good: a log of another name takes over, and everybody can see it."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings

from consents import (
    bundles,
    guard,
    journal,
    journalfile,
    logkeys,
    publication,
    sealing,
    services,
    verification,
)
from consents.models import ConsentEvent, Subject
from smsconsent import outbox
from tests.make import DAY, MINUTE, NOON, make_consent, make_events
from verifier.smsconsent_verify import Report, read_keys, verify

pytestmark = pytest.mark.django_db
SECOND = "samtykke.example/ledger/2"


class Backup(Exception):
    pass


def lose_published() -> str:
    """Three sealed events stay; two more were published, and neither database nor journal knows of them."""
    make_consent("granted")
    make_events(1)
    sealing.seal(now=NOON, must_sign=True)
    key = logkeys.periods()[0].key
    kept = journalfile.path().read_bytes()
    try:
        with transaction.atomic():
            make_events(2)
            sealing.seal(now=NOON + MINUTE, must_sign=True)
            raise Backup
    except Backup:
        journalfile.path().write_bytes(kept)
    return key


def begin() -> None:
    services.replay_journal(now=NOON + DAY)
    services.begin_new_log(now=NOON + DAY)


def check(folder: Path, key: str, *anchored: str) -> Report:
    sealing.seal(now=NOON + 2 * DAY, must_sign=True)
    path = folder / "bundle.zip"
    with BytesIO() as file:
        bundles.write_case(file, Subject.objects.get(), now=NOON)
        path.write_bytes(file.getvalue())
    return verify(path, keys=read_keys(key), anchors=list(anchored))


def test_a_replay_that_does_not_help_says_what_would(capsys: pytest.CaptureFixture[str]) -> None:
    lose_published()

    call_command("replay_journal")

    assert "--new-log" in capsys.readouterr().out
    assert outbox.why_stopped() == guard.OLDER.format(published=5, here=3)


def test_the_new_log_sends_seals_and_verifies() -> None:
    lose_published()

    call_command("replay_journal", "--new-log")
    make_events(1)
    sealing.seal(now=NOON + 2 * DAY, must_sign=True)

    newest = publication.last()
    assert newest is not None
    assert (newest.origin, newest.size) == (SECOND, 5)
    assert outbox.why_stopped() == ""
    assert verification.verify().problems == []


def test_its_first_entry_names_the_last_checkpoint_of_the_former_log() -> None:
    lose_published()
    last = publication.last()

    begin()

    entry = logkeys.takeovers()["samtykke.example/ledger/1"]
    assert last is not None
    assert entry.index == entry.content["kept"] == 3
    assert entry.content["former_size"] == 5
    assert entry.content["former_checkpoint"].encode().startswith(last.body)


def test_whoever_holds_the_old_key_and_the_old_checkpoints_can_check_a_bundle(
    settings: Settings, tmp_path: Path
) -> None:
    key = lose_published()
    begin()

    report = check(tmp_path, key, str(settings.LEDGER_FILE))

    codes = {each.code for each in report.findings}
    assert report.holds
    assert {"log_taken_over", "entries_lost"} <= codes
    assert [each["size"] for each in report.facts["anchors"]] == [3, 4, 4]
    assert report.facts["origin"] == SECOND


def test_a_new_log_is_refused_while_nothing_is_lost() -> None:
    make_events(1)
    sealing.seal(now=NOON, must_sign=True)

    with pytest.raises(CommandError, match="no new log is needed"):
        call_command("replay_journal", "--new-log")

    assert logkeys.origin() == "samtykke.example/ledger/1"


def test_a_backup_from_before_the_new_log_is_older_and_grows_into_it() -> None:
    lose_published()
    services.replay_journal(now=NOON + DAY)
    try:
        with transaction.atomic():
            services.begin_new_log(now=NOON + DAY)
            make_events(2)
            sealing.seal(now=NOON + DAY, must_sign=True)
            raise Backup
    except Backup:
        assert logkeys.origin() != SECOND
    assert journal.problem() == journal.STOPPED
    assert guard.compare() == guard.OLDER.format(published=6, here=3)

    services.replay_journal(now=NOON + 2 * DAY)

    assert logkeys.origin() == SECOND
    assert sealing.log_size() == 6
    assert outbox.why_stopped() == ""
    assert verification.verify().problems == []


def test_a_new_log_that_is_cut_off_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(**kwargs: object) -> None:
        raise Backup

    lose_published()
    count = ConsentEvent.objects.count()
    with monkeypatch.context() as patch:
        patch.setattr(journal, "catch_up", die)
        with pytest.raises(Backup):
            services.begin_new_log(now=NOON + DAY)
    assert ConsentEvent.objects.count() == count
    assert outbox.why_stopped()

    services.begin_new_log(now=NOON + DAY)

    assert outbox.why_stopped() == ""
