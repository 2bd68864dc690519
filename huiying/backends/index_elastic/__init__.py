"""The index in Elasticsearch 8.19: any number of writers and readers.

put ─► slices, a few at once ─► months and generations there are ─► bulk ─► each item judged
    ─► again after a wait │ refused, for good │ done
search ─► a point in time, kept a minute for the pages that follow ─► search_after
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

import structlog
from elasticsearch import ApiError, NotFoundError

from huiying.backends.index_elastic.bulk import UNDER_WAY, Line, parts, send, slices, together
from huiying.backends.index_elastic.connection import ElasticSettings, beginning, connect, moved, translated
from huiying.backends.index_elastic.documents import document, read
from huiying.backends.index_elastic.generations import Generations
from huiying.backends.index_elastic.questions import aggregations, counted, cursor, filters, order, place
from huiying.core.errors import BackendError, Dead
from huiying.core.model import Post
from huiying.core.ports import Counts, Page, Query

__all__ = ["ElasticIndex", "ElasticSettings"]

T = TypeVar("T")
_KEPT = "1m"
_VIEWS = 256
_AT_ONCE = 5000  # index.max_result_window is 10,000 by default
_TRIES = 8  # with the waits below about 10 s; then the batch comes again from the log
_SETTLING = (0.1, 0.2, 0.4, 0.8)  # seconds; a new month has its alias a moment before its shards
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0

logger = structlog.get_logger("huiying.index")


class ElasticIndex:
    """Index (see `ports`) of one desk. A writer sees what it put at once, others within 0.5 s. For any thread.

    A put of several posts holds all but those that Elasticsearch refuses for good; these are raised together as one
    Dead("step_failed") whose `posts` are their ids and `reasons` why, in the same order.
    """

    def __init__(
        self,
        settings: ElasticSettings,
        writer: bool,
        *,
        generation: int | None = None,
        wait: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._writes = writer
        self._only = generation
        self._wait, self._chance = wait, chance
        self._client = connect(settings)
        self._generations = Generations(self._client, settings)
        alias = self._generations.alias
        self._names = alias if generation is None else f"{alias}.{generation}.*"
        self._threads = ThreadPoolExecutor(UNDER_WAY, "index")
        self._children: dict[int, ElasticIndex] = {}
        self._lock = threading.Lock()
        self._views: dict[Query, str] = {}
        self._installed = self._unseen = False

    def put(self, posts: Sequence[Post]) -> None:
        """Add or replace posts by id; older versions than those held are ignored. Refused ones are Dead, see above."""
        self._may_write()
        refused: dict[str, str] = {}
        with translated():
            self._install()
            for one in together(self._threads, self._put_some, slices(posts)):
                refused |= one
        if refused:
            detail = "; ".join(f"{id}: {reason}" for id, reason in refused.items())[:500]
            raise Dead(
                "step_failed", step="index", detail=detail, posts=tuple(refused), reasons=tuple(refused.values())
            )

    def get(self, post: str) -> Post | None:
        """Return the post with this id in its newest version, whatever its month."""
        with translated():
            body = {"query": {"ids": {"values": [post]}}, "sort": [{"version": "desc"}], "size": 1}
            hits = self._ask(body)["hits"]["hits"]
            return read(hits[0]) if hits else None

    def versions(self, posts: Sequence[str]) -> Mapping[str, int]:
        """Return the version held of each of these posts, at most 5,000 ids."""
        with translated():
            asked = {"query": {"ids": {"values": list(posts)}}, "docvalue_fields": ["version"], "_source": False}
            hits = self._ask(asked | {"size": len(posts)})["hits"]["hits"] if posts else []
            return {hit["_id"]: hit["fields"]["version"][0] for hit in hits}

    def search(self, query: Query) -> Page:
        """Return a page, newest first seen first or best first, then by id."""
        with translated():
            self._see_own()
            view = self._views.get(_key(query, query.after)) if query.after else None
            try:
                # The view ends with its minute, its month or its generation; the order holds in any other.
                return _again(lambda: self._page(query, view), lambda: self._page(query, None), self._wait)
            except NotFoundError:
                return Page((), 0, None)

    def counts(self, query: Query) -> Counts:
        """Count what `query` finds by topic, place, outlet and day of the query's zone."""
        with translated():
            body = {"query": filters(query), "aggs": aggregations(query.zone), "size": 0}
            answer = self._ask(body)
            return counted(answer["aggregations"]) if "aggregations" in answer else Counts({}, {}, {}, {})

    def expire(self, before: date) -> int:
        """Drop the indices of whole months (UTC) that end before `before`; return how many months were in use."""
        self._may_write()
        with translated():
            return self._generations.expire(f"{before:%Y-%m}")

    def generations(self) -> tuple[int, int | None]:
        """Return the number of the generation behind the alias, and of the one being filled."""
        with translated():
            layout = self._generations.layout()
            return layout.reading, layout.building

    def begin_generation(self) -> int:
        """Begin a new generation and return its number; puts from now on go to it too, searches do not.

        Fill it by `generation(number)` and a log group of its own, `switch(number)`, and refill once more for what was
        put by writers that had looked just before. An unfinished generation is dropped.
        """
        self._may_write()
        with translated():
            return self._generations.begin()

    def generation(self, number: int) -> ElasticIndex:
        """Return an index that writes to and reads from generation `number` only, closed with this one."""
        with self._lock:
            if number not in self._children:
                self._children[number] = ElasticIndex(
                    self._settings, self._writes, generation=number, wait=self._wait, chance=self._chance
                )
            return self._children[number]

    def switch(self, number: int) -> None:
        """Let every reader search generation `number` from now on, with no instant between, and delete the others."""
        self._may_write()
        with translated():
            self._generations.switch(number)

    def close(self) -> None:
        """End the views that are open and let threads and connections go."""
        for child in self._children.values():
            child.close()
        self._threads.shutdown()
        views, self._views = set(self._views.values()), {}
        for view in views:
            self._end(view)
        self._client.close()

    def _may_write(self) -> None:
        if not self._writes:
            raise BackendError("index_read_only", path=self._generations.alias)

    def _install(self) -> None:
        if not self._installed:
            self._generations.install()
            self._installed = True

    def _put_some(self, posts: Sequence[Post]) -> dict[str, str]:
        refused: dict[str, str] = {}
        for part in parts([Line(post, document(post)) for post in posts]):
            refused |= self._put(part)
        return refused

    def _put(self, lines: list[Line]) -> dict[str, str]:
        """Write `lines` until none is left; return why some were refused."""
        refused: dict[str, str] = {}
        for wait in self._waits():
            layout = self._generations.ready((line.post.month for line in lines), self._only)
            targets = layout.targets(self._only)
            self._unseen = True
            outcome = send(
                self._client,
                [(self._generations.name(one, line.post.month), line) for line in lines for one in targets],
            )
            refused |= outcome.refused
            lines = [line for line in lines if line.post.id in outcome.again]
            if not lines:
                return refused
            logger.warning("index busy", posts=len(lines), wait=round(wait, 2))
            self._wait(wait)
        raise BackendError("index_failed", detail=f"429: busy, {len(lines)} posts not taken")

    def _waits(self) -> Iterator[float]:
        """Yield a wait for each try, doubled each time; a random half of it keeps writers from coming in step."""
        for number in range(_TRIES):
            yield min(_LONGEST_WAIT, _FIRST_WAIT * 2**number) * (0.5 + self._chance() / 2)

    def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """Search with an answer from every shard or none."""
        self._see_own()

        def ask() -> dict[str, Any]:
            answer = self._client.search(
                index=self._names, ignore_unavailable=True, allow_partial_search_results=False, **body
            )
            return dict(answer.body)

        return _again(ask, ask, self._wait)

    def _see_own(self) -> None:
        # A generation that is being filled refreshes seldom, and other writers put to it too.
        if self._unseen or self._only is not None:
            self._generations.refresh(self._names)
            self._unseen = False

    def _page(self, query: Query, view: str | None) -> Page:
        """Read one page of `view` or of a new one, and keep the view where another page follows."""
        if view is None:
            view = str(self._client.open_point_in_time(index=self._names, keep_alive=_KEPT)["id"])
        hits: list[dict[str, Any]] = []
        ranked, sort = query.ranked(), order(query)
        after = None if query.after is None else place(query.after, ranked)
        total = 0
        while len(hits) <= query.limit:
            size = min(_AT_ONCE, query.limit + 1 - len(hits))
            answer = self._client.search(
                pit={"id": view, "keep_alive": _KEPT},
                query=filters(query),
                sort=sort,
                search_type="dfs_query_then_fetch" if ranked else "query_then_fetch",
                size=size,
                track_total_hits=True,
                allow_partial_search_results=False,
                search_after=after,
            )
            view, total, found = answer["pit_id"], answer["hits"]["total"]["value"], answer["hits"]["hits"]
            hits += found
            if len(found) < size:
                break
            after = found[-1]["sort"][: len(sort)]
        posts = tuple(read(hit) for hit in hits[: query.limit])
        if len(hits) <= query.limit or not posts:
            if query.after is None:
                self._end(view)
            return Page(posts, total, None)
        following = cursor(posts[-1], hits[query.limit - 1]["sort"], ranked)
        self._keep(query, following, view)
        return Page(posts, total, following)

    def _keep(self, query: Query, after: str, view: str) -> None:
        with self._lock:
            self._views[_key(query, after)] = view
            while len(self._views) > _VIEWS:
                del self._views[next(iter(self._views))]

    def _end(self, view: str) -> None:
        """End a view; the server ends it anyway a minute after its last use."""
        with contextlib.suppress(BackendError), translated():
            self._client.options(request_timeout=2).close_point_in_time(id=view)


def _again(first: Callable[[], T], then: Callable[[], T], wait: Callable[[float], None]) -> T:
    """Return what `first` does, or `then` where the indices moved under it; wait for shards that just began."""
    try:
        return first()
    except ApiError as cause:
        if not moved(cause):
            raise
    for seconds in _SETTLING:
        try:
            return then()
        except ApiError as cause:
            if not beginning(cause):
                raise
        wait(seconds)
    return then()


def _key(query: Query, after: str | None) -> Query:
    """Return what the pages of one result have in common, and where in it one begins."""
    return replace(query, after=after, limit=0)
