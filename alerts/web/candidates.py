"""Pages that the crawler found on official outlets, offered as the address of a reply or an outcome.

the responsible unit's outlets (all official ones where it has none) ─► index, newest first ─► the likeliest preselected
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from alerts.alert import AlertState
from alerts.web.services import Services
from huiying.core.config import Desk
from huiying.core.model import Post
from huiying.core.places import covers
from huiying.core.ports import Query

SHOWN = 6
_LOOKED_AT = 30
# A page first fetched earlier than this before the earliest post cannot satisfy C3.
_OLDEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One page. `fits` where it names the alert's topic and place and is new enough."""

    post: Post
    outlet: str
    fits: bool


def candidates(services: Services, desk: Desk, state: AlertState) -> list[Candidate]:
    """Return the newest pages, those that fit first."""
    official = [outlet for outlet in desk.outlets if outlet.official]
    own = [outlet for outlet in official if outlet.unit == state.unit] or official
    if not own:
        return []
    names = {outlet.id: outlet.name for outlet in own}
    page = services.index.search(Query(outlets=tuple(names), limit=_LOOKED_AT))
    made = [Candidate(post, names.get(post.outlet, post.outlet), _fits(post, state)) for post in page.posts]
    return sorted(made, key=lambda each: not each.fits)[:SHOWN]


def _fits(post: Post, state: AlertState) -> bool:
    topic = any(hit.topic in state.topics for hit in post.topics)
    place = any(covers(state.place, tag.code) for tag in post.places)
    return topic and place and post.fetched >= state.earliest - _OLDEST
