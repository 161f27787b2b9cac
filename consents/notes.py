"""The texts of the log: C2SP signed note, tlog-checkpoint and tlog-proof@v1. Pure: no keys, no Django.

A checkpoint is three lines (origin, size, root in base64), an empty line, and one line per signature:
`— <key name> <base64(key id ‖ signature)>`. Lines by keys that one does not know are ignored, so that
another kind of signature can be added later.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

ED25519 = b"\x01"
KEY_ID_BYTES = 4
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_MARK = "— "


class MalformedNote(ValueError):
    """The text is not a checkpoint in the form of C2SP."""


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A checkpoint as it was read. `body` is what the signatures are over."""

    origin: str
    size: int
    root: bytes
    body: bytes
    signatures: tuple[Signature, ...]


def checkpoint_body(origin: str, size: int, root: bytes) -> bytes:
    """Return the three lines that are signed."""
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n".encode()


def key_id(name: str, public_key: bytes) -> bytes:
    """Return the 4 bytes by which a signature line names its key."""
    return sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:KEY_ID_BYTES]


def verifier_key(name: str, public_key: bytes) -> str:
    """Return the public key as C2SP tools take it: `<name>+<key id>+<base64>`."""
    return f"{name}+{key_id(name, public_key).hex()}+{b64encode(ED25519 + public_key).decode()}"


def read_verifier_key(text: str) -> tuple[str, bytes]:
    """Return the name and the Ed25519 public key. Raises MalformedNote."""
    name, _plus, rest = text.strip().partition("+")
    identity, _plus, encoded = rest.partition("+")
    raw = _from_base64(encoded)
    if len(raw) != 33 or raw[:1] != ED25519 or key_id(name, raw[1:]).hex() != identity:
        raise MalformedNote("this is no Ed25519 verifier key")
    return name, raw[1:]


def assemble(body: bytes, signatures: Sequence[Signature]) -> str:
    """Return the signed note."""
    lines = [
        f"{_MARK}{each.name} {b64encode(each.key_id + each.value).decode()}\n"
        for each in signatures
    ]
    return f"{body.decode()}\n{''.join(lines)}"


def read(text: str) -> SignedNote:
    """Read one signed checkpoint. Raises MalformedNote. Signatures are not checked here."""
    head, gap, tail = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or len(lines) < 3 or not all(lines) or not tail.endswith("\n"):
        raise MalformedNote("this is no signed checkpoint")
    origin, size, root = lines[0], lines[1], _from_base64(lines[2])
    if not size.isascii() or not size.isdecimal() or str(int(size)) != size or len(root) != 32:
        raise MalformedNote("size or root of the checkpoint cannot be read")
    signatures = tuple(_read_signature(line) for line in tail[:-1].split("\n"))
    return SignedNote(origin, int(size), root, f"{head}\n".encode(), signatures)


def split(text: str) -> Iterator[str]:
    """Yield each signed note of a file that holds one after the other, with an empty line after each.

    A piece that a crash has cut short is passed over: it was never published.
    """
    body = ""
    for piece in text.split("\n\n"):
        if piece.startswith(_MARK) and body:
            yield f"{body}\n\n{piece.rstrip()}\n"
            body = ""
        else:
            body = piece.lstrip("\n")


def inclusion_text(index: int, proof: Sequence[bytes], note: str) -> str:
    """Return a C2SP tlog-proof@v1: index, hashes, an empty line, and the checkpoint."""
    hashes = "".join(f"{b64encode(each).decode()}\n" for each in proof)
    return f"{PROOF_HEADER}\nindex {index}\n{hashes}\n{note}"


def _read_signature(line: str) -> Signature:
    name, gap, encoded = line.removeprefix(_MARK).rpartition(" ")
    raw = _from_base64(encoded)
    if not line.startswith(_MARK) or not gap or not name or len(raw) <= KEY_ID_BYTES:
        raise MalformedNote("a signature line cannot be read")
    return Signature(name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedNote("base64 is broken") from None
