"""What is degraded: each part once since its earliest instant, silent roles, what piles up; and the tally of alerts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.degraded import PARTS, Degraded, degraded
from alerts.tally import tally
from alerts.view import AlertView
from huiying.core.codec import instant
from huiying.core.health import RoleReport
from huiying.core.messages import catalogue
from tests.alerts.web.conftest import *  # noqa: F403  the desk's fixtures
from tests.alerts.web.invented import Invented
from tests.clock import SettableClock

NOW = instant("2026-03-10T10:00:00+08:00")
AGO = NOW - timedelta(minutes=5)


def test_nothing_is_degraded_where_all_is_well() -> None:
    assert degraded({}, [RoleReport("watch", NOW)], NOW) == ()


def test_the_earliest_instant_that_anybody_noticed_is_told() -> None:
    reports = [RoleReport("process", NOW, {"index": AGO}), RoleReport("desk", NOW, {"index": NOW})]
    assert degraded({"index": NOW}, reports, NOW) == (Degraded("index", AGO),)


@pytest.mark.parametrize("role", ["crawl", "process", "watch"])
def test_a_role_is_silent_after_60_s(role: str) -> None:
    last = NOW - timedelta(seconds=60)
    assert degraded({}, [RoleReport(role, last)], NOW) == ()
    last -= timedelta(seconds=1)
    assert degraded({}, [RoleReport(role, last)], NOW) == (Degraded(role, last),)


def test_one_living_worker_is_enough() -> None:
    assert degraded({}, [RoleReport("process", AGO), RoleReport("process", NOW)], NOW) == ()


def test_what_a_silent_role_last_said_is_not_believed() -> None:
    silent = RoleReport("process", AGO, {"index": AGO}, {"posts_found": (5000, AGO)})
    assert [each.part for each in degraded({}, [silent], NOW)] == ["process"]


def test_the_most_grave_comes_first() -> None:
    watch = RoleReport("watch", NOW, {"store": NOW}, {"posts_ready": (2000, AGO)})
    found = degraded({"index": NOW, "ledger": NOW}, [watch], NOW)
    assert [each.part for each in found] == ["ledger", "store", "posts_ready", "index"]
    assert found[2] == Degraded("posts_ready", AGO, 2000)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_part_has_its_sentence(language: str) -> None:
    assert all(f"degraded.{part}" in catalogue(language) for part in PARTS)


def test_the_tally_counts_open_alerts_and_the_latest_step(desk: Invented, clock: SettableClock) -> None:
    desk.alert("a1", level=3)
    first = desk.alert("a2", "又停水")
    desk.press("duty", first, "acknowledge")
    view = AlertView(desk.services.ledger)
    view.catch_up()
    calm = tally(view.alerts(), clock.now())
    assert calm.open == {(3, "opened"): 1, (1, "acknowledged"): 1}
    assert (calm.overdue, calm.lateness) == (0, 0)
    clock.forward(minutes=16)
    late = tally(view.alerts(), clock.now())
    assert (late.overdue, late.lateness) == (1, 60)
