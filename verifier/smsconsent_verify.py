#!/usr/bin/env python3
"""Check an evidence bundle or a receipt offline: one file, the standard library and `cryptography`.

    smsconsent_verify.py BUNDLE --key log.pub [--anchor FILE[@TIME]] [--previous FILE] [--tsa-root PEM]
                         [--lang nb|en] [--json]

BUNDLE is a case or audit bundle (ZIP) or a receipt (JSON). The key must come from elsewhere than the
bundle: whoever made the bundle could have put any key in. `--anchor` names what somebody else has kept:
a checkpoint, a mail or file that holds some, a time stamp (RFC 3161), another receipt; `@TIME` says when
it was received (2026-03-10T06:00:00Z). Exit code 0: nothing speaks against it; 1: something does; 2: it
cannot be read. The formats stand in docs/evidence.md. This file shares no line with what it checks.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

COMMIT_LABEL = b"smsconsent/commit/v1\0"
KEY_LABEL = b"smsconsent/key-change/v1\0"
# How an entry about the log begins, in base64: `{"at":`. That of an event begins with `{"commit":`.
LOG_ENTRY_MARK = b'"eyJhdCI6'
# An event is sealed within a minute. What comes in this much later than it says is called back-dated.
LATE = timedelta(hours=1)
EARLY = timedelta(minutes=5)
LONGEST_LINE, LARGEST_FILE, MOST_EVENTS = 1 << 20, 1 << 24, 100_000
MOST_LOG_ENTRIES = 10_000

HEADER = re.compile(
    rb'\{"commit":"([0-9a-f]{64})","event_id":"([0-9a-f]{32})","notice_sha256":"([0-9a-f]{64})",'
    rb'"purpose":"([0-9a-f]{32})","recorded_day":"(\d{4}-\d\d-\d\d)","tag":"([0-9a-f]{64})",'
    rb'"type":"([a-z]+)","v":1\}'
)
NOTE = re.compile(
    rb"([^\s\n][^\n]*\n(?:0|[1-9]\d{0,18})\n[A-Za-z0-9+/]{43}=\n)\n"
    rb"((?:\xe2\x80\x94 [^ \n]+ [A-Za-z0-9+/=]+\n)+)"
)

CHECKS = {
    "signature": ("Signaturen på kontrollpunktet", "Signature of the checkpoint"),
    "leaves": ("Hver oppføring, fra sine egne byte", "Each entry, from its own bytes"),
    "root": ("Roten over alle oppføringene", "The root over all entries"),
    "anchors": ("Samsvar med det andre har tatt vare på", "Agreement with what others kept"),
    "details": (
        "Åpnede detaljer mot det som er forseglet",
        "Opened details against what is sealed",
    ),
    "wordings": ("Ordlyd og personvernerklæring", "Wording and privacy notice"),
    "chain": ("Rekkefølgen av personens hendelser", "The order of the person's events"),
    "completeness": ("Ingen hendelse holdt tilbake", "No event withheld"),
    "timestamps": ("Tidsstempler (RFC 3161)", "Time stamps (RFC 3161)"),
    "keys": ("Skifter av nøkkel", "Changes of the key"),
}

# What may be found: code, check, weight; then the sentence in bokmål and in English.
FAILED, LIMITED = "failed", "limited"
_CODES = """
signature_forged signature failed
  Signaturen er forfalsket: den stemmer ikke med nøkkelen den viser til.
  The signature is forged: it does not fit the key that it names.
wrong_key signature failed
  Kontrollpunktet er ikke signert med nøkkelen du ga.
  The checkpoint is not signed by the key that you gave.
checkpoint_malformed signature failed
  Kontrollpunktet mangler eller kan ikke leses.
  The checkpoint is missing or cannot be read.
not_sealed signature failed
  Kvitteringen er ikke forseglet ennå. Last den ned igjen om et minutt.
  The receipt is not sealed yet. Download it again in a minute.
header_malformed leaves failed
  Oppføring {index} har ikke den formen en hendelse skal ha.
  Entry {index} does not have the form of an event.
leaf_repeated leaves failed
  Oppføring {index} står i loggen to ganger.
  Entry {index} stands in the log twice.
leaf_missing root failed
  Oppføringer er fjernet: kontrollpunktet teller {expected}, her er {found}.
  Entries were removed: the checkpoint counts {expected}, here are {found}.
leaf_inserted root failed
  Oppføringer er satt inn: kontrollpunktet teller {expected}, her er {found}.
  Entries were inserted: the checkpoint counts {expected}, here are {found}.
root_differs root failed
  En oppføring er endret eller flyttet: roten blir en annen enn den som er signert.
  An entry was changed or moved: the root is not the one that is signed.
not_included root failed
  Beviset fører ikke fra hendelsen til den signerte roten.
  The proof does not lead from the event to the signed root.
history_rewritten anchors failed
  Historien er skrevet om: de første {size} oppføringene er andre enn i {source}.
  History was rewritten: the first {size} entries are not those of {source}.
tail_cut anchors failed
  Slutten er kuttet: {source} teller {size} oppføringer, her er {found}.
  The end was cut off: {source} counts {size} entries, here are {found}.
two_histories anchors failed
  To ulike historier er signert: {source} har en annen rot for {size} oppføringer.
  Two histories were signed: {source} has another root for {size} entries.
anchor_unsigned anchors failed
  {source} er ikke signert med nøkkelen du ga.
  {source} is not signed by the key that you gave.
anchor_of_other_log anchors limited
  {source} hører til en annen logg og er ikke sammenlignet.
  {source} belongs to another log and was not compared.
anchor_unreadable anchors failed
  {source} inneholder verken kontrollpunkt eller tidsstempel.
  {source} holds neither a checkpoint nor a time stamp.
anchor_not_compared anchors limited
  {source} gjelder en annen størrelse. Bare en hel bunt viser om de to henger sammen.
  {source} is of another size. Only a whole bundle shows whether the two agree.
no_anchor anchors limited
  Ingenting utenfra å sammenligne med: den som har nøkkelen, kan ha skrevet om alt.
  Nothing from outside to compare with: whoever holds the key may have rewritten all.
back_dated anchors failed
  Oppføring {index} er tilbakedatert: den sier {said}, men kom etter {time}.
  Entry {index} is back-dated: it says {said}, but came after {time}.
post_dated anchors failed
  Oppføring {index} er fremdatert: den sier {said}, men fantes før {time}.
  Entry {index} is dated ahead: it says {said}, but was there before {time}.
detail_changed details failed
  Detaljene i hendelse {event} er endret: de er ikke dem som ble forseglet.
  The details of event {event} were changed: they are not what was sealed.
detail_swapped details failed
  Detaljene i hendelse {event} hører til en annen hendelse.
  The details of event {event} belong to another event.
detail_malformed details failed
  Detaljene i hendelse {event} kan ikke leses.
  The details of event {event} cannot be read.
detail_deleted details limited
  Detaljene i hendelse {event} ({type}, {day}) er slettet. Hendelsen vises fortsatt.
  The details of event {event} ({type}, {day}) were deleted. The event itself still shows.
day_differs details failed
  Hendelse {event} sier et annet tidspunkt enn dagen den ble forseglet med.
  Event {event} tells another time than the day it was sealed with.
receipt_differs details failed
  Feltet {field} i kvitteringen er et annet enn i det forseglede beviset.
  The field {field} of the receipt is not that of the sealed evidence.
nothing_opened details limited
  Revisjonsbunt: ingen detaljer er åpnet, og ingen personopplysninger er med.
  Audit bundle: no detail is opened, and no personal data is in it.
