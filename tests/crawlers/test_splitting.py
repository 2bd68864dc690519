"""A feed cut at its items: what is read of some of them is what the whole says of them, or it is not cut."""

from __future__ import annotations

import pytest

from crawlers.feeds import read_feed
from crawlers.splitting import cut_up
from tests.site import rss

AT = "http://a.cn/feed/index.xml"
ITEMS = [{"title": f"某镇停水{number}", "link": f"http://a.cn/{number}"} for number in range(3)]
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>f</title>\n<entry><title>一</title><link href="/1"/></entry>\n'
    '<entry><title>二</title><link href="/2"/></entry></feed>'
).encode()


def of(*items: str, head: str = "") -> bytes:
    return f'<rss version="2.0"><channel>{head}{"".join(items)}<ttl>5</ttl></channel></rss>'.encode()


@pytest.mark.parametrize("body", [rss(ITEMS), ATOM, b"\xef\xbb\xbf" + rss(ITEMS)])
def test_the_pieces_joined_are_the_feed_and_each_item_is_read_alone(body: bytes) -> None:
    cut = cut_up(body)
    assert cut is not None
    whole = read_feed(body, None, AT)
    digests = cut.digests()
    assert cut.without((), digests) == body
    assert isinstance(whole, list)
    assert len(digests) == len(whole)
    for digest, item in zip(digests, whole, strict=True):
        assert read_feed(cut.without(set(digests) - {digest}, digests), None, AT) == [item]


def test_mark_up_in_character_data_and_comments_is_no_item() -> None:
    shown = "<item><title>a</title><description><![CDATA[<item>b</item>]]></description></item>"
    cut = cut_up(of(shown, "<!-- <item>c</item> -->"))
    assert cut is not None
    assert cut.items == (shown.encode(),)


@pytest.mark.parametrize(
    "body",
    [
        of("<item><title>a</title>"),
        of("<item><title>a&nbsp;b</title></item>"),
        of("<item><title>a &#1; b</title></item>"),
        of("<item><item><title>a</title></item></item>"),
        of("<item/>", "<item><title>a</title></item>"),
        of("<item><title>a</title></item>", "<entry><title>b</title></entry>"),
        of('<item><x:y xmlns:x="http://x"/></item>'),
        of("<item><title>a</title></item>").replace(b"<rss", b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss"),
        of("<item><title>某镇停水</title></item>").decode().encode("gb18030"),
        of(),
        b"",
        b'{"items": []}',
    ],
)
def test_what_cannot_be_read_item_by_item_is_not_cut(body: bytes) -> None:
    assert cut_up(body) is None


def test_the_frame_is_the_mark_up_around_the_items_and_not_its_words() -> None:
    def frame(body: bytes, *more: str | None) -> bytes:
        cut = cut_up(body)
        assert cut is not None
        return cut.frame(*more)

    first = frame(of("<item>a</item>", head="<pubDate>08:00</pubDate>"))
    assert frame(of("<item>b</item><item>c</item>", head="<pubDate>09:00</pubDate>")) == first
    assert frame(of("<item>a</item>", head="<pubDate x='1'>08:00</pubDate>")) != first
    assert frame(of("<item>a</item>", head="<pubDate>08:00</pubDate>"), None, AT) != first
