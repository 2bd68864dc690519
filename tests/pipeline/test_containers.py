"""Containers: how one is named, when it is believed, and what the next page gains by it."""

from __future__ import annotations

from datetime import UTC, datetime

import lxml.etree
import pytest

from pipeline.containers import PROOFS, believed, find, signature
from pipeline.lines import Layout, lay_out
from pipeline.page import extract

NOW = datetime(2026, 6, 10, tzinfo=UTC)
TEXT = (
    "<p>6月3日清晨，下塘路一处供水主管道破裂，沿线三个小区停水。</p><p>抢修队六时到场，关闭上下游阀门后开挖更换。</p>"
)


def laid(body: str) -> Layout:
    return lay_out(lxml.etree.fromstring(f"<html><body>{body}</body></html>", lxml.etree.HTMLParser()))


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("<div class='main'><div id='zoom'><p>文</p></div></div>", "div#zoom"),
        ("<div id='box'><div class='b a'><p>文</p></div></div>", "div.a.b<div#box"),
        ("<div class='x'><section><div class='c'><p>文</p></div></section></div>", "div.c<section<div.x"),
        ("<div class='post-20260603'><p>文</p></div>", ""),
        ("<div><p>文</p></div>", ""),
    ],
)
def test_a_container_is_named_by_what_does_not_change_from_page_to_page(body: str, name: str) -> None:
    layout = laid(body)
    assert signature(layout, layout.lines[0].block) == name
    if name:
        found = find(layout, name)
        assert found is not None
        assert signature(layout, found) == name


def test_what_stands_twice_on_a_page_is_not_found() -> None:
    assert find(laid("<div class='c'><p>甲</p></div><div class='c'><p>乙</p></div>"), "div.c") is None
    assert find(laid("<div class='d'><p>甲</p></div>"), "div.c") is None


@pytest.mark.parametrize(
    ("counts", "learnt"),
    [
        ({}, None),
        ({"div#a": PROOFS - 1}, None),
        ({"div#a": PROOFS}, "div#a"),
        ({"div#a": 8, "div#b": 2}, "div#a"),
        ({"div#a": 7, "div#b": 2}, None),
    ],
)
def test_a_container_is_believed_when_nearly_all_pages_agree(counts: dict[str, int], learnt: str | None) -> None:
    assert believed(counts) == learnt


def test_a_short_notice_is_read_from_the_container_that_was_learnt() -> None:
    beside = "<div class='box'><p>本站所载供水信息以现场公告为准，欢迎监督，服务热线全天开通。</p></div>"
    page = f"<title>停水</title><h1>停水</h1><div id='zoom'><p>今日停水</p><p>明日恢复</p></div>{beside}"
    assert extract(page, "Asia/Shanghai", NOW).text != "今日停水\n明日恢复"
    assert (
        extract(page, "Asia/Shanghai", NOW, learnt="div#zoom").text != "今日停水\n明日恢复"
    )  # most prose is elsewhere
    page = page.replace("<p>今日停水</p>", "<p>今日停水，请提前储水备用，恢复供水的时间另行通知，敬请谅解。</p>")
    assert (
        extract(page, "Asia/Shanghai", NOW, learnt="div#zoom").text
        == "今日停水，请提前储水备用，恢复供水的时间另行通知，敬请谅解。\n明日恢复"
    )


@pytest.mark.parametrize("learnt", ["div#gone", "-", "", "div.ad"])
def test_a_container_that_is_gone_or_nearly_empty_changes_nothing(learnt: str) -> None:
    page = f"<title>停水</title><h1>停水</h1><div id='zoom'>{TEXT}</div><div class='ad'><p>广告</p></div>"
    plain = extract(page, "Asia/Shanghai", NOW)
    assert plain.container == "div#zoom"
    assert extract(page, "Asia/Shanghai", NOW, learnt=learnt) == plain
