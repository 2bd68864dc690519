"""Pages that say where they stand: read from their head, believed for a known post of the same words only."""

from __future__ import annotations

import pytest

from crawlers.twins import said_address
from tests.crawlers.desk import PAGE, Office, entry
from tests.site import Site

ID = "bao/1"
AT = "http://m.paper.test/x/2.html"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ('<link rel="canonical" href="https://paper.test/x/1.html">', "https://paper.test/x/1.html"),
        ("<LINK HREF='/x/1.html?a=1&amp;b=2' REL=canonical>", "http://m.paper.test/x/1.html?a=1&b=2"),
        ("<link rel=canonical href=1.html>", "http://m.paper.test/x/1.html"),
        (
            '<link rel="stylesheet" href="/a.css"><link rel="canonical" href="/x/1.html">',
            "http://m.paper.test/x/1.html",
        ),
        ('<link rel="canonical" href="https://paper.test/">', None),
        ('<link rel="canonical" href="">', AT),
        ('<link rel="canonical">', None),
        ('<link rel="canonical" href="http://[bad/x">', None),
        ('<link rel="alternate" href="/x/1.html">', None),
        ("", None),
    ],
)
def test_the_address_a_page_says_is_its_own(head: str, said: str | None) -> None:
    assert said_address(f"<head>{head}</head>".encode(), None, AT) == said


def test_a_twin_of_a_known_post_is_dead_once_and_other_words_are_a_post(office: Office, site: Site) -> None:
    office.begin()
    office.wait_read(ID)
    before = len(office.found())
    for number in (3, 4):
        site.page(f"/{number}.html", f'<link rel="canonical" href="{site.url("/1.html")}">{PAGE}')
    twin = {**entry(site, 1), "link": site.url("/3.html")}
    for stamp in ("x", "y"):
        site.feed(
            "/feed.xml",
            [entry(site, 1, pubDate=stamp), entry(site, 2, "某路封闭"), twin, entry(site, 4, "另一条路封闭")],
        )
        office.read_again(ID)
    assert [one.reason for one in office.dead()] == ["twin"]
    assert [one.address for one in office.found()[before:]] == [site.url("/4.html")]
    assert site.count("/3.html") == 1
