"""Earlier periods as they stand now, beside what was printed then: a reopening turns a K into an F.

`restate` counts K, F and X of a period from alerts judged at this cut-off; `printed` is what the last report of that
period said, as the ledger recorded it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.events import EventType
from alerts.judged import Judged
from alerts.periods import Period
from huiying.core.model import Event, Json

_PRINTED = ("correct", "not_correct", "excluded")


@dataclass(frozen=True, slots=True)
class Restated:
    """A period as it stands now; `printed` is event number, correct, not correct, excluded of its last report."""

    period: str
    correct: int
    not_correct: int
    excluded: int
    printed: tuple[int, int, int, int] | None

    def to_json(self) -> Json:
        """Return the counts, and those printed."""
        printed = dict(zip(("event", *_PRINTED), self.printed, strict=True)) if self.printed else None
        return {
            "correct": self.correct,
            "excluded": self.excluded,
            "not_correct": self.not_correct,
            "period": self.period,
            "printed": printed,
        }


def cohort(judged: Sequence[Judged], period: Period) -> list[Judged]:
    """Return the alerts that fell due in `period`, each in its keeper only, the excluded among them."""
    return [
        one for one in judged if one.joined_into is None and one.fallen_due and period.begin <= one.due < period.end
    ]


def restate(judged: Sequence[Judged], events: Sequence[Event], period: Period) -> Restated:
    """Return `period` from `judged` (at this cut-off), and what `events` say was printed of it."""
    due = cohort(judged, period)
    counted = [one for one in due if one.excluded is None]
    correct = sum(1 for one in counted if one.correct)
    reports = [event for event in events if event.type == EventType.REPORT_ISSUED]
    last = next((event for event in reversed(reports) if event.payload["period"] == period.name), None)
    printed = (last.seq, *(last.payload[name] for name in _PRINTED)) if last else None
    return Restated(period.name, correct, len(counted) - correct, len(due) - len(counted), printed)
