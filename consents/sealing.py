"""Sealing: waiting events become leaves of the log, and the log is signed (trust.md § 5).

One sealer at a time. It takes what waits, never what comes after an id or a time: the order of ids is
not the order of commits, and whoever commits late waits for the next batch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import Max

from consents import journal, keychanges, logkeys, merkle, notes, proofs, publication
from consents.models import (
    Anchor,
    Checkpoint,
    ConsentEvent,
    JournalMark,
    Leaf,
    Node,
    PendingEvent,
)
from consents.publication import PublishedLogDiffers
from smsconsent import crypto

BATCH = 10_000
LOCK = 815
# A receipt promises its proof within 60 seconds: one waiting period, one beat of 5 seconds, and some air.
CHECKPOINT_EVERY = timedelta(seconds=50)
CHECKPOINT_LEAVES = 1_000
# Evidence first: campaigns wait when it is this far behind.
PAUSES_AFTER = timedelta(minutes=10)
# Where the sealer leaves word, in the cache that all processes share, of why it cannot seal.
TROUBLE = "ledger:trouble"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one batch did: how many events it moved, and the checkpoint it signed."""

    count: int
    checkpoint: Checkpoint | None


def seal(*, now: datetime, limit: int = BATCH, must_sign: bool = False) -> Sealed:
    """Move one batch of waiting events into the log, sign a checkpoint when one is due, and publish it.

    Does nothing while another sealer is at work. Raises PublishedLogDiffers, and seals nothing, when
    the published copy is not the beginning of this log; ImproperlyConfigured without a signing key. What
    is published stands in the journal before: so no restore lacks the places of published events.
    """
    with transaction.atomic():
        if not _is_alone():
            return Sealed(0, None)
        if older := journal.problem():
            raise PublishedLogDiffers(older)
        size = log_size()
        require_published_beginning(size)
        keychanges.retire_due(now=now)
        moved = _move_waiting(size, limit=limit)
        checkpoint = None
        if must_sign or _is_due(size + moved, now=now):
            checkpoint = _sign(size + moved, now=now)
    if checkpoint is not None:
        journal.drain()
    publish(now=now)
    return Sealed(moved, checkpoint)


def seal_all(*, now: datetime, batches: int = 100) -> int:
    """Seal batch by batch until nothing waits, at most `batches` of them. Return how many events.

    Raises what `seal` raises, once it has left word for the page of the log.
    """
    total = 0
    try:
        for _number in range(batches):
            count = seal(now=now).count
            total += count
            if count < BATCH:
                break
    except (
        PublishedLogDiffers,
        journal.JournalBehind,
        ImproperlyConfigured,
        OSError,
    ) as trouble:
        cache.set(TROUBLE, str(trouble), timeout=3600)
        raise
    cache.delete(TROUBLE)
    return total


def is_behind(now: datetime) -> bool:
    """Return whether an event has waited so long that campaigns must wait for it."""
    oldest = PendingEvent.objects.order_by("pk").first()
    return oldest is not None and now - oldest.since > PAUSES_AFTER


def publish(*, now: datetime) -> None:
    """Append to the published copy each checkpoint that it does not have, and note it as an anchor.

    Only what the journal covers. Each was signed as an extension of what was published then, by a sealer
    that held the lock.
    """
    published = Anchor.objects.filter(kind=Anchor.Kind.FILE).aggregate(size=Max("size"))["size"]
    journaled = JournalMark.objects.values_list("leaves", flat=True).first() or 0
    waiting = Checkpoint.objects.filter(size__gt=published or 0, size__lte=journaled)
    rows = list(waiting.order_by("size"))
    if rows:
        publication.append([row.note for row in rows])
    for row in rows:
        Anchor.objects.get_or_create(
            size=row.size, kind=Anchor.Kind.FILE, place="", defaults={"anchored_at": now}
        )


def log_size() -> int:
    """Return how many events are sealed."""
    newest: int | None = Leaf.objects.aggregate(newest=Max("tree_index"))["newest"]
    return 0 if newest is None else newest + 1


