"""Which zone cuts the periods: the office's as recorded at the cut-off, so that a later change moves no figure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import datetime

from alerts.events import EventType
from huiying.core.model import Event

UNTIL_RECORDED = "Asia/Shanghai"


def zone_at(events: Iterable[Event], cutoff: datetime) -> str:
    """Return the zone of the last configuration recorded up to `cutoff`, Asia/Shanghai before the first."""
    recorded = [
        event for event in events if event.type == EventType.CONFIGURATION_CHANGED and event.recorded_at <= cutoff
    ]
    if not recorded:
        return UNTIL_RECORDED
    calendar = tomllib.loads(recorded[-1].payload["files"]["calendar.toml"])
    return str(calendar.get("zone", UNTIL_RECORDED))