wording_changed wordings failed
  Teksten {sha256} er byttet ut: innholdet er ikke det navnet sier.
  The wording {sha256} was swapped: its content is not what its name says.
wording_missing wordings failed
  Teksten {sha256}, som en hendelse viser til, mangler.
  The wording {sha256}, which an event names, is missing.
wording_of_other_purpose wordings failed
  Teksten {sha256} gjelder et annet formål eller språk enn hendelsen.
  The wording {sha256} is of another purpose or language than the event.
notice_changed wordings failed
  Personvernerklæringen {sha256} er byttet ut: innholdet er ikke det navnet sier.
  The privacy notice {sha256} was swapped: its content is not what its name says.
notice_missing wordings failed
  Personvernerklæringen {sha256}, som en tekst viser til, mangler.
  The privacy notice {sha256}, which a wording names, is missing.
chain_broken chain failed
  Kjeden er brutt ved hendelse {event} (nr. {seq}): den følger ikke den forrige.
  The chain breaks at event {event} (no. {seq}): it does not follow the one before.
chain_order chain failed
  Hendelse {event} sier at den er nr. {seq}, men er forseglet som nr. {place}: noe er satt inn foran.
  Event {event} says that it is no. {seq}, but is sealed as no. {place}: something was put in front.
chain_gap chain failed
  Hendelse {event} sier at den er nr. {seq}, men er forseglet som nr. {place}: en tidligere mangler.
  Event {event} says that it is no. {seq}, but is sealed as no. {place}: an earlier one is missing.
event_moved chain failed
  Hendelse {event} står på plass {index}, ikke der bunten sier.
  Event {event} stands at {index}, not where the bundle says.
event_withheld completeness failed
  En hendelse er holdt tilbake: {type}, {day} (oppføring {index}).
  An event was withheld: {type}, {day} (entry {index}).
event_unknown completeness failed
  Hendelse {event} finnes ikke i loggen.
  Event {event} is not in the log.
event_foreign completeness failed
  Hendelse {event} gjelder ikke denne personen: merket stemmer ikke med merkenøkkelen.
  Event {event} is not about this person: its tag does not fit the tag key.
tag_key_useless completeness failed
  Merkenøkkelen mangler eller passer ikke: ingenting viser at dette er alle personens hendelser.
  The tag key is missing or does not fit: nothing shows that these are all events of the person.
entries_hidden completeness limited
  {count} oppføringer fra andre organisasjoner er bare fingeravtrykk: hva de gjelder, er ikke sjekket.
  {count} entries of other organisations are fingerprints only: what they concern was not checked.
stamp_of_other timestamps failed
  Tidsstempelet {source} gjelder et annet kontrollpunkt.
  The time stamp {source} is of another checkpoint.
stamp_forged timestamps failed
  Tidsstempelet {source} har ikke gyldig signatur.
  The time stamp {source} has no valid signature.
stamp_malformed timestamps failed
  Tidsstempelet {source} kan ikke leses.
  The time stamp {source} cannot be read.
stamp_untrusted timestamps failed
  Utstederen av {source} fører ikke til roten du ga, eller gjaldt ikke da.
  The issuer of {source} does not lead to the root you gave, or was not valid then.
stamp_issuer_unchecked timestamps limited
  {source}: fingeravtrykk, tid og signatur stemmer. Hvem utstederen er, er ikke sjekket: oppgi --tsa-root.
  {source}: imprint, time and signature hold. Who issued it was not checked: give --tsa-root.
stamp_revocation timestamps limited
  Om sertifikatet bak {source} er trukket tilbake, er ikke sjekket (krever nett).
  Whether the certificate behind {source} was revoked was not checked (needs a network).
key_not_valid keys failed
  {source} er signert med nøkkel {key}, som ikke gjaldt da loggen hadde {size} oppføringer.
  {source} is signed by the key {key}, which was not valid when the log had {size} entries.
key_unannounced keys failed
  {source} er signert med nøkkel {key}: at den tok over, er aldri kunngjort i loggen.
  {source} is signed by the key {key}: that it took over was never announced in the log.
cosignature_missing keys failed
  {source} ({size} oppføringer) mangler signaturen til nøkkel {key}, som skulle signere den gangen.
  {source} ({size} entries) lacks the signature of the key {key}, which had to sign at that time.
key_change_forged keys failed
  Nøkkelskiftet i oppføring {index} er ikke signert av begge nøklene.
  The change of the key in entry {index} is not signed by both keys.
key_change_alone keys limited
  Nøkkelskiftet i oppføring {index} er kunngjort av den nye nøkkelen alene. Ingenting viser hvem som var enig.
  The change of the key in entry {index} is announced by the new key alone. Nothing shows who agreed.
key_change_agreed keys limited
  Oppføring {index} skifter nøkkel uten den forrige: {asked_by} ba om det, {agreed_by} var enig. «{reason}»
  Entry {index} changes the key without the former one: {asked_by} asked, {agreed_by} agreed: “{reason}”
key_change_unproven keys limited
  Kvitteringen forteller selv om et nøkkelskifte. Bare en hel bunt viser at det står i loggen.
  The receipt itself tells of a change of the key. Only a whole bundle shows that it stands in the log.
log_taken_over anchors limited
  Loggen tok over etter {former}. Av {published} publiserte oppføringer er {kept} her; resten gikk tapt.
  The log took over from {former}. Of {published} published entries {kept} are here; the rest was lost.
takeover_forged anchors failed
  Oppføring {index} sier at loggen tok over etter {former}, men viser ikke et signert kontrollpunkt derfra.
  Entry {index} says that the log took over from {former}, but shows no signed checkpoint of it.
takeover_misplaced anchors failed
  Oppføring {index} sier at {kept} oppføringer ble med fra {former}, men står ikke på den plassen.
  Entry {index} says that {kept} entries came along from {former}, but does not stand at that place.
entries_lost anchors limited
  {source} ({former}) teller {size} oppføringer. {kept} er her; loggen sier selv at resten gikk tapt.
  {source} ({former}) counts {size} entries. {kept} are here; the log itself says that the rest was lost.
loss_understated anchors failed
  {source} ({former}) teller {size} oppføringer. Loggen sier at bare {published} var publisert.
  {source} ({former}) counts {size} entries. The log says that only {published} had been published.
