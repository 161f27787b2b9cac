"""Who gets a campaign, who does not, and why. Freezes the deliveries in one statement.

Each person of a purpose falls into exactly one line of the waterfall, the first reason that holds, so
that the counts add up. `sendable` is asked of consents, and asked again at the gate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns.models import Campaign, Delivery
from consents.models import Consent, Purpose

State = Consent.State
# Hand-overs that count against the promise: whatever the operator said afterwards, the person was written to.
SPENT = [
    Delivery.State.HANDED_OVER,
    Delivery.State.DELIVERED,
    Delivery.State.FAILED,
    Delivery.State.UNKNOWN,
]
WAITING = [Delivery.State.QUEUED, Delivery.State.RECOVERING]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One line of the waterfall: why a person is left out, in plain words and as a condition on consents.

    `holds` gets the purpose and the moment. It may use `sent_count`: messages within the promised period.
    """

    reason: str
    words: str
    holds: Callable[[Purpose, datetime], Q | Exists]


def _most_messages(purpose: Purpose) -> Least:
    """How many messages a person gets at most, as `Consent.most_messages` says it."""
    promised = Value(purpose.promised_count)
    return Least(promised, Coalesce("chosen_count", promised))


def _state_is(*states: State) -> Callable[[Purpose, datetime], Q]:
    return lambda purpose, now: Q(state__in=states)


