"""Rows to frozen values and back: instants become text; insert-or-replace for both dialects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, insert

from huiying.core.codec import instant, instant_text


def written(at: datetime | None) -> str | None:
    """Return `at` as text, None as None."""
    return None if at is None else instant_text(at)


def read(text: str | None) -> datetime | None:
    """Return the instant of `text`, None as None."""
    return None if text is None else instant(text)


def replace(connection: Connection, table: Table, keys: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Delete the row with these `keys`, if any, and insert keys and `values` in the same transaction."""
    connection.execute(delete(table).where(and_(*(table.c[name] == value for name, value in keys.items()))))
    connection.execute(insert(table).values(**keys, **values))
