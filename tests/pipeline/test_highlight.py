"""Highlighting: every place of every word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.highlight import spans
from pipeline.words import Cutter


def test_spans_are_in_order_and_touching_ones_are_joined() -> None:
    assert spans("停水通知：停水停电", ["停水", "停电"]) == ((0, 2), (5, 9))
    assert spans("青石县城", ["青石县", "县城"]) == ((0, 4),)


def test_spans_ignore_case_and_take_words_as_they_are_written() -> None:
    assert spans("App 与 a.p", ["app", "a.p"]) == ((0, 3), (6, 9))


def test_nothing_to_mark() -> None:
    assert spans("停水", []) == ()
    assert spans("停水", ["", "停电"]) == ()
    assert spans("", ["停水"]) == ()


@given(st.text(st.sampled_from("停水通知供水公司App ßİﬁ，。1a"), max_size=40))
def test_every_word_that_the_index_holds_of_a_text_is_marked_in_it(text: str) -> None:
    cutter = Cutter()
    for word in cutter.search_words(cutter.tokens(text)):
        for part in word.split():
            found = spans(text, [part])
            assert any(text[start:end].casefold().count(part) for start, end in found), (part, found)
