"""Periods of time by name, cut in the office's zone, closed-open: ISO weeks, months, quarters, half-years, years.

2026-W38   2026-09   2026-Q3   2026-H2   2026   2026-07-01..2026-10-01 (the second day is not in it)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from huiying.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` (included) to `end` (not included), both in UTC."""

    name: str
    begin: datetime
    end: datetime


def period(text: str, zone: str) -> Period:
    """Read the name of a period, cut in `zone`. Anything else is Refused("period_unknown" or "period_empty")."""
    name = text.strip()
    try:
        first, after = _days(name)
        begin, end = _midnight(first, zone), _midnight(after, zone)
    except (ValueError, OverflowError) as cause:
        raise Refused("period_unknown", period=name[:60]) from cause
    if first >= after:
        raise Refused("period_empty", period=name[:60])
    return Period(name, begin, end)


def before(name: str) -> str:
    """Return the name of the period before `name`, of the same kind; of two dates the same number of days before."""
    first, after = _days(name)
    if ".." in name:
        return f"{first - (after - first)}..{first}"
    day = first - timedelta(days=1)
    if "W" in name:
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    length = (after.year - first.year) * 12 + after.month - first.month
    return _named(day, length)


def year_before(name: str) -> str:
    """Return the name of the same period a year before; of a week 53 that the year had not, its week 52."""
    first, after = _days(name)
    if ".." in name:
        return f"{_a_year_before(first)}..{_a_year_before(after)}"
    if week := re.fullmatch(r"(\d{4})-W(\d\d)", name):
        year = int(week[1]) - 1
        last = date(year, 12, 28).isocalendar().week
        return f"{year}-W{min(int(week[2]), last):02}"
    return f"{first.year - 1}{name[4:]}"


def holding(day: date) -> dict[str, str]:
    """Return the names of the week, month, quarter, half-year and year that hold `day`, by kind."""
    year, week, _ = day.isocalendar()
    return {
        "week": f"{year}-W{week:02}",
        "month": f"{day:%Y-%m}",
        "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
        "half_year": f"{day.year}-H{1 if day.month < 7 else 2}",
        "year": f"{day.year}",
    }


def kind(name: str) -> str:
    """Return "week", "month", "quarter", "half_year", "year" or "dates"."""
    if ".." in name:
        return "dates"
    marks = {"W": "week", "Q": "quarter", "H": "half_year"}
    return next((kind for mark, kind in marks.items() if mark in name), "month" if "-" in name else "year")


def _a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


def _named(day: date, length: int) -> str:
    """Return the period of `length` months that holds `day`."""
    if length == 12:
        return f"{day.year}"
    mark = {1: f"{day.month:02}", 3: f"Q{(day.month + 2) // 3}", 6: f"H{1 if day.month < 7 else 2}"}[length]
    return f"{day.year}-{mark}"


def _days(name: str) -> tuple[date, date]:
    """Return the first day of `name` and the first day after it. ValueError where `name` is no period."""
    if span := re.fullmatch(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", name, re.ASCII):
        return date.fromisoformat(span[1]), date.fromisoformat(span[2])
    if week := re.fullmatch(r"(\d{4})-W(\d\d)", name, re.ASCII):
        monday = date.fromisocalendar(int(week[1]), int(week[2]), 1)
        return monday, monday + timedelta(days=7)
    if months := re.fullmatch(r"(\d{4})(?:-(?:(\d\d)|Q(\d)|H(\d)))?", name, re.ASCII):
        return _months(*months.groups())
    raise ValueError(name)


def _months(year: str, month: str | None, quarter: str | None, half: str | None) -> tuple[date, date]:
    written, length = next(
        ((int(part), length) for part, length in ((month, 1), (quarter, 3), (half, 6)) if part), (1, 12)
    )
    first = date(int(year), (written - 1) * length + 1, 1)
    return first, (first + timedelta(days=31 * length)).replace(day=1)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
