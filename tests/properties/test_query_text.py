"""Whatever is typed has a tree or an error with its place; a printed tree reads back as it; NOT, AND, OR in turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from huiying.core.errors import Refused
from huiying.core.query_text import read
from huiying.core.query_tree import Either, Every, Field, Name, Not, Phrase, Tree, Words, either, every, printed

PIECES = (
    "停水",
    "a",
    " ",
    "　",
    '"',
    "“",
    "”",
    "「",
    "」",
    "(",
    "）",
    ":",
    "：",
    "-",
    "OR",
    "AND",
    "NOT",
    "或",
    "非",
    "\\",
)
FIELDS = ("place:", "地点：", "date:P7D", "topic:water", "nothing:")
typed = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES + FIELDS), max_size=40).map("".join))
words = st.from_regex(r"[一-龥a-z0-9][一-龥a-zA-Z0-9:-]{0,6}", fullmatch=True)
plain = st.sampled_from(["停水", "塌陷", "abc", "COVID-19", "12:30", "or"])
quoted = st.text(min_size=1, max_size=8).filter(str.strip)
leaves = st.one_of(
    plain.map(Words), quoted.map(Phrase), st.builds(Field, st.sampled_from(Name), st.one_of(words, quoted))
)


def _joined(trees: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    some = st.lists(trees, min_size=2, max_size=4)
    return st.one_of(trees.map(Not), some.map(every), some.map(either))


trees = st.one_of(st.just(Every()), st.recursive(leaves, _joined, max_leaves=8))


@given(typed)
def test_any_text_is_a_tree_or_an_error_inside_it_whose_suggestion_can_be_read(text: str) -> None:
    try:
        tree = read(text)
    except Refused as refused:
        at, suggestion = refused.fields["at"], refused.fields["suggestion"]
        assert isinstance(at, int)
        assert isinstance(suggestion, str)
        assert 1 <= at <= len(text)
        read(suggestion)
    else:
        assert read(printed(tree)) == tree


@given(trees)
def test_a_printed_tree_reads_back_as_it(tree: Tree) -> None:
    assert read(printed(tree)) == tree


def _holds(tree: Tree, text: set[str]) -> bool:
    match tree:
        case Words(word):
            return word in text
        case Not(part):
            return not _holds(part, text)
        case Every(parts):
            return all(_holds(part, text) for part in parts)
        case Either(parts):
            return any(_holds(part, text) for part in parts)
    raise AssertionError(tree)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.booleans()), min_size=1, max_size=8))
def test_not_binds_before_and_and_and_before_or(parts: list[tuple[bool, str, bool]]) -> None:
    """`parts` are (negated, word, whether OR follows); Python's own not, and, or are the oracle."""
    text, oracle = "", ""
    for number, (negated, word, alternative) in enumerate(parts):
        last = number == len(parts) - 1
        text += ("NOT " if negated else "") + word + ("" if last else " OR " if alternative else " ")
        oracle += ("not " if negated else "") + word + ("" if last else " or " if alternative else " and ")
    for chosen in range(8):
        held = {word for bit, word in enumerate("abc") if chosen >> bit & 1}
        assert _holds(read(text), held) == eval(oracle, {}, {word: word in held for word in "abc"})
