"""The real crawl role over sites on loopback, with real ports: what is fetched, stored, refused, and survived."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from huiying.core import codec
from huiying.core.addresses import post_id
from huiying.core.config import Outlet, Source
from huiying.core.errors import BackendError
from huiying.core.model import CaptureWanted, Tier, Topic
from huiying.core.states import Captured, PostState, Reading, SourceState
from tests.crawlers.desk import Office, outlet, until
from tests.site import Answer, Site, rss

DATE = "2026-01-27 07:30"
PAGE = "<h1>某镇停水</h1><p>管道破裂。</p>"
ID = "bao/1"


def entry(site: Site, number: int, title: str = "某镇停水", **more: str) -> dict[str, str]:
    return {"title": title, "link": site.url(f"/{number}.html"), "pubDate": DATE, "description": "通知"} | more


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the role look more often than it needs to."""
    monkeypatch.setattr("crawlers.run.TICK", 0.02)
    monkeypatch.setattr("crawlers.run.WANTED_TICK", 0.02)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site("127.0.0.2") as made:
        yield made


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    opened: list[Office] = []

    def make(*outlets: Outlet) -> Office:
        opened.append(Office(tmp_path, *outlets))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def office(site: Site, offices: Callable[..., Office]) -> Office:
    """Return an office whose one outlet is `site`, with two posts in its feed; the role is not yet begun."""
    for number in (1, 2):
        site.page(f"/{number}.html", PAGE)
    site.feed("/feed.xml", [entry(site, 1), entry(site, 2, "某路封闭")], etag=True)
    made: Office = offices(outlet("bao", site.url("/feed.xml"), site.host))
    return made


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


def test_an_etag_that_stays_while_the_bytes_change_is_not_trusted(office: Office, site: Site) -> None:
    feeds = [Answer(rss([entry(site, 1), {"title": title}]), headers={"ETag": '"same"'}) for title in "甲乙"]
    site.set("/feed.xml", feeds[0])
    office.begin()
    office.wait_read(ID)
    site.answers["/feed.xml"] = feeds[1]
    office.read_again(ID)
    office.read_again(ID)
    assert ["if-none-match" in seen.headers for seen in site.requests if seen.path == "/feed.xml"] == [
        False,
        True,
        False,
    ]


def test_a_parser_that_breaks_stops_nothing(office: Office, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("crawlers.reading.read_feed", break_down)
    office.begin()
    assert office.wait_read(ID).reading is Reading.UNREADABLE


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
    assert state.failures == (0 if reading is Reading.EMPTY else 1)
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


def test_a_wanted_capture_is_kept_with_its_first_time_and_committed(office: Office, site: Site) -> None:
    office.desk = _official(office)
    office.begin()
    office.wait_read(ID)
    earlier = office.clock.now()
    office.clock.forward(hours=1)
    office.want(7, site.url("/1.html"))
    [kept] = until(lambda: office.store.captured.of(7))
    assert kept.reference is not None
    assert office.captures.get(kept.reference).body == PAGE.encode()
    assert (kept.first_fetched, kept.failure) == (earlier, "")
    until(lambda: office.log.size(Topic.CAPTURES_WANTED, "crawl") == (1, 0))


def test_a_capture_that_cannot_be_had_says_why(office: Office, site: Site) -> None:
    office.desk = _official(office)
    site.robots("User-agent: *\nDisallow: /secret")
    office.begin()
    office.want(1, site.url("/none.html"))
    office.want(2, site.url("/secret/1.html"))
    office.want(3, "http://127.0.0.9/1.html")
    failures = [until(lambda event=event: office.store.captured.of(event))[0].failure for event in (1, 2, 3)]
    assert failures == ["http_404", "robots", "not_official"]


def test_a_page_of_an_outlet_that_is_not_official_is_not_captured(office: Office, site: Site) -> None:
    office.begin()
    office.want(1, site.url("/3.html"))
    assert until(lambda: office.store.captured.of(1))[0].failure == "not_official"
    assert site.count("/3.html") == 0


def test_a_capture_that_was_made_before_a_kill_is_not_made_again(office: Office, site: Site) -> None:
    office.desk = _official(office)
    made = Captured(7, 1, site.url("/3.html"), "2026-01-27/000001:0", office.clock.now(), office.clock.now())
    office.store.captured.save(made)
    office.want(7, site.url("/3.html"))
    office.want(8, site.url("/1.html"))
    office.begin()
    until(lambda: office.log.size(Topic.CAPTURES_WANTED, "crawl") == (2, 0))
    assert office.store.captured.of(7) == [made]
    assert site.count("/3.html") == 0


def test_what_another_desk_wants_is_left_to_it(office: Office, site: Site) -> None:
    office.desk = _official(office)
    wanted = CaptureWanted("another", 7, "a1", site.url("/1.html"), 1)
    office.log.append(Topic.CAPTURES_WANTED, [("7", codec.encode(wanted)), ("8", b"no record")])
    office.begin()
    until(lambda: office.log.size(Topic.CAPTURES_WANTED, "crawl") == (2, 0))
    assert office.store.captured.of(7) == []
    assert [one.reason for one in office.dead()] == ["unreadable"]


def test_a_capture_does_not_wait_for_articles_of_another_host(site: Site, offices: Callable[..., Office]) -> None:
    with Site("127.0.0.3") as official:
        official.page("/reply.html", PAGE)
        for number in range(20):
            site.set(f"/{number}.html", Answer(PAGE, delay=1))
        site.feed("/feed.xml", [entry(site, number) for number in range(20)])
        hall = outlet("hall", official.url("/x"), official.host, official=True, unit="hall", sources=())
        office = offices(outlet("bao", site.url("/feed.xml"), site.host), hall)
        office.begin()
        until(lambda: site.count("/0.html"))
        office.want(1, official.url("/reply.html"))
        begun = time.monotonic()
        until(lambda: office.store.captured.of(1))
        assert time.monotonic() - begun < 3


class Failing:
    """A port whose one method fails from the `after`-th call on, as at a kill: what was done before stays done."""

    def __init__(self, port: Any, method: str, after: int = 0) -> None:
        self._port, self._method, self._left = port, method, after

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._port, name)
        self._left -= 1
        if self._left < 0:
            raise BackendError("store_failed", detail="killed here")
        return getattr(self._port, name)


