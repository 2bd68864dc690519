"""What the event `opened` carries, for a rule's match and by hand: everything that the alert will be judged by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from alerts.deadlines import at_opening
from alerts.events import EventType
from alerts.facts import PostRef
from alerts.rules import Match, rule_version
from alerts.vocabulary import Step, deadlines_json
from huiying.core import codec
from huiying.core.config import Desk
from huiying.core.model import Draft, Json, Level, PlaceTag, Post, Precision, Role


def alert_id(desk: str, story: str) -> str:
    """Return the id of the one alert that a story can have."""
    return "A" + hashlib.sha256(f"{desk}/{story}".encode()).hexdigest()[:12]


def post_ref(post: Post) -> PostRef:
    """Return `post` as events carry it: never its text, only the text's hash."""
    return PostRef(
        id=post.id,
        version=post.version,
        outlet=post.outlet,
        address=post.address,
        title=post.title,
        published=post.published.at if post.published else None,
        precision=post.published.precision if post.published else None,
        first_seen=post.first_seen,
        text_sha256=hashlib.sha256(post.text.encode()).hexdigest(),
        capture=post.capture,
        sha256=post.page_sha256,
    )


def by_rule(post: Post, match: Match, desk: Desk, number: int, now: datetime) -> Draft:
    """Return the draft that opens an alert on `post`; `number` is the configuration's in force."""
    payload = {
        "by_hand": False,
        "rule": match.rule.id,
        "rule_version": rule_version(match.rule),
        "why": match.reason,
        **raising(match),
        **_judged_by(post, match.level, match.topics, match.place.code, match.places, desk, number, now),
    }
    return Draft(EventType.OPENED, alert_id(post.desk, post.story), "system", Role.SYSTEM, payload=payload)


def raising(match: Match) -> dict[str, Json]:
    """Return what an event says of a level that a count raised above the rule's; nothing where none did."""
    if match.raised is None:
        return {}
    count = match.raised.count
    reason = {
        "rule_level": int(match.rule.level),
        "kind": count.kind,
        "value": count.value,
        "at_least": match.raised.at_least,
        "words": match.raised.words,
    }
    return {"raised": reason}


def by_hand(
    post: Post,
    *,
    why: str,
    level: Level,
    topics: Sequence[str],
    place: str,
    places: Sequence[PlaceTag],
    desk: Desk,
    number: int,
    now: datetime,
) -> dict[str, Json]:
    """Return the payload that opens an alert by hand; the clock runs from `now`, however old the post is."""
    judged_by = _judged_by(post, level, topics, place, places, desk, number, now)
    return {"by_hand": True, "rule": None, "rule_version": None, "why": why, **judged_by}


def _judged_by(
    post: Post,
    level: Level,
    topics: Sequence[str],
    place: str,
    places: Sequence[PlaceTag],
    desk: Desk,
    number: int,
    now: datetime,
) -> dict[str, Json]:
    deadlines = at_opening(level, now, desk.policy, desk.calendar)
    reference = post_ref(post)
    return {
        "story": post.story,
        "posts": [reference.to_json()],
        "level": int(level),
        "place": place,
        "places": [{"code": tag.code, "name": tag.name, "level": str(tag.level)} for tag in places],
        "topics": list(topics),
        "deadlines": deadlines_json(deadlines),
        "due": codec.instant_text(deadlines[Step.CONFIRM].at),
        "configuration": number,
        "earliest": _earliest(reference),
    }


def _earliest(post: PostRef) -> dict[str, Json]:
    precision = post.precision if post.published and post.since() != post.first_seen else Precision.SECOND
    return {"at": codec.instant_text(post.since()), "precision": str(precision)}
