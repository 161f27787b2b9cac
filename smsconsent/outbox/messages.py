"""What waits to be sent, is sent and was sent: the messages of every lane, and the leases over them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, ClassVar, Literal, Self
from uuid import UUID, uuid4

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Case, F, Func, Q, QuerySet, When
from django.utils.translation import gettext_lazy as _

from smsconsent.lookups import Keys
from smsconsent.trips import Answer, Trip, columns, load, places, stored


class OutboundMessage(models.Model):
    """One SMS on its way out. A concrete class names its gate; one without does not start."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        # The lease over it ran out: whether it left is being found out. Under a lease a message is QUEUED.
        RECOVERING = "leased", _("Being sent")
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

    # What the two partial indexes below hang on, kept true by the database. An index that named `state` would
    # get an entry with each report; these change when a message leaves, and a report of it writes the row
    # alone (HOT, decision 25).
    due_at = models.GeneratedField(
        expression=Case(When(state="queued", then=F("not_before"))),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    in_doubt = models.GeneratedField(
        expression=Case(When(state__in=["leased", "unknown"], then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        abstract = True
        indexes = [
            models.Index(F("due_at"), condition=Q(due_at__isnull=False), name="%(class)s_due"),
            models.Index(F("lease_until"), condition=Q(in_doubt=True), name="%(class)s_in_doubt"),
        ]

    @classmethod
    def due(cls, now: datetime) -> QuerySet[Self]:
        """Rows that may be claimed: no live lease covers them. A lane with more conditions narrows this."""
        return cls._default_manager.filter(due_at__lte=now).exclude(pk__in=Lease.covered(cls))

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

    def move_one(self, move: str, params: Sequence[Any], state: str, *, trip: Trip) -> Answer:
        """Have this one brought to `state` by `move`, an UPDATE of it if it is still where it was read.

        And have it noted. The answer's row is its key, if it was moved. For SQLite.
        """
        return trip.add(f"{move} RETURNING id", params)

    @classmethod
    def move_together(
        cls, move: str, params: Sequence[Any], *, before: str, after: str, trip: Trip
    ) -> Answer:
        """Have those that `move` finds, an UPDATE of rows `m`, go from one state to the other, and noted.

        The answer's rows are the keys of those that were moved. For PostgreSQL.
        """
        return trip.add(f"{move} RETURNING m.id", params)

    @classmethod
    def last_texts_to(cls, subject_id: int) -> list[str]:
        """Return the last few texts sent to one number, newest first."""
        return []

    @property
    def words(self) -> str:
        """What was written to the person, as far as it is kept."""
        return ""

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


def lanes() -> Iterator[type[OutboundMessage]]:
    """Yield each concrete class of message."""
    for model in apps.get_models():
        if issubclass(model, OutboundMessage):
            yield model


def find(message_id: UUID) -> OutboundMessage | None:
    """Return the message with this id, of whichever lane. One trip, for the gateway waits for an answer."""
    return find_all([message_id]).get(message_id)


def find_all(ids: Sequence[UUID]) -> dict[UUID, OutboundMessage]:
    """Return the messages with these ids, of whichever lane, by their id. One trip."""
    trip = Trip()
    asked = [
        (
            lane,
            trip.add(
                f"SELECT {columns(lane, 'm')} FROM {lane._meta.db_table} m WHERE m.id IN {places(ids)}",  # noqa: S608  names, placeholders
                [stored(lane, "pk", each) for each in ids],
            ),
        )
        for lane in lanes()
    ]
    trip.go()
    found = [load(lane, row) for lane, answer in asked for row in answer.rows]
    return {each.pk: each for each in found}


def block_queued(rows: QuerySet[Any], *, reason: str) -> int:
    """Stop those of these messages that still wait. Return how many."""
    return end_queued(rows, state=OutboundMessage.State.BLOCKED, reason=reason)


@transaction.atomic(savepoint=False)
def end_queued(rows: QuerySet[Any], *, state: OutboundMessage.State, reason: str) -> int:
    """Move those of these messages that still wait to a final state, and count them. Return how many."""
    queued, group = rows.filter(state=OutboundMessage.State.QUEUED), rows.model.counted_by
    ended = {"state": state, "reason": reason}
    if not group:
        return queued.update(**ended)
    moves: Counter[Move] = Counter()
    for value in set(queued.order_by().values_list(group, flat=True).distinct()):
        count = queued.filter(**{group: value}).update(**ended)
        moves[value, OutboundMessage.State.QUEUED, ""] -= count
        moves[value, state, reason] += count
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
