"""Callbacks from the gateway: stored before they are acknowledged, acted on once (trust.md § 8)."""

import logging
from datetime import datetime
from hashlib import sha256

from django.db import DatabaseError, IntegrityError, transaction

from consents import inbox, suspensions, tasks
from consents.keywords import Intent
from consents.models import CallbackNonce, InboundMessage
from smsconsent import crypto, outbox, polling
from smsconsent.gateways import Callback, Inbound, Receipt, Trust, watch
from smsconsent.gateways.state import SharedState

log = logging.getLogger(__name__)
# Each so many of a day are worth an alarm.
ALARM_EVERY = 20


class ReplayedNonce(Exception):
    """The nonce was used for another body: a forgery."""


def receive_message(
    inbound: Inbound, *, gateway: str, callback: Callback, body: bytes, now: datetime
) -> None:
    """Store an SMS from a person and do what it says. Returns once it is safely stored.

    What arrives twice is acted on once. When acting fails, the row alone is kept: its number is on
    hold at the gate until the sweeper or a colleague has read it. Raises ReplayedNonce.
    """
    with transaction.atomic():
        if _is_replay(callback, body, now=now):
            return
        message = _store(inbound, gateway=gateway, callback=callback, now=now)
    SharedState(gateway).touch("inbound")
    if message is None:
        return
    try:
        inbox.read_one(message.pk, now=now)
    except DatabaseError:
        # It is stored, so the answer is 200: the sweeper reads it, and until then the gate holds the number.
        log.exception("a stored message could not be read yet")
    if message.trust != Trust.SIGNED:
        message.refresh_from_db(fields=["intent"])
        if message.intent in {Intent.STOP, Intent.NO}:
            _count(gateway, "doubtful_stop")
    if message.sender is None:
        _count(gateway, "odd_sender")
    tasks.send_service_messages.delay_on_commit()


@transaction.atomic
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
    if _is_replay(callback, body, now=now):
        return
    SharedState(gateway).touch("receipt")
    message = outbox.find(receipt.id) if receipt else None
    if receipt is None or message is None:
        _count(gateway, "unknown_id")
        return
    for what in ("unexpected", "unexplained", "duplicate"):
        if getattr(receipt, what):
            _count(gateway, what)
    # Unproven news may not change anything; the gateway itself is asked instead (strex.md § 6). And a
    # duplicate tells that an earlier try arrived, not what became of it (§ 4).
    is_lost = message.state in {message.State.LEASED, message.State.UNKNOWN}
    if callback.trust is not Trust.SIGNED or (receipt.duplicate and is_lost):
        polling.doubt(gateway, receipt.id)
    if callback.trust is not Trust.SIGNED:
        return
    if receipt.misconfigured:
        watch.stop_lanes(gateway)
    suspensions.take_receipt(receipt, message=message, now=now)


def _count(gateway: str, what: str) -> None:
    """Count what is worth a look today, and say so in the log when there are many."""
    count = SharedState(gateway).count(what)
    if count % ALARM_EVERY == 0:
        log.error("callbacks of %s: %d × %s today", gateway, count, what)


def _is_replay(callback: Callback, body: bytes, *, now: datetime) -> bool:
    """Remember the nonce in the callback's own transaction, so that a failed attempt may come again."""
    if callback.nonce is None:
        return False
    name, nonce = callback.nonce
    digest = sha256(body).digest()
    try:
        with transaction.atomic():
            CallbackNonce.objects.create(key_name=name, nonce=nonce, body_sha256=digest, at=now)
    except IntegrityError:
        known = CallbackNonce.objects.get(key_name=name, nonce=nonce)
        if bytes(known.body_sha256) != digest:
            raise ReplayedNonce from None
        return True
    return False


def _store(
    inbound: Inbound, *, gateway: str, callback: Callback, now: datetime
) -> InboundMessage | None:
    phone = inbound.sender
    try:
        with transaction.atomic():
            return InboundMessage.objects.create(
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
    except IntegrityError:
        return None
