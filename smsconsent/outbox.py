"""The one way out: claim → gate → hand over → record. Every SMS leaves here (architecture.md).

The database is the queue of record. A claim writes one lease for a whole batch, before anything leaves. A
crash leaves that lease, which runs out; the sweeper then asks the gateway by id and hands over again, under
the same id, only what the gateway has never seen (docs/decisions/0020).
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self
from uuid import UUID, uuid4

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.db import connection, models, transaction
from django.db.models import ExpressionWrapper, F, Func, Q, QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from smsconsent import gsm
from smsconsent.gateways import (
    Gateway,
    GatewayMisconfigured,
    GatewayUnavailable,
    Handover,
    Outcome,
    Outgoing,
    Receipt,
    ReceiptState,
)
from smsconsent.gateways.state import SharedState
from smsconsent.lookups import Keys
from smsconsent.trips import Answer, Trip, columns, load, places, stored

log = logging.getLogger(__name__)

LOOKUPS_AT_ONCE = 8
# Each so many of a day are said again.
ALARM_EVERY = 20
# How long one call to a gateway may take at most.
GATEWAY_DEADLINE = timedelta(seconds=5)


class OutboundMessage(models.Model):
    """One SMS on its way out. A concrete class names its gate; one without does not start."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        # A lease ran out over it: whether it left is being found out.
        LEASED = "leased", _("Being sent")
        HANDED_OVER = "handed_over", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Not delivered")
        BLOCKED = "blocked", _("Stopped by a rule")
        EXPIRED = "expired", _("Too late to send")
        UNKNOWN = "unknown", _("Outcome not known")

    # Dotted path of the Gate. SECURITY: no message can leave without one (checked at start).
    gate: ClassVar[str] = ""
    # Dotted path of a Listener, told of each receipt that said something new, and more than «delivered».
    listener: ClassVar[str] = ""
    is_urgent: ClassVar[bool] = False
    # The column of what messages are counted by as they move on; "" where nobody asks for counts.
    counted_by: ClassVar[str] = ""
    # What is read along with many rows at once, so that none asks the database for itself.
    shown_with: ClassVar[tuple[str, ...]] = ()

    # The gateway's transaction id as well: the same id on each try is what makes a retry safe.
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    sender = models.CharField(_("sender"), max_length=11)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.QUEUED)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    queued_at = models.DateTimeField(_("queued"))
    not_before = models.DateTimeField(_("not before"))
    not_after = models.DateTimeField(_("not after"), null=True, blank=True)
    # Leased or unknown: when the sweeper may ask the gateway (again). Null on a final `unknown`.
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    handed_over_at = models.DateTimeField(_("sent"), null=True, blank=True)
    detail = models.CharField(_("the operator says"), max_length=40, blank=True)
    # By the gateway, and by us: what was approved and priced rests on our count.
    segments = models.PositiveSmallIntegerField(_("parts"), null=True, blank=True)
    counted_segments = models.PositiveSmallIntegerField(
        _("parts by our count"), null=True, blank=True
    )

    class Meta:
        abstract = True
        indexes = [
            models.Index(F("not_before"), condition=Q(state="queued"), name="%(class)s_due"),
            models.Index(
                F("lease_until"),
                condition=Q(state__in=["leased", "unknown"]),
                name="%(class)s_leased",
            ),
        ]

    @classmethod
    def due(cls, now: datetime) -> QuerySet[Self]:
        """Rows that may be claimed: no live lease covers them. A lane with more conditions narrows this."""
        queued = cls._default_manager.filter(state=cls.State.QUEUED, not_before__lte=now)
        return queued.exclude(pk__in=Lease.covered(cls))

    @classmethod
    def about(cls, **who: Any) -> "QuerySet[Any]":
        """Rows about one subject or consent: each concrete class has both, by these names."""
        return cls._default_manager.filter(**who)

    @classmethod
    def for_gate(cls, rows: QuerySet[Self]) -> "QuerySet[Any, Any]":
        """What the gate must know of each row, at least `pk`. A lane in a hurry reads less than all."""
        return rows

    @classmethod
    def on_hand_over(cls) -> dict[str, Any]:
        """What else is written on a message that leaves, as expressions on its row."""
        return {}

    @classmethod
    def note(cls, moves: "Mapping[Move, int]") -> None:
        """Take notice of how many messages came to a state, or left it (negative)."""

    def note_one(self, key: Any, state: str, *, trip: Trip) -> None:
        """Have it noted that this one moves on, if it is still where it was read. `key`: as stored."""

    @classmethod
    def last_texts_to(cls, subject_id: int) -> list[str]:
        """Return the last few texts sent to one number, newest first."""
        return []

    @property
    def words(self) -> str:
        """What was written to the person, as far as it is kept."""
        raise NotImplementedError

    @classmethod
    def unlink(cls, subject_id: int) -> int:
        """Take one person out of rows that are kept for counting, and return how many rows stay.

        A lane whose rows go with the person has none.
        """
        return 0

    @classmethod
    def kept_about(cls, subject_id: int) -> int:
        """Return how many rows `unlink` would keep."""
        return 0


