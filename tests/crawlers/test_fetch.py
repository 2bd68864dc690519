"""Single addresses through the real engine: redirects, names that resolve inwards, compression, cookies."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from crawlers.engine import LARGEST
from crawlers.fetch import Missed, header
from huiying.core.config import Outlet
from huiying.core.model import Response
from tests.crawlers.desk import outlet
from tests.crawlers.fetching import HOST
from tests.crawlers.fetching import fetch as fetch_all
from tests.site import Answer, Site

Fetch = Callable[..., Response | Missed]


@pytest.fixture
def publisher(site: Site) -> Outlet:
    return outlet("bao", site.url("/feed.xml"), site.host)


@pytest.fixture
def fetch(publisher: Outlet) -> Fetch:
    """Return a function that fetches addresses, one after another, with loopback open to `loopback` only."""

    def get(*addresses: str, by: Outlet = publisher, loopback: str = HOST) -> Response | Missed:
        return fetch_all(by, *addresses, loopback=loopback)[-1]

    return get


def code(got: Response | Missed) -> str:
    assert isinstance(got, Missed)
    return got.code


def test_a_redirect_in_a_circle_is_cut(site: Site, fetch: Fetch) -> None:
    site.redirect("/loop", "/loop")
    assert code(fetch(site.url("/loop"))) == "redirects"
    assert site.count("/loop") == 6


@pytest.mark.parametrize(
    "target", ["ftp://127.0.0.2/x", "file:///etc/passwd", "http://[bad", "http://10.0.0.1/", "//b.cn/"]
)
def test_a_redirect_out_of_the_outlet_is_refused(site: Site, fetch: Fetch, target: str) -> None:
    site.redirect("/away", target)
    assert code(fetch(site.url("/away"))) == "elsewhere"


def test_a_name_that_resolves_to_this_machine_is_not_connected_to(site: Site, fetch: Fetch) -> None:
    inner = outlet("bao", f"http://localhost:{site.port}/", "localhost")
    assert code(fetch(f"http://localhost:{site.port}/a", by=inner)) == "private_address"
    assert site.requests == []


def test_loopback_that_the_configuration_does_not_open_is_not_connected_to(site: Site, fetch: Fetch) -> None:
    assert code(fetch(site.url("/a"), loopback="127.0.0.9")) == "private_address"
    assert site.requests == []


def test_an_unknown_name_is_said_so(fetch: Fetch) -> None:
    nowhere = outlet("bao", "http://nowhere.localhost/", "nowhere.invalid", test_site=False, pace=1)
    assert code(fetch("http://nowhere.invalid/", by=nowhere)) == "name"


def test_compressed_pages_are_kept_as_they_read(site: Site, fetch: Fetch) -> None:
    site.set("/a", Answer(gzip.compress(b"hello" * 100), headers={"Content-Encoding": "gzip", "Set-Cookie": "a=1"}))
    got = fetch(site.url("/a"), site.url("/a"))
    assert isinstance(got, Response)
    assert got.body == b"hello" * 100
    assert header(got, "content-length") == "500"
    assert header(got, "content-encoding") is header(got, "set-cookie") is None
    assert "cookie" not in site.requests[-1].headers


def test_a_small_page_that_unpacks_to_a_huge_one_is_too_large(site: Site, fetch: Fetch) -> None:
    site.set("/a", Answer(gzip.compress(bytes(LARGEST * 4)), headers={"Content-Encoding": "gzip"}))
    assert code(fetch(site.url("/a"))) == "too_large"


def test_robots_are_asked_for_once_a_day_and_followed_through_a_redirect(site: Site, fetch: Fetch) -> None:
    site.redirect("/robots.txt", "/rules.txt")
    site.set("/rules.txt", Answer("User-agent: *\nDisallow: /b"))
    site.page("/a", "x")
    assert code(fetch(site.url("/a"), site.url("/a"), site.url("/b"))) == "robots"
    assert site.paths() == ["/robots.txt", "/rules.txt", "/a", "/a"]


def test_robots_that_redirect_out_of_the_outlet_leave_the_rules_unknown(site: Site, fetch: Fetch) -> None:
    site.redirect("/robots.txt", "http://127.0.0.3/robots.txt")
    assert code(fetch(site.url("/a"))) == "robots_unknown"


def test_a_handshake_that_fails_is_no_broken_connection(site: Site, fetch: Fetch) -> None:
    assert code(fetch(site.url("/a").replace("http:", "https:"))) == "tls"


def test_no_proxy_is_used_whatever_the_environment_says(
    site: Site, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site("127.0.0.3") as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        site.page("/a", "x")
        assert isinstance(fetch(site.url("/a")), Response)
        assert proxy.requests == []


def test_an_answer_that_cannot_be_unpacked_is_broken(site: Site, fetch: Fetch) -> None:
    site.set("/a", Answer(b"\xff" * 50, headers={"Content-Encoding": "br"}))
    assert code(fetch(site.url("/a"))) == "broken"
