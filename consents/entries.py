"""Entries about the log itself: its keys, and the log before it (docs/evidence.md, decisions 19, 21). Pure.

They are leaves like the header of any event, so that every anchor covers them. They name no person, and
have neither `tag` nor `commit`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from consents import notes
from consents.canonical import canonical_json

KEY_ANNOUNCED, KEY_RETIRED, LOG_BEGUN = "key_announced", "key_retired", "log_begun"
KINDS = frozenset({KEY_ANNOUNCED, KEY_RETIRED, LOG_BEGUN})
# What is signed must not be taken for anything else that these keys sign.
LABEL = b"smsconsent/key-change/v1\0"
SIGNATURES = frozenset({"by_key", "by_former"})


@dataclass(frozen=True, slots=True)
class LogChange:
    """An entry that says how the log itself changes. `index` is its place, None until it is sealed."""

    index: int | None
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.content["type"])

    @property
    def key(self) -> bytes:
        """The public key that the entry is about. 32 bytes."""
        return notes.read_verifier_key(self.content["key"])[1]

    @property
    def former(self) -> bytes:
        """The public key that signed before an announced one. 32 bytes."""
        return notes.read_verifier_key(self.content["former"])[1]


def compose(kind: str, *, origin: str, at: datetime, **facts: str | int) -> dict[str, Any]:
    """Return the content of a new entry: strings and whole numbers only."""
    named = {"v": 1, "type": kind, "event_id": token_hex(16), "origin": origin, "at": moment(at)}
    return named | facts


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def statement(content: dict[str, Any]) -> bytes:
    """Return what the former key and the new one sign of an announcement: all but the signatures."""
    signed = {name: value for name, value in content.items() if name not in SIGNATURES}
    return LABEL + canonical_json(signed)


def signers(found: Iterable[LogChange], *, size: int, first: bytes) -> list[bytes]:
    """Return the public keys that must sign the log of `size` entries, the newest first.

    A key signs from the checkpoint that covers its announcement, and no longer from the one that covers
    its retirement. In between, both do. `first` is the key that signed before any was announced.
    """
    keys = [first]
    for entry in found:
        if entry.index is not None and entry.index < size:
            if entry.kind == KEY_ANNOUNCED:
                keys.insert(0, entry.key)
            elif entry.kind == KEY_RETIRED:
                keys.remove(entry.key)
    return keys


def next_origin(origin: str) -> str:
    """Return the name of the log after this one: …/ledger/1 is followed by …/ledger/2."""
    base, slash, number = origin.rpartition("/")
    return f"{base}/{int(number) + 1}" if slash and number.isdecimal() else f"{origin}/2"


def begun(found: Sequence[LogChange]) -> list[LogChange]:
    """Return the entries with which a new log took over from one whose end was lost, oldest first."""
    return [entry for entry in found if entry.kind == LOG_BEGUN]


def announced(found: Sequence[LogChange]) -> list[LogChange]:
    return [entry for entry in found if entry.kind == KEY_ANNOUNCED]


def retired_keys(found: Sequence[LogChange]) -> dict[bytes, LogChange]:
    """Return the keys that are retired, or will be once their entry is sealed."""
    return {entry.key: entry for entry in found if entry.kind == KEY_RETIRED}
