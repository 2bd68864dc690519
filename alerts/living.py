"""Whether watch itself lived: its sign of life, the gaps between, a clock that steps back, and what the day was worth.

tick, once a minute ─► sign of life ─► the one before is long ago ─► monitor_gap, before anything is called overdue
                    ─► an outlet was read lately? ─► minutes of the day ─► the day is over ─► coverage_recorded
                    ─► the clock stands before the ledger's last event ─► clock_anomaly
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts import gaps
from alerts.events import EventType
from alerts.following import Entry
from alerts.view import AlertView
from huiying.core import codec
from huiying.core.config import Desk, Source
from huiying.core.consume import Buried
from huiying.core.errors import Dead
from huiying.core.model import Draft, Event, Json, Role, Topic
from huiying.core.ports import Ledger, Log
from huiying.core.states import SourceState, Store

STILL = timedelta(minutes=10)  # a restart takes less
BACK = timedelta(seconds=1)  # what a clock may be set back by without a word
READ, DEAD = "read", "dead"
_ALIVE = "watch:alive"  # the minute of the last sign of life, counted from 1970
_DAY = "watch:coverage"  # the last day recorded, as its ordinal
_MOST_DAYS = 31
_DEAD_AT_ONCE = 500


class Living:
    """Asked at each tick, does something once a minute of the ledger's clock.

    A simulated clock leaps, and nothing stood still meanwhile: under one no gap is derived, and what was read before
    and after a leap was read all the while.
    """

    def __init__(self, ledger: Ledger, log: Log, store: Store, view: AlertView, simulated: bool) -> None:
        self._simulated = simulated
        self._ledger = ledger
        self._log = log
        self._store = store
        self._view = view
        self._minute = 0
        self._gaps: list[Event] = []
        self._seen = 0

    def entries(self, desk: Desk, now: datetime) -> Iterator[Entry]:
        """Yield what this minute has to say."""
        minute = int(now.timestamp()) // 60
        if minute == self._minute:
            return
        yield from self._anomaly(now)
        before = self._store.cursors.get(_ALIVE)
        stood_still = before > 0 and not self._simulated and timedelta(minutes=minute - before) > STILL
        if stood_still:
            yield self._gap(datetime.fromtimestamp(before * 60, UTC), now, desk.calendar.zone)
        if minute > before:
            self._count(desk, now, minute if stood_still else before or minute - 1)
            self._store.cursors.set(_ALIVE, minute)
        yield from self._days(desk, now)
        self._minute = minute

    def _anomaly(self, now: datetime) -> Iterator[Entry]:
        head = self._ledger.head()
        last = self._ledger.read(after=head - 1, limit=1) if head else []
        if last and now < last[0].recorded_at - BACK:
            payload = {"last": codec.instant_text(last[0].recorded_at), "clock": codec.instant_text(now)}
            # One for each time that the clock went back: what the ledger records meanwhile bears the same instant.
            yield _entry(f"clock:{payload['last']}", EventType.CLOCK_ANOMALY, payload)

    def _gap(self, begin: datetime, end: datetime, zone: str) -> Entry:
        while events := self._ledger.read(after=self._seen):
            self._gaps += [event for event in events if event.type == EventType.MONITOR_GAP]
            self._seen = events[-1].seq
        payload = gaps.gap(self._view.alerts(), begin, end, self._gaps, zone)
        return _entry(f"gap:{payload['begin']}", EventType.MONITOR_GAP, payload)

    def _count(self, desk: Desk, now: datetime, since: int) -> None:
        """Add the minutes after `since` to each outlet of which a source was read lately, and what was buried."""
        zone = ZoneInfo(desk.calendar.zone)
        day = now.astimezone(zone).date()
        states = {state.source: state for state in self._store.crawl.sources()}
        read = list(_read_lately(desk, states, now))
        for each, minutes in _by_day(since, now, zone).items():
            self._store.tallies.add(each, READ, dict.fromkeys(read, minutes))
        buried = self._log.poll(Topic.DEAD, "coverage", _DEAD_AT_ONCE)
        if buried:
            self._store.tallies.add(day, DEAD, Counter(_reason(record.value) for record in buried))
            self._log.commit("coverage", buried)

    def _days(self, desk: Desk, now: datetime) -> Iterator[Entry]:
        """Yield `coverage_recorded` of each day that is over: days on which nothing ran too, with nothing read."""
        yesterday = now.astimezone(ZoneInfo(desk.calendar.zone)).date() - timedelta(days=1)
        last = self._store.cursors.get(_DAY)
        if not last:
            self._store.cursors.set(_DAY, yesterday.toordinal())
            return
        for ordinal in range(max(last + 1, yesterday.toordinal() - _MOST_DAYS + 1), yesterday.toordinal() + 1):
            yield self._covered(desk, date.fromordinal(ordinal))
        if yesterday.toordinal() > last:
            self._store.cursors.set(_DAY, yesterday.toordinal())

    def _covered(self, desk: Desk, day: date) -> Entry:
        read = self._store.tallies.of(day, READ)
        states = self._store.crawl.sources()
        payload: dict[str, Json] = {
            "day": day.isoformat(),
            "outlets": {outlet.id: min(read.get(outlet.id, 0), 1440) for outlet in desk.outlets if outlet.sources},
            "dead": dict(sorted(self._store.tallies.of(day, DEAD).items())),
            "backlog": sum(state.backlog for state in states),
        }
        return _entry(f"coverage:{day.isoformat()}", EventType.COVERAGE_RECORDED, payload)


def _by_day(since: int, now: datetime, zone: ZoneInfo) -> Counter[date]:
    """Return how many of the minutes after `since` (counted from 1970) up to `now` belong to each day of `zone`."""
    found: Counter[date] = Counter()
    at, end = since, int(now.timestamp()) // 60
    while at < end:
        day = datetime.fromtimestamp(at * 60, zone).date()
        midnight = datetime.combine(day + timedelta(days=1), time.min, zone)
        until = min(end, int(midnight.timestamp()) // 60)
        found[day] += until - at
        at = until
    return found


def _read_lately(desk: Desk, states: dict[str, SourceState], now: datetime) -> Iterator[str]:
    """Yield the outlets of which a source was read no longer ago than twice the time between its readings.

    That time is the configured one, or what crawl chose by the source's rhythm.
    """
    for outlet in desk.outlets:
        for id, source in outlet.source_ids():
            state = states.get(id)
            if state and state.succeeded and now - state.succeeded <= 2 * _between(state, source):
                yield outlet.id
                break


def _between(state: SourceState, source: Source) -> timedelta:
    every = timedelta(seconds=source.every)
    worked = state.failures == 0 and state.attempted is not None and state.attempted == state.succeeded
    return max(every, state.due - state.attempted) if worked and state.attempted else every


def _reason(value: bytes) -> str:
    try:
        return codec.decode(Buried, value).reason
    except Dead:
        return "unreadable"


def _entry(key: str, type: EventType, payload: dict[str, Json]) -> Entry:
    return Entry(key, Draft(type, None, "system", Role.SYSTEM, payload=payload))
