"""Search: what an address asks for is what the index finds; facets, histogram, extracts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from urllib.parse import quote, urlencode

import pytest

from alerts.web.bars import bars
from alerts.web.extracts import extract, marked
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import TOWN, Invented
from tests.clock import SettableClock


@pytest.fixture
def filled(desk: Invented, clock: SettableClock) -> Invented:
    desk.post("p1", "青石镇停水")
    clock.forward(days=2)
    desk.post("p2", "县道路面塌陷", topic="roads", outlet="daily")
    return desk


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ("", {"青石镇停水", "县道路面塌陷"}),
        ("words=停水", {"青石镇停水"}),
        ("place=青石镇", {"青石镇停水", "县道路面塌陷"}),
        ("place=青石", {"青石镇停水", "县道路面塌陷"}),
        (f"place={TOWN}&topic=roads", {"县道路面塌陷"}),
        ("outlet=daily", {"县道路面塌陷"}),
        ("until=2026-03-10", {"青石镇停水"}),
        ("since=2026-03-12", {"县道路面塌陷"}),
        ("words=没有这个词", set()),
    ],
)
def test_a_search_is_its_address(
    filled: Invented, person: Callable[[str], Person], asked: str, titles: set[str]
) -> None:
    page = person("viewer").page(f"/search?{asked}").replace("<mark>", "").replace("</mark>", "")
    assert {title for title in ("青石镇停水", "县道路面塌陷") if f">{title}</a>" in page} == titles
    assert f"共 {len(titles)} 篇" in page


def href(words: str, **more: str) -> str:
    """Return the attribute of a link to a search, as the page writes it."""
    return f'href="/search?{urlencode({"words": words, **more})}"'.replace("&", "&amp;")


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("停水 OR 塌陷", {"青石镇停水", "县道路面塌陷"}),
        ("地点：青石镇 NOT 塌陷", {"青石镇停水"}),
        ('"路面塌陷"', {"县道路面塌陷"}),
        ('"塌陷路面"', set()),
        ("主题:道路", {"县道路面塌陷"}),
        ("topic:roads", {"县道路面塌陷"}),
        ("信源：江州日报", {"县道路面塌陷"}),
        ("tier:县级 date:2026-03", {"青石镇停水", "县道路面塌陷"}),
        ("tier:省级", set()),
        ("date:P1D", {"县道路面塌陷"}),
        ("日期:2026-03-10", {"青石镇停水"}),
        ("date:2026-03-11..", {"县道路面塌陷"}),
        ("story:Sp1", {"青石镇停水"}),
        ("has:alert", set()),
    ],
)
def test_a_query_is_understood_by_the_desk(
    filled: Invented, person: Callable[[str], Person], words: str, titles: set[str]
) -> None:
    status, answer = person("viewer").call("GET", "/posts", params={"words": words})
    assert status == 200, answer
    assert {post["title"] for post in answer["posts"]} == titles  # type: ignore[attr-defined]
    assert answer["total"] == len(titles)


def test_what_is_asked_of_alerts_becomes_their_stories(desk: Invented, person: Callable[[str], Person]) -> None:
    desk.alert("a1", "青石镇停水两天", level=2)
    desk.post("p2", "县道路面塌陷")
    for words, total in (("has:alert", 1), ("级别：较大", 1), ("level:2", 1), ("level:3", 0), ("-有:预警", 1)):
        assert f"共 {total} 篇" in person("viewer").page(f"/search?words={words}"), words


def test_facets_are_words_of_the_query_and_are_taken_away_again(
    filled: Invented, person: Callable[[str], Person]
) -> None:
    page = person("viewer").page("/search?outlet=daily")
    assert 'value="outlet:daily"' in page
    assert href("outlet:daily topic:道路") in page
    assert href("outlet:daily place:青石镇") in page
    assert href("outlet:daily date:2026-03-12") in page
    assert '<a href="/search" aria-current="true">江州日报' in page.replace("/search?", "/search")
    either = person("viewer").page("/search?words=停水 OR 塌陷")
    assert href("(停水 OR 塌陷) topic:供水") in either


def test_the_order_stays_with_the_search_and_pages_follow_one_another(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    for number in range(25):
        desk.post(f"p{number:02}", f"第{number}次停水")
    for order in ("newest", "best"):
        page = person("viewer").page(f"/search?words=停水&order={order}")
        more = re.search(r'href="(/search[^"]*after=[^"]*)"', page)
        assert more
        rest = person("viewer").page(unescape(more[1]))
        shown = [re.findall(r'id="post-(p\d\d)', one) for one in (page, rest)]
        assert [len(ids) for ids in shown] == [20, 5]
        assert len({*shown[0], *shown[1]}) == 25


@pytest.mark.parametrize(
    ("words", "sentence", "marked", "meant"),
    [
        ("停水 (塌陷", "第 4 个字的括号没有另一半", "停水 <mark>(</mark>塌陷", "停水 塌陷"),
        ("停水 主提:道路", "没有“主提”这一条件", "停水 <mark>主</mark>提:道路", "停水 topic:道路"),
        ("place:青石", "", "", ""),
        ("place:青石县", "没有名为“青石县”的地点", "<mark>p</mark>lace:青石县", "place:青石"),
        ("topic:供电 停水", "没有“供电”这一主题，可以用 供水、道路", "<mark>t</mark>opic:供电 停水", "停水"),
        ("tier:县", "没有“县”这一层级", "<mark>t</mark>ier:县", "tier:县级"),
        ("date:昨天", "日期“昨天”无法识别", "<mark>d</mark>ate:昨天", ""),
        ("date:2026-03-12..2026-03-10", "的开始晚于结束", "<mark>d</mark>ate", "date:2026-03-10..2026-03-12"),
        ("level:9", "没有“9”这一级别", "<mark>l</mark>evel:9", ""),
    ],
)
def test_what_is_wrong_is_marked_with_what_was_probably_meant(
    filled: Invented, person: Callable[[str], Person], words: str, sentence: str, marked: str, meant: str
) -> None:
    viewer = person("viewer")
    page = viewer.page(f"/search?words={quote(words)}", 422 if sentence else 200)
    assert sentence in page
    assert marked in page
    if meant:
        assert href(meant) in page
        assert viewer.page(f"/search?words={quote(meant)}")
    if sentence:
        status, answer = viewer.call("GET", "/posts", params={"words": words})
        assert (status, answer["fields"]["suggestion"]) == (422, meant)  # type: ignore[index]


@pytest.mark.parametrize(("asked", "sentence"), [("place=乌有乡", "没有名为“乌有乡”的地点"), ("since=x", "日期“x..”")])
def test_what_cannot_be_understood_gets_a_sentence(
    desk: Invented, person: Callable[[str], Person], asked: str, sentence: str
) -> None:
    assert sentence in person("viewer").page(f"/search?{asked}", 422)


def test_every_result_shows_what_it_was_found_by(filled: Invented, person: Callable[[str], Person]) -> None:
    for words in ("停水", "塌陷", '"路面，塌陷"', "地点:青石镇", "topic:供水", "塌陷 OR 停水"):
        status, answer = person("viewer").call("GET", "/posts", params={"words": words})
        assert status == 200
        for post in answer["posts"]:  # type: ignore[attr-defined]
            assert post["marks"]["title"] or post["marks"]["text"], (words, post["title"])


def test_a_story_names_its_first_publisher_and_the_sentences_that_two_posts_share(
    desk: Invented, person: Callable[[str], Person], clock: SettableClock
) -> None:
    same = "供水主管道今晨在青石镇破裂，抢修人员已经赶到现场"
    first = desk.post("p1", "停水", f"{same}。预计今晚八时恢复供水。", outlet="daily")
    clock.forward(hours=1)
    copy = desk.post("p2", "青石停水", f"记者获悉，{same}。")
    desk.services.index.put([replace(copy, version=2, story=first.story)])
    page = person("viewer").page(f"/search?words=story:{first.story}")
    assert "首发：江州日报" in page
    assert "与首发相同的句子 2 处" in page
    assert "<li>供水主管道今晨在青石镇破裂</li>" in page


def test_an_extract_surrounds_what_was_found() -> None:
    text = "前" * 300 + "停水" + "后" * 300
    pieces = extract(text, [(300, 302)], width=100)
    assert pieces[0] == ("…", False)
    assert ("停水", True) in pieces
    assert pieces[-1] == ("…", False)
    assert sum(len(piece) for piece, _ in pieces) == 102


def test_marked_pieces_join_to_the_text() -> None:
    assert "".join(piece for piece, _ in marked("青石镇停水", [(0, 3), (3, 5)])) == "青石镇停水"
    assert marked("", []) == ()


def test_bars_fill_the_days_between() -> None:
    drawn = bars({"2026-03-01": 4, "2026-03-03": 1})
    assert [(bar.day, bar.count, bar.height) for bar in drawn.days] == [
        ("2026-03-01", 4, 100), ("2026-03-02", 0, 0), ("2026-03-03", 1, 25),
    ]  # fmt: skip
    assert bars({}).days == ()
