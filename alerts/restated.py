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
    """A period as it stands now, by the ids of its alerts in the order they were opened.

    `printed` is event number, correct, not correct, excluded of its last report.
    """

    period: str
    correct_ids: tuple[str, ...]
    not_correct_ids: tuple[str, ...]
    excluded_ids: tuple[str, ...]
    printed: tuple[int, int, int, int] | None

    @property
    def correct(self) -> int:
        """Return K."""
        return len(self.correct_ids)

    @property
    def not_correct(self) -> int:
        """Return F."""
        return len(self.not_correct_ids)

    @property
    def excluded(self) -> int:
        """Return X."""
        return len(self.excluded_ids)

    def to_json(self) -> Json:
        """Return the counts with their alerts, and those printed."""
        printed = dict(zip(("event", *_PRINTED), self.printed, strict=True)) if self.printed else None
        ids = (self.correct_ids, self.not_correct_ids, self.excluded_ids)
        counts = {name: {"alerts": held, "count": len(held)} for name, held in zip(_PRINTED, ids, strict=True)}
        return {**counts, "period": self.period, "printed": printed}


def cohort(judged: Sequence[Judged], period: Period) -> list[Judged]:
    """Return the alerts that fell due in `period`, each in its keeper only, the excluded among them."""
    return [
        one for one in judged if one.joined_into is None and one.fallen_due and period.begin <= one.due < period.end
    ]


def restate(judged: Sequence[Judged], events: Sequence[Event], period: Period) -> Restated:
    """Return `period` from `judged` (at this cut-off), and what `events` say was printed of it."""
    due = cohort(judged, period)
    counted = [one for one in due if one.excluded is None]
    ids = (
        tuple(one.id for one in counted if one.correct),
        tuple(one.id for one in counted if not one.correct),
        tuple(one.id for one in due if one.excluded is not None),
    )
    reports = [event for event in events if event.type == EventType.REPORT_ISSUED]
    last = next((event for event in reversed(reports) if event.payload["period"] == period.name), None)
    printed = (last.seq, *(last.payload[name] for name in _PRINTED)) if last else None
    return Restated(period.name, *ids, printed)
