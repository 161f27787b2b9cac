"""A log of its own, made by hand after docs/evidence.md, whose maker holds every key: so it can lie well.

It shares no code with the product. `Log.write` makes a bundle; what a test changes before that is a lie
that the maker has signed, what it changes in the `files` is one that he has not.
"""

import json
import zipfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest as hmac
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "samtykke.example.no/ledger/1"
NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
PURPOSE = "5" * 32
NOTICE = {"language": "nb", "body": "Vi passer på."}

Files = dict[str, bytes]


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def named(value: Any) -> str:
    return sha256(canonical(value)).hexdigest()


WORDING = {
    "language": "nb",
    "title": "Tilbud på SMS",
    "declaration": "Ja, send meg tilbud på SMS",
    "purpose": PURPOSE,
    "notice_sha256": named(NOTICE),
}


def root(leaves: list[bytes]) -> bytes:
    """The hash of RFC 6962 § 2.1, as it is written there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + root(leaves[:middle]) + root(leaves[middle:])).digest()


def path_to(index: int, leaves: list[bytes]) -> list[bytes]:
    """The inclusion proof of RFC 6962 § 2.1.1, as it is written there."""
    if len(leaves) < 2:
        return []
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < middle:
        return [*path_to(index, leaves[:middle]), root(leaves[middle:])]
    return [*path_to(index - middle, leaves[middle:]), root(leaves[:middle])]


@dataclass
class Person:
    tag_key: bytes
    phone: str
    events: list[dict[str, Any]] = field(default_factory=list)
    last: str = ""


class Signer:
    """Signs notes in the form of C2SP."""

    def __init__(self, seed: int = 1, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public = b"\1" + self.private.public_key().public_bytes_raw()
        self.id = sha256(origin.encode() + b"\n" + public).digest()[:4]
        self.verifier = f"{origin}+{self.id.hex()}+{b64encode(public).decode()}\n"

    def sign(self, size: int, top: bytes) -> bytes:
        return sign(size, top, [self])


def sign(size: int, top: bytes, signers: list[Signer]) -> bytes:
    """A checkpoint that all of these have signed."""
    origin = signers[0].origin
    body = f"{origin}\n{size}\n{b64encode(top).decode()}\n".encode()
    lines = [
        f"— {origin} {b64encode(each.id + each.private.sign(body)).decode()}\n" for each in signers
    ]
    return body + f"\n{''.join(lines)}".encode()


class Log:
    """Entries in their order, and who they are about."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.signer = Signer()
        self.entries: list[bytes] = []
        self.hidden: set[int] = set()
        self.wordings = {named(WORDING): canonical(WORDING)}
        self.notices = {named(NOTICE): canonical(NOTICE)}

    def person(self, number: int) -> Person:
        return Person(self.random.randbytes(32), f"+4790000{number:03}")

    def event(self, about: Person, kind: str, at: datetime, **private: Any) -> dict[str, Any]:
        """Record and seal one event."""
        event_id = self.random.randbytes(16).hex()
        salt = self.random.randbytes(32)
        inside = {
            "subject_ref": "a" * 32,
            "phone": about.phone,
            "occurred_at": at.isoformat(timespec="milliseconds"),
            "valid_until": "",
            "expressed_by": "subject",
            "method": "mo_reply",
            "language": "nb",
        } | private
        header = canonical(
            {
                "v": 1,
                "event_id": event_id,
                "type": kind,
                "purpose": PURPOSE,
                "notice_sha256": named(WORDING),
                "recorded_day": at.date().isoformat(),
                "commit": sha256(b"smsconsent/commit/v1\0" + salt + canonical(inside)).hexdigest(),
                "tag": hmac(about.tag_key, event_id.encode(), "sha256").hex(),
            }
        )
        detail = {
            "salt": salt.hex(),
            "seq": len(about.events) + 1,
            "prev": about.last,
            "private": inside,
        }
        event = {"index": len(self.entries), "event_id": event_id, "detail": detail}
        self.entries.append(header)
        about.events.append(event)
        about.last = sha256(header).hexdigest()
        return event

    def announce(
        self, key: Signer, former: Signer, *, signed_by: tuple[Signer, ...], **told: Any
    ) -> int:
        """Record that one key takes over from another. Return the place of the entry."""
        content: dict[str, Any] = {
            "v": 1,
            "type": "key_announced",
            "event_id": self.random.randbytes(16).hex(),
            "origin": ORIGIN,
            "at": "2026-03-10T11:00:00+00:00",
            "both_until": "2026-03-17T11:00:00+00:00",
            "key": key.verifier.strip(),
            "former": former.verifier.strip(),
        } | told
        statement = b"smsconsent/key-change/v1\0" + canonical(content)
        for name, signer in zip(("by_key", "by_former"), signed_by, strict=False):
            content[name] = b64encode(signer.private.sign(statement)).decode()
        return self._record({"by_former": ""} | content)

    def retire(self, key: Signer) -> int:
        """Record that a key signs no longer. Return the place of the entry."""
        content = {"v": 1, "type": "key_retired", "event_id": self.random.randbytes(16).hex()}
        at = "2026-03-17T11:00:00+00:00"
        return self._record(content | {"origin": ORIGIN, "at": at, "key": key.verifier.strip()})

    def take_over(self, former: bytes, *, kept: int | None = None, **told: Any) -> int:
        """Record that this log goes on after one whose last checkpoint this is. Return the entry's place."""
        origin, size, top = former.decode().split("\n")[:3]
        content: dict[str, Any] = {
            "v": 1,
            "type": "log_begun",
            "event_id": self.random.randbytes(16).hex(),
            "at": "2026-03-17T11:00:00+00:00",
            "origin": self.signer.origin,
            "former_origin": origin,
            "former_size": int(size),
            "former_root": top,
            "former_checkpoint": former.decode(),
            "kept": len(self.entries) if kept is None else kept,
        }
        return self._record(content | told)

    def _record(self, content: dict[str, Any]) -> int:
        self.entries.append(canonical(content))
        return len(self.entries) - 1

    @property
    def leaves(self) -> list[bytes]:
        return [sha256(b"\0" + entry).digest() for entry in self.entries]

    def checkpoint(self, size: int | None = None, by: list[Signer] | None = None) -> bytes:
        leaves = self.leaves[:size]
        return sign(len(leaves), root(leaves), by or [self.signer])

    def files(self, about: Person | None = None) -> Files:
        """The files of a case bundle, or of an audit bundle when it is about nobody."""
        lines = [
            canonical({"leaf": b64encode(leaf).decode()})
            if index in self.hidden
            else canonical({"header": b64encode(entry).decode()})
            for index, (entry, leaf) in enumerate(zip(self.entries, self.leaves, strict=True))
        ]
        manifest = {"format": "smsconsent-bundle/v1", "kind": "case" if about else "audit"}
        files = {
            "manifest.json": canonical(manifest),
            "checkpoint.txt": self.checkpoint(),
            "log.pub": self.signer.verifier.encode(),
            "leaves.jsonl": b"".join(line + b"\n" for line in lines),
        }
        files |= {f"wordings/{name}.json": raw for name, raw in self.wordings.items()}
        files |= {f"notices/{name}.json": raw for name, raw in self.notices.items()}
        if about:
            files["subject.json"] = canonical({"tag_key": about.tag_key.hex()})
            files["events.jsonl"] = b"".join(canonical(each) + b"\n" for each in about.events)
        return files

    def receipt(self, event: dict[str, Any], *, size: int | None = None) -> dict[str, Any]:
        """A receipt for one event, as it would be issued at this size of the log."""
        leaves, index, private = self.leaves[:size], event["index"], event["detail"]["private"]
        header = json.loads(self.entries[index])
        steps = [b64encode(step).decode() for step in path_to(index, leaves)]
        head = "\n".join(["c2sp.org/tlog-proof@v1", f"index {index}", *steps])
        return {
            "record_id": header["event_id"],
            "event_state": header["type"],
            "event_time": private["occurred_at"],
            "pii_principal_id": private["subject_ref"],
            "collection_method": private["method"],
            "language": private["language"],
            "valid_until": private["valid_until"],
            "purpose_id": header["purpose"],
            "privacy_notice_sha256": header["notice_sha256"],
            "evidence": {
                "header": b64encode(self.entries[index]).decode(),
                "detail": event["detail"],
                "wording": WORDING,
                "notice": NOTICE,
                "proof": f"{head}\n\n{self.checkpoint(size).decode()}",
            },
        }


