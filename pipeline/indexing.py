"""The process role's second loop: POSTS_READY in, the index out; at least once, versions make it idempotent.

POSTS_READY ─ poll, group "index" ─► index.put(batch) ─► commit       what the index refuses for good is dead
then a slice of a reindexing that is wanted, and once a day what retention lets go

It runs beside the first loop with a log of its own: an index that is away delays no alert, it only falls behind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from huiying.core import codec
from huiying.core.consume import Counters, consume
from huiying.core.errors import Dead
from huiying.core.model import Post, Topic
from huiying.core.ports import Clock, Index, Log, Record
from pipeline.reindexing import Reindexing, offer

GROUP = "index"
_BATCH = 512  # fewer, larger requests; a shorter poll is taken as it comes
_AGAIN = timedelta(hours=1)


class Indexing:
    """Keep the index what POSTS_READY says, one batch a tick.

    `group` reads for this index: a new one for an index that begins empty. `months` is how many whole months of posts
    the index keeps beside the present one, 0 for all. `wanted` names a reindexing that is asked for, `done` is told
    when it is carried out; only one process of a desk may be given them.
    """

    def __init__(
        self,
        log: Log,
        index: Index,
        clock: Clock,
        *,
        group: str = GROUP,
        months: int = 0,
        wanted: Callable[[], str | None] = lambda: None,
        done: Callable[[str], None] = lambda request: None,
    ) -> None:
        self.counters = Counters()
        self._log = log
        self._index = index
        self._clock = clock
        self._group = group
        self._months = months
        self._reindexing = Reindexing(log, index, wanted, done)
        self._expiring: datetime | None = None

    def tick(self) -> int:
        """Handle one batch; return how many records it held. A BackendError leaves it to come again."""
        oldest = self._oldest()
        handled = consume(
            self._log, Topic.POSTS_READY, self._group, lambda records: self._put(records, oldest), self.counters, _BATCH
        )
        self._expire(oldest)
        # Not counted: a loop that only reindexes has nothing ready left to do, and says so.
        self._reindexing.step("" if oldest is None else f"{oldest:%Y-%m}")
        return handled

    def _put(self, records: list[Record], oldest: date | None) -> list[Dead | None]:
        read = [_read(record) for record in records]
        posts = [post for post in read if isinstance(post, Post) and not _is_older(post, oldest)]
        refused = offer(self._index, posts) if posts else {}
        return [refused.get(post.id) if isinstance(post, Post) else post for post in read]

    def _expire(self, oldest: date | None) -> None:
        """Let go of months that the index no longer keeps, once a day; what fails is tried again in an hour."""
        now = self._clock.now()
        if oldest is None or (self._expiring is not None and now < self._expiring):
            return
        self._expiring = now + _AGAIN
        self._index.expire(oldest)
        self._expiring = now + timedelta(days=1)

    def _oldest(self) -> date | None:
        """Return the first day of the oldest month that the index keeps, None where it keeps all."""
        if not self._months:
            return None
        today = self._clock.now().date()
        month = today.year * 12 + today.month - 1 - self._months
        return date(month // 12, month % 12 + 1, 1)


def _read(record: Record) -> Post | Dead:
    try:
        return codec.decode(Post, record.value)
    except Dead as why:
        return why


def _is_older(post: Post, oldest: date | None) -> bool:
    return oldest is not None and post.month < f"{oldest:%Y-%m}"
