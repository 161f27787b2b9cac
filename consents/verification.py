"""Verify the log from the ground: hash every header anew, and hold what is stored against it.

Streams by place in the log, in bounded memory. It trusts the public keys of this installation and the
published copy; what it finds wrong it names, and it goes on.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db.models import BinaryField, Exists, F, Max, OuterRef, Q
from django.db.models.functions import Cast

from consents import ledger, merkle, sealing
from consents.marks import Marks
from consents.models import (
    Anchor,
    Checkpoint,
    ConsentEvent,
    EventDetail,
    Leaf,
    Node,
    PendingEvent,
    Verification,
)
from consents.problems import MOST_LISTED, Report
from smsconsent import crypto
from smsconsent.gateways import timestamps

CHUNK = 4_000
EVERY = timedelta(hours=24)
# A worker that was killed leaves its verification unfinished; then another is begun.
GIVEN_UP_AFTER = timedelta(hours=3)


def amount() -> int:
    """Return how many steps a verification has: events and details."""
    return sealing.log_size() + EventDetail.objects.count()


def verify(*, progress: Callable[[int], None] = lambda done: None) -> Report:
    """Re-hash everything and return what was found. Takes some seconds per 100,000 events."""
    report = Report(progress)
    size = sealing.log_size()
    _check_tree(size, report)
    _check_nothing_left_out(report)
    _check_stamps(report)
    _check_details(report)
    return report


# -- verifications that a person or the clock asks for ---------------------------------------------------
def ask(*, now: datetime) -> Verification:
    """Ask for a verification, unless one is waiting or under way. Return it."""
    open_since = now - GIVEN_UP_AFTER
    under_way = Verification.objects.filter(finished_at=None, requested_at__gt=open_since).first()
    return under_way or Verification.objects.create(requested_at=now, total=amount())


def latest() -> Verification | None:
    """Return the verification that was asked for last."""
    return Verification.objects.order_by("-pk").first()


def is_under_way(asked: Verification, *, now: datetime) -> bool:
    """Return whether it is still to come to an end. One whose worker died is given up after a while."""
    return asked.finished_at is None and now - asked.requested_at < GIVEN_UP_AFTER


def run_due(*, clock: Callable[[], datetime]) -> Verification | None:
    """Run the verification that was asked for, or the daily one. Return it, or None when none is due."""
    now = clock()
    if not Verification.objects.filter(requested_at__gt=now - EVERY).exists():
        ask(now=now)
    waiting = Verification.objects.filter(
        started_at=None, requested_at__gt=now - GIVEN_UP_AFTER
    ).first()
    if waiting is None:
        return None
    mine = Verification.objects.filter(pk=waiting.pk)
    if not mine.filter(started_at=None).update(started_at=now, total=amount()):
        return None
    told = [now]

    def tell(done: int) -> None:
        if clock() - told[0] >= timedelta(seconds=1):
            told[0] = clock()
            mine.update(done=done)

    report = verify(progress=tell)
    mine.update(
        finished_at=clock(),
        done=F("total"),
        problem_count=report.problem_count,
        problems=report.problems,
    )
    return mine.get()


# -- events, nodes, roots --------------------------------------------------------------------------------
def _check_tree(size: int, report: Report) -> None:
    """Hash the headers in their order, and compare nodes and roots as they come to be.

    A header is held against the hash that was sealed, and the tree is built from the latter: so one
    changed event is one problem, and one that was changed together with its nodes shows in the roots.
    """
    frontier, stored = merkle.Frontier(), dict[int, bytes]()
    marks = Marks(report)
    marks.check(frontier)
    for start in range(0, size, CHUNK):
        end = min(start + CHUNK, size)
        nodes = Node.objects.filter(number__gte=2 * start, number__lt=2 * end)
        stored.update((number, bytes(h)) for number, h in nodes.values_list("number", "hash"))
        events = _events(start, end)
        for index in range(start, end):
            leaf = _leaf(index, events.get(index), stored, report)
            for node, digest in frontier.append(leaf):
                _compare(node, digest, stored, report)
            marks.check(frontier)
        report.event_count = end
        report.tell()
    _check_no_more(stored, size, report)
    marks.finish()


def _check_no_more(stored: dict[int, bytes], size: int, report: Report) -> None:
    """Name the nodes that no events of the log gave. It may have grown since: its size is read last."""
    newest = Node.objects.aggregate(newest=Max("number"))["newest"] or 0
    now_size = sealing.log_size()
    extra = {number for number in stored if not size < _end_of(number) <= now_size}
    for number in sorted(extra | ({newest} if newest >= 2 * now_size > 0 else set())):
        report.add("node_extra", merkle.node_of(number))


def _events(start: int, end: int) -> dict[int, tuple[str, bytes, bytes]]:
    rows = Leaf.objects.filter(tree_index__gte=start, tree_index__lt=end).values_list(
        "tree_index", "event__event_id", "event__header", "event__leaf_hash"
    )
    return {index: (name, bytes(header), bytes(stated)) for index, name, header, stated in rows}


def _leaf(
    index: int,
    event: tuple[str, bytes, bytes] | None,
    stored: dict[int, bytes],
    report: Report,
) -> bytes:
    """Return the leaf hash that was sealed, once the event has been held against it."""
    sealed = stored.get(2 * index)
    if event is None:
        report.add("leaf_missing", index)
        return sealed or bytes(32)
    event_id, header, stated = event
    computed = merkle.leaf_hash(header)
    if stated != computed:
        report.add("leaf_hash_wrong", event_id)
    if (sealed is not None and sealed != computed) or not _names(header, event_id):
        report.add("event_changed", event_id)
    return sealed or computed


def _names(header: bytes, event_id: str) -> bool:
    try:
        return bool(json.loads(header)["event_id"] == event_id)
    except (ValueError, KeyError, TypeError):
        return False


def _compare(node: merkle.Node, digest: bytes, stored: dict[int, bytes], report: Report) -> None:
    found = stored.pop(merkle.number_of(node), None)
    if found is None:
        report.add("node_missing", node)
    elif found != digest:
        report.add("node_wrong", node)


def _end_of(number: int) -> int:
    level, index = merkle.node_of(number)
    return (index + 1) << level


# -- what is left out, time stamps, details --------------------------------------------------------------
def _check_nothing_left_out(report: Report) -> None:
    """Every event is sealed or waits: asked in one statement, so that sealing meanwhile is no matter."""
    strays = ConsentEvent.objects.filter(
        ~Exists(Leaf.objects.filter(event=OuterRef("pk"))),
        ~Exists(PendingEvent.objects.filter(pk=OuterRef("pk"))),
    )
    for event_id in strays.order_by("pk").values_list("event_id", flat=True)[:MOST_LISTED]:
        report.add("event_unsealed", event_id)


def _check_stamps(report: Report) -> None:
    if not settings.LEDGER_TSA_CERTIFICATES:
        return
    for anchor in Anchor.objects.filter(kind=Anchor.Kind.TIME_STAMP).order_by("pk").iterator():
        checkpoint = Checkpoint.objects.filter(size=anchor.size).first()
        report.stamp_count += 1
        try:
            note = checkpoint.note if checkpoint else ""
            timestamps.stamped_at(bytes(anchor.proof), note.encode())
        except timestamps.TimeStampUnavailable:
            report.add("stamp_wrong", anchor.size)


def _check_details(report: Report) -> None:
    """Open each detail that is not erased, hold it against its header, and follow each person's chain."""
    at: tuple[int, int] = (0, 0)
    before: tuple[int, int, bytes] = (0, 0, b"")
    while rows := list(_details(at)):
        for detail in rows:
            at = (detail.subject_id, detail.seq)
            header = bytes(detail.event.header)
            content = _opened(detail, report)
            follows = before[:2] == (detail.subject_id, detail.seq - 1)
            if content and follows and content["prev"] != sha256(before[2]).hexdigest():
                report.add("chain_broken", detail.event.event_id)
            before = (*at, header)
        report.detail_count += len(rows)
        report.tell()


def _details(after: tuple[int, int]) -> Iterator[EventDetail]:
    """Return the next chunk by person and number, without what is encrypted: each is opened by itself."""
    subject, seq = after
    rows = EventDetail.objects.filter(
        Q(subject__gt=subject) | Q(subject=subject, seq__gt=seq), subject__gte=subject
    )
    token = Cast("detail", BinaryField())
    ordered = rows.select_related("event").order_by("subject_id", "seq")
    return iter(ordered.annotate(token=token).defer("detail")[:CHUNK])


def _opened(detail: Any, report: Report) -> dict[str, Any] | None:
    try:
        detail.detail = crypto.decrypt_bytes(bytes(detail.token)).decode()
        content = ledger.open_detail(detail)
    except crypto.CannotDecrypt:
        report.add("detail_unreadable", detail.event.event_id)
        return None
    except (ledger.BrokenCommitment, ValueError, KeyError, TypeError):
        report.add("detail_changed", detail.event.event_id)
        return None
    if content.get("seq") != detail.seq:
        report.add("chain_broken", detail.event.event_id)
    return content
