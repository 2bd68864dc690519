"""Words: jieba's own search mode, the same at indexing and at search."""

from __future__ import annotations

import warnings

import pytest

from pipeline.words import Cutter, own_words
from tests.pipeline.desk import desk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba's own source, compiled for the first time
    import jieba

SENTENCES = (
    "青石县红河镇因主管道破裂停水，影响居民约两千户。",
    "国务院决定：免去曾国卫的香港特别行政区政府政制及内地事务局局长职务",
    "GPT-4 与 iPhone 15 Pro 的 API，3.5% 增长；see http://a.test/b?c=1",
    "　　全角　空格\n换行\t制表",
    "",
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_tokens_join_to_the_text_and_are_jiebas(sentence: str) -> None:
    tokens = Cutter().tokens(sentence)
    assert "".join(tokens) == sentence
    assert tokens == list(jieba.Tokenizer().cut(sentence))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_search_words_are_jiebas_search_mode_without_punctuation(sentence: str) -> None:
    cutter = Cutter()
    theirs = [word.casefold() for word in jieba.cut_for_search(sentence) if any(map(str.isalnum, word))]
    assert cutter.search_words(cutter.tokens(sentence)) == theirs


def test_every_word_of_a_query_stands_in_the_words_of_a_text_that_holds_it() -> None:
    cutter = Cutter(own_words(desk()))
    words = cutter.words(cutter.tokens("昨天，青石县自来水公司在红河镇抢修管道，恢复供水")).split(" ")
    for typed in ("红河镇 供水", "青石县自来水公司", "管道"):
        assert set(cutter.query(typed)) <= set(words)


def test_names_of_the_desk_are_whole_words() -> None:
    assert "红河圩" in Cutter(own_words(desk())).tokens("今天红河圩停水")
    assert "红河圩" not in Cutter().tokens("今天红河圩停水")


def test_a_query_is_bounded_and_has_each_word_once() -> None:
    assert Cutter().query("停水 停水 App") == ("停水", "app")
    assert len(Cutter().query("甲乙丙丁 " * 10_000)) <= 200
    assert Cutter().query("，。 ！") == ()
