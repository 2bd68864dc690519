"""What the process role learns of outlets as it reads: their articles' container, and which sources give no text.

page read ─► container counted by outlet ─► learnt once it has proved itself
          └► no text three pages in a row where a container was learnt ─► counted as lost, until text comes
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from huiying.core.lost import FOUND, LOST, lost_sources
from huiying.core.states import Tallies
from pipeline.containers import believed

CONTAINERS = "containers"  # the tally: "<outlet> <signature>"
_REMEMBERED = 30  # days whose pages count: an outlet that changes its pages is learnt anew in a month
_IN_A_ROW = 3


class Learning:
    """The counts of this process and of those before it. `keep` writes what is new; nothing is written before."""

    def __init__(self, tallies: Tallies, today: date) -> None:
        self._tallies = tallies
        self._counts = defaultdict[str, Counter[str]](Counter)
        self._new = Counter[str]()
        self._in_a_row = Counter[str]()
        self._lost = set(lost_sources(tallies, today))
        self._events = {LOST: Counter[str](), FOUND: Counter[str]()}
        for back in range(_REMEMBERED):
            self._take(tallies.of(today - timedelta(days=back), CONTAINERS))

    def container(self, outlet: str) -> str | None:
        """Return the container learnt for `outlet`, None while none has proved itself."""
        return believed(self._counts[outlet])

    def read(self, outlet: str, source: str, container: str | None) -> None:
        """Count a page: the signature of its container, "" where it has no text, None where there was no page."""
        if container is None:
            return
        if container:
            self._in_a_row[source] = 0
            self._counts[outlet][container] += 1
            self._new[f"{outlet} {container}"] += 1
            if source in self._lost:
                self._lost.discard(source)
                self._events[FOUND][source] += 1
        elif self.container(outlet):
            self._in_a_row[source] += 1
            if self._in_a_row[source] >= _IN_A_ROW and source not in self._lost:
                self._lost.add(source)
                self._events[LOST][source] += 1

    def keep(self, today: date) -> None:
        """Write what was counted since."""
        for kind, counts in ((CONTAINERS, self._new), *self._events.items()):
            if counts:
                self._tallies.add(today, kind, counts)
                counts.clear()

    def _take(self, counts: Mapping[str, int]) -> None:
        for name, count in counts.items():
            outlet, _, container = name.partition(" ")
            self._counts[outlet][container] += count
