"""The rate over random histories: what a desk leaves undone never makes it better, and it never changes afterwards."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import cache

from hypothesis import given, settings

from alerts.figures import Figures, figures
from alerts.periods import Period, period
from alerts.vocabulary import CommandType, Criterion, Ground
from huiying.core.model import Event
from tests.alerts.scene import DUTY
from tests.properties.histories import History, Move, moves, play

YEAR = period("2026", "Asia/Shanghai")
MONTHS = [period(f"2026-{month:02}", "Asia/Shanghai") for month in range(1, 13)]


def ended(made: list[Move]) -> History:
    """Play `made` and let every alert of it fall due."""
    history = play(made)
    history.now = max(history.now, *(state.due for state in history.states.values())) + timedelta(minutes=1)
    history.beat()
    return history


def rate(events: list[Event], history: History, of: Period = YEAR) -> Fraction | None:
    made = figures(events, of, history.now).rate
    return Fraction(made.part.count, made.whole.count) if made else None


@cache
def forgotten() -> Event:
    """Return the opening of an alert that nobody ever touched."""
    other = History()
    other.open(999)
    return other.events[0]


@given(moves)
@settings(max_examples=1000, deadline=None)
def test_neither_an_alert_left_undone_nor_a_reopening_ever_raises_the_rate(made: list[Move]) -> None:
    history = ended(made)
    before = rate(history.events, history)
    after = rate([forgotten(), *history.events], history)
    assert after is not None
    assert after < before if before else after == 0
    reopened = [
        alert
        for alert, state in history.states.items()
        if state.confirmation and history.act(alert, CommandType.REOPEN, DUTY)
    ]
    since = figures(history.events, YEAR, history.now)
    assert not set(reopened) & set(since.correct.alerts)
    assert before is None or rate(history.events, history) <= before  # type: ignore[operator]


@given(moves, moves)
@settings(max_examples=150, deadline=None)
def test_the_same_events_period_and_cut_off_give_the_same_bytes_at_any_later_time(
    made: list[Move], later: list[Move]
) -> None:
    history = ended(made)
    issued = figures(history.events, YEAR, history.now)
    cutoff, number = history.now, len(history.events)
    history.now += timedelta(seconds=1)
    for what, which, command, *_ in later:
        alert = list(history.states)[which % len(history.states)]
        history.act(alert, list(CommandType)[command], DUTY)
        if what == "open":
            history.open(len(history.events))
    assert figures(history.events, YEAR, cutoff).to_json() == issued.to_json()
    assert figures(history.events[:number], YEAR, cutoff).to_json() == issued.to_json()


@given(moves)
@settings(max_examples=150, deadline=None)
def test_each_alert_is_counted_exactly_once_over_all_months(made: list[Move]) -> None:
    history = ended(made)
    once = sorted(alert for alert, state in history.states.items() if state.joined_into is None)
    counted = [alert for month in MONTHS for alert in _due(figures(history.events, month, history.now))]
    assert sorted(counted) == once
    assert sorted(_due(figures(history.events, YEAR, history.now))) == once


def _due(made: Figures) -> list[str]:
    """Return the alerts that fell due; they are correct, not correct or excluded on one ground, each one of these."""
    excluded = [alert for ground in Ground for alert in made.excluded[ground].alerts]
    assert (made.rate is None) == (made.correct.count + made.not_correct.count == 0)
    for criterion in Criterion:
        assert not set(made.failed[criterion].alerts) & set(made.correct.alerts)
    return [*made.correct.alerts, *made.not_correct.alerts, *excluded]


@given(moves)
@settings(max_examples=150, deadline=None)
def test_only_a_dismissal_on_a_known_ground_excludes(made: list[Move]) -> None:
    history = ended(made)
    counted = figures(history.events, YEAR, history.now)
    once = {alert: state for alert, state in history.states.items() if state.joined_into is None}
    dismissed = {alert for alert, state in once.items() if state.dismissal}
    assert {alert for ground in Ground for alert in counted.excluded[ground].alerts} == dismissed
    assert counted.if_excluded_counted is not None
    assert counted.if_excluded_counted.whole.count == len(once)
    if counted.rate:
        with_excluded = Fraction(counted.if_excluded_counted.part.count, counted.if_excluded_counted.whole.count)
        assert with_excluded <= Fraction(counted.rate.part.count, counted.rate.whole.count)
