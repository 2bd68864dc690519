"""Filling a new generation of the index from POSTS_READY, slice by slice, while searching and indexing go on.

POSTS_READY ─ fill, group of its own ─► new generation ─ check, another group ─► what lacks is put ─► switch ─► the rest

Every step is found in the index and in the log's groups, so that a kill at any instant costs one slice. The generation
is switched to only when a second reading of POSTS_READY has found every post in it, but the refused ones. Posts whose
records are older than the log's retention cannot be filled in again: they are lost to searches by a reindexing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from huiying.core import codec
from huiying.core.errors import Dead
from huiying.core.model import Post, Topic
from huiying.core.ports import Generation, Index, Log, Query, Record

_SLICE = 256  # some 60 ms, so that a post found meanwhile hardly waits

logger = structlog.get_logger("huiying.refill")


def offer(index: Generation, posts: Sequence[Post]) -> dict[str, Dead]:
    """Put `posts`; return why some can never be held, by id. All others are durable."""
    try:
        index.put(posts)
    except Dead as why:
        ids, reasons = why.fields.get("posts"), why.fields.get("reasons")
        if not isinstance(ids, tuple) or not isinstance(reasons, tuple):
            raise
        return {id: Dead(why.code, step="index", detail=reason) for id, reason in zip(ids, reasons, strict=True)}
    return {}


@dataclass(frozen=True, slots=True)
class _Groups:
    """The log groups that fill and check one generation for one request."""

    fill: str
    check: str


def _groups(request: str, generation: int) -> _Groups:
    return _Groups(f"{request}-{generation}", f"{request}-{generation}-check")


def progress(log: Log, index: Index, request: str) -> tuple[int, int]:
    """Return how many readings of a record `request` has done, and how many it takes: each is filled in and checked."""
    used, building = index.generations()
    groups = _groups(request, used if building is None else building)
    (held, filling), (_, checking) = (log.size(Topic.POSTS_READY, group) for group in (groups.fill, groups.check))
    return 2 * held - filling - checking, 2 * held


class Reindexing:
    """Carries out what `wanted` asks for, one slice a step. `wanted` names the request, a new name for each; `done`
    is called with it at the end."""

    def __init__(self, log: Log, index: Index, wanted: Callable[[], str | None], done: Callable[[str], None]) -> None:
        self._log = log
        self._index = index
        self._wanted = wanted
        self._done = done
        self._switched: str | None = None

    def step(self, oldest: str) -> int:
        """Handle one slice of at most 256 records; return how many it held. Posts of months before `oldest` are left.

        Raises BackendError; nothing is lost by it, the next step goes on.
        """
        request = self._wanted()
        if request is None:
            return 0
        used, number = self._index.generations()
        if number is None and self._is_switched(request, used):
            return self._rest(request, used, oldest)
        if number is None:
            number = self._index.begin_generation()
            logger.info("reindexing", request=request, generation=number)
        return self._build(request, number, oldest)

    def _build(self, request: str, number: int, oldest: str) -> int:
        groups, target = _groups(request, number), self._index.generation(number)
        if handled := self._slice(target, groups.fill, oldest, check=False):
            return handled
        if self._waiting(groups.fill):
            return 0
        if handled := self._slice(target, groups.check, oldest, check=True):
            return handled
        if not self._waiting(groups.check):
            self._switch(request, number)
        return 0

    def _switch(self, request: str, number: int) -> None:
        before = self._index.search(Query(limit=1)).total
        self._index.switch(number)
        self._switched = request
        after = self._index.search(Query(limit=1)).total
        logger.info("index switched", request=request, generation=number, posts_before=before, posts_after=after)

    def _is_switched(self, request: str, used: int) -> bool:
        """Say whether the generation in use was built for `request`: its check group has read something then."""
        if self._switched == request:
            return True
        held, waiting = self._log.size(Topic.POSTS_READY, _groups(request, used).check)
        return waiting < held

    def _rest(self, request: str, used: int, oldest: str) -> int:
        """Put what a writer that had looked just before the generation was begun wrote to the old one alone."""
        group = _groups(request, used).fill
        handled = self._slice(self._index.generation(used), group, oldest, check=True)
        if not handled and not self._waiting(group):
            self._done(request)
            logger.info("reindexed", request=request, generation=used)
        return handled

    def _waiting(self, group: str) -> int:
        """Return how many records `group` has still to read: a poll may also be empty while a group is divided."""
        return self._log.size(Topic.POSTS_READY, group)[1]

    def _slice(self, target: Generation, group: str, oldest: str, *, check: bool) -> int:
        records = self._log.poll(Topic.POSTS_READY, group, _SLICE)
        posts = [post for post in _readable(records) if post.month >= oldest]
        if check and posts:
            held = target.versions([post.id for post in posts])
            posts = [post for post in posts if held.get(post.id, 0) < post.version]
        if posts:
            _say(offer(target, posts))
        if records:
            self._log.commit(group, records)
        return len(records)


def _readable(records: Sequence[Record]) -> list[Post]:
    posts: list[Post] = []
    for record in records:
        try:
            posts.append(codec.decode(Post, record.value))
        except Dead as why:
            logger.warning("not filled in", post=record.key, reason=str(why))
    return posts


def _say(refused: dict[str, Dead]) -> None:
    for id, why in refused.items():
        logger.warning("not filled in", post=id, reason=str(why))
