"""`make run` as a newcomer meets it: keeps its data, ends cleanly, and says in a sentence what is wrong."""

import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import servers
from tests.installation import _clean, embedded, eventually
from tests.settings import IS_POSTGRES

pytestmark = pytest.mark.skipif(IS_POSTGRES, reason="the embedded installation is on SQLite")


def run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment: dict[str, str | None] = {
        **_clean(),
        "VAR": str(folder),
        "PATH": "/usr/bin:/bin",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "manage.py", "run"],
        env={name: value for name, value in environment.items() if value is not None},
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_starts_again_within_five_seconds_and_keeps_its_data(tmp_path: Path) -> None:
    with embedded(tmp_path) as first:
        passwords = first.passwords
        first.visitor().send("/nordlys/tilbud/", {"phone": "900 00 041", "agree": "on"})
        first.wait_for_text("+4790000041", "JA")

    began = time.monotonic()
    with embedded(tmp_path) as second:
        took = time.monotonic() - began

    with sqlite3.connect(tmp_path / "smsconsent.sqlite3") as database:
        (count,) = database.execute("SELECT count(*) FROM consents_consent").fetchone()
    database.close()
    assert second.passwords == passwords
    assert count > 120
    # Two processors share this machine with the rest of the suite; alone it takes under three.
    assert took < 10


def test_ctrl_c_ends_everything_cleanly(tmp_path: Path) -> None:
    with embedded(tmp_path) as running:
        process = running.processes["run"]
        process.process.send_signal(signal.SIGINT)
        assert process.process.wait(40) == 0
        log = process.log.read_text(encoding="utf-8")

        assert "Traceback" not in log
        assert log.rstrip().endswith("Stopped.")
        assert not running.simulator.is_ready()


def test_the_simulator_ends_with_it_even_when_it_is_killed(tmp_path: Path) -> None:
    with embedded(tmp_path) as running:
        running.processes["run"].kill()

        eventually(lambda: not running.simulator.is_ready(), "the simulator has ended")


def test_a_busy_port_is_named_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])

        ended = run(tmp_path, PORT=port, SIMULATOR_PORT=str(servers.free_port()))

    assert ended.returncode == 1
    assert f"Port {port} is in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_cannot_be_made_is_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    ended = run(tmp_path / "file" / "var")

    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert "var" in ended.stderr


def test_keys_are_for_the_owner_alone(tmp_path: Path) -> None:
    with embedded(tmp_path):
        modes = {
            path.name: path.stat().st_mode & 0o077
            for path in (tmp_path / "keys.env", tmp_path / "passwords.txt")
        }

    assert set(modes.values()) == {0}
