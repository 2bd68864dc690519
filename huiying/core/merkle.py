"""The Merkle tree of RFC 6962 section 2.1 (and RFC 9162 section 2.1) over leaf hashes: root, proofs, and their checks.

leaf hashes ─► root
            ├► inclusion (one leaf is under a root)    ─► includes
            └► consistency (a root extends an older one) ─► extends

Hashes are 32 bytes, SHA-256; a node is SHA-256(0x01 ‖ left ‖ right). Recursion goes no deeper than the tree is high.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over `leaves`; that of none is the hash of nothing."""
    level = list(leaves)
    if not level:
        return EMPTY
    while len(level) > 1:
        # The last of an odd number goes up as it is: the tree of RFC 6962 is complete to the left.
        paired = [node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[2 * len(paired) :]
    return level[0]


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the path of leaf `index` (from 0), from the leaf upwards. An index beyond the tree is an IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    half = _half(len(leaves))
    if index < half:
        return [*inclusion(leaves[:half], index), root(leaves[half:])]
    return [*inclusion(leaves[half:], index - half), root(leaves[:half])]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], known: bytes) -> bool:
    """Say whether `path` proves that `leaf` is number `index` under the root `known` of `size` leaves."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for hash in path:
        if last == 0:
            return False
        if at % 2 or at == last:
            found = node(hash, found)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            found = node(found, hash)
        at, last = at // 2, last // 2
    return last == 0 and found == known


def consistency(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the proof that the tree over `leaves` extends that over the `first` of them, 1 to all of them."""
    if not 0 < first <= len(leaves):
        raise IndexError(first)
    return _subproof(leaves, first, complete=True)


def _subproof(leaves: Sequence[bytes], first: int, complete: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if complete else [root(leaves)]
    half = _half(len(leaves))
    if first <= half:
        return [*_subproof(leaves[:half], first, complete), root(leaves[half:])]
    return [*_subproof(leaves[half:], first - half, complete=False), root(leaves[:half])]


def extends(first: int, old: bytes, size: int, new: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether `proof` shows that root `new` of `size` leaves extends root `old` of the `first` of them."""
    if not 0 < first <= size:
        return False
    if first == size:
        return not proof and old == new
    path = [old, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = first - 1, size - 1
    while at % 2:
        at, last = at // 2, last // 2
    older = newer = path[0]
    for hash in path[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            older, newer = node(hash, older), node(hash, newer)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            newer = node(newer, hash)
        at, last = at // 2, last // 2
    return last == 0 and (older, newer) == (old, new)


def _half(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


class Tree:
    """A tree that grows: its root is known at each size, of every leaf only what is needed further."""

    def __init__(self) -> None:
        self.size = 0
        self._complete: list[bytes] = []  # roots of complete subtrees, the largest first

    def add(self, leaf: bytes) -> None:
        """Add the next leaf."""
        found, count = leaf, self.size
        while count % 2:
            found = node(self._complete.pop(), found)
            count //= 2
        self._complete.append(found)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._complete:
            return EMPTY
        found = self._complete[-1]
        for left in reversed(self._complete[:-1]):
            found = node(left, found)
        return found
