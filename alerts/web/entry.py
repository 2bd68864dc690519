"""Logging in: at most 10 failures in 15 minutes for a login and for an address, and the same time for every answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from alerts.web.accounts import password_fits
from alerts.web.services import Services
from alerts.web.visits import open_session
from huiying.core.errors import HuiyingError
from huiying.core.states import Account, Session

FAILURES = 10
WINDOW = timedelta(minutes=15)
# Many at once would otherwise all be counted before the first of them has failed.
_ONE_BY_ONE = Lock()


class WrongPassword(HuiyingError):
    """Login and password do not belong together, or the account is not active; which one is not said."""


class TooManyFailures(HuiyingError):
    """This login or this address failed ten times within 15 minutes."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A log-in that succeeded: `secret` goes into the cookie."""

    account: Account
    session: Session
    secret: str


def enter(services: Services, login: str, password: str, address: str) -> Entered:
    """Check a log-in from `address` and begin a session, or raise WrongPassword or TooManyFailures."""
    now, accounts = services.clock.now(), services.store.accounts
    tried = (f"login:{login[:100]}", f"address:{address}")
    with _ONE_BY_ONE:
        if any(accounts.failures(who, now - WINDOW) >= FAILURES for who in tried):
            raise TooManyFailures("log_in_later", minutes=int(WINDOW.total_seconds()) // 60)
        account = accounts.by_login(login)
        fits = password_fits(password, account.password if account and account.active else None)
        if account is None or not fits:
            for who in tried:
                accounts.failed(who, now)
            raise WrongPassword("wrong_password")
    secret, session = open_session(services, login)
    return Entered(account, session, secret)
