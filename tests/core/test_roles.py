"""The loop of a role: ticks while it is its turn, stands by while it is not, and is seen doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from huiying import roles
from huiying.core.errors import BackendError
from huiying.metrics import Metrics
from huiying.roles import Beat, forever
from tests.clock import SettableClock


@pytest.fixture
def metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Metrics]:
    for pause in ("_IDLE", "_BROKEN", "_STANDBY"):
        monkeypatch.setattr(roles, pause, 0.0)
    made = Metrics("watch", 1, tmp_path, SettableClock().now)
    yield made
    made.close()


def turns(count: int) -> Callable[[], bool]:
    left = iter([False] * count)
    return lambda: next(left, True)


def ran(metrics: Metrics, folder: Path, tick: Callable[[], int], count: int, active: Callable[[], bool]) -> None:
    beat = Beat(folder / "watch.beat", SettableClock())
    with structlog.testing.capture_logs():
        forever("watch", tick, metrics.turning(turns(count)), beat, metrics, active)


def test_ticks_are_measured(metrics: Metrics, tmp_path: Path) -> None:
    ran(metrics, tmp_path, lambda: 0, 3, lambda: True)
    assert metrics.registry.get_sample_value("huiying_tick_seconds_count") == 3
    assert (tmp_path / "watch.beat").exists()


def test_nothing_is_done_out_of_turn(metrics: Metrics, tmp_path: Path) -> None:
    done: list[int] = []
    turn = iter([False, False, True, False])
    ran(metrics, tmp_path, lambda: done.append(1) or 0, 4, lambda: next(turn))
    assert done == [1]
    assert metrics.registry.get_sample_value("huiying_active") == 0


def test_a_failed_tick_counts_as_none_and_comes_again(metrics: Metrics, tmp_path: Path) -> None:
    def tick() -> int:
        raise BackendError("ledger_failed", detail="-")

    ran(metrics, tmp_path, tick, 3, lambda: True)
    assert metrics.registry.get_sample_value("huiying_tick_seconds_count") == 0
    assert metrics.health.living()
