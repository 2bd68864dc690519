"""List pages to items by CSS selectors."""

from __future__ import annotations

from typing import Any

import pytest

from crawlers.items import Item, Unreadable
from crawlers.lists import read_list
from huiying.core.config import Source

AT = "http://a.cn/news/index.html"
PAGE = """<html><head><title>列表</title></head><body><nav><a href="/about">关于</a></nav>
<ul class="list"><li><a href="1.html" title="某镇停水的紧急通知">某镇停水的…</a><span>[2026-01-27]</span></li>
<li><a href="/2.html">某路封闭</a><span>01-26</span></li><li><span>没有链接</span></li></ul></body></html>"""


def read(page: str | bytes = PAGE, **more: Any) -> list[Item] | Unreadable:
    source = Source(kind="list", address=AT, **({"items": "ul.list li", "time": "span"} | more))
    return read_list(page.encode() if isinstance(page, str) else page, "text/html", AT, source)


def test_items_have_address_full_title_and_the_dates_own_words() -> None:
    assert read() == [
        Item("http://a.cn/news/1.html", "某镇停水的紧急通知", "", "[2026-01-27]", "list"),
        Item("http://a.cn/2.html", "某路封闭", "", "01-26", "list"),
        Item("", "", "", "没有链接", "list"),
    ]


def test_gbk_pages_that_say_gb2312_are_read() -> None:
    page = PAGE.replace("<head>", '<head><meta charset="gb2312">').encode("gbk")
    assert read(page) == read()


def test_a_title_of_its_own_and_links_alone() -> None:
    page = '<div class="i"><a href="/1"><img></a><h3>标题</h3></div>'
    [item] = read(page, items="div.i", title="h3", time=None)  # type: ignore[misc]
    assert (item.address, item.title, item.date, item.date_field) == ("http://a.cn/1", "标题", None, None)
    assert read(page, items=None, link=".i a", time=None) == [Item("http://a.cn/1", "", "", None, None)]


def test_the_base_element_moves_relative_links() -> None:
    page = '<base href="http://a.cn/deep/"><p class="x"><a href="1">t</a></p>'
    assert [item.address for item in read(page, items="p")] == ["http://a.cn/deep/1"]  # type: ignore[union-attr]


@pytest.mark.parametrize("link", ["javascript:void(0)", "#top", "mailto:a@b.cn", "http://[bad/", ""])
def test_links_that_lead_nowhere_are_no_address(link: str) -> None:
    assert [item.address for item in read(f'<li><a href="{link}">x</a></li>', items="li")] == [""]  # type: ignore[union-attr]


@pytest.mark.parametrize("page", ["", "<p>无</p>", b"\x00\x01\x02"])
def test_selectors_that_find_nothing_give_no_items(page: str | bytes) -> None:
    assert read(page) == []


def test_a_wrong_selector_is_said_so() -> None:
    found = read(items="ul[")
    assert isinstance(found, Unreadable)
    assert found.code == "bad_selector"