"""


def _codes() -> dict[str, tuple[str, str, str, str]]:
    lines = _CODES.strip().splitlines()
    found = {}
    for first, nb, en in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        code, check, weight = first.split()
        found[code] = (check, weight, nb.strip(), en.strip())
    return found


CODES = _codes()


class Unreadable(Exception):
    """The file is no bundle and no receipt, or breaks a limit. Nothing is said about its truth."""


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    values: dict[str, Any]

    @property
    def check(self) -> str:
        return CODES[self.code][0]

    @property
    def weight(self) -> str:
        return CODES[self.code][1]

    def text(self, language: str) -> str:
        return CODES[self.code][3 if language == "en" else 2].format(**self.values)


@dataclass(slots=True)
class Report:
    """What was looked at, what was found, and what the bundle tells when it holds."""

    kind: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)
    events: list[dict[str, Any]] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)

    def find(self, code: str, **values: Any) -> None:
        """Add a finding; of one kind the first twenty are told."""
        self.looked_at.add(CODES[code][0])
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] <= 20:
            self.findings.append(Finding(code, values))

    def status(self, check: str) -> str:
        weights = {each.weight for each in self.findings if each.check == check}
        if FAILED in weights:
            return FAILED
        if check not in self.looked_at:
            return "skipped"
        return LIMITED if LIMITED in weights else "ok"

    @property
    def holds(self) -> bool:
        return all(each.weight != FAILED for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "holds": self.holds,
            "kind": self.kind,
            "facts": self.facts,
            "checks": {check: self.status(check) for check in CHECKS},
            "findings": [
                {
                    "check": each.check,
                    "weight": each.weight,
                    "code": each.code,
                    "values": each.values,
                    "text": each.text("en"),
                }
                for each in self.findings
            ],
            "counts": self._counts,
            "events": self.events,
        }


# -- bytes and hashes ------------------------------------------------------------------------------------
def canonical(value: Any) -> bytes:
    """Encode by RFC 8785: objects, lists, strings and whole numbers."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def key_of_32(text: Any) -> bytes:
    """Return 32 bytes from their 64 small hexadecimal digits. Raises ValueError."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("not 32 bytes in hexadecimal")
    return bytes.fromhex(text)


def commitment(salt: Any, private: Any) -> str:
    return hashlib.sha256(COMMIT_LABEL + key_of_32(salt) + canonical(private)).hexdigest()


def from_base64(text: str | bytes) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("not base64") from error


def parse_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error


class Tree:
    """The right edge of an RFC 6962 tree, from which the root at any size passed can be told."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        index, joined, sha256 = self.size, leaf, hashlib.sha256
        while index & 1:
            joined = sha256(b"\1" + self._edge.pop() + joined).digest()
            index >>= 1
        self._edge.append(joined)
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self._edge:
            return hashlib.sha256(b"").digest()
        joined = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            joined = hashlib.sha256(b"\1" + left + joined).digest()
        return joined


def root_from_proof(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root that an inclusion proof leads to (RFC 9162 § 2.1.3.2). None: it leads nowhere."""
    if not 0 <= index < size:
        return None
    last, joined = size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            joined = hashlib.sha256(b"\1" + step + joined).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            joined = hashlib.sha256(b"\1" + joined + step).digest()
        index, last = index >> 1, last >> 1
    return joined if last == 0 else None


# -- checkpoints (C2SP tlog-checkpoint, signed note) -----------------------------------------------------
@dataclass(frozen=True, slots=True)
class Key:
    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n\1" + self.raw).digest()[:4]

    def has_signed(self, body: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, body)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    body: bytes
    signatures: tuple[tuple[str, bytes], ...]
    source: str
    raw: bytes
    received: datetime | None = None


def read_keys(text: str) -> list[Key]:
    """Read verifier keys: `name+id+base64(1 ‖ public key)`, one a line; `#` begins a comment."""
    lines = [line.strip() for line in text.splitlines()]
    keys = [read_key(line) for line in lines if line and not line.startswith("#")]
    if not keys:
        raise Unreadable("no verifier key")
    return keys


def read_key(text: str) -> Key:
    try:
        name, number, encoded = text.split("+", 2)
        raw = from_base64(encoded)
    except (ValueError, Unreadable) as error:
        raise Unreadable("no verifier key") from error
    key = Key(name, raw[1:])
    if len(raw) != 33 or raw[0] != 1 or key.id.hex() != number:
        raise Unreadable("no Ed25519 verifier key")
    return key


def read_checkpoints(raw: bytes, source: str) -> list[Checkpoint]:
    """Find each signed note in a text: a checkpoint, a mail, a file of many, a proof, a receipt."""
    return [_checkpoint(found, source) for found in NOTE.finditer(raw.replace(b"\r\n", b"\n"))]


def _checkpoint(found: re.Match[bytes], source: str) -> Checkpoint:
    body = found[1]
    origin, size, root = body.decode("utf-8", "replace").splitlines()[:3]
    signatures = []
    for line in found[2].decode("utf-8", "replace").splitlines():
        _dash, name, encoded = line.split(" ", 2)
        try:
            signatures.append((name, from_base64(encoded)))
        except Unreadable:
            continue
    return Checkpoint(
        origin, int(size), from_base64(root), body, tuple(signatures), source, found[0]
    )


# -- the keys of the log, and how they change ------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry about the log itself, at its place. No person is in it."""

    index: int
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.content["type"])

    def key(self, name: str = "key") -> Key:
        return read_key(str(self.content.get(name)))

    def is_signed_by(self, name: str) -> bool:
        """Whether an announcement is signed by its `key` or its `former` key."""
        unsigned = {n: v for n, v in self.content.items() if n not in {"by_key", "by_former"}}
        statement = KEY_LABEL + canonical(unsigned)
        try:
            signature = from_base64(str(self.content.get(f"by_{name}", "")))
        except Unreadable:
            return False
        return self.key(name).has_signed(statement, signature)

    def agreement(self) -> dict[str, str]:
        """Return who stands for a change without the former key's signature, and why. Empty: nobody does."""
        names = ("asked_by", "agreed_by", "reason")
        told = {name: said for name in names if isinstance(said := self.content.get(name), str)}
        return told if all(told.get(name) for name in names) else {}


