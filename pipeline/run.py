"""The process role: POSTS_FOUND in, the index and POSTS_READY out; at least once, every effect idempotent.

poll ─► decode ─► steps ─► story ─► Post ─┐ each record
        index.put(all) ─► POSTS_READY ─► commit   the batch
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from huiying.core import codec
from huiying.core.config import Desk
from huiying.core.consume import Counters, consume
from huiying.core.errors import Dead
from huiying.core.model import Found, Post, Topic
from huiying.core.ports import Clock, Index, Log, Record
from huiying.core.states import Candidate, Store
from pipeline.steps import Reading, Tools, ready, run_steps, tools_for
from pipeline.stories import WINDOW, choose

GROUP = "process"
_BATCH = 64


class Process:
    """Handle found posts, one batch a tick, with the newest recorded configuration."""

    def __init__(
        self,
        desk_of: Callable[[], tuple[int, Desk]],
        desk_id: str,
        log: Log,
        index: Index,
        store: Store,
        clock: Clock,
    ) -> None:
        self.counters = Counters()
        self._desk_of = desk_of
        self._desk_id = desk_id
        self._log = log
        self._index = index
        self._store = store
        self._clock = clock
        self._number: int | None = None
        self._desk: Desk
        self._tools: Tools
        self._expired: date | None = None

    def tick(self) -> int:
        """Handle one batch; return how many records it held. A BackendError leaves it to come again."""
        self._configure()
        handled = consume(self._log, Topic.POSTS_FOUND, GROUP, self._handle, self.counters, _BATCH)
        self._forget()
        return handled

    def _configure(self) -> None:
        """Build the tools anew when another configuration has been recorded."""
        number, desk = self._desk_of()
        if number != self._number:
            self._tools = tools_for(desk)
            self._number, self._desk = number, desk

    def _handle(self, records: list[Record]) -> list[Dead | None]:
        posts: list[Post] = []
        fates: list[Dead | None] = []
        for record in records:
            try:
                posts += self._post(codec.decode(Found, record.value))
                fates.append(None)
            except Dead as why:
                fates.append(why)
        if posts:
            self._index.put(posts)
            self._log.append(Topic.POSTS_READY, [(post.id, codec.encode(post)) for post in posts])
        return fates

    def _post(self, found: Found) -> list[Post]:
        """Return the ready post; none for a record of another desk that shares the log."""
        if found.desk != self._desk_id:
            return []
        outlet = self._desk.outlet(found.outlet)
        if outlet is None:
            raise Dead("outlet_unknown", outlet=found.outlet)
        reading = run_steps(found, outlet, self._tools)
        return [ready(reading, self._story(reading))]

    def _story(self, reading: Reading) -> str:
        day = reading.found.first_seen.date()
        prints = reading.fingerprints
        picked: Callable[[Sequence[Candidate]], str | None] = partial(choose, size=len(prints))
        return self._store.stories.assign(reading.found.post, prints, day, day - WINDOW, picked)

    def _forget(self) -> None:
        """Let fingerprints go that no window reaches any more, once a day."""
        today = self._clock.now().date()
        if self._expired != today:
            self._store.stories.expire(today - 2 * WINDOW)
            self._expired = today


def refill(log: Log, index: Index, group: str) -> int:
    """Put the posts of POSTS_READY that `group` has not committed into an index; return how many records that were.

    A new index is filled by a group of its own; calling again goes on where it stopped.
    """
    done = 0
    while records := log.poll(Topic.POSTS_READY, group, _BATCH):
        index.put([codec.decode(Post, record.value) for record in records])
        log.commit(group, records)
        done += len(records)
    return done
