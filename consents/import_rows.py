"""What an import stores: people, consents and their evidence, by a handful of statements for each batch.

What is new is made with no more than is stored and than evidence reads: at a million rows, objects of the
models would be most of the work. It is made while the database stores what was made before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

from consents import ledger
from consents.dates import add_months
from consents.import_people import Context, People
from consents.models import Consent, ConsentEvent, Purpose, Subject, Suppression, Wording
from consents.sheets import Row
from smsconsent import bulk, crypto, signing
from smsconsent.phones import Phone


@dataclass(slots=True)
class _Subject:
    """What differs from one new subject to the next."""

    pk: int
    public_id: UUID
    phone: Phone
    phone_index: bytes
    suppression_index: bytes
    tag_key: bytes
    language: str
    event_count: int = 0
    last_event_hash: "bytes | memoryview[int]" = b""


@dataclass(slots=True)
class _Consent:
    """What differs from one new consent to the next."""

    pk: int
    public_id: UUID
    subject: ledger.Person
    purpose: Purpose
    wording: Wording
    at: datetime
    valid_until: datetime | None
    stop_nonce: bytes
    stop_digest: bytes
    last_event_id: str = ""
    source: str = Consent.Source.IMPORT.value


_COLUMNS = {
    "id": "pk", "public_id": "public_id", "subject_id": "subject.pk", "purpose_id": "purpose.pk",
    "wording_id": "wording.pk", "requested_at": "at", "answer_by": "at", "confirmed_at": "at",
    "valid_until": "valid_until", "stop_nonce": "stop_nonce", "stop_digest": "stop_digest",
    "last_event_id": "last_event_id",
}  # fmt: skip
_SUBJECT = tuple(_Subject.__slots__)


def write(context: Context, found: People, rows: list[Row]) -> None:
    """Store these consents with their evidence, and the people who are new."""
    people: dict[str, ledger.Person] = {
        e164: found.subjects[e164]
        for e164 in {row.phone.e164 for row in rows} & found.subjects.keys()
    }
    known = [found.subjects[e164] for e164 in people]
    new = _new_subjects(context, found, rows)
    people |= {subject.phone.e164: subject for subject in new}
    keys = bulk.reserve(Consent, len(rows))
    consents: list[_Consent] = []

    def lines() -> Iterator[ledger.Line]:
        for row, key in zip(rows, keys, strict=True):
            consent = _consent(context, row, key, people[row.phone.e164])
            line = _line(context, row, consent)
            consent.last_event_id = line.event_id
            consents.append(consent)
            yield line

    ledger.store(lines(), count=len(rows))
    # The counters of the evidence stand on the people, so they come after it.
    bulk.insert_values(
        Subject,
        ("id", *_SUBJECT[1:]),
        map(attrgetter(*_SUBJECT), new),
        same=_same_of_all(context),
    )
    bulk.insert_values(
        Consent,
        tuple(_COLUMNS),
        map(attrgetter(*_COLUMNS.values()), consents),
        same={
            "state": Consent.State.GRANTED.value,
            "source": Consent.Source.IMPORT.value,
            "imported_by_id": context.run.pk,
        },
    )
    bulk.update(known, "event_count", "last_event_hash")


def _new_subjects(context: Context, found: People, rows: list[Row]) -> list[_Subject]:
    """Make a subject of each number that has none, in the language of the first words it said yes to."""
    first: dict[str, Row] = {}
    for row in rows:
        if row.phone.e164 not in found.subjects:
            first.setdefault(row.phone.e164, row)
    for e164 in {number for number, _purpose in found.blocked} & first.keys():
        # Blocked for another purpose, maybe under an older key: a block is found by the current one.
        Suppression.objects.renew(context.run.organisation, first[e164].phone)
    lookups, blocks = found.batch.lookups.indexes, found.batch.blocks.indexes
    return [
        _Subject(
            key,
            uuid4(),
            row.phone,
            lookups[e164],
            blocks[e164],
            token_bytes(ledger.TAG_KEY_BYTES),
            _wording(context, row).language,
        )
        for (e164, row), key in zip(first.items(), bulk.reserve(Subject, len(first)), strict=True)
    ]


def _same_of_all(context: Context) -> dict[str, Any]:
    """Return what is the same on all new subjects of this run."""
    index_key = crypto.current_index_key_id()
    return {
        "organisation_id": context.run.organisation_id,
        "index_key_id": index_key,
        "suppression_key_id": index_key,
        "key_id": crypto.current_key_id(),
        "created_at": context.now,
        "suspended_for": "",
        "bounce_count": 0,
    }


def _consent(context: Context, row: Row, key: int, subject: ledger.Person) -> _Consent:
    purpose, nonce = context.purposes[row.purpose], token_bytes(16)
    return _Consent(
        key,
        uuid4(),
        subject,
        purpose,
        _wording(context, row),
        row.at,
        add_months(row.at, purpose.consent_months),
        nonce,
        signing.digest(signing.derived_token(nonce, purpose="stop"), purpose="stop"),
    )


def _line(context: Context, row: Row, consent: _Consent) -> ledger.Line:
    run = context.run
    facts: ledger.Facts = {
        "import": run.public_id.hex,
        "row": row.row,
        "file_sha256": run.sha256,
        "proof_sha256": run.proof_sha256,
        "said_by": row.method,
        "collected_from": row.source,
    }
    return ledger.prepare(
        ConsentEvent.Type.GRANTED,
        subject=consent.subject,
        consent=consent,
        wording=consent.wording,
        proof=ledger.Proof("import", facts=facts),
        said_at=row.at,
        now=context.now,
    )


def _wording(context: Context, row: Row) -> Wording:
    wording = context.wordings[context.purposes[row.purpose].pk, row.wording]
    assert wording is not None, "a row without a wording is not good"
    return wording
