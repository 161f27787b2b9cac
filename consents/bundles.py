"""Proof for strangers: case and audit bundles, written as a stream (docs/evidence.md, trust.md § 5).

The same data gives the same bytes. Memory stays bounded whatever the size of the log: entries are read
in pages and written as they come. Other organisations' entries are written as hashes only.
"""

import json
import zipfile
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from django.utils import timezone

from consents import bundle_files, ledger, reports
from consents.canonical import canonical_json
from consents.models import (
    Checkpoint,
    ConsentEvent,
    EventDetail,
    HeldEvidence,
    Leaf,
    LegalHold,
    Organisation,
    Subject,
)

FORMAT = "smsconsent-bundle/v1"
PAGE = 5_000


class NothingSealed(Exception):
    """No checkpoint has been signed yet, so there is nothing to prove. Within a minute there is."""


@dataclass(slots=True)
class Found:
    """What one pass over the log has met. `mine` are the entries that the person's tag key lists."""

    size: int
    own_count: int = 0
    wordings: set[str] = field(default_factory=set)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    mine: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)


def write_audit(file: IO[bytes], organisation: Organisation, *, now: datetime) -> int:
    """Write every header of an organisation, nothing opened, no personal data. Return the log's size.

    Raises NothingSealed.
    """
    checkpoint = _newest_checkpoint()
    with bundle_files.archive(file) as bundle:
        bundle_files.start(bundle, checkpoint)
        found = _write_leaves(bundle, checkpoint, organisation)
        bundle_files.write_texts(bundle, organisation, found.wordings)
        anchors = bundle_files.write_anchors(bundle, checkpoint, organisation)
        facts = _manifest("audit", organisation, checkpoint, found, now=now)
        holds = organisation.holds.active(timezone.localdate(now)).order_by("pk")
        facts |= {"waiting": [], "held": _holds(holds)}
        bundle_files.write(bundle, "manifest.json", canonical_json(facts))
        shown = facts | {"anchors": anchors, "rows": reports.audit_rows(organisation, found.counts)}
        bundle_files.write_report(bundle, "audit", shown)
    return found.size


@dataclass(frozen=True, slots=True)
class CaseSubject:
    """Whose case it is, the key that lists their events, and the details that are there, by event.

    Without the key (a hold whose number was erased before holds kept it) only the events whose details
    are there can be found, and nothing shows that these are all.
    """

    organisation: Organisation
    reference: str
    tag_key: bytes
    details: dict[str, dict[str, Any]]
    holds: list[dict[str, Any]]

    def has(self, header: dict[str, Any]) -> bool:
        """Return whether an event is this person's, as far as one can tell."""
        if not self.tag_key:
            return header["event_id"] in self.details
        return ledger.tag(self.tag_key, header["event_id"]) == str(header["tag"])


def write_case(
    file: IO[bytes], subject: Subject, *, now: datetime, with_all_headers: bool = False
) -> int:
    """Write every event of one person, opened, with the key that shows that none is missing.

    `with_all_headers` writes the other organisations' headers as well, for a court that wants to see
    that no event of the person hides among them. Return the log's size. Raises NothingSealed.
    """
    rows = EventDetail.objects.filter(subject=subject).select_related("event").order_by("seq")
    person = CaseSubject(
        subject.organisation,
        subject.public_id.hex,
        bytes(subject.tag_key),
        {row.event.event_id: json.loads(row.detail) for row in rows},
        _holds(subject.holds.active(timezone.localdate(now))),
    )
    return _write_person(file, person, now=now, with_all_headers=with_all_headers)


def write_held(file: IO[bytes], hold: LegalHold, rows: list[HeldEvidence], *, now: datetime) -> int:
    """Write the same of somebody who is erased, from the evidence that a hold has kept of them.

    For whoever has been let in by another: `rows` are what they may read. Return the log's size. Raises
    NothingSealed.
    """
    details = {row.event_id: json.loads(row.detail) for row in rows}
    newest = max(details.values(), key=lambda detail: int(detail["seq"]))
    person = CaseSubject(
        hold.organisation,
        newest["private"]["subject_ref"],
        bytes.fromhex(hold.tag_key or ""),
        details,
        _holds([hold]),
    )
    return _write_person(file, person, now=now)


