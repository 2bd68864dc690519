"""What is written to standard error: one JSON line an event, ours and the libraries'.

A library's line carries no traceback where it speaks to servers, no password in an address, and comes once a minute.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

AGAIN = 60.0  # seconds until the same trouble is written again
# Their tracebacks show connection settings; that they failed is told by the backend's own error.
_SERVERS = ("kafka", "elastic_transport", "elasticsearch", "urllib3", "sqlalchemy", "psycopg")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_SECRET = re.compile(
    r"""(?ix) (["']? [\w-]* (?:password|passwd|api_?key|secret|authorization) ["']? \s* [:=] \s*)
    ("[^"]*" | '[^']*' | (?:basic\ |apikey\ |bearer\ )? [^\s,;)}]+)"""
)


def masked(text: str) -> str:
    """Return `text` without user and password in addresses and without values named like secrets."""
    return _SECRET.sub(r"\1***", _CREDENTIALS.sub("***@", text))


class LibraryLines(logging.Formatter):
    """A library's record as our JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line: dict[str, object] = {
            "event": masked(record.getMessage()),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": at,
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            if record.name.partition(".")[0] not in _SERVERS:
                line["traceback"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class OnceAMinute(logging.Filter):
    """Lets the same message of one logger pass once a minute: clients complain several times a second."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._last: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether `record` is written."""
        if record.name.partition(".")[0] not in _SERVERS:
            return True
        key = (record.name, record.levelno, str(record.msg)[:80])
        now = self._seconds()
        if now - self._last.get(key, float("-inf")) < AGAIN:
            return False
        if len(self._last) > 1000:  # messages made up by their senders, each another one
            self._last.clear()
        self._last[key] = now
        return True


class Spared:
    """A processor of structlog that drops the same trouble within a minute: these loops ask several times a second."""

    EVENTS = frozenset({"feed_ledger_unreadable", "captures_wanted_unread", "configuration_unread"})

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._last: dict[str, float] = {}

    def __call__(self, _: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """Return the line, or raise DropEvent."""
        event = str(line.get("event"))
        if event in self.EVENTS:
            if self._seconds() - self._last.get(event, float("-inf")) < AGAIN:
                raise structlog.DropEvent
            self._last[event] = self._seconds()
        return line


def log_to_stderr() -> None:
    """Write one JSON line an event to standard error, with the instant in UTC; of libraries, warnings only."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LibraryLines())
    handler.addFilter(OnceAMinute())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    structlog.configure(
        processors=[
            Spared(),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Never the frames' locals: a password or a key may stand in one.
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
