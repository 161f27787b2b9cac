"""What production does not start without."""

import os
import subprocess
import sys

import pytest

from tests import environment


def start(**changes: str) -> subprocess.CompletedProcess[str]:
    """Read the settings as a process of production does."""
    variables = environment.PRODUCTION | changes
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "import smsconsent.settings"],
        cwd=environment.ROOT,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_tests_call_production_starts() -> None:
    assert start().returncode == 0


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("REDIS_URL", "", "find each other"),
        ("STREX_CALLBACK_SECRETS", "", "no stop can"),
        ("STREX_CALLBACK_SECRETS", ",", "no stop can"),
        ("QUIET_HOURS", "false", "Marketing waits"),
        ("GATEWAY", "house.sms.build", "SMS_OPERATOR"),
    ],
)
def test_production_does_not_start_without(name: str, value: str, why: str) -> None:
    failed = start(**{name: value})

    assert failed.returncode != 0
    assert why in failed.stderr


def test_the_embedded_installation_may_be_tried_at_any_hour() -> None:
    assert start(EMBEDDED="true", QUIET_HOURS="false").returncode == 0
