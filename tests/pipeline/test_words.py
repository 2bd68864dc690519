"""Words: jieba's own tokens and search mode, the same at indexing and at search, whichever way they are cut."""

from __future__ import annotations

import json
import os
import warnings
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import words
from pipeline.words import Cutter, own_words
from tests.pipeline.desk import desk, shared

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba's own source, compiled for the first time
    import jieba

OWN = (*own_words(desk()), "望江台小区", "K11", "八一C区", "3号楼·东")
SENTENCES = (
    "青石县红河镇因主管道破裂停水，影响居民约两千户。",
    "国务院决定：免去曾国卫的香港特别行政区政府政制及内地事务局局长职务",
    "GPT-4 与 iPhone 15 Pro 的 API，3.5% 增长；see http://a.test/b?c=1",
    "　　全角　空格\n换行\t制表\r\n回车",
    "用C++和c#写的，AT&T的4S店卖T恤，B超、γ射线、QQ号123.4%",
    "龚䶮和王㐀住在𠮷祥里，\0有零",
    "望江台小区旁的K11，在八一C区3号楼·东",
    "人人人00，水水水水停，一一一一一一一一一一一一一一一0",
    "",
)
PIECES = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="停水的一是了在人有我他这中大来上国县镇村江台望小区李明", max_size=20),
    st.text(alphabet="aAcC+#&._%-019 \r\n，。“”\0䶮鿖", max_size=8),
    st.sampled_from(SENTENCES),
    st.sampled_from(("C++", "AT&T", "T恤", "K11", "望江台小区", "B超", "3号楼·东", "八一C区")),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)


@cache
def oracle(own: tuple[str, ...]) -> Any:
    tokenizer = jieba.Tokenizer()
    for word in own:
        tokenizer.add_word(word)
    return tokenizer


@cache
def cutter(own: tuple[str, ...] = ()) -> Cutter:
    return Cutter(own)


def search_mode(text: str, own: tuple[str, ...]) -> list[str]:
    return [word.casefold() for word in oracle(own).cut_for_search(text) if words._WORD.search(word)]


def same_as_jieba(text: str, own: tuple[str, ...] = ()) -> None:
    tokens = cutter(own).tokens(text)
    assert tokens == list(oracle(own).cut(text))
    assert cutter(own).search_words(tokens) == search_mode(text, own)


@pytest.mark.parametrize("own", [(), OWN])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_tokens_and_words_of_search_mode_are_jiebas(sentence: str, own: tuple[str, ...]) -> None:
    same_as_jieba(sentence, own)
    assert "".join(cutter(own).tokens(sentence)) == sentence


@given(text=TEXTS, own=st.sampled_from(((), OWN)))
@settings(max_examples=1_000, deadline=None)
def test_arbitrary_text_is_cut_as_jieba_cuts_it(text: str, own: tuple[str, ...]) -> None:
    same_as_jieba(text, own)


def test_real_stories_are_cut_as_jieba_cuts_them() -> None:
    """Every twelfth of the stories, all of them where CI is set: jieba takes half a minute for those."""
    lines = shared("data", "text", "cctv.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines if os.environ.get("CI") else lines[::12]:
        story = json.loads(line)
        same_as_jieba(f"{story['title']}\n{story['body']}")


def test_without_the_wheel_jieba_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_Fast", None)
    slow = Cutter(OWN)
    tokens = slow.tokens(SENTENCES[6])
    assert slow._fast is None
    assert tokens == cutter(OWN).tokens(SENTENCES[6])
    assert slow.search_words(tokens) == cutter(OWN).search_words(tokens)


def test_the_wheel_is_there_and_used() -> None:
    assert cutter()._fast is not None


def test_every_word_of_a_query_stands_in_the_words_of_a_text_that_holds_it() -> None:
    cutter = Cutter(own_words(desk()))
    words = cutter.words(cutter.tokens("昨天，青石县自来水公司在红河镇抢修管道，恢复供水")).split(" ")
    for typed in ("红河镇 供水", "青石县自来水公司", "管道"):
        assert set(cutter.query(typed)) <= set(words)


def test_words_stay_the_same_when_what_is_known_of_tokens_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_MOST_KNOWN", 5)
    small = Cutter(OWN)
    for sentence in SENTENCES:
        assert small.search_words(small.tokens(sentence)) == search_mode(sentence, OWN)
        assert small.words(small.tokens(sentence)).split() == " ".join(search_mode(sentence, OWN)).split()
        assert len(small._inside) <= 5


def test_names_of_the_desk_are_whole_words() -> None:
    assert "红河圩" in Cutter(own_words(desk())).tokens("今天红河圩停水")
    assert "红河圩" not in Cutter().tokens("今天红河圩停水")


def test_a_query_is_bounded_and_has_each_word_once() -> None:
    assert Cutter().query("停水 停水 App") == ("停水", "app")
    assert len(Cutter().query("甲乙丙丁 " * 10_000)) <= 200
    assert Cutter().query("，。 ！") == ()
