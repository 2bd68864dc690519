"""Signed notes and checkpoints as C2SP writes them: c2sp.org/signed-note and c2sp.org/tlog-checkpoint, Ed25519.

origin ⏎ size ⏎ root (base64) ⏎
⏎
— name key-id‖signature (base64) ⏎

A key's id is the first 4 bytes of SHA-256(name ‖ ⏎ ‖ 0x01 ‖ public key).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from huiying.core.errors import Refused

_ED25519 = b"\x01"
_LARGEST = 1_000_000  # bytes of a note; C2SP asks for some limit
_SIGNATURE = re.compile(r"— (\S+) (\S+)")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half: `name` without blanks and "+", 32 bytes of Ed25519."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Return the four bytes that begin each signature by this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a ledger of `origin` is at `size` events: its Merkle root, 32 bytes."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def verifier_key(written: str) -> VerifierKey:
    """Read "name+id+key". What is none, or whose id is not the key's, is Refused("key_unreadable")."""
    name, _, rest = written.strip().partition("+")
    id, _, encoded = rest.partition("+")
    raw = _decoded(encoded, "key_unreadable")
    key = VerifierKey(name, raw[1:])
    if not name or raw[:1] != _ED25519 or len(raw) != 33 or key.id.hex() != id:
        raise Refused("key_unreadable")
    return key


def sign(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Return `text` (which ends with a line feed) as a note signed in `name`."""
    if not text.endswith("\n") or not name or re.search(r"[\s+]", name):
        raise ValueError("no text or name of a signed note")
    public = VerifierKey(name, key.public_key().public_bytes_raw())
    signature = base64.b64encode(public.id + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n"


def opened(note: str, keys: Sequence[VerifierKey]) -> str:
    """Return the text of `note` once one of `keys` is seen to have signed it.

    A note that is none is Refused("note_unreadable"), one whose signature by a known key is wrong
    Refused("note_forged"), one that no known key signed Refused("note_unsigned").
    """
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    lines = [_SIGNATURE.fullmatch(line) for line in signatures.removesuffix("\n").split("\n")]
    if not blank or not signatures.endswith("\n") or len(note) > _LARGEST or not all(lines):
        raise Refused("note_unreadable")
    signed = False
    for line in filter(None, lines):
        signed = _signed(text, line[1], line[2], keys) or signed
    if not signed:
        raise Refused("note_unsigned")
    return text


def _signed(text: str, name: str, encoded: str, keys: Sequence[VerifierKey]) -> bool:
    raw = _decoded(encoded, "note_unreadable")
    key = next((known for known in keys if (known.name, known.id) == (name, raw[:4])), None)
    if key is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], text.encode())
    except InvalidSignature as cause:
        raise Refused("note_forged", name=name) from cause
    return True


def checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint; lines after the third are extensions. Refused("note_unreadable") for another."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
        raise Refused("note_unreadable")
    root = _decoded(lines[2], "note_unreadable")
    if len(root) != 32:
        raise Refused("note_unreadable")
    return Checkpoint(lines[0], int(lines[1]), root)


def decoded(written: str) -> bytes:
    """Return the bytes of standard base64 in its one spelling; anything else is a ValueError.

    The last character may hold bits that belong to no byte: another character would then stand for the same bytes.
    """
    raw = base64.b64decode(written, validate=True)
    if base64.b64encode(raw).decode() != written:
        raise ValueError("not the one spelling in base64")
    return raw


def _decoded(written: str, otherwise: str) -> bytes:
    try:
        return decoded(written)
    except ValueError as cause:  # no base64, or no ASCII
        raise Refused(otherwise) from cause
