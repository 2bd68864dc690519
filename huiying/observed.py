"""Ports that tell what became of each call, without the roles' knowledge: health, errors, what waits in the log.

role ─► Observed ─► port ─ answer ─► health.answered │ BackendError ─► health.failed, counted ─► raised on
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from huiying.core.errors import BackendError
from huiying.core.model import Topic

SIZE_EVERY = 10.0  # seconds
_WRITING = frozenset(
    {
        *("append", "put", "commit", "save", "replace", "assign", "set", "pin", "save_source", "save_post"),
        *("put_all", "save_sources", "save_posts"),
        *("add", "erase"),
    }
)
_NO_FAILURE = frozenset({"capture_missing"})


class Sink(Protocol):
    """Who is told."""

    def answered(self, backend: str, writing: bool) -> None:
        """Hear that a call of `backend` came back, with a result or a refusal."""

    def failed(self, backend: str, writing: bool) -> None:
        """Hear that a call of `backend` raised BackendError."""

    def appended(self, topic: Topic, count: int) -> None:
        """Hear how many records were appended to `topic`."""

    def size(self, topic: Topic, group: str, held: int, waiting: int) -> None:
        """Hear how many records `topic` holds and how many `group` has not committed."""


class Observed:
    """Stands for a port; every attribute is the port's own, its methods tell the sink."""

    def __init__(self, name: str, port: object, sink: Sink) -> None:
        self._name = name
        self._port = port
        self._sink = sink

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._port, attribute)
        if callable(found):
            return self._told(attribute, found)
        # The store's parts: crawl, stories, accounts …
        return Observed(self._name, found, self._sink)

    def _told(self, method: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def told(*arguments: Any, **named: Any) -> Any:
            writing = method in _WRITING
            try:
                result = call(*arguments, **named)
            except BackendError as failure:
                if failure.code not in _NO_FAILURE:
                    self._sink.failed(self._name, writing)
                raise
            if method != "close":
                self._sink.answered(self._name, writing)
            return result

        return told


class ObservedLog(Observed):
    """The log, which is used from one thread: its size is asked in that thread, after a poll, every 10 s at most."""

    def __init__(self, port: object, sink: Sink, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__("log", port, sink)
        self._seconds = seconds
        self._asked: dict[tuple[Topic, str], float] = {}

    def append(self, topic: Topic, records: Any) -> None:
        """Append, and tell how many."""
        self._told("append", self._port.append)(topic, records)  # type: ignore[attr-defined]
        self._sink.appended(topic, len(records))

    def poll(self, topic: Topic, group: str, limit: int) -> Any:
        """Poll, and tell how much waits."""
        records = self._told("poll", self._port.poll)(topic, group, limit)  # type: ignore[attr-defined]
        last = self._asked.get((topic, group))
        if last is None or self._seconds() - last >= SIZE_EVERY:
            self._asked[topic, group] = self._seconds()
            self._tell_size(topic, group)
        return records

    def _tell_size(self, topic: Topic, group: str) -> None:
        try:
            held, waiting = self._told("size", self._port.size)(topic, group)  # type: ignore[attr-defined]
        except BackendError:
            return  # counted; what was polled is handled all the same
        self._sink.size(topic, group, held, waiting)
