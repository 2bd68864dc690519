"""Highlighting: every place of every word, and the snippet round most of them."""

from __future__ import annotations

from pipeline.highlight import snippet, spans


def test_spans_are_in_order_and_touching_ones_are_joined() -> None:
    assert spans("停水通知：停水停电", ["停水", "停电"]) == ((0, 2), (5, 9))
    assert spans("青石县城", ["青石县", "县城"]) == ((0, 4),)


def test_spans_ignore_case_and_take_words_as_they_are_written() -> None:
    assert spans("App 与 a.p", ["app", "a.p"]) == ((0, 3), (6, 9))


def test_nothing_to_mark() -> None:
    assert spans("停水", []) == ()
    assert spans("停水", ["", "停电"]) == ()
    assert spans("", ["停水"]) == ()


def test_snippet_is_where_most_words_stand_with_its_own_places() -> None:
    text = "停" + "一" * 300 + "停水和停电" + "二" * 300
    found = snippet(text, ["停水", "停电"], size=60)
    assert len(found.text) == 60
    assert [found.text[start:end] for start, end in found.spans] == ["停水", "停电"]
    assert found.before
    assert found.after


def test_snippet_without_a_find_is_the_beginning() -> None:
    found = snippet("短文", ["停水"], size=60)
    assert (found.text, found.spans, found.before, found.after) == ("短文", (), False, False)
