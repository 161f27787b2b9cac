"""What the log is called and which keys sign it, told by the log itself (docs/evidence.md).

No key signs that is not announced, whatever LEDGER_SIGNING_KEY holds. How keys change: `keychanges`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from consents import entries, notes
from consents.entries import LogChange
from consents.models import Checkpoint, LogEntry
from smsconsent import crypto

Finding = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class Period:
    """A public key of the log, and from when to when it signs. None: from the beginning, or until further."""

    key: str
    since: datetime | None
    until: datetime | None


def read() -> list[LogChange]:
    """Return the entries about the log, in the order in which they were written."""
    rows = LogEntry.objects.select_related("event__leaf").order_by("event")
    return [
        LogChange(
            row.event.leaf.tree_index if hasattr(row.event, "leaf") else None,
            json.loads(bytes(row.event.header)),
        )
        for row in rows
    ]


def announcements() -> list[bytes]:
    """Return the header of each announced change of key or name, oldest first."""
    rows = LogEntry.objects.order_by("event").values_list("event__header", flat=True)
    headers = [bytes(header) for header in rows]
    told = {entries.KEY_ANNOUNCED, entries.LOG_BEGUN}
    return [each for each in headers if json.loads(each)["type"] in told]


def origin() -> str:
    """Return the name of the log: that of the settings, until a new log had to be begun."""
    taken_over = entries.begun(read())
    return str(taken_over[-1].content["origin"]) if taken_over else settings.LEDGER_ORIGIN


def takeovers() -> dict[str, LogChange]:
    """Return, by the name of each former log, the entry with which the next one took over from it."""
    return {str(each.content["former_origin"]): each for each in entries.begun(read())}


def signers(size: int) -> list[bytes]:
    """Return the public keys that must sign the log of `size` entries, the newest first.

    Raises ImproperlyConfigured, with what to do about it, when this process lacks one of them.
    """
    own, found = crypto.log_public_keys(), read()
    if not own:
        raise ImproperlyConfigured("LEDGER_SIGNING_KEY is empty: nothing can be sealed.")
    first = first_key(found)
    keys = entries.signers(found, size=size, first=first) if first else []
    if not keys or (len(keys) == 1 and keys[0] not in own):
        raise ImproperlyConfigured(
            "LEDGER_SIGNING_KEY does not hold the key that signs the log, and no other was announced: put it "
            "back behind the new one, and run manage.py ledger rotate-key."
        )
    if missing := [key for key in keys if key not in own]:
        raise ImproperlyConfigured(
            f"The key {name_of(missing[0])} still has to sign beside the new one: put it back into "
            "LEDGER_SIGNING_KEY."
        )
    return keys


def trusted() -> dict[bytes, bytes]:
    """Return the public keys that may have signed this log, by the id that signature lines name."""
    found = read()
    told = [each.content[name] for each in entries.announced(found) for name in ("key", "former")]
    named = [notes.read_verifier_key(text) for text in [*told, *settings.LEDGER_FORMER_KEYS]]
    begun = entries.begun(found)
    names = {settings.LEDGER_ORIGIN, *(str(each.content["origin"]) for each in begun)}
    names |= {name for name, _key in named}
    keys = {*crypto.log_public_keys(), *(key for _name, key in named)}
    return {notes.key_id(name, key): key for name in names for key in keys}


def periods() -> list[Period]:
    """Return the keys of the log with the time in which each signs, the newest first.

    A process without LEDGER_SIGNING_KEY knows them once a change has been announced; before that, from
    LEDGER_FORMER_KEYS.
    """
    found = [entry for entry in read() if entry.index is not None]
    first, changes = first_key(found), entries.announced(found)
    ends = {each.former: each.content["both_until"] for each in changes}
    ends |= {key: each.content["at"] for key, each in entries.retired_keys(found).items()}
    begins = {each.key: each.content["at"] for each in changes}
    known = [*reversed(begins), *([first] if first else [])]
    told = [Period(verifier(key), _time(begins.get(key)), _time(ends.get(key))) for key in known]
    names = {each.key for each in told}
    others = [key for key in settings.LEDGER_FORMER_KEYS if key not in names]
    return told + [Period(key, None, None) for key in others]


def published() -> str:
    """Return the keys as they are published: C2SP verifier keys, one a line, the rest as comments."""
    lines = [f"# {origin()}: the keys that sign this log, the newest first"]
    for each in periods():
        since = entries.moment(each.since) if each.since else "the beginning"
        until = entries.moment(each.until) if each.until else "further notice"
        lines += [f"# from {since} to {until}", each.key]
    return "\n".join(lines) + "\n"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def first_key(found: list[LogChange]) -> bytes | None:
    """Return the key that signed before any was announced; None when this process cannot tell."""
    if changes := entries.announced(found):
        return changes[0].former
    own = crypto.log_public_keys()
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        return own[0] if own else None
    note = notes.read(newest.note)
    former = [notes.read_verifier_key(text)[1] for text in settings.LEDGER_FORMER_KEYS]
    values = [each.value for each in note.signatures]
    return next(
        (
            key
            for key in [*own, *former]
            if any(crypto.is_signed(note.body, value, public_key=key) for value in values)
        ),
        None,
    )


def verifier(key: bytes) -> str:
    """Return a public key as it is published: a C2SP verifier key."""
    return notes.verifier_key(origin(), key)


def name_of(key: bytes) -> str:
    """Return the id of a key, as its signature lines name it: 8 hexadecimal digits."""
    return notes.key_id(origin(), key).hex()


# -- what wants a person ---------------------------------------------------------------------------------
def findings() -> Iterator[Finding]:
    """Yield what there is to say about the keys of the log. For `manage.py doctor`."""
    if not crypto.log_public_keys():
        yield True, "This process does not sign the log: it has no LEDGER_SIGNING_KEY."
        return
    try:
        keys = signers(_size())
    except ImproperlyConfigured as error:
        yield False, str(error)
        return
    yield True, f"The log is signed by {' and '.join(map(name_of, keys))}."
    if not warning() and len(crypto.log_public_keys()) > len(keys):
        yield True, "The last key in LEDGER_SIGNING_KEY signs no longer: take it out."


def warning() -> str:
    """Return "" unless a key waits to be announced."""
    own, found = crypto.log_public_keys(), read()
    first = first_key(found)
    if not own or first is None or own[0] == first:
        return ""
    if own[0] in {entry.key for entry in found}:
        return ""
    return _(
        "The key %(key)s does not sign until manage.py ledger rotate-key has announced it."
    ) % {"key": name_of(own[0])}


def _size() -> int:
    newest = Checkpoint.objects.order_by("-size").first()
    return newest.size if newest else 0
