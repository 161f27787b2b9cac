"""The mobile phones of this world: what each has received and sent, and how each behaves."""

import re
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

from smsconsent.gateways.simulator.clock import iso

MOST_HANDSETS = 20_000
LONGEST_HISTORY = 500


@dataclass(slots=True)
class Entry:
    """One line of a conversation. `status`: what became of a message that the person sent."""

    id: str
    direction: str
    sender: str
    to: str
    text: str
    at: float
    status: str = ""

    def as_json(self) -> dict[str, str]:
        return {
            "id": self.id,
            "direction": self.direction,
            "sender": self.sender,
            "to": self.to,
            "text": self.text,
            "time": iso(self.at),
            "status": self.status,
        }


@dataclass(slots=True)
class Handset:
    """One phone. By default it is on and everything arrives."""

    number: str
    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=LONGEST_HISTORY))
    version: int = 0
    is_off: bool = False
    # A scripted end instead of delivery: StatusCode and DetailedStatusCode.
    status: str = ""
    detail: str = ""

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.version += 1

    def script(self, wanted: dict[str, Any]) -> None:
        """Set how it behaves. Raises ValueError for an unknown field."""
        if not wanted.keys() <= {"off", "status", "detail"}:
            raise ValueError("A number has: off, status, detail.")
        self.is_off = bool(wanted.get("off", self.is_off))
        self.status = str(wanted.get("status", self.status))
        self.detail = str(wanted.get("detail", self.detail))


class Handsets:
    """The phones by number. Those that were quiet longest are forgotten first."""

    def __init__(self) -> None:
        self._by_number: OrderedDict[str, Handset] = OrderedDict()

    def find(self, number: str) -> Handset | None:
        """Return a phone that has been used."""
        return self._by_number.get(number)

    def get(self, number: str) -> Handset:
        """Return a phone, new if need be."""
        handset = self._by_number.get(number)
        if handset is None:
            handset = self._by_number[number] = Handset(number)
            if len(self._by_number) > MOST_HANDSETS:
                self._by_number.popitem(last=False)
        self._by_number.move_to_end(number)
        return handset

    def clear(self) -> None:
        self._by_number.clear()

    def recent(self, limit: int) -> list[Handset]:
        """Return the phones that were used last, the newest first."""
        found = (handset for handset in reversed(self._by_number.values()) if handset.entries)
        return [handset for handset, _number in zip(found, range(limit), strict=False)]


def tidy_number(typed: str) -> str:
    """Return +47… for 90000001, 4790000001, 0047… and +47…; nothing for what is no number."""
    digits = re.sub(r"[\s().-]", "", typed)
    digits = re.sub(r"^00", "+", digits)
    if re.fullmatch(r"\d{8}", digits, re.ASCII):
        return "+47" + digits
    if re.fullmatch(r"\d{9,15}", digits, re.ASCII):
        return "+" + digits
    return digits if re.fullmatch(r"\+\d{6,15}", digits, re.ASCII) else ""
