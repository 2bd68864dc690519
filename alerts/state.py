"""What an alert is at a number of the ledger: the fold of its events, and nothing else.

opened ─► AlertState ─ fold(event) ─► AlertState ─ fold(event) ─► …

A reopening after `confirmed` begins a new round: the state before it stays in `judged`, since the rate is decided by
the first round, and the steps of the new round start empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from alerts import aftermath, facts
from alerts.alert import AlertState, evolved, numbered
from alerts.events import EventType
from alerts.facts import (
    Acknowledgement,
    Assignment,
    Briefing,
    Capture,
    Confirmation,
    Dismissal,
    Elsewhere,
    Escalation,
    Evidence,
    Extension,
    Fact,
    LevelChange,
    Note,
    Place,
    Proposal,
    Published,
    Reopening,
    Resolution,
    Verification,
)
from alerts.vocabulary import Deadline, EndState, Finding, Ground, Stage, Step, deadlines_read
from huiying.core import codec
from huiying.core.model import Event, Json, Level, Precision

__all__ = ["AlertState", "fold", "fold_into"]


def fold_into(states: dict[str, AlertState], event: Event) -> None:
    """Put into `states` (all alerts by id) what `event` changes: its alert, and those that it names."""
    before = states.get(event.alert or "")
    if event.alert is not None:
        states[event.alert] = fold(before, event)
    if event.type in _REACHING:
        _reach(states, event, before)


_REACHING = frozenset({EventType.MONITOR_GAP, EventType.STORIES_JOINED, EventType.REOPENED})


def _reach(states: dict[str, AlertState], event: Event, before: AlertState | None) -> None:
    """Put into `states` what `event` changes of other alerts than its own, which was `before`."""
    if event.type == EventType.MONITOR_GAP:
        for move in event.payload["moved"]:
            states[move["alert"]] = aftermath.moved(states[move["alert"]], {move["step"]: move["deadline"]})
    if event.type == EventType.STORIES_JOINED:
        joined = event.payload["joined"]
        states[joined] = aftermath.into(states[joined], event)
    if event.type == EventType.REOPENED and before and before.dismissal and before.dismissal.of in states:
        heir = states[before.dismissal.of]
        standing = tuple(duplicate for duplicate in heir.duplicates if duplicate != event.alert)
        states[heir.id] = evolved(heir, duplicates=standing)


def fold(state: AlertState | None, event: Event) -> AlertState:
    """Return the alert after `event`. A first event that is not `opened` is a ValueError."""
    if state is None:
        if event.type != EventType.OPENED:
            raise ValueError(f"event {event.seq} of {event.alert} stands before it was opened")
        return _opened(event)
    change = _CHANGES.get(event.type)
    folded = change(state, event) if change else state
    # Whoever only looks is in nobody's way.
    looks = event.role == "system" or event.type == EventType.CAPTURE_OPENED
    person = state.person_seq if looks else event.seq
    return numbered(state, folded, event.seq, person)


def _opened(event: Event) -> AlertState:
    payload = event.payload
    return AlertState(
        id=str(event.alert),
        seq=event.seq,
        opened_seq=event.seq,
        person_seq=event.seq,
        opened_at=event.recorded_at,
        by_hand=payload["by_hand"],
        rule=payload["rule"],
        why=payload["why"],
        story=payload["story"],
        posts=tuple(facts.post_read(post, event.seq) for post in payload["posts"]),
        level=Level(payload["level"]),
        opened_level=Level(payload["level"]),
        place=payload["place"],
        places=tuple(Place(place["code"], place["name"], place["level"]) for place in payload["places"]),
        topics=tuple(payload["topics"]),
        deadlines=deadlines_read(payload["deadlines"]),
        due=codec.instant(payload["due"]),
        configuration=payload["configuration"],
        earliest=codec.instant(payload["earliest"]["at"]),
        earliest_precision=Precision(payload["earliest"]["precision"]),
        own_earliest=codec.instant(payload["earliest"]["at"]),
        rules=(payload["rule"],) if payload["rule"] else (),
    )


def _clocks(state: AlertState, event: Event) -> dict[Step, Deadline]:
    """Return the deadlines in force with those that `event` carries put in."""
    return {**state.deadlines, **deadlines_read(event.payload.get("deadlines", {}))}


def _rule_matched(state: AlertState, event: Event) -> AlertState:
    level = Level(event.payload.get("level", int(state.level)))
    rules = tuple(dict.fromkeys((*state.rules, event.payload["rule"])))
    return evolved(state, rules=rules, level=max(level, state.level), deadlines=_clocks(state, event))


def _post_attached(state: AlertState, event: Event) -> AlertState:
    post = facts.post_read(event.payload["post"], event.seq)
    earlier = post.since() < state.earliest
    duplicate = event.payload.get("duplicate")
    added = (duplicate,) if duplicate and duplicate not in state.duplicates else ()
    known = any(held.id == post.id for held in state.posts)
    # What comes with another alert is shown, and makes no page count that was too old before.
    own = not (duplicate or state.duplicates or state.joined)
    return evolved(
        state,
        posts=state.posts if known else (*state.posts, post),
        earliest=post.since() if earlier else state.earliest,
        earliest_precision=(post.precision or Precision.SECOND) if earlier else state.earliest_precision,
        own_earliest=min(post.since(), state.own_earliest) if own else state.own_earliest,
        duplicates=(*state.duplicates, *added),
    )


def _post_changed(state: AlertState, event: Event) -> AlertState:
    changed = facts.post_read(event.payload["post"])
    posts = tuple(replace(changed, seq=post.seq) if post.id == changed.id else post for post in state.posts)
    return evolved(aftermath.changed(state, event), posts=posts)


def _acknowledged(state: AlertState, event: Event) -> AlertState:
    fact = Acknowledgement(*Fact.head(event), due=state.deadlines[Step.ACKNOWLEDGE].at)
    return evolved(state, acknowledgements=(*state.acknowledgements, fact), deadlines=_clocks(state, event))


def _lapsed(state: AlertState, event: Event) -> AlertState:
    lapsed = replace(state.acknowledgements[-1], lapsed=state.deadlines[Step.ASSIGN].at)
    return evolved(state, acknowledgements=(*state.acknowledgements[:-1], lapsed))


def _assigned(state: AlertState, event: Event) -> AlertState:
    due = state.deadlines[Step.ASSIGN].at
    fact = Assignment(*Fact.head(event), unit=event.payload["unit"], due=due, final=event.payload["final"])
    return evolved(state, assignments=(*state.assignments, fact))


def _returned(state: AlertState, event: Event) -> AlertState:
    given_back = replace(state.assignments[-1], returned=event.recorded_at, reason=event.payload["reason"])
    return evolved(state, assignments=(*state.assignments[:-1], given_back), deadlines=_clocks(state, event))


def _evidence(written: list[Json]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(piece["kind"], piece["value"], piece.get("sha256", ""), piece.get("name", ""), piece.get("size", 0))
        for piece in written
    )


def _verified(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Verification(
        *Fact.head(event),
        finding=Finding(payload["finding"]),
        evidence=_evidence(payload["evidence"]),
        text=payload.get("text", ""),
    )
    return evolved(state, verifications=(*state.verifications, fact))


def _passed(state: AlertState, step: Step, event: Event) -> datetime | None:
    """Return the deadline of `step` if it lies before `event`."""
    at = state.deadlines[step].at
    return at if at < event.recorded_at else None


def _published(event: Event, passed: datetime | None = None) -> Published:
    return Published(*Fact.head(event), address=event.payload["address"], passed=passed)


def _replied(state: AlertState, event: Event) -> AlertState:
    return evolved(state, replies=(*state.replies, _published(event)))


def _corrected(state: AlertState, event: Event) -> AlertState:
    return evolved(state, corrections=(*state.corrections, _published(event)))


def _outcome(state: AlertState, event: Event) -> AlertState:
    page = _published(event, passed=_passed(state, Step.CONFIRM, event))
    return evolved(state, outcomes=(*state.outcomes, page), deadlines=_clocks(state, event))


def _elsewhere(state: AlertState, event: Event) -> AlertState:
    return evolved(state, elsewhere=(*state.elsewhere, Elsewhere(*Fact.head(event), where=event.payload["where"])))


def _briefing(state: AlertState, event: Event) -> AlertState:
    fact = Briefing(*Fact.head(event), evidence=_evidence(event.payload["evidence"]))
    return evolved(state, briefings=(*state.briefings, fact))


def _capture(event: Event) -> Capture:
    payload = event.payload
    return Capture(
        seq=event.seq,
        at=event.recorded_at,
        reference=payload["capture"],
        sha256=payload["sha256"],
        fetched=codec.instant(payload["fetched"]),
        first_fetched=codec.instant(payload["first_fetched"]),
        topic_named=payload["topic_named"],
        place_named=payload["place_named"],
        words=tuple((code, word, field, start, end) for code, word, field, start, end in payload["words"]),
        absent_before=payload.get("absent_before", False),
    )


def _on_page(state: AlertState, of: int, change: Callable[[Published], Published]) -> AlertState:
    """Return `state` with `change` applied to the published page that event `of` recorded, in its round."""
    return evolved(
        state,
        replies=_changed(state.replies, of, change),
        outcomes=_changed(state.outcomes, of, change),
        corrections=_changed(state.corrections, of, change),
        judged=_on_page(state.judged, of, change) if state.judged else None,
    )


def _changed(pages: tuple[Published, ...], of: int, change: Callable[[Published], Published]) -> tuple[Published, ...]:
    return tuple(change(page) if page.seq == of else page for page in pages)


def _captured(state: AlertState, event: Event) -> AlertState:
    capture = _capture(event)
    return _on_page(
        state, event.payload["of"], lambda page: replace(page, captures=(*page.captures, capture), failed=None)
    )


def _capture_failed(state: AlertState, event: Event) -> AlertState:
    return _on_page(state, event.payload["of"], lambda page: replace(page, failed=event.payload["reason"]))


def _resolved(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Resolution(
        *Fact.head(event),
        end_state=EndState(payload["end_state"]),
        done=payload["done"],
        why=payload.get("why", ""),
        evidence=_evidence(payload["evidence"]),
        passed=_passed(state, Step.PUBLISH, event),
    )
    resolvers = (*state.resolvers, event.actor)
    return evolved(state, resolution=fact, resolvers=resolvers, deadlines=_clocks(state, event))


def _extended(state: AlertState, event: Event) -> AlertState:
    fact = Extension(*Fact.head(event), working_days=event.payload["working_days"], reason=event.payload["reason"])
    due = codec.instant(event.payload["due"])
    return evolved(state, extension=fact, deadlines=_clocks(state, event), due=due)


def _confirmed(state: AlertState, event: Event) -> AlertState:
    until = codec.instant(event.payload["observed_until"])
    return evolved(state, confirmation=Confirmation(*Fact.head(event), observed_until=until), proposal=None)


def _proposed(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Proposal(*Fact.head(event), ground=Ground(payload["ground"]), why=payload["why"], of=payload.get("of"))
    return evolved(state, proposal=fact)


def _dismissed(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Dismissal(*Fact.head(event), ground=Ground(payload["ground"]), why=payload["why"], of=payload.get("of"))
    return evolved(state, dismissal=fact)


def _reopened(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Reopening(*Fact.head(event), reason=payload["reason"], closed=payload["closed"])
    kept = evolved(state, reopenings=(*state.reopenings, fact), proposal=None, dismissal=None)
    if payload["closed"] == Stage.DISMISSED:
        return kept
    return evolved(
        kept,
        acknowledgements=(),
        assignments=(),
        verifications=(),
        replies=(),
        elsewhere=(),
        briefings=(),
        resolution=None,
        outcomes=(),
        extension=None,
        confirmation=None,
        deadlines=deadlines_read(payload["deadlines"]),
        judged=state.judged or state,
        round_seq=event.seq,
    )


def _level_changed(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = LevelChange(*Fact.head(event), was=payload["was"], level=payload["level"], reason=payload["reason"])
    return evolved(
        state,
        level=Level(payload["level"]),
        level_changes=(*state.level_changes, fact),
        deadlines=_clocks(state, event),
    )


def _escalated(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Escalation(
        event.seq,
        event.recorded_at,
        Step(payload["step"]),
        codec.instant(payload["deadline"]),
        tuple(payload["told"]),
    )
    return evolved(state, escalations=(*state.escalations, fact))


def _noted(state: AlertState, event: Event) -> AlertState:
    return evolved(state, notes=(*state.notes, Note(*Fact.head(event), text=event.payload["text"])))


_CHANGES: Mapping[str, Callable[[AlertState, Event], AlertState]] = {
    EventType.RULE_MATCHED: _rule_matched,
    EventType.POST_ATTACHED: _post_attached,
    EventType.POST_CHANGED: _post_changed,
    EventType.ACKNOWLEDGED: _acknowledged,
    EventType.ACKNOWLEDGEMENT_LAPSED: _lapsed,
    EventType.ASSIGNED: _assigned,
    EventType.RETURNED: _returned,
    EventType.VERIFIED: _verified,
    EventType.REPLIED: _replied,
    EventType.REPLIED_ELSEWHERE: _elsewhere,
    EventType.CAPTURED: _captured,
    EventType.CAPTURE_FAILED: _capture_failed,
    EventType.BRIEFING_HELD: _briefing,
    EventType.CORRECTED: _corrected,
    EventType.RESOLVED: _resolved,
    EventType.OUTCOME_PUBLISHED: _outcome,
    EventType.EXTENDED: _extended,
    EventType.CONFIRMED: _confirmed,
    EventType.REOPENED: _reopened,
    EventType.DISMISSAL_PROPOSED: _proposed,
    EventType.DISMISSED: _dismissed,
    EventType.LEVEL_CHANGED: _level_changed,
    EventType.ESCALATED: _escalated,
    EventType.NOTED: _noted,
    **aftermath.CHANGES,
}
