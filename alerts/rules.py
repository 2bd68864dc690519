"""Whether a rule opens an alert on a post, with the reason: topic and place are required, words only narrow.

post ─ outlet ─ tier of the outlet ─ topics ─ places ─ words of `without` strike topic words ─ words ─ counts ─► level
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from huiying.core import codec
from huiying.core.config import AlertRule, Desk, Outlet
from huiying.core.model import Count, Level, PlaceTag, Post, TopicHit
from huiying.core.places import covers
from huiying.core.sentences import Sentences
from huiying.core.topic_rules import Severity


@dataclass(frozen=True, slots=True)
class Raised:
    """Why the level is higher than the rule's: a count that reaches `at_least`, and the words that say it."""

    count: Count
    at_least: int
    words: str


@dataclass(frozen=True, slots=True)
class Match:
    """The rule matches: `topics` and `places` that it found, `place` the one that a reply must name.

    `reason` is a code of the table [match]; `level` is the rule's, or what `raised` makes of it.
    """

    reason: str
    rule: AlertRule
    topics: tuple[str, ...]
    place: PlaceTag
    places: tuple[PlaceTag, ...]
    level: Level
    raised: Raised | None = None


@dataclass(frozen=True, slots=True)
class NoMatch:
    """The rule does not match, with the first thing that is missing, a code of the table [match]."""

    reason: str


def matches(rule: AlertRule, post: Post, outlet: Outlet | None, desk: Desk | None = None) -> Match | NoMatch:
    """Say whether `rule` matches `post` of `outlet`; posts of official outlets and backlog posts never open.

    `desk` says which counts raise the level, and which words its topics have.
    """
    if outlet is None or outlet.official or post.official:
        return NoMatch("official" if outlet or post.official else "outlet")
    if post.backlog:
        return NoMatch("backlog")
    if rule.tiers and post.tier not in rule.tiers:
        return NoMatch("tier")
    hits = tuple(hit for hit in post.topics if _meant(rule, hit))
    if not hits:
        return NoMatch("topic")
    places = covered(rule.places, post)
    if not places:
        return NoMatch("place")
    return _narrowed(rule, post, hits, places, desk)


def _meant(rule: AlertRule, hit: TopicHit) -> bool:
    return hit.topic in rule.topics or any(f"{hit.topic}.{part}" in rule.topics for part in hit.parts)


def _narrowed(
    rule: AlertRule, post: Post, hits: tuple[TopicHit, ...], places: tuple[PlaceTag, ...], desk: Desk | None
) -> Match | NoMatch:
    meant = [topic for topic in (desk.topics if desk else ()) if topic.id in _ids(rule)]
    words = [word for topic in meant for word in topic.written_words()]
    left = tuple(kept for hit in hits if (kept := _without(rule, post, hit, words)).words)
    if not left:
        return NoMatch("without")
    written = f"{post.title}\n{post.text}"
    if rule.words and not any(word in written for word in rule.words):
        return NoMatch("words")
    reason = "topic_place_words" if rule.words else "topic_place"
    topics = tuple(hit.topic for hit in left)
    made = Match(reason, rule, topics, places[0], places, rule.level)
    return _raised(made, post, left, desk.severity if desk else ())


def _ids(rule: AlertRule) -> set[str]:
    return {name.partition(".")[0] for name in rule.topics}


def _without(rule: AlertRule, post: Post, hit: TopicHit, words: Sequence[str]) -> TopicHit:
    """Return `hit` with the words that `rule.without` leaves it.

    A word of `without` that contains one of the topic's strikes that one inside it only: 停水埠 is a place, and water
    can be off there. Any other strikes what stands in its sentence, and in the title everything.
    """
    known = {*words, *(word for word, *_ in hit.words)}
    struck = {
        place
        for without in rule.without
        for field, text in (("title", post.title), ("text", post.text))
        for start in _starts(text, without)
        for place in hit.words
        if _strikes(without, field, start, place, post, any(word in without for word in known))
    }
    return replace(hit, words=tuple(place for place in hit.words if place not in struck))


def _strikes(without: str, field: str, start: int, place: tuple[str, str, int, int], post: Post, narrow: bool) -> bool:
    _, placed, begins, ends = place
    if placed == field and start <= begins and ends <= start + len(without):
        return True
    if narrow or field == "title":
        return not narrow
    bounds = Sentences(post.text)
    return bounds.sentence(start) == (0 if placed == "title" else bounds.sentence(begins))


def _starts(text: str, word: str) -> list[int]:
    return [at for at in range(len(text) - len(word) + 1) if text.startswith(word, at)]


def _raised(match: Match, post: Post, hits: Sequence[TopicHit], severity: Sequence[Severity]) -> Match:
    """Return `match` at the highest level that a count beside its topics reaches, with the first such count."""
    reached = [
        (step, count)
        for step in severity
        for hit in hits
        if not step.topics or hit.topic in step.topics
        for count in hit.counts
        if count.kind == step.kind and count.value >= step.at_least
    ]
    step, count = max(reached, key=lambda pair: pair[0].level, default=(None, None))
    if step is None or count is None or step.level <= match.level:
        return match
    written = post.title if count.field == "title" else post.text
    return replace(match, level=step.level, raised=Raised(count, step.at_least, written[count.start : count.end]))


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
