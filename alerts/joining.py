"""Two stories that turn out one: the alert opened earlier is kept, with the stricter deadlines; the other ends in it.

It is recorded by the system only, from the posts' own words; nobody can ask for it, and it helps neither alert.
"""

from __future__ import annotations

from collections.abc import Iterator

from alerts.alert import AlertState
from alerts.events import EventType
from alerts.following import Entry
from alerts.vocabulary import Deadline, Step, deadlines_json
from huiying.core.model import Draft, Json, Role


def entries(one: AlertState, other: AlertState) -> Iterator[Entry]:
    """Yield what joins two open alerts; nothing where one is closed already, or they are the same."""
    if one.id == other.id or one.closed or other.closed:
        return
    kept, ends = (one, other) if one.opened_seq < other.opened_seq else (other, one)
    pair = f"{kept.id}:{ends.id}"
    payload: dict[str, Json] = {"joined": ends.id, "deadlines": deadlines_json(stricter(kept, ends))}
    yield Entry(f"joined:{pair}", _draft(EventType.STORIES_JOINED, kept.id, payload))
    held = {post.id for post in kept.posts}
    for post in ends.posts:
        if post.id not in held:
            attached = _draft(EventType.POST_ATTACHED, kept.id, {"post": post.to_json()})
            yield Entry(f"attached:{kept.id}:{post.id}", attached)


def stricter(kept: AlertState, ends: AlertState) -> dict[Step, Deadline]:
    """Return the deadlines of `ends` that come before those of `kept`, of steps that `kept` has still to do."""
    return {
        step: deadline
        for step, deadline in ends.deadlines.items()
        if not kept.done(step) and (step not in kept.deadlines or deadline.at < kept.deadlines[step].at)
    }


def _draft(type: EventType, alert: str, payload: dict[str, Json]) -> Draft:
    return Draft(type, alert, "system", Role.SYSTEM, payload=payload)
