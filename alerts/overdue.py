"""What the clock records of an alert: each overdue step once, and acknowledgements that lapse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alerts.alert import AlertState
from alerts.criteria import standings
from alerts.events import EventType
from alerts.following import Entry
from alerts.vocabulary import Criterion, Step, Verdict
from huiying.core import codec
from huiying.core.config import Channel
from huiying.core.model import Draft, Json, Role

_PROVED = {Step.REPLY: Criterion.C3, Step.PUBLISH: Criterion.C5}


def entries(state: AlertState, now: datetime, channels: Sequence[Channel]) -> list[Entry]:
    """Return the escalations and the lapse that `now` makes due and the ledger does not hold yet."""
    if state.closed:
        return []
    heard = [] if state.muted_until(now) else channels
    told = [channel.name for channel in heard if channel.min_level <= state.level]
    escalated = [_escalated(state, step, told) for step in Step if _overdue(state, step, now)]
    return [*escalated, *_lapsed(state, now)]


def _overdue(state: AlertState, step: Step, now: datetime) -> bool:
    if step not in state.deadlines or not _begun(state, step) or now <= state.deadlines[step].at:
        return False
    if state.done(step) and not _in_vain(state, step, now):
        return False
    return not any(
        known.step is step and known.seq > state.round_seq and _same_clock(step, known.deadline, state)
        for known in state.escalations
    )


def _begun(state: AlertState, step: Step) -> bool:
    """Say whether it is this step's turn: what waits for an overdue step before it is not called overdue too."""
    turn: dict[Step, object] = {
        Step.ACKNOWLEDGE: not state.acknowledgements,
        Step.ASSIGN: state.acknowledgement,
        Step.PUBLISH: state.resolution,
        Step.CONFIRM: state.outcomes,
    }
    return bool(turn.get(step, True))


def _in_vain(state: AlertState, step: Step, now: datetime) -> bool:
    """Say whether a page was recorded for `step` in this round that does not prove it."""
    criterion = _PROVED.get(step)
    if criterion is None or state.judged is not None:
        return False
    return any(
        standing.criterion is criterion and standing.verdict is Verdict.FAILED for standing in standings(state, now)
    )


def _same_clock(step: Step, deadline: datetime, state: AlertState) -> bool:
    """Say whether an escalation was of the clock that runs now: only assigning has several in one round."""
    return step is not Step.ASSIGN or deadline == state.deadlines[step].at


def _escalated(state: AlertState, step: Step, told: list[str]) -> Entry:
    deadline = codec.instant_text(state.deadlines[step].at)
    clock = f":{deadline}" if step is Step.ASSIGN else ""
    payload: dict[str, Json] = {"step": str(step), "deadline": deadline, "unit": state.unit, "told": told}
    return _entry(f"escalated:{state.id}:{state.round_seq}:{step}{clock}", EventType.ESCALATED, state.id, payload)


def _lapsed(state: AlertState, now: datetime) -> list[Entry]:
    acknowledgement = state.acknowledgement
    if acknowledgement is None or state.assignment or now <= state.deadlines[Step.ASSIGN].at:
        return []
    payload = {"acknowledged": acknowledgement.seq}
    key = f"lapsed:{state.id}:{acknowledgement.seq}"
    return [_entry(key, EventType.ACKNOWLEDGEMENT_LAPSED, state.id, payload)]


def _entry(key: str, type: EventType, alert: str, payload: dict[str, Json]) -> Entry:
    return Entry(key, Draft(type, alert, "system", Role.SYSTEM, payload=payload))
