"""An alert as one card of the duty page: story, level, place, topic, the next deadline, what can be pressed at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.alert import AlertState
from alerts.lifecycle import offers, suggest_unit
from alerts.vocabulary import CommandType, Stage
from alerts.web.steps import StepLine, next_line
from alerts.web.visits import Visit
from huiying.core.config import Desk

SHAPES = {1: "●", 2: "▲", 3: "◆", 4: "★"}  # a level is told by text, shape and colour


@dataclass(frozen=True, slots=True)
class Card:
    """One alert. `until` orders the cards: the next deadline in seconds since 1970, the last change once closed.

    `raised` where a new post came to an alert already taken up; `muted` until when nobody is notified.
    """

    state: AlertState
    outlets: tuple[str, ...]
    names: Mapping[str, str]  # of the outlets, by id
    topics: tuple[str, ...]
    unit: str
    next: StepLine | None
    until: int
    waits: bool
    raised: bool
    muted: datetime | None
    finished: bool
    acknowledge: bool
    assign_to: tuple[str, str] | None  # id and name of the suggested unit

    @property
    def shape(self) -> str:
        """Return the shape of the alert's level."""
        return SHAPES[int(self.state.level)]


def waiting(state: AlertState) -> bool:
    """Say whether nobody has acknowledged the alert yet, or the acknowledgement lapsed."""
    return state.stage is Stage.OPENED


def raised(state: AlertState) -> bool:
    """Say whether a post came to an alert that somebody has taken up, and nobody has acted on it since."""
    return not waiting(state) and not state.closed and any(post.seq > state.person_seq for post in state.posts)


def card(state: AlertState, desk: Desk, visit: Visit, now: datetime) -> Card:
    """Return the card of one alert as this person may use it."""
    line = next_line(state, now, visit.wording)
    possible = {offer.type for offer in offers(state, visit.actor, now, desk) if offer.refused is None}
    suggested = desk.unit(suggest_unit(state, desk) or "") if CommandType.ASSIGN in possible else None
    unit = desk.unit(state.unit or "")
    return Card(
        state=state,
        outlets=outlet_names(state, desk),
        names=dict(zip(dict.fromkeys(post.outlet for post in state.posts), outlet_names(state, desk), strict=True)),
        topics=tuple(topic_name(desk, topic, visit.wording.language) for topic in state.topics),
        unit=unit.name if unit else state.unit or "",
        next=line,
        until=int(line.until.timestamp()) if line else 0,
        waits=waiting(state),
        raised=raised(state),
        muted=state.muted_until(now),
        finished=state.closed,
        acknowledge=CommandType.ACKNOWLEDGE in possible,
        assign_to=(suggested.id, suggested.name) if suggested else None,
    )


def in_order(cards: Sequence[Card]) -> list[Card]:
    """Return the open cards, nearest deadline first, then the higher level, then the earlier one."""
    return sorted(cards, key=lambda each: (each.until, -each.state.level, each.state.opened_seq))


def outlet_names(state: AlertState, desk: Desk) -> tuple[str, ...]:
    """Return the names of the outlets that carry the story, each once, in the order of the posts."""
    ids = dict.fromkeys(post.outlet for post in state.posts)
    return tuple(outlet.name if (outlet := desk.outlet(id)) else id for id in ids)


def topic_name(desk: Desk, topic: str, language: str) -> str:
    """Return a topic's name; its id where it is configured no more."""
    found = next((each for each in desk.topics if each.id == topic), None)
    if found is None:
        return topic
    return found.name if language == "zh" else found.name_en
