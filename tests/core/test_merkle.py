"""The tree of RFC 6962: published roots, proofs against the definition written once more, and every broken proof."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huiying.core import merkle
from huiying.core.codec import leaf_hash

# Inputs and roots of the reference tests of Certificate Transparency (github.com/google/certificate-transparency).
INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]


def many(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def defined(leaves: list[bytes]) -> bytes:
    """Return the root word for word as section 2.1 of the RFC defines it."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + defined(leaves[:half]) + defined(leaves[half:])).digest()


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_the_published_ones(count: int) -> None:
    assert merkle.root(LEAVES[:count]).hex() == ROOTS[count - 1]


@pytest.mark.parametrize("count", range(70))
def test_roots_are_as_defined(count: int) -> None:
    assert merkle.root(many(count)) == defined(many(count))


@pytest.mark.parametrize("size", range(1, 34))
def test_each_leaf_is_proved_and_at_no_other_place(size: int) -> None:
    leaves = many(size)
    for index, leaf in enumerate(leaves):
        path = merkle.inclusion(leaves, index)
        places = [at for at in range(-1, size + 1) if merkle.includes(leaf, at, size, path, merkle.root(leaves))]
        assert places == [index]


@pytest.mark.parametrize("size", range(1, 34))
def test_a_tree_extends_each_of_its_beginnings(size: int) -> None:
    leaves, whole = many(size), merkle.root(many(size))
    for first in range(1, size + 1):
        proof = merkle.consistency(leaves, first)
        assert merkle.extends(first, merkle.root(leaves[:first]), size, whole, proof)
        other = merkle.root([*leaves[: first - 1], b"\0" * 32])
        assert not merkle.extends(first, other, size, whole, proof)
        assert not merkle.extends(first, merkle.root(leaves[:first]), size, other, proof)


@given(st.integers(2, 200), st.data())
def test_a_proof_with_anything_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    leaves = many(size)
    first = data.draw(st.integers(1, size - 1))
    old, new, proof = merkle.root(leaves[:first]), merkle.root(leaves), merkle.consistency(leaves, first)
    at = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    broken = data.draw(
        st.sampled_from([proof[:at] + proof[at + 1 :], [*proof, proof[at]], [*proof[:at], flipped, *proof[at + 1 :]]])
    )
    assert merkle.extends(first, old, size, new, proof)
    assert not merkle.extends(first, old, size, new, broken)


@pytest.mark.parametrize(("first", "size"), [(0, 3), (4, 3)])
def test_no_proof_of_a_beginning_that_is_none(first: int, size: int) -> None:
    with pytest.raises(IndexError):
        merkle.consistency(many(size), first)
    assert not merkle.extends(first, merkle.EMPTY, size, merkle.root(many(size)), [])


def test_a_growing_tree_has_the_root_of_each_size() -> None:
    tree = merkle.Tree()
    for size in range(70):
        assert (tree.size, tree.root()) == (size, defined(many(size)))
        tree.add(many(size + 1)[size])
