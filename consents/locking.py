"""Locks on a person's consents, in the one order that all keep: subjects, then consents, each by key.

Read after the locks, in a statement of its own: a locking join does not re-read its other tables once it
has waited (trust.md § 7). NO KEY UPDATE: a sender that writes twice to one delivery has PostgreSQL check
its foreign keys, and those locks (KEY SHARE) would wait here for a withdrawal that itself waits for the
sender. On SQLite the transaction holds the only write lock from its start.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from consents.models import Consent, Purpose, Subject, Wording
from smsconsent.trips import Trip, columns, load, load_all, places, stored

# One number for all imports of all organisations: a batch is over in a fraction of a second.
IMPORT = 817


def hold_back_strangers() -> None:
    """For an import: until its batch is over, a stop from a number that nobody knows waits.

    Nothing else stands between them: the number gets its row from the import.
    """
    _take("pg_advisory_xact_lock")


def wait_for_imports() -> None:
    """For a stop from a number that nobody knows: any batch that may be storing it is over, and the next one
    finds the message.
    """
    _take("pg_advisory_xact_lock_shared")


def _take(function: str) -> None:
    # On SQLite the transaction holds the only write lock from its start.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [IMPORT])


def lock(ids: Sequence[int]) -> list[Consent]:
    """Lock these consents, and return them as they are now, each with its subject, purpose and wording.

    One that was erased meanwhile is missing.
    """
    if not ids:
        return []
    which = f"c.id IN {places(ids)}"
    whose = f"s.id IN (SELECT c.subject_id FROM consents_consent c WHERE {which})"  # noqa: S608  placeholders
    return _lock((whose, ids), (which, ids))[1]


def lock_number(
    indexes: dict[int, list[bytes]], purposes: Sequence[int]
) -> tuple[list[Subject], list[Consent]]:
    """Lock what one number has at these organisations, and its consents to these purposes.

    `indexes` are the forms that the number may be stored under, by organisation (crypto.blind_indexes).
    """
    if not indexes:
        return [], []
    whose = " OR ".join(
        f"(s.organisation_id = %s AND s.phone_index IN {places(forms)})"
        for forms in indexes.values()
    )
    numbers: list[Any] = []
    for organisation, forms in indexes.items():
        numbers += [organisation, *(stored(Subject, "phone_index", form) for form in forms)]
    which = (
        f"c.subject_id IN (SELECT s.id FROM consents_subject s WHERE {whose})"  # noqa: S608  placeholders
        f" AND c.purpose_id IN {places(purposes)}"
    )
    return _lock((whose, numbers), (which, [*numbers, *purposes]))


def _lock(
    whose: tuple[str, Sequence[Any]], which: tuple[str, Sequence[Any]]
) -> tuple[list[Subject], list[Consent]]:
    trip = Trip()
    waiting = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    subjects = trip.add(
        f"SELECT {columns(Subject, 's')} FROM consents_subject s"  # noqa: S608  names and placeholders
        f" WHERE {whose[0]} ORDER BY s.id{waiting}",
        whose[1],
    )
    if waiting:
        trip.add(
            f"SELECT c.id FROM consents_consent c WHERE {which[0]} ORDER BY c.id{waiting}",  # noqa: S608  the same
            which[1],
        )
    consents = trip.add(
        f"SELECT {columns(Consent, 'c')}, {columns(Purpose, 'p')}, {columns(Wording, 'w')}"  # noqa: S608  the same
        " FROM consents_consent c JOIN consents_purpose p ON p.id = c.purpose_id"
        f" JOIN consents_wording w ON w.id = c.wording_id WHERE {which[0]} ORDER BY c.id",
        which[1],
    )
    trip.go()
    people = [load(Subject, row) for row in subjects.rows]
    by_key = {person.pk: person for person in people}
    return people, [_consent(row, by_key) for row in consents.rows]


def _consent(row: Sequence[Any], people: dict[int, Subject]) -> Consent:
    consent: Consent
    consent, purpose, wording = load_all((Consent, Purpose, Wording), row)
    consent.purpose, consent.wording = purpose, wording
    consent.subject = people[consent.subject_id]
    return consent
