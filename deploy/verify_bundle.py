#!/usr/bin/env python3
"""Check a ledger's bundle without any code of the product: Python 3.11 and the package `cryptography`.

    python3 verify_bundle.py BUNDLE [--checkpoint FILE ...] [--public-key HEX] [--witness-key KEY ...]

What is checked: that no byte of the file was changed; that every event is whole, canonical, numbered without a gap and
in the order of time; that their hashes give the roots which the ledger signed (each checkpoint inside, each one given);
that every cited capture and every file of evidence is the one that its event names; and, of the witnesses whose keys
are given, when they signed the checkpoints given. BUNDLE comes from `huiying export --bundle`, a checkpoint from
`huiying checkpoint` or from a printed report, kept where the office could not change it. Without such a checkpoint
this shows only that the bundle agrees with itself. Figures are not computed anew here.

Exit code 0: all holds. 1: something was changed; the line says what. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Changed(Exception):
    """The bundle is not what was written, or not what was signed."""


class Unreadable(Exception):
    """A file is missing or is no such file."""


def strict(encoded: str, what: str) -> bytes:
    """Return the bytes of base64 that has one spelling only."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError as cause:
        raise Changed(f"{what} is no base64") from cause
    if base64.b64encode(raw).decode() != encoded:
        raise Changed(f"{what} is spelled in another way than it was written")
    return raw


class Ledger:
    """What the events of a bundle come to: the roots at each size, the key, the origins, the captures cited."""

    def __init__(self, desk: str) -> None:
        self.desk = desk
        self.roots = [hashlib.sha256(b"").digest()]
        self.subtrees: list[tuple[int, bytes]] = []
        self.chain = bytes(32)
        self.time = ""
        self.kind = self.key = ""
        self.origins: list[tuple[str, int]] = []  # origin, last event that it holds of the one before
        self.notes: list[tuple[str, str]] = []  # where it stands, the note
        self.cited: dict[str, int] = {}  # SHA-256 of a capture, the event that names it

    def add(self, raw: bytes) -> None:
        """Take the next event."""
        seq = len(self.roots)
        body = self.read(raw, seq)
        leaf = hashlib.sha256(b"\x00" + raw).digest()
        self.chain = hashlib.sha256(self.chain + leaf).digest()
        self.grow(leaf)
        if (seq == 1) != (body["type"] == "ledger_created"):
            raise Changed(f"event {seq}: a ledger is created by its first event and by no other")
        payload = body["payload"]
        if body["type"] == "ledger_created":
            self.kind, self.key = payload["kind"], payload["public_key"]
        if body["type"] in ("ledger_created", "restored"):
            self.origins.append((payload["origin"], payload.get("last", 0)))
        if body["type"] == "checkpoint_issued":
            self.notes.append((f"event {seq}", payload["note"]))
        if body["type"] in ("captured", "rechecked", "post_gone"):
            self.cite(payload, seq)
        if body["type"] in ("opened", "post_attached", "post_changed"):
            for post in payload["posts"] if body["type"] == "opened" else [payload["post"]]:
                self.cite(post, seq)
        if body["type"] in ("verified", "resolved", "briefing_held"):
            self.cited |= {piece["sha256"]: seq for piece in payload["evidence"] if piece["kind"] == "file"}

    def cite(self, named: dict, seq: int) -> None:
        """Remember the page that event `seq` names by the SHA-256 of its bytes, where it names one."""
        if named.get("capture") is not None and named.get("sha256"):
            self.cited[named["sha256"]] = seq

    def read(self, raw: bytes, seq: int) -> dict:
        """Return the event that `raw` holds, once it is written in the one way that is allowed."""
        try:
            body = json.loads(raw[1:])
            again = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        except ValueError as cause:
            raise Changed(f"event {seq} cannot be read") from cause
        if raw[:1] != b"\x01" or again != raw[1:] or not isinstance(body, dict):
            raise Changed(f"event {seq} is not written as events are")
        if (body.get("seq"), body.get("desk")) != (seq, self.desk):
            raise Changed(f"event {seq} carries another number or desk")
        at = body["recorded_at"]
        datetime.fromisoformat(at)
        if at < self.time:
            raise Changed(f"event {seq} was recorded before the one before it")
        self.time = at
        return body

    def grow(self, leaf: bytes) -> None:
        """Put the leaf into the Merkle tree of RFC 6962 and keep the root of this size."""
        self.subtrees.append((1, leaf))
        while len(self.subtrees) > 1 and self.subtrees[-1][0] == self.subtrees[-2][0]:
            size, right = self.subtrees.pop()
            self.subtrees[-1] = (2 * size, hashlib.sha256(b"\x01" + self.subtrees[-1][1] + right).digest())
        root = self.subtrees[-1][1]
        for _, left in reversed(self.subtrees[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        self.roots.append(root)

    def line(self, origin: str) -> str:
        """Return the origin as checkpoints name it."""
        return origin if self.kind == "office" else f"{self.kind}/{origin}"

    def holds(self, where: str, note: str) -> str:
        """Check one checkpoint; return a line that says what it shows."""
        text, _, signatures = note.rpartition("\n\n")
        lines = text.split("\n")
        if len(lines) < 3 or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
            raise Changed(f"{where}: no checkpoint")
        origin, size, root = lines[0], int(lines[1]), strict(lines[2], where)
        self.signed(where, origin, text + "\n", signatures)
        names = [self.line(known) for known, _ in self.origins]
        if origin not in names:
            raise Changed(f"{where}: of {origin}, which is no history of this ledger")
        after = names.index(origin) + 1
        if after < len(names) and size > self.origins[after][1]:
            return f"{where}: {size} events of {origin}, declared lost by a later origin"
        if size >= len(self.roots):
            raise Changed(f"{where}: {size} events were signed, the bundle holds {len(self.roots) - 1}")
        if self.roots[size] != root:
            raise Changed(f"{where}: among the first {size} events at least one is another than was signed")
        return f"{where}: the first {size} events are those that were signed"

    def signed(self, where: str, name: str, text: str, signatures: str) -> None:
        """Check that the ledger's key signed `text`, in the form c2sp.org/signed-note."""
        public = bytes.fromhex(self.key)
        id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
        for line in signatures.removesuffix("\n").split("\n"):
            dash, signer, encoded = [*line.split(" "), "", "", ""][:3]
            raw = strict(encoded, where)
            if (dash, signer, raw[:4]) == ("—", name, id):
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text.encode())
                except InvalidSignature as cause:
                    raise Changed(f"{where}: the signature is wrong") from cause
                return
        raise Changed(f"{where}: not signed by this ledger")


def witnessed(where: str, note: str, written: str) -> str:
    """Say when the witness of the key `written` signed `note`, in the form c2sp.org/tlog-cosignature."""
    name, _, rest = written.partition("+")
    try:
        public = base64.b64decode(rest.partition("+")[2], validate=True)
    except ValueError as cause:
        raise Unreadable(f"{written} is no key of a witness") from cause
    if public[:1] != b"\x04" or len(public) != 33:
        raise Unreadable(f"{written} is no key of a witness")
    id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    text, _, signatures = note.rpartition("\n\n")
    for line in signatures.removesuffix("\n").split("\n"):
        dash, signer, encoded = [*line.split(" "), "", "", ""][:3]
        raw = strict(encoded, where)
        if (dash, signer, raw[:4]) == ("—", name, id):
            at = int.from_bytes(raw[4:12], "big")
            try:
                message = f"cosignature/v1\ntime {at}\n{text}\n".encode()
                Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[12:], message)
            except InvalidSignature as cause:
                raise Changed(f"{where}: the signature of {name} is wrong") from cause
            return f"{where}: signed by {name} at {datetime.fromtimestamp(at, UTC).isoformat()}"
    return f"{where}: not signed by {name}"


