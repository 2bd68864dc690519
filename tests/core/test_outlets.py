"""outlets.toml is added to, never rewritten: what stands there stays, and what comes out is the configuration meant."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.opml import Listed, read_opml, write_opml
from huiying.core.config import Outlet, Source
from huiying.core.errors import Refused
from huiying.core.model import Tier
from huiying.outlets import id_for, owner, with_outlet, with_source

FEED = Source(kind="feed", address="http://www.a.cn/rss.xml")
LIST = Source(kind="list", address='http://www.a.cn/list?a=1&b="2"', items="ul > li", link="h3 a", time="span")
ONE = Outlet(id="bao", name='某"报"\n', tier=Tier.CITY, hosts=("www.a.cn", "a.cn"), sources=(FEED, LIST))
OTHER = Outlet(id="tai", name="某台", tier=Tier.COUNTY, hosts=("www.b.cn",), official=True, unit="u", sources=(FEED,))
NOTES = {"": "added", "hosts": "only these", "items": "each"}


def read(written: str) -> list[Outlet]:
    return [Outlet.model_validate(table) for table in tomllib.loads(written).get("outlets", [])]


def test_an_outlet_is_written_as_it_is_read_after_what_stands_there() -> None:
    template = (resources.files("huiying") / "templates" / "outlets.toml").read_text(encoding="utf-8")
    once = with_outlet(template, ONE, NOTES)
    twice = with_outlet(once, OTHER, {})
    assert read(twice) == [ONE, OTHER]
    assert twice.startswith(once.rstrip())
    assert once.startswith(template.rstrip())
    assert "# added\n[[outlets]]" in once
    assert 'hosts = ["www.a.cn", "a.cn"]  # only these' in once


def test_a_source_is_added_to_its_outlet_and_nothing_else_moves() -> None:
    both = with_outlet(with_outlet("# mine\n", ONE, {}), OTHER, {})
    begin = '[[outlets]]\nid = "tai"'
    written = both.replace(begin, f"# of tai\n{begin}")
    added = with_source(written, "bao", FEED, {})
    assert read(added) == [ONE.model_copy(update={"sources": (FEED, LIST, FEED)}), OTHER]
    assert added.index("# mine") < added.index("# of tai") < added.index('id = "tai"')
    kept = [line for line in added.splitlines() if line.strip()]
    assert [line for line in written.splitlines() if line.strip() and line not in kept] == []
    assert read(with_source(added, "tai", LIST, NOTES))[1].sources == (FEED, LIST)
    with pytest.raises(KeyError):
        with_source(written, "none", FEED, {})


@given(st.text(max_size=30), st.text(st.characters(codec="utf-8"), max_size=30))
def test_whatever_a_name_or_selector_holds_comes_back(name: str, items: str) -> None:
    name, items = (text.encode("utf-8", "replace").decode() for text in (name, items))
    made = ONE.model_copy(update={"name": name, "sources": (LIST.model_copy(update={"items": items}),)})
    assert read(with_outlet("", made, {})) == [made]


@pytest.mark.parametrize(
    ("name", "taken", "id"),
    [
        ("www.example-news.cn", [], "example-news"),
        ("www.example-news.cn", ["example-news", "example-news-2"], "example-news-3"),
        ("news.county.gov.cn", [], "news-county"),
        ("127.0.0.1", [], "127-0-0-1"),
        ("www.com.cn", [], "www-com-cn"),
    ],
)
def test_an_id_is_made_of_the_host(name: str, taken: list[str], id: str) -> None:
    assert id_for(name, taken) == id


def test_the_owner_of_an_address_is_the_outlet_with_its_host() -> None:
    assert owner([OTHER, ONE], "https://A.cn/x") == ONE
    assert owner([OTHER, ONE], "https://c.cn/x") is None


def test_opml_goes_out_and_comes_back() -> None:
    out = write_opml("某县 & <值班>", [ONE, OTHER.model_copy(update={"sources": (LIST,)})])
    assert read_opml(out.encode()) == [Listed(ONE.name.strip(), FEED.address, "")]


def test_feeds_of_nested_outlines_are_read_once_each() -> None:
    body = (
        "<opml version='1.0'><body><outline text='folder'><outline text=' 一  报 ' xmlUrl=' http://a.cn/1 '"
        " htmlUrl='http://a.cn'/></outline><outline title='二' text='x' xmlUrl='http://a.cn/2'/>"
        "<outline text='again' xmlUrl='http://a.cn/1'/><outline text='no feed'/></body></opml>"
    )
    assert read_opml(body.encode()) == [
        Listed("一 报", "http://a.cn/1", "http://a.cn"),
        Listed("二", "http://a.cn/2", ""),
    ]


@pytest.mark.parametrize("body", [b"", b"<rss/>", b"x", bytes(100)])
def test_what_is_no_opml_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="not_opml"):
        read_opml(body)


def test_an_entity_of_an_opml_file_opens_nothing() -> None:
    doctype = '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    body = f'{doctype}<opml><outline xmlUrl="http://a.cn/" text="t">&x;</outline></opml>'.encode()
    assert read_opml(body) == [Listed("t", "http://a.cn/", "")]
