"""What the trust tests found, for docs/trust-report.md: `make trust` names the file in TRUST_REPORT."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from _pytest.terminal import TerminalReporter

from tests import servers
from tests.trust import size


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Write the report, one line per test, with the figures that it recorded."""
    if "TRUST_REPORT" in os.environ:
        lines = [*_head(), *_table(terminalreporter)]
        Path(os.environ["TRUST_REPORT"]).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _head() -> list[str]:
    with psycopg.connect(servers.postgres()) as session:
        database = session.info.parameter_status("server_version")
    which = "release" if size.IS_RELEASE else "small"
    machine = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · size: {which} · {os.cpu_count()} cores · "
        f"Python {platform.python_version()} · PostgreSQL {database}"
    )
    return [
        "# Trust report",
        "",
        "What must hold, tried by races, crashes, floods and fuzzing. Written by `make trust`.",
        "",
        machine,
        "",
    ]


def _table(reporter: TerminalReporter) -> list[str]:
    """Return one row per test; the cases of one test share it, with the figures of all of them."""
    found: dict[str, list[pytest.TestReport]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in reporter.getreports(outcome):
            if report.when == "call" or outcome != "passed":
                name = report.nodeid.removeprefix("tests/trust/").partition("[")[0]
                found.setdefault(name, []).append(report)
    rows = [_row(name, found[name]) for name in sorted(found)]
    counts = [
        f"{len(reporter.getreports(each))} {each}" for each in ("passed", "failed", "skipped")
    ]
    head = ["| test | cases | outcome | seconds | figures |", "|---|---:|---|---:|---|"]
    return [*head, *rows, "", ", ".join(counts) + "."]


def _row(name: str, cases: list[pytest.TestReport]) -> str:
    bad = [each for each in cases if each.outcome != "passed"]
    outcome = f"{len(bad)} FAILED" if bad else "passed"
    seconds = sum(each.duration for each in cases)
    return f"| {name} | {len(cases)} | {outcome} | {seconds:.0f} | {_figures(cases)} |"


def _figures(cases: list[pytest.TestReport]) -> str:
    """Return what the cases recorded: numbers added up, anything else as it is told, once."""
    told: dict[str, list[object]] = {}
    for each in cases:
        for name, value in each.user_properties:
            told.setdefault(name, []).append(value)
    return "; ".join(f"{name}: {_together(values)}" for name, values in told.items())


def _together(values: list[object]) -> object:
    if all(isinstance(value, int) for value in values):
        return sum(value for value in values if isinstance(value, int))
    return ", ".join(dict.fromkeys(str(value).replace("|", "/") for value in values))
