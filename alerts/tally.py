"""How many alerts are open and how late the latest step is: figures for monitoring, never for the rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.alert import AlertState


@dataclass(frozen=True, slots=True)
class Tally:
    """Open alerts by (level, stage), steps past their deadline, and the largest lateness in seconds."""

    open: Mapping[tuple[int, str], int]
    overdue: int
    lateness: float


def tally(states: Iterable[AlertState], now: datetime) -> Tally:
    """Return the tally of `states` at `now`. A step that was done late is overdue no more."""
    standing = [state for state in states if not state.closed]
    late = [
        (now - deadline.at).total_seconds()
        for state in standing
        for _, deadline in state.open_steps()
        if deadline.at < now
    ]
    counted = Counter((int(state.level), str(state.stage)) for state in standing)
    return Tally(dict(counted), len(late), max(late, default=0.0))
