"""The right to be the one active process of a role: a lock of the file system, or of a session on PostgreSQL.

held() ─► asked ─┐        ┌─ a thread of its own, twice a second ────────────────────────────────────┐
                 └───────►│ nobody asked for 30 s: give up │ no session: connect, try the lock │ ping │
held() ◄─ confirmed < 2 s ┴──────────────────────────────────────────────────────────────────────────┘

The server itself ends a session that says nothing for 5 s, and with it the lock: of a process that was paused or cut
off; of one that was killed at once. A turn that was taken counts only after 2 s, when the one before has stopped
believing in its own; so no two processes hold it at once. A standby follows within 5 + 0.5 + 2 s. A process whose loop
hangs while its threads run gives up after half a minute: a slow piece of work must not look like a hanging one.
"""

from __future__ import annotations

import fcntl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psycopg
import structlog

from huiying.backends import postgresql

EVERY = 0.5  # seconds between two pings
LEASE = 2.0  # seconds that a ping's answer is believed, counted from when it was asked
IDLE = 5  # seconds of silence after which the server ends the session
HANGS = 30.0  # seconds without a question after which the role's own loop is taken to hang
_NETWORK = {"connect_timeout": "2", "tcp_user_timeout": "3000", "keepalives_idle": "2"}
_TAKE = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
logger = structlog.get_logger("huiying.turn")


class FileTurn:
    """See `huiying.core.ports.Turn`. The system releases the lock with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._lock = threading.Lock()

    def held(self) -> bool:
        """Say whether this process holds the file's lock, taking it where nobody does."""
        with self._lock:
            if self._file is None:
                self._file = self._taken()
            return self._file is not None

    def _taken(self) -> IO[str] | None:
        try:
            file = self._path.open("w")
        except OSError as cause:
            logger.warning("turn_unknown", detail=str(cause))
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        return file

    def close(self) -> None:
        """Release the lock."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


class SqlTurn:
    """See `huiying.core.ports.Turn`. Needs sessions of its own: not behind a pool that shares them by transaction."""

    def __init__(self, url: str, desk: str, role: str) -> None:
        self._url = url
        self._desk = desk
        self._name = f"huiying/{desk}/turn/{role}"
        self._role = role
        self._asked = 0.0
        self._confirmed: float | None = None  # when the last ping that was answered had been asked
        self._since = 0.0  # from when on the turn counts
        self._trouble = ""
        self._ended = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def held(self) -> bool:
        """Say whether the server said within the last 2 s that this session has the lock."""
        now = self._asked = time.monotonic()
        self._begin()
        confirmed, since = self._confirmed, self._since
        return confirmed is not None and now - confirmed < LEASE and now >= since

    def close(self) -> None:
        """End the session, and with it the lock."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(IDLE)
        self._confirmed = None

    def _begin(self) -> None:
        with self._starting:
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._keep, name=f"turn-{self._role}", daemon=True)
                self._thread.start()

    def _keep(self) -> None:
        """Hold a session while somebody asks; begin again with another one whenever it is lost."""
        while not self._ended.is_set():
            if self._wanted():
                try:
                    self._in_session()
                    self._say("")
                except (psycopg.Error, OSError) as lost:
                    self._say(str(lost).strip()[:200])
                self._confirmed = None
            self._ended.wait(EVERY)

    def _wanted(self) -> bool:
        return not self._ended.is_set() and time.monotonic() - self._asked < HANGS

    def _in_session(self) -> None:
        connection = postgresql.session(self._url, self._desk, _NETWORK)
        try:
            connection.execute(f"SET idle_session_timeout = '{IDLE}s'")
            while self._wanted() and not self._take(connection):
                self._say("")
                self._ended.wait(EVERY)
            while self._wanted():
                began = time.monotonic()
                connection.execute("SELECT 1")
                self._confirmed = began
                self._ended.wait(EVERY)
            self._confirmed = None
        finally:
            with suppress(psycopg.Error):
                connection.close()

    def _take(self, connection: psycopg.Connection[Any]) -> bool:
        row = connection.execute(_TAKE, [self._name]).fetchone()
        taken = bool(row and row[0])
        if taken:
            self._since = time.monotonic() + LEASE
            logger.info("turn_taken", role=self._role)
        return taken

    def _say(self, trouble: str) -> None:
        """Log that the server cannot be asked when that begins, not at every try."""
        if trouble and trouble != self._trouble:
            logger.warning("turn_unknown", role=self._role, detail=trouble)
        self._trouble = trouble
