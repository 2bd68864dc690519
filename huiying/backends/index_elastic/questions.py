"""Queries as Elasticsearch asks them, and its counts as ours: pure.

A page's `next` is the place of its last post in the one order, so that it holds for any point in time and generation.
"""

from __future__ import annotations

from typing import Any

from huiying.backends.index_elastic.documents import micros
from huiying.core.errors import BackendError
from huiying.core.model import Post
from huiying.core.ports import Counts, Query

ORDER = [{"first_seen": "desc"}, {"id": "asc"}]
_MANY = 50_000  # of each kind; search.max_buckets is 65,536 by default


def filters(query: Query) -> dict[str, Any]:
    """Return everything that `query` asks but its place in the result."""
    parts: list[dict[str, Any]] = []
    for word in sorted({word.casefold() for word in query.words}):
        either = [{"term": {field: word}} for field in ("title_words", "text_words")]
        parts.append({"bool": {"should": either}})
    asked = (
        ("places", query.places),
        ("topics", query.topics),
        ("outlet", query.outlets),
        ("story", query.stories),
    )
    parts += [{"terms": {field: list(values)}} for field, values in asked if values]
    limits = {name: micros(at) for name, at in (("gte", query.since), ("lt", query.until)) if at is not None}
    if limits:
        parts.append({"range": {"first_seen": limits}})
    return {"bool": {"filter": parts}}


def cursor(post: Post) -> str:
    """Return the place of `post` in the order."""
    return f"{micros(post.first_seen)}-{post.id}"


def place(after: str) -> list[Any]:
    """Return the sort values that `cursor` wrote."""
    instant, _, id = after.partition("-")
    return [int(instant), id]


def aggregations(zone: str) -> dict[str, Any]:
    """Return what counts asks: every topic, every place, every day of `zone` that has a post."""
    days = {
        "field": "day",
        "calendar_interval": "day",
        "time_zone": zone,
        "format": "yyyy-MM-dd",
        "min_doc_count": 1,
    }
    terms = {name: {"terms": {"field": name, "size": _MANY}} for name in ("topics", "places")}
    return {**terms, "days": {"date_histogram": days}}


def counted(answer: dict[str, Any]) -> Counts:
    """Return the counts of an answer; one that left something out is a BackendError."""
    for name in ("topics", "places"):
        if answer[name]["sum_other_doc_count"]:
            raise BackendError("index_failed", detail=f"more than {_MANY} {name}")
    topics, places = (
        {one["key"]: one["doc_count"] for one in answer[name]["buckets"]} for name in ("topics", "places")
    )
    return Counts(topics, places, {day["key_as_string"]: day["doc_count"] for day in answer["days"]["buckets"]})
