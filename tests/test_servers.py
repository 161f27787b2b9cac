"""The tests' own servers: one of each per run, and none left when the run is over."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from tests import servers
from tests.environment import ROOT
from tests.keeper import is_alive

RUN_AND_DIE = """
import os, signal
from tests import servers
servers.postgres(), servers.valkey()
print(servers.folder(), *os.listdir(servers.folder() / "processes"), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def run_and_die() -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop(servers.RUN_FOLDER)
    result = subprocess.run(
        [sys.executable, "-c", RUN_AND_DIE],
        check=False,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    return result.stdout.split()


def is_gone(folder: str, *pids: str) -> bool:
    return not Path(folder).exists() and not any(is_alive(int(pid)) for pid in pids)


@pytest.mark.slow
def test_a_killed_run_leaves_no_server_and_no_folder():
    folder, *pids = run_and_die()

    give_up_at = time.monotonic() + 20
    while not is_gone(folder, *pids) and time.monotonic() < give_up_at:
        time.sleep(0.05)

    assert len(pids) == 2
    assert is_gone(folder, *pids)


def test_postgres_is_version_18(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        assert connection.info.server_version // 10_000 == 18


def test_valkey_is_empty_at_the_start_of_a_test(valkey_url):
    with redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        assert client.info("server")["server_name"] == "valkey"


def test_a_process_that_does_not_start_shows_its_log():
    started = servers.spawn("failing", [sys.executable, "-c", "raise SystemExit('no such luck')"])

    with pytest.raises(RuntimeError, match="no such luck"):
        servers.wait_for(started, lambda: False)
