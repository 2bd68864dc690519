"""The index in a folder, by tantivy: one writer process, readers in any process.

folder/CURRENT     the name of the generation in use; a later one is built beside it and switched to by this file
folder/gen-1/      a tantivy index; put = delete by id, add, commit (fsync); a reader reloads when meta.json changes
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import tantivy

from huiying.core import codec
from huiying.core.errors import BackendError, StorageFull
from huiying.core.model import Post
from huiying.core.places import ancestors
from huiying.core.ports import Counts, Page, Query

POINTER = "CURRENT"
FIRST = "gen-1"
_HEAP = 64_000_000
_WORDS = "words"
_MANY = 50_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MUST, _SHOULD = tantivy.Occur.Must, tantivy.Occur.Should


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    for name in ("id", "outlet", "story"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("places", "topics"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("title_words", "text_words"):
        builder.add_text_field(name, tokenizer_name=_WORDS, index_option="freq")
    builder.add_integer_field("first_seen", indexed=True, fast=True)
    builder.add_bytes_field("post", stored=True)
    return builder.build()


@contextlib.contextmanager
def _backend(folder: Path) -> Iterator[None]:
    """Turn tantivy's and the system's errors into ours, chained."""
    try:
        yield
    except (ValueError, OSError) as cause:
        detail = str(cause)
        if "No space left" in detail or "os error 28" in detail or "StorageFull" in detail:
            raise StorageFull("storage_full", what="index") from cause
        if "LockBusy" in detail or "Failed to acquire" in detail:
            raise BackendError("index_locked", path=str(folder)) from cause
        raise BackendError("index_failed", detail=detail[:200]) from cause


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Opened:
    """One generation, opened, and the state of meta.json that its searcher shows."""

    name: str
    index: Any
    stamp: tuple[int, int]


class TantivyIndex:
    """Index (see `ports`) in `folder`. A second writer is BackendError("index_locked")."""

    def __init__(self, folder: Path, writer: bool) -> None:
        self._folder = folder
        self._schema = _schema()
        self._opened: _Opened | None = None
        self._writer: Any = None
        if writer:
            with _backend(folder):
                self._create()
                self._writer = self._open(self._current() or FIRST).writer(_HEAP, 1)

    def put(self, posts: Sequence[Post]) -> None:
        """Add or replace posts by id; older versions than those held are ignored. One commit."""
        if self._writer is None:
            raise BackendError("index_read_only", path=str(self._folder))
        with _backend(self._folder):
            newest = self._newer(posts)
            if not newest:
                return
            try:
                for post in newest:
                    self._writer.delete_documents_by_term("id", post.id)
                    self._writer.add_document(self._document(post))
                self._writer.commit()
            except (ValueError, OSError):
                with contextlib.suppress(ValueError, OSError):
                    self._writer.rollback()
                raise

    def get(self, post: str) -> Post | None:
        """Return the post with this id."""
        with _backend(self._folder):
            searcher = self._searcher()
            found = _found(searcher, self._term("id", post), 1) if searcher else []
            return found[0] if found else None

    def search(self, query: Query) -> Page:
        """Return a page, newest first seen first, then by id."""
        with _backend(self._folder):
            searcher = self._searcher()
            if searcher is None:
                return Page((), 0, None)
            total = searcher.search(self._query(query), limit=1, count=True).count
            posts = self._from(searcher, query, query.limit + 1)
            more = len(posts) > query.limit
            posts = posts[: query.limit]
            return Page(tuple(posts), total, _cursor(posts[-1]) if more and posts else None)

    def counts(self, query: Query) -> Counts:
        """Count what `query` finds by topic, by place and by day of the query's zone."""
        with _backend(self._folder):
            searcher = self._searcher()
            if searcher is None:
                return Counts({}, {}, {})
            wanted = self._query(query)
            asked = {name: {"terms": {"field": name, "size": _MANY}} for name in ("topics", "places")}
            asked |= {name: {name: {"field": "first_seen"}} for name in ("min", "max")}
            answer = searcher.aggregate(wanted, asked)
            return Counts(
                _terms(answer["topics"]), _terms(answer["places"]), _days(searcher, wanted, answer, query.zone)
            )

    def close(self) -> None:
        """Finish merges and let the writer's lock go."""
        if self._writer is not None:
            with _backend(self._folder):
                self._writer.wait_merging_threads()
        self._writer = self._opened = None

    def _create(self) -> None:
        """Make the first generation and the pointer to it where there is none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._current() is not None:
            return
        generation = self._folder / FIRST
        generation.mkdir(exist_ok=True)
        if not tantivy.Index.exists(str(generation)):
            tantivy.Index(self._schema, str(generation))
        draft = self._folder / f"{POINTER}.new"
        with draft.open("w", encoding="ascii") as file:
            file.write(FIRST)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / POINTER)

    def _current(self) -> str | None:
        try:
            return (self._folder / POINTER).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None

    def _open(self, name: str) -> Any:
        index = tantivy.Index.open(str(self._folder / name))
        words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        index.register_tokenizer(_WORDS, words)
        index.config_reader(reload_policy="manual")
        return index

    def _searcher(self) -> Any:
        """Return a searcher that shows the last commit of the generation in use, None before there is one."""
        name = self._current()
        if name is None:
            return None
        status = (self._folder / name / "meta.json").stat()
        stamp = (status.st_mtime_ns, status.st_ino)
        if self._opened is None or self._opened.name != name:
            self._opened = _Opened(name, self._open(name), stamp)
            self._opened.index.reload()
        elif self._opened.stamp != stamp:
            self._opened.index.reload()
            self._opened = _Opened(name, self._opened.index, stamp)
        return self._opened.index.searcher()

    def _newer(self, posts: Sequence[Post]) -> list[Post]:
        """Return the posts of the newest version for each id, where the index holds no newer one."""
        newest: dict[str, Post] = {}
        for post in posts:
            if post.id not in newest or newest[post.id].version <= post.version:
                newest[post.id] = post
        searcher = self._searcher()
        terms = [tantivy.Query.term_set_query(self._schema, "id", list(newest))] if newest and searcher else []
        held = {post.id: post.version for term in terms for post in _found(searcher, term, len(newest))}
        return [post for post in newest.values() if held.get(post.id, 0) <= post.version]

    def _document(self, post: Post) -> Any:
        document = tantivy.Document()
        for name, value in (("id", post.id), ("outlet", post.outlet), ("story", post.story)):
            document.add_text(name, value)
        places = {code for tag in post.places for code in (*ancestors(tag.code), tag.code)}
        for code in sorted(places):
            document.add_text("places", code)
        for hit in post.topics:
            document.add_text("topics", hit.topic)
        document.add_text("title_words", post.title_words)
        document.add_text("text_words", post.text_words)
        document.add_integer("first_seen", _micros(post.first_seen))
        document.add_bytes("post", codec.encode(post))
        return document

    def _term(self, field: str, value: str) -> Any:
        return tantivy.Query.term_query(self._schema, field, value, index_option="basic")

    def _query(self, query: Query) -> Any:
        """Return everything that `query` asks but its place in the result."""
        parts = [tantivy.Query.all_query()]
        for word in query.words:
            either = [(_SHOULD, self._term(field, word.casefold())) for field in ("title_words", "text_words")]
            parts.append(tantivy.Query.boolean_query(either))
        asked = (
            ("places", query.places),
            ("topics", query.topics),
            ("outlet", query.outlets),
            ("story", query.stories),
        )
        for field, values in asked:
            if values:
                parts.append(tantivy.Query.boolean_query([(_SHOULD, self._term(field, value)) for value in values]))
        if query.since is not None or query.until is not None:
            first = None if query.since is None else _micros(query.since)
            last = None if query.until is None else _micros(query.until) - 1
            parts.append(self._between(first, last))
        return tantivy.Query.boolean_query([(_MUST, part) for part in parts])

    def _between(self, first: int | None, last: int | None) -> Any:
        """Return first seen from `first` to `last`, both inclusive, in microseconds since 1970."""
        return tantivy.Query.range_query(self._schema, "first_seen", tantivy.FieldType.Integer, first, last)

    def _from(self, searcher: Any, query: Query, size: int) -> list[Post]:
        """Return up to `size` posts after the cursor. Posts of one instant are read together and sorted by id."""
        wanted = self._query(query)
        posts: list[Post] = []
        before: int | None = None
        if query.after is not None:
            instant, _, last = query.after.partition("-")
            before = int(instant)
            posts = [post for post in self._instant(searcher, wanted, before) if post.id > last]
        while len(posts) < size:
            rest = wanted if before is None else _both(wanted, self._between(None, before - 1))
            top = _found(searcher, rest, size - len(posts), newest=True)
            if not top:
                break
            before = _micros(top[-1].first_seen)
            newer = [post for post in top if _micros(post.first_seen) > before]
            posts += sorted(newer, key=lambda post: (-_micros(post.first_seen), post.id))
            posts += self._instant(searcher, wanted, before)
        return posts[:size]

    def _instant(self, searcher: Any, wanted: Any, at: int) -> list[Post]:
        found = _found(searcher, _both(wanted, self._between(at, at)), _MANY)
        return sorted(found, key=lambda post: post.id)


def _both(one: Any, other: Any) -> Any:
    return tantivy.Query.boolean_query([(_MUST, one), (_MUST, other)])


def _found(searcher: Any, query: Any, limit: int, newest: bool = False) -> list[Post]:
    order = {"order_by_field": "first_seen"} if newest else {}
    hits = searcher.search(query, limit=max(1, limit), count=False, **order).hits
    return [codec.decode(Post, bytes(searcher.doc(address).get_first("post"))) for _, address in hits]


def _cursor(post: Post) -> str:
    return f"{_micros(post.first_seen)}-{post.id}"


def _terms(answer: Any) -> dict[str, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in answer["buckets"]}


def _days(searcher: Any, wanted: Any, answer: Any, zone: str) -> dict[str, int]:
    """Count by day of `zone`; bounds are the zone's own midnights, so days of 23 and 25 hours are right."""
    if answer["min"]["value"] is None:
        return {}
    first, last = (int(answer[name]["value"]) for name in ("min", "max"))
    local = ZoneInfo(zone)
    day = (_EPOCH + timedelta(microseconds=first)).astimezone(local).date()
    end = (_EPOCH + timedelta(microseconds=last)).astimezone(local).date()
    days = [day + timedelta(days=number) for number in range((end - day).days + 2)]
    bounds = [_micros(datetime(one.year, one.month, one.day, tzinfo=local)) for one in days]
    ranges = [{"from": begin, "to": until} for begin, until in pairwise(bounds)]
    asked = {"days": {"range": {"field": "first_seen", "ranges": ranges}}}
    buckets = searcher.aggregate(wanted, asked)["days"]["buckets"]
    found = {int(bucket["from"]): bucket["doc_count"] for bucket in buckets if "from" in bucket and "to" in bucket}
    counted = ((one.isoformat(), found.get(bound, 0)) for one, bound in zip(days, bounds, strict=True))
    return {name: count for name, count in counted if count}