# The waterfall, in its order: the first that holds is the reason. To exclude somebody for a new reason,
# add a line here; if it may arise after the freeze, add it to `sendable()` or to the gate as well.
EXCLUSIONS: tuple[Exclusion, ...] = (
    Exclusion("not_confirmed", gettext_noop("Have not confirmed yet"), _state_is(State.PENDING)),
    Exclusion("refused", gettext_noop("Have said no"), _state_is(State.REFUSED)),
    Exclusion("lapsed", gettext_noop("Never confirmed"), _state_is(State.LAPSED)),
    Exclusion("withdrawn", gettext_noop("Have stopped"), _state_is(State.WITHDRAWN)),
    Exclusion(
        "expired",
        gettext_noop("The consent is too old"),
        lambda purpose, now: Q(state=State.EXPIRED) | Q(valid_until__lte=now),
    ),
    Exclusion("invalid", gettext_noop("Were declared invalid"), _state_is(State.INVALID)),
    Exclusion(
        "closed",
        gettext_noop("The purpose is closed"),
        lambda purpose, now: Q(purpose__closed_at__lte=now),
    ),
    Exclusion(
        "suspended",
        gettext_noop("The number may belong to somebody else now"),
        lambda purpose, now: Q(pk__in=Consent.objects.for_purpose(purpose).doubtful()),
    ),
    Exclusion(
        "outdated",
        gettext_noop("Must say yes to the new terms first"),
        lambda purpose, now: Q(pk__in=Consent.objects.for_purpose(purpose).outdated()),
    ),
    Exclusion(
        "imported",
        gettext_noop("Imported, and neither confirmed by the person nor approved"),
        lambda purpose, now: Q(pk__in=Consent.objects.for_purpose(purpose).unapproved()),
    ),
    Exclusion(
        "barred",
        gettext_noop("The operator has barred the number for now"),
        lambda purpose, now: Q(subject__barred_until__gt=now),
    ),
    Exclusion(
        "on_hold",
        gettext_noop("An unclear reply is waiting for a colleague"),
        lambda purpose, now: Q(subject__held_at__isnull=False),
    ),
    Exclusion(
        "suppressed",
        gettext_noop("On the block list"),
        lambda purpose, now: Q(pk__in=Consent.objects.for_purpose(purpose).suppressed()),
    ),
    Exclusion(
        "paused",
        gettext_noop("Have chosen a pause"),
        lambda purpose, now: Q(paused_until__gt=now),
    ),
    Exclusion(
        "promise_used",
        gettext_noop("Have had as many messages as promised"),
        lambda purpose, now: Q(sent_count__gte=_most_messages(purpose)),
    ),
    Exclusion(
        "already_queued",
        gettext_noop("Waiting for another campaign for this purpose"),
        lambda purpose, now: _waiting(purpose),
    ),
)
# Reasons that only the gate or the gateway gives, in plain words.
AT_THE_GATE = {
    "unread_reply": gettext_noop("A reply from the number has not been read yet"),
    "no_consent": gettext_noop("The consent is no longer valid"),
    "not_approved": gettext_noop("The campaign is not approved as it stands"),
    "audience_grown": gettext_noop(
        "Many more people would get it now than were approved. Send it for approval again."
    ),
    "not_after": gettext_noop("It was too late to send it"),
    "index_mismatch": gettext_noop("The stored number does not match its lookup key"),
    "same_text": gettext_noop("The same text was sent within the hour"),
    "country": gettext_noop("The number is from a country that we do not send to"),
    "no_processor_agreement": gettext_noop(
        "There is no data processing agreement with the gateway"
    ),
    "cancelled": gettext_noop("The campaign was cancelled"),
    # Why a campaign pauses by itself.
    "provider_stopped": gettext_noop(
        "The gateway is holding back messages because they are so alike. Ask Strex "
        "before you continue."
    ),
    "many_rejected": gettext_noop(
        "The gateway is rejecting many of the messages. Check the sender before you continue."
    ),
    "erased": gettext_noop("Erased at the person's request"),
}
_WORDS = {each.reason: each.words for each in EXCLUSIONS} | AT_THE_GATE


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Everybody known for a purpose, the exclusions in order, and who remains."""

    total: int
    exclusions: tuple[tuple[str, int], ...]

    @property
    def rest(self) -> int:
        return self.total - sum(count for _reason, count in self.exclusions)

    def to_json(self) -> dict[str, Any]:
        return {"total": self.total, "exclusions": [list(pair) for pair in self.exclusions]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Waterfall":
        pairs = tuple((reason, count) for reason, count in value["exclusions"])
        return cls(value["total"], pairs)


def reason_label(reason: str) -> str:
    """Return a reason in plain words, in the language of the page."""
    return _(_WORDS[reason]) if reason in _WORDS else reason or _("Not delivered by the operator")


def waterfall(purpose: Purpose, *, now: datetime) -> Waterfall:
    """Count everybody of a purpose by the first reason that keeps a message from them. One query."""
    everybody = Consent.objects.for_purpose(purpose)
    rows = _with_reason(everybody, purpose, now=now).values_list("excluded")
    counts = dict(rows.annotate(count=Count("pk")).order_by())
    total = sum(counts.values())
    return Waterfall(total, tuple((each.reason, counts.get(each.reason, 0)) for each in EXCLUSIONS))


@transaction.atomic
def freeze(campaign: Campaign, *, now: datetime, limit: int | None = None) -> int:
    """Queue one delivery per remaining person, in one statement, and keep the waterfall. Return how many.

    Repeating it adds nobody twice: the database allows one delivery per campaign and number. With
    `limit` only so many are queued, and the rest when it is called again; the waterfall is the first.
    """
    # The rule is spelled once more by the query itself: `sendable` is what the gate will ask.
    chosen: QuerySet[Any, Any] = (
        _with_reason(
            Consent.objects.sendable(now).for_purpose(campaign.purpose), campaign.purpose, now=now
        )
        .filter(excluded="")
        .values("subject_id", "id")
    )
    if not campaign.audience:
        campaign.audience = waterfall(campaign.purpose, now=now).to_json()
        Campaign.objects.filter(pk=campaign.pk).update(audience=campaign.audience)
    count = _insert(campaign, chosen.order_by("pk")[:limit] if limit else chosen, now=now)
    Delivery.note({(campaign.pk, Delivery.State.QUEUED, ""): count})
    return count


def spent_on(subject: Any, purpose: Any, *, since: datetime) -> QuerySet[Delivery]:
    """Return the messages of this purpose that count against the promise to this number."""
    return Delivery.objects.filter(
        subject=subject,
        campaign__purpose=purpose,
        state__in=SPENT,
        handed_over_at__gt=since,
    )


def _with_reason(
    consents: QuerySet[Consent], purpose: Purpose, *, now: datetime
) -> QuerySet[Any, Any]:
    """Annotate each of these consents to the purpose with the first reason against it, or ""."""
    spent = (
        spent_on(OuterRef("subject"), purpose.pk, since=now - purpose.promised_for)
        .order_by()
        .values("subject")
        .annotate(count=Count("pk"))
        .values("count")
    )
    cases = [When(each.holds(purpose, now), then=Value(each.reason)) for each in EXCLUSIONS]
    return consents.annotate(
        sent_count=Coalesce(spent, Value(0)),
        excluded=Case(*cases, default=Value(""), output_field=CharField()),
    )


def _waiting(purpose: Purpose) -> Exists:
    return Exists(
        Delivery.objects.filter(
            subject=OuterRef("subject"), campaign__purpose=purpose.pk, state__in=WAITING
        )
    )


def _insert(campaign: Campaign, chosen: QuerySet[Any, Any], *, now: datetime) -> int:
    """INSERT … SELECT: the database makes the rows, and their random ids, by itself."""
    sql, params = chosen.query.sql_with_params()
    if connection.vendor == "postgresql":
        # In the order of time, so that rows made together lie together in the index.
        new_id = "uuidv7()"
    else:
        # A version 4 UUID, written as Django stores it on SQLite: 32 hexadecimal digits.
        new_id = (
            "lower(hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2)"
            " || substr('89ab', 1 + (abs(random()) %% 4), 1) || substr(hex(randomblob(2)), 2)"
            " || hex(randomblob(6)))"
        )
    stored = connection.ops.adapt_datetimefield_value
    values: list[Any] = [
        campaign.pk,
        campaign.purpose.sender.value,
        stored(now),
        stored(now),
        stored(campaign.not_after) if campaign.not_after else None,
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO campaigns_delivery
                (id, campaign_id, sender, queued_at, not_before, not_after, subject_id, consent_id,
                 state, reason, attempts, detail, consent_event)
                SELECT {new_id}, %s, %s, %s, %s, %s, chosen.subject_id, chosen.id,
                       'queued', '', 0, '', ''
                FROM ({sql}) AS chosen WHERE true
                ON CONFLICT (campaign_id, subject_id) DO NOTHING""",  # noqa: S608  our own fixed SQL
            [*values, *params],
        )
        return int(cursor.rowcount)
