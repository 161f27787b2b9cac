"""What people write: stored before it is acknowledged, acted on once (trust.md § 8)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from consents import inbox, incoming, replies, tasks
from consents.keywords import Intent
from consents.models import CallbackNonce, InboundMessage
from consents.services.callbacks import Replay, ReplayedNonce, count, nonce_of, require_same
from smsconsent import crypto, outbox
from smsconsent.gateways import Callback, Inbound, Trust
from smsconsent.gateways.state import SharedState
from smsconsent.together import Together
from smsconsent.trips import Trip
from smsconsent.waking import wake

log = logging.getLogger(__name__)
# How much of the time that a callback may take is spent on waiting for somebody else's lock.
LOCK_SHARE = 0.75
# The same for stops that share a transaction: who is waited for in vain must leave time to go on alone.
SHORT_SHARE = 0.1
MOST_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class InboundCallback:
    """An SMS from a person, as it came in."""

    inbound: Inbound
    gateway: str
    callback: Callback
    body: bytes
    now: datetime

    @property
    def is_like_a_stop(self) -> bool:
        inbound = self.inbound
        return inbound.sender is not None and replies.looks_like_a_stop(
            inbound.text, flagged=inbound.is_stop
        )

    @property
    def message(self) -> InboundMessage:
        """A row to be stored, new each time: a failed attempt leaves its traces on it."""
        return _message(self.inbound, gateway=self.gateway, callback=self.callback, now=self.now)

    @property
    def nonce(self) -> CallbackNonce | None:
        return nonce_of(self.callback, self.body, now=self.now)


def receive_message(
    inbound: Inbound, *, gateway: str, callback: Callback, body: bytes, now: datetime
) -> None:
    """Store an SMS from a person and do what it says, in one transaction. Returns once it is safely stored.

    What arrives twice is acted on once. When acting fails, or waits longer for a lock than the gateway
    waits for us, the row alone is kept: its number is on hold at the gate until the sweeper or a
    colleague has read it. Stops that arrive together share a transaction. Raises ReplayedNonce.
    """
    call = InboundCallback(inbound, gateway, callback, body, now)
    is_new = _receive_stop(call) if call.is_like_a_stop else _receive(call)
    SharedState(gateway).touch("inbound")
    if is_new and inbound.sender is None:
        count(gateway, "odd_sender")


def _receive(call: InboundCallback) -> bool:
    """Return whether it is new. Raises ReplayedNonce."""
    try:
        message = _take_in(call, act=True)
    except ReplayedNonce:
        raise
    except Exception:
        # L31: what cannot be read holds the number, and is read later. Nothing personal is logged.
        log.exception("an inbound message could not be acted on yet")
        message = _take_in(call, act=False)
    if message is None:
        return False
    if message.trust != Trust.SIGNED and message.intent in {Intent.STOP, Intent.NO}:
        count(call.gateway, "doubtful_stop")
    wake(tasks.send_service_messages)
    return True


def _take_in(call: InboundCallback, *, act: bool) -> InboundMessage | None:
    """Store it, and act on it. Return None for what was taken in before. Raises ReplayedNonce.

    The nonce goes with it, so that a failed attempt may come again.
    """
    message, nonce = call.message, call.nonce
    message.attempts = 0 if act else 1
    try:
        with transaction.atomic():
            trip = Trip()
            if act:
                _bound_waiting(trip, LOCK_SHARE)
            fresh = trip.insert([nonce], ignore_conflicts=True) if nonce else None
            stored = trip.insert([message], ignore_conflicts=True, returning=("id",))
            found = incoming.ask_purposes([message.recipient], trip=trip)
            trip.go()
            if fresh and not fresh.count:
                raise Replay
            if not stored.rows:
                return None
            message.pk = stored.rows[0][0]
            if act:
                inbox.act(message, found=found, now=call.now)
    except Replay:
        require_same(nonce)
        return None
    return message


# -- stops that arrive together ----------------------------------------------------------------------------
def receive_together(calls: Sequence[InboundCallback]) -> list[bool | Exception]:
    """Receive stops in one transaction, and each by itself where that does not do.

    That is so for a second stop of a number, for what was taken in before, and when anything fails: then
    one that cannot be acted on, or waits for a lock, must not hold up the others.
    """
    firsts = {
        str(each.inbound.sender and each.inbound.sender.e164): each for each in reversed(calls)
    }
    outbox.stops_came(len(calls))
    done: set[int] = set()
    if len(firsts) > 1 and _take_in_together(list(firsts.values())):
        done = {id(each) for each in firsts.values()}
    return [True if id(each) in done else _outcome(each) for each in calls]


def _outcome(call: InboundCallback) -> bool | Exception:
    try:
        return _receive(call)
    except (ReplayedNonce, DatabaseError) as error:
        return error


def _take_in_together(calls: Sequence[InboundCallback]) -> bool:
    """Store these stops and act on them. Return False, with nothing stored, unless all were new and clear."""
    # In one order, so that two processes that are sent the same do not wait for each other.
    calls = sorted(calls, key=lambda each: each.inbound.message_id)
    messages = [each.message for each in calls]
    nonces = [nonce for each in calls if (nonce := each.nonce)]
    try:
        with transaction.atomic():
            trip = Trip()
            _bound_waiting(trip, SHORT_SHARE)
            fresh = trip.insert(nonces, ignore_conflicts=True)
            stored = trip.insert(messages, ignore_conflicts=True, returning=("id", "message_id"))
            found = incoming.ask_purposes({each.recipient for each in messages}, trip=trip)
            trip.go()
            if stored.count < len(messages) or fresh.count < len(nonces):
                raise Replay
            keys = {message_id: key for key, message_id in stored.rows}
            for message in messages:
                message.pk = keys[message.message_id]
            inbox.act_on_stops(messages, found=found, now=max(each.now for each in calls))
    except (Replay, replies.NotAStop):
        return False
    except Exception:
        log.exception("stops that came together are taken in one by one")
        return False
    for message in messages:
        if message.trust != Trust.SIGNED:
            count(message.gateway, "doubtful_stop")
    wake(tasks.send_service_messages)
    return True


_receive_stop = Together(receive_together, most=MOST_TOGETHER)


def _bound_waiting(trip: Trip, share: float) -> None:
    """Have the transaction give up on a lock before the gateway gives up on us (trust.md § 8.3)."""
    if connection.vendor == "postgresql":
        patience = settings.STREX_CALLBACK_BUDGET * share * 1000
        trip.add(f"SET LOCAL lock_timeout = {patience:.0f}")


def _message(
    inbound: Inbound, *, gateway: str, callback: Callback, now: datetime
) -> InboundMessage:
    phone = inbound.sender
    return InboundMessage(
        gateway=gateway,
        message_id=inbound.message_id[:100],
        sender=phone,
        sender_index=crypto.blind_index(phone, use="inbound") if phone else None,
        recipient=inbound.recipient[:20],
        text=inbound.text,
        key_id=crypto.current_key_id(),
        is_stop=inbound.is_stop,
        trust=callback.trust,
        vouched_by=callback.basis,
        state=InboundMessage.State.UNREAD,
        received_at=now,
    )
