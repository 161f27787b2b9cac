"""A batch of an import, as far as it can be made without asking the database: while that is busy."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_bytes
from typing import NamedTuple
from uuid import UUID, uuid4

from consents import ledger
from consents.models import Subject
from consents.sheets import Broken, Row
from smsconsent import crypto, signing
from smsconsent.lookups import Keys
from smsconsent.phones import Phone


@dataclass(slots=True)
class Pseudonyms:
    """Number → what it is stored under now, and what it may be stored under → number: for one use."""

    indexes: dict[str, bytes]
    numbers: dict[bytes, str]
    keys: Keys[bytes]

    @classmethod
    def of(cls, phones: dict[str, Phone], *, use: str, organisation: int | None) -> "Pseudonyms":
        found = crypto.blind_indexes_of(phones.values(), use=use, organisation=organisation)
        numbers = {index: e164 for e164, indexes in found.items() for index in indexes}
        now = {e164: indexes[0] for e164, indexes in found.items()}
        return cls(now, numbers, Keys(numbers))


class Newcomer(NamedTuple):
    """What a number gets that nobody knows yet, as it is stored."""

    public_id: UUID
    tag_key: bytes
    sealed_phone: crypto.Sealed
    sealed_tag_key: crypto.Sealed


class Link(NamedTuple):
    """What a consent gets: its name in the journal, and its stop link."""

    public_id: UUID
    nonce: bytes
    digest: bytes


class Batch:
    """Some rows as they follow one another, and the pseudonyms of their numbers."""

    def __init__(self, rows: Sequence[Row | Broken], organisation: int) -> None:
        self.count = len(rows)
        self.rows = [row for row in rows if isinstance(row, Row)]
        self.broken = [row for row in rows if isinstance(row, Broken)]
        self.phones = {row.phone.e164: row.phone for row in self.rows}
        self.lookups = Pseudonyms.of(self.phones, use="lookup", organisation=organisation)
        self.blocks = Pseudonyms.of(self.phones, use="suppression", organisation=organisation)
        self.senders = Pseudonyms.of(self.phones, use="inbound", organisation=None)
        self.newcomers: dict[str, Newcomer] = {}
        self.links: dict[int, Link] = {}

    def expect_newcomers(self) -> None:
        """Make what the rows need if nobody knows their numbers: mostly so in an import, never in a check."""
        seal_phone = crypto.sealing_ahead(Subject, "phone")
        seal_key = crypto.sealing_ahead(Subject, "tag_key")
        for e164, phone in self.phones.items():
            key = token_bytes(ledger.TAG_KEY_BYTES)
            self.newcomers[e164] = Newcomer(uuid4(), key, seal_phone(phone), seal_key(key))
        self.links = {row.row: _link() for row in self.rows}


def _link() -> Link:
    nonce = token_bytes(16)
    token = signing.derived_token(nonce, purpose="stop")
    return Link(uuid4(), nonce, signing.digest(token, purpose="stop"))
