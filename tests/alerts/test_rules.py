"""Rules: topic and place are required, words only narrow, and each decision has its reason."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.rules import Match, NoMatch, covered, matches, rule_version
from huiying.core.config import AlertRule
from huiying.core.model import Tier
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
