"""The figures of a period: a pure function of (events up to a number, period, cut-off), in integers only.

events ─ fold_all, judge_states ─► one Judged each ─ those that fell due in the period (the cohort) ─► Figures

Nothing here takes a number from a person, and no alert can be left out: each falls due in exactly one period.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TypeVar

from alerts.criteria import Standing
from alerts.folded import Folded, fold_all
from alerts.judged import TIMED, Judged, judge_states
from alerts.medians import Times, times
from alerts.periods import Period, before, year_before
from alerts.periods import period as read_period
from alerts.restated import Restated, restate
from alerts.restated import cohort as cohort_of
from alerts.shipped import differing, judged_by_shipped
from alerts.surroundings import surroundings
from alerts.vocabulary import Criterion, EndState, Ground, Step
from alerts.zones import zone_at
from huiying.core import codec
from huiying.core.collector import held_off
from huiying.core.model import Event, Json

SECOND = timedelta(seconds=1)
PERCENT_FROM = 20  # below it a percentage would pretend to a precision that is not there
FLAG_EXCLUDED_ABOVE = 10  # percent of the cohort
_published, _detected = attrgetter("earliest"), attrgetter("opened_at")
THREE_FAST = (Criterion.C3, Criterion.C4, Criterion.C5)


@dataclass(frozen=True, slots=True)
class Count:
    """A number together with the ids of the alerts behind it, in the order they were opened."""

    alerts: tuple[str, ...]

    @property
    def count(self) -> int:
        """Return how many alerts there are."""
        return len(self.alerts)

    def to_json(self) -> Json:
        """Return count and ids."""
        return {"alerts": self.alerts, "count": self.count}


@dataclass(frozen=True, slots=True)
class Rate:
    """`part` of `whole`, always as a fraction."""

    part: Count
    whole: Count

    @property
    def permille(self) -> int | None:
        """Return the rate in thousandths, rounded down, or None below 20 alerts."""
        return self.part.count * 1000 // self.whole.count if self.whole.count >= PERCENT_FROM else None

    def to_json(self) -> Json:
        """Return the fraction with its alerts."""
        return {"part": self.part.to_json(), "permille": self.permille, "whole": self.whole.to_json()}


@dataclass(frozen=True, slots=True)
class Group:
    """The rate of one unit, place, topic or level; `key` None is the duty desk."""

    key: str | None
    rate: Rate

    def to_json(self) -> Json:
        """Return key and rate."""
        return {"key": self.key, "rate": self.rate.to_json()}


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that this version computes for a period. A rate is None where no alert fell due.

    `events` is the number of the last event counted; `cutoff` is never later than that event. `in_progress` are the
    alerts of the whole ledger that are open and not yet due. Breakdowns hold the cohort without the excluded.
    """

    period: Period
    cutoff: datetime
    events: int
    correct: Count
    not_correct: Count
    excluded: Mapping[Ground, Count]
    excluded_flagged: bool
    rate: Rate | None
    if_excluded_counted: Rate | None
    observed: Count  # of the correct: a reopening could yet turn them
    end_states: Mapping[EndState, Count]
    unresolved: Count
    three_fast: Mapping[Criterion, Rate | None]
    failed: Mapping[Criterion, Count]
    reopened: Count
    by_hand: Count
    without_by_hand: Rate | None
    by_unit: tuple[Group, ...]
    by_place: tuple[Group, ...]
    by_topic: tuple[Group, ...]
    by_level: tuple[Group, ...]
    in_progress: Count
    in_progress_failed: Count
    times: Mapping[Step, tuple[Times, Times]]  # from publication, from detection; over the cohort but the excluded
    at_least: Count  # whose publication is known to the day only
    briefing: Rate | None  # of those that were to have one
    late: Count
    recurring: Count
    vanished: Count
    amended: Count
    joined: Count  # those that went into an alert of the cohort, and are counted there
    previous: Restated
    year_before: Restated
    shipped: Rate | None  # under the shipped policy; None where every alert of the cohort was opened under it
    beside: Mapping[str, Json]  # gaps, clock anomalies, restorations, configuration, coverage: see `surroundings`
    alerts: Mapping[str, Judged]  # all behind the numbers above

    @held_off()
    def to_json(self) -> bytes:
        """Return the canonical JSON: the same bytes for the same events, period and cut-off."""
        return codec.canonical(
            {
                "amended": self.amended.to_json(),
                "at_least": self.at_least.to_json(),
                "beside": self.beside,
                "briefing": _rate_json(self.briefing),
                "joined": self.joined.to_json(),
                "late": self.late.to_json(),
                "previous": self.previous.to_json(),
                "recurring": self.recurring.to_json(),
                "shipped": _rate_json(self.shipped),
                "times": {
                    str(step): {"detected": detected.to_json(), "published": published.to_json()}
                    for step, (published, detected) in self.times.items()
                },
                "vanished": self.vanished.to_json(),
                "year_before": self.year_before.to_json(),
                "alerts": {id: _judged_json(judged) for id, judged in self.alerts.items()},
                "by_hand": self.by_hand.to_json(),
                "by_level": [group.to_json() for group in self.by_level],
                "by_place": [group.to_json() for group in self.by_place],
                "by_topic": [group.to_json() for group in self.by_topic],
                "by_unit": [group.to_json() for group in self.by_unit],
                "correct": self.correct.to_json(),
                "cutoff": self.cutoff,
                "end_states": _counts_json(self.end_states),
                "events": self.events,
                "excluded": _counts_json(self.excluded),
                "excluded_flagged": self.excluded_flagged,
                "failed": _counts_json(self.failed),
                "if_excluded_counted": _rate_json(self.if_excluded_counted),
                "in_progress": self.in_progress.to_json(),
                "in_progress_failed": self.in_progress_failed.to_json(),
                "not_correct": self.not_correct.to_json(),
                "observed": self.observed.to_json(),
                "period": {"begin": self.period.begin, "end": self.period.end, "name": self.period.name},
                "rate": _rate_json(self.rate),
                "reopened": self.reopened.to_json(),
                "three_fast": {str(criterion): _rate_json(rate) for criterion, rate in self.three_fast.items()},
                "unresolved": self.unresolved.to_json(),
                "without_by_hand": _rate_json(self.without_by_hand),
            }
        )


