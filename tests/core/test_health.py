"""Health: a loop that hangs is not alive, silence is no answer, a failure has a beginning and an end."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from huiying.core.errors import BackendError
from huiying.core.health import Health, RoleReport
from huiying.core.probing import Probing
from huiying.core.reports import read_reports, write_report
from tests.clock import SettableClock


class Seconds:
    """A monotonic count that a test moves together with the clock."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock = clock
        self._start = clock.now()

    def __call__(self) -> float:
        return (self.clock.now() - self._start).total_seconds()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def health(clock: SettableClock) -> Health:
    return Health("desk", ("ledger", "store"), clock.now, Seconds(clock))


def test_a_loop_that_has_not_turned_for_a_minute_is_not_alive(health: Health, clock: SettableClock) -> None:
    clock.forward(seconds=60)
    assert health.living()
    clock.forward(seconds=1)
    assert not health.living()
    health.turned()
    assert health.living()


def test_ready_is_only_what_everything_needed_answered_in_the_last_30_s(health: Health, clock: SettableClock) -> None:
    health.answered("ledger")
    assert not health.ready()
    health.answered("store")
    assert health.ready()
    clock.forward(seconds=31)
    health.answered("ledger")
    assert not health.ready()


def test_a_hanging_loop_is_not_ready(health: Health, clock: SettableClock) -> None:
    clock.forward(seconds=61)
    health.answered("ledger")
    health.answered("store")
    assert not health.ready()


def test_what_is_not_needed_is_named_and_does_not_make_it_unready(health: Health, clock: SettableClock) -> None:
    health.answered("ledger")
    health.answered("store")
    health.failed("index")
    report = health.report()
    assert report == {
        "ready": True,
        "role": "desk",
        "degraded": ["index"],
        "since": "2026-01-27T00:00:00.000000Z",
    }


def test_a_failure_keeps_its_beginning_and_an_answer_ends_it(health: Health, clock: SettableClock) -> None:
    began = clock.now()
    for _ in range(10):
        health.failed("index")
        clock.forward(seconds=5)
    assert health.degraded() == {"index": began}
    health.answered("index")
    assert health.degraded() == {}


def test_an_answer_to_a_question_makes_no_refused_write_good(health: Health, clock: SettableClock) -> None:
    health.failed("index", writing=True)
    health.answered("index")
    assert "index" in health.degraded()
    health.answered("index", writing=True)
    assert health.degraded() == {}


def test_a_write_that_nobody_repeats_is_forgotten(health: Health, clock: SettableClock) -> None:
    health.failed("ledger", writing=True)
    clock.forward(seconds=29)
    health.answered("ledger")
    assert "ledger" in health.degraded()
    clock.forward(seconds=2)
    assert health.degraded() == {}


def test_what_is_asked_and_says_nothing_is_degraded_since_its_last_answer(health: Health, clock: SettableClock) -> None:
    health.asking("index")
    clock.forward(seconds=20)
    last = clock.now()
    health.answered("index")
    clock.forward(seconds=30)
    assert health.degraded() == {}
    clock.forward(seconds=1)
    assert health.degraded() == {"index": last}


def test_probes_tell_answers_and_failures_apart(health: Health) -> None:
    def broken() -> None:
        raise BackendError("store_failed", detail="-")

    Probing(health, {"ledger": lambda: 1, "store": broken}).ask()
    assert set(health.degraded()) == {"store"}
    assert not health.ready()


def test_reports_come_back_as_they_were_written(tmp_path: Path, health: Health, clock: SettableClock) -> None:
    health.failed("index")
    write_report(tmp_path, health, 2, {"posts_found": (1200, clock.now())})
    [report] = read_reports(tmp_path)
    assert (report.role, report.degraded) == ("desk", {"index": clock.now()})
    assert report.waiting == {"posts_found": (1200, clock.now())}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"degraded": 3, "waiting": {}}', '{"degraded": {"x": 1}}'])
def test_a_report_that_a_full_disk_cut_still_tells_its_time(tmp_path: Path, content: str) -> None:
    file = tmp_path / "health" / "watch-1.json"
    file.parent.mkdir()
    file.write_text(content, encoding="ascii")
    os.utime(file, (1000, 1000))
    [report] = read_reports(tmp_path)
    assert report == RoleReport("watch", report.at)
    assert report.at.timestamp() == 1000


def test_the_report_says_nothing_of_addresses_or_errors(health: Health) -> None:
    health.failed("index")
    assert json.dumps(health.report()).count("index") == 1
