"""Whether a new alert may be a confirmed one's matter again: the same topic, the same township or finer, in time.

opened ─► confirmed alerts in observation ─► same topic, same township ─► recurrence_suspected, on the confirmed one
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from alerts.alert import AlertState
from alerts.calendar import count_workdays
from alerts.events import EventType
from alerts.following import Entry
from huiying.core import codec
from huiying.core.config import Calendar
from huiying.core.model import Draft, Role

JUDGE_WITHIN = 3  # working days; then it counts as the same matter
_TOWNSHIP = 9  # digits of a division code that name the township
_NONE = "000"


def suspected(new: AlertState, others: Iterable[AlertState], now: datetime, calendar: Calendar) -> Iterator[Entry]:
    """Yield `recurrence_suspected` for each of `others` whose matter `new` may be, once for each pair."""
    judge_by = codec.instant_text(count_workdays(now, JUDGE_WITHIN, calendar).end)
    for other in others:
        topic = next((topic for topic in other.topics if topic in new.topics), None)
        if topic and other.id != new.id and _observed(other, new.opened_at) and same_township(other.place, new.place):
            payload = {"other": new.id, "topic": topic, "place": new.place, "judge_by": judge_by}
            draft = Draft(EventType.RECURRENCE_SUSPECTED, other.id, "system", Role.SYSTEM, payload=payload)
            yield Entry(f"recurrence:{other.id}:{new.id}", draft)


def _observed(other: AlertState, at: datetime) -> bool:
    confirmation = other.confirmation
    return confirmation is not None and confirmation.at <= at <= confirmation.observed_until


def same_township(one: str, other: str) -> bool:
    """Say whether both codes lie in one township; a county or a larger area is no township."""
    township = one[:_TOWNSHIP]
    return not township.endswith(_NONE) and other[:_TOWNSHIP] == township
