"""Each alert of a ledger as it stands at a cut-off: its six criteria, and what its duplicates pass on to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.alert import AlertState
from alerts.criteria import FAILED, OK, Standing, standings
from alerts.state import fold_into
from alerts.vocabulary import Criterion, EndState, Ground, Step
from huiying.core.model import Event, Precision

TIMED = tuple(step for step in Step if step is not Step.BRIEFING)
OBSERVED_DAYS = 30  # of a post, counted from the opening; a day more for the last look, which is on that day


class Judged(NamedTuple):
    """One alert at the cut-off. `inherited` are criteria that duplicates and joined alerts failed, with their ids.

    `unit` is the responsible unit of the round judged, None while it is the duty desk's; `level` is the highest that it
    ever had; `fallen_due` whether `due` has passed.
    """

    id: str
    due: datetime
    fallen_due: bool
    unit: str | None
    place: str
    topics: tuple[str, ...]
    level: int
    by_hand: bool
    closed: bool
    reopened: bool
    excluded: Ground | None
    duplicate_of: str | None
    joined_into: str | None  # it counts in that one and nowhere else
    end_state: EndState | None
    observed_until: datetime | None
    standings: tuple[Standing, ...]
    opened_at: datetime
    earliest: datetime  # the outlets' publication
    by_day: bool  # known to the day only: `earliest` is its 24:00, and what counts from it is "at least"
    configuration: int
    done: Mapping[Step, datetime]  # of the round judged, in time or late
    briefing: bool | None  # held in time; None where none was asked for
    late: bool
    recurring: bool
    vanished: bool  # a post of it changed or was gone within 30 days
    amendments: tuple[int, ...]  # numbers of the events
    correct: bool  # every criterion holds, this alert's own and those of its duplicates
    failed: tuple[Criterion, ...]  # inherited ones among them
    held: tuple[Criterion, ...]  # for this alert, and failed by none of its duplicates
    units: tuple[str | None, ...]  # where it counts: each assigned when a deadline of it passed, else `unit`
    inherited: tuple[tuple[Criterion, str], ...] = ()


def judge_all(events: Iterable[Event], cutoff: datetime) -> list[Judged]:
    """Return every alert that `events` open, in the order opened, as judged at `cutoff`."""
    states: dict[str, AlertState] = {}
    for event in events:
        fold_into(states, event)
    return judge_states(states, cutoff)


def judge_states(states: Mapping[str, AlertState], cutoff: datetime) -> list[Judged]:
    """Return `states` (all alerts of a ledger by id) as judged at `cutoff`, in their order."""
    found = {id: standings(state, cutoff) for id, state in states.items()}
    passed: dict[str, list[tuple[str, Standing]]] = {}
    for id, state in states.items():
        if state.heir is not None:
            failed = [(id, standing) for standing in found[id] if standing.verdict is FAILED]
            for heir in _heirs(state, states):
                passed.setdefault(heir, []).extend(failed)
    return [_judge(state, cutoff, found[id], passed.get(id, ())) for id, state in states.items()]


def _heirs(state: AlertState, states: Mapping[str, AlertState]) -> Iterator[str]:
    """Yield the alert that `state` went into, and the one that this went into in turn, …: each opened earlier."""
    while (heir := states.get(state.heir or "")) is not None:
        yield heir.id
        state = heir


def _judge(
    state: AlertState, cutoff: datetime, found: tuple[Standing, ...], passed: Sequence[tuple[str, Standing]]
) -> Judged:
    """Return the alert with the standings `found` for it, and those that others `passed` on to it, with their ids."""
    round_judged = state.judged or state
    confirmation = round_judged.confirmation
    dismissal = state.dismissal
    own = [standing for standing in found if standing.verdict is FAILED]
    failed = {standing.criterion for standing in own} | {standing.criterion for _, standing in passed}
    held = [standing.criterion for standing in found if standing.verdict is OK]
    units = dict.fromkeys([standing.unit for standing in own] + [standing.unit for _, standing in passed])
    return Judged(
        id=state.id,
        due=round_judged.due,
        fallen_due=round_judged.due < cutoff,
        unit=round_judged.unit,
        place=state.place,
        topics=state.topics,
        level=int(state.highest),
        by_hand=state.by_hand,
        closed=state.closed,
        reopened=bool(state.reopenings),
        excluded=dismissal.ground if dismissal else None,
        duplicate_of=dismissal.of if dismissal else None,
        joined_into=state.joined_into,
        end_state=round_judged.resolution.end_state if round_judged.resolution else None,
        observed_until=confirmation.observed_until if confirmation and not state.judged else None,
        standings=found,
        opened_at=state.opened_at,
        earliest=state.earliest,
        by_day=state.earliest_precision is Precision.DAY,
        configuration=state.configuration,
        done=_done(round_judged, found),
        briefing=_briefed(round_judged, cutoff),
        late=any(standing.late is not None for standing in found),
        recurring=any(one.fails_at(cutoff) for one in state.recurrences),
        vanished=_vanished(state),
        amendments=tuple(one.seq for one in state.amendments),
        correct=len(held) == len(found) and not passed,
        failed=tuple(sorted(failed)),
        held=tuple(criterion for criterion in held if criterion not in failed),
        units=tuple(units) or (round_judged.unit,),
        inherited=tuple((standing.criterion, id) for id, standing in passed),
    )


def _done(state: AlertState, found: tuple[Standing, ...]) -> dict[Step, datetime]:
    """Return when each step was done: a reply and an outcome when they counted, in time or late."""
    _, _, reply, _, outcome, _ = found
    first = (
        state.acknowledgements[0].at if state.acknowledgements else None,
        state.assignments[0].at if state.assignments else None,
        _met(reply),
        state.resolution.at if state.resolution else None,
        _met(outcome),
        state.confirmation.at if state.confirmation else None,
    )
    return {step: at for step, at in zip(TIMED, first, strict=True) if at is not None}


def _met(one: Standing) -> datetime | None:
    if one.verdict is OK:
        return one.at
    return one.due + timedelta(seconds=one.late) if one.late is not None else None


def _briefed(state: AlertState, cutoff: datetime) -> bool | None:
    deadline = state.deadlines.get(Step.BRIEFING)
    return None if deadline is None else any(fact.at <= min(deadline.at, cutoff) for fact in state.briefings)


def _vanished(state: AlertState) -> bool:
    if not (state.gone or state.post_changes):
        return False
    until = state.opened_at + timedelta(days=OBSERVED_DAYS + 1)
    seen = [one.at for one in state.gone] + [one.at for one in state.post_changes]
    return any(at <= until for at in seen)
