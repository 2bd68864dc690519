"""Conditions as tantivy asks them. Where results are ranked, words alone give a score, as they do in Elasticsearch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any as Made

import tantivy

from huiying.core.conditions import Adjacent, All, Any, Condition, OneOf, Seen, Without, Word

TITLE_COUNTS = 2.0  # as often as text; a title says in ten words what the text says in three hundred
_FEW = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MUST, _SHOULD, _NOT = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot


def micros(at: datetime) -> int:
    """Return microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


class Questions:
    """Makes queries over one schema; `ranked` ones give every part but words a score of nothing."""

    def __init__(self, schema: Made, ranked: bool = False) -> None:
        self._schema, self._ranked = schema, ranked

    def of(self, condition: Condition) -> Made:
        """Return what `condition` asks."""
        match condition:
            case Word(word):
                return self._either(lambda field: self.term(field, word.casefold()))
            case Adjacent(words):
                return self._adjacent(words)
            case OneOf(field, values):
                return self._flat(self._one_of(field, values))
            case Seen(since, until):
                first = None if since is None else micros(since)
                last = None if until is None else micros(until) - 1
                return self._flat(self.between(first, last))
            case All(parts):
                return self._all(parts)
            case Any(parts):
                return tantivy.Query.boolean_query([(_SHOULD, self.of(part)) for part in parts])
            case Without():
                return self._all((condition,))

    def term(self, field: str, value: str) -> Made:
        """Return everything that holds `value` in `field`."""
        option = "position" if field.endswith("_words") else "basic"
        return tantivy.Query.term_query(self._schema, field, value, index_option=option)

    def between(self, first: int | None, last: int | None) -> Made:
        """Return first seen from `first` to `last`, both inclusive, in microseconds since 1970."""
        return tantivy.Query.range_query(self._schema, "first_seen", tantivy.FieldType.Integer, first, last)

    def _either(self, asked: Made) -> Made:
        title = tantivy.Query.boost_query(asked("title_words"), TITLE_COUNTS) if self._ranked else asked("title_words")
        return tantivy.Query.boolean_query([(_SHOULD, title), (_SHOULD, asked("text_words"))])

    def _adjacent(self, words: tuple[str, ...]) -> Made:
        folded: list[str | tuple[int, str]] = [word.casefold() for word in words]
        if len(folded) < 2:
            return self._all(tuple(map(Word, words)))
        return self._either(lambda field: tantivy.Query.phrase_query(self._schema, field, folded))

    def _one_of(self, field: str, values: tuple[str, ...]) -> Made:
        if len(values) > _FEW or not values:
            return tantivy.Query.term_set_query(self._schema, field, list(values))
        terms = [self.term(field, value) for value in values]
        return terms[0] if len(terms) == 1 else tantivy.Query.boolean_query([(_SHOULD, term) for term in terms])

    def _all(self, parts: tuple[Condition, ...]) -> Made:
        wanted = [part for part in _flattened(parts) if not isinstance(part, Without)]
        unwanted = [part.part for part in _flattened(parts) if isinstance(part, Without)]
        made = [(_MUST, self.of(part)) for part in wanted] or [(_MUST, self._flat(tantivy.Query.all_query()))]
        made += [(_NOT, self.of(part)) for part in unwanted]
        return made[0][1] if len(made) == 1 else tantivy.Query.boolean_query(made)

    def _flat(self, query: Made) -> Made:
        return tantivy.Query.const_score_query(query, 0.0) if self._ranked else query


def _flattened(parts: tuple[Condition, ...]) -> list[Condition]:
    """Return `parts` with those of an All inside in its place: one list of things that all hold is fastest."""
    return [inner for part in parts for inner in (_flattened(part.parts) if isinstance(part, All) else [part])]