def figures(events: Sequence[Event], period: Period, cutoff: datetime) -> Figures:
    """Compute the figures of `period` from `events` (all of one ledger, in order) recorded up to `cutoff`."""
    with held_off():
        counted = [event for event in events if event.recorded_at <= cutoff]
        return figures_of(fold_all(counted), period, cutoff, lambda: counted)


@held_off()
def figures_of(folded: Folded, period: Period, cutoff: datetime, events: Callable[[], Iterable[Event]]) -> Figures:
    """Compute the same from events that are folded already, none of them recorded after `cutoff`.

    `events` gives them all again: the rate under the shipped policy is folded anew, where the office has its own.
    """
    until = min(cutoff, folded.last) if folded.last else cutoff
    everything = judge_states(folded.states, until)
    zone = zone_at(folded.whole, until)
    due = cohort_of(everything, period)
    cohort = [judged for judged in due if judged.excluded is None]
    excluded = [judged for judged in due if judged.excluded is not None]
    running = [judged for judged in everything if not judged.fallen_due and not judged.closed]
    members = {judged.id for judged in cohort}
    joined = [judged for judged in everything if judged.joined_into in members]
    correct = [judged for judged in cohort if judged.correct]
    return Figures(
        period=period,
        cutoff=until,
        events=folded.seq,
        correct=_ids(correct),
        not_correct=_ids(judged for judged in cohort if not judged.correct),
        excluded=_spread(excluded, Ground, lambda judged: (judged.excluded,)),
        excluded_flagged=len(excluded) * 100 > FLAG_EXCLUDED_ABOVE * len(due),
        rate=_rate(cohort),
        if_excluded_counted=Rate(_ids(correct), _ids(due)) if due else None,
        observed=_ids(judged for judged in correct if _in_observation(judged, until)),
        end_states=_spread(cohort, EndState, lambda judged: (judged.end_state,)),
        unresolved=_ids(judged for judged in cohort if judged.end_state is None),
        three_fast=_shares(cohort, _spread(cohort, THREE_FAST, lambda judged: judged.held)),
        failed=_spread(cohort, Criterion, lambda judged: judged.failed),
        reopened=_ids(judged for judged in cohort if judged.reopened),
        by_hand=_ids(judged for judged in cohort if judged.by_hand),
        without_by_hand=_rate([judged for judged in cohort if not judged.by_hand]),
        by_unit=_groups(cohort, lambda judged: judged.units),
        by_place=_groups(cohort, lambda judged: (judged.place,)),
        by_topic=_groups(cohort, lambda judged: judged.topics),
        by_level=_groups(cohort, lambda judged: (str(judged.level),)),
        in_progress=_ids(running),
        in_progress_failed=_ids(judged for judged in running if judged.failed),
        times=_times(cohort, until),
        at_least=_ids(judged for judged in cohort if judged.by_day),
        briefing=_share([judged for judged in cohort if judged.briefing is not None], lambda judged: judged.briefing),
        late=_ids(judged for judged in cohort if judged.late),
        recurring=_ids(judged for judged in cohort if judged.recurring),
        vanished=_ids(judged for judged in cohort if judged.vanished),
        amended=_ids(judged for judged in cohort if judged.amendments),
        joined=_ids(joined),
        previous=restate(everything, folded.whole, read_period(before(period.name), zone)),
        year_before=restate(everything, folded.whole, read_period(year_before(period.name), zone)),
        shipped=_shipped(folded, cohort, until, events),
        beside=surroundings(folded.whole, period, zone),
        alerts={judged.id: judged for judged in (*due, *running, *joined)},
    )


