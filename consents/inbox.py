"""What people answer. A message is stored first and acted on once (law.md L30, L31).

Withdrawal has no form requirement; a yes does. Doubt may stop, and never start (trust.md § 8).
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from consents import pausing, replies
from consents.incoming import open_all_incoming, open_incoming
from consents.keywords import Intent
from consents.models import InboundMessage
from consents.models.messages import ATTEMPTS
from smsconsent.phones import Phone
from smsconsent.trips import Answer

log = logging.getLogger(__name__)
State = InboundMessage.State


def act(message: InboundMessage, *, found: Answer | None = None, now: datetime) -> None:
    """Do what the message says, in the open transaction, and mark it as read.

    `found`: what `incoming.ask_purposes` was told, where it was asked along with something else.
    """
    if message.sender is None:
        message.intent, message.state = Intent.OTHER, State.DONE
        InboundMessage.objects.filter(pk=message.pk).update(
            intent=message.intent, state=message.state
        )
        return
    replies.act_on(open_incoming(message, message.sender, found=found, now=now))


def act_on_stops(messages: Sequence[InboundMessage], *, found: Answer, now: datetime) -> None:
    """The same for what looks like a stop, of different numbers, all at once. Raises replies.NotAStop."""
    senders = [(message, message.sender) for message in messages if message.sender is not None]
    replies.act_on_stops(open_all_incoming(senders, found=found, now=now))


def read_unread(*, now: datetime, limit: int = 100) -> int:
    """Act on what was stored and not yet read. Return how many were settled.

    One that fails again and again goes to a colleague; until then its number is on hold at the gate.
    """
    # Those that fail come last: however many they are, they keep nobody waiting.
    unread = InboundMessage.objects.unread().order_by("attempts", "pk")
    ids = unread.values_list("pk", flat=True)[:limit]
    return sum(read_one(pk, now=now) for pk in list(ids))


def read_one(message_id: int, *, now: datetime) -> bool:
    """Act on one stored message, at most once, whoever else tries. Return whether it is settled."""
    try:
        with transaction.atomic():
            message = (
                InboundMessage.objects.unread()
                .select_for_update(of=("self",), skip_locked=True)
                .filter(pk=message_id)
                .first()
            )
            if message is None:
                return False
            act(message, now=now)
    except Exception:
        # L31: what cannot be read holds the number, and a person looks. Nothing personal is logged.
        log.exception("an inbound message could not be acted on", extra={"inbound": message_id})
        InboundMessage.objects.filter(pk=message_id).update(attempts=F("attempts") + 1)
        _give_up(message_id, now=now)
        return False
    if message.sender is not None:
        _end_holds(message.sender)
    return True


def _end_holds(phone: Phone) -> None:
    """End what was left on hold for this reply alone. Where that fails the hold stays."""
    try:
        pausing.release_settled(phone)
    except Exception:
        log.exception("a hold that was settled could not be ended")


def _give_up(message_id: int, *, now: datetime) -> None:
    """Leave it to a colleague, once it has failed often enough. Where that fails too it stays unread."""
    try:
        with transaction.atomic():
            lost = (
                InboundMessage.objects.unread()
                .select_for_update(of=("self",), skip_locked=True)
                .filter(pk=message_id, attempts__gte=ATTEMPTS)
                .first()
            )
            if lost is not None and lost.sender is not None:
                replies.leave_to_colleague(open_incoming(lost, lost.sender, now=now))
    except Exception:
        log.exception("an inbound message could not be given up", extra={"inbound": message_id})
