"""SQLAlchemy engines for ledger and store: transactions, migrations, errors, on SQLite and on PostgreSQL.

            SQLite                      PostgreSQL (`postgresql.py`)
reading     BEGIN: one state            REPEATABLE READ, READ ONLY: one state
writing     BEGIN IMMEDIATE: alone      READ COMMITTED; alone where a lock is named
migrate     a lock file                 an advisory lock; the desk's schema is made
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Dialect, Engine, String, Text, TypeDecorator, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from huiying.backends import postgresql
from huiying.core.errors import BackendError, Refused, StorageFull

_MIGRATIONS = Path(__file__).parent / "migrations"
_HARMLESS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_FUNCTION})
_READS: dict[str, dict[str, Any]] = {"postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}}


class Words(TypeDecorator[str]):
    """Text in both dialects. PostgreSQL cannot hold the character NUL: U+FFFD stands for it there."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return `value` as the dialect can hold it."""
        return value.replace("\0", "\ufffd") if value and dialect.name == "postgresql" else value


class Prose(Words):
    """Words in the dialect's type for long text."""

    impl = Text
    cache_ok = True


def engine(url: str, desk: str = "") -> Engine:
    """Return an engine; on SQLite with WAL, `synchronous=FULL` and a wait of 10 s for another writer.

    On PostgreSQL it sees the schema of `desk` only.
    """
    if postgresql.is_meant(url):
        return postgresql.engine(url, desk)
    made = create_engine(url, connect_args={"timeout": 10} if url.startswith("sqlite") else {})
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _pragmas)
        event.listen(made, "begin", _begin)
    return made


def opened(url: str, desk: str, what: str) -> Engine:
    """Return an engine over the newest schema of `what`; where that fails, no connection stays open."""
    made = engine(url, desk)
    try:
        migrate(made, what)
    except BaseException:
        made.dispose()
        raise
    return made


def append_only(made: Engine, table: str) -> Engine:
    """Let the connections of a SQLite engine read, and insert into `table`, and nothing else; return the engine.

    SQLite asks while it prepares a statement, so that what the triggers would refuse is not even begun, and nobody
    drops the triggers. PostgreSQL has rights for that.
    """
    if made.dialect.name != "sqlite":
        return made
    # The connections that migrated are not to be used again.
    made.dispose()

    def guard(connection: Any, _: Any) -> None:
        connection.set_authorizer(
            lambda act, what, *_: (
                sqlite3.SQLITE_OK
                if act in _HARMLESS or (act == sqlite3.SQLITE_INSERT and what == table)
                else sqlite3.SQLITE_DENY
            )
        )

    event.listen(made, "connect", guard)
    return made


def read_only(file: Path) -> Engine:
    """Return an engine that reads the SQLite `file` and writes nothing, also beside it where no log stands there."""
    log = file.with_name(f"{file.name}-wal")
    immutable = "&immutable=1" if not log.exists() or not log.stat().st_size else ""
    address = f"file:{quote(str(file.absolute()))}?mode=ro{immutable}"
    return create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)


def _pragmas(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    # Without recursive triggers INSERT OR REPLACE deletes a row past the trigger that refuses it.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # SQLite's deferred BEGIN fails at once under WAL when two write: a writer says so from the start.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(of: Engine, what: str) -> Iterator[Connection]:
    """Open a transaction that only reads, all of it from one state of the database."""
    options = _READS.get(of.dialect.name, {})
    with errors(what), of.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def writing(of: Engine, what: str, alone: str | None = None) -> Iterator[Connection]:
    """Open a transaction that writes; it is durable when this ends.

    On SQLite it holds the write lock from its beginning. On PostgreSQL it excludes those of the same name in `alone`.
    """
    with errors(what), of.connect().execution_options(writes=True) as connection, connection.begin():
        if alone is not None and of.dialect.name == "postgresql":
            postgresql.alone(connection, alone)
        yield connection


@contextmanager
def overwriting(of: Engine, what: str, alone: str | None = None) -> Iterator[Connection]:
    """Open a transaction as `writing` does; what it deletes on SQLite is gone from the files too when this ends."""
    with writing(of, what, alone) as connection:
        if of.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        yield connection
    if of.dialect.name == "sqlite":
        # Outside a transaction, which SQLAlchemy would begin: the log holds older pages until it is emptied.
        with errors(what), closing(of.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def errors(what: str) -> Iterator[None]:
    """Turn the database's errors into BackendError, a full disk into StorageFull."""
    try:
        yield
    except (SQLAlchemyError, OSError) as cause:
        if "is full" in str(cause) or "No space left" in str(cause) or postgresql.says_full(cause):
            raise StorageFull("storage_full", what=what) from cause
        said = str(getattr(cause, "orig", None) or cause)
        raise BackendError(f"{what}_failed", detail=said[:300]) from cause


def migrate(of: Engine, what: str) -> None:
    """Bring the schema of `what` ("ledger" or "store") to its newest revision; safe from several processes at once.

    A revision that this program does not know was made by a newer one: Refused("schema_newer"), also on the way back.
    """
    script = _revisions(what)
    with _migrating(of, what) as connection:
        if _current(connection, of, what, script) == script.get_current_head():
            return
        _run(connection, of, what, script, lambda revision: script._upgrade_revs("head", revision))


def migrate_back(of: Engine, what: str) -> str | None:
    """Take the schema of `what` back by one revision; return the one it has then, None where it had none.

    What would lose data is Refused("no_way_back"), and nothing is changed.
    """
    script = _revisions(what)
    with _migrating(of, what) as connection:
        if _current(connection, of, what, script) is None:
            return None
        _run(connection, of, what, script, lambda revision: script._downgrade_revs("-1", revision))
        return _current(connection, of, what, script)


def _revisions(what: str) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS / what))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


@contextmanager
def _migrating(of: Engine, what: str) -> Iterator[Connection]:
    with errors(what), _one_at_a_time(of), writing(of, what) as connection:
        if of.dialect.name == "postgresql":
            postgresql.prepare(connection)
        yield connection


def _current(connection: Connection, of: Engine, what: str, script: ScriptDirectory) -> str | None:
    options = {"version_table": version_table(of, what)}
    found = MigrationContext.configure(connection, opts=options).get_current_revision()
    if found is not None and found not in {known.revision for known in script.walk_revisions()}:
        raise Refused("schema_newer", what=what, found=found, known=script.get_current_head() or "-")
    return found


def _run(connection: Connection, of: Engine, what: str, script: ScriptDirectory, steps: Callable[[str], Any]) -> None:
    with EnvironmentContext(Config(), script, fn=lambda revision, _: steps(revision)) as env:
        env.configure(connection=connection, version_table=version_table(of, what))
        env.run_migrations()


def version_table(of: Engine, what: str) -> str:
    """Return the table that holds the revision of `what`: on PostgreSQL ledger and store share a schema."""
    return f"{what}_version" if of.dialect.name == "postgresql" else "alembic_version"


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _one_at_a_time(of: Engine) -> Any:
    if of.dialect.name != "sqlite" or not of.url.database or of.url.database == ":memory:":
        return nullcontext()
    return _locked(Path(f"{of.url.database}.lock"))
