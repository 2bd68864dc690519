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
