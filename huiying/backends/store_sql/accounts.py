"""Accounts, names that can be erased, sessions, failed log-ins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, Row, delete, func, insert, or_, select, update

from huiying.backends import sql
from huiying.backends.store_sql.rows import replace
from huiying.backends.store_sql.tables import ACCOUNTS, FAILURES, NAMES, SESSIONS
from huiying.core.codec import instant, instant_text
from huiying.core.errors import Refused
from huiying.core.model import Role
from huiying.core.states import Account, Session

_NAMED = select(ACCOUNTS, NAMES.c.name, NAMES.c.salt).join(
    NAMES, NAMES.c.pseudonym == ACCOUNTS.c.pseudonym, isouter=True
)


class SqlAccounts:
    """See `huiying.core.states.Accounts`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, account: Account) -> None:
        """Add `account` and its name; a login or pseudonym that exists is Refused."""
        same = or_(ACCOUNTS.c.login == account.login, ACCOUNTS.c.pseudonym == account.pseudonym)
        with sql.writing(self._engine, "store", alone="accounts") as connection:
            if connection.execute(select(ACCOUNTS.c.login).where(same)).first() is not None:
                raise Refused("account_exists", login=account.login)
            connection.execute(insert(ACCOUNTS).values(login=account.login, **_columns(account)))
            connection.execute(insert(NAMES).values(pseudonym=account.pseudonym, name=account.name, salt=account.salt))

    def save(self, account: Account) -> None:
        """Keep `account` in place of the one with its login."""
        with sql.writing(self._engine, "store", alone="accounts") as connection:
            replace(connection, ACCOUNTS, {"login": account.login}, _columns(account))
            replace(connection, NAMES, {"pseudonym": account.pseudonym}, {"name": account.name, "salt": account.salt})

    def erase(self, login: str) -> None:
        """Remove the account of `login` with name, salt, sessions and failed log-ins, from SQLite's free pages too."""
        with sql.overwriting(self._engine, "store", alone="accounts") as connection:
            wanted = select(ACCOUNTS.c.pseudonym).where(ACCOUNTS.c.login == login)
            for pseudonym in connection.execute(wanted).scalars().all():
                connection.execute(delete(NAMES).where(NAMES.c.pseudonym == pseudonym))
            for table, column in ((ACCOUNTS, ACCOUNTS.c.login), (SESSIONS, SESSIONS.c.login)):
                connection.execute(delete(table).where(column == login))
            connection.execute(delete(FAILURES).where(FAILURES.c.who == f"login:{login}"))

    def by_login(self, login: str) -> Account | None:
        """Return the account with this login."""
        with sql.reading(self._engine, "store") as connection:
            row = connection.execute(_NAMED.where(ACCOUNTS.c.login == login)).one_or_none()
        return None if row is None else _account(row)

    def all(self) -> list[Account]:
        """Return all accounts by login."""
        with sql.reading(self._engine, "store") as connection:
            return [_account(row) for row in connection.execute(_NAMED.order_by(ACCOUNTS.c.login))]

    def names(self) -> dict[str, str]:
        """Return the names that are not erased, by pseudonym."""
        with sql.reading(self._engine, "store") as connection:
            return {row.pseudonym: row.name for row in connection.execute(select(NAMES))}

    def open_session(self, session: Session) -> None:
        """Begin a session."""
        row = {"id": session.id, "login": session.login, "token": session.token, "until": instant_text(session.until)}
        with sql.writing(self._engine, "store") as connection:
            connection.execute(insert(SESSIONS).values(row))

    def session(self, id: str, now: datetime) -> Session | None:
        """Return the session unless it has ended by `now`."""
        with sql.reading(self._engine, "store") as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.id == id)).one_or_none()
        if row is None or instant(row.until) <= now:
            return None
        return Session(row.id, row.login, row.token, instant(row.until))

    def extend_session(self, id: str, until: datetime) -> None:
        """Move the end of a session."""
        with sql.writing(self._engine, "store") as connection:
            connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(until=instant_text(until)))

    def close_sessions(self, login: str | None = None, id: str | None = None) -> None:
        """End the session `id`, or every session of `login`."""
        with sql.writing(self._engine, "store") as connection:
            if id is not None:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.id == id))
            if login is not None:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.login == login))

    def failed(self, who: str, at: datetime) -> None:
        """Remember a failed log-in."""
        with sql.writing(self._engine, "store") as connection:
            connection.execute(insert(FAILURES).values(who=who, at=instant_text(at)))

    def failures(self, who: str, since: datetime) -> int:
        """Count the failed log-ins of `who` since an instant."""
        wanted = select(func.count()).where(FAILURES.c.who == who, FAILURES.c.at >= instant_text(since))
        with sql.reading(self._engine, "store") as connection:
            return connection.execute(wanted).scalar_one()


def _columns(account: Account) -> dict[str, object]:
    return {
        "pseudonym": account.pseudonym,
        "role": str(account.role),
        "unit": account.unit,
        "language": account.language,
        "password": account.password,
        "active": account.active,
        "look": account.look,
    }


def _account(row: Row[tuple[object, ...]]) -> Account:
    known = dict(row._mapping)
    known |= {"role": Role(known["role"]), "name": known["name"] or "", "salt": known["salt"] or ""}
    return Account(**known)
