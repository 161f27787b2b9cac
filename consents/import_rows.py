"""What an import stores: people, consents and their evidence, by a handful of statements for each batch.

What is new is made with no more than is stored and than evidence reads: at a million rows, objects of the
models would be most of the work. It is made while the database stores what was made before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from consents import ledger
from consents.import_batches import Link
from consents.import_people import Context, People
from consents.import_rules import Good
from consents.models import Consent, ConsentEvent, Purpose, Subject, Suppression
from smsconsent import bulk, crypto
from smsconsent.phones import Phone
from smsconsent.trips import Trip


@dataclass(slots=True)
class _Subject:
    """What differs from one new subject to the next."""

    pk: int
    phone: Phone
    phone_index: bytes
    suppression_index: bytes
    public_id: UUID
    tag_key: bytes
    sealed_phone: crypto.Sealed
    sealed_tag_key: crypto.Sealed
    language: str
    event_count: int = 0
    last_event_hash: "bytes | memoryview[int]" = b""


@dataclass(slots=True)
class _Consent:
    """What differs from one new consent to the next."""

    pk: int
    public_id: UUID
    stop_nonce: bytes
    stop_digest: bytes
    subject: ledger.Person
    purpose: Purpose
    wording_id: int
    at: datetime
    valid_until: datetime | None
    last_event_id: str = ""
    source: str = Consent.Source.IMPORT.value


_CONSENT = {
    "id": "pk", "public_id": "public_id", "subject_id": "subject.pk", "purpose_id": "purpose.pk",
    "wording_id": "wording_id", "requested_at": "at", "answer_by": "at", "confirmed_at": "at",
    "valid_until": "valid_until", "stop_nonce": "stop_nonce", "stop_digest": "stop_digest",
    "last_event_id": "last_event_id",
}  # fmt: skip
_SUBJECT = {
    "id": "pk", "public_id": "public_id", "phone": "sealed_phone", "phone_index": "phone_index",
    "suppression_index": "suppression_index", "tag_key": "sealed_tag_key", "language": "language",
    "event_count": "event_count", "last_event_hash": "last_event_hash",
}  # fmt: skip


def write(context: Context, found: People, rows: list[Good], *, trip: Trip) -> None:
    """Store these consents with their evidence, and the people who are new. The trip ends the transaction."""
    people: dict[str, ledger.Person] = {
        e164: found.subjects[e164]
        for e164 in {good.row.phone.e164 for good in rows} & found.subjects.keys()
    }
    known = [found.subjects[e164] for e164 in people]
    new = _new_subjects(context, found, rows)
    people |= {subject.phone.e164: subject for subject in new}
    keys = bulk.reserve(Consent, len(rows))
    consents: list[_Consent] = []

    def lines() -> Iterator[ledger.Line]:
        for good, key in zip(rows, keys, strict=True):
            link = found.batch.links[good.row.row]
            consent = _consent(good, key, link, people[good.row.phone.e164])
            line = _line(context, good, consent)
            consent.last_event_id = line.event_id
            consents.append(consent)
            yield line

    ledger.store(lines(), count=len(rows), trip=trip)
    # The counters of the evidence stand on the people, so they come after it.
    bulk.insert_values(
        Subject,
        tuple(_SUBJECT),
        map(attrgetter(*_SUBJECT.values()), new),
        same=_same_of_all(context),
    )
    bulk.insert_values(
        Consent,
        tuple(_CONSENT),
        map(attrgetter(*_CONSENT.values()), consents),
        same={
            "state": Consent.State.GRANTED.value,
            "source": Consent.Source.IMPORT.value,
            "imported_by_id": context.run.pk,
        },
    )
    bulk.update(known, "event_count", "last_event_hash")


def _new_subjects(context: Context, found: People, rows: list[Good]) -> list[_Subject]:
    """Make a subject of each number that has none, in the language of the first words it said yes to."""
    first: dict[str, Good] = {}
    for good in rows:
        if good.row.phone.e164 not in found.subjects:
            first.setdefault(good.row.phone.e164, good)
    for e164 in {number for number, _purpose in found.blocked} & first.keys():
        # Blocked for another purpose, maybe under an older key: a block is found by the current one.
        Suppression.objects.renew(context.run.organisation, first[e164].row.phone)
    batch = found.batch
    return [
        _Subject(
            key,
            good.row.phone,
            batch.lookups.indexes[e164],
            batch.blocks.indexes[e164],
            *batch.newcomers[e164],
            good.wording.language,
        )
        for (e164, good), key in zip(first.items(), bulk.reserve(Subject, len(first)), strict=True)
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


def _consent(good: Good, key: int, link: Link, subject: ledger.Person) -> _Consent:
    return _Consent(key, *link, subject, good.purpose, good.wording.pk, good.at, good.valid_until)


def _line(context: Context, good: Good, consent: _Consent) -> ledger.Line:
    run, row = context.run, good.row
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
        wording=good.wording,
        proof=ledger.Proof("import", facts=facts),
        said_at=good.at,
        now=context.now,
    )
