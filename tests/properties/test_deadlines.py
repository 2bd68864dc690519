"""Deadlines against a slow independent oracle that walks hour by hour through the office's own days."""

from __future__ import annotations

import os
import tomllib
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from random import Random
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.calendar import count_workdays
from alerts.deadlines import at_opening, explain, extended, raised
from alerts.vocabulary import Deadline, Step
from huiying.core.config import Calendar, Policy
from huiying.core.model import Level

SHANGHAI = ZoneInfo("Asia/Shanghai")
POLICY = Policy.model_validate(
    tomllib.loads((resources.files("alerts") / "data" / "policy.toml").read_text(encoding="utf-8"))
)
days = st.dates(date(2025, 1, 1), date(2028, 12, 31))
calendars = st.builds(
    Calendar, holidays=st.lists(days, max_size=40).map(tuple), workdays=st.lists(days, max_size=20).map(tuple)
)
instants = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 31), timezones=st.just(UTC))  # noqa: DTZ001


def works(day: date, calendar: Calendar) -> bool:
    """Say whether `day` counts, in the slowest words."""
    if day in set(calendar.workdays):
        return True
    if day in set(calendar.holidays):
        return False
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        own = [listed for listed in (*calendar.holidays, *calendar.workdays) if listed.year == day.year]
        return day.isoweekday() <= 5 if own else True


def walked(start: datetime, wanted: int, calendar: Calendar) -> datetime:
    """Go on hour by hour; each midnight that ends a counted day after the first day is one."""
    local = start.astimezone(SHANGHAI)
    first = local.date()
    hour = local.replace(minute=0, second=0, microsecond=0)
    ended = 0
    while ended < wanted:
        hour += timedelta(hours=1)
        if hour.hour == 0:
            over = (hour - timedelta(hours=1)).date()
            ended += over > first and works(over, calendar)
    return hour.astimezone(UTC)


INTERVALS = 1_000_000 if os.environ.get("HUIYING_PROFILE") == "long" else 3_000


