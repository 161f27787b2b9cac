"""The evidence: append an event inside the verb's own transaction (trust.md § 5).

A header holds no personal data and never changes. Its `commit` binds it to the encrypted detail and
says nothing about it once the salt is gone; its `tag` lists one person's events to whoever is given
the tag key, and links nothing once that key is deleted. Sealing reads `PendingEvent`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from hmac import new as hmac
from secrets import token_bytes, token_hex
from typing import Any

from django.db import connection

from consents import journal, merkle
from consents.canonical import canonical_json
from consents.models import (
    Consent,
    ConsentEvent,
    EventDetail,
    PrivacyNotice,
    Subject,
    Wording,
)
from smsconsent import bulk, crypto
from smsconsent.trips import Trip

COMMIT_LABEL = b"smsconsent/commit/v1\0"
TAG_KEY_BYTES = 32


Facts = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Proof:
    """How the event came about: what guide G13 calls method, and what shows it.

    `method` is one word (web_form, mo_keyword, mo_reply, link, email_link, handset_code, staff, timer).
    `facts` show that the person acted: gateway message ids, what was written, signature of the callback.
    `workflow` tells the way there: form and version, the page as served, the times of the steps. Both
    hold strings and whole numbers only.
    """

    method: str
    expressed_by: str = "subject"
    facts: Facts = field(default_factory=dict)
    workflow: Facts = field(default_factory=dict)

    def with_facts(self, facts: "dict[str, str | int]") -> "Proof":
        """Return the same proof, saying more."""
        return replace(self, facts=self.facts | facts)


def lock_subject(subject: Subject) -> Subject:
    """Return the subject as it is now, locked until the transaction ends. Events queue up behind it."""
    return Subject.objects.select_for_update(no_key=True, of=("self",)).get(pk=subject.pk)


def append(
    kind: ConsentEvent.Type,
    *,
    subject: Subject,
    consent: Consent,
    wording: Wording,
    proof: Proof,
    now: datetime,
) -> str:
    """Write one event of a consent, and return its id: 32 hexadecimal digits, 128 random bits.

    `subject` must be locked (`lock_subject`) by the open transaction: the lock gives `seq`.
    """
    assert connection.in_atomic_block, "an event is written in the transaction of what it proves"
    line = prepare(
        kind, subject=subject, consent=consent, wording=wording, proof=proof, said_at=now, now=now
    )
    trip = Trip()
    take_along(line, trip=trip)
    trip.go()
    return line.event.event_id


@dataclass(frozen=True, slots=True)
class Line:
    """One event, made and not yet stored."""

    event: ConsentEvent
    detail: EventDetail


def prepare(
    kind: ConsentEvent.Type,
    *,
    subject: Subject,
    consent: Consent,
    wording: Wording,
    proof: Proof,
    said_at: datetime,
    now: datetime,
) -> Line:
    """Make the next event of this subject, whose counters move on in memory: the caller stores both.

    `said_at` is when it happened, `now` when it is written down: for an import they lie years apart.
    """
    event_id, salt = token_hex(16), token_bytes(32)
    private = _private_part(subject, consent=consent, wording=wording, proof=proof, at=said_at)
    header = canonical_json(
        {
            "v": 1,
            "event_id": event_id,
            "type": str(kind),
            "purpose": consent.purpose.public_id.hex,
            "notice_sha256": wording.sha256,
            "recorded_day": now.astimezone(UTC).date().isoformat(),
            "commit": commitment(salt, private),
            "tag": tag(bytes(subject.tag_key), event_id),
        }
    )
    event = ConsentEvent(event_id=event_id, header=header, leaf_hash=merkle.leaf_hash(header))
    return Line(event, _next_detail(event, subject, consent, salt=salt, private=private))


def _next_detail(
    event: ConsentEvent, subject: Subject, consent: Consent, *, salt: bytes, private: dict[str, Any]
) -> EventDetail:
    """Make what the header commits to, chained to the event before it; the subject's counters move on."""
    content = {
        "salt": salt.hex(),
        "seq": subject.event_count + 1,
        "prev": bytes(subject.last_event_hash).hex(),
        "private": private,
    }
    subject.event_count += 1
    subject.last_event_hash = sha256(event.header).digest()
    return EventDetail(
        event=event,
        subject=subject,
        consent=consent,
        seq=subject.event_count,
        detail=canonical_json(content).decode(),
        key_id=crypto.current_key_id(),
    )


