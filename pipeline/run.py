"""The process role's first loop: POSTS_FOUND in, POSTS_READY out; at least once, every effect idempotent.

poll ─► decode ─► the steps that read a page ─┐ each record
       the other steps ─► stories ─► Posts ─► POSTS_READY ─► commit, the batch; once a day what retention lets go
The index is filled from POSTS_READY by the second loop, `indexing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from huiying.core import codec
from huiying.core.config import Desk
from huiying.core.consume import Counters, consume
from huiying.core.errors import Dead
from huiying.core.model import Found, Post, Topic
from huiying.core.ports import Clock, Log, Record
from huiying.core.states import Candidate, Signed, Store
from pipeline.learning import Learning
from pipeline.steps import Reading, Tools, ready, run_further, run_opening, tools_for
from pipeline.stories import WINDOW, choose, same_as

GROUP = "process"
_BATCH = 64
_AGAIN = timedelta(hours=1)


class Process:
    """Handle found posts, one batch a tick, with the newest recorded configuration.

    `kept` is for how many days each topic keeps its records.
    """

    def __init__(
        self,
        desk_of: Callable[[], tuple[int, Desk]],
        desk_id: str,
        log: Log,
        store: Store,
        clock: Clock,
        kept: Mapping[Topic, int] = MappingProxyType({}),
    ) -> None:
        self.counters = Counters()
        self._desk_of = desk_of
        self._desk_id = desk_id
        self._log = log
        self._store = store
        self._clock = clock
        self._kept = kept
        self._number: int | None = None
        self._desk: Desk
        self._tools: Tools
        self._learning = Learning(store.tallies, clock.now().date())
        self._forgetting: datetime | None = None

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
        opened = [self._open(record) for record in records]
        further = iter(run_further([reading for reading in opened if isinstance(reading, Reading)], self._tools))
        read = [next(further) if isinstance(reading, Reading) else reading for reading in opened]
        posts = self._ready([reading for reading in read if isinstance(reading, Reading)])
        self._learning.keep(self._clock.now().date())
        if posts:
            self._log.append(Topic.POSTS_READY, [(post.id, codec.encode(post)) for post in posts])
        return [None if isinstance(reading, Reading) else reading for reading in read]

    def _open(self, record: Record) -> Reading | Dead | None:
        """Return the post with its text, why nothing can be read, or None for a record of another desk."""
        try:
            found = codec.decode(Found, record.value)
            if found.desk != self._desk_id:
                return None
            outlet = self._desk.outlet(found.outlet)
            if outlet is None:
                raise Dead("outlet_unknown", outlet=found.outlet)
            reading = run_opening(found, outlet, self._tools)
            self._learning.read(outlet.id, found.source, reading.container)
            return reading
        except Dead as why:
            return why

    def _ready(self, readings: Sequence[Reading]) -> list[Post]:
        """Return the posts with their stories, and with the stories that each shows to be the same as its own."""
        if not readings:
            return []
        same: dict[int, tuple[Candidate, ...]] = {}

        def picked(signed: Signed, candidates: Sequence[Candidate]) -> str | None:
            size = len(signed.fingerprints)
            same[len(same)] = same_as(candidates, size)
            return choose(candidates, size)

        stories = self._store.stories.assign_all([_signed(reading) for reading in readings], picked)
        return [
            ready(reading, story, self._joins(reading.found.post, story, same[number]))
            for number, (reading, story) in enumerate(zip(readings, stories, strict=True))
        ]

    def _joins(self, post: str, story: str, same: tuple[Candidate, ...]) -> tuple[str, ...]:
        others = {candidate.story for candidate in same} - {story}
        if not others:
            return ()
        # A post that has changed its text tells nothing of those that were grouped with what it was before.
        known = {post, *(candidate.post for candidate in same)}
        return tuple(sorted(others)) if known.issuperset(self._store.stories.posts(story)) else ()

    def _forget(self) -> None:
        """Let go what retention no longer covers, once a day; what fails is tried again in an hour."""
        now = self._clock.now()
        if self._forgetting is not None and now < self._forgetting:
            return
        self._forgetting = now + _AGAIN
        self._store.stories.expire(now.date() - 2 * WINDOW)
        for topic, days in self._kept.items():
            self._log.expire(topic, now.date() - timedelta(days=days))
        self._forgetting = now + timedelta(days=1)


def _signed(reading: Reading) -> Signed:
    day = reading.found.first_seen.date()
    return Signed(reading.found.post, reading.fingerprints, day, day - WINDOW, reading.opening)
