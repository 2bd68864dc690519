"""Queries as Elasticsearch asks them, and its counts as ours: pure.

A page's `next` is the place of its last post in the one order, so that it holds for any point in time and generation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from huiying.backends.index_elastic.documents import micros
from huiying.core.conditions import Adjacent, All, Condition, OneOf, Seen, Without, Word
from huiying.core.conditions import Any as Any_
from huiying.core.errors import BackendError
from huiying.core.model import Post
from huiying.core.ports import Counts, Query

NEWEST = [{"first_seen": "desc"}, {"id": "asc"}]
BEST = [{"_score": "desc"}, {"id": "asc"}]
_MANY = 50_000  # of each kind; search.max_buckets is 65,536 by default
_TITLE_COUNTS = 2.0  # as in the embedded index
_COUNTED = ("topics", "places", "counted")


def filters(query: Query) -> dict[str, Any]:
    """Return everything that `query` asks but its place in the result; only a ranked query computes scores."""
    asked = _asked(query.condition())
    return asked if query.ranked() else {"bool": {"filter": [asked]}}


def _asked(condition: Condition) -> dict[str, Any]:
    match condition:
        case Word(word):
            return _either(lambda field, boost: {"term": {field: {"value": word.casefold(), "boost": boost}}})
        case Adjacent(words):
            text = " ".join(words).casefold()
            if len(words) < 2:
                return _asked(All(tuple(map(Word, words))))
            return _either(lambda field, boost: {"match_phrase": {field: {"query": text, "boost": boost}}})
        case OneOf(field, values):
            return {"bool": {"filter": [{"terms": {field: list(values)}}]}}
        case Seen(since, until):
            limits = {name: micros(at) for name, at in (("gte", since), ("lt", until)) if at is not None}
            return {"bool": {"filter": [{"range": {"first_seen": limits}}]}}
        case All(parts):
            return _all(parts)
        case Any_(parts):
            return {"bool": {"should": [_asked(part) for part in parts], "minimum_should_match": 1}}
        case Without(part):
            return {"bool": {"filter": [{"match_all": {}}], "must_not": [_asked(part)]}}


def _all(parts: tuple[Condition, ...]) -> dict[str, Any]:
    return {"bool": {"must": [_asked(part) for part in parts]}} if parts else {"bool": {"filter": [{"match_all": {}}]}}


def _either(asked: Callable[[str, float], dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": [asked("title_words", _TITLE_COUNTS), asked("text_words", 1.0)]}}


def order(query: Query) -> list[dict[str, str]]:
    """Return what the results of `query` are sorted by."""
    return BEST if query.ranked() else NEWEST


def cursor(post: Post, sort: list[Any], ranked: bool) -> str:
    """Return the place in the order of `post`, whose hit had the values `sort`."""
    return f"{sort[0]!r}~{post.id}" if ranked else f"{micros(post.first_seen)}-{post.id}"


def place(after: str, ranked: bool) -> list[Any]:
    """Return the sort values that `cursor` wrote."""
    first, _, id = after.partition("~" if ranked else "-")
    return [float(first) if ranked else int(first), id]


def aggregations(zone: str) -> dict[str, Any]:
    """Return what counts asks: every topic, place and outlet, every day of `zone` that has a post."""
    days = {
        "field": "day",
        "calendar_interval": "day",
        "time_zone": zone,
        "format": "yyyy-MM-dd",
        "min_doc_count": 1,
    }
    terms = {name: {"terms": {"field": name, "size": _MANY}} for name in _COUNTED}
    return {**terms, "days": {"date_histogram": days}}


def counted(answer: dict[str, Any]) -> Counts:
    """Return the counts of an answer; one that left something out is a BackendError."""
    for name in _COUNTED:
        if answer[name]["sum_other_doc_count"]:
            raise BackendError("index_failed", detail=f"more than {_MANY} {name}")
    topics, places, outlets = ({one["key"]: one["doc_count"] for one in answer[name]["buckets"]} for name in _COUNTED)
    return Counts(
        topics, places, outlets, {day["key_as_string"]: day["doc_count"] for day in answer["days"]["buckets"]}
    )
