"""What is recorded of an alert beside its steps: posts that vanish, pages looked at again, recurrence, amendments.

Each function is one event folded into the alert's state; `state` calls them by type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from alerts.alert import AlertState, evolved
from alerts.events import EventType
from alerts.facts import Amendment, Fact, Gone, Judgement, Mute, PostChange, Published, Recheck, Recurrence, Told
from alerts.vocabulary import EndState, deadlines_read
from huiying.core import codec
from huiying.core.model import Event


def _gone(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Gone(
        event.seq,
        event.recorded_at,
        payload["post"],
        payload["address"],
        payload["day"],
        payload["reason"],
        payload["capture"],
    )
    return evolved(state, gone=(*state.gone, fact))


def changed(state: AlertState, event: Event) -> AlertState:
    """Return the alert with the change of a post noted beside the post itself."""
    post, differs = event.payload["post"]["id"], tuple(event.payload["differs"])
    return evolved(state, post_changes=(*state.post_changes, PostChange(event.seq, event.recorded_at, post, differs)))


def _rechecked(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Recheck(
        event.seq,
        event.recorded_at,
        payload["of"],
        payload["address"],
        payload["day"],
        payload["there"],
        payload["reason"],
        payload["capture"],
    )
    return evolved(state, rechecks=(*state.rechecks, fact))


def _suspected(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Recurrence(
        event.seq,
        event.recorded_at,
        payload["other"],
        payload["topic"],
        payload["place"],
        codec.instant(payload["judge_by"]),
    )
    return evolved(state, recurrences=(*state.recurrences, fact))


def _judged(state: AlertState, event: Event) -> AlertState:
    """Put the first judgement on the suspicion; a second one changes nothing."""
    payload = event.payload
    judgement = Judgement(*Fact.head(event), same=payload["same"], why=payload["why"])
    return evolved(
        state,
        recurrences=tuple(
            replace(one, judged=judgement) if one.seq == payload["suspected"] and one.judged is None else one
            for one in state.recurrences
        ),
    )


def _joined(state: AlertState, event: Event) -> AlertState:
    earlier = deadlines_read(event.payload["deadlines"])
    joined = (*state.joined, event.payload["joined"])
    return evolved(state, joined=joined, deadlines={**state.deadlines, **earlier})


def into(state: AlertState, event: Event) -> AlertState:
    """Return the alert that `stories_joined` ends, at which it stands from then on."""
    return evolved(state, joined_into=event.alert, joined_at=event.recorded_at)


def moved(state: AlertState, deadlines: Mapping[str, object]) -> AlertState:
    """Return the alert with the deadlines of C1 that a gap in monitoring moved."""
    return evolved(state, deadlines={**state.deadlines, **deadlines_read(deadlines)})


def _muted(state: AlertState, event: Event) -> AlertState:
    fact = Mute(*Fact.head(event), reason=event.payload["reason"], until=codec.instant(event.payload["until"]))
    return evolved(state, mutes=(*state.mutes, fact))


def _unmuted(state: AlertState, event: Event) -> AlertState:
    if not state.mutes:
        return state
    return evolved(state, mutes=(*state.mutes[:-1], replace(state.mutes[-1], ended=event.recorded_at)))


def _told(state: AlertState, event: Event) -> AlertState:
    fact = Told(*Fact.head(event), to=event.payload["to"], text=event.payload["text"])
    return evolved(state, told=(*state.told, fact))


def _amended(state: AlertState, event: Event) -> AlertState:
    payload = event.payload
    fact = Amendment(
        *Fact.head(event), of=payload["of"], field=payload["field"], value=payload["value"], why=payload["why"]
    )
    return evolved(_put_right(state, fact), amendments=(*state.amendments, fact))


def _put_right(state: AlertState, fact: Amendment) -> AlertState:
    """Let an amendment tell in this round and in the one that is judged: nothing but addresses and the end state."""
    judged = _put_right(state.judged, fact) if state.judged else None
    if fact.field == "address":
        replies, outcomes = _readdressed(state.replies, fact), _readdressed(state.outcomes, fact)
        return evolved(state, replies=replies, outcomes=outcomes, judged=judged)
    if fact.field == "end_state" and state.resolution and state.resolution.seq == fact.of:
        became, was = EndState(fact.value), state.resolution.end_state
        since = state.resolution.stands_since
        if became is EndState.UNTRUE:
            since = None
        elif was is EndState.UNTRUE:
            since = fact.at
        return evolved(state, resolution=replace(state.resolution, end_state=became, stands_since=since), judged=judged)
    return evolved(state, judged=judged)


def _readdressed(pages: tuple[Published, ...], fact: Amendment) -> tuple[Published, ...]:
    """Strike the page that was wrong, and add the right one as recorded when it was amended."""
    wrong = next((page for page in pages if page.seq == fact.of), None)
    if wrong is None:
        return pages
    struck = tuple(replace(page, struck=fact.seq) if page is wrong else page for page in pages)
    right = Published(fact.seq, fact.at, fact.actor, fact.on_behalf_of, address=str(fact.value), passed=wrong.passed)
    return (*struck, right)


CHANGES: Mapping[str, Callable[[AlertState, Event], AlertState]] = {
    EventType.POST_GONE: _gone,
    EventType.STORIES_JOINED: _joined,
    EventType.RECHECKED: _rechecked,
    EventType.RECURRENCE_SUSPECTED: _suspected,
    EventType.RECURRENCE_JUDGED: _judged,
    EventType.MUTED: _muted,
    EventType.UNMUTED: _unmuted,
    EventType.REPORTED_UP: _told,
    EventType.AMENDED: _amended,
}
