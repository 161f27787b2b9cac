"""Who may still get a service message at the moment it leaves, and what is repeated when it failed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import Exists, OuterRef, QuerySet

from consents.models import Confirmation, Consent, InboundMessage, ServiceMessage
from smsconsent import crypto, outbox
from smsconsent.gateways import Outgoing, Receipt

Kind = ServiceMessage.Kind


def _asked(now: datetime) -> QuerySet[Consent]:
    """Requests, and consents that hold and that somebody has asked for again: the question waits."""
    waiting = Confirmation.objects.renewals(now).filter(consent=OuterRef("pk"))
    again = Consent.objects.granted(now).filter(Exists(waiting))
    asked = Consent.objects.pending(now) | again.exclude(pk__in=Consent.objects.doubtful())
    return asked.exclude(pk__in=Consent.objects.suppressed())


AGAIN_AFTER = timedelta(minutes=30)


def on_receipt(row: ServiceMessage, receipt: Receipt, *, now: datetime) -> None:
    """Send once more, half an hour later, what failed through no fault of message or number (strex.md § 10).

    A new row under a new id, through the gate. A repetition is not repeated, nor is what would come too late.
    """
    at = now + AGAIN_AFTER
    is_over = row.not_after is not None and at >= row.not_after
    if not receipt.transient or row.repeats is not None or is_over:
        return
    again = ServiceMessage.objects.get(pk=row.pk)
    again.pk, again.repeats = uuid4(), row.pk
    again.state, again.attempts, again.reason, again.detail = row.State.QUEUED, 0, "", ""
    again.handed_over_at = again.segments = again.counted_segments = None
    again.queued_at, again.not_before, again.key_id = now, at, crypto.current_key_id()
    again.save(force_insert=True)


# Which consents a message of this kind may still go out on; the other kinds concern no consent.
_NEEDS: dict[str, Callable[[datetime], QuerySet[Consent]]] = {
    Kind.CONFIRMATION: _asked,
    Kind.WELCOME: Consent.objects.granted,
    Kind.REMINDER: Consent.objects.sendable,
    Kind.RENEWAL: Consent.objects.renewable,
    Kind.NOTICE: Consent.objects.renewable,
}


# What nobody waits for, and what the person may just have said no to: it waits for their reply to be read.
_UNASKED = {Kind.REMINDER, Kind.RENEWAL, Kind.NOTICE}
READ_AGAIN_AFTER = timedelta(minutes=1)

_REFUSALS = {str(Kind.CONFIRMATION): "no_open_request"}


def _arrived(rows: Sequence[ServiceMessage]) -> set[UUID]:
    """Return which of the messages that are being repeated were delivered after all."""
    ids = [row.repeats for row in rows if row.repeats]
    if not ids:
        return set()
    delivered = ServiceMessage.objects.filter(pk__in=ids, state=ServiceMessage.State.DELIVERED)
    return set(delivered.values_list("pk", flat=True))


def _unread(rows: Sequence[ServiceMessage]) -> set[bytes]:
    """Return whose replies are not read yet, if any of these is to wait for that (trust.md T2)."""
    waits = any(row.kind in _UNASKED for row in rows)
    return InboundMessage.objects.unread().senders() if waits else set()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What holds now: which consents each kind may go out on, what arrived, who has not been read yet."""

    may: dict[str, set[int]]
    arrived: set[UUID]
    unread: set[bytes]

    def has_unread(self, row: ServiceMessage) -> bool:
        return bool(self.unread) and not self.unread.isdisjoint(
            crypto.blind_indexes(row.recipient, use="inbound")
        )


class ServiceGate:
    """Who may still receive a service message, at the moment it is handed over."""

    def lock(self, rows: QuerySet[ServiceMessage]) -> None:
        outbox.lock_in_order(Consent, rows.values("consent"), mode="SHARE")

    def decide(self, rows: Sequence[ServiceMessage], *, now: datetime) -> list[outbox.Verdict]:
        ids = {row.consent_id for row in rows if row.consent_id}
        may = {
            kind: set(_NEEDS[kind](now).filter(pk__in=ids).values_list("pk", flat=True))
            for kind in {row.kind for row in rows} & _NEEDS.keys()
        }
        facts = _Facts(may, _arrived(rows), _unread(rows))
        return [self._decide_one(row, facts, now=now) for row in rows]

    def _decide_one(self, row: ServiceMessage, facts: _Facts, *, now: datetime) -> outbox.Verdict:
        if row.repeats in facts.arrived:
            return outbox.Block("arrived")
        if row.kind in facts.may and row.consent_id not in facts.may[row.kind]:
            return outbox.Block(_REFUSALS.get(row.kind, "no_consent"))
        if row.kind in _UNASKED and facts.has_unread(row):
            return outbox.Wait(now + READ_AGAIN_AFTER)
        # A Fernet token does not know its row: a swapped one opens cleanly (trust.md § 4).
        indexes = crypto.blind_indexes(
            row.recipient, use="lookup", organisation=row.organisation_id
        )
        if bytes(row.recipient_index) not in indexes:
            return outbox.Block("index_mismatch")
        return outbox.Send(
            Outgoing(
                id=row.pk,
                recipient=row.recipient,
                sender=row.sender,
                text=row.text,
                not_after=row.not_after,
                urgent=True,
                tag=f"s/{row.kind.replace('_', '')}",
            )
        )
