"""A consistent copy of a SQLite file that others write to at the same time."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from huiying.core.errors import BackendError, StorageFull


def snapshot(source: Path, copy: Path) -> None:
    """Copy the database `source` to the new file `copy` by SQLite's online backup."""
    try:
        reader, writer = sqlite3.connect(source, timeout=10), sqlite3.connect(copy)
        try:
            reader.backup(writer, pages=2000)
        finally:
            reader.close()
            writer.close()
    except (sqlite3.Error, OSError) as cause:
        if "full" in str(cause) or "No space left" in str(cause):
            raise StorageFull("storage_full", what=str(copy)) from cause
        raise BackendError("snapshot_failed", file=str(source), detail=str(cause)) from cause
