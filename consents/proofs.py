"""What the sealed log proves, from its stored nodes: its root, and that an event or a former log is in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consents import merkle, notes
from consents.models import Checkpoint, Leaf, Node
from consents.publication import PublishedLogDiffers


class NotSealed(Exception):
    """The event is not in the log, or not among its first `size` events."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where an event stands, and the hashes that lead from it to the root of the log of `size` events."""

    index: int
    size: int
    hashes: tuple[bytes, ...]


def root_at(size: int) -> bytes:
    """Return the root of the first `size` events, from the stored nodes."""
    return merkle.join(_read_nodes(merkle.perfect_nodes((0, size))))


def frontier_at(size: int) -> merkle.Frontier:
    """Return the right edge of the log of `size` events, to grow it from there."""
    return merkle.Frontier(size, _read_nodes(merkle.perfect_nodes((0, size))))


def inclusion_proof(event_id: str, size: int) -> Inclusion:
    """Prove that an event is among the first `size`. Three short queries. Raises NotSealed."""
    leaf = Leaf.objects.filter(event__event_id=event_id, tree_index__lt=size).first()
    if leaf is None or not Leaf.objects.filter(tree_index=size - 1).exists():
        raise NotSealed(event_id)
    hashes = _read_spans(merkle.inclusion_spans(leaf.tree_index, size))
    return Inclusion(leaf.tree_index, size, tuple(hashes))


def consistency_proof(old: int, new: int) -> list[bytes]:
    """Prove that the log of `new` events extends that of `old`. Raises ValueError beyond the log."""
    return _read_spans(merkle.consistency_spans(old, new))


def proof_text(event_id: str) -> str:
    """Return the proof of one event as C2SP tlog-proof@v1. Raises NotSealed until a checkpoint covers it."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        raise NotSealed(event_id)
    inclusion = inclusion_proof(event_id, newest.size)
    return notes.inclusion_text(inclusion.index, inclusion.hashes, newest.note)


def _read_spans(spans: Sequence[merkle.Span]) -> list[bytes]:
    """Return the hash of each span, after one query for all their nodes."""
    parts = [merkle.perfect_nodes(span) for span in spans]
    hashes = iter(_read_nodes(node for part in parts for node in part))
    return [merkle.join([next(hashes) for _node in part]) for part in parts]


def _read_nodes(nodes: Iterable[merkle.Node]) -> list[bytes]:
    """Return these hashes, in their order. Raises PublishedLogDiffers when one is missing."""
    numbers = [merkle.number_of(node) for node in nodes]
    found = {row.number: bytes(row.hash) for row in Node.objects.filter(number__in=numbers)}
    if missing := set(numbers) - found.keys():
        raise PublishedLogDiffers(f"The log has lost {len(missing)} of its nodes.")
    return [found[number] for number in numbers]