def read_log_entry(index: int, raw: bytes) -> LogEntry | None:
    """Read an entry about the log itself, such as a change of its key. None: it is no such entry."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if (
        not isinstance(content, dict)
        or not {"v", "type"} <= content.keys()
        or {"tag", "commit"} & content.keys()
        or canonical(content) != raw
    ):
        return None
    entry = LogEntry(index, content)
    try:
        for name in {"key_announced": ("key", "former"), "key_retired": ("key",)}.get(
            entry.kind, ()
        ):
            entry.key(name)
    except Unreadable:
        return None
    is_sound = entry.kind != "log_begun" or all(
        type(content.get(name)) is kind
        for name, kind in {
            "origin": str,
            "former_origin": str,
            "former_size": int,
            "kept": int,
        }.items()
    )
    return entry if is_sound else None


class Keys:
    """Whose signature counts: the keys that were given, and those that these and the log vouch for.

    An announcement that the former key and the new one have signed leads from either to the other.
    """

    def __init__(self, given: list[Key]) -> None:
        self.trusted = {key.raw for key in given}
        self.names = {key.name for key in given}
        self.learned: set[bytes | str] = set()
        self.has_read_log = False

    def learn(self, entries: list[LogEntry], report: Report) -> None:
        """Follow the announced changes from the keys that were given, forwards and backwards. Once."""
        if self.has_read_log:
            return
        self.has_read_log = True
        changes = [entry for entry in entries if entry.kind == "key_announced"]
        sound = [each for each in changes if self._check_change(each, report)]
        for each in [*sound, *reversed(sound)]:
            pair = {each.key("key").raw, each.key("former").raw}
            if pair & self.trusted:
                self.learned |= pair - self.trusted
                self.trusted |= pair
        # A log that took over from another is signed by the same keys, under its own name.
        begun = [entry for entry in entries if entry.kind == "log_begun"]
        for each in [*begun, *reversed(begun)]:
            names = {str(each.content["origin"]), str(each.content["former_origin"])}
            if names & self.names:
                self.learned |= names - self.names
                self.names |= names

    def _check_change(self, change: LogEntry, report: Report) -> bool:
        """Return whether both keys agree to the change; name it when they do not."""
        if change.is_signed_by("key") and change.is_signed_by("former"):
            return True
        if change.content.get("by_former") or not change.is_signed_by("key"):
            report.find("key_change_forged", index=change.index)
        elif agreement := change.agreement():
            report.find("key_change_agreed", index=change.index, **agreement)
        else:
            report.find("key_change_alone", index=change.index)
        return False

    def signers(self, checkpoint: Checkpoint) -> set[bytes]:
        """Return the public keys that have signed a checkpoint, of those whose signature counts."""
        return {
            key.raw
            for name, blob in checkpoint.signatures
            for key in self._named(name)
            if blob[:4] == key.id and key.has_signed(checkpoint.body, blob[4:])
        }

    def _named(self, name: str) -> list[Key]:
        return [Key(name, raw) for raw in self.trusted] if name in self.names else []

    def fault(self, checkpoint: Checkpoint) -> str:
        """Return "" when one of the keys has signed, else what is wrong."""
        if self.signers(checkpoint):
            return ""
        is_claimed = any(
            blob[:4] == key.id for name, blob in checkpoint.signatures for key in self._named(name)
        )
        return "signature_forged" if is_claimed else "wrong_key"


def keys_due(entries: list[LogEntry], size: int) -> set[bytes]:
    """Return the public keys that must have signed the log of this size. Empty: no change was announced.

    A key signs from the checkpoint that covers its announcement, and no longer from the one that covers
    its retirement. In between, both do.
    """
    changes = [entry for entry in entries if entry.kind in {"key_announced", "key_retired"}]
    due: set[bytes] = set()
    if changes:
        due = {changes[0].key("former" if changes[0].kind == "key_announced" else "key").raw}
    for entry in changes:
        if entry.index < size:
            key = {entry.key().raw}
            due = due | key if entry.kind == "key_announced" else due - key
    return due


def check_keys(
    entries: list[LogEntry], checkpoints: list[Checkpoint], keys: Keys, report: Report
) -> None:
    """Check (10): each checkpoint is signed by the keys that were valid when it was."""
    report.looked_at.add("keys")
    report.facts["keys"] = [
        {"entry": e.index, "type": e.kind, "key": e.content["key"], "at": e.content.get("at")}
        for e in entries
        if e.kind in {"key_announced", "key_retired"}
    ]
    changes = [entry for entry in entries if entry.kind == "key_announced"]
    known = {each.key(name).raw for each in changes for name in ("key", "former")}
    shared: set[bytes] = set()
    for each in checkpoints:
        found, due = keys.signers(each), keys_due(entries, each.size)
        if not found:
            continue
        if not due:
            shared = found & shared if shared else found
            if not shared:
                report.find("key_unannounced", key=_key_names(each, found), source=each.source)
                return
        else:
            _check_due(each, found, due, known, report)


def _check_due(
    each: Checkpoint, found: set[bytes], due: set[bytes], known: set[bytes], report: Report
) -> None:
    values = {"source": each.source, "size": each.size}
    if not found & known:
        report.find("key_unannounced", key=_key_names(each, found), source=each.source)
    elif not found & due:
        report.find("key_not_valid", key=_key_names(each, found), **values)
    elif missing := due - found:
        report.find("cosignature_missing", key=_key_names(each, missing), **values)


def _key_names(checkpoint: Checkpoint, keys: set[bytes]) -> str:
    return ", ".join(sorted(Key(checkpoint.origin, raw).id.hex() for raw in keys))


# -- time stamps (RFC 3161), read from DER by hand -------------------------------------------------------
class Malformed(Exception):
    """No DER, or not of the kind expected."""


def der_items(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """Split DER into (tag, content, whole) of each item."""
    items, at = [], 0
    while at < len(data):
        begin, tag = at, data[at]
        try:
            length = data[at + 1]
        except IndexError:
            raise Malformed from None
        at += 2
        if length & 0x80:
            width = length & 0x7F
            if not 1 <= width <= 4 or at + width > len(data):
                raise Malformed
            length, at = int.from_bytes(data[at : at + width]), at + width
        if at + length > len(data):
            raise Malformed
        items.append((tag, data[at : at + length], data[begin : at + length]))
        at += length
    return items


HASHES: dict[bytes, HashAlgorithm] = {
    bytes.fromhex("608648016503040201"): SHA256(),
    bytes.fromhex("608648016503040202"): SHA384(),
    bytes.fromhex("608648016503040203"): SHA512(),
}
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp token: what it stamps, when, and who signed."""

    hash: HashAlgorithm
    imprint: bytes
    at: datetime
    info: bytes
    certificates: list[x509.Certificate]
    signer: bytes
    signer_hash: HashAlgorithm
    attributes: bytes
    signature: bytes

    def covers(self, raw: bytes) -> bool:
        return hashlib.new(self.hash.name, raw).digest() == self.imprint


def read_stamp(raw: bytes) -> Stamp:
    """Read a TimeStampResp or a bare token. Raises Malformed."""
    try:
        parts = der_items(der_items(raw)[0][1])
        if parts[0][0] == 0x30:
            parts = der_items(parts[1][1])
        signed = der_items(der_items(parts[1][1])[0][1])
        content = der_items(signed[2][1])
        info = der_items(der_items(content[1][1])[0][2])[0][1]
        tst = der_items(der_items(info)[0][1])
        imprint = der_items(tst[2][1])
        signer = der_items(der_items(signed[-1][1])[0][1])
        extra = [item for item in signed[3:-1] if item[0] == 0xA0]
        return Stamp(
            hash=_hash_named(imprint[0][1]),
            imprint=imprint[1][1],
            at=_generalized_time(next(each[1] for each in tst[3:] if each[0] == 0x18)),
            info=info,
            certificates=[
                x509.load_der_x509_certificate(each[2])
                for group in extra
                for each in der_items(group[1])
                if each[0] == 0x30
            ],
            signer=signer[1][1],
            signer_hash=_hash_named(signer[2][1]),
            attributes=b"\x31" + next(each[2] for each in signer if each[0] == 0xA0)[1:],
            signature=next(each[1] for each in signer[3:] if each[0] == 0x04),
        )
    except (IndexError, StopIteration, ValueError, KeyError) as error:
        raise Malformed from error


def _hash_named(algorithm: bytes) -> HashAlgorithm:
    return HASHES[der_items(algorithm)[0][1]]


def _generalized_time(raw: bytes) -> datetime:
    whole = raw.decode("ascii").rstrip("Z").partition(".")[0]
    return datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def stamp_signer(stamp: Stamp) -> x509.Certificate | None:
    """Return the certificate whose key signed this stamp, or None when no signature holds."""
    digests = [
        der_items(der_items(attribute)[1][1])[0][1]
        for _tag, attribute, _whole in der_items(der_items(stamp.attributes)[0][1])
        if der_items(attribute)[0][1] == MESSAGE_DIGEST
    ]
    if digests != [hashlib.new(stamp.signer_hash.name, stamp.info).digest()]:
        return None
    for certificate in stamp.certificates:
        serial = certificate.serial_number.to_bytes(40).lstrip(b"\0")
        parts = der_items(stamp.signer)
        named = [part[1].lstrip(b"\0") for part in parts if part[0] == 0x02]
        if named == [serial] and _signed_by(stamp, certificate):
            return certificate
    return None


def _signed_by(stamp: Stamp, certificate: x509.Certificate) -> bool:
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(stamp.signature, stamp.attributes, padding.PKCS1v15(), stamp.signer_hash)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(stamp.signature, stamp.attributes, ec.ECDSA(stamp.signer_hash))
        elif isinstance(key, Ed25519PublicKey):
            key.verify(stamp.signature, stamp.attributes)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def leads_to(stamp: Stamp, signer: x509.Certificate, roots: list[x509.Certificate]) -> bool:
    """Return whether the signer may stamp, was valid then, and was issued under one of the roots."""
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if ExtendedKeyUsageOID.TIME_STAMPING not in usage:
        return False
    current = signer
    for _step in range(6):
        if not current.not_valid_before_utc <= stamp.at <= current.not_valid_after_utc:
            return False
        if current in roots:
            return True
        above = next((c for c in [*roots, *stamp.certificates] if _issued(current, c)), None)
        if above is None or above == current:
            return False
        current = above
    return False


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
        constraints = above.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    return constraints.ca


