"""One alert as its events give it: a frozen value, with what can be read from it directly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alerts.facts import (
    Acknowledgement,
    Amendment,
    Assignment,
    Briefing,
    Confirmation,
    Dismissal,
    Elsewhere,
    Escalation,
    Extension,
    Gone,
    LevelChange,
    Mute,
    Note,
    Place,
    PostChange,
    PostRef,
    Proposal,
    Published,
    Recheck,
    Recurrence,
    Reopening,
    Resolution,
    Told,
    Verification,
)
from alerts.vocabulary import Deadline, Stage, Step
from huiying.core.model import Level, Precision

__all__ = ["AlertState", "evolved", "numbered"]


@dataclass(frozen=True)
class AlertState:
    """One alert. `seq` is the number of its last event, `deadlines` those in force, `due` the instant it falls due.

    Without slots, so that `evolved` can copy all fields at once.
    """

    id: str
    seq: int
    opened_seq: int
    opened_at: datetime
    by_hand: bool
    rule: str | None
    why: str
    story: str
    posts: tuple[PostRef, ...]
    level: Level
    opened_level: Level
    place: str
    places: tuple[Place, ...]
    topics: tuple[str, ...]
    deadlines: Mapping[Step, Deadline]
    due: datetime
    configuration: int
    earliest: datetime
    earliest_precision: Precision
    own_earliest: datetime  # of its own story's posts: no page counts that was there long before
    rules: tuple[str, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    verifications: tuple[Verification, ...] = ()
    replies: tuple[Published, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    briefings: tuple[Briefing, ...] = ()
    corrections: tuple[Published, ...] = ()
    resolution: Resolution | None = None
    resolvers: tuple[str, ...] = ()  # who recorded `resolved`, in every round
    outcomes: tuple[Published, ...] = ()
    extension: Extension | None = None
    confirmation: Confirmation | None = None
    proposal: Proposal | None = None
    dismissal: Dismissal | None = None
    reopenings: tuple[Reopening, ...] = ()
    level_changes: tuple[LevelChange, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    notes: tuple[Note, ...] = ()
    duplicates: tuple[str, ...] = ()
    gone: tuple[Gone, ...] = ()
    post_changes: tuple[PostChange, ...] = ()
    rechecks: tuple[Recheck, ...] = ()
    recurrences: tuple[Recurrence, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    mutes: tuple[Mute, ...] = ()
    told: tuple[Told, ...] = ()
    joined: tuple[str, ...] = ()  # alerts whose stories turned out to be this one's
    joined_into: str | None = None
    joined_at: datetime | None = None
    person_seq: int = 0  # number of the last event that a person recorded, or of `opened`
    judged: AlertState | None = None  # this alert just before it was first reopened from `confirmed`
    round_seq: int = 0  # number of the reopening that began this round, 0 in the first

    @property
    def acknowledgement(self) -> Acknowledgement | None:
        """Return the acknowledgement in force: the last one, unless it lapsed."""
        last = self.acknowledgements[-1] if self.acknowledgements else None
        return last if last and last.lapsed is None else None

    @property
    def assignment(self) -> Assignment | None:
        """Return the assignment in force: the last one, unless the unit returned it."""
        last = self.assignments[-1] if self.assignments else None
        return last if last and last.returned is None else None

    @property
    def unit(self) -> str | None:
        """Return the responsible unit, None while the alert is the duty desk's."""
        return self.assignment.unit if self.assignment else None

    @property
    def returns(self) -> tuple[Assignment, ...]:
        """Return the assignments that were given back, in order."""
        return tuple(assignment for assignment in self.assignments if assignment.returned is not None)

    @property
    def closed(self) -> bool:
        """Say whether the alert is confirmed, dismissed, or has gone into an earlier one."""
        return self.confirmation is not None or self.dismissal is not None or self.joined_into is not None

    @property
    def stage(self) -> Stage:
        """Return how far the alert has come."""
        reached = (
            (Stage.JOINED, self.joined_into),
            (Stage.DISMISSED, self.dismissal),
            (Stage.CONFIRMED, self.confirmation),
            (Stage.PUBLISHED, self.outcomes),
            (Stage.RESOLVED, self.resolution),
            (Stage.REPLIED, self.replies or self.elsewhere),
            (Stage.VERIFIED, self.verifications),
            (Stage.ASSIGNED, self.assignment),
            (Stage.ACKNOWLEDGED, self.acknowledgement),
        )
        return next((stage for stage, fact in reached if fact), Stage.OPENED)

    @property
    def heir(self) -> str | None:
        """Return the alert that what comes to this one goes to: it was joined into it, or dismissed as a duplicate."""
        return self.joined_into or (self.dismissal.of if self.dismissal else None)

    def muted_until(self, now: datetime) -> datetime | None:
        """Return until when nobody is notified of it, None where somebody is."""
        last = self.mutes[-1] if self.mutes else None
        return last.until if last and last.ended is None and now < last.until else None

    @property
    def highest(self) -> Level:
        """Return the highest level that the alert ever had."""
        return max(self.opened_level, *(Level(change.level) for change in self.level_changes), self.level)

    @property
    def title(self) -> str:
        """Return the title of the post that the alert was opened on."""
        return self.posts[0].title

    @property
    def address(self) -> str:
        """Return the address of the post that the alert was opened on."""
        return self.posts[0].address

    @property
    def place_name(self) -> str:
        """Return the name of the alert's place."""
        return next((place.name for place in self.places if place.code == self.place), self.place)

    def done(self, step: Step) -> bool:
        """Say whether `step` was recorded in this round, in time or late."""
        done: dict[Step, object] = {
            Step.ACKNOWLEDGE: self.acknowledgement or self.assignment,
            Step.ASSIGN: self.assignment,
            Step.REPLY: self.replies,
            Step.BRIEFING: self.briefings,
            Step.RESOLVE: self.resolution,
            Step.PUBLISH: self.outcomes,
            Step.CONFIRM: self.confirmation,
        }
        return bool(done[step])

    def open_steps(self) -> tuple[tuple[Step, Deadline], ...]:
        """Return the steps still to be done with their deadlines, nearest first; none once closed."""
        if self.closed:
            return ()
        waiting = [(step, deadline) for step, deadline in self.deadlines.items() if not self.done(step)]
        return tuple(sorted(waiting, key=lambda pair: (pair[1].at, list(Step).index(pair[0]))))

    def unit_at(self, at: datetime) -> str | None:
        """Return the unit that was assigned at `at`, None for the duty desk."""
        for assignment in self.assignments:
            if assignment.at <= at and (assignment.returned is None or assignment.returned > at):
                return assignment.unit
        return None


if TYPE_CHECKING:
    from dataclasses import replace as evolved  # names and types are checked as for `replace`
else:

    def evolved(state: AlertState, **changes: Any) -> AlertState:
        """Return `state` with `changes`. `dataclasses.replace` takes ten times as long over fifty fields."""
        made = object.__new__(AlertState)
        made.__dict__.update(state.__dict__)
        made.__dict__.update(changes)
        return made


def numbered(state: AlertState, made: AlertState, seq: int, person_seq: int) -> AlertState:
    """Return `made`, which an event made of `state`, with that event's numbers.

    A copy that was made just now is held by nobody yet and is numbered in place: to copy it again would take as long as
    the event. Where the event changed nothing `made` is `state` itself, which stays as it was.
    """
    if made is state:
        return evolved(state, seq=seq, person_seq=person_seq)
    made.__dict__.update(seq=seq, person_seq=person_seq)
    return made
