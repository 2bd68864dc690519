"""Which sources' pages have stopped giving text: counted by the process role, read by watch.

A source is lost on the last day on which it was counted more often as lost than as found again.
"""

from __future__ import annotations

from datetime import date, timedelta

from huiying.core.states import Tallies

LOST, FOUND = "text_lost", "text_found"  # tallies by source
_LOOKED_BACK = 14  # days; a source that brings nothing for longer has alarms of its own


def lost_sources(tallies: Tallies, today: date) -> frozenset[str]:
    """Return the sources that are lost now; `today` is the day in UTC."""
    decided: dict[str, bool] = {}
    for back in range(_LOOKED_BACK):
        day = today - timedelta(days=back)
        lost, found = tallies.of(day, LOST), tallies.of(day, FOUND)
        for source in lost.keys() | found.keys():
            decided.setdefault(source, lost.get(source, 0) > found.get(source, 0))
    return frozenset(source for source, lost_now in decided.items() if lost_now)
