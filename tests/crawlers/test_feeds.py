"""Feed bytes to items: right characters, dates as they are written, an error value for what is no feed."""

from __future__ import annotations

import pytest

from crawlers.feeds import read_feed
from crawlers.items import Item, Unreadable
from tests.site import rss

AT = "http://a.cn/feed/index.xml"


def items(body: bytes, content_type: str | None = "application/xml") -> list[Item]:
    read = read_feed(body, content_type, AT)
    assert not isinstance(read, Unreadable)
    return read


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030", "gb2312", "big5", "utf-16"])
@pytest.mark.parametrize("content_type", [None, "text/xml", "text/xml; charset=gb2312"])
def test_the_declared_encoding_is_read(encoding: str, content_type: str | None) -> None:
    title = ("自來水管破裂，本市多處停水" if encoding == "big5" else "水管破裂，某镇停水") * 3
    body = rss([{"title": title, "link": "http://a.cn/1"}], encoding)
    assert items(body, content_type)[0].title == title


def test_gbk_bytes_that_claim_utf8_are_read() -> None:
    body = rss([{"title": "某镇停水", "link": "http://a.cn/1"}]).decode().encode("gbk")
    assert items(body)[0].title == "某镇停水"


def test_the_date_keeps_its_own_words() -> None:
    body = rss([{"title": "x", "link": "http://a.cn/1", "pubDate": "2026年4月19日 06:22"}])
    assert (items(body)[0].date, items(body)[0].date_field) == ("2026年4月19日 06:22", "published")


def test_without_a_date_there_is_none() -> None:
    assert items(rss([{"title": "x", "link": "http://a.cn/1"}]))[0].date is None


def test_the_full_text_goes_before_the_summary() -> None:
    body = (
        b'<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>t</title>'
        b"<link>http://a.cn/1</link><description>short</description>"
        b"<content:encoded>&lt;p&gt;the whole text&lt;/p&gt;</content:encoded></item></channel></rss>"
    )
    assert items(body)[0].summary == "<p>the whole text</p>"


def test_atom_with_relative_links_is_read() -> None:
    body = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>f</title><entry><title>t</title><link href="../1.html"/>'
        b"<updated>2026-01-27T08:00:00+08:00</updated></entry></feed>"
    )
    [item] = items(body)
    assert (item.address, item.date, item.date_field) == ("http://a.cn/1.html", "2026-01-27T08:00:00+08:00", "updated")


def test_missing_title_and_missing_link_are_empty() -> None:
    read = items(rss([{"link": "http://a.cn/1"}, {"title": "t"}]))
    assert [(item.address, item.title) for item in read] == [("http://a.cn/1", ""), ("", "t")]


def test_the_order_of_the_document_is_kept() -> None:
    read = items(rss([{"title": str(n), "link": f"http://a.cn/{n}"} for n in (3, 1, 2)]))
    assert [item.title for item in read] == ["3", "1", "2"]


def test_there_is_no_author_in_an_item() -> None:
    [item] = items(rss([{"title": "t", "link": "http://a.cn/1", "author": "某某"}]))
    assert "某某" not in repr(item)


def test_a_feed_without_items_is_empty() -> None:
    assert items(rss([])) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff" * 40, "<html><body>系统维护中</body></html>".encode("gbk"), b'{"items": []}', b"http://a.cn/"],
)
def test_what_is_no_feed_is_said_so(body: bytes) -> None:
    read = read_feed(body, "text/html", AT)
    assert isinstance(read, Unreadable)
    assert read.code == "not_a_feed"


def test_a_feed_that_breaks_off_gives_what_came() -> None:
    whole = rss([{"title": str(n), "link": f"http://a.cn/{n}"} for n in range(3)])
    assert [item.title for item in items(whole[: whole.index(b"<item><title>2")])] == ["0", "1"]


def test_the_words_alone_make_the_hash() -> None:
    one = Item("http://a.cn/1", "停水", "<p>某镇  停水</p>", "2026-01-27", "published")
    other = Item("http://a.cn/1", "停水", "<div>某镇 停水</div>", "2026-01-28", None)
    assert one.hash() == other.hash()
    assert one.hash() != Item("http://a.cn/1", "停水了", "<p>某镇 停水</p>", None, None).hash()
    assert one.hash() != Item("http://a.cn/1", "停水", "<p>某镇恢复供水</p>", None, None).hash()


@pytest.mark.parametrize("reference", ["&#55296;", "&#xD800;", "&#0;", "&#xFFFFFFFF;"])
def test_an_invalid_character_reference_spoils_no_feed(reference: str) -> None:
    body = rss([{"title": "一", "link": "http://a.cn/1"}, {"title": "二&#9633;", "link": "http://a.cn/2"}])
    read = items(body.replace("一".encode(), f"一{reference}".encode()).replace(b"&amp;#", b"&#"))
    assert [item.title for item in read] == ["一\ufffd", "二□"]
