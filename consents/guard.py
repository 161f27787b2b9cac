"""The other half of the restore guard: this database against the last published checkpoint (trust.md § 6).

The journal tells of each event; the published copy tells how large the sealed log was, and its root. A
database that lacks what was published, or holds something else, sends and seals nothing.
"""

import time

from django.conf import settings
from django.db import connection

from consents import logkeys, notes, proofs, publication, sealing

# Asked for each batch that leaves; looked up once a minute, and at once when something new was published.
EVERY = 60.0
OLDER = (
    "The database is older than the last published checkpoint ({published} sealed events, here are {here}): "
    "nothing is sent or sealed until manage.py replay_journal has run."
)
DIFFERS = (
    "The sealed log is not the one that was published ({published} events): nothing is sent or sealed "
    "until manage.py replay_journal has run."
)

_Seen = tuple[str, str, int, int]
_well: tuple[_Seen, float] | None = None


def problem() -> str:
    """Return "" while this database holds what was published last, else one sentence.

    A good answer counts for a minute, or until something is published; a bad one is never remembered.
    A process that has no LEDGER_FILE cannot compare; it relies on the journal.
    """
    global _well  # noqa: PLW0603  one answer for the whole process
    try:
        file = settings.LEDGER_FILE.stat()
    except OSError:
        return ""
    database = str(connection.settings_dict["NAME"])
    seen = (str(settings.LEDGER_FILE), database, file.st_mtime_ns, file.st_size)
    known = _well
    if known and known[0] == seen and time.monotonic() - known[1] < EVERY:
        return ""
    found = compare()
    _well = None if found else (seen, time.monotonic())
    return found


def compare() -> str:
    """Compare now. The published copy is read first: the database is then at least as new."""
    try:
        newest = publication.newest()
    except OSError:
        return ""
    if newest is None:
        return ""
    here, origin = sealing.log_size(), logkeys.origin()
    if newest.origin != origin:
        return _compare_names(newest, origin, here)
    if newest.size > here:
        return OLDER.format(published=newest.size, here=here)
    try:
        is_same = proofs.root_at(newest.size) == newest.root
    except publication.PublishedLogDiffers:
        is_same = False
    return "" if is_same else DIFFERS.format(published=newest.size)


def _compare_names(newest: notes.SignedNote, origin: str, here: int) -> str:
    """Compare with a checkpoint of another name: of the log before, of one after, or a strange one."""
    try:
        sealing.require_takeover(newest)
    except publication.PublishedLogDiffers:
        is_kin = newest.origin.rpartition("/")[0] == origin.rpartition("/")[0]
        return OLDER.format(published=newest.size, here=here) if is_kin else ""
    return ""
