"""The real crawl role and what a site refuses, breaks or hides: politeness, boundary, each failure told apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from huiying.core.addresses import post_id
from huiying.core.config import Outlet, Source
from huiying.core.model import Tier
from huiying.core.states import Reading, SourceState
from tests.crawlers.desk import DATE, ID, PAGE, Office, entry, outlet, until
from tests.site import Answer, Site


def test_robots_refusal_of_the_feed_is_obeyed_stored_and_backed_off(office: Office, site: Site) -> None:
    site.robots("User-agent: *\nDisallow: /feed")
    office.begin()
    state = office.wait_read(ID)
    assert (state.reading, state.failures) == (Reading.REFUSED, 1)
    assert state.detail == f"robots {site.url('/robots.txt')}: Disallow: /feed"
    assert state.due == office.clock.now() + timedelta(hours=1)
    assert site.paths() == ["/robots.txt"]


def test_robots_refusal_of_an_article_leaves_its_title(office: Office, site: Site) -> None:
    site.robots("User-agent: Huiying\nDisallow: /1.html")
    office.begin()
    office.wait_read(ID)
    assert [(one.title, one.status, bool(one.body)) for one in office.found()] == [
        ("某镇停水", None, False),
        ("某路封闭", 200, True),
    ]
    assert site.count("/1.html") == 0


def test_unreadable_robots_means_nothing_is_fetched(office: Office, site: Site) -> None:
    site.robots("", status=503)
    office.begin()
    state = office.wait_read(ID)
    assert (state.reading, state.detail.split(" ")[0]) == (Reading.UNREACHABLE, "robots_unknown")
    assert site.paths() == ["/robots.txt"]


def test_the_crawl_delay_is_kept_between_requests(office: Office, site: Site) -> None:
    site.robots("User-agent: *\nCrawl-delay: 0.3")
    office.begin()
    office.wait_read(ID)
    begun = [seen.begun for seen in site.requests if seen.path != "/robots.txt"]
    assert len(begun) == 3
    assert min(later - earlier for earlier, later in pairwise(begun)) >= 0.2


def test_one_request_is_in_flight_a_host_for_all_outlets_together(site: Site, offices: Callable[..., Office]) -> None:
    outlets = []
    for name in ("bao", "tai", "wang"):
        site.set(f"/{name}/1.html", Answer(PAGE, delay=0.05))
        one = {"title": name, "link": site.url(f"/{name}/1.html"), "pubDate": DATE}
        site.feed(f"/{name}.xml", [one], delay=0.05)
        outlets.append(outlet(name, site.url(f"/{name}.xml"), site.host))
    office = offices(*outlets)
    office.begin()
    for name in ("bao", "tai", "wang"):
        office.wait_read(f"{name}/1")
    assert len(site.requests) == 7
    assert site.most_at_once == 1


@pytest.mark.parametrize("declared", [True, False])
def test_a_page_of_200_mb_is_cut_off_and_dead(office: Office, site: Site, declared: bool) -> None:
    site.stream("/1.html", 200 * 2**20, declared)
    begun = time.monotonic()
    office.begin()
    office.wait_read(ID)
    assert time.monotonic() - begun < 5
    assert [(one.reason, one.key) for one in office.dead()] == [("too_large", post_id(site.url("/1.html")))]
    assert [one.title for one in office.found()] == ["某路封闭"]
    site.feed("/feed.xml", [entry(site, 1, pubDate="x"), entry(site, 2, "某路封闭")])
    office.read_again(ID)
    assert len(office.dead()) == 1


def test_a_known_post_whose_page_has_grown_too_large_is_dead_once(office: Office, site: Site) -> None:
    office.begin()
    office.wait_read(ID)
    site.stream("/1.html", 200 * 2**20)
    for stamp in ("x", "y"):
        site.feed("/feed.xml", [entry(site, 1, "更正", pubDate=stamp), entry(site, 2, "某路封闭")])
        office.read_again(ID)
    assert [one.reason for one in office.dead()] == ["too_large"]
    assert site.count("/1.html") == 2


def test_a_redirect_to_another_host_is_refused(office: Office, site: Site) -> None:
    with Site("127.0.0.3") as other:
        site.redirect("/1.html", other.url("/1.html"))
        office.begin()
        office.wait_read(ID)
        assert other.paths() == []
    assert [one.reason for one in office.dead()] == ["redirected_elsewhere"]


def test_a_redirect_on_the_same_host_is_followed(office: Office, site: Site) -> None:
    site.redirect("/1.html", "/moved.html", 301)
    site.page("/moved.html", PAGE)
    office.begin()
    office.wait_read(ID)
    assert office.found()[0].body == PAGE.encode()


def test_an_item_of_another_host_or_without_link_is_dead_once(office: Office, site: Site) -> None:
    items = [{"title": "别处", "link": "http://weibo.com/123"}, {"title": "无链接"}, entry(site, 1)]
    site.feed("/feed.xml", items)
    office.begin()
    office.wait_read(ID)
    site.feed("/feed.xml", [*items, entry(site, 2)])
    office.read_again(ID)
    assert [one.reason for one in office.dead()] == ["not_this_outlet", "no_link"]
    assert len(office.found()) == 2


def test_a_host_added_to_the_configuration_revives_its_items(office: Office, site: Site) -> None:
    with Site("127.0.0.3") as other:
        other.page("/9.html", PAGE)
        site.feed("/feed.xml", [{"title": "子站", "link": other.url("/9.html"), "pubDate": DATE}])
        office.begin()
        office.wait_read(ID)
        assert office.found() == []
        wider = office.desk.outlets[0].model_copy(update={"hosts": (site.host, other.host)})
        office.desk, office.number = office.desk.model_copy(update={"outlets": (wider,)}), 2
        site.feed("/feed.xml", [{"title": "子站", "link": other.url("/9.html"), "pubDate": "x"}])
        office.read_again(ID)
        assert [(one.title, one.version) for one in office.found()] == [("子站", 1)]


def test_an_item_without_title_is_still_found(office: Office, site: Site) -> None:
    site.feed("/feed.xml", [{"link": site.url("/1.html"), "pubDate": DATE}])
    office.begin()
    office.wait_read(ID)
    assert [(one.title, bool(one.body)) for one in office.found()] == [("", True)]


def test_a_missing_or_empty_page_is_found_by_title_at_once(office: Office, site: Site) -> None:
    site.set("/1.html", Answer("gone", 404))
    site.set("/2.html", Answer(b""))
    office.begin()
    office.wait_read(ID)
    assert [(one.status, one.body) for one in office.found()] == [(404, b""), (200, b"")]


def test_a_page_that_fails_is_tried_in_three_readings_then_found_by_title(office: Office, site: Site) -> None:
    site.set("/1.html", Answer("busy", 503))
    office.begin()
    first_seen = office.wait_read(ID).attempted
    assert [one.title for one in office.found()] == ["某路封闭"]
    office.read_again(ID)
    assert len(office.found()) == 1
    office.read_again(ID)
    late = office.found()[1]
    assert (late.title, late.status, late.body, late.first_seen) == ("某镇停水", 503, b"", first_seen)
    assert site.count("/1.html") == 3
    assert site.count("/2.html") == 1


@pytest.mark.parametrize(
    ("answer", "reading", "code"),
    [
        (Answer("<html>维护中</html>", headers={"Content-Type": "text/html"}), Reading.UNREADABLE, "not_a_feed"),
        (Answer("busy", 503), Reading.UNREACHABLE, "http"),
        (Answer("no", 403), Reading.REFUSED, "forbidden"),
        (Answer(b"abc", promise=100), Reading.UNREACHABLE, "connection"),
        (Answer(size=200 * 2**20), Reading.UNREADABLE, "too_large"),
        (Answer("<rss version='2.0'><channel><title>x</title></channel></rss>"), Reading.EMPTY, ""),
    ],
)
def test_each_silence_of_a_feed_is_told_apart(
    office: Office, site: Site, answer: Answer, reading: Reading, code: str
) -> None:
    site.set("/feed.xml", answer)
    office.begin()
    state = office.wait_read(ID)
    assert (state.reading, state.detail.split(" ")[0]) == (reading, code)
    assert state.failures == 1
    site.feed("/feed.xml", [entry(site, 1)])
    recovered = office.read_again(ID, 24 * 3600)
    assert (recovered.reading, recovered.failures) == (Reading.NEW, 0)


def test_a_server_that_is_not_there_is_unreachable(office: Office, site: Site, tmp_path: Path) -> None:
    site.close()
    office.begin()
    assert office.wait_read(ID).reading is Reading.UNREACHABLE


def test_retry_after_is_obeyed(office: Office, site: Site) -> None:
    site.set("/feed.xml", Answer("slow down", 429, {"Retry-After": "7200"}))
    office.begin()
    assert office.wait_read(ID).due == office.clock.now() + timedelta(hours=2)


def test_a_social_network_among_the_outlets_is_shown_refused_and_not_fetched(
    office: Office, site: Site, offices: Callable[..., Office]
) -> None:
    source = Source(kind="feed", address="https://weibo.com/rss")
    weibo = Outlet(id="weibo", name="微博", tier=Tier.NATIONAL, hosts=("weibo.com",), sources=(source,))
    office.desk = office.desk.model_copy(update={"outlets": (weibo, *office.desk.outlets)})
    office.begin()
    office.wait_read(ID)
    refused = office.state("weibo/1")
    assert refused is not None
    assert (refused.reading, refused.detail.split("(")[0]) == (Reading.REFUSED, "refused_outlet outlet_social")


def test_our_own_line_counts_against_nobody(site: Site, offices: Callable[..., Office]) -> None:
    with Site("127.0.0.3") as second, Site("127.0.0.4") as third:
        sites = (site, second, third)
        for one in sites:
            one.feed("/feed.xml", [entry(site, 1)])
        office = offices(*(outlet(f"o{at}", one.url("/feed.xml"), one.host) for at, one in enumerate(sites)))
        office.begin()
        for at in range(3):
            office.wait_read(f"o{at}/1")
        for one in sites:
            one.set("/feed.xml", Answer(b"abc", promise=100))
        office.clock.forward(seconds=61)
        down = [until(lambda at=at: _of_line(office.state(f"o{at}/1"))) for at in range(3)]  # type: ignore[misc]
        assert [(state.reading, state.failures) for state in down] == [(Reading.UNREACHABLE, 0)] * 3
        assert {state.due - office.clock.now() for state in down} == {timedelta(minutes=1)}
        second.feed("/feed.xml", [entry(site, 1)])
        assert office.read_again("o1/1").failures == 0


def _of_line(state: SourceState | None) -> SourceState | None:
    return state if state and state.detail == "own_line" else None


def test_a_dead_host_among_living_ones_is_counted(site: Site, offices: Callable[..., Office]) -> None:
    site.feed("/feed.xml", [entry(site, 1)])
    dead = outlet("dead", f"http://127.0.0.9:{site.port}/feed.xml", "127.0.0.9")
    office = offices(outlet("bao", site.url("/feed.xml"), site.host), dead)
    office.begin()
    office.wait_read(ID)
    office.wait_read("dead/1")
    for failures in (2, 3):
        assert office.read_again("dead/1", 3600).failures == failures
