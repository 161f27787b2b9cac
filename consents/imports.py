"""Importing consents that were given elsewhere, batch by batch (law.md L49, features F012, F013, F135).

Each batch is one transaction: subjects, consents, events and the checkpoint, each by a statement over the
whole batch. Killed anywhere, the import continues behind the last batch.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import islice
from secrets import token_bytes
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import F

from consents import ledger, sheets
from consents.dates import add_months
from consents.import_rules import Context, People, problem_with
from consents.models import (
    Consent,
    ConsentEvent,
    ConsentImport,
    ImportProblem,
    Purpose,
    Subject,
    Suppression,
)
from consents.sheets import Broken, Row
from smsconsent import bulk, crypto, signing

BATCH = 2000
# What is kept of the errors of one file: enough to mend it, and bounded.
MOST_PROBLEMS = 10_000

State = ConsentImport.State
Opener = Callable[[], BinaryIO]


class Interrupted(Exception):
    """Somebody else is working on this import, or it is through."""


def work(
    run: ConsentImport, open_file: Opener, *, now: datetime, until: Callable[[], bool]
) -> None:
    """Check or import the file, from the checkpoint on, until it is through or `until` says so.

    Checking writes nothing but the errors it finds. Raises Interrupted when another worker took over.
    """
    purposes = Purpose.objects.filter(organisation=run.organisation).select_related("organisation")
    context = Context(run, now, {purpose.slug: purpose for purpose in purposes})
    try:
        with open_file() as file:
            rows = sheets.read_rows(file, sheets.encoding_of(file))
            rest = islice(rows, run.done_count, None)
            while not until():
                batch = list(islice(rest, BATCH))
                if not batch:
                    _finish(run, now=now)
                    return
                _take(context, batch)
    except sheets.UnreadableFile as error:
        _fail(run, error, now=now)


def _take(context: Context, batch: list[Row | Broken]) -> None:
    """Settle one batch. When a sign-up makes one of its numbers known in this very moment: once more."""
    attempts = 5
    while True:
        try:
            with transaction.atomic():
                done = _settle(context, batch)
        except IntegrityError:
            attempts -= 1
            if not attempts:
                raise
            context.wordings.clear()
        else:
            vars(context.run).update(done)
            return


def _settle(context: Context, batch: list[Row | Broken]) -> dict[str, int]:
    run = context.run
    mine = ConsentImport.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if (mine.state, mine.done_count) != (run.state, run.done_count):
        raise Interrupted
    is_real = run.state == State.IMPORTING
    broken = [row for row in batch if isinstance(row, Broken)]
    found = People.of(context, [row for row in batch if isinstance(row, Row)], lock=is_real)
    good: list[Row] = []
    for row in found.rows:
        problem = problem_with(context, found, row)
        if problem:
            broken.append(problem)
        else:
            found.taken.add((row.phone.e164, row.purpose))
            good.append(row)
    if is_real:
        _write(context, found, good)
    _keep_problems(run, broken)
    done = {
        "done_count": run.done_count + len(batch),
        "good_count": run.good_count + len(good),
        "problem_count": run.problem_count + len(broken),
    }
    ConsentImport.objects.filter(pk=run.pk).update(**done)
    return done


# -- writing -------------------------------------------------------------------------------------------
def _write(context: Context, found: People, rows: list[Row]) -> None:
    """Store these consents with their evidence: a handful of statements, however many rows."""
    known = set(found.subjects)
    made = [_make(context, found, row) for row in rows]
    subjects = {row.phone.e164: found.subjects[row.phone.e164] for row in rows}
    new = [subject for e164, subject in subjects.items() if e164 not in known]
    blocked = {number for number, _purpose in found.blocked}
    for subject in new:
        if subject.phone.e164 in blocked:
            # Blocked for another purpose, maybe under an older key: a block is found by the current one.
            Suppression.objects.renew(context.run.organisation, subject.phone)
    bulk.insert(new)
    bulk.insert([consent for consent, _line in made])
    ledger.store([line for _consent, line in made])
    old = [subject for e164, subject in subjects.items() if e164 in known]
    Subject.objects.bulk_update(old, ["event_count", "last_event_hash"], batch_size=200)


def _make(context: Context, found: People, row: Row) -> tuple[Consent, ledger.Line]:
    run, purpose = context.run, context.purposes[row.purpose]
    wording = context.wordings[purpose.pk, row.wording]
    assert wording is not None, "a row without a wording is not good"
    if row.phone.e164 not in found.subjects:
        found.subjects[row.phone.e164] = _new_subject(
            context, found, row, language=wording.language
        )
    subject = found.subjects[row.phone.e164]
    nonce = token_bytes(16)
    consent = Consent(
        subject=subject,
        purpose=purpose,
        state=Consent.State.GRANTED,
        wording=wording,
        source=Consent.Source.IMPORT,
        imported_by=run,
        requested_at=row.at,
        answer_by=row.at,
        confirmed_at=row.at,
        valid_until=add_months(row.at, purpose.consent_months),
        stop_nonce=nonce,
        stop_digest=signing.digest(signing.derived_token(nonce, purpose="stop"), purpose="stop"),
    )
    facts: ledger.Facts = {
        "import": run.public_id.hex,
        "row": row.row,
        "file_sha256": run.sha256,
        "proof_sha256": run.proof_sha256,
        "said_by": row.method,
        "collected_from": row.source,
    }
    line = ledger.prepare(
        ConsentEvent.Type.GRANTED,
        subject=subject,
        consent=consent,
        wording=wording,
        proof=ledger.Proof("import", facts=facts),
        said_at=row.at,
        now=context.now,
    )
    consent.last_event_id = line.event.event_id
    return consent, line


def _new_subject(context: Context, found: People, row: Row, *, language: str) -> Subject:
    return Subject(
        organisation=context.run.organisation,
        phone=row.phone,
        phone_index=found.indexes["lookup"][row.phone.e164],
        suppression_index=found.indexes["suppression"][row.phone.e164],
        tag_key=token_bytes(ledger.TAG_KEY_BYTES),
        key_id=crypto.current_key_id(),
        language=language,
        created_at=context.now,
    )


# -- the run -------------------------------------------------------------------------------------------
def _keep_problems(run: ConsentImport, broken: Iterable[Broken]) -> None:
    room = max(0, MOST_PROBLEMS - run.problem_count)
    ImportProblem.objects.bulk_create(
        ImportProblem(run=run, row=each.row, column=each.column, code=each.code, cell=each.cell)
        for each in islice(sorted(broken, key=lambda each: each.row), room)
    )


def _finish(run: ConsentImport, *, now: datetime) -> None:
    """Say that the file is through. What was uploaded is needed no more once it is imported."""
    after = {State.CHECKING: State.CHECKED, State.IMPORTING: State.IMPORTED}[State(run.state)]
    changed = ConsentImport.objects.filter(pk=run.pk, state=run.state, done_count=run.done_count)
    if not changed.update(state=after, row_count=F("done_count"), finished_at=now):
        raise Interrupted
    run.refresh_from_db()
    if after == State.IMPORTED:
        run.chunks.all().delete()


def _fail(run: ConsentImport, error: sheets.UnreadableFile, *, now: datetime) -> None:
    with transaction.atomic():
        run.state, run.finished_at = State.UNREADABLE, now
        run.save(update_fields=["state", "finished_at"])
        run.problems.filter(row=1).delete()
        ImportProblem.objects.create(
            run=run, row=1, column=error.missing, code=error.code, cell=error.missing
        )
        run.chunks.all().delete()


def advance(*, clock: Callable[[], datetime], until: Callable[[], bool]) -> None:
    """Go on with every import whose file was uploaded, wherever each stopped."""
    working = ConsentImport.objects.filter(state__in=[State.CHECKING, State.IMPORTING])
    uploaded = working.filter(chunks__number=0).select_related("organisation", "by")
    for run in uploaded.order_by("pk")[:20]:
        if until():
            return
        # Another worker is ahead of this one.
        with suppress(Interrupted):
            work(run, partial(_uploaded, run), now=clock(), until=until)


def _uploaded(run: ConsentImport) -> BinaryIO:
    chunks = run.chunks.order_by("number").iterator(chunk_size=1)
    return BytesIO(b"".join(bytes(chunk.content) for chunk in chunks))
