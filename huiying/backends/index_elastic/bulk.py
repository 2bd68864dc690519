"""Writing posts: a bulk request, and what each of its items came to.

posts ─► slices of 500, three under way at once ─► parts of at most 8 MB ─► bulk
      ─► each item: done │ again │ refused with a reason │ failure raised

201, 200  done          409  an older version than the one held: done          400  refused, for good
404       its index was dropped meanwhile: again          429  again, later          all else  BackendError
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

from elasticsearch import ApiError, Elasticsearch
from pydantic_core import to_json

from huiying.backends.index_elastic.connection import failure, said
from huiying.core.errors import BackendError, StorageFull
from huiying.core.model import Post

# With 1, 2, 3 and 4 requests of 500 posts under way: 2,700, 4,050, 4,400 and 4,300 posts/s on two cores that the server
# has its share of; with 250 posts 4 % less.
UNDER_WAY = 3
_POSTS = 500
_BYTES = 8_000_000  # a tenth of http.max_content_length, 100 MB by default
# Half of what a server says of each item is never read: parsing it cost a tenth of the rate.
_READ = ("items.*._id", "items.*._index", "items.*.status", "items.*.error")
_BUSY, _REFUSED, _GONE, _OLDER = 429, 400, 404, 409


@dataclass(frozen=True, slots=True)
class Line:
    """A post and its document."""

    post: Post
    document: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """Ids of posts that must be sent again, and why each refused post can never be held."""

    again: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)


T = TypeVar("T")


def slices(posts: Sequence[Post]) -> list[list[Post]]:
    """Cut `posts` into what one thread writes. Of several versions of a post only the newest is left, or the last."""
    newest: dict[str, Post] = {}
    for post in posts:
        if post.id not in newest or newest[post.id].version <= post.version:
            newest[post.id] = post
    left = list(newest.values())
    return [left[start : start + _POSTS] for start in range(0, len(left), _POSTS)]


def together(threads: Executor, act: Callable[[list[Post]], T], given: Sequence[list[Post]]) -> list[T]:
    """Return what `act` makes of each; all have ended when this returns, or raises what one raised."""
    if len(given) < 2:
        return [act(one) for one in given]
    running = [threads.submit(act, one) for one in given]
    try:
        return [one.result() for one in running]
    finally:
        for one in running:
            one.cancel()
        wait(running)


def parts(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Cut `lines`, in order, into what one request carries."""
    part: list[Line] = []
    size = 0
    for line in lines:
        if part and (len(part) == _POSTS or size + len(line.document) > _BYTES):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line.document)
    if part:
        yield part


def send(client: Elasticsearch, lines: Sequence[tuple[str, Line]]) -> Outcome:
    """Write each line to the index named with it. What the answer calls done is durable (translog, on every copy)."""
    operations: list[Any] = []
    for index, line in lines:
        # external_gte, so that a post whose batch comes again is no conflict and heals what differs.
        header = {"_index": index, "_id": line.post.id, "version": line.post.version, "version_type": "external_gte"}
        operations += [to_json({"index": header}), line.document]
    try:
        items = client.bulk(operations=operations, filter_path=_READ)["items"]
    except ApiError as cause:
        if cause.status_code != _BUSY or isinstance(failure(_BUSY, said(cause.body)), StorageFull):
            raise
        return Outcome(again={line.post.id for _, line in lines})
    return _read(lines, items)


def _read(lines: Sequence[tuple[str, Line]], items: Sequence[Any]) -> Outcome:
    """Judge every item; an answer that does not fit the question acknowledges nothing."""
    outcome = Outcome()
    if len(items) != len(lines):
        raise BackendError("index_failed", detail=f"{len(items)} answers to {len(lines)} posts")
    for (index, line), item in zip(lines, items, strict=True):
        told = item["index"]
        id, status = line.post.id, told["status"]
        if (told["_id"], told["_index"]) != (id, index):
            raise BackendError("index_failed", detail=f"an answer for {told['_id']} instead of {id}")
        if status in (200, 201, _OLDER):
            continue
        reason = said(told.get("error"))
        refusal = failure(status, reason)
        if status == _REFUSED:
            outcome.refused[id] = reason[:200]
        elif status in (_BUSY, _GONE) and not isinstance(refusal, StorageFull):
            outcome.again.add(id)
        else:
            raise refusal
    return outcome