class Lease(models.Model):
    """A batch that a worker holds. Written before the gateway is called, gone once the outcome is recorded.

    One small row for a thousand messages: leasing each of them would write each twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    lane = models.CharField(max_length=60)
    until = models.DateTimeField()
    # Message ids with commas between them: SQLite has no arrays.
    messages = models.TextField()

    class Meta:
        db_table = "outbox_lease"

    @classmethod
    def of(cls, lane: type[OutboundMessage]) -> "QuerySet[Lease]":
        """Leases over messages of one lane."""
        return cls._default_manager.filter(lane=lane._meta.label_lower)

    @classmethod
    def covered(cls, lane: type[OutboundMessage]) -> "QuerySet[Lease, Any] | list[UUID]":
        """The ids of messages under a lease, for `pk__in`."""
        if connection.vendor == "postgresql":
            each = Func(
                F("messages"),
                template="unnest(string_to_array(%(expressions)s, ',')::uuid[])",
                output_field=models.UUIDField(),
            )
            return cls.of(lane).values_list(each)
        return [key for lease in cls.of(lane) for key in lease.keys]

    @cached_property
    def keys(self) -> Keys[UUID]:
        return Keys(map(UUID, self.messages.split(",")))


# The value of `counted_by`, the state, the reason. Who waits in the queue or on a lease counts as queued.
Move = tuple[Any, str, str]


class Send(NamedTuple):
    """The gate lets this message out, to this recipient, in these words."""

    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Block:
    """The gate stops this message for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now (quiet hours, a pause); ask again at `until`."""

    until: datetime


Verdict = Send | Block | Wait


class Listener(Protocol):
    """Draws conclusions from a receipt, in the transaction that records it.

    Not told of each message that simply arrived (`arrivals`).
    """

    def __call__(self, row: Any, receipt: Receipt, /, *, now: datetime) -> None: ...


class Gate(Protocol):
    """Says, inside the sending transaction, who may still receive a message."""

    def lock(self, rows: QuerySet[Any]) -> None:
        """Lock, in pk order, each row whose change would forbid one of these messages."""

    def decide(self, rows: Sequence[Any], *, now: datetime) -> list[Verdict]:
        """Read anew, after the locks, and return one verdict per row, in the same order."""


class Recorder(Protocol):
    """Takes in what the gateway reports about one message: `record_receipt`, or what stands on it."""

    def __call__(self, receipt: Receipt, /, *, now: datetime) -> object: ...


def lanes() -> Iterator[type[OutboundMessage]]:
    """Yield each concrete class of message."""
    for model in apps.get_models():
        if issubclass(model, OutboundMessage):
            yield model


def gate_of(model: type[OutboundMessage]) -> Gate:
    """Return the gate that this class of message names."""
    gate: Gate = import_string(model.gate)()
    return gate


def work(
    model: type[OutboundMessage],
    *,
    gateway: Gateway,
    clock: Callable[[], datetime],
    batches: int = 20,
) -> int:
    """Send what is due, at most `batches` batches. Return how many rows were taken.

    Raises GatewayMisconfigured once the rows are safely back in the queue.
    """
    taken = 0
    for _number in range(batches):
        if why_stopped():
            break
        lease = claim(model, now=clock(), limit=batch_size(gateway))
        if lease is None:
            break
        went = hand_over(model, lease, gateway=gateway, now=clock())
        taken += len(lease.keys)
        if not went:
            break
    return taken


def work_in_threads(
    model: type[OutboundMessage],
    *,
    gateway: Gateway,
    clock: Callable[[], datetime],
    batches: int = 20,
) -> int:
    """As `work`, in OUTBOX_THREADS threads, each with a connection: while one waits for database or gateway,
    another writes the next batch. SQLite has one writer, and so one thread.
    """
    count = 1 if connection.vendor == "sqlite" else settings.OUTBOX_THREADS
    if count == 1:
        return work(model, gateway=gateway, clock=clock, batches=batches)

    def work_and_close(share: int) -> int:
        try:
            return work(model, gateway=gateway, clock=clock, batches=share)
        finally:
            connection.close()

    with ThreadPoolExecutor(count, thread_name_prefix="outbox") as pool:
        return sum(pool.map(work_and_close, [-(-batches // count)] * count))


def why_stopped() -> str:
    """Return "" while sending is allowed at all, else one sentence. Settings name who is asked."""
    reasons = (import_string(path)() for path in settings.SENDING_STOPS)
    return next((reason for reason in reasons if reason), "")


def batch_size(gateway: Gateway) -> int:
    """Rows per batch. SQLite has one writer, and a batch holds it: 50 there (trust.md § 7)."""
    return min(gateway.max_batch, 50) if connection.vendor == "sqlite" else gateway.max_batch


def claim(model: type[OutboundMessage], *, now: datetime, limit: int) -> Lease | None:
    """Lease up to `limit` due rows, so that no other worker takes them. Committed on return.

    Rows whose `not_after` has passed are set to `expired` instead.
    """
    while True:
        with transaction.atomic():
            _take_turns(model)
            is_late = ExpressionWrapper(Q(not_after__lte=now), models.BooleanField())
            rows = list(model.due(now).order_by("not_before").values_list("pk", is_late)[:limit])
            keys = Keys(pk for pk, is_late in rows if not is_late)
            _expire(model, Keys(pk for pk, is_late in rows if is_late))
            if keys:
                lease = Lease(
                    lane=model._meta.label_lower,
                    until=now + settings.OUTBOX_LEASE,
                    messages=keys.text,
                )
                lease.keys = keys
                lease.save(force_insert=True)
                return lease
        if not rows:
            return None


def _take_turns(model: type[OutboundMessage]) -> None:
    """Wait until no other worker claims in this lane: each must see what the others have taken.

    A claim takes milliseconds. SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"claim {model._meta.label_lower}"]
            )


