"""Rows to frozen values and back: instants become text; insert-or-replace for both dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from huiying.core.codec import instant, instant_text


def written(at: datetime | None) -> str | None:
    """Return `at` as text, None as None."""
    return None if at is None else instant_text(at)


def read(text: str | None) -> datetime | None:
    """Return the instant of `text`, None as None."""
    return None if text is None else instant(text)


def replace(connection: Connection, table: Table, keys: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Insert keys and `values`, or give the row with these `keys`, its primary key, these `values`."""
    row = _insert(connection)(table).values(**keys, **values)
    connection.execute(row.on_conflict_do_update(index_elements=list(keys), set_=dict(values)))


def replace_all(connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, or give those with the same `keys`, the primary key, the other values of them."""
    if rows:
        row = _insert(connection)(table)
        others = {column.name: row.excluded[column.name] for column in table.columns if column.name not in keys}
        connection.execute(row.on_conflict_do_update(index_elements=list(keys), set_=others), list(rows))


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert `row` unless one with its primary key stands; one that is being inserted elsewhere is waited for."""
    connection.execute(_insert(connection)(table).values(**row).on_conflict_do_nothing())


def _insert(connection: Connection) -> Any:
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
