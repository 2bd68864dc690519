"""Alerts that are possibly one matter: other texts on the same place and topic within days, for a person to confirm.

Nothing is joined by it. Whoever finds that it is one matter proposes the later alert's dismissal as a duplicate of the
earlier one, and a supervisor decides: the ledger holds who said so and why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from alerts.alert import AlertState
from alerts.recurrence import same_township

WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Possibly:
    """Another alert that may be of the same matter: what both have in common, and how long before or after it came."""

    alert: AlertState
    topics: tuple[str, ...]
    apart: timedelta


def possibly_same(state: AlertState, others: Iterable[AlertState]) -> tuple[Possibly, ...]:
    """Return those of `others` that may be `state`'s matter, the nearest in time first.

    They share a topic and the place (the same code, or one township), were opened within seven days of one another, and
    are neither joined nor dismissed: what has been decided is asked no more.
    """
    found = [
        Possibly(other, topics, other.opened_at - state.opened_at)
        for other in others
        if other.story != state.story
        and not _decided(other)
        and not _decided(state)
        and abs(other.opened_at - state.opened_at) <= WITHIN
        and (other.place == state.place or same_township(other.place, state.place))
        and (topics := tuple(topic for topic in state.topics if topic in other.topics))
    ]
    return tuple(sorted(found, key=lambda one: (abs(one.apart), one.alert.id)))


def _decided(state: AlertState) -> bool:
    return state.joined_into is not None or state.dismissal is not None
