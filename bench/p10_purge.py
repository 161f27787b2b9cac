"""P10: what the purge takes away among what stays, against the bare batched DELETE."""

import threading
import time
from collections.abc import Iterator
from typing import Self

import psycopg
from django.db import connection
from django.utils import timezone

from bench.raw import bare_purge
from bench.registry import Bench, Figure, timed
from consents import retention
from consents.models import InboundMessage
from smsconsent import crypto
from tests.make import DAY, phone

MEASURES = ("P10",)
# A tenth of the rows is due: 100 k among a million.
SHARE = 10
LONGEST_LOCK = 0.2
DUE = "received_at < now() - interval '90 days'"


def measure(bench: Bench) -> Iterator[Figure]:
    policy = next(each for each in retention.policies() if each.name == "replies")
    for size in bench.sizes:
        with bench.database() as url:
            fill(size)
            with LockWatch(url) as watch:
                ours = timed(retention.purge, policy, now=timezone.now())
            assert InboundMessage.objects.count() == size - size // SHARE
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE consents_inboundmessage CASCADE")
            fill(size)
            bare = timed(bare_purge, "consents_inboundmessage", DUE)
        gone = size // SHARE
        yield Figure(
            "P10",
            f"purge {gone:,} replies among {size:,}",
            f"{ours / bare:.1f} × bare; {gone / ours:,.0f}/s; lock {watch.longest * 1000:.0f} ms",
            ours / bare <= 2 and watch.longest <= LONGEST_LOCK,
            {"per_second": gone / ours, "ratio": ours / bare, "longest_lock_s": watch.longest},
        )


class LockWatch:
    """How long the oldest transaction of the database was open, at most, looked at every few ms."""

    def __init__(self, url: str) -> None:
        self.longest = 0.0
        self._session = psycopg.connect(url, autocommit=True)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        self._session.close()

    def _look(self) -> None:
        while not self._over.is_set():
            found = self._session.execute(
                """SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                   AND backend_type = 'client backend' AND backend_xid IS NOT NULL"""
            ).fetchone()
            self.longest = max(self.longest, float(found[0] or 0) if found else 0.0)
            time.sleep(0.005)


def fill(size: int) -> None:
    """Store `size` replies, of which every tenth is past its time."""
    InboundMessage.objects.create(
        gateway="bench",
        message_id="0",
        sender=phone(),
        sender_index=crypto.blind_index(phone(), use="inbound"),
        recipient="26112",
        text="Hei",
        key_id="bench",
        trust="signed",
        vouched_by="signature",
        state="done",
        received_at=timezone.now() - 100 * DAY,
    )
    columns = [f'"{field.column}"' for field in InboundMessage._meta.local_fields][1:]
    values = {
        '"message_id"': "n::text",
        '"received_at"': f"now() - CASE WHEN n %% {SHARE} = 0 THEN 100 ELSE 1 END * interval '1 day'",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO consents_inboundmessage ({", ".join(columns)})
                SELECT {", ".join(values.get(column, column) for column in columns)}
                FROM consents_inboundmessage, generate_series(1, %s) AS n""",  # noqa: S608  our own words
            [size - 1],
        )
        cursor.execute("VACUUM ANALYZE consents_inboundmessage")
