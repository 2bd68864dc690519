"""What the roles expose: counted once, under few labels, at the role's own port, with health beside it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.store_sql import SqlStore
from huiying.core.config import MetricsSection
from huiying.core.consume import Counters, consume
from huiying.core.errors import BackendError, Dead, HuiyingError
from huiying.core.model import Topic
from huiying.core.ports import Record
from huiying.core.states import Reading, SourceState
from huiying.metrics import Metrics, port_of
from huiying.sampling import crawl_sampler
from tests.clock import SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def metrics(tmp_path: Path, clock: SettableClock) -> Iterator[Metrics]:
    made = Metrics("process", 1, tmp_path, clock.now)
    yield made
    made.close()


@pytest.fixture
def log(tmp_path: Path, clock: SettableClock) -> Iterator[SqliteLog]:
    made = SqliteLog(tmp_path / "log", clock)
    yield made
    made.close()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_each_role_has_a_port_of_its_own() -> None:
    section = MetricsSection()
    ports = [port_of(section, role, 1) for role in ("crawl", "watch", "desk")]
    assert ports == [8710, 8711, 8712]
    assert [port_of(section, "process", worker) for worker in (1, 2, 7)] == [8713, 8714, 8719]


def test_records_are_counted_as_the_loop_counted_them(metrics: Metrics, log: SqliteLog) -> None:
    counters = Counters()
    seen = metrics.observed("log", log)
    metrics.counted(Topic.POSTS_FOUND, counters)
    seen.append(Topic.POSTS_FOUND, [("k", b"1"), ("k", b"2"), ("k", b"3")])

    def broken(_: list[Record]) -> list[Dead | None]:
        raise BackendError("index_failed", detail="-")

    with pytest.raises(BackendError):
        consume(seen, Topic.POSTS_FOUND, "process", broken, counters)
    consume(seen, Topic.POSTS_FOUND, "process", lambda records: [None, None, Dead("too_large")], counters)
    told = {
        outcome: value(metrics, "huiying_records_total", topic="posts_found", outcome=outcome)
        for outcome in ("done", "retried", "dead")
    }
    assert told == {"done": 2, "retried": 3, "dead": 1}
    assert value(metrics, "huiying_records_appended_total", topic="dead") == 1
    assert value(metrics, "huiying_records_appended_total", topic="posts_found") == 3


def test_what_waits_is_asked_after_a_poll_and_not_more_than_every_ten_seconds(
    metrics: Metrics, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    size = log.size
    monkeypatch.setattr(log, "size", lambda topic, group: asked.append(group) or size(topic, group))
    seen = metrics.observed("log", log)
    seen.append(Topic.POSTS_FOUND, [("k", b"1"), ("k", b"2")])
    for _ in range(5):
        seen.poll(Topic.POSTS_FOUND, "process", 1)
    assert asked == ["process"]
    assert value(metrics, "huiying_records_waiting", topic="posts_found", group="process") == 2
    assert value(metrics, "huiying_records_held", topic="posts_found") == 2


def test_a_failing_backend_is_counted_and_raises_on(metrics: Metrics, log: SqliteLog) -> None:
    seen = metrics.observed("log", log)
    log.close()
    for _ in range(2):
        with pytest.raises(BackendError):
            seen.poll(Topic.POSTS_FOUND, "process", 1)
    assert value(metrics, "huiying_backend_errors_total", backend="log") == 2
    assert list(metrics.health.degraded()) == ["log"]
    assert value(metrics, "huiying_backends_degraded") == 1


def test_a_part_of_the_store_is_the_store(metrics: Metrics, tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'store.sqlite'}")
    seen = metrics.observed("store", store)
    seen.cursors.set("x", 3)
    assert seen.cursors.get("x") == 3
    metrics.health.failed("store", writing=True)
    seen.cursors.set("x", 4)
    assert metrics.health.degraded() == {}
    store.close()


def test_a_capture_that_is_not_held_is_no_failure(metrics: Metrics) -> None:
    class Nothing:
        def get(self, reference: str) -> None:
            raise BackendError("capture_missing", reference=reference)

    with pytest.raises(BackendError):
        metrics.observed("captures", Nothing()).get("x")
    assert value(metrics, "huiying_backend_errors_total", backend="captures") == 0


def test_the_crawl_shows_sources_due_and_the_newest_post(tmp_path: Path, clock: SettableClock) -> None:
    metrics = Metrics("crawl", 1, tmp_path, clock.now)
    store = SqlStore(f"sqlite:///{tmp_path / 'store.sqlite'}")
    now = clock.now()
    store.crawl.save_source(SourceState("a/1", "a", now, Reading.NEW, last_new=now - timedelta(hours=1)))
    store.crawl.save_source(SourceState("b/1", "b", now + timedelta(minutes=1), Reading.UNREACHABLE))
    crawl_sampler(metrics, store, clock)()
    assert value(metrics, "huiying_sources", reading="new") == 1
    assert value(metrics, "huiying_sources", reading="unreachable") == 1
    assert value(metrics, "huiying_sources_due") == 1
    assert value(metrics, "huiying_last_post_timestamp_seconds") == (now - timedelta(hours=1)).timestamp()
    store.close()


def test_a_role_that_stands_by_says_so_and_is_ready(metrics: Metrics) -> None:
    metrics.health.answered("ledger")
    metrics.health.answered("store")
    metrics.standing(False)
    assert value(metrics, "huiying_active") == 0
    assert metrics.health.ready()
    metrics.standing(True)
    assert value(metrics, "huiying_active") == 1


def test_metrics_and_health_are_served(metrics: Metrics) -> None:
    port = metrics.serve("127.0.0.1", 0)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        exposed = client.get("/metrics").text
        names = {family.name for family in text_string_to_metric_families(exposed)}
        assert {"huiying_tick_seconds", "huiying_build", "huiying_data_free_bytes"} <= {
            name.removesuffix("_info") for name in names
        }
        unready = client.get("/readyz")
        assert (unready.status_code, unready.json()["ready"]) == (503, False)
        for backend in ("ledger", "store", "log"):
            metrics.health.answered(backend)
        assert client.get("/readyz").status_code == 200
        assert client.get("/healthz").json() == {"living": True, "role": "process"}
        assert client.get("/").status_code == 404


def test_a_taken_port_is_a_sentence(metrics: Metrics) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HuiyingError, match="port_in_use") as refused:
            metrics.serve("127.0.0.1", port)
    assert str(port) in refused.value.sentence()


def test_whoever_asks_whether_to_stop_is_seen_to_turn_and_reports(
    metrics: Metrics, tmp_path: Path, clock: SettableClock
) -> None:
    assert metrics.turning(lambda: True)() is True
    report = json.loads((tmp_path / "health" / "process-1.json").read_text())
    assert report == {"degraded": {}, "waiting": {}}
    assert value(metrics, "huiying_last_turn_timestamp_seconds") == clock.now().timestamp()


def test_a_topic_that_piles_up_is_reported_with_its_beginning(
    metrics: Metrics, tmp_path: Path, clock: SettableClock
) -> None:
    began = clock.now()
    metrics.size(Topic.POSTS_FOUND, "process", 5000, 1000)
    clock.forward(minutes=5)
    metrics.size(Topic.POSTS_FOUND, "process", 5000, 4000)
    assert metrics.piled() == {"posts_found": (4000, began)}
    metrics.size(Topic.POSTS_FOUND, "process", 5000, 999)
    assert metrics.piled() == {}


def test_filling_an_index_is_one_group_and_no_backlog(metrics: Metrics) -> None:
    metrics.size(Topic.POSTS_READY, "index 2026-01-27T00:00:00.000000Z 1f52320a", 5000, 5000)
    assert value(metrics, "huiying_records_waiting", topic="posts_ready", group="index") == 5000
    assert metrics.piled() == {}


def test_a_backend_that_fails_leaves_the_sampled_values(metrics: Metrics) -> None:
    again = threading.Event()
    calls: list[int] = []

    def take() -> None:
        calls.append(1)
        if len(calls) > 1:
            again.set()
        raise BackendError("store_failed", detail="-")

    metrics.sample(0.01, take)
    assert again.wait(5)
