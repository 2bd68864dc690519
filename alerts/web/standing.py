"""C1 to C6 of one alert for the screen: verdict, instant, reason, whose failure, and what proves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.alert import AlertState
from alerts.criteria import Standing
from alerts.facts import Published
from alerts.reasons import Why, reason
from alerts.timeline import unit_name
from alerts.vocabulary import Verdict
from alerts.wording import Wording
from huiying.core.config import Desk

SHAPES = {Verdict.OK: "✓", Verdict.FAILED: "✕", Verdict.PENDING: "…"}
LOOKS = {Verdict.OK: "good", Verdict.FAILED: "bad", Verdict.PENDING: ""}


@dataclass(frozen=True, slots=True)
class Proof:
    """One event that proves a criterion: what its link says, and where it leads."""

    text: str
    link: str


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One criterion. `met` is when it was met, in time or late; `unit` whose failure it is, empty for the duty desk."""

    standing: Standing
    why: Why
    met: datetime | None
    unit: str
    proofs: tuple[Proof, ...]

    @property
    def shape(self) -> str:
        """Return the shape of the verdict."""
        return SHAPES[self.standing.verdict]

    @property
    def look(self) -> str:
        """Return the class of the verdict's colour."""
        return LOOKS[self.standing.verdict]


def standing_lines(
    state: AlertState, standings: Sequence[Standing], now: datetime, desk: Desk | None, wording: Wording
) -> list[StandingLine]:
    """Return one line a criterion, in order."""
    pages = (*state.replies, *state.outcomes, *_judged_pages(state))
    captures = {capture.seq for page in pages for capture in page.captures}
    return [
        StandingLine(
            standing,
            reason(state, standing, now),
            _met(standing),
            unit_name(desk, standing.unit) if desk else standing.unit or "",
            tuple(_proof(state.id, seq, captures, wording) for seq in standing.events),
        )
        for standing in standings
    ]


def _judged_pages(state: AlertState) -> tuple[Published, ...]:
    return (*state.judged.replies, *state.judged.outcomes) if state.judged else ()


def _met(standing: Standing) -> datetime | None:
    if standing.late is not None:
        return standing.due + timedelta(seconds=standing.late)
    return standing.at if standing.verdict is Verdict.OK else None


def _proof(alert: str, seq: int, captures: set[int], wording: Wording) -> Proof:
    if seq in captures:
        return Proof(wording.text("alert.capture", seq=seq), f"/alerts/{alert}/captures/{seq}")
    return Proof(f"#{seq}", f"/alerts/{alert}#event-{seq}")
