"""What a standstill of monitoring moves: only C1, only after at most 4 h, at most three times a quarter.

last sign of life ──── gap ────► back │ a deadline of C1 inside, not met ─► back + its own term

A longer gap, or a fourth of its quarter, is recorded all the same and moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.alert import AlertState
from alerts.events import EventType
from alerts.vocabulary import Deadline, Step, Why, WhyField
from huiying.core import codec
from huiying.core.model import Event, Json

LONGEST = timedelta(hours=4)
MOST = 3  # gaps of a quarter that move a deadline
_FIRST_TERM = 15  # minutes: the term of acknowledging where its reason does not carry it


def gap(states: Iterable[AlertState], begin: datetime, end: datetime, earlier: Iterable[Event], zone: str) -> Json:
    """Return the payload of `monitor_gap` for a standstill from `begin` to `end`; `earlier` are the gaps before."""
    before = sum(1 for event in earlier if _counts(event, end, zone))
    moved = moved_deadlines(states, begin, end) if end - begin <= LONGEST and before < MOST else []
    return {
        "begin": codec.instant_text(begin),
        "end": codec.instant_text(end),
        "quarter": before + bool(moved),
        "moved": moved,
    }


def _counts(event: Event, end: datetime, zone: str) -> bool:
    if event.type != EventType.MONITOR_GAP or not event.payload["moved"]:
        return False
    return _quarter(codec.instant(event.payload["end"]), zone) == _quarter(end, zone)


def _quarter(at: datetime, zone: str) -> tuple[int, int]:
    local = at.astimezone(ZoneInfo(zone))
    return local.year, (local.month - 1) // 3


def moved_deadlines(states: Iterable[AlertState], begin: datetime, end: datetime) -> list[Json]:
    """Return the deadlines of C1 that a standstill from `begin` to `end` moves, as `monitor_gap` carries them."""
    return [
        {"alert": state.id, "step": str(step), "deadline": _anew(state.deadlines[step], end).to_json()}
        for state in states
        if not state.closed and (step := _waiting(state)) and begin < state.deadlines[step].at <= end
    ]


def _waiting(state: AlertState) -> Step | None:
    """Return the step of C1 that is still to be done; None where it is done, or was failed already."""
    if not state.acknowledgements:
        return Step.ACKNOWLEDGE
    return Step.ASSIGN if state.acknowledgement and state.assignment is None else None


def _anew(deadline: Deadline, end: datetime) -> Deadline:
    why = deadline.why
    count = int(str(why.fields.get("n", _FIRST_TERM)))
    minutes = count * 60 if why.code == "hours" else count
    fields: dict[str, WhyField] = {
        "n": minutes,
        "start": codec.instant_text(end),
        "was": codec.instant_text(deadline.at),
    }
    return Deadline(end + timedelta(minutes=minutes), Why("monitor_gap", fields))
