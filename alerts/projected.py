"""The ledger's projection: a fold written down in pieces, and read back only where the ledger bears it out.

Folded ─ write: what changed since ─► Folding, pieces ─► store ─ read ─► version? ledger's chain hash there? checksum?
                                                                          └► the same Folded, else None: fold anew

It proves nothing, since whoever owns the store can write one that the ledger bears out: reports, `huiying figures` and
`huiying verify` fold the stored bytes themselves, and `altered` holds it against them every night.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from pathlib import Path

from alerts.alert import AlertState
from alerts.folded import Folded, fold_all
from huiying import core
from huiying.core import codec
from huiying.core.errors import Dead
from huiying.core.model import Event
from huiying.core.states import Folding, Piece

_ALERT, _EVENT = "alert", "event"
_HASH = 32
_MODULUS = 1 << (8 * _HASH)


@cache
def version() -> str:
    """Return the SHA-256 of the programs that decide what a fold is: every module of `alerts` and of the kernel.

    One that was changed may fold otherwise, or into another shape: what it finds of before is folded anew.
    """
    folders = (Path(__file__).parent, Path(str(core.__file__)).parent)
    written = hashlib.sha256()
    for file in (file for folder in folders for file in sorted(folder.glob("*.py"))):
        written.update(f"{file.name} ".encode() + hashlib.sha256(file.read_bytes()).digest())
    return written.hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store holds: `total` is the sum of its pieces' hashes, `alerts` each state with its piece's hash.

    A sum, so that one piece is exchanged for another without reading all of them.
    """

    folding: Folding | None = None
    alerts: Mapping[str, tuple[AlertState, int]] = field(default_factory=dict)
    whole: int = 0
    total: int = 0


def write(folded: Folded, kept: Kept) -> tuple[list[Piece], Kept]:
    """Return the pieces that differ from those that `kept` says are held, and what is held with them."""
    alerts, total = dict(kept.alerts), kept.total
    pieces = [_event_piece(event) for event in folded.whole[kept.whole :]]
    total += sum(map(_hash, pieces))
    for id, state in folded.states.items():
        held, before = alerts.get(id, (None, 0))
        if state is not held:
            piece = Piece(_ALERT, id, state.opened_seq, codec.encode(state))
            alerts[id] = state, (now := _hash(piece))
            total += now - before
            pieces.append(piece)
    return pieces, Kept(_folding(folded.seq, folded.chain, total), alerts, len(folded.whole), total % _MODULUS)


def read(folding: Folding, pieces: Sequence[Piece], at: Callable[[int], Event | None]) -> tuple[Folded, Kept] | None:
    """Return the fold that `pieces` hold; None where this program, the ledger or the checksum do not bear it out.

    `at` gives the ledger's event of a number. Events recorded after that are not in it.
    """
    hashes = [_hash(piece) for piece in pieces]
    last = _bearing_out(folding, hashes, at)
    if last is None:
        return None
    total = sum(hashes) % _MODULUS
    try:
        alerts = {
            piece.id: (codec.decode(AlertState, piece.body), hash)
            for piece, hash in zip(pieces, hashes, strict=True)
            if piece.kind == _ALERT
        }
        whole = [_event(piece) for piece in pieces if piece.kind == _EVENT]
    except (Dead, ValueError, KeyError):  # written by another version of a library
        return None
    states = {id: state for id, (state, _) in alerts.items()}
    return Folded(states, whole, last.seq, last.recorded_at, last.chain), Kept(folding, alerts, len(whole), total)


def altered(
    folding: Folding, pieces: Sequence[Piece], at: Callable[[int], Event | None], events: Iterable[Event]
) -> int | None:
    """Return the number of the first event whose piece is not what `events` (from the first on) fold to.

    None where every piece is, and where the ledger does not bear the projection out: no role begins with that one.
    """
    if _bearing_out(folding, map(_hash, pieces), at) is None:
        return None
    anew, _ = write(fold_all(takewhile(lambda event: event.seq <= folding.seq, events)), Kept())
    differing = set(anew).symmetric_difference(pieces)
    return min((piece.number for piece in differing), default=None)


def _bearing_out(folding: Folding, hashes: Iterable[int], at: Callable[[int], Event | None]) -> Event | None:
    """Return the last event folded where this program, the ledger and the checksum bear the projection out."""
    last = at(folding.seq) if folding.version == version() else None
    # With the ledger's own chain hash, whatever was saved.
    return last if last and _folding(last.seq, last.chain, sum(hashes)) == folding else None


def _folding(seq: int, chain: bytes, total: int) -> Folding:
    parts = (str(seq), chain.hex(), version(), str(total % _MODULUS))
    return Folding(seq, chain, version(), _digest(part.encode() for part in parts))


def _hash(piece: Piece) -> int:
    parts = [piece.kind.encode(), piece.id.encode(), str(piece.number).encode(), piece.body]
    return int.from_bytes(_digest(parts), "big")


def _digest(parts: Iterable[bytes]) -> bytes:
    """Return one hash over the hashes of `parts`, so that none can pass for two."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


def _event_piece(event: Event) -> Piece:
    return Piece(_EVENT, str(event.seq), event.seq, event.chain + event.raw)


def _event(piece: Piece) -> Event:
    chain, raw = piece.body[:_HASH], piece.body[_HASH:]
    return codec.read_event(raw, codec.leaf_hash(raw), chain)
