"""Try rules on the posts of the last days before they are recorded: what each would have opened.

index: posts with the rule's topics and places ─► the rule ─► stories, each with its first post
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.rules import Match, matches
from huiying.core.config import AlertRule, Desk
from huiying.core.model import Post
from huiying.core.ports import Index, Query

DAYS = 30
MOST = 2000  # posts looked at for one rule, the newest first
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule on the posts that the index holds: `stories` it would open alerts on, by their newest matching post.

    `looked_at` posts had its topic and place; `cut` says that there were more than were looked at.
    """

    rule: AlertRule
    looked_at: int
    cut: bool
    stories: tuple[Post, ...]


def try_rules(index: Index, desk: Desk, now: datetime) -> list[Tried]:
    """Return what each rule of `desk` would have opened in the last 30 days, in the order of the file.

    Topics and places are those that the posts were tagged with when they came.
    """
    return [_tried(index, desk, rule, now - timedelta(days=DAYS)) for rule in desk.rules]


def _tried(index: Index, desk: Desk, rule: AlertRule, since: datetime) -> Tried:
    looked_at, cut = 0, False
    stories: dict[str, Post] = {}
    for post in _posts(index, rule, since):
        if looked_at == MOST:
            cut = True
            break
        looked_at += 1
        if isinstance(matches(rule, post, desk.outlet(post.outlet), desk), Match):
            stories.setdefault(post.story, post)
    return Tried(rule, looked_at, cut, tuple(stories.values()))


def _posts(index: Index, rule: AlertRule, since: datetime) -> Iterator[Post]:
    after: str | None = None
    while True:
        query = Query(topics=rule.topics, places=rule.places, since=since, after=after, limit=_PAGE)
        page = index.search(query)
        yield from page.posts
        if page.next is None:
            return
        after = page.next