def take_along(line: Line, *, trip: Trip) -> None:
    """Have one event written on a trip of the transaction of what it proves. Its subject must be locked."""
    assert connection.in_atomic_block, "an event is written in the transaction of what it proves"
    assert line.detail.consent is not None
    trip.insert([line.event])
    trip.insert([line.detail])
    journal.note_consent(line.event.event_id, line.detail.consent.public_id, trip=trip)
    trip.update(line.detail.subject, "event_count", "last_event_hash")


def store(lines: Sequence[Line]) -> None:
    """Write these events, a statement for each table. Their subjects must be locked, or new."""
    assert connection.in_atomic_block, "an event is written in the transaction of what it proves"
    bulk.insert([line.event for line in lines])
    bulk.insert([line.detail for line in lines])
    journal.note_consents([line.event.pk for line in lines])


def commitment(salt: bytes, private: dict[str, Any]) -> str:
    """Return the hiding and binding commitment to a private part, in hexadecimal."""
    return sha256(COMMIT_LABEL + salt + canonical_json(private)).hexdigest()


def tag(tag_key: bytes, event_id: str) -> str:
    """Return what shows the holder of the tag key that this event is about its subject."""
    return hmac(tag_key, event_id.encode(), "sha256").hexdigest()


def open_detail(detail: EventDetail) -> dict[str, Any]:
    """Return the decrypted detail: salt, seq, prev, private.

    Raises BrokenCommitment when it is not what the header commits to: then it proves nothing.
    """
    content: dict[str, Any] = json.loads(detail.detail)
    header = json.loads(bytes(detail.event.header))
    if commitment(bytes.fromhex(content["salt"]), content["private"]) != header["commit"]:
        raise BrokenCommitment(detail.event.event_id)
    return content


def kind_of(event: ConsentEvent) -> str:
    """Return the type that the immutable header states."""
    kind: str = json.loads(bytes(event.header))["type"]
    return kind


class BrokenCommitment(Exception):
    """A detail does not open the commitment in its header: somebody changed it."""


def notice_bundle(notice: PrivacyNotice) -> dict[str, Any]:
    """Everything that a privacy notice says, as it is hashed."""
    return {"language": notice.language, "body": notice.body}


def wording_bundle(wording: Wording) -> dict[str, Any]:
    """Everything that a person is shown before the yes, as it is hashed and named by each event."""
    texts = [
        "language",
        "title",
        "who",
        "what",
        "why",
        "frequency",
        "how_to_stop",
        "declaration",
        "age_declaration",
    ]
    bundle: dict[str, Any] = {name: getattr(wording, name) for name in texts}
    if wording.imported_text:
        bundle["imported_text"] = wording.imported_text
    return bundle | {
        "purpose": wording.purpose.public_id.hex,
        "notice_sha256": wording.notice.sha256,
    }


def content_hash(bundle: dict[str, Any]) -> str:
    """Return the SHA-256 of a bundle's canonical JSON, in hexadecimal."""
    return sha256(canonical_json(bundle)).hexdigest()


def _private_part(
    subject: Subject, *, consent: Consent, wording: Wording, proof: Proof, at: datetime
) -> dict[str, Any]:
    """What names the person and the moment. PRIVACY: encrypted, and deleted with the subject."""
    return {
        "subject_ref": subject.public_id.hex,
        "phone": subject.phone.e164,
        "occurred_at": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "valid_until": _moment(consent.valid_until),
        "expressed_by": proof.expressed_by,
        "method": proof.method,
        "source": consent.source,
        "language": wording.language,
        "wording_version": wording.version,
        "workflow": dict(proof.workflow),
        "proof": dict(proof.facts),
    }


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else ""
