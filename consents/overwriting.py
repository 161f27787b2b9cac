"""What was erased leaves the disk: no file of the database holds it any more (decision 24, trust.md § 6)."""

from datetime import datetime, timedelta
from time import monotonic, sleep

from django.apps import apps
from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import ngettext

from consents.models import Consent, ContactGuard, Disclosure, Erasure, RateWindow
from smsconsent import crypto

# Deleted rows leave bytes behind until they are overwritten: here keyed digests and secrets of links, and
# ciphertext wherever a field is guarded (`tables`). Deliveries hold neither.
TOUCHED: tuple[type[Model], ...] = (Consent, ContactGuard, Disclosure, RateWindow)
# At night nobody is kept waiting for long: a STOP is applied within five seconds (INV-5). Whoever wants a
# table queues behind us from the moment we ask for its lock, so that is not waited for longer than this; then
# they wait once more, for the writing, which `OVERWRITE_UP_TO` keeps short. Before, just as long, we wait
# until nobody can see deleted rows any more; that keeps nobody waiting.
MOST_WAIT = timedelta(seconds=3)
# By command a person waits: so long until nobody can see deleted rows any more, and for locks without end.
PATIENCE = timedelta(minutes=1)
OVERWRITTEN_WITHIN = timedelta(days=2)


def overwrite(*, now: datetime, whatever_it_takes: bool = False) -> bool:
    """Overwrite on disk what was deleted, and note it on each erasure. Return whether all of it was done.

    SQLite overwrites deleted rows by itself (`secure_delete`), and the write-ahead log is cut here.
    PostgreSQL leaves the bytes of a dead row in the free space of its page, also after a VACUUM; so the
    tables are written anew. `whatever_it_takes` does so with tables of any size, and waits for the locks.
    """
    assert not connection.in_atomic_block, "neither VACUUM nor a checkpoint works in a transaction"
    waiting = Erasure.objects.filter(destroyed_at__lte=now, overwritten_at=None)
    if connection.vendor == "sqlite":
        done = _checkpoint()
    else:
        patience = PATIENCE if whatever_it_takes else MOST_WAIT
        done = _nobody_looks_back(patience) and _write_anew(whatever_it_takes=whatever_it_takes)
    if done:
        waiting.update(overwritten_at=now)
    return done


def warning() -> str:
    """Return what a person must do so that erased data leaves the disk, or "". A readiness warning."""
    late = timezone.now() - OVERWRITTEN_WITHIN
    count = Erasure.objects.filter(destroyed_at__lte=late, overwritten_at=None).count()
    if not count:
        return ""
    text = ngettext(
        "%(count)d erasure has not reached the disk: run manage.py purge --overwrite.",
        "%(count)d erasures have not reached the disk: run manage.py purge --overwrite.",
        count,
    )
    return text % {"count": count}


def _checkpoint() -> bool:
    """Copy the write-ahead log into the file and cut it. False while somebody still reads it."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, _in_log, _copied = cursor.fetchone()
    return not busy


def _write_anew(*, whatever_it_takes: bool) -> bool:
    """Write each table anew in which deleted rows may have left bytes.

    False when one is too large to be locked meanwhile, or when a lock was not to be had.
    """
    done = True
    with connection.cursor() as cursor:
        wait = 0 if whatever_it_takes else int(MOST_WAIT.total_seconds() * 1000)
        cursor.execute(f"SET lock_timeout = {wait}")
        try:
            for table in tables():
                cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [table])
                (size,) = cursor.fetchone()
                if size > settings.OVERWRITE_UP_TO and not whatever_it_takes:
                    done = False
                    continue
                cursor.execute(f"VACUUM (FULL, ANALYZE) {connection.ops.quote_name(table)}")
        except OperationalError:
            return False
        finally:
            cursor.execute("RESET lock_timeout")
    return done


def tables() -> list[str]:
    """Return the tables in which deleted rows may leave bytes."""
    guarded = (
        model
        for model in apps.get_models()
        if any(isinstance(field, crypto.GuardedField) for field in model._meta.concrete_fields)
    )
    return sorted({model._meta.db_table for model in (*guarded, *TOUCHED)})


def _nobody_looks_back(patience: timedelta) -> bool:
    """Wait, not for long, until nobody can see any more what has been deleted by now. Return whether.

    As long as somebody can, PostgreSQL takes deleted rows along when it writes a table anew: who reads in
    this database, who writes in any database of the server, and a replica that asks for it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        (mark,) = cursor.fetchone()
        give_up_at = monotonic() + patience.total_seconds()
        while True:
            cursor.execute(
                """SELECT pg_snapshot_xmin(pg_current_snapshot()) < %(mark)s::xid8
                   OR EXISTS (SELECT FROM pg_stat_activity
                              WHERE datname = current_database() AND pid <> pg_backend_pid()
                              AND age(backend_xmin) > age(%(mark)s::xid8::xid))
                   OR EXISTS (SELECT FROM pg_replication_slots
                              WHERE age(xmin) > age(%(mark)s::xid8::xid))""",
                {"mark": mark},
            )
            (is_seen,) = cursor.fetchone()
            if not is_seen or monotonic() > give_up_at:
                return not is_seen
            sleep(0.1)
