"""Servers that answer to break the crawler: each answer ends within 10 s and 64 MB, and others are read meanwhile."""

from __future__ import annotations

import gzip
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from pathlib import Path

import brotli
import pytest
import zstandard

from crawlers.engine import LARGEST, PATIENCE
from crawlers.fetch import Missed
from huiying.core.model import Response
from tests.crawlers.desk import PAGE, Office, entry, outlet
from tests.crawlers.fetching import HOST, fetch, raw_server
from tests.site import Answer, Site, rss

OK = b"HTTP/1.1 200 OK\r\n"
HTML = OK + b"Content-Type: text/html\r\n"
BOMB = bytes(64 * 2**20)


def twice(pack: Callable[[bytes], bytes]) -> bytes:
    return pack(pack(BOMB))


def encoded(name: str, body: bytes) -> list[bytes]:
    return [HTML + f"Content-Encoding: {name}\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body]


def slowly(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    while True:
        time.sleep(0.2)
        yield piece


ANSWERS: dict[str, Callable[[], Iterable[bytes]]] = {
    "gzip bomb": lambda: encoded("gzip", gzip.compress(BOMB)),
    "gzip bomb in a gzip bomb": lambda: encoded("gzip, gzip", twice(gzip.compress)),
    "deflate bomb": lambda: encoded("deflate", zlib.compress(BOMB)),
    "brotli bomb": lambda: encoded("br", brotli.compress(BOMB, quality=5)),
    "zstd bomb": lambda: encoded("zstd", zstandard.compress(BOMB)),
    "zstd that asks for a window of 2 GB": lambda: encoded("zstd", bytes.fromhex("28b52ffd00a8") + bytes(32)),
    "every encoding at once": lambda: encoded("gzip, br, zstd, deflate" * 50, gzip.compress(b"x")),
    "gzip that is none": lambda: encoded("gzip", b"\x1f\x8b\x08\x00garbage"),
    "brotli that is none": lambda: encoded("br", b"\xff" * 100),
    "zstd that is none": lambda: encoded("zstd", b"\x28\xb5\x2f\xfdgarbage"),
    "gzip that breaks off": lambda: encoded("gzip", gzip.compress(BOMB)[:1000]),
    "a header of 1 MB": lambda: [OK + b"X: " + b"a" * 2**20 + b"\r\nContent-Length: 1\r\n\r\nx"],
    "a status line of 1 MB": lambda: [b"HTTP/1.1 200 " + b"a" * 2**20 + b"\r\n\r\n"],
    "a folded header of 1 MB": lambda: [OK + b"X: a\r\n" + b" a\r\n" * 2**18 + b"Content-Length: 1\r\n\r\nx"],
    "headers without end": lambda: [OK, *repeat(b"X: a\r\n" * 5000, 2**13)],
    "long headers without end": lambda: [OK, *repeat((b"X: " + b"a" * 10_000 + b"\r\n") * 5, 2**13)],
    "no header at all": lambda: [b"\r\n" * 1000],
    "noise": lambda: [bytes(range(256)) * 4096],
    "zeros without end": lambda: repeat(bytes(65536), 2**13),
    "a body without end": lambda: [HTML + b"\r\n", *repeat(b"x" * 65536, 2**13)],
    "chunks without end": lambda: [
        HTML + b"Transfer-Encoding: chunked\r\n\r\n",
        *repeat(b"10000\r\n" + b"x" * 65536 + b"\r\n", 2**13),
    ],
    "empty chunk extensions without end": lambda: [
        HTML + b"Transfer-Encoding: chunked\r\n\r\n1",
        *repeat(b";a" * 32768, 2**13),
    ],
    "a chunk of a size that is no number": lambda: [HTML + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx"],
    "a chunk of 2**64": lambda: [HTML + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\nx"],
    "a length of less than nothing": lambda: [HTML + b"Content-Length: -5\r\n\r\nx"],
    "two lengths": lambda: [HTML + b"Content-Length: 1\r\nContent-Length: 7\r\n\r\nx"],
    "a length of 1 TB": lambda: [HTML + b"Content-Length: 1000000000000\r\n\r\nx"],
    "a length that is no number": lambda: [HTML + b"Content-Length: x\r\n\r\nx"],
    "continue without end": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 2**13),
    "another protocol": lambda: [b"SSH-2.0-OpenSSH_9.2\r\n"],
    "switching protocols": lambda: [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + bytes(999)],
    "status 999": lambda: [b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"],
    "nothing": lambda: [b""],
    "a type that is none": lambda: [OK + b"Content-Type: \xff/\x00;;;charset=\xff\r\nContent-Length: 1\r\n\r\nx"],
    "a place of 1 MB": lambda: [b"HTTP/1.1 302 Found\r\nLocation: /" + b"a" * 2**20 + b"\r\n\r\n"],
    "a place that is none": lambda: [b"HTTP/1.1 302 Found\r\nLocation: http://[\xff\x00\r\nContent-Length: 0\r\n\r\n"],
    "slow headers": lambda: slowly(OK, b"X: a\r\n"),
    "a slow body": lambda: slowly(HTML + b"Content-Length: 1000\r\n\r\n", b"x"),
    "slow chunks": lambda: slowly(HTML + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a slow status line": lambda: slowly(b"HTTP/1.1 2", b"0"),
    "silence": lambda: slowly(b"", b""),
}


def most() -> int:
    """Return the most memory that this process has held since the peak was last reset, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_ends_within_10_s_and_64_mb(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawlers.engine.PATIENCE", 2.0)  # what hangs would take the whole of it
    sent = ANSWERS[name]()

    def send(path: str) -> Iterable[bytes]:
        return [b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"] if path == "/robots.txt" else sent

    with raw_server(send) as root:
        Path("/proc/self/clear_refs").write_text("5")
        before, begun = most(), time.monotonic()
        [got] = fetch(outlet("bao", root, HOST), f"{root}/a")
        assert time.monotonic() - begun < 10
        assert most() - before < 64 * 2**20
    assert isinstance(got, Missed | Response)
    assert not isinstance(got, Response) or len(got.body) <= LARGEST


@pytest.mark.parametrize("name", [name for name in ANSWERS if name not in ("nothing", "silence")])
def test_robots_txt_that_is_hostile_lets_nothing_be_fetched_or_says_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlers.engine.PATIENCE", 1.0)
    sent = ANSWERS[name]()
    with raw_server(lambda path: sent if path == "/robots.txt" else [OK + b"Content-Length: 1\r\n\r\nx"]) as root:
        begun = time.monotonic()
        [got] = fetch(outlet("bao", root, HOST), f"{root}/a")
        assert time.monotonic() - begun < 10
    assert isinstance(got, Missed) or got.body == b"x"


def test_fifty_redirects_are_cut_after_five(site: Site) -> None:
    for number in range(50):
        site.redirect(f"/{number}", f"/{number + 1}")
    site.page("/50", "x")
    [got] = fetch(outlet("bao", site.url("/0"), site.host), site.url("/0"))
    assert isinstance(got, Missed)
    assert got.code == "redirects"
    assert len(site.requests) == 7  # robots.txt, the page, five redirects


def test_patience_is_below_10_s() -> None:
    assert PATIENCE < 10


def test_a_host_that_drips_holds_up_no_other(offices: Callable[..., Office], site: Site) -> None:
    site.feed("/feed.xml", [entry(site, 1)])
    site.page("/1.html", PAGE)
    drip = slowly(HTML + b"Content-Length: 1000\r\n\r\n", b"x")
    with raw_server(lambda path: drip, "127.0.0.3") as root:
        office = offices(outlet("slow", f"{root}/f", "127.0.0.3"), outlet("bao", site.url("/feed.xml"), site.host))
        office.begin()
        office.wait_read("bao/1")
        assert office.state("slow/1") is None
        office.end()


def test_a_title_of_10_mb_is_cut_off_with_its_feed(office: Office, site: Site) -> None:
    site.feed("/feed.xml", [entry(site, 1, "水" * (10 * 2**20 // 3))])
    office.begin()
    assert office.wait_read("bao/1").detail.split(" ")[0] == "too_large"
    site.set("/feed.xml", Answer(b"", 404))


def test_what_a_server_sends_too_long_is_not_kept(office: Office, site: Site) -> None:
    long = {"title": "水" * 10**5, "link": site.url("/1.html")}, {"title": "t", "link": site.url("/" + "a" * 10**5)}
    feed = Answer(rss(long), headers={"ETag": f'"{"e" * 5000}"', "Last-Modified": "m" * 5000})
    site.set("/feed.xml", feed)
    office.begin()
    state = office.wait_read("bao/1")
    assert (state.etag, state.modified) == (None, None)
    assert [len(one.title) for one in office.found()] == [1000]
    assert [(one.reason, len(one.detail) < 5000) for one in office.dead()] == [("not_http", True)]
