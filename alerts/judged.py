"""Each alert of a ledger as it stands at a cut-off: its six criteria, and what its duplicates pass on to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from alerts.alert import AlertState
from alerts.criteria import Standing, standings
from alerts.state import fold_into
from alerts.vocabulary import Criterion, EndState, Ground, Step, Verdict
from huiying.core.model import Event, Precision

OBSERVED_DAYS = 30  # of a post, counted from the opening; a day more for the last look, which is on that day


@dataclass(frozen=True)
class Judged:
    """One alert at the cut-off. `inherited` are criteria that duplicates and joined alerts failed, with their ids.

    `unit` is the responsible unit of the round judged, None while it is the duty desk's; `passed_by` are those whose
    failures the inherited ones are; `level` is the highest that it ever had; `fallen_due` whether `due` has passed.
    Without slots, for what is computed once and asked often.
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
    inherited: tuple[tuple[Criterion, str], ...] = ()
    passed_by: tuple[str | None, ...] = ()

    @cached_property
    def correct(self) -> bool:
        """Say whether every criterion holds, this alert's own and those of its duplicates."""
        return not self.inherited and all(standing.verdict is Verdict.OK for standing in self.standings)

    @property
    def units(self) -> tuple[str | None, ...]:
        """Return where the alert counts: each unit assigned when a deadline of it passed, else `unit`."""
        return tuple(dict.fromkeys((*_owners(self), *self.passed_by))) or (self.unit,)

    @cached_property
    def failed(self) -> tuple[Criterion, ...]:
        """Return the criteria that failed, inherited ones among them."""
        own = {standing.criterion for standing in self.standings if standing.verdict is Verdict.FAILED}
        return tuple(sorted(own | {criterion for criterion, _ in self.inherited}))

    @cached_property
    def held(self) -> tuple[Criterion, ...]:
        """Return the criteria that hold for this alert and were failed by none of its duplicates."""
        own = (standing.criterion for standing in self.standings if standing.verdict is Verdict.OK)
        return tuple(criterion for criterion in own if criterion not in self.failed)


def judge_all(events: Iterable[Event], cutoff: datetime) -> list[Judged]:
    """Return every alert that `events` open, in the order opened, as judged at `cutoff`."""
    states: dict[str, AlertState] = {}
    for event in events:
        fold_into(states, event)
    return judge_states(states, cutoff)


def judge_states(states: Mapping[str, AlertState], cutoff: datetime) -> list[Judged]:
    """Return `states` (all alerts of a ledger by id) as judged at `cutoff`, in their order."""
    judged = {id: _judge(state, cutoff) for id, state in states.items()}
    own = {id: (one.failed, _owners(one)) for id, one in judged.items()}
    for id, state in states.items():
        failed, owners = own[id]
        for heir in _heirs(state, states) if failed else ():
            passed = tuple((criterion, id) for criterion in failed)
            held = judged[heir]
            judged[heir] = replace(held, inherited=(*held.inherited, *passed), passed_by=(*held.passed_by, *owners))
    return list(judged.values())


def _heirs(state: AlertState, states: Mapping[str, AlertState]) -> Iterator[str]:
    """Yield the alert that `state` went into, and the one that this went into in turn, …: each opened earlier."""
    while (heir := states.get(state.heir or "")) is not None:
        yield heir.id
        state = heir


def _owners(judged: Judged) -> tuple[str | None, ...]:
    """Return whose failures the alert's own failed criteria are, in their order."""
    return tuple(standing.unit for standing in judged.standings if standing.verdict is Verdict.FAILED)


def _judge(state: AlertState, cutoff: datetime) -> Judged:
    round_judged = state.judged or state
    found = standings(state, cutoff)
    confirmation = round_judged.confirmation
    dismissal = state.dismissal
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
    )


def _done(state: AlertState, found: tuple[Standing, ...]) -> dict[Step, datetime]:
    """Return when each step was done: a reply and an outcome when they counted, in time or late."""
    first: dict[Step, datetime | None] = {
        Step.ACKNOWLEDGE: state.acknowledgements[0].at if state.acknowledgements else None,
        Step.ASSIGN: state.assignments[0].at if state.assignments else None,
        Step.REPLY: _met(found, Criterion.C3),
        Step.RESOLVE: state.resolution.at if state.resolution else None,
        Step.PUBLISH: _met(found, Criterion.C5),
        Step.CONFIRM: state.confirmation.at if state.confirmation else None,
    }
    return {step: at for step, at in first.items() if at is not None}


def _met(found: tuple[Standing, ...], criterion: Criterion) -> datetime | None:
    one = next(standing for standing in found if standing.criterion is criterion)
    if one.verdict is Verdict.OK:
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
