"""Importing consents that were given elsewhere, batch by batch (law.md L49, features F012, F013, F135).

Each batch is one transaction: subjects, consents, events and the checkpoint, each by a statement over the
whole batch. Killed anywhere, the import continues behind the last batch. While the database checks the keys
of one batch, the next is read.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import islice, takewhile
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import F

from consents import import_rows, locking, sheets
from consents.import_batches import Batch
from consents.import_people import Context, People
from consents.import_rules import Good, judge
from consents.models import ConsentImport, ImportProblem, Purpose
from consents.sheets import Broken, Row
from consents.turns import take_turns
from smsconsent import bulk
from smsconsent.trips import Trip

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
            _skip(context, islice(rows, run.done_count))
            batches = _Batches(context, rows)
            while not until():
                batch = batches.take()
                if not batch.count:
                    _finish(run, now=now)
                    return
                _take(context, batch, meanwhile=batches.read_ahead)
    except sheets.UnreadableFile as error:
        _fail(run, error, now=now)


class _Batches:
    """The rows of a file by the batch. The next may be read while this one is stored."""

    def __init__(self, context: Context, rows: Iterator[Row | Broken]) -> None:
        self._context, self._rows = context, rows
        self._next: Batch | sheets.UnreadableFile | None = None

    def read_ahead(self) -> None:
        """Read the next batch, once. What is wrong with the file is told when it is taken, not before."""
        if self._next is not None:
            return
        try:
            batch = Batch(list(islice(self._rows, BATCH)), self._context.run.organisation_id)
        except sheets.UnreadableFile as error:
            self._next = error
            return
        if self._context.run.state == State.IMPORTING:
            batch.expect_newcomers()
        self._next = batch

    def take(self) -> Batch:
        """Return the next batch; an empty one at the end. Raises UnreadableFile."""
        self.read_ahead()
        taken, self._next = self._next, None
        if not isinstance(taken, Batch):
            assert taken is not None
            raise taken
        return taken


def _skip(context: Context, settled: Iterator[Row | Broken]) -> None:
    """Pass over what is settled. Checking remembers it, since it has left no consent to be found."""
    if context.run.state != State.CHECKING:
        deque(settled, maxlen=0)
        return
    bad = set(context.run.problems.values_list("row", flat=True))
    for row in settled:
        if isinstance(row, Row) and row.row not in bad and (key := context.key_of(row)):
            context.seen.add(key)


def _take(context: Context, batch: Batch, *, meanwhile: Callable[[], None]) -> None:
    """Settle one batch. When a sign-up makes one of its numbers known in this very moment: once more."""
    attempts = 5
    while True:
        try:
            with transaction.atomic():
                trip = Trip()
                done, taken = _settle(context, batch, trip=trip)
                bulk.check_keys(trip, meanwhile=meanwhile)
        except IntegrityError:
            attempts -= 1
            if not attempts:
                raise
            context.wordings.clear()
        else:
            vars(context.run).update(done)
            if context.run.state == State.CHECKING:
                for key in taken:
                    context.seen.add(key)
            return


def _settle(context: Context, batch: Batch, *, trip: Trip) -> tuple[dict[str, int], set[int]]:
    run = context.run
    mine = ConsentImport.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if (mine.state, mine.done_count) != (run.state, run.done_count):
        raise Interrupted
    if is_real := run.state == State.IMPORTING:
        locking.hold_back_strangers()
    found = People.of(context, batch, lock=is_real)
    good: list[Good] = []
    broken = list(batch.broken)
    for row in batch.rows:
        judged = judge(context, found, row)
        if isinstance(judged, Broken):
            broken.append(judged)
        else:
            found.taken.add(judged.key)
            good.append(judged)
    if is_real:
        import_rows.write(context, found, good, trip=trip)
    _keep_problems(run, broken)
    done = {
        "done_count": run.done_count + batch.count,
        "good_count": run.good_count + len(good),
        "problem_count": run.problem_count + len(broken),
    }
    ConsentImport.objects.filter(pk=run.pk).update(**done)
    return done, found.taken


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
    """Go on with every import whose file was uploaded, wherever each stopped.

    One that fails stops no other. Raises the first error at the end.
    """

    def go_on(run: ConsentImport) -> bool:
        try:
            work(run, partial(_uploaded, run), now=clock(), until=until)
        except Interrupted:  # Another worker is ahead of this one.
            return False
        return True

    working = ConsentImport.objects.filter(state__in=[State.CHECKING, State.IMPORTING])
    uploaded = working.filter(chunks__number=0).select_related("organisation", "by")
    take_turns(takewhile(lambda _run: not until(), uploaded.order_by("pk")[:20]), go_on)


def _uploaded(run: ConsentImport) -> BinaryIO:
    chunks = run.chunks.order_by("number").iterator(chunk_size=1)
    return BytesIO(b"".join(bytes(chunk.content) for chunk in chunks))
