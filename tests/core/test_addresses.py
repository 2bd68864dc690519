"""One post has one id, however its address is written; two posts never share one by normalisation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huiying.core.addresses import canonical, host, post_id


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HTTP://WWW.Example.CN/a.html", "http://www.example.cn/a.html"),
        ("http://a.cn:80/x", "http://a.cn/x"),
        ("https://a.cn:443", "https://a.cn/"),
        ("http://a.cn:8080/x", "http://a.cn:8080/x"),
        ("http://a.cn/x#part", "http://a.cn/x"),
        ("http://a.cn/b/../c/./d", "http://a.cn/c/d"),
        ("http://a.cn//b///c/", "http://a.cn/b/c/"),
        ("http://a.cn/%7euser/%e4%b8%ad", "http://a.cn/~user/%E4%B8%AD"),
        ("http://a.cn/中.html", "http://a.cn/%E4%B8%AD.html"),
        ("http://a.cn/a%2Fb", "http://a.cn/a%2Fb"),
        ("http://a.cn/100%/%2%65", "http://a.cn/100%25/%252e"),
        ("http://a.cn/x?词=停 #y", "http://a.cn/x?%E8%AF%8D=%E5%81%9C%20"),
        ("http://a.cn/x?utm_source=q&id=7&spm=1.2", "http://a.cn/x?id=7"),
        ("http://a.cn/x?utm_source=q", "http://a.cn/x"),
        ("http://a.cn/x?b=2&a=1", "http://a.cn/x?b=2&a=1"),
        ("http://中国.cn/", "http://xn--fiqs8s.cn/"),
        ("http://a.cn./x", "http://a.cn/x"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("  http://a.cn/x ", "http://a.cn/x"),
        ("javascript:void(0)", "javascript:void(0)"),
        ("http://a.cn:bad/x", "http://a.cn:bad/x"),
    ],
)
def test_canonical_form(written: str, expected: str) -> None:
    assert canonical(written) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.cn/x", "http://a.cn/X"),
        ("http://a.cn/x?id=1", "http://a.cn/x?id=2"),
        ("http://a.cn/x", "http://a.cn/x/"),
        ("http://a.cn/x", "http://b.a.cn/x"),
        ("http://a.cn/a%2Fb", "http://a.cn/a/b"),
    ],
)
def test_different_pages_stay_different(one: str, other: str) -> None:
    assert post_id(one) != post_id(other)


@given(st.text(alphabet="ab/.%2Fe~中?&=#:;@+ ", max_size=40))
def test_the_canonical_form_is_its_own(tail: str) -> None:
    once = canonical(f"http://a.cn/{tail}")
    assert canonical(once) == once


def test_the_id_is_32_hex_digits_of_the_canonical_form() -> None:
    assert post_id("http://A.cn:80/x#y") == post_id("http://a.cn/x")
    assert len(post_id("http://a.cn/x")) == 32
    assert int(post_id("http://a.cn/x"), 16) >= 0


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://WWW.a.cn:8080/x", "www.a.cn"),
        ("http://u:p@a.cn/x", "a.cn"),
        ("http://[::1]/x", "::1"),
        ("mailto:a@b.cn", ""),
        ("http://[bad/x", ""),
        ("/relative", ""),
    ],
)
def test_host(address: str, expected: str) -> None:
    assert host(address) == expected
