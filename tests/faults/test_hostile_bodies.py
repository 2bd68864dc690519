"""Bodies that are made to break a reader: each ends within 10 s and 64 MB, asks nobody, and the next one is read."""

from __future__ import annotations

import gzip
import os
import re
import signal
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlers.items import Item, Unreadable
from crawlers.parsing import COMPUTING, MEMORY, PATIENCE, Parser, Read
from crawlers.seen_text import seen_hash
from crawlers.sitemaps import Index
from huiying.core.config import Source
from huiying.core.errors import BackendError
from tests.site import Site

FEED = Source(kind="feed", address="http://a.cn/f")
SITEMAP = Source(kind="sitemap", address="http://a.cn/s.xml")
PAGE = Source(kind="page", address="http://a.cn/p", items="div")
LIST = Source(kind="list", address="http://a.cn/l", items="li", time="span")
LARGEST = 4 * 2**20
OPEN = '<?xml version="1.0"?>\n<rss version="2.0"><channel><title>t</title>'
GOOD = f"{OPEN}<item><title>停水</title><link>http://a.cn/1</link></item></channel></rss>".encode()
MIXED = OPEN.encode() + "<item><title>停水".encode("gb18030") + "通知</title></item></channel></rss>".encode()


def feed(items: str, doctype: str = "") -> bytes:
    """Return an RSS feed of `items`, of 4 MB at most."""
    whole = f"{OPEN.replace('<rss', f'{doctype}<rss')}{items}</channel></rss>".encode()
    assert len(whole) <= LARGEST
    return whole


def title(text: str, doctype: str = "") -> bytes:
    return feed(f"<item><title>{text}</title><link>http://a.cn/1</link></item>", doctype)


def description(text: str) -> bytes:
    return feed(f"<item><link>http://a.cn/1</link><description>{text}</description></item>")


