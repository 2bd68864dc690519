"""Which reports are due by themselves: the weekly summary Monday 07:30, the quarter's on its third working day.

now, calendar, what was issued ─► names of periods, oldest first
"""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.calendar import count_workdays
from alerts.periods import before, holding, kind, period
from huiying.core.config import Calendar

AT = time(7, 30)  # office zone: before the week's first shift begins
WORKING_DAY = 3  # of the quarter: two for what was recorded at its end to be looked over
KINDS = ("week", "quarter")


def due(now: datetime, begun: datetime, issued: Container[str], calendar: Calendar) -> list[str]:
    """Return the names of the periods whose report is due at `now` and that are not in `issued`.

    One that was missed is due until it is issued; a period that ended before the ledger was `begun` has none.
    """
    found: list[str] = []
    for each in KINDS:
        name = before(holding(now.astimezone(ZoneInfo(calendar.zone)).date())[each])
        while name not in issued and period(name, calendar.zone).end > begun:
            if _at(name, calendar) <= now:
                found.append(name)
            name = before(name)
    return sorted(found, key=lambda name: _at(name, calendar))


def _at(name: str, calendar: Calendar) -> datetime:
    """Return when the report of the period `name` is due."""
    zone, end = ZoneInfo(calendar.zone), period(name, calendar.zone).end
    day = end.astimezone(zone).date()
    if kind(name) == "quarter":  # counted from the day after the quarter's last
        day = count_workdays(end - timedelta(seconds=1), WORKING_DAY, calendar).day
    return datetime.combine(day, AT, zone).astimezone(UTC)
