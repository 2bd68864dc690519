"""The ledger's alerts in memory, never stale: every question first reads the ledger's tail.

store's projection, if the ledger bears it out ─► Folded ◄─ the ledger's events after it, one after the other
"""

from __future__ import annotations

import threading

from alerts.alert import AlertState
from alerts.events import EventType
from alerts.folded import Folded
from alerts.projected import Kept, read, write
from alerts.searches import Search, standing
from huiying.core.collector import held_off
from huiying.core.config import Desk
from huiying.core.config_text import read_desk
from huiying.core.model import Event
from huiying.core.ports import Ledger
from huiying.core.states import Projection


class AlertView:
    """States of all alerts, folded from the ledger. Every method may be called from any thread.

    With the store's `projection` only the events after it are folded at the start; without, all of them. One that is
    not `believed` is not read, and replaced as a whole when it is next saved.
    """

    def __init__(self, ledger: Ledger, projection: Projection | None = None, believed: bool = True) -> None:
        self._ledger = ledger
        self._projection = projection
        self._believed = believed
        self._lock = threading.RLock()
        self._folded = Folded()
        self._kept = Kept()
        self._desks: dict[int, Desk] = {}
        self._configuration = 0
        self._kind = "office"
        self._handed_over: list[Event] = []
        self._searches: list[Event] = []

    def catch_up(self) -> int:
        """Fold what the ledger has beyond the last number folded; return that number."""
        with self._lock:
            if self._projection is not None and self._believed and not self._folded.seq:
                self._load(self._projection)
            while events := self._ledger.read(after=self._folded.seq):
                with held_off():
                    for event in events:
                        self._fold(event)
            return self._folded.seq

    @held_off()
    def _load(self, projection: Projection) -> None:
        saved = projection.load()
        found = read(*saved, self._event) if saved else None
        if found is not None:
            self._folded, self._kept = found
            for event in self._folded.whole:
                self._note(event)

    def _event(self, number: int) -> Event | None:
        return next((event for event in self._ledger.read(after=number - 1, limit=1) if event.seq == number), None)

    def keep(self) -> None:
        """Save what was folded since the last time as the store's projection. For the one `watch` that is active."""
        with self._lock:
            before = self._kept.folding
            if self._projection is None or self._folded.seq == (before.seq if before else 0):
                return
            pieces, kept = write(self._folded, self._kept)
            assert kept.folding is not None
            # Where another watch saved meanwhile everything is saved anew the next time.
            self._kept = kept if self._projection.save(kept.folding, pieces, before) else Kept()

    def alert(self, id: str) -> AlertState | None:
        """Return the alert as of the last `catch_up`."""
        with self._lock:
            return self._folded.states.get(id)

    def standing(self, id: str) -> AlertState | None:
        """Return the alert, or the one that it has gone into: what comes to a closed duplicate goes to its original."""
        with self._lock:
            states = self._folded.states
            state = states.get(id)
            while state is not None and state.heir in states:
                state = states[state.heir]
            return state

    def alerts(self) -> list[AlertState]:
        """Return all alerts in the order they were opened, as of the last `catch_up`."""
        with self._lock:
            return list(self._folded.states.values())

    def folded(self) -> Folded:
        """Return everything folded as of the last `catch_up`; what comes later does not change it."""
        with self._lock:
            return self._folded.copied()

    def desk(self) -> tuple[int, Desk] | None:
        """Return the newest configuration with its number, None before the first is recorded."""
        with self._lock:
            number = self._configuration
            return (number, self.desk_at(number)) if number else None

    def desk_at(self, number: int) -> Desk:
        """Return the configuration that event `number` recorded."""
        with self._lock:
            if number not in self._desks:
                event = self._event(number)
                assert event is not None
                self._desks[number] = read_desk(event.payload["files"])
            return self._desks[number]

    def kind(self) -> str:
        """Return what the ledger's first event says: "office", "demonstration" or "test"; it never waits for it."""
        return self._kind

    def handed_over(self) -> list[Event]:
        """Return the hand-overs of shifts in the order recorded."""
        with self._lock:
            return list(self._handed_over)

    def searches(self) -> list[Search]:
        """Return the saved searches that stand, in the order saved."""
        with self._lock:
            return standing(self._searches)

    def events(self, alert: str) -> list[Event]:
        """Return all events of `alert` in order, read from the ledger."""
        with self._lock:
            return read_all(self._ledger, alert)

    def _fold(self, event: Event) -> None:
        self._note(event)
        self._folded.add(event)

    def _note(self, event: Event) -> None:
        if event.type == EventType.LEDGER_CREATED:
            self._kind = event.payload["kind"]
        if event.type == EventType.CONFIGURATION_CHANGED:
            self._configuration = event.seq
        if event.type == EventType.HANDED_OVER:
            self._handed_over.append(event)
        if event.type in (EventType.SEARCH_SAVED, EventType.SEARCH_REMOVED):
            self._searches.append(event)


def read_all(ledger: Ledger, alert: str | None = None) -> list[Event]:
    """Return every event of `ledger` in order, or all those of one alert."""
    events: list[Event] = []
    while page := ledger.read(after=events[-1].seq if events else 0, alert=alert):
        events += page
    return events
