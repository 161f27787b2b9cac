"""P14: how soon a newcomer's installation answers when it is started again, and how much memory it takes."""

from collections.abc import Iterator
from pathlib import Path

from bench.registry import Bench, Figure, timed
from tests.installation import embedded

MEASURES = ("P14",)


def measure(bench: Bench) -> Iterator[Figure]:
    with embedded() as first:
        folder = Path(str(first.variables["VAR"]))
    again = embedded(folder)
    running = None

    def start() -> None:
        nonlocal running
        running = again.__enter__()

    seconds = timed(start)
    assert running is not None
    megabytes = memory_of(running.processes["run"].pid)
    again.__exit__(None, None, None)
    yield Figure(
        "P14",
        "embedded start, second time",
        f"{seconds:.1f} s; {megabytes:.0f} MB",
        seconds <= 5 and megabytes <= 200,
        {"seconds": seconds, "mb": megabytes},
    )


def memory_of(pid: int) -> float:
    """Return the memory of a process and its children, shared pages counted once a process, in MB."""
    total = 0.0
    for each in [pid, *children(pid)]:
        for line in Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) / 1024
    return total


def children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(each) for file in lists for each in file.read_text(encoding="ascii").split()]
    return found + [grandchild for each in found for grandchild in children(each)]