# -- what others kept ------------------------------------------------------------------------------------
@dataclass(slots=True)
class Outside:
    """Checkpoints and time stamps, from the bundle and from whoever kept some."""

    checkpoints: list[Checkpoint] = field(default_factory=list)
    stamps: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, raw: bytes, source: str, report: Report, received: datetime | None) -> None:
        if raw[:1] == b"\x30" and source.lower().endswith((".tsr", ".tst", ".der")):
            self.stamps.append((source, raw))
            return
        text = raw
        if raw[:1] == b"{":
            text = str(parse_json(raw).get("evidence", {}).get("proof", "")).encode()
        found = read_checkpoints(text, source)
        if not found:
            report.find("anchor_unreadable", source=source)
        for each in found:
            self.checkpoints.append(
                Checkpoint(
                    each.origin, each.size, each.root, each.body, each.signatures, source,
                    each.raw, received,
                )
            )  # fmt: skip


def check_stamps(
    outside: Outside, own: Checkpoint, roots: list[x509.Certificate], report: Report
) -> None:
    """Check each stamp (9), and give the checkpoint that it is of the time that it tells."""
    for source, raw in outside.stamps:
        report.looked_at.add("timestamps")
        try:
            stamp = read_stamp(raw)
            signer = stamp_signer(stamp)
        except Malformed:
            report.find("stamp_malformed", source=source)
            continue
        known = [own, *outside.checkpoints]
        of = [c for c in known if stamp.covers(c.raw) or stamp.covers(c.body)]
        if not of:
            report.find("stamp_of_other", source=source)
        elif signer is None:
            report.find("stamp_forged", source=source)
        elif roots and not leads_to(stamp, signer, roots):
            report.find("stamp_untrusted", source=source)
        else:
            code = "stamp_revocation" if roots else "stamp_issuer_unchecked"
            report.find(code, source=source)
            report.facts.setdefault("timestamps", []).append(
                {"source": source, "time": stamp.at.isoformat(), "size": of[0].size}
            )
            one = of[0]
            outside.checkpoints.append(
                Checkpoint(
                    one.origin, one.size, one.root, one.body, one.signatures, source, one.raw,
                    stamp.at,
                )
            )  # fmt: skip


def usable(
    outside: Outside, own: Checkpoint, keys: Keys, report: Report, about_log: list[LogEntry]
) -> list[Checkpoint]:
    """Return the anchors that speak about this log, or what it took over from another, and are signed."""
    found = []
    former = takeovers(about_log, own.origin)
    for each in outside.checkpoints:
        report.looked_at.add("anchors")
        if each.origin != own.origin and each.origin not in former:
            report.find("anchor_of_other_log", source=each.source)
        elif keys.fault(each):
            report.find("anchor_unsigned", source=each.source)
        elif each.origin in former and each.size > former[each.origin][1]:
            _find_loss(each, *former[each.origin], report)
        else:
            found.append(each)
    return found


# -- a log that took over from one whose end was lost ----------------------------------------------------
def takeovers(about_log: list[LogEntry], origin: str) -> dict[str, tuple[LogEntry, int]]:
    """Return, for each former log, the entry that took over from it, and how many of its entries are here."""
    found: dict[str, tuple[LogEntry, int]] = {}
    name, kept = origin, 1 << 62
    for entry in reversed([each for each in about_log if each.kind == "log_begun"]):
        if entry.content["origin"] == name:
            name, kept = entry.content["former_origin"], min(kept, entry.content["kept"])
            found[name] = (entry, kept)
    return found


def _find_loss(anchor: Checkpoint, takeover: LogEntry, kept: int, report: Report) -> None:
    """Name what somebody holds of a former log that is not here any more."""
    values = {"source": anchor.source, "former": anchor.origin, "size": anchor.size}
    published = takeover.content["former_size"]
    if anchor.size > published:
        report.find("loss_understated", published=published, **values)
    elif anchor.size == published and _root_of(takeover) != anchor.root:
        report.find("two_histories", source=anchor.source, size=anchor.size)
    else:
        report.find("entries_lost", kept=kept, **values)


def check_takeovers(about_log: list[LogEntry], keys: Keys, report: Report) -> None:
    """Check that a takeover stands where it says, and names a signed checkpoint of the former log."""
    for entry in about_log:
        if entry.kind != "log_begun":
            continue
        told = entry.content
        values = {"former": told["former_origin"], "kept": told["kept"], "index": entry.index}
        named = read_checkpoints(str(told.get("former_checkpoint")).encode(), "takeover")
        expected = (told["former_origin"], told["former_size"], _root_of(entry))
        is_shown = len(named) == 1 and (named[0].origin, named[0].size, named[0].root) == expected
        if entry.index != told["kept"]:
            report.find("takeover_misplaced", **values)
        elif not is_shown or keys.fault(named[0]):
            report.find("takeover_forged", **values)
        else:
            report.find("log_taken_over", published=told["former_size"], **values)


def _root_of(takeover: LogEntry) -> bytes:
    try:
        return from_base64(str(takeover.content.get("former_root")))
    except Unreadable:
        return b""


def usable_times(outside: Outside, keys: Keys) -> list[Checkpoint]:
    return [each for each in outside.checkpoints if each.received and not keys.fault(each)]


# -- bundles ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Entry:
    """One header of the person, where it stands and what it says."""

    index: int
    raw: bytes
    commit: str
    event_id: str
    wording: str
    purpose: str
    day: str
    type: str
    is_mine: bool


class Bundle:
    """A ZIP with the files of docs/evidence.md. Raises Unreadable when one is missing or too large."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise Unreadable(f"{path.name} is no bundle") from error
        self.names = set(self._zip.namelist())

    def close(self) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        try:
            if self._zip.getinfo(name).file_size > LARGEST_FILE:
                raise Unreadable(f"{name} is too large")
            return self._zip.read(name)
        except (KeyError, zipfile.BadZipFile, OSError) as error:
            raise Unreadable(f"{name} is missing or damaged") from error

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file, a megabyte at a time."""
        try:
            with self._zip.open(name) as stream:
                rest = b""
                while block := stream.read(1 << 20):
                    *whole, rest = (rest + block).split(b"\n")
                    if len(rest) > LONGEST_LINE:
                        raise Unreadable(f"{name} has a line without end")
                    yield from whole
                if rest:
                    yield rest
        except (KeyError, zipfile.BadZipFile, OSError) as error:
            raise Unreadable(f"{name} is missing or damaged") from error


