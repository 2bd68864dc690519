"""The query language: what is typed, the tree it means, and where it is wrong."""

from __future__ import annotations

import pytest

from huiying.core.errors import Refused
from huiying.core.query_text import DEEPEST, LONGEST, read
from huiying.core.query_tree import Either, Every, Field, Name, Not, Phrase, Tree, Words, asked, printed, toggled

A, B, C = Words("停水"), Words("塌陷"), Words("通知")


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("", Every()),
        (" 　 ", Every()),
        ("停水", A),
        ("停水 塌陷", Every((A, B))),
        ("停水 AND 塌陷", Every((A, B))),
        ("停水　且　塌陷", Every((A, B))),
        ("停水 OR 塌陷 通知", Either((A, Every((B, C))))),
        ("停水 塌陷 或 通知", Either((Every((A, B)), C))),
        ("停水 (塌陷 OR 通知)", Every((A, Either((B, C))))),
        ("停水（塌陷 或者 通知）", Every((A, Either((B, C))))),
        ("(停水 OR 塌陷) OR 通知", Either((A, B, C))),
        ("(停水 塌陷) 通知", Every((A, B, C))),
        ("NOT 停水 塌陷", Every((Not(A), B))),
        ("NOT (停水 塌陷)", Not(Every((A, B)))),
        ("-停水 OR 塌陷", Either((Not(A), B))),
        ("塌陷 非 停水", Every((B, Not(A)))),
        ('"计划停水"', Phrase("计划停水")),
        ("“计划停水”", Phrase("计划停水")),
        ("「计划停水」", Phrase("计划停水")),
        (r'"他说\"停水\""', Phrase('他说"停水"')),
        ("place:云泽县", Field(Name.PLACE, "云泽县")),
        ("地点：云泽县", Field(Name.PLACE, "云泽县")),
        ("Topic:water", Field(Name.TOPIC, "water")),
        ("信源:“江州 日报”", Field(Name.OUTLET, "江州 日报")),
        ("date:2026-09 日期：P7D", Every((Field(Name.DATE, "2026-09"), Field(Name.DATE, "P7D")))),
        ("有:预警 级别:3", Every((Field(Name.HAS, "预警"), Field(Name.LEVEL, "3")))),
        ("and or not", Every((Words("and"), Words("or"), Words("not")))),
        ("12:30 停水", Every((Words("12:30"), A))),
        ("COVID-19", Words("COVID-19")),
        ('"OR"', Phrase("OR")),
    ],
)
def test_what_is_typed_means_one_tree(typed: str, tree: Tree) -> None:
    assert read(typed) == tree


@pytest.mark.parametrize(
    ("typed", "code", "at", "suggestion"),
    [
        ('停水 "计划', "query_quote_open", 4, '停水 "计划"'),
        ('停水 "', "query_quote_open", 4, "停水"),
        ('停水 ""', "query_quote_empty", 4, "停水"),
        ("（停水 塌陷", "query_bracket_open", 1, "停水 塌陷"),
        ("停水)", "query_bracket_closed", 3, "停水"),
        (")", "query_bracket_closed", 1, ""),
        ("停水 ()", "query_bracket_empty", 4, "停水"),
        ("停水 OR", "query_operator_alone", 4, "停水"),
        ("OR 停水", "query_operator_alone", 1, "停水"),
        ("(AND 停水)", "query_operator_alone", 2, "停水"),
        ("停水 OR OR 塌陷", "query_operator_alone", 4, "停水 OR 塌陷"),
        ("(停水 或)", "query_operator_alone", 5, "停水"),
        ("停水 NOT", "query_operator_alone", 4, "停水"),
        ("停水 place:", "query_value_missing", 4, "停水"),
        ("palce:云泽县", "query_field_unknown", 1, "place:云泽县"),
        ("停水 主提：道路", "query_field_unknown", 4, "停水 topic:道路"),
        ("http://a.test/1", "query_field_unknown", 1, '"http://a.test/1"'),
        ("停" * (LONGEST + 1), "query_too_long", LONGEST + 1, "停" * LONGEST),
        ("(" * (DEEPEST + 1) + "停" + ")" * (DEEPEST + 1), "query_too_deep", DEEPEST + 1, "停"),
        ('(停水 "计划', "query_quote_open", 5, '停水 "计划"'),
    ],
)
def test_what_is_wrong_is_told_by_its_place_with_what_was_probably_meant(
    typed: str, code: str, at: int, suggestion: str
) -> None:
    with pytest.raises(Refused) as refused:
        read(typed)
    told = refused.value
    assert (told.code, told.fields["at"], told.fields["suggestion"]) == (code, at, suggestion)
    for language in ("zh", "en"):
        assert str(at) in told.sentence(language)
        assert code not in told.sentence(language)


def test_a_narrowing_is_added_once_and_taken_away_again() -> None:
    roads = Field(Name.TOPIC, "roads")
    for tree in (Every(), A, Every((A, B)), Either((A, B))):
        assert toggled(toggled(tree, roads), roads) == tree
    assert printed(toggled(Either((A, B)), roads)) == "(停水 OR 塌陷) topic:roads"


def test_what_a_result_may_hold_is_every_leaf_that_is_not_excluded() -> None:
    assert list(asked(read('停水 (塌陷 OR "通知") NOT (谣言 topic:water)'))) == [A, B, Phrase("通知")]