def filled(text: str, size: int = LARGEST - 1000) -> str:
    return text * (size // len(text.encode()))


def entities(*declared: str) -> str:
    return f"<!DOCTYPE rss [{''.join(f'<!ENTITY {one}>' for one in declared)}]>"


LAUGHS = entities('l0 "lol"', *('l{} "{}"'.format(n, f"&l{n - 1};" * 10) for n in range(1, 10)))
NAMESPACES = " ".join(f"xmlns:a{n}='b{n}'" for n in range(100_000))
STYLE = filled("a:b;")
QUOTES = filled("a: 'b")
FEEDS = {
    "empty": b"",
    "one byte": b"<",
    "zeros": bytes(LARGEST),
    "noise": bytes(range(256)) * (LARGEST // 256),
    "mixed charsets": MIXED,
    "utf-16 that breaks off": GOOD.decode().encode("utf-16")[:-3],
    "utf-7 declared": GOOD.replace(b'"1.0"', b'"1.0" encoding="utf-7"'),
    "a charset that there is not": GOOD.replace(b'"1.0"', b'"1.0" encoding="zip"'),
    "billion laughs": title("&l9;", LAUGHS),
    "quadratic blow-up": title("&x;" * 50_000, entities('x "' + "y" * 50_000 + '"')),
    "entities in a circle": title("&x;", entities('x "&y;"', 'y "&x;"')),
    "parameter entities in a circle": title("t", '<!DOCTYPE rss [<!ENTITY % a "%b;"><!ENTITY % b "%a;">%a;]>'),
    "many entities": title("t", entities(*(f'e{n} "{n}"' for n in range(150_000)))),
    "a title of 4 MB": title(filled("水")),
    "a title of 4 MB of references": title(filled("&#27700;")),
    "25,000 items": feed(filled("<item><title>停水</title><link>http://a.cn/1</link></item>", LARGEST // 2)),
    "deep elements": feed("<item>" + filled("<a>")),
    "deep elements in a description": description(filled("&lt;div&gt;")),
    "tags that do not end": description("<![CDATA[" + filled("<a ") + "]]>"),
    "tags that do not end, broken XML": f"{OPEN}<item><description>{filled('<a ')}".encode(),
    "brackets": f"{OPEN}{filled('<')}".encode(),
    "ampersands": f"{OPEN}<item><title>{filled('&')}".encode(),
    "declarations": f"{OPEN}{filled('<!')}".encode(),
    "comments that do not end": f"{OPEN}{filled('<!--')}".encode(),
    "CDATA that does not end": f"{OPEN}<item><title>{filled('<![CDATA[')}".encode(),
    "instructions": f"{OPEN}{filled('<?')}".encode(),
    "attributes": (OPEN + "<item " + filled('a="b" ')).encode(),
    "namespaces": f"<rss version='2.0' {NAMESPACES}/>".encode(),
    "a style": description(f'&lt;p style="{STYLE}"&gt;'),
    "a style with quotes": description(f'&lt;p style="{QUOTES}"&gt;'),
    "a date": feed(f"<item><pubDate>{filled('1 ')}</pubDate></item>"),
    "an author": feed(f"<item><author>{filled('a@')}</author></item>"),
    "blanks before the feed": filled(" ", LARGEST // 2).encode() + GOOD,
    "a doctype that does not end": f"<!DOCTYPE {filled('<!DOCTYPE ')}".encode(),
}
LISTS = {
    "deep elements": filled("<li>").encode(),
    "deep elements that nothing closes": filled("<div><b>").encode(),
    "brackets": filled("<").encode(),
    "attributes": f"<li {filled('a=b ')}>".encode(),
    "one text": f"<li><a href=1>{filled('水')}</a></li>".encode(),
    "a bad base": b"<base href='http://[bad'><li><a href='http://[bad'>t</a></li>",
    "zeros": bytes(LARGEST),
    "comments that do not end": filled("<!--").encode(),
}
URLS = filled("<url><loc>http://a.cn/1</loc><lastmod>2026-01-27</lastmod></url>")
SITEMAPS = {
    "60,000 pages": f"<urlset>{URLS}</urlset>".encode(),
    "60,000 sitemaps": f"<sitemapindex>{URLS.replace('url>', 'sitemap>')[: LARGEST - 99]}".encode(),
    "one that unpacks to 1 GB": gzip.compress(bytes(2**20)) * 1024,
    "one that unpacks to 64 MB": gzip.compress(b"<urlset>" + b"<url>" * (13 * 2**20)),
    "gzip that is none": b"\x1f\x8b" + bytes(1000),
    "deep elements": b"<urlset>" + filled("<url>").encode(),
    "a place of 4 MB": f"<urlset><url><loc>{filled('a')}</loc><lastmod>1</lastmod></url></urlset>".encode(),
    "billion laughs": LAUGHS.replace("rss", "urlset").encode() + b"<urlset><url><loc>&l9;</loc></url></urlset>",
    "zeros": bytes(LARGEST),
    "brackets": filled("<").encode(),
}
CASES = [pytest.param(FEED, body, id=f"feed: {name}") for name, body in FEEDS.items()]
CASES += [pytest.param(LIST, body, id=f"list: {name}") for name, body in LISTS.items()]
CASES += [pytest.param(SITEMAP, body, id=f"sitemap: {name}") for name, body in SITEMAPS.items()]
CASES += [pytest.param(PAGE, body, id=f"page: {name}") for name, body in LISTS.items()]


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    made = Parser()
    yield made
    made.close()


class Peak:
    """The most memory that the parser's child held while the `with` lasted, in bytes above what it held before."""

    def __init__(self, parser: Parser) -> None:
        child = parser._child
        assert child is not None
        self._status = Path(f"/proc/{child.pid}/status")
        self._before = self._read() or 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.above = 0

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while (now := self._read()) is not None:
            self.above = max(self.above, now - self._before)
            if self._ended.wait(0.02):
                return

    def _read(self) -> int | None:
        try:
            found = re.search(r"VmRSS:\s+(\d+)", self._status.read_text())
        except OSError:
            return None
        return int(found[1]) * 1024 if found else None


@pytest.mark.parametrize(("source", "body"), CASES)
def test_it_ends_within_10_s_and_64_mb_and_the_next_feed_is_read(
    parser: Parser, source: Source, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlers.parsing.PATIENCE", 2.0)  # what hangs would take the whole of it
    assert parser.read((FEED, GOOD, None, "http://a.cn/f")) == [Item("http://a.cn/1", "停水", "", None, None)]
    begun = time.monotonic()
    with Peak(parser) as peak:
        read = parser.read((source, body, "text/xml", source.address))
    assert time.monotonic() - begun < 10
    assert peak.above < 64 * 2**20
    assert isinstance(read, list | Index | Unreadable)


@pytest.mark.parametrize("size", range(0, len(GOOD), 7))
def test_a_feed_that_breaks_off_anywhere_is_read_or_refused(parser: Parser, size: int) -> None:
    read = parser.read((FEED, GOOD[:size], None, "http://a.cn/f"))
    assert isinstance(read, Unreadable) or all(item.address in ("", "http://a.cn/1") for item in read)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "{trap}">]>',
        '<!DOCTYPE rss [<!ENTITY x PUBLIC "a" "{trap}">]>',
        '<!DOCTYPE rss SYSTEM "{trap}">',
        '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "{trap}">',
        '<!DOCTYPE rss [<!ENTITY % d SYSTEM "{trap}">%d;]>',
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<?xml-stylesheet href="{trap}"?>',
    ],
)
def test_nothing_that_a_feed_names_is_fetched_or_opened(parser: Parser, doctype: str) -> None:
    with Site("127.0.0.4") as trap:
        body = title("a&x;b", doctype.replace("{trap}", trap.url("/x.dtd")))
        read = parser.read((FEED, body, "text/xml", "http://a.cn/f"))
        page = f'<html xmlns:xi="x">{doctype}<xi:include href="{trap.url("/y")}"/><li><a href="1">t</a></li>'
        parser.read((LIST, page.replace("{trap}", trap.url("/z")).encode(), "text/html", "http://a.cn/l"))
        assert trap.requests == []
    assert "root:" not in repr(read)


def test_what_takes_too_long_is_ended_by_the_kernel(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlers.parsing.PATIENCE", 0.3)
    read = parser.read((FEED, FEEDS["tags that do not end"], None, "http://a.cn/f"))
    assert isinstance(read, Unreadable)
    assert read.code == "too_heavy"
    assert COMPUTING < PATIENCE < 10
    assert MEMORY < 64 * 2**20


@pytest.mark.parametrize("text", ["&a;", "水 "])
def test_what_a_reader_sees_of_4_mb_takes_less_than_64_mb(text: str) -> None:
    body = filled(text).encode()
    tracemalloc.start()
    seen_hash(body, "text/html")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 64 * 2**20


def test_a_parser_that_is_closed_while_it_reads_ends_at_once() -> None:
    parser = Parser()
    parser.read((FEED, GOOD, None, ""))
    done: list[Read] = []
    body = FEEDS["tags that do not end"]
    reading = threading.Thread(target=lambda: done.append(parser.read((FEED, body, None, ""))))
    reading.start()
    time.sleep(0.3)
    child = parser._child
    assert child is not None
    child.kill()
    reading.join(5)
    assert isinstance(done[0], Unreadable)
    parser.close()


def test_a_parser_that_does_not_start_counts_against_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlers.parsing._serve", sys.exit)
    parser = Parser()
    for _ in range(2):
        with pytest.raises(BackendError, match="parser_failed"):
            parser.read((FEED, GOOD, None, ""))
    monkeypatch.undo()
    assert isinstance(parser.read((FEED, GOOD, None, "")), list)
    parser.close()


def test_ctrl_c_of_the_group_ends_no_reading(parser: Parser) -> None:
    parser.read((FEED, GOOD, None, ""))
    child = parser._child
    assert child is not None
    assert child.pid is not None
    os.kill(child.pid, signal.SIGINT)
    assert isinstance(parser.read((FEED, GOOD, None, "")), list)
    assert parser._child is child
