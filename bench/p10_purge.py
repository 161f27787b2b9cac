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
# People with evidence take too long to make beyond this.
MOST_PEOPLE = 1_000_000
LONGEST_LOCK, SAME_TIME = 0.2, 1.3

# Seconds of our purge and of the bare one, and the longest lock of ours.
Measured = tuple[float, float, float]


def measure(bench: Bench) -> Iterator[Figure]:
    for what, measured, most in (
        ("replies", replies, bench.size),
        ("deliveries of a campaign", deliveries, bench.size),
        ("consents, evidence, numbers", consents, MOST_PEOPLE),
    ):
        seconds: dict[int, float] = {}
        for size in (size for size in bench.sizes[-2:] if size <= most):
            with bench.database() as url:
                found = measured(url, size, gone=min(size // SHARE, MOST))
            yield figure(what, size, found)
            if size // SHARE >= MOST:
                seconds[size] = found[0]
        if len(seconds) > 1:
            yield growth(what, seconds)
    with bench.database() as url:
        found = whole_campaign(url, size := min(bench.size, MOST_PEOPLE))
    yield figure(f"a campaign of {size:,} deliveries", size, found, gone=size)


def figure(what: str, size: int, found: Measured, *, gone: int = 0) -> Figure:
    ours, bare, lock = found
    name = f"purge {what}"
    if not gone:
        gone = min(size // SHARE, MOST)
        name = f"purge {gone:,} {what} among {size:,}"
    return Figure(
        "P10",
        name,
        f"{ours / bare:.1f} × bare; {gone / ours:,.0f}/s; lock {lock * 1000:.0f} ms",
        # So few are gone before the log of it is written: that says nothing.
        ours / bare <= 2 and lock <= LONGEST_LOCK if size > MOST_SMALL else None,
        {"per_second": gone / ours, "ratio": ours / bare, "longest_lock_s": lock},
    )


def growth(what: str, seconds: dict[int, float]) -> Figure:
    """Compare the time that as many rows took among few and among many."""
    (few, fast), (many, slow) = sorted(seconds.items())
    return Figure(
        "P10",
        f"purge {MOST:,} {what}, {few:,} → {many:,}",
        f"{slow / fast:.2f} ×; {slow:.2f} s",
        slow / fast <= SAME_TIME,
        {"ratio": slow / fast, "seconds": slow},
    )


def replies(url: str, size: int, *, gone: int) -> Measured:
    """For ours and for the bare one as many: every so manieth, and its neighbour."""
    fill(size, every=size // gone)
    ours, lock = purged(url, "replies")
    assert InboundMessage.objects.count() == size - gone
    younger = "received_at < now() - interval '80 days'"
    return ours, timed(bare_purge, "consents_inboundmessage", younger), lock


def deliveries(url: str, size: int, *, gone: int) -> Measured:
    """A campaign that is over, among others to the same people."""
    purpose = crowd(gone)
    campaigns = [
        make_campaign("approved", purpose=purpose, now=timezone.now()) for _n in range(size // gone)
    ]
    deliver(*campaigns)
    over, also = campaigns[len(campaigns) // 2], campaigns[len(campaigns) // 3]
    end(over)
    ours, lock = purged(url, "deliveries")
    assert Delivery.objects.count() == size - gone
    return ours, timed(bare_purge, "campaigns_delivery", f"campaign_id = {also.pk}"), lock


def consents(url: str, size: int, *, gone: int) -> Measured:
    """Each with the evidence of one event, and the last one of its number."""
    every = size // gone
    crowd(size)
    add_evidence()
    end_consents(every=every, which=0)
    ours, lock = purged(url, "consents")
    assert Consent.objects.count() == Subject.objects.count() == size - gone
    end_consents(every=every, which=1)
    return ours, timed(bare_purge_of_consents), lock


def whole_campaign(url: str, size: int) -> Measured:
    """All that there is."""
    campaign = make_campaign("approved", purpose=crowd(size), now=timezone.now())
    deliver(campaign)
    end(campaign)
    ours, lock = purged(url, "deliveries")
    assert not Delivery.objects.exists()
    deliver(campaign)
    return ours, timed(bare_purge, "campaigns_delivery", "campaign_id > 0"), lock


def end(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(ended_at=timezone.now() - DELIVERIES_FOR)


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
    """Store `size` replies, of which every so manieth is past its time, and its neighbour almost."""
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
        '"received_at"': f"""now() - interval '1 day'
            * CASE n %% {every} WHEN 0 THEN 100 WHEN 1 THEN 85 ELSE 1 END""",
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
