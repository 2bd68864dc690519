"""Cosignatures of checkpoints as C2SP writes them: c2sp.org/tlog-cosignature version 1, Ed25519 with a time.

cosignature/v1 ⏎ time <seconds since 1970> ⏎ <text of the checkpoint>   is what is signed
— name key-id‖time‖signature (base64) ⏎                                 is put beneath the note

A key's id is the first 4 bytes of SHA-256(name ‖ ⏎ ‖ 0x04 ‖ public key).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from huiying.core.errors import Refused
from huiying.core.note import decoded

_COSIGNATURE = b"\x04"
_SIZE = 4 + 8 + 64
_LINE = re.compile(r"— (\S+) (\S+)")


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """The public half of a witness's key: `name` without blanks and "+", 32 bytes of Ed25519."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """Return the four bytes that begin each cosignature by this key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_COSIGNATURE + self.public).decode()}"


def cosigner_key(written: str) -> CosignerKey:
    """Read "name+id+key" of a witness. What is none, or whose id is not the key's, is Refused("key_unreadable")."""
    name, _, rest = written.strip().partition("+")
    id, _, encoded = rest.partition("+")
    try:
        raw = decoded(encoded)
    except ValueError as cause:
        raise Refused("key_unreadable") from cause
    key = CosignerKey(name, raw[1:])
    if not name or raw[:1] != _COSIGNATURE or len(raw) != 33 or key.id.hex() != id:
        raise Refused("key_unreadable")
    return key


def cosign(text: str, name: str, key: Ed25519PrivateKey, at: int) -> str:
    """Return the line that says: at `at` (seconds since 1970) this was the largest checkpoint seen of its origin."""
    public = CosignerKey(name, key.public_key().public_bytes_raw())
    raw = public.id + at.to_bytes(8, "big") + key.sign(_signed(text, at))
    return f"— {name} {base64.b64encode(raw).decode()}\n"


def cosigned(note: str, key: CosignerKey) -> int | None:
    """Return when `key` cosigned `note` (seconds since 1970), None where it did not.

    A line of this key that is wrong is Refused("note_forged").
    """
    text, _, lines = note.rpartition("\n\n")
    for line in lines.split("\n"):
        match = _LINE.fullmatch(line)
        if match is None or match[1] != key.name:
            continue
        try:
            raw = decoded(match[2])
            if raw[:4] != key.id:
                continue
            if len(raw) != _SIZE:
                raise ValueError(len(raw))
            at = int.from_bytes(raw[4:12], "big")
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[12:], _signed(f"{text}\n", at))
        except (InvalidSignature, ValueError) as cause:
            raise Refused("note_forged", name=key.name) from cause
        return at
    return None


def _signed(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
