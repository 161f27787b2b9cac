"""The tree, held against an implementation by another hand (pymerkle) and against the RFC's own words."""

from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree
from pymerkle import verify_consistency as pymerkle_verifies_consistency

from consents import merkle

ENTRIES = [f"event {number}".encode() for number in range(130)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
sizes = st.integers(1, len(ENTRIES))


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(ENTRIES)
    return tree


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root([]) == sha256(b"").digest()


@given(size=sizes)
def test_a_root_is_that_of_another_implementation(oracle: InmemoryTree, size: int) -> None:
    assert merkle.root(LEAVES[:size]) == oracle.get_root(size)


@given(size=sizes, data=st.data())
def test_an_inclusion_proof_is_that_of_another_implementation(
    oracle: InmemoryTree, size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))

    proof = merkle.inclusion_proof(LEAVES[:size], index)

    assert [LEAVES[index], *proof] == oracle.prove_inclusion(index + 1, size).path


@given(size=sizes, data=st.data())
def test_two_implementations_agree_on_what_extends_what(
    oracle: InmemoryTree, size: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, size))

    proof = merkle.consistency_proof(LEAVES[:size], old)

    roots = oracle.get_root(old), oracle.get_root(size)
    assert merkle.is_consistent(
        old=old, new=size, old_root=roots[0], new_root=roots[1], proof=proof
    )
    pymerkle_verifies_consistency(
        merkle.root(LEAVES[:old]), merkle.root(LEAVES[:size]), oracle.prove_consistency(old, size)
    )


@given(size=sizes, data=st.data())
def test_an_inclusion_proof_verifies_and_a_changed_one_does_not(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = merkle.inclusion_proof(LEAVES[:size], index), merkle.root(LEAVES[:size])
    leaf = LEAVES[index]

    assert merkle.is_included(leaf, index=index, size=size, proof=proof, root=root)

    random = data.draw(st.randoms(use_true_random=False))
    assert not merkle.is_included(
        _bent(leaf, random), index=index, size=size, proof=proof, root=root
    )
    assert not merkle.is_included(
        leaf, index=index, size=size, proof=proof, root=_bent(root, random)
    )
    assert not merkle.is_included(leaf, index=index, size=size, proof=[*proof, root], root=root)
    for wrong in _damaged(proof, random):
        assert not merkle.is_included(leaf, index=index, size=size, proof=wrong, root=root)


@given(size=st.integers(2, len(ENTRIES)), data=st.data())
def test_a_consistency_proof_verifies_and_a_changed_one_does_not(
    size: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, size - 1))
    proof = merkle.consistency_proof(LEAVES[:size], old)
    roots = {"old_root": merkle.root(LEAVES[:old]), "new_root": merkle.root(LEAVES[:size])}

    assert merkle.is_consistent(old=old, new=size, proof=proof, **roots)

    random = data.draw(st.randoms(use_true_random=False))
    for name, value in roots.items():
        bent = roots | {name: _bent(value, random)}
        assert not merkle.is_consistent(old=old, new=size, proof=proof, **bent)
    for wrong in _damaged(proof, random):
        assert not merkle.is_consistent(old=old, new=size, proof=wrong, **roots)


def test_every_tree_extends_itself_and_the_empty_one() -> None:
    root = merkle.root(LEAVES)

    assert merkle.consistency_proof(LEAVES, 0) == merkle.consistency_proof(LEAVES, 130) == []
    assert merkle.is_consistent(old=0, new=130, old_root=merkle.EMPTY_ROOT, new_root=root, proof=[])
    assert merkle.is_consistent(old=130, new=130, old_root=root, new_root=root, proof=[])
    assert not merkle.is_consistent(old=0, new=130, old_root=root, new_root=root, proof=[])
    assert not merkle.is_consistent(old=130, new=130, old_root=root, new_root=root, proof=[root])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_there_is_no_proof_beyond_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_spans(index, size)

    assert not merkle.is_included(LEAVES[0], index=index, size=size, proof=[], root=LEAVES[0])


def test_a_smaller_tree_extends_no_larger_one() -> None:
    with pytest.raises(ValueError, match="no extension"):
        merkle.consistency_spans(4, 3)

    assert not merkle.is_consistent(
        old=4, new=3, old_root=LEAVES[0], new_root=LEAVES[0], proof=[LEAVES[0]]
    )


@given(old=st.integers(0, 10**12), more=st.integers(0, 10**12))
def test_a_proof_is_short_and_made_of_perfect_subtrees(old: int, more: int) -> None:
    new = old + more

    nodes = [
        node for span in merkle.consistency_spans(old, new) for node in merkle.perfect_nodes(span)
    ]

    assert len(nodes) <= 2 * new.bit_length() + 1
    assert all((index + 1) << level <= new for level, index in nodes)


@given(size=sizes)
def test_a_growing_tree_completes_each_perfect_subtree_once(size: int) -> None:
    frontier = merkle.Frontier()

    stored = dict(pair for leaf in LEAVES[:size] for pair in frontier.append(leaf))

    levels = range(size.bit_length())
    assert stored.keys() == {(level, at) for level in levels for at in range(size >> level)}
    assert frontier.root == merkle.root(LEAVES[:size])
    assert frontier.hashes == [stored[node] for node in merkle.perfect_nodes((0, size))]


def _bent(value: bytes, random: Random) -> bytes:
    """Return the bytes with one bit turned."""
    bit = random.randrange(len(value) * 8)
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _damaged(proof: list[bytes], random: Random) -> list[list[bytes]]:
    """Return proofs with a bit turned, a step lost, a step added, and the order reversed."""
    if not proof:
        return [[bytes(32)]]
    at = random.randrange(len(proof))
    wrong = [
        [*proof[:at], _bent(proof[at], random), *proof[at + 1 :]],
        proof[:at] + proof[at + 1 :],
        [*proof[:at], bytes(32), *proof[at:]],
    ]
    return wrong if len(proof) == 1 else [*wrong, proof[::-1]]
