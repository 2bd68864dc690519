"""Addresses that lead inwards, in every spelling: none is connected to, whoever names it and however it is reached."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address

from crawlers.boundary import refuse_ip, refuse_outlet
from crawlers.engine import Engine
from crawlers.fetch import Fetcher, Missed
from huiying.core.config import Outlet
from huiying.core.model import Response
from tests.clock import SettableClock
from tests.crawlers.desk import outlet
from tests.crawlers.fetching import HOST
from tests.crawlers.reactor import submit
from tests.site import Site

# By RFC number or registry: what no outlet on the public internet can have.
IPV4 = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.254", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.0.1.1",
    "127.255.255.254", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.254", "192.0.0.1", "192.0.0.8",
    "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.254", "198.18.0.1", "198.19.255.254",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
)  # fmt: skip
NUMERIC = (
    "2130706433", "0x7f000001", "0X7F000001", "017700000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "0177.1", "127.1",
    "127.0.1", "127.0x1", "0x7f.0x0.0x0.0x1", "00000177.0.0.01", "0", "0x0", "00", "3232235521", "0xc0a80001",
    "192.168.257", "0300.0250.0.1", "10.1", "012.0.0.1", "0xa.1", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
    "169.254.43518", "1681915905", "0x64400001", "4294967295", "127.000.000.001", "127.0.0.01",
)  # fmt: skip
IPV6 = (
    "::", "::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "::ffff:127.0.0.1", "::ffff:7f00:1",
    "0:0:0:0:0:ffff:7f00:0001", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:0:127.0.0.1",
    "::127.0.0.1", "::7f00:1", "::a00:1", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2001:10::1", "2001:20::1", "2001:2::1", "100::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fdff:ffff::1", "fe80::1", "fe80::5efe:7f00:1", "febf::1",
    "fec0::1", "feff::1", "ff01::1", "ff02::1", "ff0e::1",
)  # fmt: skip
NAMES = (
    "localhost", "LOCALHOST", "localhost.", "localhost.localdomain.localhost", "a.localhost", "ip6-localhost",
    "intranet", "router", "printer.local", "metadata.google.internal", "server.lan", "nas.home.arpa", "kubernetes",
)  # fmt: skip
ODD = (
    "127.0.0.1.", "127.0.0.1..", "10.0.0.1.", "169.254.169.254.", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1",
    "①②⑦.⓪.⓪.①", "１２７.０.０.１", "ⓛocalhost", "ｌｏｃａｌｈｏｓｔ", "%31%32%37.0.0.1", "127.0.0.1%00",
    "127.0.0.1%2e", "127.0.0.1\u200b", "[::1%25lo]", "[::1%lo]", "[fe80::1%25eth0]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0x7f.1]",
)  # fmt: skip
HOSTS = (*IPV4, *NUMERIC, *(f"[{ip}]" for ip in IPV6), *NAMES, *ODD)
# Spellings that two parsers of addresses may read differently: what follows @, \ or # is another's host to one of them.
DIFFERENT = (
    "http://www.a.cn@127.0.0.1/", "http://www.a.cn:80@127.0.0.1/", "http://www.a.cn%40127.0.0.1/",
    "http://127.0.0.1#@www.a.cn/", "http://127.0.0.1\\@www.a.cn/", "http://www.a.cn\\@127.0.0.1/",
    "http://www.a.cn:80\\@127.0.0.1/", "http:\\\\127.0.0.1/", "http:/\\127.0.0.1/", "http:127.0.0.1/",
    "http:///127.0.0.1/", "http:////127.0.0.1/", "http://www.a.cn:@127.0.0.1:80/", "http://127.0.0.1:80:80/",
    "http://www.a.cn;@127.0.0.1/", "http://www.a.cn?@127.0.0.1/", "http://www.a.cn,127.0.0.1/",
    "http://www.a.cn 127.0.0.1/", "http://127.0.0.1\t.www.a.cn/", "http://127.0.0.1\n.www.a.cn/",
    "ht\ntp://127.0.0.1/", " http://127.0.0.1/", "\x01http://127.0.0.1/", "http://[::1]www.a.cn/",
    "http://[::1]:80@www.a.cn/", "http://www.a.cn[::1]/", "http://www.a.cn:99999/", "http://www.a.cn:-1/",
    "http://www.a.cn:0x50/", "http://:80/", "http://@/", "http://./", "http://.../", "//127.0.0.1/", "///127.0.0.1/",
    "gopher://127.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/", "data:text/html,x", "dict://127.0.0.1:11211/",
    "jar:http://127.0.0.1!/", "unix:///var/run/docker.sock", "s3://a/b", "javascript:fetch('http://127.0.0.1')",
    "HTTP://127.0.0.1/", "hTtPs://127.0.0.1/", "http://www.a.cn/\r\nHost: 127.0.0.1",
    "http://www.a.cn/ HTTP/1.1\r\nX: y", "blob:http://127.0.0.1/",
)  # fmt: skip

connected: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def watched() -> None:
    """Note every connection that this process tries; Python keeps an audit hook for as long as it lives."""

    def note(event: str, details: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(details[1], tuple):
            connected.append(str(details[1][0]))

    sys.addaudithook(note)


@pytest.fixture(autouse=True)
def nothing_yet() -> Iterator[None]:
    connected.clear()
    yield
    connected.clear()


class Names:
    """A resolver under the guard that answers with what the test says, each time the next, and notes what was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def resolveHostName(self, receiver: Any, name: str, port: int = 0, *_: Any, **__: Any) -> Any:
        self.asked.append(name)
        receiver.resolutionBegan(None)
        for ip in self.answers.pop(0) if self.answers else []:
            receiver.addressResolved((IPv6Address if ":" in ip else IPv4Address)("TCP", ip, port))
        receiver.resolutionComplete()
        return receiver


