"""Each alert of a ledger as it stands at a cut-off: its six criteria, and what its duplicates pass on to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.alert import AlertState
from alerts.criteria import Standing, standings
from alerts.state import fold_into
from alerts.vocabulary import Criterion, EndState, Ground, Verdict
from huiying.core.model import Event


@dataclass(frozen=True, slots=True)
class Judged:
    """One alert at the cut-off. `inherited` are criteria that duplicates and joined alerts failed, with their ids.

    `unit` is the responsible unit of the round judged, None while it is the duty desk's; `passed_by` are those whose
    failures the inherited ones are; `level` is the highest that it ever had; `fallen_due` whether `due` has passed.
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
    inherited: tuple[tuple[Criterion, str], ...] = ()
    passed_by: tuple[str | None, ...] = ()

    @property
    def correct(self) -> bool:
        """Say whether every criterion holds, this alert's own and those of its duplicates."""
        return not self.inherited and all(standing.verdict is Verdict.OK for standing in self.standings)

    @property
    def units(self) -> tuple[str | None, ...]:
        """Return where the alert counts: each unit assigned when a deadline of it passed, else `unit`."""
        return tuple(dict.fromkeys((*_owners(self), *self.passed_by))) or (self.unit,)

    def failed(self) -> tuple[Criterion, ...]:
        """Return the criteria that failed, inherited ones among them."""
        own = {standing.criterion for standing in self.standings if standing.verdict is Verdict.FAILED}
        return tuple(sorted(own | {criterion for criterion, _ in self.inherited}))

    def holds(self, criterion: Criterion) -> bool:
        """Say whether `criterion` holds for this alert and was failed by none of its duplicates."""
        own = next(standing for standing in self.standings if standing.criterion is criterion)
        return own.verdict is Verdict.OK and criterion not in {failed for failed, _ in self.inherited}


def judge_all(events: Iterable[Event], cutoff: datetime) -> list[Judged]:
    """Return every alert that `events` open, in the order opened, as judged at `cutoff`."""
    states: dict[str, AlertState] = {}
    for event in events:
        fold_into(states, event)
    return judge_states(states, cutoff)


def judge_states(states: Mapping[str, AlertState], cutoff: datetime) -> list[Judged]:
    """Return `states` (all alerts of a ledger by id) as judged at `cutoff`, in their order."""
    judged = {id: _judge(state, cutoff) for id, state in states.items()}
    own = {id: (one.failed(), _owners(one)) for id, one in judged.items()}
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
        standings=standings(state, cutoff),
    )
