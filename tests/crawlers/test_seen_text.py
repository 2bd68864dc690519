"""A version of a page is what a reader sees: markup and visit counters make none."""

from __future__ import annotations

import html
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.seen_text import seen_hash, seen_text

PAGE = "<html><head><style>p{}</style></head><body><p>红河镇停水</p><i>浏览次数：<b>12</b></i></body></html>"


def seen(markup: str) -> str:
    return seen_hash(markup.encode(), "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "other",
    [
        PAGE.replace("12", "1305"),
        PAGE.replace("<p>", '<p class="x">\n  '),
        PAGE.replace("</body>", "<script>var t=123;</script><!-- 7 ms --></body>"),
        PAGE.replace("p{}", "p{color:red}"),
    ],
)
def test_what_no_reader_sees_makes_no_version(other: str) -> None:
    assert seen(other) == seen(PAGE)


@pytest.mark.parametrize(
    "other", [PAGE.replace("停水", "恢复供水"), PAGE.replace("停水", "停水12户"), PAGE.replace("浏览次数", "伤亡")]
)
def test_what_a_reader_sees_makes_one(other: str) -> None:
    assert seen(other) != seen(PAGE)


def test_a_date_after_a_counters_word_is_no_counter() -> None:
    assert seen("<p>访问2026年</p>") != seen("<p>访问2027年</p>")


def test_what_shows_no_text_is_its_bytes() -> None:
    for body, kind in ((b"%PDF-1.7 x", "application/pdf"), (b"<script>1</script>", "text/html")):
        assert seen_hash(body, kind) == sha256(body).hexdigest()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<", "<!--", "<script", "<a href=", "浏览 "])
def test_hostile_markup_comes_to_an_end(piece: str) -> None:
    assert seen(piece * 100_000)


@given(st.lists(st.sampled_from(["水", "a", " ", "\n", "&nbsp;", "&am", "p;", "&#27;", "&", ";", "\u3000"])))
def test_text_is_read_in_parts_as_it_reads_in_one(pieces: list[str]) -> None:
    text = "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crawlers.seen_text._PART", 3)
        assert seen_text(text) == " ".join(html.unescape(text).split())
