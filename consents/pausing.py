"""Marketing to a number pauses while it is in doubt what its person has said (keywords.md, law.md L31)."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from consents import cases, journal
from consents.models import InboundMessage, Subject
from smsconsent import crypto
from smsconsent.phones import Phone
from smsconsent.staff.models import User

log = logging.getLogger(__name__)


@transaction.atomic
def hold(subjects: Sequence[Subject], *, now: datetime) -> int:
    """Pause marketing to these numbers until a colleague decides. Return how many were not on hold yet.

    Locked first, also where a hold is on: whoever ends it waits, and then sees why it was to be put on.
    """
    mine = Subject.objects.filter(pk__in=[subject.pk for subject in subjects])
    list(mine.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))
    held = mine.filter(held_at=None).update(held_at=now)
    journal.note_holds(subjects)
    return held


@transaction.atomic
def release_number(subject: Subject, *, by: User | None = None) -> bool:
    """End the pause of marketing to a number, unless a reply from it waits or a restriction is in force.

    Return whether this call ended it. Locked first, as `hold` does, and looked at afterwards.
    """
    held = _lock_held(subject.pk)
    if held is None or InboundMessage.objects.open_from(held).exists() or cases.is_restricted(held):
        return False
    Subject.objects.filter(pk=held.pk).update(held_at=None)
    journal.note_holds([held])
    log.info("number %s released", held.pk, extra={"colleague": by and by.pk})
    return True


def release_settled(phone: Phone) -> int:
    """End the holds of this number that a colleague has seen to while a reply of it was unread.

    For whoever has read that one, once it is committed. Seen to: another reply settled, or a restriction
    lifted. A hold that nobody has seen to, as after a restored backup, stays. Return how many ended.
    """
    wrote = crypto.blind_indexes(phone, use="inbound")
    held = InboundMessage.objects.filter(sender_index__in=wrote, subject__held_at__isnull=False)
    ids = set(held.values_list("subject", flat=True))
    return sum(_release_if_settled(pk, wrote) for pk in sorted(filter(None, ids)))


@transaction.atomic
def _release_if_settled(subject_id: int, wrote: list[bytes]) -> bool:
    # Locked first: who settles right now has looked before this reply was read, or sees that it is.
    held = _lock_held(subject_id)
    if held is None or held.held_at is None:
        return False
    since = held.held_at
    settled = held.inbound.filter(
        sender_index__in=wrote, state=InboundMessage.State.REVIEWED, reviewed_at__gte=since
    )
    is_seen_to = settled.exists() or cases.was_lifted(held, since=since)
    return is_seen_to and release_number(held)


def _lock_held(subject_id: int) -> Subject | None:
    mine = Subject.objects.select_for_update(no_key=True, of=("self",)).filter(pk=subject_id)
    return mine.exclude(held_at=None).first()
