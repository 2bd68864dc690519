"""Accounts from the command line: add, reset, forget."""

from __future__ import annotations

from dataclasses import replace

from alerts.events import EventType
from alerts.web.accounts import hash_password
from huiying.core.commitment import new_salt, pseudonym
from huiying.core.config import Desk
from huiying.core.errors import Refused
from huiying.core.model import Draft, Role
from huiying.core.ports import Ledger
from huiying.core.states import Account, Accounts

ROLES = tuple(str(role) for role in Role if role is not Role.SYSTEM)


def add(accounts: Accounts, account: Account, desk: Desk | None) -> None:
    """Add `account`; a unit account needs a unit, one of `desk` where a configuration is recorded already.

    A supervisor may have one: who stands for the responsible unit judges no recurrence. One person has one account, or
    the second person could be the first: a name that another account has is Refused.
    """
    fitting = (Role.UNIT, Role.SUPERVISOR) if account.unit else [role for role in Role if role is not Role.UNIT]
    if account.role not in fitting:
        raise Refused("unit_for_units", login=account.login)
    held = next((held for held in accounts.all() if held.name and held.name == account.name), None)
    if held is not None:
        raise Refused("person_has_account", name=account.name, login=held.login)
    if account.unit is not None and desk is not None and desk.unit(account.unit) is None:
        raise Refused("unit_unknown", unit=account.unit, known=", ".join(unit.id for unit in desk.units))
    accounts.add(account)


def new_account(login: str, password: str, name: str, role: str, unit: str | None, language: str) -> Account:
    """Return an account whose pseudonym commits to `name`, with the password's hash; an unknown role is Refused."""
    if role not in ROLES:
        raise Refused("role_unknown", role=role, known=", ".join(ROLES))
    name, salt = " ".join(name.split()), new_salt()
    hashed = hash_password(password)
    return Account(login, pseudonym(name, salt), name, Role(role), unit, language, hashed, salt=salt)


def reset(accounts: Accounts, login: str, password: str) -> None:
    """Give `login` a new password and end its sessions."""
    account = known(accounts, login)
    accounts.save(replace(account, password=hash_password(password)))
    accounts.close_sessions(login=login)


def known(accounts: Accounts, login: str) -> Account:
    """Return the account of `login`; where there is none it is Refused."""
    account = accounts.by_login(login)
    if account is None:
        raise Refused("account_unknown", login=login)
    return account


def forget(ledger: Ledger, accounts: Accounts, login: str, why: str, supervisor: Account) -> str:
    """Erase what ties a person to a pseudonym, and record `forgotten` in the supervisor's name; return the pseudonym.

    The ledger keeps the pseudonym, and its chain. Recorded first: a try cut short is finished by the same command.
    """
    if supervisor.role is not Role.SUPERVISOR or supervisor.login == login:
        raise Refused("supervisor_only" if supervisor.login != login else "forget_yourself", login=supervisor.login)
    account = known(accounts, login)
    payload = {"what": "name", "subject": account.pseudonym, "why": why}
    draft = Draft(EventType.FORGOTTEN, None, supervisor.pseudonym, supervisor.role, payload=payload)
    ledger.append([draft], key=f"forgotten:{account.pseudonym}")
    accounts.erase(login)
    return account.pseudonym