def test_random_intervals_end_where_a_list_of_days_ends() -> None:
    """The list is made once for each office: every day from 2024 to 2029 that counts, in the words of the rules."""
    chance = Random(20260924)
    every = [date(2024, 1, 1) + timedelta(days=number) for number in range(6 * 365)]
    for _ in range(20):
        calendar = Calendar(
            holidays=tuple(chance.sample(every, chance.randrange(40))),
            workdays=tuple(chance.sample(every, chance.randrange(20))),
        )
        counted = [day for day in every if works(day, calendar)]
        for _ in range(INTERVALS // 20):
            start = datetime(2024, 1, 2, tzinfo=UTC) + timedelta(seconds=chance.randrange(5 * 365 * 86400))
            wanted = chance.randrange(1, 31)
            first = start.astimezone(SHANGHAI).date()
            last = counted[bisect_right(counted, first) + wanted - 1]
            midnight = datetime(last.year, last.month, last.day, tzinfo=SHANGHAI) + timedelta(days=1)
            found = count_workdays(start, wanted, calendar)
            assert (found.day, found.end) == (last, midnight.astimezone(UTC)), (start, wanted, calendar)


@given(instants, st.integers(1, 12), calendars)
@settings(max_examples=300, deadline=None)
def test_working_days_end_where_the_oracle_ends(start: datetime, wanted: int, calendar: Calendar) -> None:
    assert count_workdays(start, wanted, calendar).end == walked(start, wanted, calendar)


@given(instants, st.sampled_from(Level), calendars)
@settings(max_examples=200, deadline=None)
def test_the_chain_of_an_opening(start: datetime, level: Level, calendar: Calendar) -> None:
    deadlines = at_opening(level, start, POLICY, calendar)
    major = level >= Level.MAJOR
    assert deadlines[Step.REPLY].at == start + timedelta(hours=5 if major else 48)
    assert (Step.BRIEFING in deadlines) == major
    assert deadlines[Step.ASSIGN].at == deadlines[Step.ACKNOWLEDGE].at + timedelta(hours=1)
    assert deadlines[Step.RESOLVE].at == walked(start, 5, calendar)
    assert deadlines[Step.PUBLISH].at == deadlines[Step.RESOLVE].at + timedelta(days=1)
    last_moment = deadlines[Step.PUBLISH].at - timedelta(microseconds=1)
    assert deadlines[Step.CONFIRM].at == walked(last_moment, 3, calendar)


@given(instants, calendars)
@settings(max_examples=200, deadline=None)
def test_acknowledging_waits_for_the_next_duty_morning_outside_duty_hours(start: datetime, calendar: Calendar) -> None:
    at = at_opening(Level.ORDINARY, start, POLICY, calendar)[Step.ACKNOWLEDGE].at
    local = start.astimezone(SHANGHAI)
    if (8, 30) <= (local.hour, local.minute) < (17, 30):
        assert at == start + timedelta(minutes=15)
    else:
        morning = at.astimezone(SHANGHAI)
        assert (morning.hour, morning.minute, morning.second, morning.microsecond) == (8, 30, 0, 0)
        assert timedelta(0) < at - start <= timedelta(hours=15)
    assert at_opening(Level.MAJOR, start, POLICY, calendar)[Step.ACKNOWLEDGE].at == start + timedelta(minutes=15)


@given(instants, st.integers(1, 5), calendars)
@settings(max_examples=200, deadline=None)
def test_an_extension_moves_three_steps_by_one_length(start: datetime, wanted: int, calendar: Calendar) -> None:
    before = at_opening(Level.ORDINARY, start, POLICY, calendar)
    after = extended(before, wanted, calendar)
    lengths = {after[step].at - before[step].at for step in (Step.RESOLVE, Step.PUBLISH, Step.CONFIRM)}
    assert len(lengths) == 1
    assert set(after) == {Step.RESOLVE, Step.PUBLISH, Step.CONFIRM}
    assert after[Step.RESOLVE].at == walked(start, 5 + wanted, calendar)


@given(instants, st.timedeltas(timedelta(0), timedelta(days=12)), calendars)
@settings(max_examples=200, deadline=None)
def test_raising_makes_nothing_later(start: datetime, later: timedelta, calendar: Calendar) -> None:
    before = at_opening(Level.LARGER, start, POLICY, calendar)
    fresh = at_opening(Level.EXTRAORDINARY, start + later, POLICY, calendar)
    changed = raised(before, Level.EXTRAORDINARY, start + later, POLICY, calendar)
    for step in fresh:
        old = before[step].at if step in before else fresh[step].at
        assert changed.get(step, before.get(step, fresh[step])).at == min(old, fresh[step].at)


@given(instants, st.sampled_from(Level), calendars, st.sampled_from(["zh", "en"]))
@settings(max_examples=100, deadline=None)
def test_every_deadline_says_why(start: datetime, level: Level, calendar: Calendar, language: str) -> None:
    deadlines = at_opening(level, start, POLICY, calendar)
    for deadline in (*deadlines.values(), *extended(deadlines, 2, calendar).values()):
        sentence = explain(deadline, language, "Asia/Shanghai")
        assert "{" not in sentence
        assert "why." not in sentence
        assert "after." not in sentence


@pytest.mark.parametrize(
    ("opened", "resolve", "confirm"),
    [
        # worked out on the published calendar of 2026: Spring Festival 15 to 23 February, made up on 14 and 28 February
        ("2026-02-12T09:00:00+08:00", "2026-02-27T00:00:00+08:00", "2026-03-04T00:00:00+08:00"),
        # National Day 1 to 7 October, made up on 20 September and 10 October
        ("2026-09-28T09:00:00+08:00", "2026-10-11T00:00:00+08:00", "2026-10-15T00:00:00+08:00"),
    ],
)
def test_public_holidays_and_make_up_days(opened: str, resolve: str, confirm: str) -> None:
    deadlines = at_opening(Level.ORDINARY, datetime.fromisoformat(opened), POLICY, Calendar())
    assert deadlines[Step.RESOLVE].at == datetime.fromisoformat(resolve)
    assert deadlines[Step.CONFIRM].at == datetime.fromisoformat(confirm)


def test_resolution_across_the_year_end_counts_unknown_days_as_natural_and_says_so() -> None:
    opened = datetime.fromisoformat("2026-12-29T09:00:00+08:00")
    resolve = at_opening(Level.ORDINARY, opened, POLICY, Calendar())[Step.RESOLVE]
    assert resolve.at == datetime.fromisoformat("2027-01-04T00:00:00+08:00")  # 30, 31 working; 1, 2, 3 natural
    assert resolve.why.code == "working_days_unknown"
    assert "2027 年" in explain(resolve, "zh", "Asia/Shanghai")
    assert resolve.to_json()["why"]["fields"]["years"] == [2027]
    assert Deadline.from_json(resolve.to_json()) == resolve
    known = Calendar(holidays=(date(2027, 1, 1),))
    assert at_opening(Level.ORDINARY, opened, POLICY, known)[Step.RESOLVE].at == datetime.fromisoformat(
        "2027-01-07T00:00:00+08:00"
    )
