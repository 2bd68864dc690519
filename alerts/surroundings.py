"""What stands beside a period's figures: gaps, clock anomalies, restorations, changed configuration, coverage.

Read from the events recorded in the period, up to the cut-off; the coverage of a day is recorded after it. A
restoration is told in every report after it, whatever its period: what was lost is lost to all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.events import EventType
from alerts.periods import Period
from alerts.searches import stood
from huiying.core.config import Desk
from huiying.core.config_text import read_desk
from huiying.core.model import Event, Json


def surroundings(events: Sequence[Event], period: Period, zone: str) -> dict[str, Json]:
    """Return, in integers and texts, what `events` (those counted, in order) say of `period` beside its alerts."""
    inside = [event for event in events if period.begin <= event.recorded_at < period.end]
    return {
        "gaps": [_gap(event) for event in inside if event.type == EventType.MONITOR_GAP],
        "clock_anomalies": [event.seq for event in inside if event.type == EventType.CLOCK_ANOMALY],
        "restored": [_restored(event) for event in events if event.type == EventType.RESTORED],
        "configuration": _configurations(events, period),
        "coverage": _coverage(events, period, zone),
        **_searches(events, period),
    }


def _searches(events: Sequence[Event], period: Period) -> dict[str, Json]:
    """Return the saved searches that stood in the period; no key where none did, as in figures issued before."""
    found = [
        {"event": one.seq, "name": one.name, "query": one.query} for one in stood(events, period.begin, period.end)
    ]
    return {"searches": found} if found else {}


def _gap(event: Event) -> dict[str, Json]:
    payload = event.payload
    moved = [[move["alert"], move["step"]] for move in payload["moved"]]
    return {"begin": payload["begin"], "end": payload["end"], "event": event.seq, "moved": moved}


def _restored(event: Event) -> dict[str, Json]:
    named = ("origin", "of", "last", "lost_from", "lost_until")
    return {"event": event.seq, **{name: event.payload[name] for name in named}}


def _configurations(events: Iterable[Event], period: Period) -> list[Json]:
    """Return each change recorded in the period: its files, and what of outlets, rules and topics came and went."""
    before: Event | None = None
    found: list[Json] = []
    for event in events:
        if event.type == EventType.CONFIGURATION_CHANGED:
            if period.begin <= event.recorded_at < period.end:
                found.append(_changed(before, event))
            before = event
    return found


def _changed(before: Event | None, after: Event) -> dict[str, Json]:
    old, new = _named(before), _named(after)
    return {
        "event": after.seq,
        "files": sorted(after.payload["differs"]),
        "added": {kind: sorted(new[kind] - old[kind]) for kind in new},
        "removed": {kind: sorted(old[kind] - new[kind]) for kind in new},
    }


def _named(event: Event | None) -> Mapping[str, set[str]]:
    desk: Desk | None = read_desk(event.payload["files"]) if event else None
    return {
        "outlets": {outlet.id for outlet in desk.outlets} if desk else set(),
        "rules": {rule.id for rule in desk.rules} if desk else set(),
        "topics": {topic.id for topic in desk.topics} if desk else set(),
    }


def _coverage(events: Iterable[Event], period: Period, zone: str) -> dict[str, Json]:
    days = _days(period, zone)
    minutes: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    backlog, known = 0, 0
    for event in events:
        if event.type == EventType.COVERAGE_RECORDED and event.payload["day"] in days:
            minutes.update(event.payload["outlets"])
            dead.update(event.payload["dead"])
            backlog, known = event.payload["backlog"], known + 1
    return {
        "backlog": backlog,
        "days": known,
        "days_of_period": len(days),
        "dead": dict(dead),
        "minutes": dict(minutes),
    }


def _days(period: Period, zone: str) -> frozenset[str]:
    first, last = _day(period.begin, zone), _day(period.end, zone)
    return frozenset((first + timedelta(days=number)).isoformat() for number in range((last - first).days))


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()
