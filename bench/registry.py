"""What is measured, at which size, and how a figure is told."""

import os
import pkgutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

from django.core.management import call_command
from django.db import connection, connections

import bench
from tests import servers

SIZES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000, "5m": 5_000_000}

# Target → what the design asks for (docs/performance.md). A target that no module measures is «not yet».
TARGETS = {
    "P1": "dispatch with everything on: ≥ 30 % of the raw pipeline, ≥ 20 × django-newsletter",
    "P2": "dispatch at 10 k, 100 k, 1 M: within 15 % of each other",
    "P3": "dispatch by 1 → 2 worker processes: ≥ 1.6 × until the cores are full",
    "P4": "freeze an audience: ≤ 2 × the bare INSERT … SELECT",
    "P5": "inbound STOP: ≥ 50 % of a minimal insert view, p99 ≤ 3 ×, ≤ 1.3 × beside a campaign",
    "P6": "public sign-up: ≥ 40 % of a minimal form post, ≥ 1.0 × django-newsletter",
    "P7": "receipts: ≥ 60 % of a minimal JSON-insert view",
    "P8": "consent with full evidence: ≥ 50 % of the same transaction without",
    "P9": "check API: ≥ 60 % of a minimal select view; ≥ 50 k numbers/s",
    "P10": "purge: ≤ 2 × the bare batched SQL, no lock longer than 200 ms",
    "P11": "CSV import: ≤ 3 × COPY + HMAC + encrypt, ≤ 200 MB",
    "P12": "portal list and search pages, 10 k → 1 M: ≤ 1.3 ×, ≤ 15 queries",
    "P13": "verifier, 1 M leaves: ≤ 15 s, ≤ 300 MB",
    "P14": "embedded start, second time: ≤ 5 s, ≤ 200 MB",
    "P15": "sealing ≥ 1,000 events/s; a proof at 1 M leaves ≤ 5 ms; verify 1 M events ≤ 60 s",
    "P16": "erasing one number, 10 k → 1 M: ≤ 1.3 ×; with 10,000 deliveries: ≤ 60 s",
    "P17": "confirmations and receipts of a STOP beside a campaign: at the gateway within 2 s",
    "P18": "a STOP while tables of 128 MB are written anew at night: ≤ 5 s (INV-5)",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `is_met` is None for a figure that only informs.

    `numbers` go to bench/results.json, by name with the unit in it: `per_second`, `ratio`, `mb`.
    """

    target: str
    what: str
    says: str
    is_met: bool | None = None
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bench:
    """One run. `sizes` grow to the chosen scale; `size` is the largest."""

    scale: str

    @property
    def sizes(self) -> list[int]:
        return [size for size in SIZES.values() if size <= SIZES[self.scale]]

    @property
    def size(self) -> int:
        return SIZES[self.scale]

    @contextmanager
    def database(self) -> Iterator[str]:
        """Yield the URL of an empty, migrated PostgreSQL database that this process is connected to."""
        with servers.fresh_database() as url:
            before = connection.settings_dict["NAME"]
            connection.settings_dict["NAME"] = url.rsplit("/", 1)[1]
            call_command("migrate", verbosity=0)
            try:
                yield url
            finally:
                connections.close_all()
                connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one
                connection.settings_dict["NAME"] = before


def chosen_scale() -> str:
    """Return the scale that the environment names (`SCALE=1m make bench`), 100k by default."""
    scale = os.environ.get("SCALE", "100k").lower()
    if scale not in SIZES:
        raise SystemExit(f"SCALE is one of {', '.join(SIZES)}.")
    return scale


def modules() -> list[ModuleType]:
    """Return the modules that measure, in the order of their names."""
    names = sorted(each.name for each in pkgutil.iter_modules(bench.__path__))
    return [
        import_module(f"bench.{name}") for name in names if name[:1] == "p" and name[1:3].isdigit()
    ]


def timed(work: Callable[..., object], *values: Any, **named: Any) -> float:
    """Return how many seconds the work took, called with these values."""
    began = time.perf_counter()
    work(*values, **named)
    return time.perf_counter() - began


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
