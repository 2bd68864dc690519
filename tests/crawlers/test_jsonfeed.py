"""JSON Feed to items: chosen by its content, read like any other feed, one sentence for whatever is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.feeds import read_feed
from crawlers.items import Item, Unreadable
from huiying.core.messages import LANGUAGES, text

AT = "http://a.cn/feed/index.json"
VERSION = "https://jsonfeed.org/version/1.1"


def feed(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"version": VERSION, "title": "f", "items": list(entries)} | more).encode()


def items(body: bytes, content_type: str | None = "application/feed+json") -> list[Item]:
    read = read_feed(body, content_type, AT)
    assert not isinstance(read, Unreadable)
    return read


@pytest.mark.parametrize("content_type", [None, "application/json", "application/feed+json", "text/xml"])
def test_it_is_read_whatever_the_header_calls_it(content_type: str | None) -> None:
    entry = {
        "id": "1",
        "url": "http://a.cn/1",
        "title": " 某镇\n停水 ",
        "summary": "短",
        "content_html": "<p>某镇停水两天</p>",
        "date_published": "2026-09-18T15:20:00+08:00",
        "date_modified": "2026-09-18T16:00:00+08:00",
        "authors": [{"name": "某记者"}],
    }
    expected = Item("http://a.cn/1", "某镇 停水", "<p>某镇停水两天</p>", "2026-09-18T15:20:00+08:00", "published")
    assert items(feed(entry), content_type) == [expected]
    assert items(b"\xef\xbb\xbf \n" + feed(entry), content_type) == [expected]


def test_chinese_encodings_are_read() -> None:
    body = json.dumps({"version": VERSION, "items": [{"title": "某镇停水" * 5}]}, ensure_ascii=False).encode("gbk")
    assert items(body, "application/json; charset=gbk")[0].title == "某镇停水" * 5


def test_a_relative_link_starts_at_the_feed_and_an_address_as_id_stands_for_the_link() -> None:
    read = items(feed({"url": "../1.html"}, {"id": "http://a.cn/2"}, {"id": "7", "external_url": "http://b.cn/"}))
    assert [item.address for item in read] == ["http://a.cn/1.html", "http://a.cn/2", ""]


def test_plain_text_stays_text_and_the_longest_goes_on() -> None:
    [item] = items(feed({"content_text": "水位 <警戒> & 回落", "summary": "水位"}))
    assert item.summary == "水位 &lt;警戒&gt; &amp; 回落"


def test_the_date_modified_stands_where_no_other_does() -> None:
    [item] = items(feed({"date_modified": "2026-09-18"}))
    assert (item.date, item.date_field) == ("2026-09-18", "updated")


def test_what_has_a_wrong_type_is_as_absent() -> None:
    [item] = items(
        feed({"id": 7, "url": ["x"], "title": {"a": 1}, "content_html": 3, "date_published": 20260918}, "no", 1)
    )
    assert item == Item("", "", "", None, None)


def test_what_is_no_character_is_replaced() -> None:
    body = feed({"title": "停\ud800水\u0000", "url": "http://a.cn/1"})
    [item] = items(body)
    assert item.title == "停\ufffd水\ufffd"
    item.title.encode()


def test_a_link_that_cannot_be_joined_is_none() -> None:
    assert items(feed({"url": "http://[bad"}))[0].address == ""


def test_an_item_without_entries_is_empty_and_no_error() -> None:
    assert items(feed()) == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{]",
        b'{"version": "' + VERSION.encode() + b'"}',
        b'{"items": []}',
        b'{"version": "https://jsonfeed.example/version/1.1", "items": []}',
        b'{"version": 1.1, "items": []}',
        b'{"version": "https://jsonfeed.org/version/1.1", "items": {"0": {}}}',
        b'{"a":' + b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"version": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: body[:40].decode(),
)
def test_what_is_none_is_one_sentence(body: bytes) -> None:
    read = read_feed(body, "application/feed+json", AT)
    assert isinstance(read, Unreadable)
    assert len(read.detail) <= 80
    assert all(text(f"crawl.{read.code}", language) for language in LANGUAGES)


def test_a_title_of_ten_megabytes_is_read_in_one_piece() -> None:
    [item] = items(feed({"title": "停" * (10 * 2**20 // 3), "url": "http://a.cn/1"}))
    assert len(item.title) == 10 * 2**20 // 3


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(("id", "url", "title", "x")), inner),
    max_leaves=12,
)


@given(_ANY)
def test_no_json_breaks_the_reader(value: Any) -> None:
    read = read_feed(json.dumps({"version": VERSION, "items": value}).encode(), None, AT)
    assert isinstance(read, Unreadable) == (not isinstance(value, list))
    if isinstance(read, list):
        for item in read:
            assert (len(item.hash()), len(item.post())) == (64, 32)
