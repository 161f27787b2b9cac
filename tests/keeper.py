"""Stops what a test run has started, when the run ends: also when it was killed.

Runs as a process of its own. Its standard input is a pipe that only the test run holds open, so the end
of the input is the end of the run, whatever ended it. Then every process named in the run's folder is
stopped, in its own way if it can within a few seconds, and the folder is deleted.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PATIENCE = 3.0  # seconds


def is_alive(pid: int) -> bool:
    """Return whether the process runs. One that has ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return state != "Z"


def processes(folder: Path) -> dict[int, int]:
    """Return the processes that the run has not stopped itself, each with the signal that stops it."""
    return {int(file.name): int(file.read_text()) for file in folder.glob("processes/[0-9]*")}


def stop_all(folder: Path) -> None:
    found = processes(folder)
    for pid, number in found.items():
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at and any(map(is_alive, found)):
        time.sleep(0.02)
    # Each of them leads a group of its own, so its children go with it.
    for pid in found:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    run_folder = Path(sys.argv[1])
    sys.stdin.buffer.read()
    stop_all(run_folder)
    shutil.rmtree(run_folder, ignore_errors=True)
