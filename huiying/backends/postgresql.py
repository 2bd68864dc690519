"""PostgreSQL 15 and later under ledger and store: settings of a connection, a schema a desk, locks by name.

url, desk ─► engine  ─► connections: search_path = the desk's schema, a commit is on disk before it is acknowledged
          └► session ─► one connection of psycopg's own, for what lives as long as it does: locks, LISTEN
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import psycopg
from psycopg.sql import Identifier
from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.schema import CreateSchema

from huiying.core.config import Machine

# An address that is silent for half a minute is gone; `connect_timeout` is in seconds, `tcp_user_timeout` in ms.
_NETWORK = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "huiying",
}
# As long as SQLite waits for another writer; a session that stops while it holds a lock is cut off by the server.
_WAITS = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"}
_MIGRATING = "5min"
_DISK_FULL = "53100"  # PostgreSQL's Appendix A: disk_full. The message is in the server's language, the code is not.


def database(machine: Machine, secrets: Mapping[str, str]) -> str | None:
    """Return the address of PostgreSQL with its password, None where ledger and store are files.

    Without the secret "postgresql" the server may trust us, or a file of libpq's may know the password.
    """
    url = machine.ledger.postgresql
    if url is None or "postgresql" not in secrets:
        return url
    return make_url(url).set(password=secrets["postgresql"]).render_as_string(hide_password=False)


def is_meant(url: str) -> bool:
    """Say whether `url` names a PostgreSQL server."""
    return url.startswith(("postgresql:", "postgres:", "postgresql+"))


def engine(url: str, desk: str) -> Engine:
    """Return an engine whose connections see the schema of `desk` only and commit synchronously.

    What `url` says of network and waiting wins over the settings here. A connection that broke is noticed and replaced
    before it is used.
    """
    if not desk:
        raise ValueError("a desk's id names its schema")
    to = make_url(url).set(drivername="postgresql+psycopg")
    return create_engine(
        to,
        connect_args=_arguments(to, desk),
        execution_options={"desk": desk},
        hide_parameters=True,
        # With a stricter level a transaction would go on seeing what stood before it got its lock.
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_timeout=10,
    )


def session(url: str, desk: str, network: dict[str, str]) -> psycopg.Connection[Any]:
    """Return a connection of its own where each statement is a transaction; `network` wins over what `url` says."""
    to = make_url(url).set(drivername="postgresql+psycopg")
    positional, named = to.get_dialect()().create_connect_args(to)
    return psycopg.connect(*positional, **{**named, **_arguments(to, desk), **network}, autocommit=True)


def channel(desk: str) -> str:
    """Return the name under which this desk's ledger notifies; at most 63 bytes, whatever the desk is called."""
    return f"huiying_{sha256(desk.encode()).hexdigest()[:32]}"


def notify(connection: Connection, seq: int) -> None:
    """Let every listener know, once this transaction is committed, that the ledger reaches to `seq`."""
    desk = connection.get_execution_options()["desk"]
    connection.execute(select(func.pg_notify(channel(desk), str(seq))))


def _arguments(url: URL, desk: str) -> dict[str, str]:
    given = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    always = {"search_path": Identifier(desk).as_string(), "synchronous_commit": "on"}
    options = " ".join([_options(_WAITS), given.get("options", ""), _options(always)])
    return {name: value for name, value in _NETWORK.items() if name not in given} | {"options": options}


def _options(settings: dict[str, str]) -> str:
    """Return `settings` as libpq's `options`, where a backslash keeps a space or a backslash as it is."""
    escaped = {name: value.replace("\\", "\\\\").replace(" ", "\\ ") for name, value in settings.items()}
    return " ".join(f"-c {name}={value}" for name, value in escaped.items())


def alone(connection: Connection, name: str) -> None:
    """Wait until no other transaction of this desk holds the lock `name`, and hold it until this one ends."""
    desk = connection.get_execution_options()["desk"]
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"huiying/{desk}/{name}", 0))))


def prepare(connection: Connection) -> None:
    """Let one migration of this desk run at a time, and make its schema where there is none."""
    desk = connection.get_execution_options()["desk"]
    connection.execute(text(f"SET LOCAL lock_timeout = '{_MIGRATING}'"))
    alone(connection, "migrations")
    # CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where it stands.
    if connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :desk"), {"desk": desk}).first() is None:
        connection.execute(CreateSchema(desk))


def says_full(cause: BaseException) -> bool:
    """Say whether the server reported a full disk."""
    return getattr(getattr(cause, "orig", cause), "sqlstate", None) == _DISK_FULL
