"""What changed between two captures: every passage is accounted for, a rewritten clause is shown by its characters."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huiying.core.revisions import Kind, Passage, compare

SAME, GONE, NEW = Kind.SAME, Kind.GONE, Kind.NEW
A, B, C = "下塘路停水，三个小区受影响。", "抢修预计当晚完成。", "公司致歉。"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (A, A, [(SAME, A)]),
        ("", A, [(NEW, A)]),
        (A, "", [(GONE, A)]),
        ("", "", []),
        (A + B, A + B + C, [(SAME, A + B), (NEW, C)]),
        (A + C + B, A + B, [(SAME, A), (GONE, C), (SAME, B)]),
        (
            "影响居民约两千户。",
            "影响居民约三千户。",
            [(SAME, "影响居民约"), (GONE, "两"), (NEW, "三"), (SAME, "千户。")],
        ),
        ("停水一天。", "学校照常上课。", [(GONE, "停水一天。"), (NEW, "学校照常上课。")]),
    ],
)
def test_passages_in_order(before: str, after: str, expected: list[tuple[Kind, str]]) -> None:
    assert list(compare(before, after)) == [Passage(kind, text) for kind, text in expected]


TEXTS = st.text(alphabet="停水修路三两千户，。；\n”（）", max_size=60)


@given(TEXTS, TEXTS)
def test_the_passages_are_both_texts(before: str, after: str) -> None:
    passages = compare(before, after)
    assert "".join(one.text for one in passages if one.kind is not NEW) == before
    assert "".join(one.text for one in passages if one.kind is not GONE) == after
    assert all(one.text for one in passages)
    assert all(one.kind is not other.kind for one, other in itertools.pairwise(passages))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("停水，" * 20_000, "水停" * 30_000),
        ("停水，" * 3999, "水停，停水，" * 1999),
        ("停水" * 1999, "水停" * 1999),
        ("停水" * 99, "水停" * 99),
    ],
)
def test_hostile_texts_come_to_an_end(before: str, after: str) -> None:
    assert "".join(one.text for one in compare(before, after) if one.kind is not GONE) == after
