"""A row whose content is known: it shows that this process has the keys of this database (trust.md § 4).

With the wrong FERNET_KEYS nothing opens; with the wrong INDEX_KEYS nobody is found again, and each person
would quietly be taken in a second time. So web and worker do not start.
"""

from django.db import DatabaseError

from consents.models import KeyCanary
from smsconsent import crypto

WORD = "smsconsent canary v1"
PROBLEM = "FERNET_KEYS or INDEX_KEYS are not those of this database: put the right ones back."


def plant() -> None:
    """Make the row, under the keys of today, unless there is one."""
    if not KeyCanary.objects.exists():
        KeyCanary.objects.create(
            word=WORD,
            key_id=crypto.current_key_id(),
            index=crypto.keyed_digest(WORD.encode(), use="canary"),
            index_key_id=crypto.current_index_key_id(),
        )


def problem() -> str:
    """Return "" while every canary opens and its pseudonym recomputes, else one sentence."""
    forms = crypto.keyed_digests(WORD.encode(), use="canary")
    try:
        is_right = all(
            row.word == WORD and bytes(row.index) in forms for row in KeyCanary.objects.all()
        )
    except crypto.CannotDecrypt:
        is_right = False
    return "" if is_right else PROBLEM


def require_right_keys() -> None:
    """Raise SystemExit on a mismatch. A database that is not there yet is no mismatch."""
    try:
        found = problem()
    except DatabaseError:
        return
    if found:
        raise SystemExit(found)
