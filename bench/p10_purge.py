"""P10: what the purge takes away among what stays, against the bare batched DELETE."""

import threading
import time
from collections.abc import Iterator
from typing import Self

import psycopg
from django.db import connection
from django.db.models import F
from django.utils import timezone

from bench.crowd import add_evidence, crowd, deliver
from bench.raw import bare_purge, bare_purge_of_consents
from bench.registry import Bench, Figure, timed
from campaigns.models import Campaign, Delivery
from campaigns.retention import DELIVERIES_FOR
from consents import retention
from consents.models import Consent, InboundMessage, Subject
from smsconsent import crypto
from tests.make import DAY, make_campaign, phone

MEASURES = ("P10",)
# A tenth of the rows is due, 100 k at most: what stays may grow, what goes does not.
SHARE, MOST, MOST_SMALL = 10, 100_000, 10_000
LONGEST_LOCK = 0.2
DUE = "received_at < now() - interval '90 days'"


def measure(bench: Bench) -> Iterator[Figure]:
    for size in bench.sizes:
        gone = min(size // SHARE, MOST)
        for what, measured in (("replies", replies), ("consents, evidence, numbers", consents)):
            with bench.database() as url:
                ours, bare, lock = measured(url, size, every=size // gone)
            yield Figure(
                "P10",
                f"purge {gone:,} {what} among {size:,}",
                f"{ours / bare:.1f} × bare; {gone / ours:,.0f}/s; lock {lock * 1000:.0f} ms",
                # So few are gone before the log of it is written: that says nothing.
                ours / bare <= 2 and lock <= LONGEST_LOCK if size > MOST_SMALL else None,
                {"per_second": gone / ours, "ratio": ours / bare, "longest_lock_s": lock},
            )
        with bench.database() as url:
            ours, bare, lock = deliveries(url, size)
        yield Figure(
            "P10",
            f"purge a campaign of {size:,} deliveries",
            f"{ours / bare:.1f} × bare; {size / ours:,.0f}/s; lock {lock * 1000:.0f} ms",
            ours / bare <= 2 and lock <= LONGEST_LOCK if size > MOST_SMALL else None,
            {"per_second": size / ours, "ratio": ours / bare, "longest_lock_s": lock},
        )


def replies(url: str, size: int, *, every: int) -> tuple[float, float, float]:
    """Return the seconds of our purge and of the bare one, and the longest lock of ours."""
    fill(size, every=every)
    ours, lock = purged(url, "replies")
    assert InboundMessage.objects.count() == size - size // every
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE consents_inboundmessage CASCADE")
    fill(size, every=every)
    return ours, timed(bare_purge, "consents_inboundmessage", DUE), lock


def consents(url: str, size: int, *, every: int) -> tuple[float, float, float]:
    """The same for consents, each with the evidence of one event, and the last one of its number."""
    crowd(size)
    add_evidence()
    end_consents(every=every, which=0)
    ours, lock = purged(url, "consents")
    assert Consent.objects.count() == Subject.objects.count() == size - size // every
    end_consents(every=every, which=1)
    return ours, timed(bare_purge_of_consents), lock


def deliveries(url: str, size: int) -> tuple[float, float, float]:
    """The same for all messages of a campaign that is over."""
    campaign = make_campaign("approved", purpose=crowd(size), now=timezone.now())
    deliver(campaign)
    Campaign.objects.update(ended_at=timezone.now() - DELIVERIES_FOR)
    ours, lock = purged(url, "deliveries")
    assert not Delivery.objects.exists()
    deliver(campaign)
    return ours, timed(bare_purge, "campaigns_delivery", "campaign_id > 0"), lock


def purged(url: str, name: str) -> tuple[float, float]:
    policy = next(each for each in retention.policies() if each.name == name)
    with LockWatch(url) as watch:
        seconds = timed(retention.purge, policy, now=timezone.now())
    return seconds, watch.longest


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


def fill(size: int, *, every: int) -> None:
    """Store `size` replies, of which every so manieth is past its time."""
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
        '"received_at"': f"now() - CASE WHEN n %% {every} = 0 THEN 100 ELSE 1 END * interval '1 day'",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO consents_inboundmessage ({", ".join(columns)})
                SELECT {", ".join(values.get(column, column) for column in columns)}
                FROM consents_inboundmessage, generate_series(1, %s) AS n""",  # noqa: S608  our own words
            [size - 1],
        )
        cursor.execute("VACUUM ANALYZE consents_inboundmessage")


def end_consents(*, every: int, which: int) -> None:
    """Let the time of every so manieth consent be up."""
    ended = Consent.objects.annotate(turn=F("pk") % every).filter(turn=which)
    ended.update(state="lapsed", ended_at=timezone.now(), delete_after=timezone.now())
    Subject.objects.update(created_at=timezone.now() - 100 * DAY)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE consents_consent, consents_subject, ledger_detail")
