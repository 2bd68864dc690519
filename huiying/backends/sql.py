"""SQLAlchemy engines for ledger and store: pragmas, immediate transactions, migrations, errors. No business logic."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from huiying.core.errors import BackendError, StorageFull

_MIGRATIONS = Path(__file__).parent / "migrations"


def engine(url: str) -> Engine:
    """Return an engine; on SQLite with WAL, `synchronous=FULL` and a wait of 10 s for another writer."""
    made = create_engine(url, connect_args={"timeout": 10} if url.startswith("sqlite") else {})
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _pragmas)
        event.listen(made, "begin", _begin)
    return made


def _pragmas(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # SQLite's deferred BEGIN fails at once under WAL when two write: a writer says so from the start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(of: Engine, what: str) -> Iterator[Connection]:
    """Open a transaction that only reads."""
    with errors(what), of.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(of: Engine, what: str) -> Iterator[Connection]:
    """Open a transaction that holds the write lock from its beginning; it is durable when this ends."""
    with errors(what), of.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def errors(what: str) -> Iterator[None]:
    """Turn the database's errors into BackendError, a full disk into StorageFull."""
    try:
        yield
    except (SQLAlchemyError, OSError) as cause:
        if "is full" in str(cause) or "No space left" in str(cause):
            raise StorageFull("storage_full", what=what) from cause
        raise BackendError(f"{what}_failed", detail=str(cause)[:300]) from cause


def migrate(of: Engine, what: str) -> None:
    """Bring the schema of `what` ("ledger" or "store") to its newest revision; safe from several processes at once."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS / what))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with errors(what), _one_at_a_time(of), writing(of, what) as connection:
        if MigrationContext.configure(connection).get_current_revision() == script.get_current_head():
            return
        with EnvironmentContext(config, script, fn=lambda revision, _: script._upgrade_revs("head", revision)) as env:
            env.configure(connection=connection)
            env.run_migrations()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _one_at_a_time(of: Engine) -> Any:
    if of.dialect.name != "sqlite" or not of.url.database or of.url.database == ":memory:":
        return nullcontext()
    return _locked(Path(f"{of.url.database}.lock"))
