"""Captures that the ledger asks for, and those of posts."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from crawlers.engine import user_agent
from huiying.core import codec
from huiying.core.addresses import post_id
from huiying.core.model import CaptureWanted, Topic
from huiying.core.states import Captured
from tests.crawlers.desk import ID, MACHINE, PAGE, Office, entry, outlet, until
from tests.site import Answer, Site


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


def test_a_later_look_reaches_every_outlet_and_keeps_the_answer_that_a_page_is_gone(office: Office, site: Site) -> None:
    site.set("/gone.html", Answer(b"<p>deleted</p>", status=410))
    office.begin()
    office.want(1, site.url("/1.html"), day=7)
    office.want(1, site.url("/gone.html"), day=30)
    (there,) = until(lambda: office.store.captured.of(1, 7))
    (gone,) = until(lambda: office.store.captured.of(1, 30))
    assert (there.day, there.failure) == (7, "")
    assert gone.failure == "http_410"
    assert gone.reference is not None
    assert office.captures.get(gone.reference).body == b"<p>deleted</p>"
    assert office.store.captured.of(1) == []


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


def test_the_captures_of_posts_are_readable_by_other_tools(office: Office, site: Site) -> None:
    from warcio.archiveiterator import ArchiveIterator

    office.begin()
    office.wait_read(ID)
    office.end()
    [file] = (office.folder / "captures" / "seen").rglob("*.warc.gz")
    with file.open("rb") as stream:
        read, asked = [], []
        for one in ArchiveIterator(stream):
            if one.rec_type == "request":
                headers = one.http_headers
                asked.append((headers.protocol, headers.statusline, headers.get_header("User-Agent")))
            else:
                read.append((one.rec_headers.get_header("WARC-Target-URI"), one.content_stream().read()))
    assert read == [(site.url(f"/{number}.html"), PAGE.encode()) for number in (1, 2)]
    assert asked == [("GET", f"/{number}.html HTTP/1.1", user_agent(MACHINE.contact)) for number in (1, 2)]
    assert sha256(read[0][1]).hexdigest() == office.store.crawl.posts([post_id(read[0][0])]).popitem()[1].body_hash


def _official(office: Office) -> Any:
    outlet = office.desk.outlets[0].model_copy(update={"official": True, "unit": "x"})
    return office.desk.model_copy(update={"outlets": (outlet,)})