def hand_over(
    model: type[OutboundMessage], lease: Lease, *, gateway: Gateway, now: datetime
) -> bool:
    """Ask the gate, post one batch and record, in one transaction. False: the gateway takes nothing now.

    Consents are locked before the messages, as a withdrawal does; each read after a lock is a
    statement of its own, since a locking join does not re-read its other tables (trust.md § 7).
    Every statement is about the whole batch, or about all of it that has one outcome.
    """
    gate, trouble = gate_of(model), None
    with transaction.atomic():
        # Locked: the sweeper passes by. Gone: it has run out, and the sweeper has taken over.
        if not Lease.of(model).select_for_update().filter(pk=lease.pk).exists():
            return True
        # SECURITY: asked anew for each batch. A verdict from a minute ago could let a restored database send.
        is_stopped = bool(why_stopped())
        if not is_stopped:
            mine = model._default_manager.filter(pk__any=lease.keys, state=model.State.QUEUED)
            gate.lock(mine)
            held = model.for_gate(mine.select_for_update(of=("self",)).order_by("pk"))
            trouble = Batch(model, list(held), keys=lease.keys).send(gate, gateway, now=now)
        Lease._default_manager.filter(pk=lease.pk).delete()
    if isinstance(trouble, GatewayMisconfigured):
        raise trouble
    return not is_stopped and trouble is None


