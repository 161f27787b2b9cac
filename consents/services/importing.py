"""Importing consents that were given elsewhere: open, start, approve. What workers do stands in `imports`."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from django.db import transaction

from consents import tasks
from consents.imports import Opener
from consents.models import ConsentImport, ImportChunk, Organisation
from smsconsent.staff.models import User

CHUNK = 256 * 1024
State = ConsentImport.State


@transaction.atomic
def open_import(
    organisation: Organisation,
    open_file: Opener,
    *,
    by: User | None,
    proof: bytes = b"",
    proof_type: str = "",
    is_dry_run: bool = True,
    now: datetime,
) -> ConsentImport:
    """Return the import of this file: a new one, or the one that the same file has made before.

    The proof chosen last is kept, until something was imported and rests on an earlier one.
    """
    with open_file() as file:
        digest = digest_of(file)
    evidence = {
        "proof": proof or None,
        "proof_type": proof_type,
        "proof_sha256": sha256(proof).hexdigest() if proof else "",
    }
    state = State.CHECKING if is_dry_run else State.IMPORTING
    found, is_new = ConsentImport.objects.get_or_create(
        organisation=organisation,
        sha256=digest,
        defaults={"state": state, "by": by, "created_at": now, **evidence},
    )
    unused = ConsentImport.objects.filter(pk=found.pk, state__in=[State.CHECKING, State.CHECKED])
    if not is_new and proof and unused.update(**evidence):
        found.refresh_from_db()
    return found


def digest_of(file: BinaryIO) -> str:
    """Return the SHA-256 of a file, read piece by piece."""
    digest = sha256()
    file.seek(0)
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


@transaction.atomic
def keep_upload(run: ConsentImport, pieces: Iterable[bytes]) -> None:
    """Keep an uploaded file, encrypted, until the import is through, and have it worked on."""
    if run.state not in {State.CHECKING, State.CHECKED, State.IMPORTING} or run.is_kept:
        return
    for number, piece in enumerate(pieces):
        ImportChunk.objects.create(run=run, number=number, content=piece)
    tasks.advance_imports.delay_on_commit()


@transaction.atomic
def start_import(run: ConsentImport) -> bool:
    """Import what was checked. Return whether this call started it."""
    started = ConsentImport.objects.filter(pk=run.pk, state=State.CHECKED).update(
        state=State.IMPORTING,
        done_count=0,
        good_count=0,
        problem_count=0,
        finished_at=None,
    )
    if started:
        run.problems.all().delete()
        run.refresh_from_db()
        tasks.advance_imports.delay_on_commit()
    return bool(started)


@transaction.atomic
def approve_import(run: ConsentImport, *, by: User, reason: str, now: datetime) -> bool:
    """Let what was imported be sent to. Who, when and why stays with it. Return whether this call did it."""
    waiting = ConsentImport.objects.filter(pk=run.pk, state=State.IMPORTED, approved_at=None)
    return bool(waiting.update(approved_at=now, approved_by=by, approval_reason=reason))
