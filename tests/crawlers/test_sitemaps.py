"""Sitemaps, indexes of them that go in circles, and pages that are watched for change."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from crawlers.items import Item, Unreadable
from crawlers.sitemaps import LARGEST, NEWEST, Index, read_sitemap
from crawlers.unfolding import IN_ALL
from crawlers.watched import read_watched
from huiying.core.config import Source
from huiying.core.states import Reading
from tests.crawlers.desk import PAGE, Office, outlet
from tests.site import Answer, Site

NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
STANDARD = "http://www.sitemaps.org/schemas/sitemap/0.9"
DAY = "2026-01-27T0"


def urlset(*urls: str) -> bytes:
    whole = "".join(f"<url>{url}</url>" for url in urls)
    return f'<?xml version="1.0"?><urlset xmlns="{STANDARD}" xmlns:n="{NEWS}">{whole}</urlset>'.encode()


def url(site: Site, number: int, modified: str) -> str:
    return f"<loc>{site.url(f'/{number}.html')}</loc><lastmod>{modified}</lastmod>"


def index(*places: str) -> bytes:
    whole = "".join(f"<sitemap>{place}</sitemap>" for place in places)
    return f'<sitemapindex xmlns="{STANDARD}">{whole}</sitemapindex>'.encode()


def test_a_news_sitemap_gives_titles_and_times_the_newest_first() -> None:
    news = "<n:news><n:publication><n:name>报</n:name></n:publication><n:title>{}</n:title>{}</n:news>"
    read = read_sitemap(
        urlset(
            f"<loc>http://a.cn/1</loc>{news.format('停水', '<n:publication_date>2026-01-26</n:publication_date>')}",
            f"<loc>http://a.cn/2</loc><lastmod>2026-01-28</lastmod>{news.format('一  路', '')}",
            "<loc>http://a.cn/old</loc>",
        )
    )
    assert read == [
        Item("http://a.cn/2", "一 路", "", "2026-01-28", "lastmod", "2026-01-28"),
        Item("http://a.cn/1", "停水", "", "2026-01-26", "sitemap"),
    ]


def test_only_the_newest_pages_are_items() -> None:
    read = read_sitemap(urlset(*(f"<loc>http://a.cn/{n}</loc><lastmod>{2000 + n}</lastmod>" for n in range(300))))
    assert isinstance(read, list)
    assert [item.date for item in read] == [str(2299 - n) for n in range(NEWEST)]


def test_a_packed_sitemap_is_unpacked_and_an_index_names_others_the_newest_first() -> None:
    assert read_sitemap(gzip.compress(urlset("<loc>http://a.cn/1</loc><lastmod>2026</lastmod>")))
    read = read_sitemap(
        index("<loc>http://a.cn/1</loc><lastmod>2025</lastmod>", "<loc>http://a.cn/2</loc><lastmod>2026</lastmod>")
    )
    assert read == Index(("http://a.cn/2", "http://a.cn/1"))
    assert read_sitemap(urlset()) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>404</html>", "not_a_sitemap"),
        (b"", "not_a_sitemap"),
        (b"\x1f\x8bx", "not_a_sitemap"),
        (gzip.compress(bytes(LARGEST + 1)), "too_large"),
        (urlset("<loc>http://a.cn/1</loc>"), "sitemap_undated"),
    ],
)
def test_what_is_no_usable_sitemap_is_said_so(body: bytes, code: str) -> None:
    read = read_sitemap(body)
    assert isinstance(read, Unreadable)
    assert read.code == code


def of(site: Site, kind: str, path: str, **more: str) -> Source:
    return Source(kind=kind, address=site.url(path), every=60, **more)  # type: ignore[arg-type]


def test_an_index_is_followed_to_its_newest_sitemaps_and_a_later_change_is_an_edit(
    site: Site, offices: Callable[..., Office]
) -> None:
    for number in (1, 2):
        site.page(f"/{number}.html", PAGE)
    site.set("/index.xml", Answer(index(f"<loc>{site.url('/new.xml')}</loc>", f"<loc>{site.url('/more.xml')}</loc>")))
    site.set("/new.xml", Answer(urlset(url(site, 1, f"{DAY}1:00:00Z"))))
    site.set("/more.xml", Answer(urlset(url(site, 2, f"{DAY}0:00:00Z"))))
    office = offices(outlet("bao", "", site.host, sources=(of(site, "sitemap", "/index.xml"),)))
    office.begin()
    assert office.wait_read("bao/1").reading is Reading.NEW
    assert [one.address for one in office.found()] == [site.url("/1.html"), site.url("/2.html")]
    site.set("/more.xml", Answer(urlset(url(site, 2, f"{DAY}3:00:00Z"))))
    office.read_again("bao/1")
    assert [(one.address, one.version) for one in office.found()][2:] == [(site.url("/2.html"), 2)]
    assert office.read_again("bao/1").reading is Reading.NOTHING_NEW


def test_indexes_that_name_each_other_come_to_an_end(site: Site, offices: Callable[..., Office]) -> None:
    names = [f"/{name}.xml" for name in "abcdefghijkl"]
    for name in names:
        site.set(name, Answer(index(*(f"<loc>{site.url(other)}</loc>" for other in names))))
    office = offices(outlet("bao", "", site.host, sources=(of(site, "sitemap", "/a.xml"),)))
    office.begin()
    assert office.wait_read("bao/1").reading is Reading.EMPTY
    asked = [path for path in site.paths() if path != "/robots.txt"]
    assert len(asked) == len(set(asked)) <= IN_ALL + 1


def test_an_index_that_leads_elsewhere_is_shown_refused(site: Site, offices: Callable[..., Office]) -> None:
    with Site("127.0.0.3") as other:
        site.set("/index.xml", Answer(index(f"<loc>{other.url('/s.xml')}</loc>")))
        office = offices(outlet("bao", "", site.host, sources=(of(site, "sitemap", "/index.xml"),)))
        office.begin()
        assert office.wait_read("bao/1").reading is Reading.REFUSED
        assert other.requests == []


def test_a_page_that_changes_is_a_new_version_of_one_post(site: Site, offices: Callable[..., Office]) -> None:
    page = "<title>通知</title><div id=n>{}</div><p>浏览次数：{}</p>"
    site.page("/notice", page.format("无停水", 1))
    office = offices(outlet("bao", "", site.host, sources=(of(site, "page", "/notice", items="#n"),)))
    office.begin()
    office.wait_read("bao/1")
    site.page("/notice", page.format("无停水", 2))
    assert office.read_again("bao/1").reading is Reading.NOTHING_NEW
    site.page("/notice", page.format("明日停水", 3))
    office.read_again("bao/1")
    told = [(one.address, one.title, one.summary, one.version, one.backlog) for one in office.found()]
    address = site.url("/notice")
    assert told == [(address, "通知", "无停水", 1, True), (address, "通知", "明日停水", 2, False)]


@pytest.mark.parametrize(
    ("items", "summary"),
    [(None, "标题 一 二 三"), ("li", "二 三"), (".none", None)],
)
def test_what_is_watched_is_what_the_selector_names(items: str | None, summary: str | None) -> None:
    source = Source(kind="page", address="http://a.cn/", items=items)
    read = read_watched("<title>t</title><body><h1>标题</h1><p>一</p><li>二<li>三".encode(), None, source)
    assert isinstance(read, list)
    assert [item.summary for item in read] == ([summary] if summary else [])


def test_a_selector_that_is_wrong_is_said_so() -> None:
    read = read_watched(b"<p>x</p>", None, Source(kind="page", address="http://a.cn/", items="[["))
    assert isinstance(read, Unreadable)
    assert read.code == "bad_selector"
