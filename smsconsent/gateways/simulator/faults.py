"""Faults on demand, a number of times or at a rate."""

import random
from dataclasses import dataclass, fields
from typing import Any

REQUEST_KINDS = frozenset(
    {"answer", "hang", "hang_after", "drop_before", "drop_after", "slow_body"}
)
RECEIPT_KINDS = frozenset(
    {
        "receipt_twice",
        "receipt_reordered",
        "receipt_delayed",
        "receipt_lost",
        "sent_after_ok",
        "ok_after_failed",
        "unknown_status",
        "missing_fields",
        "extra_fields",
    }
)
HEADER_KINDS = frozenset(
    {"header_missing", "header_bad", "header_old", "header_unknown_key", "header_expired_key"}
)
KINDS = REQUEST_KINDS | RECEIPT_KINDS | HEADER_KINDS


@dataclass(slots=True)
class Fault:
    """One kind of trouble. `count` times; without a count for ever; each time with chance `rate`.

    `path` limits a fault of requests to addresses that begin so. `status`, `retry_after` and `body` are
    for `answer`; `seconds` for those that hang, are slow or are delayed.
    """

    kind: str
    count: int | None = None
    rate: float = 1.0
    path: str = "/api/"
    status: int = 500
    retry_after: int | None = None
    body: str | None = None
    seconds: float = 60.0


class Faults:
    """The faults that are in force."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        # The same faults at the same rate strike the same messages in each run of a test.
        self._random = random.Random(1)  # noqa: S311  not for secrets

    def add(self, wanted: dict[str, Any]) -> None:
        """Put a fault in force. Raises ValueError for one that does not exist."""
        known = {field.name for field in fields(Fault)}
        if wanted.get("kind") not in KINDS or not wanted.keys() <= known:
            raise ValueError(f"A fault has a kind ({', '.join(sorted(KINDS))}) and known fields.")
        self.active.append(Fault(**wanted))

    def take(self, kind: str, path: str = "/api/") -> Fault | None:
        """Return the fault of that kind which strikes now, and use it up by one."""
        for fault in self.active:
            if fault.kind != kind or not path.startswith(fault.path):
                continue
            if fault.rate < 1 and self._random.random() >= fault.rate:
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self.active.remove(fault)
            return fault
        return None