def recover(
    model: type[OutboundMessage],
    *,
    gateway: Gateway,
    now: datetime,
    limit: int = 200,
    record: Recorder | None = None,
) -> int:
    """Settle rows whose lease ran out, by asking the gateway. Return how many were looked at.

    Seen by the gateway: handed over, and `record` takes in what it reports. Never seen: back in the
    queue, and so through the gate again, under the same id. Too old to tell: stays `unknown`, for
    staff to see, never sent again.
    """
    until = now + settings.OUTBOX_LEASE
    _break_leases(model, now=now)
    with transaction.atomic():
        lost = model._default_manager.filter(
            state__in=[model.State.LEASED, model.State.UNKNOWN], lease_until__lte=now
        )
        rows = list(_locked(lost.order_by("lease_until"))[:limit])
        model._default_manager.filter(pk__in=[row.pk for row in rows]).update(lease_until=until)
    with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
        for row, found in zip(
            rows, pool.map(lambda row: look_up(gateway, row.pk), rows), strict=True
        ):
            # Without an answer it waits; but not longer than the gateway could still tell.
            if not isinstance(found, Exception) or _is_too_old(row, now):
                known = None if isinstance(found, Exception) else found
                _settle(row, known, until=until, record=record or record_receipt, now=now)
    return len(rows)


@transaction.atomic
def _break_leases(model: type[OutboundMessage], *, now: datetime) -> None:
    """Whoever held these batches has died, in time or in the call: nobody knows what has left."""
    over = Lease.of(model).filter(until__lte=now).select_for_update(skip_locked=True)
    for lease in over.order_by("pk"):
        _doubt(model._default_manager.filter(pk__any=lease.keys), now=now)
        lease.delete()


def _doubt(rows: QuerySet[Any], *, now: datetime) -> int:
    """Have the gateway asked about these before they may leave. Return how many waited."""
    queued = rows.filter(state=OutboundMessage.State.QUEUED)
    return queued.update(state=OutboundMessage.State.LEASED, lease_until=now)


def record_receipt(
    receipt: Receipt, *, row: OutboundMessage | None = None, now: datetime
) -> OutboundMessage | None:
    """Move the message forward by what the gateway reports. Return it, or None for an unknown id.

    `row` is the message, when it has been found already.
    handed_over < failed < delivered: a late, doubled or reordered report cannot undo a better state,
    and a duplicate proves no more than that the gateway has the message (strex.md § 4, § 10).
    """
    row = row or find(receipt.id)
    if row is None or not _advance(row, receipt, now=now):
        return row
    compare_parts(row, receipt)
    if row.listener:
        listener: Listener = import_string(row.listener)
        listener(row, receipt, now=now)
    return row


def find(message_id: UUID) -> OutboundMessage | None:
    """Return the message with this id, of whichever lane. One trip, for the gateway waits for an answer."""
    trip = Trip()
    asked = [(lane, trip.add(_finding(lane), [stored(lane, "pk", message_id)])) for lane in lanes()]
    trip.go()
    return next((load(lane, row) for lane, answer in asked for row in answer.rows), None)


def _finding(lane: type[OutboundMessage]) -> str:
    return f"SELECT {columns(lane, 'm')} FROM {lane._meta.db_table} m WHERE m.id = %s"  # noqa: S608  names


@transaction.atomic(savepoint=False)
def block_queued(rows: QuerySet[Any], *, reason: str) -> int:
    """Stop those of these messages that still wait. Return how many."""
    queued, group = rows.filter(state=OutboundMessage.State.QUEUED), rows.model.counted_by
    blocked = {"state": OutboundMessage.State.BLOCKED, "reason": reason}
    if not group:
        return queued.update(**blocked)
    moves: Counter[Move] = Counter()
    for value in set(queued.order_by().values_list(group, flat=True).distinct()):
        count = queued.filter(**{group: value}).update(**blocked)
        moves[value, OutboundMessage.State.QUEUED, ""] -= count
        moves[value, OutboundMessage.State.BLOCKED, reason] += count
    rows.model.note(moves)
    return sum(count for count in moves.values() if count > 0)