def _write_person(
    file: IO[bytes], person: CaseSubject, *, now: datetime, with_all_headers: bool = False
) -> int:
    checkpoint, organisation = _newest_checkpoint(), person.organisation
    with bundle_files.archive(file) as bundle:
        bundle_files.start(bundle, checkpoint)
        found = _write_leaves(
            bundle,
            checkpoint,
            organisation,
            person,
            with_all_headers=with_all_headers,
        )
        opened, waiting = _opened(person, found)
        lines = [canonical_json(event) + b"\n" for event in opened]
        bundle_files.write(bundle, "events.jsonl", b"".join(lines))
        subject_facts = {"subject_ref": person.reference, "tag_key": person.tag_key.hex()}
        bundle_files.write(bundle, "subject.json", canonical_json(subject_facts))
        named = {header["notice_sha256"] for _index, header in found.mine.values()}
        texts = bundle_files.write_texts(bundle, organisation, named)
        anchors = bundle_files.write_anchors(bundle, checkpoint, organisation)
        facts = _manifest("case", organisation, checkpoint, found, now=now)
        facts |= {"waiting": waiting, "held": person.holds, "has_tag_key": bool(person.tag_key)}
        bundle_files.write(bundle, "manifest.json", canonical_json(facts))
        story = reports.case_events(opened, found.mine, texts)
        bundle_files.write_report(bundle, "case", facts | {"anchors": anchors, "events": story})
    return found.size


def _newest_checkpoint() -> Checkpoint:
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        raise NothingSealed
    return newest


# -- the entries -----------------------------------------------------------------------------------------
def _write_leaves(
    bundle: zipfile.ZipFile,
    checkpoint: Checkpoint,
    organisation: Organisation,
    person: CaseSubject | None = None,
    *,
    with_all_headers: bool = False,
) -> Found:
    """Write one line per entry, in the order of the tree, and return what was met."""
    found = Found(checkpoint.size)
    own = {each.hex for each in organisation.purposes.values_list("public_id", flat=True)}
    with bundle.open(bundle_files.file_named("leaves.jsonl"), "w", force_zip64=True) as lines:
        for index, raw, leaf_hash in _leaves(checkpoint.size):
            header = json.loads(raw)
            is_own = header.get("purpose") in own
            if is_own:
                _note(found, index, header, person)
            # An entry without a purpose is about the log itself: it belongs to all.
            if is_own or with_all_headers or "purpose" not in header:
                lines.write(b'{"header":"' + b64encode(raw) + b'"}\n')
            else:
                lines.write(b'{"leaf":"' + b64encode(leaf_hash) + b'"}\n')
    return found


def _leaves(size: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (place, header, leaf hash) of the first `size` entries, page by page."""
    for start in range(0, size, PAGE):
        page = Leaf.objects.filter(tree_index__gte=start, tree_index__lt=min(start + PAGE, size))
        rows = page.order_by("tree_index").values_list(
            "tree_index", "event__header", "event__leaf_hash"
        )
        for index, header, leaf_hash in rows:
            yield index, bytes(header), bytes(leaf_hash)


def _note(found: Found, index: int, header: dict[str, Any], person: CaseSubject | None) -> None:
    found.own_count += 1
    found.wordings.add(header["notice_sha256"])
    found.counts[header["purpose"], header["recorded_day"][:7], header["type"]] += 1
    if person and person.has(header):
        found.mine[header["event_id"]] = (index, header)


def _holds(holds: Iterable[LegalHold]) -> list[dict[str, Any]]:
    """Return what is under a legal hold: how many details, until when. Two people open them."""
    return [
        {
            "hold": hold.reference,
            "until": hold.ends_on.isoformat(),
            "details": hold.evidence.count(),
        }
        for hold in holds
    ]


def _opened(person: CaseSubject, found: Found) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the person's sealed events, opened where their detail is still there, and what waits.

    A detail is written as it is stored: one that was tampered with must show, not stop the export.
    """
    contents = dict(person.details)
    opened = [
        {"index": index, "event_id": event_id, "detail": contents.pop(event_id, None)}
        for event_id, (index, _header) in found.mine.items()
    ]
    waiting = ConsentEvent.objects.filter(event_id__in=contents).order_by("pk")
    return opened, [{"event_id": each.event_id, "type": ledger.kind_of(each)} for each in waiting]


def _manifest(
    kind: str, organisation: Organisation, checkpoint: Checkpoint, found: Found, *, now: datetime
) -> dict[str, Any]:
    """Return what the maker says of the bundle. Nothing in it is proven by anything."""
    origin, _size, root = checkpoint.note.split("\n")[:3]
    return {
        "format": FORMAT,
        "kind": kind,
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "organisation": {
            "name": organisation.name,
            "number": organisation.number,
            "address": organisation.address,
            "contact": organisation.contact_email,
        },
        "origin": origin,
        "size": found.size,
        "root": root,
        "own_entries": found.own_count,
        "person_entries": len(found.mine),
    }
