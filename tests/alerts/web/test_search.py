"""Search: what an address asks for is what the index finds; facets, histogram, extracts."""

from __future__ import annotations

from collections.abc import Callable

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


def test_facets_narrow_the_search_and_name_their_values(filled: Invented, person: Callable[[str], Person]) -> None:
    page = person("viewer").page("/search?outlet=daily")
    assert 'href="/search?topic=roads&amp;outlet=daily"' in page
    assert ">道路</a>" in page
    assert f'href="/search?place={TOWN}&amp;outlet=daily"' in page


@pytest.mark.parametrize(("asked", "sentence"), [("place=乌有乡", "没有名为“乌有乡”的地点"), ("since=x", "日期“x”")])
def test_what_cannot_be_understood_gets_a_sentence(
    desk: Invented, person: Callable[[str], Person], asked: str, sentence: str
) -> None:
    assert sentence in person("viewer").page(f"/search?{asked}", 422)


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
