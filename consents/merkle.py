"""The Merkle tree of RFC 6962 § 2.1 and RFC 9162 § 2.1: hashes, roots and proofs. No Django, no keys.

A span is a range of leaves, `(start, end)`, `end` not included. A node is the hash of a perfect subtree:
`(level, index)` covers the 2**level leaves from index * 2**level. Whoever stores nodes asks which ones a
proof needs (`perfect_nodes` of its spans), reads them at once, and joins them (`join`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest

Span = tuple[int, int]
Node = tuple[int, int]

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf. 32 bytes."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node with two children. 32 bytes."""
    return sha256(b"\1" + left + right).digest()


# -- spans and nodes -------------------------------------------------------------------------------------
def perfect_nodes(span: Span) -> list[Node]:
    """Return the perfect subtrees that make up a span, left to right: at most 2 for each level.

    The span must be one that a root or a proof of RFC 6962 names: the largest subtree comes first.
    """
    start, end = span
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def number_of(node: Node) -> int:
    """Return the one number under which a node is stored: leaf i is 2i, a parent lies amid its leaves."""
    level, index = node
    return ((2 * index + 1) << level) - 1


def node_of(number: int) -> Node:
    """Return the node of a number, the reverse of `number_of`."""
    level = (~number & (number + 1)).bit_length() - 1
    return level, number >> (level + 1)


def join(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of a span from those of its perfect subtrees, left to right."""
    if not hashes:
        return EMPTY_ROOT
    joined = hashes[-1]
    for left in reversed(hashes[:-1]):
        joined = node_hash(left, joined)
    return joined


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return what an inclusion proof hashes, from the leaf to the root. Raises ValueError beyond the tree."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    start, end = 0, size
    spans = []
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """Return what a consistency proof hashes. Raises ValueError unless 0 <= old <= new.

    Empty where there is nothing to show: every tree extends the empty one, and itself.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} is no extension of one of {old}")
    if old in {0, new}:
        return []
    start, end, is_whole = 0, new, True
    spans = []
    while end != old:
        middle = _middle(start, end)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, is_whole = middle, False
    # The verifier knows the old root itself; it needs a start only when that is not one perfect subtree.
    return ([] if is_whole else [(start, end)]) + spans[::-1]


def _middle(start: int, end: int) -> int:
    """Return where a span splits: after the largest power of two that leaves something on the right."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


# -- a tree that grows -----------------------------------------------------------------------------------
@dataclass(slots=True)
class Frontier:
    """The right edge of a tree: its size and its perfect subtrees, left to right. At most 64 hashes."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Add a leaf hash. Return each perfect subtree that it completes, the leaf itself first."""
        index, level, joined = self.size, 0, leaf
        completed = [((0, index), leaf)]
        while index & 1:
            joined = node_hash(self.hashes.pop(), joined)
            index, level = index >> 1, level + 1
            completed.append(((level, index), joined))
        self.hashes.append(joined)
        self.size += 1
        return completed

    @property
    def root(self) -> bytes:
        return join(self.hashes)


# -- small trees, from all their leaves ------------------------------------------------------------------
def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over these leaf hashes."""
    return _hash_of(leaves, (0, len(leaves)))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the inclusion proof of one leaf, from all leaf hashes. Raises ValueError beyond the tree."""
    return [_hash_of(leaves, span) for span in inclusion_spans(index, len(leaves))]


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """Return the proof that this tree extends its first `old` leaves. Raises ValueError beyond the tree."""
    return [_hash_of(leaves, span) for span in consistency_spans(old, len(leaves))]


def _hash_of(leaves: Sequence[bytes], span: Span) -> bytes:
    frontier = Frontier()
    for leaf in leaves[span[0] : span[1]]:
        frontier.append(leaf)
    return frontier.root


# -- verifying -------------------------------------------------------------------------------------------
def is_included(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether the proof shows this leaf hash at `index` under the root (RFC 9162 § 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    number, last, joined = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            joined = node_hash(sibling, joined)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            joined = node_hash(joined, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and compare_digest(joined, root)


def is_consistent(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether the proof shows that the new tree extends the old one (RFC 9162 § 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and compare_digest(old_root, EMPTY_ROOT)
    if old == new:
        return not proof and compare_digest(old_root, new_root)
    # Where the old tree is perfect, the proof leaves its root out.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    return bool(path) and _climbs(path, old - 1, new - 1, old_root=old_root, new_root=new_root)


def _climbs(
    path: Sequence[bytes], number: int, last: int, *, old_root: bytes, new_root: bytes
) -> bool:
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and compare_digest(before, old_root) and compare_digest(after, new_root)
