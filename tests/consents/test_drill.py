"""`manage.py drill`, as an operator runs it."""

import sys
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from consents import erasure_drill, remanence
from consents.models import Subject
from smsconsent.phones import Phone
from tests import environment, servers
from tests.make import make_organisation, phone
from tests.settings import IS_POSTGRES


def run_drill(url: str, *arguments: str) -> str:
    """Run a drill beside an empty database, and return what it says."""
    started = servers.spawn(
        "drill",
        [sys.executable, "manage.py", "drill", *arguments],
        environment={
            **environment.TESTS,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "smsconsent.settings",
        },
    )
    code = started.process.wait(120)
    report = started.log.read_text(encoding="utf-8")
    assert code == 0, report
    return report


@pytest.fixture
def url(postgres_url: str) -> str:
    file = servers.folder() / "not-there.sqlite3"
    return postgres_url if IS_POSTGRES else f"sqlite:///{file}"


@pytest.mark.slow
def test_the_restore_drill_reports_and_leaves_nothing_behind(url: str) -> None:
    report = run_drill(url, "restore", "--histories=2", "--seed=5")

    assert "2 histories (seed 5)" in report
    assert "nobody was revived" in report
    assert not (servers.folder() / "not-there.sqlite3").exists()


@pytest.mark.slow
def test_the_erasure_drill_says_where_it_looked_and_what_it_found(url: str) -> None:
    report = run_drill(url, "erasure")

    looked_at = {line[:26].strip(): line.split()[-2:] for line in report.splitlines()}
    assert looked_at["files of the database"][-1] == "nothing"
    assert looked_at["logs of this process"][-1] == "nothing"
    assert "Nothing is left of the person." in report
    assert not (servers.folder() / "not-there.sqlite3").exists()


@pytest.mark.django_db(transaction=True)
def test_the_erasure_drill_tells_of_what_is_left(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOURNAL_FILE = tmp_path / "journal.jsonl"
    monkeypatch.setattr(Subject, "delete", lambda self: (0, {}))

    result = erasure_drill.run(tmp_path, now=timezone.now())

    assert any("files of the database: found after the erasure" in v for v in result.violations)


@pytest.mark.django_db(transaction=True)
def test_an_erasure_drill_that_finds_nothing_beforehand_proves_nothing(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.JOURNAL_FILE = tmp_path / "journal.jsonl"
    blind = [remanence.Look("files of the database")]
    monkeypatch.setattr(remanence, "look", lambda person, stores: blind)

    result = erasure_drill.run(tmp_path, now=timezone.now())

    assert "The search did not find the person before the erasure." in result.violations
    assert "The search did not find the number planted as «E.164»." in result.violations


def drill_here(folder: Path, settings: Settings) -> str:
    """Run the command on this empty database, and return what it says. Raises CommandError."""
    settings.VAR, settings.JOURNAL_FILE = folder, folder / "journal.jsonl"
    said = StringIO()
    call_command("drill", "erasure", "--here", stdout=said, stderr=said)
    return said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_drill_says_that_its_search_finds_what_is_there(
    tmp_path: Path, settings: Settings
) -> None:
    said = drill_here(tmp_path, settings)

    assert f"{len(remanence.spellings(phone()))} planted spellings, and a neighbour" in said


def leave_out_planting(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(erasure_drill, "_plant", lambda folder, person: set())


def miss_one_spelling(patch: pytest.MonkeyPatch) -> None:
    spelt = remanence.spelt
    patch.setattr(remanence, "spelt", lambda content, person: [*spelt(content, person)][1:])


def lose_sight_of_files(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(remanence, "in_files", lambda *paths: lambda: iter(()))
    patch.setattr(remanence, "_heap", lambda: iter(()))


def erase_neighbours_too(patch: pytest.MonkeyPatch) -> None:
    erase = erasure_drill._erase

    def erase_all(person: Phone, *, now: datetime) -> None:
        for subject in Subject.objects.all():
            erase(subject.phone, now=now)

    patch.setattr(erasure_drill, "_erase", erase_all)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "blind", [leave_out_planting, miss_one_spelling, lose_sight_of_files, erase_neighbours_too]
)
def test_a_drill_whose_control_finds_nothing_fails(
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    blind: Callable[[pytest.MonkeyPatch], None],
) -> None:
    blind(monkeypatch)

    with pytest.raises(CommandError, match="promises were broken"):
        drill_here(tmp_path, settings)


@pytest.mark.django_db
def test_the_drill_refuses_a_database_that_is_in_use() -> None:
    make_organisation()

    with pytest.raises(CommandError, match="in use"):
        call_command("drill", "restore", "--here")