def block_waiting(consents: Sequence[int], *, reason: str, trip: Trip) -> None:
    """Have what waits on these consents stopped, in every lane, on a trip of the open transaction."""
    for lane in lanes():
        table, group = lane._meta.db_table, lane.counted_by
        sql = (
            f"UPDATE {table} SET state = %s, reason = %s"  # noqa: S608  names of tables and columns
            f" WHERE consent_id IN {places(consents)} AND state = %s RETURNING {group or 'id'}"
        )
        blocked, queued = lane.State.BLOCKED.value, lane.State.QUEUED.value
        stopped = trip.add(sql, [blocked, reason, *consents, queued])
        if group:
            trip.then(partial(_note_blocked, lane, stopped, reason))


def _note_blocked(lane: type[OutboundMessage], stopped: Answer, reason: str) -> None:
    moves: Counter[Move] = Counter()
    for (value,) in stopped.rows:
        moves[value, lane.State.QUEUED, ""] -= 1
        moves[value, lane.State.BLOCKED, reason] += 1
    if moves:
        lane.note(moves)


def maybe_at_gateway(rows: QuerySet[Any], *, since: datetime) -> QuerySet[Any]:
    """Return those of these messages that the gateway may hold and has not reported on, newest first."""
    states = [OutboundMessage.State.UNKNOWN, OutboundMessage.State.HANDED_OVER]
    held = rows.filter(state__in=states, handed_over_at__gt=since)
    return held.order_by("-handed_over_at")


def lock_in_order(
    model: type[models.Model],
    chosen: QuerySet[Any, Any],
    *,
    mode: Literal["SHARE", "NO KEY UPDATE"],
) -> None:
    """Lock the rows whose keys `chosen` yields, in pk order, against change by others.

    SHARE lets other senders read along; Django has no FOR SHARE. On SQLite the transaction already holds
    the only write lock.
    """
    if connection.vendor == "sqlite":
        return
    table = connection.ops.quote_name(model._meta.db_table)
    keys, params = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            # An array, so that the plan is one look-up a key, whatever the planner thinks of the table.
            f"SELECT 1 FROM {table} WHERE id = ANY(ARRAY({keys})) ORDER BY id FOR {mode}",  # noqa: S608  fixed words
            params,
        )


