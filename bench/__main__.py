"""`make bench`: measure on a PostgreSQL and a Valkey of its own; print a table, write bench/results.json.

`SCALE=10k|100k|1m|5m python -m bench [P1 P4 …]`. Absolute figures drift from machine to machine, so each
is compared with a bare version of the same work, measured in the same run.
"""

import json
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import django

from bench.registry import TARGETS, Bench, Figure, chosen_scale, modules, say

RESULTS = Path(__file__).with_name("results.json")
MARKS = {True: "met", False: "MISSED", None: "–"}


def main() -> None:
    wanted = set(sys.argv[1:]) or set(TARGETS)
    bench = Bench(chosen_scale())
    say(f"{machine()}; SCALE={bench.scale}\n")
    figures: list[Figure] = []
    for module in modules():
        if wanted.intersection(module.MEASURES):
            for figure in module.measure(bench):
                figures.append(figure)
                say(line_of(figure))
    for target in TARGETS:
        if target in wanted and target not in {figure.target for figure in figures}:
            say(f"{target:4} {TARGETS[target][:58]:58} not yet")
    write(bench, figures)


def machine() -> str:
    """Return what the figures were measured on, in one line."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"Django {django.__version__}"
    )


def line_of(figure: Figure) -> str:
    return f"{figure.target:4} {figure.what:58} {figure.says:44} {MARKS[figure.is_met]}"


def write(bench: Bench, figures: Iterable[Figure]) -> None:
    """Keep this run beside the targets that it did not measure."""
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": f"SCALE={bench.scale} make bench",
        "machine": machine(),
        "targets": TARGETS,
        "figures": [asdict(figure) for figure in figures],
    }
    RESULTS.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
