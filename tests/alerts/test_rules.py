"""Rules: topic and place are required, words only narrow, and each decision has its reason."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.rules import Match, NoMatch, covered, matches, rule_version
from huiying.core.config import AlertRule
from huiying.core.model import Count, Level, Tier, TopicHit
from huiying.core.topic_rules import CountKind, Severity
from tests.alerts.scene import COUNTY, OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, desk, place, post, topic

NEWS = desk().outlet("news")
GOV = desk().outlet("gov")


def rule(**fields: Any) -> AlertRule:
    return AlertRule(**{"id": "r", "name": "停水", "topics": ("water",), "places": (COUNTY,), **fields})


@pytest.mark.parametrize(
    ("fields", "made", "reason"),
    [
        ({}, {}, "topic_place"),
        ({"places": (TOWNSHIP,)}, {}, "topic_place"),
        ({"words": ("三天", "一周")}, {}, "topic_place_words"),
        ({"tiers": (Tier.COUNTY, Tier.CITY)}, {}, "topic_place"),
    ],
)
def test_a_match_gives_its_reason(fields: dict[str, Any], made: dict[str, Any], reason: str) -> None:
    match = matches(rule(**fields), post(**made), NEWS)
    assert isinstance(match, Match)
    assert (match.reason, match.topics, match.place.code) == (reason, ("water",), TOWNSHIP)


@pytest.mark.parametrize(
    ("fields", "made", "reason"),
    [
        ({}, {"topics": (topic("roads", "塌陷"),)}, "topic"),
        ({}, {"topics": ()}, "topic"),
        ({}, {"places": ()}, "place"),
        ({"places": (OTHER_TOWNSHIP,)}, {}, "place"),
        ({"places": (VILLAGE,)}, {}, "place"),
        ({"words": ("一周",)}, {}, "words"),
        ({"without": ("居民",)}, {}, "without"),
        ({"tiers": (Tier.NATIONAL,)}, {}, "tier"),
        ({}, {"backlog": True}, "backlog"),
        ({}, {"official": True}, "official"),
    ],
)
def test_no_match_says_what_is_missing_first(fields: dict[str, Any], made: dict[str, Any], reason: str) -> None:
    assert matches(rule(**fields), post(**made), NEWS) == NoMatch(reason)


def test_posts_of_official_and_unknown_outlets_never_open() -> None:
    assert matches(rule(), post(), GOV) == NoMatch("official")
    assert matches(rule(), post(), None) == NoMatch("outlet")


def test_the_primary_place_is_the_alerts_if_the_rule_covers_it() -> None:
    county, town = place(COUNTY, "云泽县"), place()
    assert covered((COUNTY,), post(places=(county, town), primary_place=TOWNSHIP)) == (town, county)
    assert covered((COUNTY,), post(places=(county, town), primary_place=COUNTY)) == (county, town)
    assert covered((OTHER_TOWNSHIP,), post(places=(county, town))) == ()


def test_the_version_of_a_rule_changes_with_its_words_only() -> None:
    assert rule_version(rule()) == rule_version(rule())
    assert rule_version(rule()) != rule_version(rule(words=("三天",)))


def test_a_rule_may_name_a_part_of_a_topic() -> None:
    hit = TopicHit("water", (("停水", "title", 3, 5),), ("outage",))
    assert isinstance(matches(rule(topics=("water.outage",)), post(topics=(hit,)), NEWS), Match)
    assert matches(rule(topics=("water.quality",)), post(topics=(hit,)), NEWS) == NoMatch("topic")


def at(written: str, field: str, text: str) -> TopicHit:
    start = text.index(written)
    return TopicHit("water", ((written, field, start, start + len(written)),))


def test_a_without_word_that_holds_the_topics_word_strikes_that_one_only() -> None:
    named = "停水埠老街挂起灯笼。"
    assert matches(
        rule(without=("停水埠",)), post(title="老街", text=named, topics=(at("停水", "text", named),)), NEWS
    ) == NoMatch("without")
    title = "停水埠村断水三天"
    match = matches(
        rule(without=("停水埠",)), post(title=title, text="", topics=(at("断水", "title", title),)), NEWS, desk()
    )
    assert isinstance(match, Match)
    both = TopicHit("water", (("停水", "title", 0, 2), ("停水", "title", 4, 6)))
    assert isinstance(
        matches(rule(without=("停水埠",)), post(title="停水埠村停水三天", text="", topics=(both,)), NEWS), Match
    )


def test_another_without_word_strikes_its_sentence_and_in_the_title_everything() -> None:
    text = "县城停水。另一处举行灯会。"
    hit = at("停水", "text", text)
    assert isinstance(matches(rule(without=("灯会",)), post(title="消息", text=text, topics=(hit,)), NEWS), Match)
    assert matches(rule(without=("县城",)), post(title="消息", text=text, topics=(hit,)), NEWS) == NoMatch("without")
    assert matches(rule(without=("灯会",)), post(title="灯会", text=text, topics=(hit,)), NEWS) == NoMatch("without")


SEVERITY = (
    Severity(kind=CountKind.HOUSEHOLDS, at_least=1000, level=Level.LARGER, topics=("water",)),
    Severity(kind=CountKind.HOUSEHOLDS, at_least=10_000, level=Level.MAJOR, topics=("water",)),
    Severity(kind=CountKind.DEAD, at_least=3, level=Level.LARGER),
)

SEVERE = desk().model_copy(update={"severity": SEVERITY})


def counted(kind: str, value: int, topic: str = "water") -> TopicHit:
    return TopicHit(topic, (("停水", "title", 3, 5),), (), (Count(kind, value, "title", 5, 7),))


@pytest.mark.parametrize(
    ("hit", "level", "at_least"),
    [
        (counted("households", 999), 1, None),
        (counted("households", 1000), 2, 1000),
        (counted("households", 12_000), 3, 10_000),
        (counted("dead", 3, "roads"), 2, 3),
        (counted("households", 12_000, "roads"), 1, None),
        (counted("hours", 999), 1, None),
    ],
)
def test_a_count_raises_the_level_and_says_which(hit: TopicHit, level: int, at_least: int | None) -> None:
    match = matches(rule(topics=("water", "roads")), post(topics=(hit,)), NEWS, SEVERE)
    assert isinstance(match, Match)
    assert (match.level, match.raised and match.raised.at_least) == (level, at_least)
    assert match.raised is None or match.raised.words == "三天"


def test_a_count_never_lowers_a_rules_level() -> None:
    match = matches(rule(level=4), post(topics=(counted("households", 12_000),)), NEWS, SEVERE)
    assert isinstance(match, Match)
    assert (match.level, match.raised) == (4, None)