def _times(cohort: Sequence[Judged], until: datetime) -> dict[Step, tuple[Times, Times]]:
    """Return the times to each step from publication and from detection; who has not done it is censored at `until`."""
    return {step: (_time(cohort, step, until, _published), _time(cohort, step, until, _detected)) for step in TIMED}


def _time(cohort: Sequence[Judged], step: Step, until: datetime, since: Callable[[Judged], datetime]) -> Times:
    """Return the times to `step`; none where it was done before: a reply may stand before the alert was opened."""
    waits = [(judged.done.get(step), since(judged)) for judged in cohort]
    done = [(at - begin) // SECOND for at, begin in waits if at is not None]
    censored = [(until - begin) // SECOND for at, begin in waits if at is None]
    return times([max(0, seconds) for seconds in done], [max(0, seconds) for seconds in censored])


def _shipped(
    folded: Folded, cohort: Sequence[Judged], until: datetime, events: Callable[[], Iterable[Event]]
) -> Rate | None:
    """Return the rate of the same alerts under the shipped policy, where any was opened under another."""
    own = differing(folded.whole)
    if not any(judged.configuration in own for judged in cohort):
        return None
    members = {judged.id for judged in cohort}
    counted = (event for event in events() if event.seq <= folded.seq)
    return _rate([judged for judged in judged_by_shipped(counted, until) if judged.id in members])


K = TypeVar("K", bound=Hashable)


def _ids(alerts: Iterable[Judged]) -> Count:
    return Count(tuple([judged.id for judged in alerts]))


def _rate(alerts: Sequence[Judged]) -> Rate | None:
    return _share(alerts, lambda judged: judged.correct)


def _share(alerts: Sequence[Judged], test: Callable[[Judged], bool | None]) -> Rate | None:
    """Return the share of `alerts` that hold `test`, None where there are none."""
    return Rate(_ids(filter(test, alerts)), _ids(alerts)) if alerts else None


def _spread(alerts: Iterable[Judged], keys: Iterable[K], of: Callable[[Judged], Iterable[K | None]]) -> dict[K, Count]:
    """Return for each of `keys` the alerts that have it, in one pass over them."""
    found: dict[K | None, list[str]] = {key: [] for key in keys}
    for judged in alerts:
        for key in of(judged):
            if key in found:
                found[key].append(judged.id)
    return {key: Count(tuple(ids)) for key, ids in found.items() if key is not None}


def _shares(cohort: Sequence[Judged], parts: Mapping[K, Count]) -> dict[K, Rate | None]:
    whole = _ids(cohort)
    return {key: Rate(part, whole) if cohort else None for key, part in parts.items()}


def _in_observation(judged: Judged, until: datetime) -> bool:
    return judged.observed_until is not None and until <= judged.observed_until


def _groups(alerts: Sequence[Judged], keys: Callable[[Judged], Iterable[str | None]]) -> tuple[Group, ...]:
    """Return the rate of each key, the duty desk first. An alert may stand under several topics or units."""
    members: dict[str | None, list[Judged]] = {}
    for judged in alerts:
        for key in keys(judged):
            members.setdefault(key, []).append(judged)
    ordered = sorted(members.items(), key=lambda entry: (entry[0] is not None, entry[0] or ""))
    return tuple(Group(key, rate) for key, held in ordered if (rate := _rate(held)))


def _rate_json(rate: Rate | None) -> Json:
    return rate.to_json() if rate else None


def _counts_json(counts: Mapping[Ground, Count] | Mapping[EndState, Count] | Mapping[Criterion, Count]) -> Json:
    return {str(key): count.to_json() for key, count in counts.items()}


def _judged_json(judged: Judged) -> Json:
    return {
        "by_hand": judged.by_hand,
        "correct": judged.correct,
        "criteria": {str(standing.criterion): _standing_json(standing) for standing in judged.standings},
        "due": judged.due,
        "end_state": judged.end_state,
        "excluded": judged.excluded,
        "amendments": judged.amendments,
        "inherited": [[str(criterion), duplicate] for criterion, duplicate in judged.inherited],
        "level": judged.level,
        "place": judged.place,
        "topics": judged.topics,
        "unit": judged.unit,
        "units": judged.units,
    }


def _standing_json(standing: Standing) -> Json:
    return {
        "at": standing.at,
        "due": standing.due,
        "events": standing.events,
        "late": standing.late,
        "unit": standing.unit,
        "verdict": standing.verdict,
    }
