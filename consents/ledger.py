"""The evidence: append an event inside the verb's own transaction (trust.md § 5).

A header holds no personal data and never changes. Its `commit` binds it to the encrypted detail and
says nothing about it once the salt is gone; its `tag` lists one person's events to whoever is given
the tag key, and links nothing once that key is deleted. Sealing reads `PendingEvent`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest as hmac
from secrets import token_bytes, token_hex
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db import connection

from consents import journal, merkle
from consents.canonical import canonical_json
from consents.models import (
    Consent,
    ConsentEvent,
    EventDetail,
    PrivacyNotice,
    Purpose,
    Subject,
    Wording,
)
from smsconsent import bulk, crypto
from smsconsent.phones import Phone
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
    append_on([line], trip=trip)
    trip.go()
    return line.event_id


class Person(Protocol):
    """What an event reads of its subject, and moves on. A Subject is one; an import has less of them."""

    pk: int
    public_id: UUID
    phone: Phone
    tag_key: bytes
    event_count: int
    last_event_hash: "bytes | memoryview[int]"


class Given(Protocol):
    """What an event reads of its consent."""

    pk: int
    public_id: UUID
    purpose: Purpose
    source: str
    valid_until: datetime | None


class Line(NamedTuple):
    """One event, made and not yet stored: plain values, for an import makes a million of them."""

    event_id: str
    header: bytes
    subject: Person
    consent: Given
    seq: int
    detail: str


def prepare(
    kind: ConsentEvent.Type,
    *,
    subject: Person,
    consent: Given,
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
    header = header_json(
        commit=_commitment(salt, private),
        event_id=event_id,
        notice_sha256=wording.sha256,
        purpose=consent.purpose.public_id.hex,
        recorded_day=_day(now),
        tag=tag(bytes(subject.tag_key), event_id),
        kind=kind.value,
    )
    subject.event_count += 1
    detail = detail_json(
        prev=bytes(subject.last_event_hash), private=private, salt=salt, seq=subject.event_count
    )
    subject.last_event_hash = sha256(header).digest()
    return Line(event_id, header, subject, consent, subject.event_count, detail)


def header_json(
    *,
    commit: str,
    event_id: str,
    notice_sha256: str,
    purpose: str,
    recorded_day: str,
    tag: str,
    kind: str,
) -> bytes:
    """Return the canonical JSON of a header, of what needs no escape; a test holds it to that.

    Spelled out, here and below: each yes and each STOP writes one, and in general it takes longer.
    """
    return (
        f'{{"commit":"{commit}","event_id":"{event_id}","notice_sha256":"{notice_sha256}",'
        f'"purpose":"{purpose}","recorded_day":"{recorded_day}","tag":"{tag}","type":"{kind}","v":1}}'
    ).encode()


def private_json(
    *,
    subject_ref: str,
    phone: str,
    occurred_at: str,
    valid_until: str,
    expressed_by: str,
    method: str,
    source: str,
    language: str,
    wording_version: int,
    workflow: Facts,
    proof: Facts,
) -> bytes:
    """Return the canonical JSON of a private part: words of ours, digits, and any facts."""
    said, way = canonical_json(proof).decode(), canonical_json(workflow).decode()
    return (
        f'{{"expressed_by":"{expressed_by}","language":"{language}","method":"{method}",'
        f'"occurred_at":"{occurred_at}","phone":"{phone}","proof":{said},"source":"{source}",'
        f'"subject_ref":"{subject_ref}","valid_until":"{valid_until}",'
        f'"wording_version":{wording_version},"workflow":{way}}}'
    ).encode()


def detail_json(*, prev: bytes, private: bytes, salt: bytes, seq: int) -> str:
    """Return the canonical JSON of a detail around that of its private part."""
    return (
        f'{{"prev":"{prev.hex()}","private":{private.decode()},"salt":"{salt.hex()}","seq":{seq}}}'
    )


def append_on(lines: Sequence[Line], *, trip: Trip) -> None:
    """Have events written on a trip of the transaction of what they prove. Their subjects must be locked."""
    assert connection.in_atomic_block, "an event is written in the transaction of what it proves"
    trip.insert([ConsentEvent(**dict(zip(_EVENT, _event_of(line), strict=True))) for line in lines])
    key_id = crypto.current_key_id()
    details = [dict(zip(_DETAIL, _detail_of(line), strict=True)) for line in lines]
    trip.insert([EventDetail(**detail, key_id=key_id) for detail in details])
    journal.note_consents_of({line.event_id: line.consent.public_id for line in lines}, trip=trip)
    subjects = [line.subject for line in lines if isinstance(line.subject, Subject)]
    assert len(subjects) == len(lines), "an event goes by itself once its subject is stored"
    # Two events of one subject cost one statement, as one does.
    trip.update(
        list({each.pk: each for each in subjects}.values()), "event_count", "last_event_hash"
    )


def store(lines: Iterable[Line], *, count: int, trip: Trip) -> None:
    """Write so many events, a statement for each table. Their subjects are locked, or about to be stored.

    They may be made on the way: the database stores the first while the next are made. What they are about
    may follow them in the same transaction, which the trip ends: it tells the journal.
    """
    assert connection.in_atomic_block, "an event is written in the transaction of what it proves"
    keys, made = bulk.reserve(ConsentEvent, count), list[Line]()

    def events() -> Iterator[bulk.Values]:
        for key, line in zip(keys, lines, strict=True):
            made.append(line)
            yield (key, *_event_of(line))

    bulk.insert_values(ConsentEvent, ("id", *_EVENT), events(), same={})
    same = {"key_id": crypto.current_key_id()}
    bulk.insert_values(EventDetail, _DETAIL, map(_detail_of, made), same=same)
    journal.note_consents(keys, [line.consent.public_id for line in made], trip=trip)


_EVENT = ("event_id", "header", "leaf_hash")
_DETAIL = ("event_id", "subject_id", "consent_id", "seq", "detail")


def _event_of(line: Line) -> bulk.Values:
    return line.event_id, line.header, merkle.leaf_hash(line.header)


def _detail_of(line: Line) -> bulk.Values:
    return line.event_id, line.subject.pk, line.consent.pk, line.seq, line.detail


def commitment(salt: bytes, private: dict[str, Any]) -> str:
    """Return the hiding and binding commitment to a private part, in hexadecimal."""
    return _commitment(salt, canonical_json(private))


def _commitment(salt: bytes, private: bytes) -> str:
    return sha256(COMMIT_LABEL + salt + private).hexdigest()


def tag(tag_key: bytes, event_id: str) -> str:
    """Return what shows the holder of the tag key that this event is about its subject."""
    return hmac(tag_key, event_id.encode(), "sha256").hex()


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
    subject: Person, *, consent: Given, wording: Wording, proof: Proof, at: datetime
) -> bytes:
    """What names the person and the moment. PRIVACY: encrypted, and deleted with the subject."""
    return private_json(
        subject_ref=subject.public_id.hex,
        phone=subject.phone.e164,
        occurred_at=_moment(at),
        valid_until=_moment(consent.valid_until),
        expressed_by=proof.expressed_by,
        method=proof.method,
        source=consent.source,
        language=wording.language,
        wording_version=wording.version,
        workflow=proof.workflow,
        proof=proof.facts,
    )


@lru_cache(maxsize=4)
def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else ""
