"""Search results as CSV: what it holds, how many rows, what a spreadsheet may not reckon, and who took it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from alerts.web import search
from alerts.web.export import plain
from tests.alerts.web.conftest import Person
from tests.alerts.web.invented import Invented


def rows(one: Person, **asked: str) -> list[list[str]]:
    answer = one.client.post("/search/export", data={"token": one.token, **asked})
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-disposition"] == 'attachment; filename="yunze-search.csv"'
    return list(csv.reader(answer.text.removeprefix("\ufeff").splitlines()))


def test_a_file_holds_title_address_outlet_instants_places_and_topics(
    desk: Invented, person: Callable[[str], Person]
) -> None:
    desk.post("p1", "=1+1 青石镇停水")
    desk.post("p2", "县城塌陷", topic="roads")
    with structlog.testing.capture_logs() as logs:
        head, row = rows(person("viewer"), topic="water")
    assert head == ["标题", "地址", "信源", "发布时间", "发现时间", "地点", "主题"]
    assert row == [
        "'=1+1 青石镇停水", "http://127.0.0.2/p1.html", "云泽新闻网", "2026-03-10T09:50:00+08:00",
        "2026-03-10T10:00:00+08:00", "青石镇", "供水",
    ]  # fmt: skip
    exported = {"event": "search_exported", "by": "P-view", "rows": 1, "asked": "topic:water"}
    assert {**exported, "log_level": "info"} in logs


def test_more_than_the_most_are_cut_and_pages_are_joined(
    desk: Invented, person: Callable[[str], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    post = desk.post("p0", "青石镇停水")
    many = [
        replace(post, id=f"{number:032d}", first_seen=post.first_seen - timedelta(seconds=number))
        for number in range(1, 451)
    ]
    desk.services.index.put(many)
    assert len(rows(person("viewer"))) == 452
    monkeypatch.setattr("alerts.web.export.EXPORTED", 300)
    assert len(rows(person("viewer"))) == 301
    assert search.EXPORTED == 2000


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", "\r=1"])
def test_formulas_are_text(cell: str) -> None:
    assert plain(cell) == f"'{cell}"
    assert plain(f"一{cell}") == f"一{cell}"


def test_a_wrong_place_and_a_missing_token_are_refused(person: Callable[[str], Person]) -> None:
    viewer = person("viewer")
    assert viewer.client.post("/search/export", data={"token": viewer.token, "place": "无此地"}).status_code == 422
    assert viewer.client.post("/search/export", data={}).status_code == 403
