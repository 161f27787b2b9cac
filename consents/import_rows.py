"""What an import stores: people, consents and their evidence, by a handful of statements for each batch.

What is written stays plain values, and the objects that evidence is made from have no more fields than it
reads: at a million rows, objects would be most of the work.
"""

from secrets import token_bytes
from typing import Any
from uuid import uuid4

from consents import ledger
from consents.dates import add_months
from consents.import_rules import Context, People
from consents.models import Consent, ConsentEvent, Subject, Suppression, Wording
from consents.sheets import Row
from smsconsent import bulk, crypto, signing

# What differs from row to row, in the order of the models: `from_db` takes it so. The other columns are the
# same in all, or empty.
_SUBJECT = (
    "id", "organisation_id", "public_id", "phone", "phone_index", "suppression_index", "tag_key",
    "language", "event_count", "last_event_hash",
)  # fmt: skip
_CONSENT = (
    "id", "public_id", "subject_id", "purpose_id", "wording_id", "source", "requested_at", "answer_by",
    "confirmed_at", "valid_until", "stop_nonce", "stop_digest",
)  # fmt: skip


def write(context: Context, found: People, rows: list[Row]) -> None:
    """Store these consents with their evidence, and the people who are new."""
    known = [
        found.subjects[e164] for e164 in {row.phone.e164 for row in rows} & found.subjects.keys()
    ]
    new = _add_new_subjects(context, found, rows)
    keys = bulk.reserve(Consent, len(rows))
    consents = [_consent(context, found, row, key) for row, key in zip(rows, keys, strict=True)]
    lines = [
        _line(context, found, row, consent) for row, consent in zip(rows, consents, strict=True)
    ]
    # The counters of the evidence stand on the people, so they come after it.
    bulk.insert_values(
        Subject, _SUBJECT, [_values(each, _SUBJECT) for each in new], same=_same_of_all(context)
    )
    bulk.insert_values(
        Consent,
        (*_CONSENT, "last_event_id"),
        [
            (*_values(consent, _CONSENT), line.event.event_id)
            for consent, line in zip(consents, lines, strict=True)
        ],
        same={"state": Consent.State.GRANTED.value, "imported_by_id": context.run.pk},
    )
    ledger.store(lines)
    bulk.update(known, "event_count", "last_event_hash")


def _add_new_subjects(context: Context, found: People, rows: list[Row]) -> list[Subject]:
    """Make a subject of each number that has none, in the language of the first words it said yes to."""
    first = {row.phone.e164: row for row in reversed(rows)}
    unknown = [
        e164 for e164 in dict.fromkeys(row.phone.e164 for row in rows) if e164 not in found.subjects
    ]
    blocked = {number for number, _purpose in found.blocked}
    new = []
    for e164, key in zip(unknown, bulk.reserve(Subject, len(unknown)), strict=True):
        row = first[e164]
        if e164 in blocked:
            # Blocked for another purpose, maybe under an older key: a block is found by the current one.
            Suppression.objects.renew(context.run.organisation, row.phone)
        found.subjects[e164] = Subject.from_db(
            None,
            _SUBJECT,
            (
                key,
                context.run.organisation_id,
                uuid4(),
                row.phone,
                found.indexes["lookup"][e164],
                found.indexes["suppression"][e164],
                token_bytes(ledger.TAG_KEY_BYTES),
                _wording(context, row).language,
                0,
                b"",
            ),
        )
        new.append(found.subjects[e164])
    return new


def _same_of_all(context: Context) -> dict[str, Any]:
    """Return what is the same on all new subjects of this run."""
    index_key = crypto.current_index_key_id()
    return {
        "index_key_id": index_key,
        "suppression_key_id": index_key,
        "key_id": crypto.current_key_id(),
        "created_at": context.now,
        "suspended_for": "",
        "bounce_count": 0,
    }


def _consent(context: Context, found: People, row: Row, key: int) -> Consent:
    purpose, nonce = context.purposes[row.purpose], token_bytes(16)
    consent = Consent.from_db(
        None,
        _CONSENT,
        (
            key,
            uuid4(),
            found.subjects[row.phone.e164].pk,
            purpose.pk,
            _wording(context, row).pk,
            Consent.Source.IMPORT.value,
            row.at,
            row.at,
            row.at,
            add_months(row.at, purpose.consent_months),
            nonce,
            signing.digest(signing.derived_token(nonce, purpose="stop"), purpose="stop"),
        ),
    )
    consent.purpose = purpose
    return consent


def _line(context: Context, found: People, row: Row, consent: Consent) -> ledger.Line:
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
        subject=found.subjects[row.phone.e164],
        consent=consent,
        wording=_wording(context, row),
        proof=ledger.Proof("import", facts=facts),
        said_at=row.at,
        now=context.now,
    )


def _wording(context: Context, row: Row) -> Wording:
    wording = context.wordings[context.purposes[row.purpose].pk, row.wording]
    assert wording is not None, "a row without a wording is not good"
    return wording


def _values(made: Subject | Consent, names: tuple[str, ...]) -> tuple[Any, ...]:
    fields = vars(made)
    return tuple([fields[name] for name in names])