def write(folder: Path, files: Files) -> Path:
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return path


def lines_of(files: Files, name: str) -> list[bytes]:
    return files[name].splitlines(keepends=True)


def change_line(files: Files, name: str, number: int, change: Callable[[Any], Any]) -> None:
    """Change one line of a file of JSON lines."""
    lines = lines_of(files, name)
    lines[number] = canonical(change(json.loads(lines[number]))) + b"\n"
    files[name] = b"".join(lines)


@dataclass
class Story:
    """A log with two people in it: Ada says yes and then no, and others come between."""

    log: Log
    ada: Person
    bo: Person

    @classmethod
    def make(cls) -> "Story":
        log = Log()
        ada, bo = log.person(1), log.person(2)
        for number in range(20):
            log.event(log.person(100 + number), "granted", NOON - timedelta(days=3))
        log.event(ada, "requested", NOON)
        log.event(bo, "requested", NOON + timedelta(minutes=1))
        log.event(ada, "granted", NOON + timedelta(minutes=2))
        for number in range(20):
            log.event(log.person(200 + number), "granted", NOON + timedelta(hours=2))
        log.event(bo, "granted", NOON + timedelta(hours=3))
        log.event(ada, "withdrawn", NOON + timedelta(days=2))
        return cls(log, ada, bo)
