"""The contract of the log, one sentence of the port a test, over every backend; what a month is, over SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from huiying.backends.log_kafka import KafkaLog
from huiying.backends.log_sqlite import SqliteLog
from huiying.core.errors import BackendError
from huiying.core.model import Topic
from huiying.core.ports import Log
from tests.clock import SettableClock

pytest_plugins = ("tests.kafka_server",)

FOUND = Topic.POSTS_FOUND
Opener = Callable[[], Log]


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock("2026-01-31T23:00:00+00:00")


@pytest.fixture(params=["sqlite", "kafka"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: SettableClock) -> Opener:
    if request.param == "sqlite":
        return lambda: SqliteLog(tmp_path / "log", clock)
    settings = request.getfixturevalue("kafka_settings")
    return lambda: KafkaLog(settings)


@pytest.fixture
def log(opened: Opener) -> Iterator[Log]:
    made = opened()
    yield made
    made.close()


@pytest.fixture
def sqlite_log(tmp_path: Path, clock: SettableClock) -> Iterator[SqliteLog]:
    made = SqliteLog(tmp_path / "log", clock)
    yield made
    made.close()


def keys(log: Log, group: str = "g", limit: int = 100) -> list[str]:
    """Return the keys of a poll, sorted: only records of one key have an order."""
    return sorted(record.key for record in log.poll(FOUND, group, limit))


def values(log: Log, limit: int = 100) -> list[bytes]:
    return [record.value for record in log.poll(FOUND, "g", limit)]


def test_order_of_a_key_is_kept_within_and_over_appends(log: Log) -> None:
    log.append(FOUND, [("a", b"1"), ("a", b"2")])
    log.append(FOUND, [("a", b"3")])
    assert values(log) == [b"1", b"2", b"3"]


def test_poll_returns_as_many_as_are_wanted(log: Log) -> None:
    log.append(FOUND, [("a", b"1"), ("a", b"2"), ("a", b"3")])
    assert values(log, limit=2) == [b"1", b"2"]
    assert values(log, limit=3) == [b"1", b"2", b"3"]
    assert values(log, limit=1) == [b"1"]


def test_poll_returns_what_was_sent(log: Log) -> None:
    log.append(FOUND, [("https://甲.example/一?a=b", bytes(range(256))), ("empty", b"")])
    found = {record.key: record.value for record in log.poll(FOUND, "g", 10)}
    assert found == {"https://甲.example/一?a=b": bytes(range(256)), "empty": b""}


def test_poll_without_commit_repeats(log: Log) -> None:
    log.append(FOUND, [("a", b"1"), ("b", b"2")])
    assert log.poll(FOUND, "g", 10) == log.poll(FOUND, "g", 10) != []


def test_a_poll_after_the_first_sees_what_came_since(log: Log) -> None:
    assert keys(log) == []
    log.append(FOUND, [("a", b"1")])
    assert keys(log) == ["a"]


def test_commit_moves_only_its_own_group(log: Log) -> None:
    log.append(FOUND, [("a", b"1"), ("b", b"2")])
    (first,) = log.poll(FOUND, "g", 1)
    log.commit("g", [first])
    assert keys(log) == sorted({"a", "b"} - {first.key})
    assert keys(log, "other") == ["a", "b"]
    assert log.size(FOUND, "g") == (2, 1)
    assert log.size(FOUND, "new") == (2, 2)


def test_commit_marks_all_before_of_the_same_key(log: Log) -> None:
    log.append(FOUND, [("a", b"1"), ("a", b"2"), ("a", b"3")])
    log.commit("g", log.poll(FOUND, "g", 3)[1:2])
    assert values(log) == [b"3"]


def test_commit_never_moves_back(log: Log) -> None:
    log.append(FOUND, [("a", b"1"), ("b", b"2")])
    both = log.poll(FOUND, "g", 2)
    log.commit("g", both)
    log.commit("g", both[:1])
    assert keys(log) == []
    assert log.size(FOUND, "g") == (2, 0)


def test_commit_never_moves_back_after_opening_again(log: Log, opened: Opener) -> None:
    log.append(FOUND, [("a", b"1"), ("a", b"2")])
    both = log.poll(FOUND, "g", 2)
    log.commit("g", both)
    log.close()
    again = opened()
    again.commit("g", both[:1])
    assert values(again) == []
    assert again.size(FOUND, "g") == (2, 0)
    again.close()


def test_topics_are_apart(log: Log) -> None:
    log.append(FOUND, [("a", b"1")])
    assert log.poll(Topic.DEAD, "g", 10) == []


def test_nothing_to_append_or_commit_is_no_error(log: Log) -> None:
    log.append(FOUND, [])
    log.commit("g", [])
    assert log.size(FOUND, "g") == (0, 0)


def test_records_are_durable_and_offsets_too(log: Log, opened: Opener) -> None:
    log.append(FOUND, [("a", b"1"), ("a", b"2")])
    log.commit("g", log.poll(FOUND, "g", 1))
    log.close()
    again = opened()
    assert values(again) == [b"2"]
    again.close()


def test_writers_in_threads_lose_nothing(log: Log, opened: Opener) -> None:
    def write(name: str) -> None:
        own = opened()
        for number in range(25):
            own.append(FOUND, [(name, b"%d" % number)])
        own.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = log.poll(FOUND, "g", 1000)
    assert len(found) == 100
    for name in "abcd":
        assert [record.value for record in found if record.key == name] == [b"%d" % number for number in range(25)]


def test_order_is_kept_over_months(sqlite_log: SqliteLog, clock: SettableClock) -> None:
    sqlite_log.append(FOUND, [("a", b"1"), ("b", b"2")])
    clock.forward(hours=2)
    sqlite_log.append(FOUND, [("c", b"3")])
    assert values(sqlite_log) == [b"1", b"2", b"3"]


def test_no_record_enters_an_older_month(sqlite_log: SqliteLog, clock: SettableClock) -> None:
    clock.set("2026-02-01T00:00:00+00:00")
    sqlite_log.append(FOUND, [("a", b"1")])
    sqlite_log.commit("g", sqlite_log.poll(FOUND, "g", 1))
    clock.set("2026-01-31T23:59:59+00:00")
    sqlite_log.append(FOUND, [("b", b"2")])
    assert keys(sqlite_log) == ["b"]


def test_expiry_deletes_whole_months_and_offsets_stand(sqlite_log: SqliteLog, clock: SettableClock) -> None:
    sqlite_log.append(FOUND, [("a", b"1")])
    clock.forward(hours=2)
    sqlite_log.append(FOUND, [("b", b"2")])
    assert sqlite_log.expire(FOUND, date(2026, 2, 15)) == 1
    assert keys(sqlite_log) == ["b"]


@pytest.mark.parametrize("call", ["append", "poll", "commit", "size", "expire"])
def test_a_broken_file_is_a_backend_error_and_acknowledges_nothing(
    sqlite_log: SqliteLog, tmp_path: Path, clock: SettableClock, call: str
) -> None:
    sqlite_log.append(FOUND, [("a", b"1")])
    records = sqlite_log.poll(FOUND, "g", 1)
    sqlite_log.close()
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
