"""After a restored backup: what happened since, from the journal outside the database (trust.md § 6)."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from consents import (
    entries,
    erasing,
    guard,
    journal,
    journal_blocks,
    keychanges,
    mending,
    merkle,
    transitions,
)
from consents.journal import JournalEntry
from consents.ledger import Proof
from consents.models import (
    Consent,
    ConsentEvent,
    Erasure,
    Organisation,
    Purpose,
    Subject,
    Suppression,
)
from smsconsent import crypto, outbox

Type = ConsentEvent.Type
ENDS = frozenset({Type.WITHDRAWN, Type.REFUSED, Type.INVALIDATED})


class NothingLost(Exception):
    """Everything that was published is here: there is no reason for a new log."""


@dataclass(slots=True)
class Report:
    """What a replay did: counts by word, and sentences about what waits for a person."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def replay_journal(*, now: datetime) -> Report:
    """Apply what the journal knows and this database does not, and let sending go on. Safe to repeat.

    Withdrawals, refusals, erasures, blocks and holds are applied, headers are put back. No grant is: its
    evidence is lost, so the person must say yes again.
    """
    report = Report()
    with journal.exclusive():
        if not journal.problem() and not guard.compare():
            return report
        # First, while sending is still off: the last entry put back turns it on again.
        with transaction.atomic():
            report.counts["messages to ask the gateway about"] = _doubt_queued(now)
            for path in settings.AFTER_REPLAY:
                report.notes += import_string(path)(now=now)
        lost = journal.unreplayed()
        for entry in lost:
            if entry.type not in {journal.SEALED, journal.BEAT}:
                with transaction.atomic():
                    report.counts[_apply(entry, now=now)] += 1
                    _put_back(entry)
        places = _places(lost)
        report.counts["places in the log"] = mending.put_back(places) + mending.place_waiting()
        journal.catch_up()
        mending.take_published_back(now=now)
    return report


def begin_new_log(*, now: datetime) -> str:
    """After a replay that could not restore what was published: go on under a new name. Return it.

    What was published and is neither here nor in the journal is given up, and everybody can see that.
    Raises NothingLost when what was published is here.
    """
    with journal.exclusive(), transaction.atomic():
        if not guard.compare():
            raise NothingLost
        name = mending.begin_new_log(now=now)
        journal.catch_up(is_final=True)
    return name


def begin_new_journal(*, now: datetime) -> None:
    """Give up a journal whose file is lost, and let sending go on without what it held."""
    journal.begin_anew(now=now)


def _places(lost: list[JournalEntry]) -> list[tuple[int, str]]:
    """Return the places in the log that the journal tells. A new log gave places anew where it began."""
    places: dict[int, str] = {}
    for entry in lost:
        if entry.type == journal.SEALED:
            places[int(entry.index)] = entry.event
        elif entry.type == entries.LOG_BEGUN:
            kept = json.loads(entry.header)["kept"]
            places = {index: event for index, event in places.items() if index < kept}
    return list(places.items())


def _apply(entry: JournalEntry, *, now: datetime) -> str:
    """Apply one entry through the verbs, and return the word it is counted under."""
    if entry.type == journal.BLOCKED:
        return _block(entry)
    if entry.type == journal.HELD:
        Subject.objects.filter(public_id=entry.subject, held_at=None).update(held_at=now)
        return "holds"
    if entry.type in entries.KINDS:
        return "entries about the log itself"
    return _apply_event(entry, now=now)


def _apply_event(entry: JournalEntry, *, now: datetime) -> str:
    consent = (
        Consent.objects.select_related("subject", "purpose")
        .filter(public_id=entry.consent or UUID(int=0))
        .first()
    )
    if consent is None:
        return "headers of people who are not here"
    if entry.type == Type.ERASED:
        erasing.erase(consent.subject, asked_by=Erasure.AskedBy.JOURNAL, now=now)
        return "erasures"
    if entry.type in ENDS:
        end = transitions.invalidate if entry.type == Type.INVALIDATED else transitions.withdraw
        end(consent, proof=Proof("journal", facts={"event": entry.event}), now=now)
        return "withdrawals and refusals"
    return "headers only"


def _put_back(entry: JournalEntry) -> None:
    """Put back a header, byte by byte. Its detail is gone for good."""
    if not entry.event:
        return
    header = entry.header.encode()
    event = ConsentEvent.objects.create(
        event_id=entry.event, header=header, leaf_hash=merkle.leaf_hash(header)
    )
    keychanges.take_in(event)
    journal.accept([entry])


def _block(entry: JournalEntry) -> str:
    try:
        content = journal_blocks.open_block(entry)
    except (crypto.CannotDecrypt, crypto.UnknownKey):
        return "blocks under a key that is gone"
    organisation = Organisation.objects.filter(pk=content["organisation"]).first()
    purpose: Purpose | None = None
    if content["purpose"]:
        purpose = Purpose.objects.filter(public_id=content["purpose"]).first()
    if organisation is None or (content["purpose"] and purpose is None):
        return "blocks at an organisation or purpose that is not here"
    Suppression.objects.create(
        organisation=organisation,
        purpose=purpose,
        index=bytes.fromhex(content["index"]),
        reason=content["reason"],
        created_on=date.fromisoformat(content["created_on"]),
        review_on=date.fromisoformat(content["review_on"]),
    )
    return "blocks"


def _doubt_queued(now: datetime) -> int:
    """What waits in an old copy may have left since: the sweeper asks the gateway before it leaves again."""
    return sum(
        lane.about(due_at__lte=now).update(state=lane.State.RECOVERING, lease_until=now)
        for lane in outbox.lanes()
    )
