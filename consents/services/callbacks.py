"""What callbacks of every kind share: the nonce by which each counts once, and what is counted of them."""

import logging
from datetime import datetime
from hashlib import sha256

from consents.models import CallbackNonce
from smsconsent.gateways import Callback
from smsconsent.gateways.state import SharedState

log = logging.getLogger(__name__)
# Each so many of a day are worth an alarm.
ALARM_EVERY = 20


class ReplayedNonce(Exception):
    """The nonce was used for another body: a forgery."""


class Replay(Exception):
    """The nonce was used before: take back what was stored with it."""


def nonce_of(callback: Callback, body: bytes, *, now: datetime) -> CallbackNonce | None:
    """Return the row to store in the callback's own transaction, so that a failed attempt may come again."""
    if callback.nonce is None:
        return None
    name, nonce = callback.nonce
    return CallbackNonce(key_name=name, nonce=nonce, body_sha256=sha256(body).digest(), at=now)


def require_same(nonce: CallbackNonce | None) -> None:
    """Raise ReplayedNonce unless it came with this very body before."""
    assert nonce is not None
    known = CallbackNonce.objects.get(key_name=nonce.key_name, nonce=nonce.nonce)
    if bytes(known.body_sha256) != nonce.body_sha256:
        raise ReplayedNonce


def count(gateway: str, what: str) -> None:
    """Count what is worth a look today, and say so in the log when there are many."""
    found = SharedState(gateway).count(what)
    if found % ALARM_EVERY == 0:
        log.error("callbacks of %s: %d × %s today", gateway, found, what)
