"""Places: what is tagged, what is ambiguous and left alone, and how well it does on labelled sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import pytest

from huiying.core.model import PlaceTag
from pipeline.places import primary_place
from pipeline.steps import Tools, tools_for
from tests.pipeline.desk import COUNTY, TOWN, VILLAGE, desk, shared


@cache
def tools() -> Tools:
    return tools_for(desk())


def tags(text: str, title: str = "", home: str | None = None) -> tuple[PlaceTag, ...]:
    cutter = tools().cutter
    return tools().places.find(title, text, cutter.tokens(title), cutter.tokens(text), home).tags


def codes(text: str, home: str | None = None) -> list[str]:
    return [tag.code for tag in tags(text, home=home)]


def test_a_tag_says_where_it_stands_and_why() -> None:
    (county, town) = tags("今天，青石县红河镇停水。")
    assert (county.code, county.name, county.start, county.end, county.field) == (COUNTY, "青石县", 3, 6, "text")
    assert (town.code, town.start, town.end, town.why) == (TOWN, 6, 9, "beside")
    assert town.confidence > 90


def test_the_desks_own_names_and_aliases_come_first() -> None:
    assert codes("红河圩停水，抢修正在进行。") == [TOWN]
    assert codes("青石县的柳泉村停水。") == [COUNTY, VILLAGE]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("河北省石家庄市长安区停水", ["130000000000", "130100000000", "130102000000"]),
        ("河北石家庄停水", ["130000000000", "130100000000"]),
        ("湖北恩施州停水", ["420000000000", "422800000000"]),
        ("江苏昆山停水", ["320000000000", "320583000000"]),
        ("吉林省吉林市停水", ["220000000000", "220200000000"]),
        ("台湾省台北市停水", ["710000000000", "710100000000"]),
    ],
)
def test_full_and_short_names(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "两国将继续合作，东方和西方都将受益。",
        "北京时间今天上午九时",
        "南京路上行人如织",
        "他毕业于北京大学",
        "沿海城市风景很好",
        "白银价格创下新高，日照时间变长",
        "城关镇今天停水。",
        "中山路和解放路路口",
    ],
)
def test_what_is_no_place_or_ambiguous_is_left_alone(text: str) -> None:
    assert codes(text) == []


def test_an_ordinary_word_is_a_county_only_right_after_its_parent() -> None:
    assert codes("甘南州的企业与外地继续合作。") == ["623000000000"]
    assert codes("甘南州合作市停水")[-1] == "623001000000"


def test_a_township_of_many_needs_a_parent_or_the_outlets_home() -> None:
    town = "130129100000"  # 赞皇镇
    assert codes("赞皇县赞皇镇停水")[-1] == town
    assert codes("赞皇镇停水", home="130129000000") == [town]
    lucheng = codes("湖北省公安县埠河镇停水")
    assert lucheng[-1].startswith("421022")


def test_a_village_needs_its_county_or_town() -> None:
    assert codes("棉一东社区停水") == []
    assert codes("石家庄市长安区棉一东社区停水")[-1] == "130102001001"
    assert codes("棉一东社区停水", home="130102000000") == ["130102001001"]


def test_parents_in_the_text_decide_between_places_of_one_name() -> None:
    beijing, changchun = codes("北京市朝阳区停水")[-1], codes("长春市朝阳区停水")[-1]
    assert (beijing, changchun) == ("110105000000", "220104000000")
    assert codes("朝阳区停水", home="110000000000") == ["110105000000"]
    assert codes("朝阳区停水") == []


def test_a_post_that_names_no_place_has_its_outlets_home_only() -> None:
    (tag,) = tags("城里今天停水。", home="130129000000")
    assert (tag.code, tag.field, tag.confidence) == ("130129000000", "outlet", 40)
    assert tags("城里今天停水。") == ()


def test_primary_place_follows_the_weight_and_title_counts_most() -> None:
    found = tags("河北石家庄、河北唐山都派人支援青石县。", title="青石县红河镇停水")
    assert primary_place(found) == TOWN
    assert primary_place(tags("河北石家庄和河北唐山停水")) == "130000000000"
    assert primary_place(()) is None


def scored(rows: Sequence[dict[str, list[list[int]]]]) -> tuple[float, float]:
    """Return (F1, precision) as the scorer beside the data computes them."""
    right_kinds = {"LOC", "address", "ORG", "organization", "government", "company", "scene"}
    gold = found = predicted = right = 0
    for row in rows:
        places = [(tag.start, tag.end) for tag in tags(str(row["text"]))]
        gold += len(row["divisions"])
        found += sum(any(s < b and a < e for s, e in places) for a, b in row["divisions"])
        predicted += len(places)
        right += sum(any(str(t) in right_kinds and s < b and a < e for a, b, t in row["spans"]) for s, e in places)
    recall, precision = found / gold, right / predicted
    return 2 * precision * recall / (precision + recall), precision


@pytest.mark.parametrize(("name", "least"), [("cluener", 0.84), ("msra", 0.975)])
def test_labelled_sentences_reach_the_mark(name: str, least: float) -> None:
    lines = shared("data", "places", f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    f1, precision = scored([json.loads(line) for line in lines])
    assert f1 >= least
    assert precision >= 0.85
