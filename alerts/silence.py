"""Which sources are silent or broken: frozen content behind a good answer is the worst failure.

frozen       nothing newer for twice the source's own longest gap, or for 14 days while fewer than 10 of its days are
             known; days off do not count for a source that never publishes on one
unreachable  no reading for 24 h
unreadable   answers that are no feed and no page, for 24 h
refused      robots.txt or the site itself says no
empty        it was read and nothing was found in it
no_text      its items come, but their pages have stopped giving text
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerts.calendar import is_workday
from huiying.core.config import Calendar
from huiying.core.states import Reading, SourceAlarm, SourceState

FROZEN = timedelta(days=14)
BROKEN = timedelta(hours=24)
RHYTHM = 10  # distinct days of items from which on a source's own longest gap says more than a fixed term
_NEVER_READ = 3  # failures in a row of a source that was never read

_LASTING = {Reading.UNREACHABLE: "unreachable", Reading.UNREADABLE: "unreadable"}
_AT_ONCE = {Reading.REFUSED: "refused", Reading.EMPTY: "empty"}


def alarms(
    states: Iterable[SourceState],
    known: Iterable[str],
    calendar: Calendar,
    now: datetime,
    lost: Container[str] = (),
) -> list[SourceAlarm]:
    """Return the alarms of `states` at `now`, for sources in `known` (those of the configuration) only.

    `lost` are the sources whose pages have stopped giving text.
    """
    configured = set(known)
    found = (
        (state, _reason(state, calendar, now) or ("no_text" if state.source in lost else None))
        for state in states
        if state.source in configured
    )
    return [SourceAlarm(state.source, reason, now, _detail(state, reason)) for state, reason in found if reason]


def _reason(state: SourceState, calendar: Calendar, now: datetime) -> str | None:
    if state.reading in _AT_ONCE:
        return _AT_ONCE[state.reading]
    if state.reading in _LASTING:
        good = state.succeeded or state.first_read
        if now - good > BROKEN if good else state.failures >= _NEVER_READ:
            return _LASTING[state.reading]
    return "frozen" if state.newest and _frozen(state, state.newest, calendar, now) else None


def _frozen(state: SourceState, newest: datetime, calendar: Calendar, now: datetime) -> bool:
    """Say whether the newest item is older than this source's items ever were before the next came."""
    days = sorted({date.fromisoformat(written) for written in state.dates})
    if len(days) < RHYTHM:
        return now - newest > FROZEN
    working = None if any(not is_workday(day, calendar) for day in days) else calendar
    longest = max(_days(before, after, working) for before, after in pairwise(days))
    local, was = now.astimezone(ZoneInfo(calendar.zone)), newest.astimezone(ZoneInfo(calendar.zone))
    part = (_of_day(local) - _of_day(was)) / timedelta(days=1)
    return _days(days[-1], local.date(), working) + part > 2 * longest


def _days(after: date, until: date, calendar: Calendar | None) -> int:
    """Return how many days there are after `after` up to `until`: working days where there is a calendar."""
    span = max((until - after).days, 0)
    if calendar is None:
        return span
    return max(1, sum(is_workday(after + timedelta(days=day), calendar) for day in range(1, span + 1)))


def _of_day(at: datetime) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def _detail(state: SourceState, reason: str) -> str:
    if reason == "frozen" and state.newest:
        return state.newest.date().isoformat()
    return "" if reason == "no_text" else state.detail
