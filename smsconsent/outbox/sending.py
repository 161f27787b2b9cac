"""Claim a batch, ask the gate, hand over, record: each statement about the whole batch."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.db import connection, models, transaction
from django.db.models import ExpressionWrapper, F, Q
from django.utils.module_loading import import_string

from smsconsent import gsm
from smsconsent.gateways import (
    Gateway,
    GatewayMisconfigured,
    GatewayUnavailable,
    Handover,
    Outcome,
    Outgoing,
    gateway_name,
)
from smsconsent.gateways.state import SharedState
from smsconsent.lookups import Keys
from smsconsent.outbox.gates import Block, Gate, Send, Verdict, Wait, gate_of
from smsconsent.outbox.messages import Lease, Move, OutboundMessage, end_queued
from smsconsent.outbox.precedence import let_stops_by

# How long one call to a gateway may take at most.
GATEWAY_DEADLINE = timedelta(seconds=5)


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
        if not model.is_urgent:
            let_stops_by()
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
            _read_by_index()
            _take_turns(model)
            is_late = ExpressionWrapper(Q(not_after__lte=now), models.BooleanField())
            rows = list(model.due(now).order_by("due_at").values_list("pk", is_late)[:limit])
            keys = Keys(pk for pk, is_late in rows if not is_late)
            late = model._default_manager.filter(
                pk__any=Keys(pk for pk, is_late in rows if is_late)
            )
            end_queued(late, state=model.State.EXPIRED, reason="not_after")
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


def _read_by_index() -> None:
    """Have this transaction find rows by index and in its order, whatever the planner thinks.

    It goes by statistics, which know nothing yet of an audience that was frozen a moment ago: then it would
    read all of the campaign for each batch of it, and sort what waits.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")


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
        _read_by_index()
        # Locked: the sweeper passes by. Gone: it has run out, and the sweeper has taken over. Row locks and
        # the state alone would keep two workers apart; but what leaves without a lease is told of by nothing
        # should we die before the commit, and then it leaves once more, unasked.
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
            SharedState(gateway_name()).touch("campaign")
        return trouble

    def ask(self, gate: Gate, *, now: datetime) -> list[Outgoing]:
        """Return what the gate lets out. Block or put back the rest."""
        sends: list[Outgoing] = []
        refused: dict[Block | Wait, list[UUID]] = {}
        borders = partial(_inside_borders, countries=frozenset(settings.SMS_COUNTRIES))
        verdicts = map(borders, gate.decide(list(self._rows.values()), now=now))
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


def _inside_borders(verdict: Verdict, *, countries: frozenset[int]) -> Verdict:
    """Block what is for a country that we do not send to, whatever the gate says (SMS_COUNTRIES)."""
    if isinstance(verdict, Send) and not verdict.outgoing.recipient.is_in(countries):
        return Block("country")
    return verdict


def _requeue(
    model: type[OutboundMessage], sends: Iterable[Outgoing], *, now: datetime, after: float
) -> None:
    model._default_manager.filter(pk__any=Keys(send.id for send in sends)).update(
        not_before=now + timedelta(seconds=after), attempts=F("attempts") + 1
    )


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
