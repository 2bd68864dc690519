"""One generation of the index: a tantivy index in a folder of its own.

put ─► newest versions ─► delete by id, add, commit (fsync)          a reader reloads when meta.json changes
search ─► newest first: by first seen, those of one instant by id │ best first: by score, those of one score by id
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import tantivy

from huiying.backends.index_tantivy_questions import Questions, micros
from huiying.core import codec
from huiying.core.errors import BackendError, StorageFull
from huiying.core.model import Post
from huiying.core.places import ancestors
from huiying.core.ports import Counts, Page, Query

_HEAP = 64_000_000
_WORDS = "words"
_MANY = 50_000
_VIEWS, _KEPT = 64, 60.0  # results kept for the pages that follow, seconds after the page before
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MUST = tantivy.Occur.Must


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("tier", "story"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("places", "topics", "outlet"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("title_words", "text_words"):
        builder.add_text_field(name, tokenizer_name=_WORDS, index_option="position")
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


class TantivyGeneration:
    """Generation (see `ports`) in `folder`, which `make` has made. A second writer is BackendError("index_locked")."""

    def __init__(self, folder: Path, writer: bool) -> None:
        self._folder = folder
        self._schema = _schema()
        self._lock = threading.Lock()
        self._writer: Any = None
        self._asks, self._ranks = Questions(self._schema), Questions(self._schema, ranked=True)
        self._views: dict[Query, tuple[float, Any]] = {}
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
            newest, held = self._newer(posts)
            for post in newest:
                if post.id in held:
                    writer.delete_documents_by_term("id", post.id)
                writer.add_document(self._document(post))
            if newest:
                writer.commit()

    def get(self, post: str) -> Post | None:
        """Return the post with this id."""
        with failures(self._folder):
            found = _found(self._searcher(), self._asks.term("id", post), 1)
            return found[0] if found else None

    def versions(self, posts: Sequence[str]) -> Mapping[str, int]:
        """Return the version held of each of these posts."""
        with failures(self._folder):
            terms = tantivy.Query.term_set_query(self._schema, "id", list(posts))
            found = _found(self._searcher(), terms, len(posts)) if posts else []
            return {post.id: post.version for post in found}

    def search(self, query: Query) -> Page:
        """Return a page, newest first seen first or best first, then by id."""
        with failures(self._folder):
            return self._best(query) if query.ranked() else self._newest(query)

    def counts(self, query: Query) -> Counts:
        """Count what `query` finds by topic, place, outlet and day of the query's zone."""
        with failures(self._folder):
            searcher = self._searcher()
            wanted = self._asks.of(query.condition())
            asked = {name: {"terms": {"field": name, "size": _MANY}} for name in ("topics", "places", "outlet")}
            asked |= {name: {name: {"field": "first_seen"}} for name in ("min", "max")}
            answer = searcher.aggregate(wanted, asked)
            topics, places, outlets = (_terms(answer[name]) for name in ("topics", "places", "outlet"))
            return Counts(topics, places, outlets, _days(searcher, wanted, answer, query.zone))

    def expire(self, before: date) -> int:
        """Delete whole months (UTC) that end before `before`; return how many held posts."""
        end = datetime(before.year, before.month, 1, tzinfo=UTC)
        months = 0
        with self._writing() as writer:
            searcher = self._searcher()
            while oldest := self._oldest(searcher, end):
                begin = datetime(oldest.year, oldest.month, 1, tzinfo=UTC)
                until = (begin + timedelta(days=31)).replace(day=1)
                writer.delete_documents_by_query(self._asks.between(None, micros(until) - 1))
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
        oldest = searcher.aggregate(self._asks.between(None, micros(before) - 1), asked)["min"]["value"]
        return None if oldest is None else _EPOCH + timedelta(microseconds=int(oldest))

    def _newer(self, posts: Sequence[Post]) -> tuple[list[Post], Mapping[str, int]]:
        """Return the posts of the newest version for each id, where the index holds no newer one, and what it holds."""
        newest: dict[str, Post] = {}
        for post in posts:
            if post.id not in newest or newest[post.id].version <= post.version:
                newest[post.id] = post
        held = self.versions(list(newest))
        return [post for post in newest.values() if held.get(post.id, 0) <= post.version], held

    def _document(self, post: Post) -> Any:
        document = tantivy.Document()
        for name, value in (("id", post.id), ("outlet", post.outlet), ("tier", post.tier), ("story", post.story)):
            document.add_text(name, value)
        places = {code for tag in post.places for code in (*ancestors(tag.code), tag.code)}
        for code in sorted(places):
            document.add_text("places", code)
        for hit in post.topics:
            document.add_text("topics", hit.topic)
        document.add_text("title_words", post.title_words)
        document.add_text("text_words", post.text_words)
        document.add_integer("first_seen", micros(post.first_seen))
        document.add_bytes("post", codec.encode(post))
        return document

    def _newest(self, query: Query) -> Page:
        """Return a page in the order of time. The posts of an instant that the page ends in are read together."""
        searcher, wanted, size = self._searcher(), self._asks.of(query.condition()), query.limit + 1
        held: list[_Hit] = []
        rest, before = wanted, None
        if query.after is not None:
            instant, _, last = query.after.partition("-")
            before = int(instant)
            held = [hit for hit in self._instant(searcher, wanted, before) if hit.id > last]
            rest = _both(wanted, self._asks.between(None, before - 1))
        # One more than the page and its follower need tells whether the last instant is whole.
        found = searcher.search(rest, limit=size + 1, count=True, order_by_field="first_seen")
        total = found.count if before is None else searcher.search(wanted, limit=1, count=True).count
        top = found.hits
        if len(top) > size:
            edge = top[-1][0]
            top = [hit for hit in top if hit[0] > edge]
            if len(held) + len(top) < size:
                held += sorted(_read(searcher, top), key=lambda hit: (-hit.key, hit.id))
                held, top = held + self._instant(searcher, wanted, edge), []
        held += sorted(_read(searcher, top), key=lambda hit: (-hit.key, hit.id))
        return _page(held, query.limit, total, lambda hit: f"{int(hit.key)}-{hit.id}")

    def _instant(self, searcher: Any, wanted: Any, at: int) -> list[_Hit]:
        found = searcher.search(
            _both(wanted, self._asks.between(at, at)), limit=_MANY, count=False, order_by_field="first_seen"
        )
        return sorted(_read(searcher, found.hits), key=lambda hit: hit.id)

    def _best(self, query: Query) -> Page:
        """Return a page in the order of scores, of the instant of the page before while that is kept."""
        rank, least, last = _place(query.after)
        searcher = self._view(query)
        held: list[_Hit] = []
        hits, total = self._hits(searcher, query, rank + query.limit + 1)
        for score, group in groupby(hits, key=lambda hit: hit[0]):
            if len(held) > query.limit:
                break
            if score <= least:
                tied = sorted(_read(searcher, group), key=lambda hit: hit.id)
                held += [hit for hit in tied if score < least or hit.id > last]
        following = rank + query.limit
        made = _page(held, query.limit, total, lambda hit: f"{following}~{hit.key!r}~{hit.id}")
        if made.next is not None:
            self._keep(replace(query, after=made.next, limit=0), searcher)
        return made

    def _hits(self, searcher: Any, query: Query, size: int) -> tuple[list[Any], int]:
        """Return at least the best `size` hits, with all that share the score of the last, and how many there are."""
        wanted = self._ranks.of(query.condition())
        while True:
            found = searcher.search(wanted, limit=size + 1, count=True)
            hits = found.hits
            if len(hits) <= size or hits[-1][0] < hits[-2][0] or size >= _MANY:
                return hits, found.count
            size = min(2 * size, _MANY)

    def _view(self, query: Query) -> Any:
        with self._lock:
            ends, searcher = self._views.get(replace(query, limit=0), (0.0, None))
        return searcher if query.after and ends > time.monotonic() else self._searcher()

    def _keep(self, key: Query, searcher: Any) -> None:
        now = time.monotonic()
        with self._lock:
            self._views[key] = now + _KEPT, searcher
            for other, (ends, _) in list(self._views.items()):
                if ends < now or len(self._views) > _VIEWS:
                    del self._views[other]


