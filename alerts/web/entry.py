"""Logging in: at most 10 failures in 15 minutes for a login and for an address, and the same time for every answer."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.web.accounts import TooManyFailures, WrongPassword, recognised
from alerts.web.services import Services
from alerts.web.visits import open_session
from huiying.core.states import Account, Session

__all__ = ["Entered", "TooManyFailures", "WrongPassword", "enter"]


@dataclass(frozen=True, slots=True)
class Entered:
    """A log-in that succeeded: `secret` goes into the cookie."""

    account: Account
    session: Session
    secret: str


def enter(services: Services, login: str, password: str, address: str) -> Entered:
    """Check a log-in from `address` and begin a session, or raise WrongPassword or TooManyFailures."""
    account = recognised(services.store.accounts, login, password, services.clock.now(), address)
    secret, session = open_session(services, login)
    return Entered(account, session, secret)
