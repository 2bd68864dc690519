"""Topics: words that say what is wrong, and nothing for anniversaries, drills and plans."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from huiying.core.topic_rules import Context, TopicRule
from pipeline.shipped import shipped_contexts, shipped_topics
from pipeline.topics import TopicTagger

DATA = Path(__file__).parents[1] / "data"
TEXTS = tomllib.loads((DATA / "topics.toml").read_text(encoding="utf-8"))
FURTHER = tomllib.loads((DATA / "further_posts.toml").read_text(encoding="utf-8"))
POSTS = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in (DATA / "topics").glob("*.toml")}
SHIPPED = TopicTagger(shipped_topics(), shipped_contexts(), ["停水埠"])


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


def posts(answer: str) -> list[tuple[str, str, str]]:
    return [(topic, *text.split("｜")) for topic, texts in sorted(POSTS.items()) for text in texts[answer]]


@pytest.mark.parametrize(("topic", "title", "text"), posts("yes"))
def test_a_post_on_a_problem_has_its_topic(topic: str, title: str, text: str) -> None:
    assert topic in topics(title, text)


@pytest.mark.parametrize(("topic", "title", "text"), posts("no"))
def test_a_post_that_only_looks_like_one_has_no_topic(topic: str, title: str, text: str) -> None:
    assert topics(title, text) == []


@pytest.mark.parametrize(
    ("topic", "text"), [(topic, text) for topic, texts in FURTHER.items() for text in texts if topic != "none"]
)
def test_further_posts_in_other_words_have_their_topic(topic: str, text: str) -> None:
    assert topic in topics(*text.split("｜"))


@pytest.mark.parametrize("text", FURTHER["none"])
def test_further_posts_of_no_topic_have_none(text: str) -> None:
    assert topics(*text.split("｜")) == []


def test_twenty_five_topics_are_shipped_each_with_ten_examples_and_ten_near_misses() -> None:
    shipped = [rule.id for rule in shipped_topics()]
    assert len(shipped) == 25
    assert set(POSTS) == set(shipped) > set(TEXTS)
    assert all(len(texts["yes"]) == len(texts["no"]) == 10 for texts in POSTS.values())


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
    assert not any(word in known for rule in shipped_topics() for known in rule.written_words())
    assert not any(word in known for context in shipped_contexts() for known in context.every_word())


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


def test_near_wants_one_word_of_each_set_within_its_characters_in_one_sentence() -> None:
    near = rule(any=(), near=({"words": (("自来水", "水管"), ("发黄", "发臭")), "within": 4},))
    (hit,) = TopicTagger([near]).tag("", "自来水这两天发黄，又说发臭的是水管。")
    assert hit.words == (
        ("自来水", "text", 0, 3),
        ("发黄", "text", 6, 8),
        ("发臭", "text", 11, 13),
        ("水管", "text", 15, 17),
    )
    assert TopicTagger([near]).tag("", "自来水。发黄的叶子") == ()
    assert TopicTagger([near]).tag("", "自来水流出来看着发黄") == ()


def test_a_topic_of_parts_says_which_of_them_was_found() -> None:
    parts = [
        {"id": "outage", "name": "停水", "name_en": "Outage", "any": ["停水"]},
        {"id": "quality", "name": "水质", "name_en": "Quality", "any": ["水质异常"]},
    ]
    (hit,) = TopicTagger([rule(any=(), parts=parts)]).tag("红河镇停水", "又见水质异常。停水两天。")
    assert (hit.topic, hit.parts) == ("t", ("outage", "quality"))
    assert [word for word, *_ in hit.words] == ["停水", "水质异常", "停水"]


CONTEXT = Context.model_validate(
    {
        "id": "denied",
        "name": "否定",
        "name_en": "Denied",
        "before": ["没有"],
        "after": ["不属实"],
        "sentence": ["去年"],
        "onward": ["演练"],
        "title": ["怎么办"],
        "but": ["没有通知"],
        "within": 3,
    }
)


@pytest.mark.parametrize(
    ("title", "text", "by"),
    [
        ("", "今天没有再次停水。", "没有"),
        ("", "停水的说法不属实。", "不属实"),
        ("", "去年夏天，这里停水。", "去年"),
        ("", "镇里举行演练。一处停水，抢修队赶到。", "演练"),
        ("红河镇停水", "红河镇举行演练。", "演练"),
        ("遇到这事怎么办", "停水。", "怎么办"),
    ],
)
def test_a_context_keeps_a_word_from_counting_and_is_named(title: str, text: str, by: str) -> None:
    looked = TopicTagger([rule()], [CONTEXT]).look(title, text)
    assert looked.hits == ()
    assert [(one.topic, one.reason, one.by) for one in looked.struck] == [("t", "denied", by)]
    assert TopicTagger([rule(regardless=("denied",))], [CONTEXT]).tag(title, text) != ()


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("", "没有任何事先告知停水。"),
        ("", "没有，停水。"),
        ("", "没有通知停水。"),
        ("", "停水。去年没有演练。"),
        ("", "镇里举行演练。\n村里停水。"),
    ],
)
def test_a_context_reaches_no_further_than_it_says(title: str, text: str) -> None:
    assert TopicTagger([rule()], [CONTEXT]).tag(title, text) != ()


def test_a_word_inside_a_name_of_the_desks_own_says_nothing_and_water_can_be_off_there() -> None:
    tagger = TopicTagger([rule()], [], ["停水埠"])
    looked = tagger.look("停水埠村举行庙会", "")
    assert (looked.hits, [(one.reason, one.by) for one in looked.struck]) == ((), [("name", "停水埠")])
    (hit,) = tagger.tag("停水埠村停水三天", "")
    assert hit.words == (("停水", "title", 4, 6),)


def test_a_none_word_that_contains_a_word_strikes_that_one_only() -> None:
    (hit,) = TopicTagger([rule(none=("计划停水",))]).tag("", "计划停水两小时，停水却持续三天。")
    assert hit.words == (("停水", "text", 8, 10),)


def test_a_hit_has_the_counts_of_its_sentence_and_the_next() -> None:
    (hit,) = TopicTagger([rule()]).tag("", "县里有2000户。红河镇停水。影响1.2万户。另有3人受伤。")
    assert [(count.kind, count.value, count.start) for count in hit.counts] == [("households", 12000, 17)]
