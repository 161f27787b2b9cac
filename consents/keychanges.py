"""How the log changes the key that signs it, and its name: by entries of its own (decisions 19, 21).

The former key and the new one both sign for a declared period, then the former is retired. When the
former one is lost, two people stand for the change instead, and the entry says who and why.
"""

import json
from base64 import b64encode
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from consents import entries, logkeys, merkle, notes
from consents.canonical import canonical_json
from consents.entries import LogChange
from consents.models import ConsentEvent, LogEntry
from smsconsent import crypto

LOCK = 816
BOTH_FOR = timedelta(days=7)


class CannotAnnounce(Exception):
    """The key cannot be changed now. The sentence says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who stands for a change that the former key cannot sign, since it is lost, and why.

    PRIVACY: it stays in the log for good. So people are named by their account, and nobody in the reason.
    """

    asked_by: str
    agreed_by: str
    reason: str


@transaction.atomic
def announce(
    *, now: datetime, both_for: timedelta = BOTH_FOR, agreement: Agreement | None = None
) -> LogChange:
    """Announce in the log that the first of LEDGER_SIGNING_KEY signs from now on. Return the entry.

    The former key signs beside it for `both_for`, and signs the announcement. With an `agreement` it is
    lost and can do neither: the entry then says who agreed in its stead. Raises CannotAnnounce.
    """
    is_former_lost = agreement is not None
    _wait_for_others()
    own, found = crypto.log_public_keys(), logkeys.read()
    former = _former(own, found, is_former_lost=is_former_lost)
    key = own[0]
    content = entries.compose(
        entries.KEY_ANNOUNCED,
        origin=logkeys.origin(),
        at=now,
        key=logkeys.verifier(key),
        former=logkeys.verifier(former),
        both_until=entries.moment(now if is_former_lost else now + both_for),
        **(asdict(agreement) if agreement else {}),
    )
    signed = dict(
        crypto.sign_for_log(entries.statement(content), by=[k for k in (key, former) if k in own])
    )
    content |= {
        "by_key": b64encode(signed[key]).decode(),
        "by_former": b64encode(signed.get(former, b"")).decode(),
    }
    _write(content)
    if is_former_lost or not both_for:
        _retire(former, now=now)
    return LogChange(None, content)


def begin_log(former: notes.SignedNote, *, kept: int, now: datetime) -> ConsentEvent:
    """Write that a new log takes over from one whose end was lost. Return the event, to be placed at `kept`.

    `former` is its last published checkpoint, `kept` how many of its entries are here.
    """
    content = entries.compose(
        entries.LOG_BEGUN,
        origin=entries.next_origin(former.origin),
        at=now,
        former_origin=former.origin,
        former_size=former.size,
        former_root=b64encode(former.root).decode(),
        former_checkpoint=notes.assemble(former.body, former.signatures),
        kept=kept,
    )
    return _write(content)


def retire_due(*, now: datetime) -> bool:
    """Retire the former key when the time of both is over. Return whether that was now. For the sealer."""
    found = logkeys.read()
    changes = entries.announced(found)
    if not changes or changes[-1].index is None:
        return False
    former = changes[-1].former
    until = datetime.fromisoformat(changes[-1].content["both_until"])
    if now < until or former in entries.retired_keys(found):
        return False
    _retire(former, now=now)
    return True


def take_in(event: ConsentEvent) -> bool:
    """Note an event as an entry about the log, if it is one. For the replay of the journal."""
    is_entry = json.loads(bytes(event.header))["type"] in entries.KINDS
    if is_entry:
        LogEntry.objects.get_or_create(event=event)
    return is_entry


def _former(own: list[bytes], found: list[LogChange], *, is_former_lost: bool) -> bytes:
    """Return the key that has signed until now. Raises CannotAnnounce."""
    first = logkeys.first_key(found)
    if not own or first is None:
        raise CannotAnnounce(
            "LEDGER_SIGNING_KEY must hold the new key, and behind it the one that has signed until now."
        )
    # What waits to be sealed counts as well: a second call announces nothing twice.
    placed = [LogChange(0, entry.content) for entry in found]
    keys = entries.signers(placed, size=1, first=first)
    if own[0] in keys:
        raise CannotAnnounce(
            f"The first key, {logkeys.name_of(own[0])}, signs the log already: nothing to announce."
        )
    if len(keys) > 1:
        raise CannotAnnounce("The change before this one is not over: both its keys still sign.")
    if any(entry.key == own[0] for entry in found):
        raise CannotAnnounce("This key was retired. Make a new one.")
    if keys[0] not in own and not is_former_lost:
        raise CannotAnnounce(
            f"The key {logkeys.name_of(keys[0])}, which has signed until now, must stand behind the new "
            "one in LEDGER_SIGNING_KEY. If it is lost for good: --former-key-lost."
        )
    return keys[0]


def _retire(key: bytes, *, now: datetime) -> None:
    _write(
        entries.compose(
            entries.KEY_RETIRED, origin=logkeys.origin(), at=now, key=logkeys.verifier(key)
        )
    )


def _write(content: dict[str, Any]) -> ConsentEvent:
    """Write one entry. A trigger puts it in line to be sealed, another one in line for the journal."""
    header = canonical_json(content)
    event = ConsentEvent.objects.create(
        event_id=content["event_id"], header=header, leaf_hash=merkle.leaf_hash(header)
    )
    LogEntry.objects.create(event=event)
    return event


def _wait_for_others() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
