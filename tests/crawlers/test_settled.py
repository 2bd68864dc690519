"""A reading that parses only what is new comes to the same as one that parses the whole, whatever happens to a feed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers.bodies import read_body
from crawlers.items import Item
from crawlers.outcomes import instants, with_dates
from crawlers.parsing import Read
from crawlers.settled import Entered, Known, Settled
from huiying.core.codec import instant
from huiying.core.config import Source
from huiying.core.states import SourceState
from tests.crawlers.desk import ID, Office, entry
from tests.site import Site, rss

AT = instant("2026-01-27T08:00:00+08:00")
FEED = Source(kind="feed", address="http://a.cn/feed")
ZONE = "Asia/Shanghai"
DATES = ["2026-01-27 07:30", "2026年1月20日", "Mon, 26 Jan 2026 08:00:00 +0800", "3小时前", "2027-01-01", "x"]
_ITEM = st.fixed_dictionaries(
    {
        "link": st.integers(0, 5).map(lambda number: f"http://a.cn/{number}.html"),
        "title": st.sampled_from(["某镇停水", "<b>某路</b>封闭", "a & b", "]]>"]),
        "description": st.sampled_from(["通知", "<p>全文 <item>不是</item></p>"]),
        "pubDate": st.sampled_from(DATES),
    }
)


class Parser:
    """The parser without its process; counts the items that it read."""

    def __init__(self) -> None:
        self.items = 0

    async def __call__(self, source: Source, body: bytes, content_type: str | None, address: str) -> Read:
        read = read_body(source, body, content_type, address)
        self.items += len(read) if isinstance(read, list) else 0
        return read


def enter(settled: Settled, body: bytes, whole: bool = False, address: str = FEED.address) -> Entered:
    return asyncio.run(settled.read(ID, (FEED, body, None, address), whole))


def firsts(entries: Any) -> dict[str, Item | Known]:
    first: dict[str, Item | Known] = {}
    for one in entries:
        first.setdefault(one.post(), one)
    return first


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(_ITEM, min_size=1, max_size=6), min_size=1, max_size=6))
def test_an_abridged_reading_comes_to_what_the_whole_does(readings: Sequence[list[dict[str, str]]]) -> None:
    settled = Settled(Parser())  # type: ignore[arg-type]
    ended: dict[str, str] = {}
    state = whole_state = SourceState(ID, "bao", AT)
    for number, feed in enumerate(readings):
        body, now = rss(feed), AT + timedelta(hours=number)
        entered = enter(settled, body)
        whole = read_body(FEED, body, None, FEED.address)
        assert isinstance(whole, list)
        assert isinstance(entered.read, Sequence)
        assert [one.post() for one in entered.read] == [one.post() for one in whole]
        for post, one in firsts(entered.read).items():
            item = firsts(whole)[post]
            assert isinstance(item, Item)
            # What is not read again would be judged unchanged; what is read is what the whole says.
            assert one == item if isinstance(one, Item) else ended[post] == item.hash()
            ended[post] = item.hash()
        settled.settle(ID, entered, waiting=False)
        state = with_dates(state, list(instants(entered.read, ZONE, now).values()), ZONE)
        whole_state = with_dates(whole_state, list(instants(whole, ZONE, now).values()), ZONE)
        assert state == whole_state


def feed(*numbers: int, title: str = "某镇停水") -> bytes:
    return rss([{"title": f"{title}{number}", "link": f"http://a.cn/{number}"} for number in numbers])


def read(settled: Settled, parser: Parser, body: bytes, **more: Any) -> int:
    """Return how many items of `body` were parsed."""
    before = parser.items
    settled.settle(ID, enter(settled, body, **more), waiting=False)
    return parser.items - before


def test_only_items_whose_bytes_are_new_are_parsed() -> None:
    settled = Settled(parser := Parser())  # type: ignore[arg-type]
    bodies = [feed(1, 2), feed(3, 1, 2), feed(2, 3), feed(2, 3, title="某路")]
    assert [read(settled, parser, body) for body in bodies] == [2, 1, 0, 2]


def test_the_whole_is_parsed_at_a_first_reading_elsewhere_and_after_a_new_configuration() -> None:
    settled = Settled(parser := Parser())  # type: ignore[arg-type]
    assert read(settled, parser, feed(1, 2)) == 2
    assert read(settled, parser, feed(1, 2), whole=True) == 2
    assert read(settled, parser, feed(1, 2), address="http://b.cn/") == 2
    settled.forget()
    assert read(settled, parser, feed(1, 2), address="http://b.cn/") == 2


def test_what_waits_is_read_again() -> None:
    settled = Settled(parser := Parser())  # type: ignore[arg-type]
    read(settled, parser, feed(1))
    settled.settle(ID, enter(settled, feed(1, 2)), waiting=True)
    assert read(settled, parser, feed(1, 2)) == 1


def test_what_is_remembered_has_an_end() -> None:
    settled = Settled(parser := Parser(), most=3)  # type: ignore[arg-type]
    for source in ("a/1", "b/1"):
        task = (FEED, feed(1, 2), None, FEED.address)
        settled.settle(source, asyncio.run(settled.read(source, task, False)), waiting=False)
    assert parser.items == 4
    assert isinstance(asyncio.run(settled.read("a/1", task, False)).read, list)
    asyncio.run(settled.read("b/1", task, False))
    assert parser.items == 6


def test_the_other_title_of_an_address_counts_when_the_first_is_gone(office: Office, site: Site) -> None:
    site.feed("/feed.xml", [entry(site, 1), entry(site, 1, "另一个标题")])
    office.begin()
    office.wait_read(ID)
    site.feed("/feed.xml", [entry(site, 1), entry(site, 1, "另一个标题"), entry(site, 2)])
    office.read_again(ID)
    site.feed("/feed.xml", [entry(site, 1, "另一个标题"), entry(site, 2)])
    office.read_again(ID)
    assert [(one.title, one.version) for one in office.found()] == [("某镇停水", 1), ("某镇停水", 1), ("另一个标题", 2)]
