"""Passwords, pseudonyms, and who may come in: the log-in page and the command share it, so failures count together.

Argon2id with pwdlib's parameters takes some 0.3 s and 64 MB a hash, so at most two run at a time.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cache
from threading import BoundedSemaphore, Lock

from pwdlib import PasswordHash

from huiying.core.errors import HuiyingError, Refused
from huiying.core.states import Account, Accounts

MIN_PASSWORD = 8
FAILURES = 10
WINDOW = timedelta(minutes=15)
_AT_ONCE = BoundedSemaphore(2)
# Many at once would otherwise all be counted before the first of them has failed.
_ONE_BY_ONE = Lock()


class WrongPassword(HuiyingError):
    """Login and password do not belong together, or the account is not active; which one is not said."""


class TooManyFailures(HuiyingError):
    """This login or this address failed ten times within 15 minutes."""


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


def recognised(accounts: Accounts, login: str, password: str, now: datetime, address: str | None = None) -> Account:
    """Return the active account of `login` if the password is right, else raise WrongPassword.

    Ten failures within 15 minutes of a login or of an `address` are TooManyFailures. Every answer takes the same time.
    """
    tried = [f"login:{login[:100]}", *([f"address:{address}"] if address else [])]
    with _ONE_BY_ONE:
        if any(accounts.failures(who, now - WINDOW) >= FAILURES for who in tried):
            raise TooManyFailures("log_in_later", minutes=int(WINDOW.total_seconds()) // 60)
        account = accounts.by_login(login)
        fits = password_fits(password, account.password if account and account.active else None)
        if account is None or not fits:
            for who in tried:
                accounts.failed(who, now)
            raise WrongPassword("wrong_password")
    return account