def _both(one: Any, other: Any) -> Any:
    return tantivy.Query.boolean_query([(_MUST, one), (_MUST, other)])


class _Hit(NamedTuple):
    """What was found, read and not decoded: what it is sorted by first, and its id."""

    key: float
    id: str
    document: Any

    def post(self) -> Post:
        return codec.decode(Post, bytes(self.document.get_first("post")))


def _read(searcher: Any, hits: Iterable[Any]) -> list[_Hit]:
    documents = ((key, searcher.doc(address)) for key, address in hits)
    return [_Hit(key, document.get_first("id"), document) for key, document in documents]


def _found(searcher: Any, query: Any, limit: int) -> list[Post]:
    return [hit.post() for hit in _read(searcher, searcher.search(query, limit=max(1, limit), count=False).hits)]


def _page(held: list[_Hit], limit: int, total: int, cursor: Callable[[_Hit], str]) -> Page:
    """Return the first `limit` of `held`; where there are more, a page follows."""
    shown = held[:limit]
    following = cursor(shown[-1]) if len(held) > limit and shown else None
    return Page(tuple(hit.post() for hit in shown), total, following)


def _place(after: str | None) -> tuple[int, float, str]:
    """Return how many posts stand before a page of the best, the score that ended the page before, and its id."""
    if after is None:
        return 0, float("inf"), ""
    rank, score, last = after.split("~")
    return int(rank), float(score), last


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
    bounds = [micros(datetime(one.year, one.month, one.day, tzinfo=local)) for one in days]
    ranges = [{"from": begin, "to": until} for begin, until in pairwise(bounds)]
    asked = {"days": {"range": {"field": "first_seen", "ranges": ranges}}}
    buckets = searcher.aggregate(wanted, asked)["days"]["buckets"]
    found = {int(bucket["from"]): bucket["doc_count"] for bucket in buckets if "from" in bucket and "to" in bucket}
    counted = ((one.isoformat(), found.get(bound, 0)) for one, bound in zip(days, bounds, strict=True))
    return {name: count for name, count in counted if count}
