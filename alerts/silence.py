"""Which sources are silent or broken: frozen content behind a good answer is the worst failure.

frozen       the newest item is older than 14 days (with a known rhythm: than twice the longest gap, if that is longer)
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

from huiying.core.states import Reading, SourceAlarm, SourceState

FROZEN = timedelta(days=14)
BROKEN = timedelta(hours=24)
RHYTHM = 10  # distinct days of items from which on a source's own longest gap says more than a fixed term
_NEVER_READ = 3  # failures in a row of a source that was never read

_LASTING = {Reading.UNREACHABLE: "unreachable", Reading.UNREADABLE: "unreadable"}
_AT_ONCE = {Reading.REFUSED: "refused", Reading.EMPTY: "empty"}


def alarms(
    states: Iterable[SourceState], known: Iterable[str], now: datetime, lost: Container[str] = ()
) -> list[SourceAlarm]:
    """Return the alarms of `states` at `now`, for sources in `known` (those of the configuration) only.

    `lost` are the sources whose pages have stopped giving text.
    """
    configured = set(known)
    found = (
        (state, _reason(state, now) or ("no_text" if state.source in lost else None))
        for state in states
        if state.source in configured
    )
    return [SourceAlarm(state.source, reason, now, _detail(state, reason)) for state, reason in found if reason]


def _reason(state: SourceState, now: datetime) -> str | None:
    if state.reading in _AT_ONCE:
        return _AT_ONCE[state.reading]
    if state.reading in _LASTING:
        good = state.succeeded or state.first_read
        lasting = now - good > BROKEN if good else state.failures >= _NEVER_READ
        return _LASTING[state.reading] if lasting else _frozen(state, now)
    return _frozen(state, now)


def _frozen(state: SourceState, now: datetime) -> str | None:
    return "frozen" if state.newest and now - state.newest > _patience(state.dates) else None


def _patience(dates: tuple[str, ...]) -> timedelta:
    """Return how long the newest item may be old."""
    days = sorted({date.fromisoformat(written) for written in dates})
    if len(days) < RHYTHM:
        return FROZEN
    longest = max(after - before for before, after in pairwise(days))
    return max(FROZEN, 2 * longest)


def _detail(state: SourceState, reason: str) -> str:
    if reason == "frozen" and state.newest:
        return state.newest.date().isoformat()
    return "" if reason == "no_text" else state.detail
