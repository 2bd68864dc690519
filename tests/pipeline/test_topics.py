"""Topics: words that say what is wrong, and nothing for anniversaries, drills and plans."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from huiying.core.config import TopicRule
from pipeline.topics import TopicTagger, shipped_topics

TEXTS = tomllib.loads((Path(__file__).parents[1] / "data" / "topics.toml").read_text(encoding="utf-8"))
SHIPPED = TopicTagger(shipped_topics())


def cases(answer: str) -> list[tuple[str, str]]:
    return [(topic, text) for topic, texts in TEXTS.items() for text in texts[answer]]


def topics(title: str, text: str = "") -> list[str]:
    return [hit.topic for hit in SHIPPED.tag(title, text)]


@pytest.mark.parametrize(("topic", "text"), cases("yes"))
def test_a_problem_has_its_topic(topic: str, text: str) -> None:
    assert topic in topics(text)
    assert topic in topics("", text)


@pytest.mark.parametrize(("topic", "text"), cases("no"))
def test_anniversaries_drills_plans_and_building_have_none(topic: str, text: str) -> None:
    assert topics(text) == []


def test_twelve_topics_are_shipped_each_with_enough_examples() -> None:
    shipped = [rule.id for rule in shipped_topics()]
    assert len(shipped) == 12
    assert list(TEXTS) == shipped
    assert all(len(texts["yes"]) >= 5 and len(texts["no"]) >= 5 for texts in TEXTS.values())


# scope: petitions, gatherings, strikes, religion, ethnicity, conduct of officials are never shipped
FORBIDDEN = (
    "上访",
    "信访",
    "聚集",
    "集会",
    "游行",
    "示威",
    "抗议",
    "罢工",
    "罢课",
    "罢市",
    "讨薪",
    "维权",
    "宗教",
    "教会",
    "清真",
    "民族",
)
OFFICIALS = ("书记", "局长", "县长", "腐败", "受贿", "贪", "官员", "干部", "警察", "城管", "政府", "党")


@pytest.mark.parametrize("word", FORBIDDEN + OFFICIALS)
def test_no_shipped_word_is_outside_services_and_safety(word: str) -> None:
    assert not any(word in known for rule in shipped_topics() for known in (*rule.any, *rule.all, *rule.none))


def rule(**parts: object) -> TopicRule:
    return TopicRule.model_validate({"id": "t", "name": "题", "name_en": "t", "any": ("停水",)} | parts)


def test_a_hit_says_which_words_at_which_place() -> None:
    (hit,) = TopicTagger([rule(all=("红河镇",))]).tag("红河镇停水", "今天停水。")
    assert hit.words == (("红河镇", "title", 0, 3), ("停水", "title", 3, 5), ("停水", "text", 2, 4))


def test_all_none_and_title_only_narrow() -> None:
    assert TopicTagger([rule(all=("红河镇",))]).tag("停水", "") == ()
    assert TopicTagger([rule(none=("演练",))]).tag("停水", "这是演练") == ()
    assert TopicTagger([rule(title_only=True)]).tag("通知", "停水") == ()
    assert TopicTagger([rule(title_only=True, none=("演练",))]).tag("停水", "演练") != ()


def test_words_inside_one_another_are_all_seen() -> None:
    (one, other) = TopicTagger([rule(), rule(id="u", any=("停水通知",))]).tag("停水通知", "")
    assert (one.topic, other.topic) == ("t", "u")


def test_no_rules_give_no_topics() -> None:
    assert TopicTagger([]).tag("停水", "停水") == ()


def test_a_none_word_counts_in_the_title_or_beside_the_word_only() -> None:
    tagger = TopicTagger([rule(none=("演练",))])
    assert tagger.tag("", "红河镇今天停水。上月曾举行演练。") != ()
    assert tagger.tag("红河镇停水", "抢修正在进行。上月曾举行演练。") != ()
    assert tagger.tag("", "红河镇今天停水演练。") == ()
    assert tagger.tag("演练", "红河镇今天停水。") == ()
    (hit,) = tagger.tag("", "停水演练；停水两千户")
    assert hit.words == (("停水", "text", 5, 7),)
