"""The watch tells of itself: standstills, a clock set back, what was read of each day, who is muted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from alerts.vocabulary import Step
from huiying.core import codec
from huiying.core.codec import instant
from huiying.core.consume import Buried
from huiying.core.model import Event, Topic
from huiying.core.states import Reading, SourceState
from tests.alerts.scene import DUTY, OPENED_AT, post
from tests.alerts.test_watch import Stage_, stage

__all__ = ["stage"]  # the fixture


def events(stage: Stage_, type: str) -> list[Event]:
    return [event for event in read_all(stage.scene.ledger) if event.type == type]


def begin(stage: Stage_) -> None:
    stage.watch = stage.start(real=True)
    stage.tick()


def test_a_standstill_is_told_before_anything_is_called_overdue_and_moves_c1(stage: Stage_) -> None:
    begin(stage)
    stage.posts(post(1))
    stage.tick()
    (alert,) = stage.scene.view.alerts() or [stage.scene.state(events(stage, "opened")[0].alert or "")]
    stage.scene.clock.forward(minutes=50)
    begin(stage)
    (gap,) = events(stage, "monitor_gap")
    back = stage.scene.clock.now()
    assert gap.payload["begin"] == codec.instant_text(instant(OPENED_AT))
    assert gap.payload["end"] == codec.instant_text(back)
    assert stage.scene.state(alert.id).deadlines[Step.ACKNOWLEDGE].at == back + timedelta(minutes=15)
    assert events(stage, "escalated") == []
    stage.tick()
    begin(stage)
    assert len(events(stage, "monitor_gap")) == 1


def test_a_restart_within_ten_minutes_is_no_standstill(stage: Stage_) -> None:
    begin(stage)
    stage.scene.clock.forward(minutes=10)
    begin(stage)
    assert events(stage, "monitor_gap") == []


def test_a_machine_that_slept_is_told_without_a_restart_and_a_simulated_clock_never(stage: Stage_) -> None:
    begin(stage)
    stage.scene.clock.forward(minutes=11)
    stage.tick()
    assert len(events(stage, "monitor_gap")) == 1
    stage.watch = stage.start()
    stage.scene.clock.forward(hours=5)
    stage.tick()
    assert len(events(stage, "monitor_gap")) == 1


def test_the_fourth_gap_of_a_quarter_moves_nothing_whoever_counted_the_first(stage: Stage_) -> None:
    for number in range(4):
        begin(stage)
        stage.posts(post(number, at=stage.scene.clock.now()))
        stage.tick()
        stage.scene.clock.forward(minutes=30)
    begin(stage)
    # the first alert is never answered: each gap moves it anew
    assert [len(gap.payload["moved"]) for gap in events(stage, "monitor_gap")] == [1, 2, 3, 0]


def test_a_clock_set_back_is_told_once(stage: Stage_) -> None:
    begin(stage)
    stage.scene.clock.forward(minutes=3)
    stage.scene.system("noted", None)
    last = stage.scene.clock.now()
    stage.scene.clock.forward(minutes=-2)
    stage.tick(2)
    stage.scene.clock.forward(minutes=1)
    stage.tick()
    (anomaly,) = events(stage, "clock_anomaly")
    assert anomaly.payload["last"] == codec.instant_text(last)
    assert anomaly.payload["clock"] == codec.instant_text(last - timedelta(minutes=2))
    assert anomaly.recorded_at == last


def read(stage: Stage_, outlet: str) -> None:
    now = stage.scene.clock.now()
    stage.store.crawl.save_source(
        SourceState(f"{outlet}/1", outlet, now, Reading.NEW, succeeded=now, newest=now, backlog=4)
    )


def test_the_minutes_that_each_outlet_was_read_are_recorded_when_the_day_is_over(stage: Stage_) -> None:
    begin(stage)
    read(stage, "news")  # every 600 s: read for the next 1,200
    for _ in range(60):
        stage.scene.clock.forward(minutes=1)
        stage.tick()
    buried = Buried("posts.found", "1", "k", "not_an_article", "")
    stage.log.append(Topic.DEAD, [("k", codec.encode(buried))] * 2)
    stage.watch = stage.start(real=True)
    stage.scene.clock.set("2026-03-05T00:00:30+08:00")
    read(stage, "news")
    stage.tick()
    (covered,) = events(stage, "coverage_recorded")
    assert covered.payload == {"day": "2026-03-04", "outlets": {"news": 20}, "dead": {}, "backlog": 4}
    assert stage.store.tallies.of(date(2026, 3, 5), "dead") == {"not_an_article": 2}
    stage.watch = stage.start()
    stage.tick()
    assert len(events(stage, "coverage_recorded")) == 1


@pytest.mark.parametrize(("failures", "minutes"), [(0, 40), (1, 20)])
def test_a_longer_wait_that_crawl_chose_is_no_gap_unless_the_source_fails(
    stage: Stage_, failures: int, minutes: int
) -> None:
    begin(stage)
    now = stage.scene.clock.now()
    due = now + timedelta(minutes=20)
    state = SourceState("news/1", "news", due, Reading.NEW, attempted=now, succeeded=now, failures=failures)
    stage.store.crawl.save_source(state)
    for _ in range(60):
        stage.scene.clock.forward(minutes=1)
        stage.tick()
    assert stage.store.tallies.of(date(2026, 3, 4), "read") == {"news": minutes}


def test_a_simulated_leap_was_read_all_the_while_each_minute_on_its_own_day(stage: Stage_) -> None:
    stage.scene.clock.set("2026-03-04T22:00:00+08:00")
    stage.tick()
    stage.scene.clock.set("2026-03-06T01:30:00+08:00")
    read(stage, "news")
    stage.tick()
    days = [(event.payload["day"], event.payload["outlets"]) for event in events(stage, "coverage_recorded")]
    assert days == [("2026-03-04", {"news": 120}), ("2026-03-05", {"news": 1440})]
    assert stage.store.tallies.of(date(2026, 3, 6), "read") == {"news": 90}


def test_a_day_on_which_nothing_ran_is_recorded_with_nothing_read(stage: Stage_) -> None:
    stage.tick()
    stage.scene.clock.forward(days=3)
    stage.tick()
    days = [(event.payload["day"], event.payload["outlets"]) for event in events(stage, "coverage_recorded")]
    assert days == [("2026-03-04", {"news": 0}), ("2026-03-05", {"news": 0}), ("2026-03-06", {"news": 0})]


def test_nobody_is_notified_of_a_muted_alert_and_its_deadlines_run_on(stage: Stage_) -> None:
    alert = stage.scene.open()
    stage.settle(1)
    stage.scene.do(DUTY, C.MUTE, alert, hours=1, reason="施工")
    stage.scene.clock.forward(minutes=16)
    stage.tick(3)
    (escalated,) = events(stage, "escalated")
    assert escalated.payload["told"] == []
    assert len(stage.store.deliveries.recent(9)) == 1
