"""Places: what is tagged, what is ambiguous and left alone, and how well it does on labelled sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from huiying.core.model import PlaceLevel, PlaceTag
from pipeline.gazetteer import gazetteer
from pipeline.places import Ambiguous, primary_place
from pipeline.reading import Everywhere
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("望江台小区今天停水。", []),
        ("昆山一小区停水两天。", ["昆山市"]),
        ("安庆望江县停水。", ["安庆市", "望江县"]),
        ("安庆望江台小区停水。", ["安庆市"]),
        ("昆山花园小区停水。", []),
        ("李昆山和其他业户", []),
        ("重庆团结村站，义乌市的货物由此发出。", ["重庆市", "义乌市"]),
        ("李永春和其他业户", []),
        ("电影《澳门风云》上映", []),
        ("《广东省消防条例》施行", ["广东省"]),
        ("突破150万大关", []),
        ("中卫胡安缺阵", []),
        ("宁夏中卫停水", ["宁夏回族自治区", "中卫市"]),
        ("与邻村的建筑大同小异", []),
        ("追求长治久安", []),
        ("在北海道附近", []),
        ("辽宁振兴发展取得进展", ["辽宁省"]),
        ("这里是上海南京西路", ["上海市"]),
        ("跨越宝安区和龙岗区", ["宝安区", "龙岗区"]),
        ("海军扬州舰", []),
        ("他到中国台湾宣传", ["台湾省"]),
        ("房山长阳镇停水", ["房山区", "长阳镇"]),
        ("襄樊市停水", ["襄阳市"]),
        ("上海松江县停水", ["上海市", "松江区"]),
        ("上海浦东停水", ["上海市", "浦东新区"]),
        ("上海银行业运行平稳", ["上海市"]),
        ("广东河源停水", ["广东省", "河源市"]),
        ("江苏海安停水", ["江苏省", "海安市"]),
        ("江苏泰州凤城至无锡", ["江苏省", "泰州市", "无锡市"]),
        ("聚焦振兴县域高中", []),
        ("在安徽无为，引江济淮", ["安徽省", "无为市"]),
        ("三线中卫至枣阳段投产", ["中卫市", "枣阳市"]),
        ("会见斯凯里特总理", []),
        ("吉林大安市龙海灌区", ["吉林省", "大安市"]),
        ("抵达海东市民和县", ["海东市", "民和回族土族自治县"]),
    ],
)
def test_neighbours_decide_whether_a_name_is_a_place(text: str, expected: list[str]) -> None:
    assert [tag.name for tag in everywhere().tag("", text).places] == expected


@cache
def everywhere() -> Everywhere:
    return Everywhere()


def test_what_cannot_be_known_is_told_with_its_candidates() -> None:
    tags = everywhere().tag("", "朝阳区停水。")
    (unclear,) = tags.ambiguous
    assert isinstance(unclear, Ambiguous)
    assert (unclear.field, unclear.start, unclear.end) == ("text", 0, 3)
    assert set(unclear.candidates) == {"110105000000", "220104000000"}
    assert tags.places == ()
    assert everywhere().tag("", "北京朝阳区停水。").ambiguous == ()


def test_an_outlets_name_gives_its_home() -> None:
    assert everywhere().tag("", "市里今天召开会议。", "贵州卫健委").primary == "520000000000"
    assert everywhere().tag("", "市里今天召开会议。", "全国报").primary is None


def test_townships_and_villages_of_labelled_sentences_are_right() -> None:
    """The labels are offsets in the stories, read by hand; what is tagged in them is of that level."""
    lines = shared("data", "text", "cctv.jsonl").read_text(encoding="utf-8").splitlines()
    stories = {story["id"]: story for story in map(json.loads, lines)}
    labels = (Path(__file__).parent.parent / "data" / "townships.jsonl").read_text(encoding="utf-8").splitlines()
    tagged = right = 0
    for label in map(json.loads, labels):
        story = stories[label["story"]]
        for tag in everywhere().tag(story["title"], story["body"]).places:
            lower = tag.level in (PlaceLevel.TOWNSHIP, PlaceLevel.VILLAGE)
            if lower and tag.field == "text" and label["start"] <= tag.start < label["end"]:
                tagged += 1
                right += any(tag.start < e and s < tag.end and tag.level == level for s, e, level in label["spans"])
    assert len(labels) == 300
    assert tagged >= 120
    assert right >= 0.97 * tagged


def test_the_province_of_posts() -> None:
    rows = [json.loads(line) for line in shared("data", "places", "province.jsonl").read_text("utf-8").splitlines()]
    primary = [everywhere().tag(row["title"], row["text"], row["outlet"]).primary for row in rows]
    names = [gazetteer().name(f"{code[:2]}0000000000") if code else None for code in primary]
    right = sum(bool(name) and str(name).startswith(row["province"]) for name, row in zip(names, rows, strict=True))
    assert right >= 0.978 * len(rows)


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


@pytest.mark.parametrize(("name", "least"), [("cluener", 0.89), ("msra", 0.975)])
def test_labelled_sentences_reach_the_mark(name: str, least: float) -> None:
    lines = shared("data", "places", f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    f1, precision = scored([json.loads(line) for line in lines])
    assert f1 >= least
    assert precision >= 0.85
