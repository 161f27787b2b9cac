"""A backup is put back, and nobody who has stopped since hears from us: invariant 14, random histories."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from consents import drill, journalfile, services
from consents.models import JournalMark, Organisation
from consents.snapshots import Snapshots, copies
from tests.make import make_organisation
from tests.settings import IS_POSTGRES
from tests.trust import size

pytestmark = pytest.mark.django_db(transaction=True)

HISTORIES = size.of(5, 50)


@pytest.fixture(autouse=True)
def _journal(tmp_path: Path, settings: Settings) -> None:
    settings.JOURNAL_FILE = tmp_path / "journal.jsonl"


@pytest.fixture
def snapshots() -> Iterator[Snapshots]:
    with copies() as kept:
        yield kept


def test_no_history_is_undone_by_a_restored_backup(
    snapshots: Snapshots, record_property: Callable[[str, object], None]
) -> None:
    result = drill.run(snapshots, histories=HISTORIES, seed=14)

    record_property("histories", result.histories)
    record_property("events lost and back", result.lost_events)
    record_property("messages held back", result.held_back)
    assert result.violations == []
    assert result.histories == HISTORIES
    assert result.lost_events > HISTORIES
    assert result.held_back > HISTORIES


def test_without_the_guard_the_drill_sees_what_leaves(
    snapshots: Snapshots, settings: Settings
) -> None:
    settings.SENDING_STOPS = []

    result = drill.run(snapshots, histories=4, seed=14)

    assert any(drill.SENT in each for each in result.violations)


def test_without_the_replay_the_drill_sees_who_is_revived(
    snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pretend(*, now: datetime) -> None:
        JournalMark.objects.update(batch=journalfile.newest_batch())

    monkeypatch.setattr(services, "replay_journal", pretend)

    result = drill.run(snapshots, histories=3, seed=14)

    assert any("a consent is granted" in each for each in result.violations)


@pytest.mark.skipif(
    IS_POSTGRES, reason="PostgreSQL ends the sessions of a database that is replaced"
)
def test_a_copy_is_put_back_under_a_connection_that_somebody_left_open(
    snapshots: Snapshots,
) -> None:
    make_organisation()
    snapshots.take()
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as left_open:
        left_open.execute("SELECT count(*) FROM consents_organisation").fetchone()
        make_organisation()
        snapshots.restore()

        assert Organisation.objects.count() == 1
        assert left_open.execute("SELECT count(*) FROM consents_organisation").fetchone() == (1,)
