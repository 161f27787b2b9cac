"""P18: a STOP that comes in while the tables of what was erased are written anew (decision 24, INV-5)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from bench.crowd import add_evidence, crowd
from bench.p05_stop import stops
from bench.p10_purge import fill
from bench.registry import Bench, Figure, timed
from bench.web import load, product, steady
from consents import inbox, overwriting
from consents.models import InboundMessage, Purpose

MEASURES = ("P18",)
A_SECOND, REQUESTS = 20, 600
WITHIN = 5  # trust.md INV-5
# So many people and replies that the largest tables have nearly the size up to which they are written anew.
PEOPLE, REPLIES = 120_000, 200_000


def measure(bench: Bench) -> Iterator[Figure]:
    people, replies = min(bench.size, PEOPLE), min(bench.size, REPLIES)
    with bench.database() as url:
        purpose = crowd(people)
        add_evidence()
        fill(replies, every=10)
        table, megabytes = largest()
        with product(url) as port:
            load(port, stops(0, REQUESTS), good=b"200")
            yield figure(port, 1, f"tables of up to {megabytes:.0f} MB ({table}) are written anew")
            with never_ending(url):
                yield figure(port, 2, "the lock to write them anew is not to be had")
        settle(purpose, 3 * REQUESTS)


def figure(port: int, turn: int, meanwhile: str) -> Figure:
    """Send stops while this process writes tables anew, or tries to, again and again."""
    with written_anew() as rounds:
        asked = stops(turn * REQUESTS, REQUESTS)
        beside = steady(port, asked, good=b"200", per_second=A_SECOND)
    held = InboundMessage.objects.unread().count()
    return Figure(
        "P18",
        f"STOP while {meanwhile}",
        f"stored and answered after {beside.longest:.1f} s at most, p99 {beside.p99:.1f} s; {held} of "
        f"{REQUESTS} held, to be read later; {len(rounds)} rounds of {max(rounds):.1f} s",
        beside.longest <= WITHIN,
        {"longest_s": beside.longest, "p99_s": beside.p99, "held": held},
    )


@contextmanager
def never_ending(url: str) -> Iterator[None]:
    """Somebody has read the table of replies in a transaction that they leave open, and wait."""
    with psycopg.connect(url) as session:
        session.execute("SELECT FROM consents_inboundmessage LIMIT 1")
        yield


@contextmanager
def written_anew() -> Iterator[list[float]]:
    """Write all tables anew again and again meanwhile. The list gets the seconds of each time."""
    over, took = threading.Event(), list[float]()

    def run() -> None:
        while not over.is_set():
            took.append(timed(overwriting.overwrite, now=timezone.now()))
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def settle(purpose: Purpose, count: int) -> None:
    """Read what was held, as the worker does. Then every stop is in, each of them once."""
    while inbox.read_unread(now=timezone.now()):
        pass
    assert purpose.consents.filter(state="withdrawn").count() == count


def largest() -> tuple[str, float]:
    """Return the largest table that is written anew, and its megabytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname, pg_total_relation_size(oid) FROM pg_class
               WHERE relname = ANY(%s) AND pg_total_relation_size(oid) <= %s ORDER BY 2 DESC LIMIT 1""",
            [overwriting.tables(), settings.OVERWRITE_UP_TO],
        )
        name, size = cursor.fetchone()
    return name, size / 1_000_000