class Leaves:
    """One pass over every entry (2, 3, 4, 8): roots at the sizes asked for, and the person's headers."""

    def __init__(self, *, tag_key: bytes, wanted: set[str], anchors: list[Checkpoint]) -> None:
        self.tree = Tree()
        self.tag_key = tag_key
        self.wanted = {each.encode() for each in wanted}
        self.roots: dict[int, bytes] = {}
        self.entries: dict[str, Entry] = {}
        self.wordings: set[str] = set()
        self.hidden = 0
        self.about_log: list[LogEntry] = []
        self._seen: set[bytes] = set()
        self._sizes = {anchor.size for anchor in anchors}
        self._floors: dict[int, datetime] = {}
        for each in anchors:
            known = self._floors.get(each.size, each.received)
            if each.received is not None and known is not None:
                self._floors[each.size] = max(known, each.received)
        self._not_before: datetime | None = None
        self._floor_day = ""

    def read(self, bundle: Bundle, report: Report) -> None:
        report.looked_at |= {"leaves", "root"}
        for line in bundle.lines("leaves.jsonl"):
            if self.tree.size in self._sizes:
                self._pass_anchor()
            self._read_one(line, report)
        if self.tree.size in self._sizes:
            self._pass_anchor()

    def _pass_anchor(self) -> None:
        size = self.tree.size
        self.roots[size] = self.tree.root
        time = self._floors.get(size)
        if time is not None and (self._not_before is None or time > self._not_before):
            self._not_before = time
            self._floor_day = (time - LATE).astimezone(UTC).date().isoformat()

    def _read_one(self, line: bytes, report: Report) -> None:
        index = self.tree.size
        try:
            content = json.loads(line)
            encoded = content.get("header")
            raw = binascii.a2b_base64(encoded or content["leaf"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Unreadable(f"leaves.jsonl, line {index + 1}") from error
        if not encoded:
            self.hidden += 1
            key, leaf = raw[:16], raw
            if len(raw) != 32:
                report.find("header_malformed", index=index)
        else:
            leaf = hashlib.sha256(b"\0" + raw).digest()
            key = self._read_header(index, raw, report) or leaf[:16]
        if key in self._seen:
            report.find("leaf_repeated", index=index)
        self._seen.add(key)
        self.tree.append(leaf)

    def _read_header(self, index: int, raw: bytes, report: Report) -> bytes | None:
        """Look into one header. Return what names it, or None for an entry that is no event."""
        found = HEADER.fullmatch(raw)
        if found is None:
            if (entry := read_log_entry(index, raw)) is None:
                report.find("header_malformed", index=index)
            elif len(self.about_log) < MOST_LOG_ENTRIES:
                self.about_log.append(entry)
            return None
        commit, event_id, wording, purpose, day, tag, kind = found.groups()
        said = day.decode()
        if said < self._floor_day:
            report.find("back_dated", index=index, said=said, time=str(self._not_before))
        self.wordings.add(wording.decode())
        is_mine = bool(self.tag_key) and hmac.compare_digest(
            hmac.digest(self.tag_key, event_id, "sha256").hex().encode(), tag
        )
        if is_mine or event_id in self.wanted:
            name = event_id.decode()
            self.entries[name] = Entry(
                index, raw, commit.decode(), name, wording.decode(), purpose.decode(), said,
                kind.decode(), is_mine,
            )  # fmt: skip
        return bytes.fromhex(event_id.decode())


def _look_ahead(bundle: Bundle) -> list[LogEntry]:
    """Return the entries about the log, without a look at the others."""
    found: list[LogEntry] = []
    for index, line in enumerate(bundle.lines("leaves.jsonl")):
        if LOG_ENTRY_MARK in line and len(found) < MOST_LOG_ENTRIES:
            try:
                raw = binascii.a2b_base64(json.loads(line)["header"])
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise Unreadable(f"leaves.jsonl, line {index + 1}") from error
            if (entry := read_log_entry(index, raw)) is not None:
                found.append(entry)
    return found


def verify_bundle(
    bundle: Bundle, keys: Keys, outside: Outside, roots: list[x509.Certificate], report: Report
) -> None:
    """Run the checks on a case or audit bundle, and close it."""
    try:
        manifest = parse_json(bundle.read("manifest.json"))
        report.kind = str(manifest.get("kind"))
        if report.kind not in {"case", "audit"}:
            raise Unreadable("the manifest names no kind of bundle")
        report.facts |= {name: manifest.get(name) for name in ("organisation", "made_at")}
        own = _own_checkpoint(bundle.read("checkpoint.txt"), report)
        if own is None:
            return
        anchors = _anchors(bundle, own, keys, outside, roots=roots, report=report)
        case = Case.read(bundle) if report.kind == "case" else None
        leaves = Leaves(
            tag_key=case.tag_key if case else b"",
            wanted={*case.events} if case else set(),
            anchors=anchors,
        )
        leaves.read(bundle, report)
        check_root(leaves, own, report)
        check_anchors(leaves, anchors, report)
        keys.learn(leaves.about_log, report)
        check_keys(leaves.about_log, [own, *anchors], keys, report)
        check_takeovers(leaves.about_log, keys, report)
        if case is None:
            report.find("nothing_opened")
            check_wordings(bundle, leaves.wordings, report)
        else:
            case.check(bundle, leaves, anchors, report)
    finally:
        bundle.close()


def _anchors(
    bundle: Bundle,
    own: Checkpoint,
    keys: Keys,
    outside: Outside,
    *,
    roots: list[x509.Certificate],
    report: Report,
) -> list[Checkpoint]:
    """Check the signatures (1) and time stamps (9), and return what the entries are held against."""
    for name in sorted(bundle.names):
        if name.startswith("anchors/") and not name.endswith("/"):
            outside.add(bundle.read(name), name, report, None)
    about_log: list[LogEntry] = []
    if any(keys.fault(c) or c.origin != own.origin for c in [own, *outside.checkpoints]):
        # Only the log can tell whether such a key, or such a name, is one of its own.
        about_log = _look_ahead(bundle)
        keys.learn(about_log, report)
    check_signature(own, keys, report)
    check_stamps(outside, own, roots, report)
    return usable(outside, own, keys, report, about_log)


def _own_checkpoint(raw: bytes, report: Report) -> Checkpoint | None:
    report.looked_at.add("signature")
    found = read_checkpoints(raw, "checkpoint.txt")
    if len(found) != 1:
        report.find("checkpoint_malformed")
        return None
    own = found[0]
    report.facts |= {
        "origin": own.origin,
        "size": own.size,
        "root": base64.b64encode(own.root).decode(),
    }
    return own


def check_signature(own: Checkpoint, keys: Keys, report: Report) -> None:
    """Check (1): a key that was given has signed, or one that it leads to."""
    if fault := keys.fault(own):
        report.find(fault)


def check_root(leaves: Leaves, own: Checkpoint, report: Report) -> None:
    """Check (3): as many entries as are signed, and the same root."""
    found, expected = leaves.tree.size, own.size
    if found < expected:
        report.find("leaf_missing", expected=expected, found=found)
    elif found > expected:
        report.find("leaf_inserted", expected=expected, found=found)
    elif not hmac.compare_digest(leaves.tree.root, own.root):
        report.find("root_differs")


def check_anchors(leaves: Leaves, anchors: list[Checkpoint], report: Report) -> None:
    """Check (4): each anchor is a beginning of this history."""
    for anchor in anchors:
        if anchor.size > leaves.tree.size:
            found = leaves.tree.size
            report.find("tail_cut", source=anchor.source, size=anchor.size, found=found)
        elif leaves.roots.get(anchor.size) != anchor.root:
            report.find("history_rewritten", source=anchor.source, size=anchor.size)
    report.facts["anchors"] = [{"source": each.source, "size": each.size} for each in anchors]
    if not anchors:
        report.find("no_anchor")


def check_wordings(bundle: Bundle, named: set[str], report: Report) -> dict[str, dict[str, Any]]:
    """Check (6): every wording that is named, and its notice, is the bytes that its name hashes."""
    report.looked_at.add("wordings")
    texts: dict[str, dict[str, Any]] = {}
    for sha256 in sorted(named):
        raw = _text(bundle, "wordings", sha256, report)
        if raw is None:
            continue
        texts[sha256] = parse_json(raw)
        notice = str(texts[sha256].get("notice_sha256", ""))
        _text(bundle, "notices", notice, report)
    return texts


def _text(bundle: Bundle, folder: str, sha256: str, report: Report) -> bytes | None:
    what = "wording" if folder == "wordings" else "notice"
    name = f"{folder}/{sha256}.json"
    if name not in bundle.names:
        report.find(f"{what}_missing", sha256=sha256)
        return None
    raw = bundle.read(name)
    if hashlib.sha256(raw).hexdigest() != sha256:
        report.find(f"{what}_changed", sha256=sha256)
        return None
    return raw


# -- one person ------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Case:
    """The opened events of one person, and the key that lists all of them."""

    tag_key: bytes
    events: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, bundle: Bundle) -> "Case":
        events: dict[str, dict[str, Any]] = {}
        for line in bundle.lines("events.jsonl"):
            event = parse_json(line)
            if not isinstance(event, dict) or len(events) >= MOST_EVENTS:
                raise Unreadable("events.jsonl")
            events[str(event.get("event_id"))] = event
        try:
            key = key_of_32(parse_json(bundle.read("subject.json"))["tag_key"])
        except (ValueError, KeyError, TypeError):
            key = b""
        return cls(key, events)

    def check(
        self, bundle: Bundle, leaves: Leaves, anchors: list[Checkpoint], report: Report
    ) -> None:
        report.looked_at |= {"details", "chain", "completeness"}
        self._check_completeness(leaves, report)
        mine = {name: each for name, each in leaves.entries.items() if self.is_mine(each)}
        texts = check_wordings(bundle, {entry.wording for entry in mine.values()}, report)
        opened = []
        for name, entry in sorted(mine.items(), key=lambda pair: pair[1].index):
            event = self.events.get(name)
            if event is None:
                continue
            if event.get("index") != entry.index:
                report.find("event_moved", event=name, index=entry.index)
            if event.get("detail") is None:
                report.find("detail_deleted", event=name, type=entry.type, day=entry.day)
                continue
            if check_detail(entry, event["detail"], leaves.entries, report):
                opened.append((entry, event["detail"]))
                check_times(entry, event["detail"]["private"], anchors, report)
                check_context(entry, event["detail"]["private"], texts, report)
                report.events.append(told(entry, event["detail"]["private"]))
        check_chain(opened, mine, report)

    def is_mine(self, entry: Entry) -> bool:
        """Whether an entry is about the person. Without the tag key the bundle's word must do."""
        return entry.is_mine if self.tag_key else entry.event_id in self.events

    def _check_completeness(self, leaves: Leaves, report: Report) -> None:
        """Check (8): the tag key finds no more events and no fewer than are shown."""
        if not self.tag_key or not any(e.is_mine for e in leaves.entries.values()):
            report.find("tag_key_useless")
        for name in self.events.keys() - leaves.entries.keys():
            report.find("event_unknown", event=name)
        for name, entry in leaves.entries.items():
            if not self.is_mine(entry):
                report.find("event_foreign", event=name)
            elif name not in self.events:
                report.find("event_withheld", type=entry.type, day=entry.day, index=entry.index)
        if leaves.hidden:
            report.find("entries_hidden", count=leaves.hidden)


def check_detail(entry: Entry, detail: Any, others: dict[str, Entry], report: Report) -> bool:
    """Check (5): the opened detail is what the header commits to."""
    try:
        found = commitment(detail["salt"], detail["private"])
        day = datetime.fromisoformat(detail["private"]["occurred_at"]).astimezone(UTC).date()
        if type(detail["seq"]) is not int or type(detail["prev"]) is not str:
            raise TypeError("seq is a number and prev is text")
    except (KeyError, TypeError, ValueError, OverflowError):
        report.find("detail_malformed", event=entry.event_id)
        return False
    if found != entry.commit:
        is_other = any(found == other.commit for other in others.values())
        report.find("detail_swapped" if is_other else "detail_changed", event=entry.event_id)
        return False
    if day.isoformat() != entry.day:
        report.find("day_differs", event=entry.event_id)
    return True


def check_times(
    entry: Entry, private: dict[str, Any], anchors: list[Checkpoint], report: Report
) -> None:
    """Check that the event was not sealed long after, nor before, the time that it tells."""
    at = datetime.fromisoformat(private["occurred_at"])
    for anchor in anchors:
        if anchor.received is None:
            continue
        values = {"index": entry.index, "said": at.isoformat(), "time": anchor.received.isoformat()}
        if entry.index >= anchor.size and at < anchor.received - LATE:
            report.find("back_dated", **values)
        elif entry.index < anchor.size and at > anchor.received + EARLY:
            report.find("post_dated", **values)


def check_context(
    entry: Entry, private: dict[str, Any], texts: dict[str, dict[str, Any]], report: Report
) -> None:
    """Check that the wording is that of this purpose, in the language that the event tells."""
    text = texts.get(entry.wording)
    if text is None:
        return
    if text.get("purpose") != entry.purpose or text.get("language") != private.get("language"):
        report.find("wording_of_other_purpose", sha256=entry.wording)


def check_chain(
    opened: list[tuple[Entry, dict[str, Any]]], mine: dict[str, Entry], report: Report
) -> None:
    """Check (7): each event names the header before it, and is sealed after it.

    Where the one before has been deleted, its header is still there, and still the one that is named.
    """
    in_order = sorted(mine.values(), key=lambda entry: entry.index)
    places = {entry.event_id: place for place, entry in enumerate(in_order, 1)}
    for entry, detail in sorted(opened, key=lambda pair: int(pair[1]["seq"])):
        seq, place = detail["seq"], places[entry.event_id]
        before = in_order[place - 2].raw if place > 1 else None
        expected = hashlib.sha256(before).hexdigest() if before is not None else ""
        if seq > place:
            report.find("chain_gap", event=entry.event_id, seq=seq, place=place)
        elif seq < place:
            report.find("chain_order", event=entry.event_id, seq=seq, place=place)
        elif detail["prev"] != expected:
            report.find("chain_broken", event=entry.event_id, seq=seq)


def told(entry: Entry, private: dict[str, Any]) -> dict[str, Any]:
    """Return one line of the story, for the report."""
    return {
        "at": private["occurred_at"],
        "type": entry.type,
        "method": private.get("method", ""),
        "phone": private.get("phone", ""),
        "entry": entry.index,
    }


# -- receipts --------------------------------------------------------------------------------------------
def verify_receipt(
    raw: bytes, keys: Keys, outside: Outside, roots: list[x509.Certificate], report: Report
) -> None:
    """Run the checks that one event allows on a receipt."""
    report.kind = "receipt"
    receipt = parse_json(raw)
    evidence = receipt.get("evidence") if isinstance(receipt, dict) else None
    if not isinstance(evidence, dict):
        raise Unreadable("no receipt: it holds no evidence")
    header = from_base64(str(evidence.get("header", "")))
    found = HEADER.fullmatch(header)
    report.looked_at |= {"leaves", "details"}
    if found is None:
        report.find("header_malformed", index=0)
        return
    commit, event_id, wording, purpose, day, _tag, kind = (part.decode() for part in found.groups())
    proof = Proof.read(str(evidence.get("proof") or ""))
    index = proof.index if proof else -1
    if proof is None:
        report.find("not_sealed")
    elif (own := _own_checkpoint(proof.note, report)) is not None:
        if keys.fault(own):
            _learn_from_receipt(evidence, keys, report)
        check_signature(own, keys, report)
        _check_inclusion(proof, header, own, report)
        check_stamps(outside, own, roots, report)
        _compare(own, usable(outside, own, keys, report, []), report)
    entry = Entry(index, header, commit, event_id, wording, purpose, day, kind, is_mine=True)
    texts = _check_receipt_texts(evidence, wording, report)
    if check_detail(entry, evidence.get("detail"), {}, report):
        private = evidence["detail"]["private"]
        check_context(entry, private, texts, report)
        check_shown(receipt, entry, private, report)
        report.events.append(told(entry, private))
        check_times(entry, private, usable_times(outside, keys), report)


@dataclass(frozen=True, slots=True)
class Proof:
    """An inclusion proof in the form C2SP tlog-proof@v1."""

    index: int
    path: list[bytes]
    note: bytes

    @classmethod
    def read(cls, text: str) -> "Proof | None":
        """Return the proof, or None where there is none yet. Raises Unreadable."""
        if not text:
            return None
        head, _blank, note = text.partition("\n\n")
        lines = head.split("\n")
        if lines[0] != "c2sp.org/tlog-proof@v1":
            raise Unreadable("no tlog-proof")
        rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
        try:
            index = int(rest[0].removeprefix("index "))
        except (ValueError, IndexError) as error:
            raise Unreadable("no tlog-proof") from error
        return cls(index, [from_base64(line) for line in rest[1:]], note.encode())


def _learn_from_receipt(evidence: dict[str, Any], keys: Keys, report: Report) -> None:
    """Follow the changes of the key that the receipt tells of: both keys have signed each."""
    told = evidence.get("key_changes")
    raws = (
        [from_base64(str(each)) for each in told[:MOST_LOG_ENTRIES]]
        if isinstance(told, list)
        else []
    )
    read = [read_log_entry(index, raw) for index, raw in enumerate(raws)]
    keys.learn([entry for entry in read if entry is not None], report)
    if keys.learned:
        report.find("key_change_unproven")


def _check_inclusion(proof: Proof, header: bytes, own: Checkpoint, report: Report) -> None:
    """Check (3) of a receipt: the proof leads from the header to the signed root."""
    report.looked_at.add("root")
    leaf = hashlib.sha256(b"\0" + header).digest()
    if root_from_proof(leaf, proof.index, own.size, proof.path) != own.root:
        report.find("not_included")


def _compare(own: Checkpoint, anchors: list[Checkpoint], report: Report) -> None:
    """Two signed roots of one size must be the same; of two sizes a receipt can tell nothing."""
    for anchor in anchors:
        if anchor.size != own.size:
            report.find("anchor_not_compared", source=anchor.source)
        elif anchor.root != own.root:
            report.find("two_histories", source=anchor.source, size=anchor.size)
    if not anchors:
        report.find("no_anchor")


def _check_receipt_texts(
    evidence: dict[str, Any], named: str, report: Report
) -> dict[str, dict[str, Any]]:
    report.looked_at.add("wordings")
    wording, notice = evidence.get("wording"), evidence.get("notice")
    if not isinstance(wording, dict):
        report.find("wording_missing", sha256=named)
        return {}
    if hashlib.sha256(canonical(wording)).hexdigest() != named:
        report.find("wording_changed", sha256=named)
        return {}
    expected = str(wording.get("notice_sha256", ""))
    if not isinstance(notice, dict):
        report.find("notice_missing", sha256=expected)
    elif hashlib.sha256(canonical(notice)).hexdigest() != expected:
        report.find("notice_changed", sha256=expected)
    return {named: wording}


def check_shown(
    receipt: dict[str, Any], entry: Entry, private: dict[str, Any], report: Report
) -> None:
    """Check that what a person reads in the receipt is what is sealed."""
    sealed = {
        "record_id": entry.event_id,
        "event_state": entry.type,
        "event_time": private.get("occurred_at"),
        "pii_principal_id": private.get("subject_ref"),
        "collection_method": private.get("method"),
        "language": private.get("language"),
        "valid_until": private.get("valid_until"),
        "purpose_id": entry.purpose,
        "privacy_notice_sha256": entry.wording,
    }
    for name, value in sealed.items():
        if (receipt.get(name) or "") != (value or ""):
            report.find("receipt_differs", field=name)


# -- the command -----------------------------------------------------------------------------------------
def verify(
    path: Path,
    *,
    keys: list[Key],
    anchors: list[str] | None = None,
    tsa_roots: list[x509.Certificate] | None = None,
) -> Report:
    """Check one bundle or receipt. Raises Unreadable."""
    report, outside, trusted = Report(), Outside(), Keys(keys)
    for named in anchors or []:
        file, received = _received(named)
        outside.add(_read(file), file.name, report, received)
    first = _read(path, most=4)
    if first[:2] == b"PK":
        verify_bundle(Bundle(path), trusted, outside, tsa_roots or [], report)
    else:
        raw = _read(path)
        verify_receipt(raw, trusted, outside, tsa_roots or [], report)
    return report


def _received(named: str) -> tuple[Path, datetime | None]:
    """Split FILE@TIME."""
    path, at, time = named.rpartition("@")
    if not at or Path(named).exists():
        return Path(named), None
    try:
        received = datetime.fromisoformat(time)
    except ValueError as error:
        raise Unreadable(f"{time} is no time") from error
    return Path(path), received if received.tzinfo else received.replace(tzinfo=UTC)


def _read(path: Path, *, most: int = LARGEST_FILE) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read") from error


TITLES = {
    "ok": ("holder", "holds"),
    FAILED: ("BRUTT", "BROKEN"),
    LIMITED: ("med forbehold", "limited"),
    "skipped": ("ikke sjekket", "not checked"),
}


def as_text(report: Report, language: str) -> str:
    """Return the report for people, in bokmål or English."""
    which = 1 if language == "en" else 0
    lines = [f"{report.kind}: {report.facts.get('origin', '')}, {report.facts.get('size', 0)}"]
    for number, (check, titles) in enumerate(CHECKS.items(), 1):
        lines.append(f"({number}) {titles[which]}: {TITLES[report.status(check)][which]}")
        lines += [f"      {f.text(language)}" for f in report.findings if f.check == check]
    for event in report.events:
        lines.append(f"  {event['at']}  {event['type']}  {event['method']}  {event['phone']}")
    verdicts = (
        ("Ingenting taler mot beviset.", "Nothing speaks against this evidence."),
        ("Beviset holder IKKE. Se det som er merket BRUTT.", "This evidence does NOT hold."),
    )
    return "\n".join([*lines, verdicts[0 if report.holds else 1][which], ""])


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Check an smsconsent evidence bundle or receipt offline.",
        epilog="Exit code 0: nothing speaks against it; 1: something does; 2: it cannot be read.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--key", type=Path, required=True, help="the log's public key, log.pub")
    parser.add_argument(
        "--anchor",
        action="append",
        default=[],
        metavar="FILE[@TIME]",
        help="a checkpoint or receipt kept outside, and when it came (2026-03-10T06:00:00Z)",
    )
    parser.add_argument(
        "--previous",
        action="append",
        default=[],
        metavar="CHECKPOINT",
        help="a checkpoint that an earlier verification ended at",
    )
    parser.add_argument("--tsa-root", type=Path, metavar="PEM", help="whom to trust for time")
    parser.add_argument("--lang", choices=["nb", "en"], default="nb")
    parser.add_argument("--json", action="store_true", help="a report for machines")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = arguments(argv)
    try:
        report = verify(
            options.bundle,
            keys=read_keys(_read(options.key).decode("utf-8", "replace")),
            anchors=[*options.anchor, *options.previous],
            tsa_roots=_tsa_roots(options.tsa_root),
        )
    except Unreadable as error:
        sys.stderr.write(f"Kan ikke leses / cannot be read: {error}\n")
        return 2
    if options.json:
        sys.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write(as_text(report, options.lang))
    return 0 if report.holds else 1


def _tsa_roots(path: Path | None) -> list[x509.Certificate]:
    if path is None:
        return []
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError as error:
        raise Unreadable(f"{path} holds no certificate") from error


if __name__ == "__main__":
    sys.exit(main())
