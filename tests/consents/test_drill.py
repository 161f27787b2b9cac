"""`manage.py drill`, as an operator runs it."""

import sys

import pytest
from django.core.management import CommandError, call_command

from tests import environment, servers
from tests.make import make_organisation
from tests.settings import IS_POSTGRES


@pytest.mark.slow
def test_the_restore_drill_reports_and_leaves_nothing_behind(postgres_url: str) -> None:
    url = postgres_url if IS_POSTGRES else f"sqlite:///{servers.folder() / 'not-there.sqlite3'}"
    variables = {**environment.TESTS, "DATABASE_URL": url}
    started = servers.spawn(
        "drill",
        [sys.executable, "manage.py", "drill", "restore", "--histories=2", "--seed=5"],
        environment={**variables, "DJANGO_SETTINGS_MODULE": "smsconsent.settings"},
    )

    code = started.process.wait(120)

    report = started.log.read_text(encoding="utf-8")
    assert code == 0, report
    assert "2 histories (seed 5)" in report
    assert "nobody was revived" in report
    assert not (servers.folder() / "not-there.sqlite3").exists()


@pytest.mark.django_db
def test_the_drill_refuses_a_database_that_is_in_use() -> None:
    make_organisation()

    with pytest.raises(CommandError, match="in use"):
        call_command("drill", "restore", "--here")