@pytest.mark.parametrize("method", ["save_post", "save_source"])
@pytest.mark.parametrize("after", range(4))
def test_a_kill_between_the_steps_loses_nothing_and_doubles_only_identical_records(
    office: Office, site: Site, method: str, after: int
) -> None:
    class FailingStore:
        def __init__(self, store: Any) -> None:
            self._store, self.crawl = store, Failing(store.crawl, method, after)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

    office.begin(store=FailingStore)
    until(lambda: site.count("/feed.xml"))
    time.sleep(0.3)
    office.end()
    office.clock.forward(seconds=120)
    office.begin()
    office.wait_read(ID)
    found = office.found()
    assert {(one.post, one.version) for one in found} == {(post_id(site.url(f"/{n}.html")), 1) for n in (1, 2)}
    assert len({_recorded(one) for one in found}) == 2
    assert set(office.store.crawl.posts([one.post for one in found])) == {one.post for one in found}


def test_a_kill_after_appending_and_before_the_state_gives_the_same_record_again(office: Office, site: Site) -> None:
    office.begin()
    office.wait_read(ID)
    office.end()
    before = office.found()[0]
    store = office.store.crawl
    store.save_post(PostState(before.post, ID, 0, "", "", before.first_seen, before.first_seen))
    store.save_source(SourceState(ID, "bao", office.clock.now()))
    office.clock.forward(seconds=300)
    office.begin()
    office.wait_read(ID)
    assert [_recorded(one) for one in office.found()[2:]] == [_recorded(before)]


def test_a_full_disk_stops_nothing_and_loses_nothing(
    office: Office, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlers.run.HOLD", 0.3)
    broken = [True]

    class Full:
        def __init__(self, log: Any) -> None:
            self._log = log

        def __getattr__(self, name: str) -> Any:
            return getattr(self._log, name)

        def append(self, topic: Topic, records: Sequence[tuple[str, bytes]]) -> None:
            if broken[0]:
                raise BackendError("storage_full", what="log")
            self._log.append(topic, records)

    office.begin(log=Full)
    until(lambda: site.count("/1.html") >= 2)
    broken[0] = False
    office.wait_read(ID)
    tried = [seen.begun for seen in site.requests if seen.path == "/1.html"]
    assert min(later - earlier for earlier, later in pairwise(tried)) >= 0.2
    assert [one.version for one in office.found()] == [1, 1]


def test_the_captures_of_posts_are_readable_by_other_tools(office: Office, site: Site) -> None:
    from warcio.archiveiterator import ArchiveIterator

    office.begin()
    office.wait_read(ID)
    office.end()
    [file] = (office.folder / "captures" / "seen").rglob("*.warc.gz")
    with file.open("rb") as stream:
        read = [
            (one.rec_headers.get_header("WARC-Target-URI"), one.content_stream().read())
            for one in ArchiveIterator(stream)
        ]
    assert read == [(site.url(f"/{number}.html"), PAGE.encode()) for number in (1, 2)]
    assert sha256(read[0][1]).hexdigest() == office.store.crawl.posts([post_id(read[0][0])]).popitem()[1].body_hash


def test_the_role_ends_within_five_seconds_of_being_told(office: Office, site: Site) -> None:
    site.set("/feed.xml", Answer(b"x", delay=8))
    office.begin()
    until(lambda: site.count("/feed.xml"))
    begun = time.monotonic()
    office.end()
    assert time.monotonic() - begun < 5


def _official(office: Office) -> Any:
    outlet = office.desk.outlets[0].model_copy(update={"official": True, "unit": "x"})
    return office.desk.model_copy(update={"outlets": (outlet,)})


def _recorded(found: Any) -> tuple[Any, ...]:
    return tuple(getattr(found, name) for name in found.__slots__)
