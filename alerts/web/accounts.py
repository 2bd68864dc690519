"""Passwords and pseudonyms: what the log-in page and the command `huiying users` share.

Argon2id with pwdlib's parameters takes some 0.3 s and 64 MB a hash, so at most two run at a time.
"""

from __future__ import annotations

import secrets
from functools import cache
from threading import BoundedSemaphore

from pwdlib import PasswordHash

from huiying.core.errors import Refused

MIN_PASSWORD = 8
_AT_ONCE = BoundedSemaphore(2)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _decoy() -> str:
    """Return the hash of a password that nobody knows, compared where the login is unknown."""
    return _hasher().hash(secrets.token_urlsafe(16))


def prepare() -> None:
    """Compute the decoy now, so that the first unknown login takes no longer than the second."""
    _decoy()


def hash_password(password: str) -> str:
    """Return the Argon2id hash of `password`. Fewer than 8 characters is Refused("password_short")."""
    if len(password) < MIN_PASSWORD:
        raise Refused("password_short", minimum=MIN_PASSWORD)
    with _AT_ONCE:
        return _hasher().hash(password)


def password_fits(password: str, hashed: str | None) -> bool:
    """Say whether `password` is the one hashed. None (no such account) takes the same time and is never right."""
    with _AT_ONCE:
        fits = _hasher().verify(password, hashed or _decoy())
    return fits and hashed is not None


def new_pseudonym() -> str:
    """Return a pseudonym for a new account: "P" and eight random hexadecimal digits."""
    return f"P{secrets.token_hex(4)}"
