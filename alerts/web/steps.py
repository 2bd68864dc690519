"""Deadlines for the screen: which step, until when, whether it was kept, and why it is this instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerts.alert import AlertState
from alerts.deadlines import explain
from alerts.vocabulary import Deadline, Step
from alerts.wording import Wording


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step: `done` when it was recorded, `late` where that was, or already is, after the deadline."""

    step: Step
    until: datetime
    done: datetime | None
    late: bool
    working: bool
    why: str


def step_lines(state: AlertState, now: datetime, wording: Wording) -> list[StepLine]:
    """Return every step that has a deadline, in order."""
    return [_line(state, step, state.deadlines[step], now, wording) for step in Step if step in state.deadlines]


def next_line(state: AlertState, now: datetime, wording: Wording) -> StepLine | None:
    """Return the open step with the nearest deadline; None once closed."""
    waiting = state.open_steps()
    return _line(state, *waiting[0], now, wording) if waiting else None


def _line(state: AlertState, step: Step, deadline: Deadline, now: datetime, wording: Wording) -> StepLine:
    done = done_at(state, step)
    late = (done or now) > deadline.at and not (done is None and state.closed)
    why = explain(deadline, wording.language, wording.zone.key)
    return StepLine(step, deadline.at, done, late, counts_working_days(deadline), why)


def done_at(state: AlertState, step: Step) -> datetime | None:
    """Return when `step` was first recorded in this round, None while it is open."""
    facts = {
        Step.ACKNOWLEDGE: (state.acknowledgement or state.assignment,),
        Step.ASSIGN: (state.assignment,),
        Step.REPLY: state.replies,
        Step.BRIEFING: state.briefings,
        Step.RESOLVE: (state.resolution,),
        Step.PUBLISH: state.outcomes,
        Step.CONFIRM: (state.confirmation,),
    }[step]
    first = facts[0] if facts else None
    return first.at if first else None


def counts_working_days(deadline: Deadline) -> bool:
    """Say whether the deadline was counted in working days."""
    return deadline.why.code.startswith("working_days") or deadline.why.code == "extended"