def _locked(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_for_update(skip_locked=True, of=("self",))


class Batch:
    """What becomes of one batch: written by a statement per outcome, not per message, and counted."""

    def __init__(
        self, model: type[OutboundMessage], rows: Sequence[Any], *, keys: Keys[UUID]
    ) -> None:
        self._model, self._keys = model, keys
        self._rows = {row.pk: row for row in rows}
        self._moves: Counter[Move] = Counter()
        self._parts: dict[UUID, int] = {}

    def send(
        self, gate: Gate, gateway: Gateway, *, now: datetime
    ) -> GatewayUnavailable | GatewayMisconfigured | None:
        """Post what the gate lets out, and record it. Return why nothing was taken: it is queued again."""
        sends = self.ask(gate, now=now)
        trouble: GatewayUnavailable | GatewayMisconfigured | None = None
        try:
            self.record(gateway.hand_over(sends, now=now) if sends else [], now=now)
        except GatewayUnavailable as error:
            _requeue(self._model, sends, now=now, after=error.retry_after)
            trouble = error
        except GatewayMisconfigured as error:
            _requeue(self._model, sends, now=now, after=60)
            trouble = error
        self._model.note(self._moves)
        if sends and not self._model.is_urgent:
            SharedState(settings.GATEWAY).touch("campaign")
        return trouble

    def ask(self, gate: Gate, *, now: datetime) -> list[Outgoing]:
        """Return what the gate lets out. Block or put back the rest."""
        sends: list[Outgoing] = []
        refused: dict[Block | Wait, list[UUID]] = {}
        verdicts = map(_inside_borders, gate.decide(list(self._rows.values()), now=now))
        for pk, verdict in zip(self._rows, verdicts, strict=True):
            if isinstance(verdict, Send):
                sends.append(verdict.outgoing)
            else:
                refused.setdefault(verdict, []).append(pk)
        counts = {text: gsm.measure(text).segments for text in {send.text for send in sends}}
        self._parts = {send.id: counts[send.text] for send in sends}
        for verdict, ids in refused.items():
            if isinstance(verdict, Block):
                self._write(ids, self._model.State.BLOCKED, reason=verdict.reason)
            else:
                self._write(ids, self._model.State.QUEUED, not_before=verdict.until)
        return sends

    def record(self, results: Iterable[Handover], *, now: datetime) -> None:
        """Write what the gateway said."""
        by_outcome: dict[tuple[Outcome, str, int], list[UUID]] = {}
        for result in results:
            key = (result.outcome, result.reason, self._parts[result.id])
            by_outcome.setdefault(key, []).append(result.id)
        state, posted = self._model.State, {"attempts": F("attempts") + 1}
        evidence = posted | self._model.on_hand_over()
        for (outcome, reason, parts), ids in by_outcome.items():
            left = evidence | {"handed_over_at": now, "counted_segments": parts}
            match outcome:
                case Outcome.ACCEPTED:
                    self._write(ids, state.HANDED_OVER, reason="", **left)
                case Outcome.REJECTED:
                    self._write(ids, state.FAILED, reason=reason[:40], **evidence)
                case Outcome.TOO_LATE:
                    self._write(ids, state.EXPIRED, reason=reason[:40])
                case Outcome.UNKNOWN:
                    until = now + settings.OUTBOX_LEASE
                    self._write(ids, state.UNKNOWN, lease_until=until, reason="", **left)

    def _write(self, ids: Sequence[UUID], state: str, **changes: Any) -> None:
        # Mostly all have one outcome: then their keys are written out already.
        keys = self._keys if len(ids) == len(self._keys) else Keys(ids)
        self._model._default_manager.filter(pk__any=keys).update(state=state, **changes)
        group = self._model.counted_by
        if group and state != self._model.State.QUEUED:
            for value, count in Counter(getattr(self._rows[pk], group) for pk in ids).items():
                self._moves[value, self._model.State.QUEUED, ""] -= count
                self._moves[value, state, changes["reason"]] += count


def _inside_borders(verdict: Verdict) -> Verdict:
    """Block what is for a country that we do not send to, whatever the gate says (SMS_COUNTRIES)."""
    if isinstance(verdict, Send) and not verdict.outgoing.recipient.is_in(settings.SMS_COUNTRIES):
        return Block("country")
    return verdict


def _expire(model: type[OutboundMessage], ids: Keys[UUID]) -> None:
    if not ids:
        return
    late, moves = model._default_manager.filter(pk__any=ids), Counter[Move]()
    if model.counted_by:
        for value, count in Counter(late.values_list(model.counted_by, flat=True)).items():
            moves[value, model.State.QUEUED, ""] -= count
            moves[value, model.State.EXPIRED, "not_after"] += count
    late.update(state=model.State.EXPIRED, reason="not_after")
    model.note(moves)


def _requeue(
    model: type[OutboundMessage], sends: Iterable[Outgoing], *, now: datetime, after: float
) -> None:
    model._default_manager.filter(pk__any=Keys(send.id for send in sends)).update(
        not_before=now + timedelta(seconds=after), attempts=F("attempts") + 1
    )


def look_up(gateway: Gateway, message_id: UUID) -> Receipt | Exception | None:
    """Ask the gateway; what it raises because it does not answer is returned."""
    try:
        return gateway.look_up(message_id)
    except (GatewayUnavailable, GatewayMisconfigured) as error:
        return error


def _is_too_old(row: OutboundMessage, now: datetime) -> bool:
    return now - row.queued_at > settings.STREX_RECOVERY_WINDOW


@transaction.atomic
def _settle(
    row: OutboundMessage,
    found: Receipt | None,
    *,
    until: datetime,
    record: Recorder,
    now: datetime,
) -> None:
    """Decide one row whose lease ran out, unless somebody else has moved it meanwhile."""
    too_late = row.not_after is not None and row.not_after <= now
    changes: dict[str, Any] = {"lease_until": None}
    if found is not None:
        changes |= {"state": row.State.HANDED_OVER, "handed_over_at": row.handed_over_at or now}
    elif _is_too_old(row, now):
        changes |= {"state": row.State.UNKNOWN}
    elif too_late:
        changes |= {"state": row.State.EXPIRED, "reason": "not_after"}
    else:
        changes |= {"state": row.State.QUEUED, "not_before": now}
    if _move(row, changes, lease_until=until) and found is not None:
        record(found, now=now)


def _move(row: OutboundMessage, changes: dict[str, Any], **still: Any) -> bool:
    """Change one row if it is still in the state in which it was read, and count it. Return whether."""
    model = type(row)
    mine = model._default_manager.filter(pk=row.pk, state=row.state, **still)
    if not mine.update(**changes):
        return False
    if model.counted_by:
        group, moves = getattr(row, model.counted_by), Counter[Move]()
        moves[_counted(group, row.state, row.reason)] -= 1
        moves[_counted(group, changes["state"], changes.get("reason", row.reason))] += 1
        model.note(moves)
    return True


def _counted(group: Any, state: str, reason: str) -> Move:
    waits = state in {OutboundMessage.State.QUEUED, OutboundMessage.State.LEASED}
    return (group, OutboundMessage.State.QUEUED, "") if waits else (group, state, reason)


_BEFORE: dict[str, list[str]] = {
    ReceiptState.HANDED_OVER: ["leased", "unknown"],
    ReceiptState.FAILED: ["leased", "unknown", "handed_over"],
    ReceiptState.DELIVERED: ["leased", "unknown", "handed_over", "failed"],
}


def _advance(row: OutboundMessage, receipt: Receipt, *, now: datetime) -> bool:
    """Return whether the receipt said something new."""
    state = ReceiptState.HANDED_OVER if receipt.duplicate else receipt.state
    changes: dict[str, Any] = {"state": state, "lease_until": None}
    if not receipt.duplicate:
        changes["detail"] = receipt.detail[:40]
    if receipt.segments:
        changes["segments"] = receipt.segments
    if row.state == row.State.QUEUED:
        _wait_for_sender(row, now=now)
    # Somebody may move it between our look and our write: then look again.
    while row.state in _BEFORE[state]:
        first = {} if row.handed_over_at else {"handed_over_at": now}
        if _move(row, changes | first):
            return True
        row.refresh_from_db()
    return False


def compare_parts(row: OutboundMessage, receipt: Receipt) -> None:
    """Say it when the gateway charges for another number of parts than was approved (strex.md § 7)."""
    ours, theirs = row.counted_segments, receipt.segments
    if not ours or not theirs or ours == theirs:
        return
    if SharedState(settings.GATEWAY).count("parts_differ") % ALARM_EVERY == 1:
        log.error("message %s: %d parts at the gateway, %d by our count", row.pk, theirs, ours)


@transaction.atomic
def _wait_for_sender(row: OutboundMessage, *, now: datetime) -> None:
    """Look again once whoever may be posting this message has recorded it.

    If the sender died, the lease is still there, and the receipt is the proof that the message left.
    """
    model = type(row)
    row.refresh_from_db(from_queryset=model._default_manager.select_for_update(of=("self",)))
    mine = model._default_manager.filter(pk=row.pk)
    if row.state == row.State.QUEUED and mine.filter(pk__in=Lease.covered(model)).exists():
        _doubt(mine, now=now)
        row.refresh_from_db()


@checks.register
def every_message_has_a_gate(
    app_configs: Sequence[AppConfig] | None, **kwargs: object
) -> list[checks.CheckMessage]:
    """No gate, no start."""
    errors: list[checks.CheckMessage] = []
    for model in lanes():
        try:
            gate_of(model)
        except ImportError:
            errors.append(
                checks.Error(
                    f"{model.__name__} names no gate, so nothing would decide who may receive it.",
                    obj=model,
                    id="smsconsent.E001",
                )
            )
    return errors


@checks.register
def a_lease_outlasts_the_gateway(
    app_configs: Sequence[AppConfig] | None, **kwargs: object
) -> list[checks.CheckMessage]:
    """Whoever asks too early is told «never seen» about a message that is on its way."""
    shortest = settings.STREX_VISIBILITY_WAIT + GATEWAY_DEADLINE
    if shortest < settings.OUTBOX_LEASE:
        return []
    return [
        checks.Error(
            "OUTBOX_LEASE_SECONDS must be more than STREX_VISIBILITY_WAIT and "
            f"{GATEWAY_DEADLINE.total_seconds():.0f} seconds for the call to the gateway.",
            id="smsconsent.E002",
        )
    ]