def require_published_beginning(size: int) -> None:
    """Raise PublishedLogDiffers unless the log of `size` events extends the last published checkpoint."""
    published = publication.last()
    if published is None:
        if Anchor.objects.filter(kind=Anchor.Kind.FILE).exists():
            raise PublishedLogDiffers(
                f"The published checkpoints in {settings.LEDGER_FILE} are gone. "
                "Put the newest one back, from the mail to the privacy officer."
            )
        return
    if published.origin != logkeys.origin():
        require_takeover(published)
        return
    if published.size > size:
        raise PublishedLogDiffers(
            f"{published.size} events were published, and the database has {size}: it is older. "
            "Run manage.py replay_journal."
        )
    if not merkle.is_consistent(
        old=published.size,
        new=size,
        old_root=published.root,
        new_root=proofs.root_at(size),
        proof=proofs.consistency_proof(published.size, size),
    ):
        raise PublishedLogDiffers(
            f"The first {published.size} events are not those that were published."
        )


def require_takeover(published: notes.SignedNote) -> None:
    """Raise PublishedLogDiffers unless this log says that it took over from exactly this checkpoint."""
    takeover = logkeys.takeovers().get(published.origin)
    if takeover is None or notes.read(takeover.content["former_checkpoint"]).body != published.body:
        raise PublishedLogDiffers(
            f"{published.size} events were published as {published.origin}, and {logkeys.origin()} took over "
            "from another checkpoint."
        )


def _is_alone() -> bool:
    """Return whether this transaction is the only sealer, until it ends. On SQLite every writer is."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        # The form that ends with the transaction survives poolers and crashes.
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _move_waiting(size: int, *, limit: int) -> int:
    """Give waiting events the next places in the log, with their nodes. Return how many."""
    headers = _take_postgresql(size, limit) if _is_postgresql() else _take_sqlite(size, limit)
    return grow(size, headers)


def grow(size: int, headers: Iterable[bytes]) -> int:
    """Write the nodes that these headers complete, after the first `size`. Return how many headers."""
    frontier = proofs.frontier_at(size)
    completed = [pair for header in headers for pair in frontier.append(merkle.leaf_hash(header))]
    Node.objects.bulk_create(
        [Node(number=merkle.number_of(node), hash=digest) for node, digest in completed],
        batch_size=5_000,
    )
    return frontier.size - size


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _take_postgresql(size: int, limit: int) -> list[bytes]:
    """Take and place in one statement. A row about no event, or about a sealed one, asks for nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH batch AS (
                DELETE FROM ledger_pending
                WHERE id IN (SELECT id FROM ledger_pending ORDER BY id LIMIT %s) RETURNING id
            ), placed AS (
                INSERT INTO ledger_leaf (tree_index, event_id)
                SELECT %s + row_number() OVER (ORDER BY batch.id) - 1, batch.id
                FROM batch JOIN ledger_event ON ledger_event.id = batch.id
                WHERE NOT EXISTS (SELECT 1 FROM ledger_leaf WHERE event_id = batch.id)
                RETURNING tree_index, event_id
            )
            SELECT header FROM placed JOIN ledger_event ON ledger_event.id = placed.event_id
            ORDER BY tree_index
            """,
            [limit, size],
        )
        return [bytes(header) for (header,) in cursor.fetchall()]


def _take_sqlite(size: int, limit: int) -> list[bytes]:
    """SQLite has no CTE that writes: read, insert, delete, under its one write lock."""
    waiting = list(PendingEvent.objects.order_by("pk").values_list("pk", flat=True)[:limit])
    events = list(
        ConsentEvent.objects.filter(pk__in=waiting, leaf=None)
        .order_by("pk")
        .values_list("pk", "header")
    )
    Leaf.objects.bulk_create(
        [Leaf(tree_index=size + at, event_id=pk) for at, (pk, _header) in enumerate(events)]
    )
    PendingEvent.objects.filter(pk__in=waiting).delete()
    return [bytes(header) for _pk, header in events]


def _is_due(size: int, *, now: datetime) -> bool:
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return size > 0
    if size == newest.size:
        return False
    # A clock that was put back must not stop the signing.
    waited = abs(now - newest.signed_at)
    return size - newest.size >= CHECKPOINT_LEAVES or waited >= CHECKPOINT_EVERY


def _sign(size: int, *, now: datetime) -> Checkpoint | None:
    """Sign the log as it stands. The caller has shown that it extends what was published."""
    if size == 0 or Checkpoint.objects.filter(size=size).exists():
        return None
    root, name = proofs.root_at(size), logkeys.origin()
    body = notes.checkpoint_body(name, size, root)
    signatures = [
        notes.Signature(name, notes.key_id(name, key), value)
        for key, value in crypto.sign_for_log(body, by=logkeys.signers(size))
    ]
    return Checkpoint.objects.create(
        size=size, root=root, note=notes.assemble(body, signatures), signed_at=now
    )
