"""Pseudonyms as salted commitments: who knows name and salt can prove who it was; who erases both leaves no way back.

name, 32 random bytes ─ SHA-256 ─► "P" and 32 hexadecimal digits, in the ledger for good
"""

from __future__ import annotations

import hashlib
import secrets

_TAG = b"huiying name 1\n"


def new_salt() -> str:
    """Return 32 random bytes as hexadecimal digits: without them a name cannot be guessed from its pseudonym."""
    return secrets.token_hex(32)


def pseudonym(name: str, salt: str) -> str:
    """Return "P" and the first 32 hexadecimal digits of SHA-256 over tag, the salt's bytes and the name in UTF-8."""
    return "P" + hashlib.sha256(_TAG + bytes.fromhex(salt) + name.encode()).hexdigest()[:32]
