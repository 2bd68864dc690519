"""The real crawl role over sites on loopback, with real ports: what is new, changed, unchanged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from huiying.core.addresses import post_id
from huiying.core.checks import ask
from huiying.core.config import Source
from huiying.core.states import Reading
from tests.crawlers.desk import DATE, ID, PAGE, Office, entry, outlet
from tests.site import Answer, Site, rss


def test_each_item_is_found_once_with_its_page_in_document_order(office: Office, site: Site) -> None:
    office.begin()
    state = office.wait_read(ID)
    found = office.found()
    assert [one.title for one in found] == ["某镇停水", "某路封闭"]
    first = found[0]
    assert (first.post, first.version, first.outlet, first.source) == (post_id(site.url("/1.html")), 1, "bao", ID)
    assert (first.body, first.status, first.content_type) == (PAGE.encode(), 200, "text/html; charset=utf-8")
    assert (first.date, first.date_field, first.backlog) == (DATE, "published", False)
    assert first.first_seen == first.fetched == office.clock.now()
    assert first.capture is not None
    assert office.captures.get(first.capture).body == first.body
    assert (state.reading, state.failures, state.dates) == (Reading.NEW, 0, ("2026-01-27",))
    assert state.due == office.clock.now() + timedelta(seconds=60)
    agent = site.requests[0].headers["user-agent"]
    assert agent.startswith("Huiying/")
    assert "mailto:duty@example.cn" in agent


def test_a_second_reading_asks_with_the_etag_and_fetches_nothing(office: Office, site: Site) -> None:
    office.begin()
    office.wait_read(ID)
    assert office.read_again(ID).reading is Reading.NOT_MODIFIED
    assert "if-none-match" in site.requests[-1].headers
    assert site.count("/1.html") == 1


def test_every_twentieth_poll_is_a_full_one(office: Office, site: Site) -> None:
    office.begin()
    office.wait_read(ID)
    readings = [office.read_again(ID).reading for _ in range(19)]
    assert readings[:18] == [Reading.NOT_MODIFIED] * 18
    assert readings[18] is Reading.SAME_BYTES


def test_a_source_that_is_asked_for_is_read_before_it_is_due(site: Site, offices: Callable[..., Office]) -> None:
    site.feed("/feed.xml", [entry(site, 1)])
    hourly = (Source(kind="feed", address=site.url("/feed.xml"), every=3600),)
    office = offices(outlet("bao", site.url("/feed.xml"), site.host, sources=hourly))
    office.begin()
    due = office.wait_read(ID).due
    office.clock.forward(seconds=120)
    assert office.clock.now() < due
    ask(office.store.cursors, ID, office.clock.now())
    assert office.wait_read(ID).due > due


def test_the_same_bytes_without_validators_are_recognised(office: Office, site: Site) -> None:
    site.feed("/feed.xml", [entry(site, 1)])
    office.begin()
    office.wait_read(ID)
    assert office.read_again(ID).reading is Reading.SAME_BYTES


def test_a_changed_title_is_version_two_and_keeps_the_time_first_seen(office: Office, site: Site) -> None:
    office.begin()
    first_seen = office.wait_read(ID).attempted
    site.page("/1.html", PAGE + "已恢复")
    site.feed("/feed.xml", [entry(site, 1, "某镇恢复供水"), entry(site, 2, "某路封闭")])
    assert office.read_again(ID).reading is Reading.NEW
    changed = office.found()[2:]
    assert [(one.version, one.title, one.first_seen) for one in changed] == [(2, "某镇恢复供水", first_seen)]
    assert changed[0].body.endswith("已恢复".encode())
    assert changed[0].fetched == office.clock.now()


def test_a_changed_date_or_guid_alone_is_no_news(office: Office, site: Site) -> None:
    office.begin()
    office.wait_read(ID)
    site.feed("/feed.xml", [entry(site, 1, guid="x", pubDate="2026-01-27 07:59"), entry(site, 2, "某路封闭")])
    assert office.read_again(ID).reading is Reading.NOTHING_NEW
    assert len(office.found()) == 2
    assert site.count("/1.html") == 1


def test_old_and_undated_items_of_the_first_reading_are_backlog(office: Office, site: Site) -> None:
    undated = {"title": "无日期", "link": site.url("/2.html")}
    site.feed("/feed.xml", [entry(site, 1, pubDate="2026-01-20 08:00"), undated])
    office.begin()
    assert office.wait_read(ID).backlog == 2
    site.page("/3.html", PAGE)
    site.feed("/feed.xml", [entry(site, 3, pubDate="2026-01-20 09:00")])
    office.read_again(ID)
    assert [one.backlog for one in office.found()] == [True, True, False]


def test_the_sources_of_one_outlet_are_read_one_after_another(site: Site, offices: Callable[..., Office]) -> None:
    names = ("a", "b")
    for name in names:
        for number in (1, 2):
            site.set(f"/{name}{number}.html", Answer(PAGE, delay=0.02))
        items = [{"title": f"{name}{n}", "link": site.url(f"/{name}{n}.html"), "pubDate": DATE} for n in (1, 2)]
        site.feed(f"/{name}.xml", items)
    sources = tuple(Source(kind="feed", address=site.url(f"/{name}.xml"), every=60) for name in names)
    office = offices(outlet("bao", "", site.host, sources=sources))
    office.begin()
    for id in ("bao/1", "bao/2"):
        office.wait_read(id)
    assert [one.title for one in office.found()] == ["a1", "a2", "b1", "b2"]


def test_an_address_that_stands_twice_in_a_feed_is_one_post(office: Office, site: Site) -> None:
    site.feed("/feed.xml", [entry(site, 1), entry(site, 1, "另一个标题")])
    office.begin()
    office.wait_read(ID)
    office.read_again(ID)
    assert [(one.title, one.version) for one in office.found()] == [("某镇停水", 1)]


def test_a_server_that_answers_304_for_ever_is_found_out_and_not_asked_so_again(office: Office, site: Site) -> None:
    frozen = [Answer(rss([entry(site, number)]), headers={"ETag": '"same"'}) for number in (1, 2)]
    site.set("/feed.xml", frozen[0])
    office.begin()
    office.wait_read(ID)
    site.set("/feed.xml", frozen[1])
    readings = [office.read_again(ID).reading for _ in range(20)]
    assert readings == [*[Reading.NOT_MODIFIED] * 18, Reading.NEW, Reading.SAME_BYTES]
    assert "if-none-match" not in site.requests[-1].headers


def test_a_list_page_is_read_by_its_selectors(site: Site, offices: Callable[..., Office]) -> None:
    rows = "".join(f'<li><a href="/{n}.html">停水通知{n}</a><i>2026-01-27</i></li>' for n in (1, 2))
    site.page("/list.html", f"<nav><a href='/about'>关于</a></nav><ul>{rows}</ul>".encode("gbk"), charset="gb2312")
    site.page("/1.html", PAGE)
    site.page("/2.html", PAGE)
    source = Source(kind="list", address=site.url("/list.html"), every=60, items="ul li", link="a", time="i")
    office = offices(outlet("bao", "", site.host, sources=(source,)))
    office.begin()
    assert office.wait_read(ID).dates == ("2026-01-27",)
    assert [(one.title, one.date) for one in office.found()] == [
        ("停水通知1", "2026-01-27"),
        ("停水通知2", "2026-01-27"),
    ]
