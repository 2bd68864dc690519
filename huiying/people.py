"""Accounts from the command line: add, reset, and the password that stands for a supervisor's name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from alerts.web.accounts import TooManyFailures, WrongPassword, hash_password, new_pseudonym, recognised
from huiying.core.config import Desk
from huiying.core.errors import Refused
from huiying.core.model import Role
from huiying.core.states import Account, Accounts

ROLES = tuple(str(role) for role in Role if role is not Role.SYSTEM)


def add(accounts: Accounts, account: Account, desk: Desk | None) -> None:
    """Add `account`; a unit account needs a unit, one of `desk` where a configuration is recorded already."""
    if (account.role is Role.UNIT) != (account.unit is not None):
        raise Refused("unit_for_units", login=account.login)
    if account.unit is not None and desk is not None and desk.unit(account.unit) is None:
        raise Refused("unit_unknown", unit=account.unit, known=", ".join(unit.id for unit in desk.units))
    accounts.add(account)


def new_account(login: str, password: str, name: str, role: str, unit: str | None, language: str) -> Account:
    """Return an account with a new pseudonym and the password's hash; an unknown role is Refused."""
    if role not in ROLES:
        raise Refused("role_unknown", role=role, known=", ".join(ROLES))
    return Account(login, new_pseudonym(), name, Role(role), unit, language, hash_password(password))


def reset(accounts: Accounts, login: str, password: str) -> None:
    """Give `login` a new password and end its sessions."""
    account = accounts.by_login(login)
    if account is None:
        raise Refused("account_unknown", login=login)
    accounts.save(replace(account, password=hash_password(password)))
    accounts.close_sessions(login=login)


def authenticate(accounts: Accounts, login: str, password: str, now: datetime) -> Account:
    """Return the active account of `login` if the password is right; ten failures in 15 min close it for a while."""
    try:
        return recognised(accounts, login, password, now)
    except TooManyFailures as late:
        raise Refused("too_many_failures", login=login) from late
    except WrongPassword as wrong:
        raise Refused("password_wrong", login=login) from wrong
