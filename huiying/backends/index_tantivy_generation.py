"""One generation of the index: a tantivy index in a folder of its own.

put ─► newest versions ─► delete by id, add, commit (fsync)          a reader reloads when meta.json changes
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
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


def make(folder: Path) -> None:
    """Make an empty generation in `folder` where there is none."""
    folder.mkdir(exist_ok=True)
    if not exists(folder):
        tantivy.Index(_schema(), str(folder))


def exists(folder: Path) -> bool:
    """Say whether `folder` holds a generation."""
    return folder.is_dir() and bool(tantivy.Index.exists(str(folder)))


@contextlib.contextmanager
def failures(folder: Path) -> Iterator[None]:
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


class TantivyGeneration:
    """Generation (see `ports`) in `folder`, which `make` has made. A second writer is BackendError("index_locked")."""

    def __init__(self, folder: Path, writer: bool) -> None:
        self._folder = folder
        self._schema = _schema()
        self._lock = threading.Lock()
        self._writer: Any = None
        with failures(folder):
            self._index = tantivy.Index.open(str(folder))
            words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer(_WORDS, words)
            self._index.config_reader(reload_policy="manual")
            self._stamp = (0, 0)
            if writer:
                self._writer = self._index.writer(_HEAP, 1)

    def put(self, posts: Sequence[Post]) -> None:
        """Add or replace posts by id; older versions than those held are ignored. One commit."""
        with self._writing() as writer:
            newest = self._newer(posts)
            for post in newest:
                writer.delete_documents_by_term("id", post.id)
                writer.add_document(self._document(post))
            if newest:
                writer.commit()

    def get(self, post: str) -> Post | None:
        """Return the post with this id."""
        with failures(self._folder):
            found = _found(self._searcher(), self._term("id", post), 1)
            return found[0] if found else None

    def versions(self, posts: Sequence[str]) -> Mapping[str, int]:
        """Return the version held of each of these posts."""
        with failures(self._folder):
            terms = tantivy.Query.term_set_query(self._schema, "id", list(posts))
            found = _found(self._searcher(), terms, len(posts)) if posts else []
            return {post.id: post.version for post in found}

    def search(self, query: Query) -> Page:
        """Return a page, newest first seen first, then by id."""
        with failures(self._folder):
            searcher = self._searcher()
            total = searcher.search(self._query(query), limit=1, count=True).count
            posts = self._from(searcher, query, query.limit + 1)
            more = len(posts) > query.limit
            posts = posts[: query.limit]
            return Page(tuple(posts), total, _cursor(posts[-1]) if more and posts else None)

    def counts(self, query: Query) -> Counts:
        """Count what `query` finds by topic, by place and by day of the query's zone."""
        with failures(self._folder):
            searcher = self._searcher()
            wanted = self._query(query)
            asked = {name: {"terms": {"field": name, "size": _MANY}} for name in ("topics", "places")}
            asked |= {name: {name: {"field": "first_seen"}} for name in ("min", "max")}
            answer = searcher.aggregate(wanted, asked)
            return Counts(
                _terms(answer["topics"]), _terms(answer["places"]), _days(searcher, wanted, answer, query.zone)
            )

    def expire(self, before: date) -> int:
        """Delete whole months (UTC) that end before `before`; return how many held posts."""
        end = datetime(before.year, before.month, 1, tzinfo=UTC)
        months = 0
        with self._writing() as writer:
            searcher = self._searcher()
            while oldest := self._oldest(searcher, end):
                begin = datetime(oldest.year, oldest.month, 1, tzinfo=UTC)
                until = (begin + timedelta(days=31)).replace(day=1)
                writer.delete_documents_by_query(self._between(None, _micros(until) - 1))
                writer.commit()
                searcher = self._searcher()
                months += 1
        return months

    def close(self) -> None:
        """Finish merges and let the writer's lock go."""
        with self._lock:
            writer, self._writer = self._writer, None
            if writer is not None:
                with failures(self._folder):
                    writer.wait_merging_threads()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Any]:
        """Give the writer to one thread; what it did not commit is taken back when it fails."""
        with self._lock, failures(self._folder):
            if self._writer is None:
                raise BackendError("index_failed", detail=f"{self._folder.name} takes no posts")
            try:
                yield self._writer
            except (ValueError, OSError):
                with contextlib.suppress(ValueError, OSError):
                    self._writer.rollback()
                raise

    def _searcher(self) -> Any:
        """Return a searcher that shows the last commit."""
        status = (self._folder / "meta.json").stat()
        stamp = (status.st_mtime_ns, status.st_ino)
        if self._stamp != stamp:
            self._index.reload()
            self._stamp = stamp
        return self._index.searcher()

    def _oldest(self, searcher: Any, before: datetime) -> datetime | None:
        """Return when the oldest post first seen before `before` was."""
        asked = {"min": {"min": {"field": "first_seen"}}}
        oldest = searcher.aggregate(self._between(None, _micros(before) - 1), asked)["min"]["value"]
        return None if oldest is None else _EPOCH + timedelta(microseconds=int(oldest))

    def _newer(self, posts: Sequence[Post]) -> list[Post]:
        """Return the posts of the newest version for each id, where the index holds no newer one."""
        newest: dict[str, Post] = {}
        for post in posts:
            if post.id not in newest or newest[post.id].version <= post.version:
                newest[post.id] = post
        held = self.versions(list(newest))
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
