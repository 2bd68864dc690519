"""The same alerts under the policy shipped as the default: a looser policy stands beside it, never instead.

Each event that carries deadlines is written anew with those that the shipped terms give, from the same instants and the
calendar of the same configuration; the alerts are then folded and judged again. When each falls due stays the office's,
so that both rates speak of the same alerts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib import resources

from alerts import gaps, joining
from alerts.alert import AlertState
from alerts.deadlines import at_opening, due, extended, raised
from alerts.events import EventType
from alerts.judged import Judged, judge_states
from alerts.state import fold_into
from alerts.vocabulary import Deadline, Step, deadlines_json
from huiying.core import codec
from huiying.core.config import Calendar, Policy, Steps
from huiying.core.config_text import read_desk
from huiying.core.model import Event, Level

Deadlines = Mapping[Step, Deadline]


@cache
def shipped_policy() -> Policy:
    """Return the policy that comes with the program."""
    written = (resources.files("alerts") / "data" / "policy.toml").read_text(encoding="utf-8")
    return Policy.model_validate(tomllib.loads(written))


def differing(events: Iterable[Event]) -> frozenset[int]:
    """Return the configurations (event numbers) whose terms are not the shipped ones."""
    recorded = (event for event in events if event.type == EventType.CONFIGURATION_CHANGED)
    return frozenset(event.seq for event in recorded if _terms_of(event) != _unnamed(shipped_policy()))


def _terms_of(event: Event) -> Policy:
    return _unnamed(read_desk(event.payload["files"]).policy)


def _unnamed(policy: Policy) -> Policy:
    return policy.model_copy(update={"version": ""})


def judged_by_shipped(events: Iterable[Event], cutoff: datetime) -> list[Judged]:
    """Return every alert as judged at `cutoff` under the shipped policy."""
    states: dict[str, AlertState] = {}
    calendars: dict[int, Calendar] = {}
    for event in events:
        if event.type == EventType.CONFIGURATION_CHANGED:
            calendars[event.seq] = read_desk(event.payload["files"]).calendar
        fold_into(states, _anew(event, states, calendars))
    return judge_states(states, cutoff)


def _anew(event: Event, states: Mapping[str, AlertState], calendars: Mapping[int, Calendar]) -> Event:
    if event.type == EventType.MONITOR_GAP:
        begin, end = codec.instant(event.payload["begin"]), codec.instant(event.payload["end"])
        moved = gaps.moved_deadlines(states.values(), begin, end) if event.payload["moved"] else []
        return replace(event, payload={**event.payload, "moved": moved})
    state = states.get(event.alert or "")
    if state and event.type == EventType.STORIES_JOINED:
        earlier = joining.stricter(state, states[event.payload["joined"]])
        return replace(event, payload={**event.payload, "deadlines": deadlines_json(earlier)})
    write = _WRITERS.get(event.type)
    if write is None or "deadlines" not in event.payload:
        return event
    calendar = calendars[state.configuration if state else event.payload["configuration"]]
    return replace(event, payload={**event.payload, "deadlines": deadlines_json(write(event, state, calendar))})


def _terms(state: AlertState | None) -> Steps:
    assert state is not None
    return shipped_policy().steps(state.highest)


def _opened(event: Event, state: AlertState | None, calendar: Calendar) -> Deadlines:
    return at_opening(Level(event.payload["level"]), event.recorded_at, shipped_policy(), calendar)


def _acknowledged(event: Event, state: AlertState | None, calendar: Calendar) -> Deadlines:
    return {Step.ASSIGN: due(_terms(state).assign, event.recorded_at, "acknowledgement", calendar)}


def _returned(event: Event, state: AlertState | None, calendar: Calendar) -> Deadlines:
    return {Step.ASSIGN: due(_terms(state).assign, event.recorded_at, "return", calendar)}


def _resolved(event: Event, state: AlertState | None, calendar: Calendar) -> Deadlines:
    return {Step.PUBLISH: due(_terms(state).publish, event.recorded_at, "resolution", calendar)}


def _published(event: Event, state: AlertState | None, calendar: Calendar) -> Deadlines:
    return {Step.CONFIRM: due(_terms(state).confirm, event.recorded_at, "publication", calendar)}


def _extended(event: Event, state: AlertState | None, calendar: Calendar) -> Deadlines:
    assert state is not None
    return extended(state.deadlines, event.payload["working_days"], calendar)


def _raised(event: Event, state: AlertState | None, calendar: Calendar) -> Deadlines:
    assert state is not None
    waiting = {step: deadline for step, deadline in state.deadlines.items() if not state.done(step)}
    earlier = raised(waiting, Level(event.payload["level"]), event.recorded_at, shipped_policy(), calendar)
    return {step: deadline for step, deadline in earlier.items() if not state.done(step)}


def _reopened(event: Event, state: AlertState | None, calendar: Calendar) -> Deadlines:
    assert state is not None
    return at_opening(state.level, event.recorded_at, shipped_policy(), calendar)


_WRITERS: Mapping[str, Callable[[Event, AlertState | None, Calendar], Deadlines]] = {
    EventType.OPENED: _opened,
    EventType.RULE_MATCHED: _raised,
    EventType.ACKNOWLEDGED: _acknowledged,
    EventType.RETURNED: _returned,
    EventType.RESOLVED: _resolved,
    EventType.OUTCOME_PUBLISHED: _published,
    EventType.EXTENDED: _extended,
    EventType.LEVEL_CHANGED: _raised,
    EventType.REOPENED: _reopened,
}
