"""The log on SQLite: one file a topic and month, so that retention deletes files; offsets of groups in their own file.

append ─► lock of the topic ─► posts_found-2026-01.sqlite ─ poll(group) ─► records ─ commit ─► offsets.sqlite

The topic's lock keeps months in order: no record enters an older month's file once a newer month has begun.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from huiying.core.errors import BackendError, StorageFull
from huiying.core.model import Topic
from huiying.core.ports import Clock, Record

_RECORDS = (
    "CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, value BLOB NOT NULL)"
)
_OFFSETS = """CREATE TABLE IF NOT EXISTS offsets (
    topic TEXT NOT NULL, "group" TEXT NOT NULL, month TEXT NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (topic, "group"))"""


class SqliteLog:
    """See `huiying.core.ports.Log`. Any number of writing processes; one consumer for each group."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._files: dict[str, sqlite3.Connection] = {}
        with _errors():
            folder.mkdir(parents=True, exist_ok=True)
            self._offsets = _connect(folder / "offsets.sqlite", _OFFSETS)

    def append(self, topic: Topic, records: Sequence[tuple[str, bytes]]) -> None:
        """Append `records`, all or none; durable when this returns."""
        with _errors(), self._locked(topic):
            month = max([self._clock.now().strftime("%Y-%m"), *self._months(topic)[-1:]])
            file = self._file(topic, month)
            with _transaction(file):
                file.executemany("INSERT INTO records (key, value) VALUES (?, ?)", records)

    def poll(self, topic: Topic, group: str, limit: int) -> list[Record]:
        """Return up to `limit` records after the group's last commit."""
        found: list[Record] = []
        with _errors():
            after_month, after = self._offset(topic, group)
            for month in self._months(topic):
                if month < after_month or len(found) == limit:
                    continue
                rows = self._file(topic, month).execute(
                    "SELECT id, key, value FROM records WHERE id > ? ORDER BY id LIMIT ?",
                    (after if month == after_month else 0, limit - len(found)),
                )
                found += [Record(topic, f"{month}/{id}", key, value) for id, key, value in rows]
        return found

    def commit(self, group: str, records: Sequence[Record]) -> None:
        """Move the group past `records` in their topics."""
        with _errors(), _transaction(self._offsets):
            for record in records:
                month, _, id = record.position.partition("/")
                if (month, int(id)) > self._offset(record.topic, group):
                    self._offsets.execute(
                        "INSERT OR REPLACE INTO offsets VALUES (?, ?, ?, ?)", (str(record.topic), group, month, int(id))
                    )

    def expire(self, topic: Topic, before: date) -> int:
        """Delete the files of months that end before `before`; return how many."""
        expired = 0
        with _errors(), self._locked(topic):
            for month in self._months(topic):
                if month < before.strftime("%Y-%m"):
                    self._forget(topic, month)
                    expired += 1
        return expired

    def size(self, topic: Topic, group: str) -> tuple[int, int]:
        """Return (records held, records not yet committed by `group`)."""
        held = waiting = 0
        with _errors():
            after_month, after = self._offset(topic, group)
            for month in self._months(topic):
                file = self._file(topic, month)
                # Numbers are dense, only whole files go; counting rows would read 400 days of posts every few seconds.
                first, last = file.execute("SELECT min(id), max(id) FROM records").fetchone()
                if first is None:
                    continue
                held += last - first + 1
                if month >= after_month:
                    waiting += max(0, last - max(after if month == after_month else 0, first - 1))
        return held, waiting

    def close(self) -> None:
        """Close all files."""
        for file in (*self._files.values(), self._offsets):
            file.close()
        self._files.clear()

    def _months(self, topic: Topic) -> list[str]:
        return sorted(file.stem.removeprefix(f"{topic}-") for file in self._folder.glob(f"{topic}-*.sqlite"))

    def _file(self, topic: Topic, month: str) -> sqlite3.Connection:
        name = f"{topic}-{month}"
        if name not in self._files:
            self._files[name] = _connect(self._folder / f"{name}.sqlite", _RECORDS)
        return self._files[name]

    def _forget(self, topic: Topic, month: str) -> None:
        name = f"{topic}-{month}"
        if name in self._files:
            self._files.pop(name).close()
        for suffix in (".sqlite", ".sqlite-wal", ".sqlite-shm"):
            (self._folder / f"{name}{suffix}").unlink(missing_ok=True)

    def _offset(self, topic: Topic, group: str) -> tuple[str, int]:
        row = self._offsets.execute(
            'SELECT month, id FROM offsets WHERE topic = ? AND "group" = ?', (str(topic), group)
        ).fetchone()
        return (row[0], row[1]) if row else ("", 0)

    @contextmanager
    def _locked(self, topic: Topic) -> Iterator[None]:
        with (self._folder / f"{topic}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _connect(file: Path, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(schema)
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    # A deferred BEGIN fails at once under WAL when two write; IMMEDIATE waits for its turn.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as cause:
        if "full" in str(cause) or "No space left" in str(cause):
            raise StorageFull("storage_full", what="log") from cause
        raise BackendError("log_failed", detail=str(cause)) from cause
