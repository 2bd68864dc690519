"""Waiting for the ledger's next event: listening on PostgreSQL, looking ten times a second on SQLite.

PostgreSQL   append ─ pg_notify in its transaction ─► commit ─► one listening connection ─► bell ─► every waiting thread
             connection lost ─► again, LISTEN ─► bell: what was appended in between is looked for
SQLite       wait 0.1 s ─► look

A thread that waits reads the bell first and the head after: an event that comes in between rings the bell.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import psycopg
import structlog
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection

from huiying.backends import postgresql

LOOK = 0.1  # seconds between two looks at a file
_NOTICE = 0.5  # seconds within which a listener sees that it was closed, and tries a lost connection again
_NETWORK = {"connect_timeout": "3", "keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "2"}
logger = structlog.get_logger("huiying.ledger")


class Waiting(Protocol):
    """How one ledger object learns that there is more."""

    def appended(self, connection: Connection, seq: int) -> None:
        """Tell the others, within the transaction that appends up to `seq`."""

    def until(self, head: Callable[[], int], after: int, timeout: float) -> int:
        """Return `head()` once it is above `after`, or after `timeout` seconds."""

    def close(self) -> None:
        """Stop; threads that still wait look once more and return."""


class Polling:
    """Looks at the head again and again: a file tells nobody."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def appended(self, connection: Connection, seq: int) -> None:
        """Do nothing: the others look."""

    def until(self, head: Callable[[], int], after: int, timeout: float) -> int:
        """Return `head()` once it is above `after`, or after `timeout` seconds."""
        end = time.monotonic() + timeout
        while (found := head()) <= after and (left := end - time.monotonic()) > 0:
            if self._closed.wait(min(LOOK, left)):
                break
        return found

    def close(self) -> None:
        """Stop waiting."""
        self._closed.set()


class Listening:
    """Listens on one connection for all threads; it is opened when the first of them waits."""

    def __init__(self, url: str, desk: str) -> None:
        self._url = url
        self._desk = desk
        self._rung = 0
        self._bell = threading.Condition()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def appended(self, connection: Connection, seq: int) -> None:
        """Notify every listener of this desk, if the transaction is committed."""
        postgresql.notify(connection, seq)

    def until(self, head: Callable[[], int], after: int, timeout: float) -> int:
        """Return `head()` once it is above `after`, or after `timeout` seconds."""
        end = time.monotonic() + timeout
        self._begin()
        while True:
            rung = self._rung
            found = head()
            left = end - time.monotonic()
            if found > after or left <= 0 or self._closed.is_set():
                return found
            with self._bell:
                self._bell.wait_for(lambda rung=rung: self._rung != rung, left)  # type: ignore[misc]

    def close(self) -> None:
        """Stop listening; what waits is woken."""
        self._closed.set()
        self._ring()
        if self._thread is not None:
            self._thread.join(2 * _NOTICE)

    def _begin(self) -> None:
        with self._bell:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="listening", daemon=True)
                self._thread.start()

    def _ring(self) -> None:
        with self._bell:
            self._rung += 1
            self._bell.notify_all()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with postgresql.session(self._url, self._desk, _NETWORK) as connection:
                    self._listen(connection)
            except (psycopg.Error, OSError) as lost:
                logger.warning("ledger_listener_lost", detail=str(lost)[:200])
                self._closed.wait(_NOTICE)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(SQL("LISTEN {}").format(Identifier(postgresql.channel(self._desk))))
        # From here on nothing is missed; what came before is looked for once.
        self._ring()
        while not self._closed.is_set():
            for _ in connection.notifies(timeout=_NOTICE, stop_after=1):
                self._ring()


def waiting(url: str, desk: str) -> Waiting:
    """Return how a ledger at `url` waits."""
    return Listening(url, desk) if postgresql.is_meant(url) else Polling()
