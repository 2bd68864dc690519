"""Working days: the State Council's yearly arrangement as `chinese_calendar` has it, under the office's own days.

A year that neither knows has no working days that anyone could look up: each of its days counts, and `known` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar

from huiying.core.config import Calendar

_SATURDAY = 5
_FIRST_YEAR = min(chinese_calendar.constants.holidays).year
_LAST_YEAR = max(chinese_calendar.constants.holidays).year


@dataclass(frozen=True, slots=True)
class DayCount:
    """Where a count of working days ended: 24:00 of `day`; `unknown` are the years that counted as natural days."""

    day: date
    end: datetime
    unknown: tuple[int, ...]


def known_year(year: int, calendar: Calendar) -> bool:
    """Say whether the working days of `year` are known, from the shipped list or from the office's."""
    own = {day.year for day in (*calendar.holidays, *calendar.workdays)}
    return _FIRST_YEAR <= year <= _LAST_YEAR or year in own


def is_workday(day: date, calendar: Calendar) -> bool:
    """Say whether `day` counts as a working day."""
    if day in calendar.workdays:
        return True
    if day in calendar.holidays:
        return False
    if _FIRST_YEAR <= day.year <= _LAST_YEAR:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < _SATURDAY if known_year(day.year, calendar) else True


def count_workdays(start: datetime, days: int, calendar: Calendar) -> DayCount:
    """Count `days` working days from the day after that of `start` (office zone); the last ends at its 24:00."""
    day = start.astimezone(ZoneInfo(calendar.zone)).date()
    unknown: set[int] = set()
    while days > 0:
        day += timedelta(days=1)
        if not known_year(day.year, calendar):
            unknown.add(day.year)
        days -= is_workday(day, calendar)
    return DayCount(day, midnight(day + timedelta(days=1), calendar.zone), tuple(sorted(unknown)))


def midnight(day: date, zone: str) -> datetime:
    """Return 00:00 of `day` in `zone`, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
