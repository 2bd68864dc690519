"""A ledger's events folded up to a number: its alerts, and the entries that concern the whole desk.

Whoever keeps a `Folded` adds only what was recorded since; folded anew from the first event it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from alerts.alert import AlertState
from alerts.events import EventType
from alerts.state import fold_into
from huiying.core.codec import GENESIS
from huiying.core.model import Event


@dataclass(slots=True)
class Folded:
    """Alerts by id in the order opened; `whole` are the events of no alert but heartbeats.

    `seq` is the number of the last event, `last` when it was recorded, `chain` its chain hash.
    """

    states: dict[str, AlertState] = field(default_factory=dict)
    whole: list[Event] = field(default_factory=list)
    seq: int = 0
    last: datetime | None = None
    chain: bytes = GENESIS

    def add(self, event: Event) -> None:
        """Fold the next event."""
        fold_into(self.states, event)
        if event.alert is None and event.type != EventType.HEARTBEAT:
            self.whole.append(event)
        self.seq, self.last, self.chain = event.seq, event.recorded_at, event.chain

    def copied(self) -> Folded:
        """Return the same, to which nothing is added later."""
        return Folded(dict(self.states), list(self.whole), self.seq, self.last, self.chain)


def fold_all(events: Iterable[Event]) -> Folded:
    """Return `events` (of one ledger, from its first) folded."""
    folded = Folded()
    for event in events:
        folded.add(event)
    return folded
