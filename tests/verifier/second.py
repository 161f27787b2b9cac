"""A second verifier, by another hand: what can be said about a bundle from hashes and signatures alone.

Written after RFC 6962 § 2.1 and the C2SP notes as they read, without a look at the first. With `pymerkle` the
tree is somebody else's as well.
"""

import json
from base64 import b64decode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree

from tests.verifier.forgery import Files, root


def is_sound(
    files: Files, public_key: bytes, kept: list[bytes], *, by_library: bool = False
) -> bool:
    """Whether the entries give the signed root, and every checkpoint that somebody kept."""
    entries = _entries(files["leaves.jsonl"])
    top = _top_by_library if by_library else _top
    for number, note in enumerate([files["checkpoint.txt"], *kept]):
        size, expected = _read(note, public_key)
        if size < 0 or size > len(entries) or (number == 0 and size != len(entries)):
            return False
        if top(entries[:size]) != expected:
            return False
    return True


def agree(one: bytes, other: bytes, public_key: bytes) -> bool:
    """Whether two checkpoints of one size can both be true."""
    first, second = _read(one, public_key), _read(other, public_key)
    return first[0] >= 0 and second[0] >= 0 and (first[0] != second[0] or first == second)


def _entries(lines: bytes) -> list[bytes]:
    return [b64decode(json.loads(line)["header"]) for line in lines.splitlines()]


def _top(entries: list[bytes]) -> bytes:
    return root([sha256(b"\0" + entry).digest() for entry in entries])


def _top_by_library(entries: list[bytes]) -> bytes:
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    top: bytes = tree.get_root()
    return top


def _read(note: bytes, public_key: bytes) -> tuple[int, bytes]:
    """Return size and root of a checkpoint under this key; -1 when it is none."""
    head, _gap, tail = note.partition(b"\n\n")
    lines = head.split(b"\n")
    key = Ed25519PublicKey.from_public_bytes(public_key)
    try:
        signature = b64decode(tail.strip().split(b" ")[-1])[4:]
        key.verify(signature, head + b"\n")
        return int(lines[1]), b64decode(lines[2])
    except (InvalidSignature, ValueError, IndexError):
        return -1, b""
