"""Ledger and store to one SQLite file and back, whatever holds them: for backups, and from one profile to the other.

copy_out   SQLite ─ online backup ─► file     PostgreSQL ─ one REPEATABLE READ transaction, in batches ─► file
copy_in    file ─ one transaction, in batches ─► an empty database

A ledger is verified on both ways, so that no archive holds, and no desk is given, one that was tampered with.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, select

from huiying.backends import ledger_sql, sql
from huiying.backends.snapshot_sqlite import snapshot
from huiying.backends.store_sql.tables import METADATA as STORE
from huiying.core.errors import Refused

_TABLES: dict[str, MetaData] = {"ledger": ledger_sql.METADATA, "store": STORE}
_BATCH = 1000


def copy_out(url: str, desk: str, what: str, file: Path) -> None:
    """Write `what` ("ledger" or "store") of `desk` to the new SQLite file `file`, as it stands at one instant.

    Raises BackendError, StorageFull, and Tampered where a ledger does not verify; `file` is no copy then.
    """
    source = sql.engine(url, desk)
    try:
        if source.dialect.name == "sqlite":
            snapshot(Path(source.url.database or ""), file)
        else:
            _copied_out(source, desk, what, file)
    finally:
        source.dispose()
    if what == "ledger":
        _verified(file, desk)


def copy_in(file: Path, url: str, desk: str, what: str) -> None:
    """Bring `what` of `desk` from the SQLite file `file` to `url`, where none may stand: else Refused.

    All or nothing. `file` may be of an older version of the program: it is migrated first. A newer one is Refused.
    """
    source = sql.opened(_address(file), desk, what)
    try:
        if what == "ledger":
            with sql.reading(source, what) as connection:
                ledger_sql.verified(connection, desk)
        _copied_in(source, url, desk, what)
    finally:
        source.dispose()
        _tidy(file)


def _address(file: Path) -> str:
    return f"sqlite:///{file}"


def _copied_out(source: Engine, desk: str, what: str, file: Path) -> None:
    target = sql.opened(_address(file), desk, what)
    try:
        with sql.reading(source, what) as reads, sql.writing(target, what) as writes:
            for table in _TABLES[what].sorted_tables:
                _copy(reads, writes, table)
    finally:
        target.dispose()
        _tidy(file)


def _copied_in(source: Engine, url: str, desk: str, what: str) -> None:
    target = sql.opened(url, desk, what)
    try:
        with sql.reading(source, what) as reads, sql.writing(target, what, alone="restore") as writes:
            for table in _TABLES[what].sorted_tables:
                if writes.execute(select(table).limit(1)).first() is not None:
                    raise Refused("restore_data_held", what=what, place=f"{target.dialect.name}, {desk}")
                _copy(reads, writes, table)
                _continue_numbers(writes, table)
    finally:
        target.dispose()


def _copy(reads: Connection, writes: Connection, table: Table) -> None:
    rows = reads.execution_options(yield_per=_BATCH).execute(select(table).order_by(*table.primary_key))
    for batch in rows.mappings().partitions():
        writes.execute(insert(table), [dict(row) for row in batch])


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let numbers that the database gives go on after those that were copied."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    last = connection.execute(select(func.max(column))).scalar()
    if last is not None:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        connection.execute(select(func.setval(sequence, last)))


def _verified(file: Path, desk: str) -> None:
    copy = sql.engine(_address(file), desk)
    try:
        with sql.reading(copy, "ledger") as connection:
            ledger_sql.verified(connection, desk)
    finally:
        copy.dispose()


def _tidy(file: Path) -> None:
    """Remove the lock that migrating a file leaves beside it."""
    file.with_name(f"{file.name}.lock").unlink(missing_ok=True)
