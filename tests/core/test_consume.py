"""The one loop: every record is done, dead with a reason, or comes again, and is counted once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from huiying.backends.log_sqlite import SqliteLog
from huiying.core import codec
from huiying.core.consume import Buried, Counters, consume
from huiying.core.errors import BackendError, Dead
from huiying.core.model import Topic
from huiying.core.ports import Record
from tests.clock import SettableClock


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    made = SqliteLog(tmp_path, SettableClock())
    made.append(Topic.POSTS_FOUND, [(name, name.encode()) for name in "abc"])
    yield made
    made.close()


def test_done_and_dead_are_committed_and_counted(log: SqliteLog) -> None:
    counters = Counters()

    def handle(records: list[Record]) -> list[Dead | None]:
        return [Dead("not_an_article", why="x") if record.key == "b" else None for record in records]

    assert consume(log, Topic.POSTS_FOUND, "g", handle, counters) == 3
    assert consume(log, Topic.POSTS_FOUND, "g", handle, counters) == 0
    (record,) = log.poll(Topic.DEAD, "t", 10)
    buried = codec.decode(Buried, record.value)
    assert (buried.key, buried.reason, buried.topic, buried.detail) == ("b", "not_an_article", "posts_found", "why=x")
    assert counters == Counters(polled=3, done=2, dead=1, retried=0)


def test_a_backend_error_brings_the_batch_back(log: SqliteLog) -> None:
    counters = Counters()

    def fail(records: list[Record]) -> list[Dead | None]:
        raise BackendError("log_failed", detail="x")

    with pytest.raises(BackendError):
        consume(log, Topic.POSTS_FOUND, "g", fail, counters)
    assert counters == Counters(polled=3, done=0, dead=0, retried=3)
    assert len(log.poll(Topic.POSTS_FOUND, "g", 10)) == 3
