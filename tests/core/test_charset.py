"""Charsets: the order of evidence, and the wrong declarations that real servers send."""

from __future__ import annotations

import re

import pytest

from huiying.core.charset import decode
from tests.pipeline.desk import shared

SIMPLIFIED = "市自来水公司昨天发布停水通知，因管道抢修，城区部分地方今天上午九时起停水，请居民提前储水。"
TRADITIONAL = "自來水公司昨天發布停水通知，因管線搶修，市區部分地方今天上午九時起停水，請居民提前儲水。"


def page(text: str, declared: str) -> str:
    return f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={declared}"></head>{text}</html>'


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_wins(mark: str) -> None:
    assert decode(SIMPLIFIED.encode(mark), "text/html; charset=big5")[0] == SIMPLIFIED


@pytest.mark.parametrize("header", [None, "text/html", "text/html; charset=gb2312", "text/html; charset=iso-8859-1"])
def test_strict_utf8_comes_before_any_declaration(header: str | None) -> None:
    assert decode(SIMPLIFIED.encode(), header) == (SIMPLIFIED, "utf-8")


@pytest.mark.parametrize("declared", ["gb2312", "GBK", "gb18030"])
def test_gb2312_and_gbk_are_read_as_gb18030(declared: str) -> None:
    assert decode("啊".encode("gbk"), f"text/html; charset={declared}") == ("啊", "gb18030")
    rare = SIMPLIFIED + "㐂镕€𠮷"
    assert decode(rare.encode("gb18030"), f"text/html; charset={declared}") == (rare, "gb18030")


@pytest.mark.parametrize("where", ["header", "meta", "xml"])
def test_declaration_is_read_from_header_meta_and_xml(where: str) -> None:
    text = "ＡＢ 한국어 문장"
    wrapped = {"meta": page(text, "euc-kr"), "xml": f'<?xml version="1.0" encoding="euc-kr"?><a>{text}</a>'}.get(
        where, text
    )
    header = "text/html; charset=euc-kr" if where == "header" else None
    assert decode(wrapped.encode("euc-kr"), header) == (wrapped, "euc_kr")


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", "big5", "gb2312", "nonsense", "ascii"])
@pytest.mark.parametrize(("text", "charset"), [(SIMPLIFIED, "gb18030"), (TRADITIONAL, "big5hkscs")])
def test_wrong_declaration_is_not_believed(declared: str, text: str, charset: str) -> None:
    wrapped = page(text, declared)
    assert decode(wrapped.encode(charset), None) == (wrapped, charset)
    assert decode(wrapped.encode(charset), f"text/html; charset={declared}")[0] == wrapped


def test_undeclared_is_chosen_by_frequent_characters() -> None:
    assert decode(SIMPLIFIED.encode("gb18030"), None) == (SIMPLIFIED, "gb18030")
    assert decode(TRADITIONAL.encode("big5"), None) == (TRADITIONAL, "big5hkscs")


def test_one_broken_byte_spoils_one_character_only() -> None:
    body = SIMPLIFIED.encode("gb18030") + b"\xff" + "通知".encode("gb18030")
    text, charset = decode(body, None)
    assert charset == "gb18030"
    assert text.startswith(SIMPLIFIED)


@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe\x00", bytes(range(256)) * 3])
def test_never_fails(body: bytes) -> None:
    assert isinstance(decode(body, "text/html; charset=;;")[0], str)


DECLARED = re.compile(r"(<meta[^>]*?)charset\s*=\s*[\"']?[\w-]+", re.I)
MATRIX = [
    *(("gb18030", declared) for declared in ("gb18030", "gb2312", "utf-8", None)),
    *(("big5hkscs", declared) for declared in ("big5", "gb2312", "utf-8", None)),
    *(("utf-8", declared) for declared in ("utf-8", "gb2312", "big5", None)),
]


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize(("charset", "declared"), MATRIX)
def test_real_pages_are_read_right_under_every_declaration(charset: str, declared: str | None, header: bool) -> None:
    wrong = []
    for file in sorted(shared("data", "pages").glob("*.html")):
        text = decode(file.read_bytes(), None)[0]
        said = DECLARED.sub(rf"\1charset={declared}" if declared else r"\1", text)
        body = said.encode(charset, "ignore")
        kind = f"text/html; charset={declared}" if header and declared else None
        if decode(body, kind) != (body.decode(charset), charset):
            wrong.append(file.name)
    assert wrong == []


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_without_a_mark_are_known_by_the_first_bracket(charset: str) -> None:
    assert decode("<rss>停水</rss>".encode(charset), None) == ("<rss>停水</rss>", charset)
