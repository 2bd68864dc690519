"""The contract of the log, one sentence of the port a test, over every backend."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from huiying.backends.log_sqlite import SqliteLog
from huiying.core.errors import BackendError
from huiying.core.model import Topic
from huiying.core.ports import Log
from tests.clock import SettableClock

FOUND = Topic.POSTS_FOUND


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock("2026-01-31T23:00:00+00:00")


@pytest.fixture(params=["sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path, clock: SettableClock) -> Iterator[Log]:
    made = SqliteLog(tmp_path / "log", clock)
    yield made
    made.close()


def keys(log: Log, group: str = "g", limit: int = 100) -> list[str]:
    return [record.key for record in log.poll(FOUND, group, limit)]


def test_order_is_kept_over_appends_and_months(log: Log, clock: SettableClock) -> None:
    log.append(FOUND, [("a", b"1"), ("b", b"2")])
    clock.forward(hours=2)
    log.append(FOUND, [("c", b"3")])
    assert keys(log) == ["a", "b", "c"]
    assert keys(log, limit=2) == ["a", "b"]


def test_poll_without_commit_repeats(log: Log) -> None:
    log.append(FOUND, [("a", b"1")])
    assert log.poll(FOUND, "g", 10) == log.poll(FOUND, "g", 10)


def test_commit_moves_only_its_own_group(log: Log) -> None:
    log.append(FOUND, [("a", b"1"), ("b", b"2")])
    log.commit("g", log.poll(FOUND, "g", 1))
    assert keys(log) == ["b"]
    assert keys(log, "other") == ["a", "b"]
    assert log.size(FOUND, "g") == (2, 1)


def test_commit_never_moves_back(log: Log) -> None:
    log.append(FOUND, [("a", b"1"), ("b", b"2")])
    both = log.poll(FOUND, "g", 2)
    log.commit("g", both)
    log.commit("g", both[:1])
    assert keys(log) == []


def test_topics_are_apart(log: Log) -> None:
    log.append(FOUND, [("a", b"1")])
    assert log.poll(Topic.DEAD, "g", 10) == []


def test_no_record_enters_an_older_month(log: Log, clock: SettableClock) -> None:
    clock.set("2026-02-01T00:00:00+00:00")
    log.append(FOUND, [("a", b"1")])
    log.commit("g", log.poll(FOUND, "g", 1))
    clock.set("2026-01-31T23:59:59+00:00")
    log.append(FOUND, [("b", b"2")])
    assert keys(log) == ["b"]


def test_expiry_deletes_whole_months_and_offsets_stand(log: Log, clock: SettableClock) -> None:
    log.append(FOUND, [("a", b"1")])
    clock.forward(hours=2)
    log.append(FOUND, [("b", b"2")])
    assert log.expire(FOUND, date(2026, 2, 15)) == 1
    assert keys(log) == ["b"]


def test_records_are_durable_and_offsets_too(log: Log, tmp_path: Path, clock: SettableClock) -> None:
    log.append(FOUND, [("a", b"1"), ("b", bytes(range(256)))])
    log.commit("g", log.poll(FOUND, "g", 1))
    log.close()
    again = SqliteLog(tmp_path / "log", clock)
    (record,) = again.poll(FOUND, "g", 10)
    assert (record.key, record.value) == ("b", bytes(range(256)))
    again.close()


def test_writers_in_threads_lose_nothing(log: Log, tmp_path: Path, clock: SettableClock) -> None:
    def write(name: str) -> None:
        own = SqliteLog(tmp_path / "log", clock)
        for number in range(25):
            own.append(FOUND, [(f"{name}{number}", b"")])
        own.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = keys(log, limit=1000)
    assert len(set(found)) == len(found) == 100
    assert [key for key in found if key[0] == "a"] == [f"a{number}" for number in range(25)]


@pytest.mark.parametrize("call", ["append", "poll", "commit", "size", "expire"])
def test_a_broken_file_is_a_backend_error_and_acknowledges_nothing(
    log: Log, tmp_path: Path, clock: SettableClock, call: str
) -> None:
    log.append(FOUND, [("a", b"1")])
    records = log.poll(FOUND, "g", 1)
    log.close()
    broken = SqliteLog(tmp_path / "log", clock)
    for file in (tmp_path / "log").glob("*.sqlite"):
        damaged = sqlite3.connect(file)
        damaged.execute("DROP TABLE IF EXISTS records")
        damaged.execute("DROP TABLE IF EXISTS offsets")
        damaged.execute("CREATE TABLE records (other)")
        damaged.execute("CREATE TABLE offsets (other)")
        damaged.commit()
        damaged.close()
    calls = {
        "append": lambda: broken.append(FOUND, [("b", b"2")]),
        "poll": lambda: broken.poll(FOUND, "g", 1),
        "commit": lambda: broken.commit("g", records),
        "size": lambda: broken.size(FOUND, "g"),
        "expire": lambda: broken.expire(FOUND, date(2027, 1, 1)),
    }
    if call == "expire":
        (tmp_path / "log").rename(tmp_path / "gone")
    with pytest.raises(BackendError):
        calls[call]()
    broken.close()
