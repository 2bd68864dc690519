"""Personal names are told from places, units and ordinary words."""

from __future__ import annotations

import pytest

from pipeline.persons import personal_names
from pipeline.shipped import shipped_contexts, shipped_topics

NAMES = ["张三", "李建国", "王小明", "王强", "李伟", "王小明举报", "王某", "马某花", "欧阳某", "欧阳修远", "司马某某"]
FOREIGN = ["阿里木", "买买提·吐尔逊", "Wang Xiaoming", "xiaoming wang", "Li Si-guang", "找阿里木说"]


@pytest.mark.parametrize("word", [*NAMES, *FOREIGN])
def test_personal_names_are_found(word: str) -> None:
    assert personal_names([word]) == (word,)


@pytest.mark.parametrize(
    "word",
    [
        "停水",
        "洪水",
        "井盖缺失",
        "高压线",
        "中山路",
        "文昌",
        "石柱",
        "黄石",
        "白云区",
        "青石县",
        "张家口",
        "热电公司",
        "龙卷风",
        "某小区",
        "司马村",
        "诸葛镇",
        "Wi-Fi",
        "PM2.5",
        "5G",
        "扎西镇",
        "water supply",
        "",
    ],
)
def test_words_and_places_are_none(word: str) -> None:
    assert personal_names([word]) == ()


def test_a_name_inside_a_place_or_unit_of_the_desk_is_none() -> None:
    assert personal_names(["王小明"], names=["王小明希望小学"]) == ()
    assert personal_names(["王小明希望小学"], names=["王小明希望小学"]) == ()
    assert personal_names(["王小明", "停水"], names=["青石小学"]) == ("王小明",)


def test_no_word_of_a_shipped_topic_is_a_name() -> None:
    words = [word for topic in shipped_topics() for word in topic.written_words()]
    words += [word for context in shipped_contexts() for word in context.every_word()]
    assert personal_names(words) == ()
