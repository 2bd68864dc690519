"""Pages that the crawler found on official outlets, offered as the address of a reply or an outcome.

the responsible unit's outlets (all official ones where it has none) ─► index, newest first ─► the likeliest preselected
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from alerts.alert import AlertState
from alerts.web.services import Services
from huiying.core.addresses import canonical
from huiying.core.config import Desk
from huiying.core.errors import BackendError
from huiying.core.model import Post
from huiying.core.places import covers
from huiying.core.ports import Query

logger = structlog.get_logger("huiying.desk")
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
    """Return the newest pages, those that fit first; none while the index is away, since an address can be typed."""
    official = [outlet for outlet in desk.outlets if outlet.official]
    own = [outlet for outlet in official if outlet.unit == state.unit] or official
    if not own:
        return []
    names = {outlet.id: outlet.name for outlet in own}
    try:
        newest = services.index.search(Query(outlets=tuple(names), limit=_LOOKED_AT)).posts
    except BackendError as failure:
        logger.warning("index_away", error=str(failure))
        return []
    made = [Candidate(post, names.get(post.outlet, post.outlet), _fits(post, state, desk)) for post in newest]
    return sorted(made, key=lambda each: not each.fits)[:SHOWN]


def _fits(post: Post, state: AlertState, desk: Desk) -> bool:
    # A reply names its topic by any of its words: the index's hits leave out what the topic's `none` words deny.
    written = f"{post.title}\n{post.text}"
    topic = any(topic.named_in(written) for topic in desk.topics if topic.id in state.topics)
    place = any(covers(state.place, tag.code) for tag in post.places)
    return topic and place and post.fetched >= state.earliest - _OLDEST


def likeliest(found: list[Candidate], state: AlertState) -> tuple[str, str]:
    """Return the page that is most likely the reply and the one that is most likely the outcome, "" for none.

    A page that was the reply is not preselected as the outcome: only a version fetched after the resolution may serve.
    """
    fitting = [each.post.address for each in found if each.fits]
    replied = {canonical(reply.address) for reply in state.replies}
    outcome = (address for address in fitting if canonical(address) not in replied)
    return next(iter(fitting), ""), next(outcome, "")
