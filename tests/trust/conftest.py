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
    found: list[pytest.TestReport] = [
        report
        for outcome in ("passed", "failed", "error")
        for report in reporter.getreports(outcome)
        if report.when == "call" or outcome != "passed"
    ]
    rows = ["| test | outcome | seconds | figures |", "|---|---|---:|---|"]
    for report in sorted(found, key=lambda each: each.nodeid):
        figures = "; ".join(f"{name}: {value}" for name, value in report.user_properties)
        name = report.nodeid.removeprefix("tests/trust/").replace("|", "/")
        rows.append(f"| {name} | {report.outcome} | {report.duration:.0f} | {figures} |")
    counts = [
        f"{len(reporter.getreports(each))} {each}" for each in ("passed", "failed", "skipped")
    ]
    return [*rows, "", ", ".join(counts) + "."]