def fetch(by: Outlet, *addresses: str, names: Names | None = None, boundary: bool = True) -> list[Response | Missed]:
    """Fetch one after another, loopback open to HOST; without `boundary` the engine is asked past the first check."""
    clock = SettableClock()

    async def main() -> list[Response | Missed]:
        engine = Engine("duty@example.cn", clock)
        system = engine.resolver._inner
        engine.resolver.loopback = frozenset({HOST})
        engine.resolver._inner = names or system
        await engine.start()
        try:
            fetcher = Fetcher(engine, clock, engine.resolver.refused)
            if boundary:
                return [await fetcher.fetch(by, address) for address in addresses]
            got = [await fetcher._one(by, address, {}) for address in addresses]
            return [one if isinstance(one, Missed) else fetcher._response(one) for one in got]
        finally:
            engine.resolver._inner = system
            await engine.stop()

    return submit(main).result(60)


def of_host(name: str) -> Outlet:
    """Return an outlet, no test site, that says that `name` is its own host."""
    return outlet("bao", f"http://{name}/feed.xml", name, test_site=False, pace=1)


@pytest.mark.parametrize("host", HOSTS)
def test_an_outlet_that_names_it_is_refused_and_so_is_each_address_there(host: str) -> None:
    assert refuse_outlet(of_host(host)) is not None
    [got] = fetch(of_host(host), f"http://{host}/a")
    assert isinstance(got, Missed)
    assert got.code == "elsewhere"
    assert connected == []


@pytest.mark.parametrize("host", [*IPV4, *NUMERIC, *(f"[{ip}]" for ip in IPV6), "localhost", "ip6-localhost"])
def test_past_the_first_check_the_connection_itself_is_refused(host: str) -> None:
    [got] = fetch(of_host("www.a.cn"), f"http://{host}/a", boundary=False)
    assert isinstance(got, Missed)
    assert connected == []


