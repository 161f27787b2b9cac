"""Callbacks from the gateway: stored before they are acknowledged, acted on once (trust.md § 8)."""

import logging
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import IntegrityError, connection, transaction

from consents import inbox, letters, suspensions, tasks
from consents.keywords import Intent
from consents.models import CallbackNonce, InboundMessage
from smsconsent import arrivals, crypto, outbox, polling
from smsconsent.gateways import Callback, Inbound, Receipt, Trust, watch
from smsconsent.gateways.state import SharedState
from smsconsent.outbox import OutboundMessage
from smsconsent.trips import Trip
from smsconsent.waking import wake

log = logging.getLogger(__name__)
ONCE = "ON CONFLICT DO NOTHING RETURNING id"
# How much of the time that a callback may take is spent on waiting for somebody else's lock.
LOCK_SHARE = 0.75
# Each so many of a day are worth an alarm.
ALARM_EVERY = 20


class ReplayedNonce(Exception):
    """The nonce was used for another body: a forgery."""


class _Replay(Exception):
    """The nonce was used before: take back what was stored with it."""


def receive_message(
    inbound: Inbound, *, gateway: str, callback: Callback, body: bytes, now: datetime
) -> None:
    """Store an SMS from a person and do what it says, in one transaction. Returns once it is safely stored.

    What arrives twice is acted on once. When acting fails, or waits longer for a lock than the gateway
    waits for us, the row alone is kept: its number is on hold at the gate until the sweeper or a
    colleague has read it. Raises ReplayedNonce.
    """
    message = _message(inbound, gateway=gateway, callback=callback, now=now)
    try:
        is_new = _take_in(message, callback, body, act=True, now=now)
    except ReplayedNonce:
        raise
    except Exception:
        # L31: what cannot be read holds the number, and is read later. Nothing personal is logged.
        log.exception("an inbound message could not be acted on yet")
        message = _message(inbound, gateway=gateway, callback=callback, now=now)
        message.attempts = 1
        is_new = _take_in(message, callback, body, act=False, now=now)
    SharedState(gateway).touch("inbound")
    if not is_new:
        return
    if message.trust != Trust.SIGNED and message.intent in {Intent.STOP, Intent.NO}:
        _count(gateway, "doubtful_stop")
    if message.sender is None:
        _count(gateway, "odd_sender")
    wake(tasks.send_service_messages)


def _take_in(
    message: InboundMessage, callback: Callback, body: bytes, *, act: bool, now: datetime
) -> bool:
    """Store it, and act on it. Return False for what was taken in before. Raises ReplayedNonce.

    The nonce goes with it, so that a failed attempt may come again.
    """
    nonce = _nonce(callback, body, now=now)
    try:
        with transaction.atomic():
            trip = Trip()
            if act:
                _bound_waiting(trip)
            fresh = trip.insert([nonce], after=ONCE) if nonce else None
            stored = trip.insert([message], after=ONCE)
            found = letters.ask_purposes(message.recipient, trip=trip)
            trip.go()
            if fresh and not fresh.rows:
                raise _Replay
            if not stored.rows:
                return False
            message.pk = stored.rows[0][0]
            if act:
                inbox.act(message, found=found, now=now)
    except _Replay:
        _require_same(nonce)
        return False
    return True


def _bound_waiting(trip: Trip) -> None:
    """Have the transaction give up on a lock before the gateway gives up on us (trust.md § 8.3)."""
    if connection.vendor == "postgresql":
        patience = settings.STREX_CALLBACK_BUDGET * LOCK_SHARE * 1000
        trip.add(f"SET LOCAL lock_timeout = {patience:.0f}")


def receive_receipt(
    receipt: Receipt | None,
    *,
    gateway: str = "strex",
    callback: Callback,
    body: bytes,
    now: datetime,
) -> None:
    """Record what became of a message. An unknown id changes nothing. Raises ReplayedNonce.

    A number that shows signs of a new owner is suspended: nothing is sent to it before a fresh yes.
    """
    message = outbox.find(receipt.id) if receipt else None
    nonce = _nonce(callback, body, now=now)
    if (
        receipt is not None
        and message is not None
        and callback.trust is Trust.SIGNED
        and arrivals.is_arrival(receipt, message)
    ):
        SharedState(gateway).touch("receipt")
        _take_arrival(receipt, message, nonce, now=now)
        return
    with transaction.atomic():
        if not _is_replay(nonce):
            SharedState(gateway).touch("receipt")
            _take_report(receipt, message, gateway=gateway, trust=callback.trust, now=now)


def _take_arrival(
    receipt: Receipt, message: OutboundMessage, nonce: CallbackNonce | None, *, now: datetime
) -> None:
    """Take in that a message has arrived, and the nonce with it. Raises ReplayedNonce."""
    trip = Trip()
    if nonce:
        trip.insert([nonce])
    moved = suspensions.take_arrival(receipt, message, now=now, trip=trip)
    try:
        trip.go_alone()
    except IntegrityError:
        _require_same(nonce)
        return
    if not moved.count:
        # Somebody has moved it since we looked.
        suspensions.take_receipt(receipt, now=now)


def _take_report(
    receipt: Receipt | None,
    message: OutboundMessage | None,
    *,
    gateway: str,
    trust: Trust,
    now: datetime,
) -> None:
    if receipt is None or message is None:
        _count(gateway, "unknown_id")
        return
    for what in ("unexpected", "unexplained", "duplicate"):
        if getattr(receipt, what):
            _count(gateway, what)
    # Unproven news may not change anything; the gateway itself is asked instead (strex.md § 6). And a
    # duplicate tells that an earlier try arrived, not what became of it (§ 4).
    is_lost = message.state in {message.State.LEASED, message.State.UNKNOWN}
    if trust is not Trust.SIGNED or (receipt.duplicate and is_lost):
        polling.doubt(gateway, receipt.id)
    if trust is not Trust.SIGNED:
        return
    if receipt.misconfigured:
        watch.stop_lanes(gateway)
    suspensions.take_receipt(receipt, message=message, now=now)


def _count(gateway: str, what: str) -> None:
    """Count what is worth a look today, and say so in the log when there are many."""
    count = SharedState(gateway).count(what)
    if count % ALARM_EVERY == 0:
        log.error("callbacks of %s: %d × %s today", gateway, count, what)


def _is_replay(nonce: CallbackNonce | None) -> bool:
    """Remember the nonce in the callback's own transaction, so that a failed attempt may come again."""
    if nonce is None:
        return False
    trip = Trip()
    fresh = trip.insert([nonce], after=ONCE)
    trip.go()
    if fresh.rows:
        return False
    _require_same(nonce)
    return True


def _nonce(callback: Callback, body: bytes, *, now: datetime) -> CallbackNonce | None:
    if callback.nonce is None:
        return None
    name, nonce = callback.nonce
    return CallbackNonce(key_name=name, nonce=nonce, body_sha256=sha256(body).digest(), at=now)


def _require_same(nonce: CallbackNonce | None) -> None:
    """Raise ReplayedNonce unless it came with this very body before."""
    assert nonce is not None
    known = CallbackNonce.objects.get(key_name=nonce.key_name, nonce=nonce.nonce)
    if bytes(known.body_sha256) != nonce.body_sha256:
        raise ReplayedNonce


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
