"""What is never read, by outlet, by address, by resolved IP; each refusal has a sentence in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crawlers.boundary import owns, refuse_address, refuse_ip, refuse_outlet
from huiying.core.config import Outlet, Source
from huiying.core.messages import LANGUAGES, catalogue
from huiying.core.model import Tier


def outlet(*hosts: str, address: str | None = None, **more: Any) -> Outlet:
    sources = (Source(kind="feed", address=address or f"http://{hosts[0]}/feed.xml"),)
    return Outlet(id="bao", name="某报", tier=Tier.CITY, hosts=hosts, **({"sources": sources} | more))


BRIDGES = (
    "/weibo/user/", "/telegram/channel/", "/douyin/user/", "/zhihu/", "/bilibili/", "/xiaohongshu/", "/wechat/",
)  # fmt: skip
REFUSED = [
    ("weibo.com", "social"),
    ("m.weibo.cn", "social"),
    ("x.com", "social"),
    ("www.zhihu.com", "forum"),
    ("tieba.baidu.com", "forum"),
    ("liuyan.people.com.cn", "message_board"),
    ("mp.weixin.qq.com", "self_media"),
    ("www.toutiao.com", "self_media"),
    ("t.me", "chat"),
    ("rsshub.app", "bridge"),
    ("feedx.net", "bridge"),
    ("kanfa.example.com", "bridge"),
    ("dy.163.com", "self_media"),
    ("ldwz.example.gov.cn", "message_board"),
    ("rsshub.example.gov.cn", "bridge"),
    ("bbs.example.gov.cn", "forum"),
    ("127.0.0.1", "private_address"),
    ("10.1.2.3", "private_address"),
    ("169.254.169.254", "private_address"),
    ("100.64.1.1", "private_address"),
    ("0x7f.1", "private_address"),
    ("2130706433", "private_address"),
    ("127.1", "private_address"),
    ("[::1]", "private_address"),
    ("[::ffff:127.0.0.1]", "private_address"),
    ("[::ffff:8.8.8.8]", "private_address"),
    ("[fe80::1]", "private_address"),
    ("localhost", "private_address"),
    ("intranet", "private_address"),
    ("server.local", "private_address"),
    ("http://a.cn", "bad_host"),
]


@pytest.mark.parametrize(("host", "kind"), REFUSED)
def test_an_outlet_on_a_refused_host_is_refused_with_a_sentence(host: str, kind: str) -> None:
    refused = refuse_outlet(outlet("www.a.cn", host, address="http://www.a.cn/f"))
    assert refused is not None
    assert refused.code == f"outlet_{kind}"
    assert host in refused.sentence("zh")
    assert host in refused.sentence("en")


@pytest.mark.parametrize(
    "host", ["www.people.com.cn", "paper.people.com.cn", "www.gov.cn", "8.8.8.8", "epaper.bbsnews.cn"]
)
def test_ordinary_publishers_are_read(host: str) -> None:
    assert refuse_outlet(outlet(host)) is None


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://www.a.cn/@zhangsan", "source_account"),
        ("http://www.a.cn/u/12345", "source_account"),
        ("http://www.a.cn/home.php?mod=space&uid=3", "source_account"),
        ("http://www.a.cn/thread-123-1-1.html", "source_forum"),
        ("http://www.a.cn/liuyanban/index.html", "source_message_board"),
        ("http://www.a.cn/wzxx/1.html", "source_message_board"),
        ("http://www.a.cn/ldxx/1.html", "source_message_board"),
        *((f"http://www.a.cn{path}1", "source_bridge") for path in BRIDGES),
        ("http://www.b.cn/feed", "source_not_this_outlet"),
        ("https://weibo.com/rss", "source_social"),
        ("http://user:secret@www.a.cn/feed", "source_credentials"),
        ("ftp://www.a.cn/feed", "source_not_http"),
        ("http://[bad", "source_not_http"),
    ],
)
def test_a_source_whose_address_is_refused_refuses_the_outlet(address: str, code: str) -> None:
    refused = refuse_outlet(outlet("www.a.cn", address=address))
    assert refused is not None
    assert refused.code == code
    assert "bao/1" in refused.sentence("zh")
    assert "secret" not in str(refused)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("www.sohu.com", "/a/123_456"),
        ("www.163.com", "/dy/article/X.html"),
        ("new.qq.com", "/omn/1"),
        ("c.m.163.com", "/news/a/X.html"),
    ],
)
def test_accounts_on_platforms_that_also_publish_are_refused(host: str, path: str) -> None:
    assert refuse_address(outlet(host), f"https://{host}{path}") == "self_media"
    assert refuse_address(outlet(host), f"https://{host}/sports/1.html") is None


@pytest.mark.parametrize("pace", [0, 0.5])
def test_a_short_pace_is_for_test_sites_on_loopback_only(pace: float) -> None:
    refused = refuse_outlet(outlet("www.a.cn", pace=pace))
    assert refused is not None
    assert refused.code == "outlet_pace"
    assert refuse_outlet(outlet("127.0.0.5", pace=pace, test_site=True)) is None
    elsewhere = refuse_outlet(outlet("www.a.cn", pace=pace, test_site=True))
    assert elsewhere is not None
    assert elsewhere.code == "outlet_private_address"


def test_a_list_page_needs_a_selector() -> None:
    bare = Source(kind="list", address="http://www.a.cn/list.html")
    refused = refuse_outlet(outlet("www.a.cn", sources=(bare,)))
    assert refused is not None
    assert refused.code == "source_without_selector"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://www.a.cn/1.html", None),
        ("https://WWW.A.CN:8443/1.html", None),
        ("http://a.cn/1.html", "not_this_outlet"),
        ("http://www.a.cn.evil.cn/1.html", "not_this_outlet"),
        ("http://www.a.cn@evil.cn/1.html", "credentials"),
        ("https://weibo.com/1", "not_this_outlet"),
        ("http://127.0.0.1/", "not_this_outlet"),
        ("http://www.a.cn/@zhangsan", "account"),
        ("javascript:x", "not_http"),
        (f"http://www.a.cn/{'a' * 5000}", "not_http"),
        ("", "not_http"),
    ],
)
def test_an_address_is_judged_before_it_is_fetched(address: str, reason: str | None) -> None:
    assert refuse_address(outlet("www.a.cn"), address) == reason


def test_a_host_with_a_port_owns_that_port_only() -> None:
    one = outlet("127.0.0.1:8081", address="http://127.0.0.1:8081/f", test_site=True)
    assert refuse_outlet(one) is None
    assert not owns(one, "http://127.0.0.1:8082/f")


@pytest.mark.parametrize(
    ("ip", "public"),
    [
        ("8.8.8.8", True),
        ("2400:3200::1", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.1.1", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
    ],
)
def test_only_public_addresses_are_connected_to(ip: str, public: bool) -> None:
    assert refuse_ip(ip, loopback=False) == (None if public else "private_address")


def test_a_test_site_connects_to_loopback_only() -> None:
    assert refuse_ip("127.0.0.9", loopback=True) is None
    assert refuse_ip("8.8.8.8", loopback=True) == "private_address"
    assert refuse_ip("10.0.0.1", loopback=True) == "private_address"


def test_both_catalogues_of_the_crawler_have_the_same_keys_and_fields() -> None:
    names = [
        {key for key in catalogue(one) if key.startswith(("error.outlet_", "error.source_", "crawl."))}
        for one in LANGUAGES
    ]
    assert names[0] == names[1]
    assert names[0]
    for key in names[0]:
        fields = [set(re.findall(r"{(\w+)}", catalogue(one)[key])) for one in LANGUAGES]
        assert fields[0] == fields[1], key