@pytest.mark.parametrize("ip", [*IPV4, *IPV6])
def test_a_name_that_resolves_to_it_is_not_connected_to(ip: str) -> None:
    [got] = fetch(of_host("www.a.cn"), "http://www.a.cn/", names=Names([ip]))
    assert isinstance(got, Missed)
    assert got.code == "private_address"
    assert connected == []


@pytest.mark.parametrize("target", [*(f"http://{host}/" for host in HOSTS), *DIFFERENT])
def test_a_redirect_to_it_is_not_followed(target: str, site: Site) -> None:
    if not target.isprintable():
        target = target.encode("unicode_escape").decode("ascii")  # a header holds one line; the test below has the rest
    site.redirect("/away", target.encode("utf-8").decode("latin-1"))
    [got] = fetch(outlet("bao", site.url("/away"), HOST), site.url("/away"))
    assert isinstance(got, Missed | Response)
    assert set(connected) == {HOST}


@pytest.mark.parametrize("address", DIFFERENT)
def test_the_host_that_is_judged_is_the_host_that_is_asked_for(address: str) -> None:
    names = Names()
    got = fetch(of_host("www.a.cn"), address, names=names)
    assert all(isinstance(one, Missed) for one in got)
    assert set(names.asked) <= {"www.a.cn"}
    assert connected == []


@pytest.mark.parametrize(
    "chain",
    [
        ("/1", "/2", "http://127.0.0.3/"),
        ("/1", "//127.0.0.3/x"),
        ("/1", "http://127.0.0.2.nip.io/"),
        ("/1", "/2", "/3", "http://[::ffff:127.0.0.2]/"),
        ("http://127.0.0.3:1/",),
        ("/1", "http://169.254.169.254/latest/meta-data/"),
    ],
)
def test_a_chain_of_redirects_ends_where_it_leaves_the_outlet(chain: tuple[str, ...], site: Site) -> None:
    for at, target in zip(("/0", *chain), chain, strict=False):
        site.redirect(at, target)
    [got] = fetch(outlet("bao", site.url("/0"), HOST), site.url("/0"))
    assert isinstance(got, Missed)
    assert got.code == "elsewhere"
    assert set(connected) == {HOST}


def test_robots_txt_that_redirects_inwards_is_not_followed(site: Site) -> None:
    site.redirect("/robots.txt", "http://169.254.169.254/robots.txt")
    [got] = fetch(outlet("bao", site.url("/"), HOST), site.url("/"))
    assert isinstance(got, Missed)
    assert got.code == "robots_unknown"
    assert set(connected) == {HOST}


@pytest.mark.parametrize("second", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:169.254.169.254"])
def test_a_name_that_turns_inwards_between_two_questions_is_refused_at_the_second(
    second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    public: list[str] = []
    # What is public would really be connected to: it is made unreachable before that.
    from twisted.internet import reactor

    monkeypatch.setattr(reactor, "connectTCP", lambda host, *_, **__: public.append(host) or _refusing())
    names = Names(["93.184.216.34"], [second], [second], [second])
    got = fetch(of_host("www.a.cn"), "http://www.a.cn/1", "http://www.a.cn/2", names=names, boundary=False)
    assert all(isinstance(one, Missed) for one in got)
    assert set(public) <= {"93.184.216.34"}
    assert second not in connected


def _refusing() -> Any:
    raise OSError("no connection in a test")


@pytest.mark.parametrize("mixed", [["127.0.0.1", "93.184.216.34"], ["93.184.216.34", "::1", "fd00::1"]])
def test_of_several_addresses_of_a_name_only_the_public_ones_are_passed_on(mixed: list[str]) -> None:
    assert [ip for ip in mixed if refuse_ip(ip, loopback=False) is None] == ["93.184.216.34"]


@pytest.mark.parametrize("ip", ["8.8.8.8", "114.114.114.114", "2400:3200::1", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_no_inward_ones(ip: str) -> None:
    assert refuse_ip(ip, loopback=False) is None


def test_there_are_at_least_150_vectors() -> None:
    assert len({*HOSTS, *DIFFERENT}) >= 150
