"""Whether a rule opens an alert on a post, with the reason: topic and place are required, words only narrow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from huiying.core import codec
from huiying.core.config import AlertRule, Outlet
from huiying.core.model import PlaceTag, Post
from huiying.core.places import covers


@dataclass(frozen=True, slots=True)
class Match:
    """The rule matches: `topics` and `places` that it found, `place` the one that a reply must name.

    `reason` is a code of the table [match].
    """

    reason: str
    rule: AlertRule
    topics: tuple[str, ...]
    place: PlaceTag
    places: tuple[PlaceTag, ...]


@dataclass(frozen=True, slots=True)
class NoMatch:
    """The rule does not match, with the first thing that is missing, a code of the table [match]."""

    reason: str


def matches(rule: AlertRule, post: Post, outlet: Outlet | None) -> Match | NoMatch:
    """Say whether `rule` matches `post` of `outlet`; posts of official outlets and backlog posts never open."""
    if outlet is None or outlet.official or post.official:
        return NoMatch("official" if outlet or post.official else "outlet")
    if post.backlog:
        return NoMatch("backlog")
    if rule.tiers and post.tier not in rule.tiers:
        return NoMatch("tier")
    topics = tuple(hit.topic for hit in post.topics if hit.topic in rule.topics)
    if not topics:
        return NoMatch("topic")
    places = covered(rule.places, post)
    if not places:
        return NoMatch("place")
    return _narrowed(rule, post, topics, places)


def _narrowed(rule: AlertRule, post: Post, topics: tuple[str, ...], places: tuple[PlaceTag, ...]) -> Match | NoMatch:
    written = f"{post.title}\n{post.text}"
    if any(word in written for word in rule.without):
        return NoMatch("without")
    if rule.words and not any(word in written for word in rule.words):
        return NoMatch("words")
    return Match("topic_place_words" if rule.words else "topic_place", rule, topics, places[0], places)


def covered(areas: tuple[str, ...], post: Post) -> tuple[PlaceTag, ...]:
    """Return the places of `post` inside `areas`, each code once, the primary place first."""
    found: dict[str, PlaceTag] = {}
    for tag in post.places:
        if any(covers(area, tag.code) for area in areas):
            found.setdefault(tag.code, tag)
    return tuple(sorted(found.values(), key=lambda tag: tag.code != post.primary_place))


def rule_version(rule: AlertRule) -> str:
    """Return the first 16 hex digits of SHA-256 over the rule's canonical JSON."""
    return hashlib.sha256(codec.canonical(rule.model_dump(mode="json"))).hexdigest()[:16]