def check(bundle: Path, kept: list[Path], public_key: str, witnesses: Sequence[str] = ()) -> list[str]:
    """Check everything; return the lines to print."""
    lines = whole(bundle)
    first = lines[0].split(" ")
    if first[:2] != ["huiying-bundle", "1"] or len(first) != 3:
        raise Unreadable(f"{bundle} is no bundle of format 1")
    ledger, captures = Ledger(first[2]), {}
    for number, line in enumerate(lines[1:], 2):
        kind, _, rest = line.partition(" ")
        if kind == "event" and not captures:
            ledger.add(strict(rest, f"line {number}"))
        elif kind == "capture":
            sha256, _, encoded = rest.partition(" ")
            if hashlib.sha256(strict(encoded, f"line {number}")).hexdigest() != sha256 or sha256 in captures:
                raise Changed(f"line {number}: the capture is not the one that it says it is")
            captures[sha256] = number
        else:
            raise Changed(f"line {number} is neither an event nor a capture, or stands in the wrong place")
    if public_key and ledger.key != public_key.lower():
        raise Changed("the ledger names another public key than the one given")
    for sha256, seq in ledger.cited.items():
        if sha256 not in captures:
            raise Changed(f"event {seq} cites a capture that is missing")
    if unasked := set(captures) - set(ledger.cited):
        raise Changed(f"line {captures[min(unasked)]}: no event cites this capture")
    said = [f"{len(ledger.roots) - 1} events of {ledger.desk} ({ledger.kind}), chain {ledger.chain.hex()}"]
    said.append(f"{len(captures)} cited captures are those that the events name")
    notes = [*ledger.notes, *((str(file), text_of(file)) for file in kept)]
    said += [ledger.holds(where, note) for where, note in notes]
    said += [witnessed(str(file), text_of(file), key) for file in kept for key in witnesses]
    if not kept:
        said.append("no checkpoint kept elsewhere was given: this shows only that the bundle agrees with itself")
    return said


def whole(bundle: Path) -> list[str]:
    """Return the lines of `bundle` without the last one, once that one is seen to be the sum of all before."""
    raw = bundle.read_bytes()
    before, _, last = raw.removesuffix(b"\n").rpartition(b"\n")
    before += b"\n"
    if not raw.endswith(b"\n") or last != b"end " + hashlib.sha256(before).hexdigest().encode():
        raise Changed("the file is not as it was written: its last line is not the sum of all before")
    return before.decode().removesuffix("\n").split("\n")


def text_of(file: Path) -> str:
    """Return the text of a checkpoint."""
    return file.read_text(encoding="utf-8")


def main() -> int:
    """Print one line for each thing that holds, or the first that does not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--checkpoint", type=Path, action="append", default=[])
    parser.add_argument("--public-key", default="", help="of the ledger, as printed elsewhere")
    parser.add_argument("--witness-key", action="append", default=[], help="name+id+key of a witness")
    given = parser.parse_args()
    try:
        print("\n".join(check(given.bundle, given.checkpoint, given.public_key, given.witness_key)))
    except Changed as changed:
        print(f"CHANGED: {changed}", file=sys.stderr)
        return 1
    except (Unreadable, OSError, UnicodeDecodeError) as unreadable:
        print(f"could not be checked: {unreadable}", file=sys.stderr)
        return 2
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as broken:
        print(f"CHANGED: an event lacks what its type must carry ({broken})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
