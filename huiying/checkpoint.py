"""Checkpoints of the ledger: a signed root to keep elsewhere, and what a kept one proves of the ledger today.

events ─ leaves ─► Merkle root ─ Ed25519 ─► note (C2SP) ─► checkpoint_issued, a file
kept note ─► signed by this ledger's key? ─► as many events? ─► the same root over the first of them?
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alerts.events import EventType
from huiying import second_file
from huiying.core import codec, merkle, note
from huiying.core.errors import HuiyingError, Refused, Tampered
from huiying.core.model import Draft, Event, Role
from huiying.core.note import Checkpoint, VerifierKey
from huiying.core.ports import Ledger

KEY_FILE = "ledger.key"
OFFICE = "office"
# What `History` reads of a ledger. Inside a text a quotation mark is escaped, so that no other event has this in it.
NEEDED = re.compile(rb'"type":"(?:ledger_created|restored|checkpoint_issued)"')


@dataclass(frozen=True, slots=True)
class Era:
    """The time of one origin: it begins after event `begin`; `last` is the last event kept of the one before."""

    origin: str
    begin: int
    last: int


@dataclass(frozen=True, slots=True)
class History:
    """What checkpoints need of a ledger: the leaf of each event, key and kind, its origins, and what it issued."""

    leaves: tuple[bytes, ...]
    kind: str
    public: bytes
    eras: tuple[Era, ...]
    issued: tuple[tuple[int, str], ...]  # number of the event, note

    def key(self, origin: str) -> VerifierKey:
        """Return the key that checkpoints of `origin` are signed with, in its name."""
        return VerifierKey(origin, self.public)

    def line(self, era: Era) -> str:
        """Return the origin as checkpoints name it: no demonstration's can be taken for an office's."""
        return era.origin if self.kind == OFFICE else f"{self.kind}/{era.origin}"


def history(ledger: Ledger) -> History:
    """Read `ledger` from its first event. An empty one is Refused("ledger_empty")."""
    leaves: list[bytes] = []
    needed: list[Event] = []
    for row in ledger.stored():
        leaves.append(row.leaf)
        if NEEDED.search(row.raw):
            needed.append(codec.read_event(row.raw, row.leaf, row.chain))
    if not needed or needed[0].type != EventType.LEDGER_CREATED:
        raise Refused("ledger_empty")
    kind, public = needed[0].payload["kind"], bytes.fromhex(needed[0].payload["public_key"])
    eras = [
        Era(event.payload["origin"], event.seq - 1, event.payload.get("last", 0))
        for event in needed
        if event.type != EventType.CHECKPOINT_ISSUED
    ]
    issued = [(event.seq, event.payload["note"]) for event in needed if event.type == EventType.CHECKPOINT_ISSUED]
    return History(tuple(leaves), kind, public, tuple(eras), tuple(issued))


def issue(ledger: Ledger, data: Path, reason: str, second: Path | None = None, key: str | None = None) -> str:
    """Sign the ledger as it is now, record `checkpoint_issued`, swap the second file, and return the note.

    `second` is the second file's folder, "checkpoints" in `data` where none is named; with a `key` that was used
    before, the note of then comes back. What the ledger issued before and the second file are checked first: on a
    ledger that does not agree nothing is signed (Tampered). Without the private key in the data folder it is
    Refused("ledger_key_missing").
    """
    second = second or data / second_file.FOLDER
    known = history(ledger)
    before = agreed(known, second)
    private = _private(data)
    if private.public_key().public_bytes_raw() != known.public:
        raise Refused("ledger_key_other", file=str(data / KEY_FILE))
    line = known.line(known.eras[-1])
    now = Checkpoint(line, len(known.leaves), merkle.root(known.leaves))
    signed = note.sign(now.text(), line, private)
    payload = {"size": now.size, "root": now.root.hex(), "note": signed, "reason": reason}
    draft = Draft(EventType.CHECKPOINT_ISSUED, None, "system", Role.SYSTEM, payload=payload)
    (event,) = ledger.append([draft], key=key or f"checkpoint:{line}:{now.size}")
    recorded: str = event.payload["note"]
    if before is None or note.checkpoint(recorded).size > note.checkpoint(before).size:
        second_file.swap(second, before, recorded)
    return recorded


def agreed(known: History, second: Path) -> str | None:
    """Check what the ledger issued, and the note in the second file, which is returned; None where there is none.

    A second file that this ledger's key has not signed is Tampered, too: nobody else writes there.
    """
    before = second_file.latest(second)
    if before is not None:
        try:
            read_note(known, before)
        except Refused as cause:
            raise Tampered("tampered", seq=len(known.leaves), reason="second_file") from cause
    proved(known, [before] if before else [])
    return before


def _private(data: Path) -> Ed25519PrivateKey:
    file = data / KEY_FILE
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(file.read_text(encoding="ascii").strip()))
    except FileNotFoundError as cause:
        raise Refused("ledger_key_missing", file=str(file)) from cause
    except ValueError as cause:
        raise HuiyingError("ledger_key_unreadable", file=str(file)) from cause


def proved(known: History, kept: Sequence[str]) -> tuple[tuple[Checkpoint, ...], tuple[Checkpoint, ...]]:
    """Check every checkpoint that the ledger issued and the notes `kept` elsewhere against its events.

    Return those that hold, and those that the ledger itself declares lost by `restored`. The first that does not hold
    is Tampered: "shorter" (fewer events than were signed), "root" (other events), "origin" (of no history of this
    ledger); a note that is not signed by this ledger is Refused.
    """
    found = [read_note(known, signed) for signed in (*(signed for _, signed in known.issued), *kept)]
    lost = tuple(one for one in found if _declared_lost(known, one))
    left = [one for one in found if one not in lost]
    for one in left:
        if one.origin not in {known.line(era) for era in known.eras}:
            raise Tampered("tampered", seq=one.size, reason="origin")
        if one.size > len(known.leaves):
            raise Tampered("tampered", seq=len(known.leaves), reason="shorter")
    roots = _roots(known.leaves, {one.size for one in left})
    for one in sorted(left, key=lambda one: one.size):
        if roots[one.size] != one.root:
            raise Tampered("tampered", seq=one.size, reason="root")
    return tuple(left), lost


def read_note(known: History, signed: str) -> Checkpoint:
    """Return what `signed` says once the ledger's key is seen to have signed it in the name of its origin."""
    origin = signed.split("\n", 1)[0]
    return note.checkpoint(note.opened(signed, [known.key(origin)]))


def _declared_lost(known: History, one: Checkpoint) -> bool:
    """Say whether a later origin says that it holds fewer events of `one`'s origin than were signed."""
    lines = [known.line(era) for era in known.eras]
    if one.origin not in lines[:-1]:
        return False
    return one.size > known.eras[lines.index(one.origin) + 1].last


def _roots(leaves: Sequence[bytes], sizes: set[int]) -> dict[int, bytes]:
    tree = merkle.Tree()
    roots = {0: tree.root()}
    for leaf in leaves[: max(sizes, default=0)]:
        tree.add(leaf)
        if tree.size in sizes:
            roots[tree.size] = tree.root()
    return roots
