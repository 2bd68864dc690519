"""One post has one id, however its address is written; two posts never share one by normalisation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huiying.core.addresses import canonical, host, one_for_twins, post_id


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


@pytest.mark.parametrize(
    "twin",
    [
        "https://www.a.cn/x/1.html?id=7",
        "http://m.a.cn/x/1.html?id=7",
        "https://wap.a.cn:443/x/1.html?id=7#top",
        "http://a.cn/x/1.html?id=7&utm_source=q",
        "http://www.a.cn/x/1.html?id=7&print=1",
        "http://www.a.cn/x/1.html?action=print&id=7",
        "http://www.a.cn/x/1_print.html?id=7",
        "http://www.a.cn/x/1.html?id=7&from=timeline&isappinstalled=0",
    ],
)
def test_the_twins_of_a_page_are_one_post(twin: str) -> None:
    assert post_id(twin) == post_id("http://a.cn/x/1.html?id=7")


@pytest.mark.parametrize(
    "other",
    [
        "http://a.cn/x/1.html",
        "http://a.cn/x/1_2.html?id=7",
        "http://a.cn:8080/x/1.html?id=7",
        "http://news.a.cn/x/1.html?id=7",
        "http://a.cn/x/1.html?id=7&from=2026",
        "http://a.cn/x/1.html?id=7&page=2",
        "http://a.cn/x/1.html?id=7&print=3",
        "http://a.cn/print/1.html?id=7",
    ],
)
def test_what_only_looks_like_a_twin_is_another_post(other: str) -> None:
    assert post_id(other) != post_id("http://a.cn/x/1.html?id=7")


def test_a_host_of_two_labels_keeps_both() -> None:
    assert post_id("http://m.cn/x") != post_id("http://cn/x")
    assert one_for_twins("mailto:a@b.cn") == "mailto:a@b.cn"


@given(st.text(alphabet="abm/.%2Fe~中?&=#:;@+_print1 ", max_size=40))
def test_the_form_of_twins_is_its_own(tail: str) -> None:
    once = one_for_twins(f"https://www.a.cn/{tail}")
    assert one_for_twins(once) == once


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
