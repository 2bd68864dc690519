"""The ports: what the roles may ask of the world. Each docstring is the contract; each sentence has a test.

Every method of every port may raise BackendError (StorageFull when the disk is full) and has then changed nothing that
it did not acknowledge. Instants are aware and in UTC. Log and captures are used from one
thread; ledger, store and index from any number.
The state that the store keeps for each role is declared in `states.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from huiying.core.conditions import EVERYTHING, Adjacent, All, Condition, OneOf, Seen, Word, leaves
from huiying.core.model import Draft, Event, Post, Response, Topic


class Clock(Protocol):
    """Tells the time. Simulated time exists for demonstration and test ledgers only."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC. Never earlier than an instant returned before by this object."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic. `position` is opaque; it orders records of one topic and one key."""

    topic: Topic
    position: str
    key: str
    value: bytes


class Log(Protocol):
    """Topics of records, at least once, in order for each key."""

    def append(self, topic: Topic, records: Sequence[tuple[str, bytes]]) -> None:
        """Append (key, value) pairs, all or none. They are durable when this returns.

        Where it raises on a distributed log some may stand, and a repetition may write them twice.
        """

    def poll(self, topic: Topic, group: str, limit: int) -> list[Record]:
        """Return up to `limit` records after the last commit of `group`. Without a commit the same come again."""

    def commit(self, group: str, records: Sequence[Record]) -> None:
        """Mark `records` and all before them of their keys as done, for this group only; it never moves back."""

    def expire(self, topic: Topic, before: date) -> int:
        """Delete whole months of `topic` that end before `before`; return how many, 0 where a server does it itself."""

    def size(self, topic: Topic, group: str) -> tuple[int, int]:
        """Return (records held, records that `group` has not yet committed)."""

    def close(self) -> None:
        """Release everything. A closed port is not used again."""


class Order(StrEnum):
    """How results follow one another."""

    NEWEST = "newest"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for: `where` holds, and so does everything beside it. Words are already cut, all must occur.

    `places` are codes; inner places count. `since` (inclusive) and `until` (exclusive) compare with the time first
    seen. Results are newest first seen first, then by id; or best first by BM25 over title and text, a title counting
    more, then by id, which is `NEWEST` where no word is asked for. `after` is the `next` of the page before. `zone`
    cuts the histogram's days.
    """

    words: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    where: Condition = EVERYTHING
    order: Order = Order.NEWEST
    after: str | None = None
    limit: int = 20
    zone: str = "Asia/Shanghai"

    def condition(self) -> All:
        """Return everything that is asked as one condition."""
        asked: tuple[tuple[Literal["places", "topics", "outlet", "story"], tuple[str, ...]], ...] = (
            ("places", self.places),
            ("topics", self.topics),
            ("outlet", self.outlets),
            ("story", self.stories),
        )
        parts: list[Condition] = [Word(word) for word in dict.fromkeys(self.words)]
        parts += [OneOf(field, values) for field, values in asked if values]
        if self.since is not None or self.until is not None:
            parts.append(Seen(self.since, self.until))
        return All((*parts, self.where))

    def ranked(self) -> bool:
        """Say whether results are wanted best first and a word is asked for by which they can be."""
        return self.order is Order.BEST and any(isinstance(leaf, Word | Adjacent) for leaf in leaves(self.condition()))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results: posts, how many there are in all, and where the next page begins (None: no more)."""

    posts: tuple[Post, ...]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Posts by topic, place code (each counted in its parents too), outlet, day ("2026-01-27", the query's zone)."""

    topics: Mapping[str, int]
    places: Mapping[str, int]
    outlets: Mapping[str, int]
    days: Mapping[str, int]


class Generation(Protocol):
    """Searchable posts, nothing of alerts: a projection of POSTS_READY."""

    def put(self, posts: Sequence[Post]) -> None:
        """Add or replace posts by id. An older version than the one held is ignored. Durable when this returns.

        A reader in any process sees them within 0.5 s. A second writer in the same folder is a BackendError. Posts that
        an engine refuses for good are raised together, after all others are durable, as one Dead("step_failed",
        step="index", posts=their ids, reasons=why, in the same order).
        """

    def get(self, post: str) -> Post | None:
        """Return the post with this id in its newest version."""

    def versions(self, posts: Sequence[str]) -> Mapping[str, int]:
        """Return the version held of each of these posts, at most 5,000 ids; one that is not held is absent."""

    def search(self, query: Query) -> Page:
        """Return a page of posts. Pages joined are the whole result at once, in a stable order.

        What is put between two pages moves nothing: newest first it stands before them; best first the pages of a
        minute are all of the instant of the first.
        """

    def counts(self, query: Query) -> Counts:
        """Count every post that `query` finds, whatever its `limit` and `after`."""


class Index(Generation, Protocol):
    """The generation in use, and another one while it is filled anew. One writer; any number of readers.

    Everything but `generation` speaks of the one in use; `put` and `expire` reach the one being filled too.
    """

    def expire(self, before: date) -> int:
        """Delete whole months (UTC, first seen) that end before `before`; return how many were in use."""

    def generations(self) -> tuple[int, int | None]:
        """Return the number of the generation in use, and of the one being filled where there is one."""

    def begin_generation(self) -> int:
        """Drop what an unfinished generation left, begin the next and return its number. Searches do not see it."""

    def generation(self, number: int) -> Generation:
        """Return what reads and writes generation `number` only. It is released with this index."""

    def switch(self, number: int) -> None:
        """Let every reader search generation `number`, with no instant between; delete the one before.

        Switching twice is as once. A generation that does not exist is a BackendError.
        """

    def close(self) -> None:
        """Release everything. A closed port is not used again."""


class Stored(NamedTuple):
    """One entry of the ledger as it is stored, for those who check it: nothing of it has been looked at."""

    seq: int
    alert: str | None
    raw: bytes
    leaf: bytes
    chain: bytes


class Ledger(Protocol):
    """The append-only, tamper-evident sequence of all events of one desk. Nothing here updates or deletes."""

    def append(
        self, drafts: Sequence[Draft], *, key: str | None = None, expected: Mapping[str, int] | None = None
    ) -> list[Event]:
        """Append all `drafts` or none; return them with dense numbers from 1 on, durable.

        `recorded_at` is the ledger's own clock inside its lock, never earlier than that of the event before. `expected`
        maps an alert to the number of its last event that the caller saw (0: none); another one is a Conflict. A `key`
        used before returns the events of that first call and appends nothing; with drafts of other types, alerts or
        actors it is KeyReused.
        """

    def read(self, after: int = 0, limit: int = 1000, alert: str | None = None, *, whole: bool = False) -> list[Event]:
        """Return events with numbers above `after` in order, of one `alert`, or of the `whole` desk: those of none."""

    def stored(self, after: int = 0) -> Iterator[Stored]:
        """Yield what is stored with numbers above `after`, in order and unchecked: damage is for the reader to find."""

    def head(self) -> int:
        """Return the number of the last event, 0 where there is none."""

    def wait(self, after: int, timeout: float) -> int:
        """Return `head()` as soon as it is above `after`, else what it is after `timeout` seconds; for any thread.

        An event of any process wakes it, also one that was appended while the connection was broken.
        """

    def by_key(self, key: str) -> list[Event]:
        """Return the events that were appended with `key`."""

    def verify(self, after: int = 0) -> int:
        """Recompute each hash from the stored bytes after `after`; return the last number, or raise Tampered."""

    def close(self) -> None:
        """Release everything. A closed port is not used again."""


class Turn(Protocol):
    """The right to be the one active process of a role of one desk, over all machines. For any thread.

    Whoever loses it in the middle of a piece of work may finish that piece beside the next one: effects are idempotent
    by the ledger's keys and expected versions, the posts' versions and the log's commits.
    """

    def held(self) -> bool:
        """Say whether this process is the active one now, taking the turn where nobody has it.

        It never waits for a server. Where the server that knows cannot be asked, nobody is active: no BackendError, but
        a warning in the log. Who has not asked for half a minute hangs, and loses the turn.
        """

    def close(self) -> None:
        """Give the turn up at once. A closed port is not used again."""


class Captures(Protocol):
    """Responses as they were fetched, in WARC files (ISO 28500): `seen` for a while, `cited` for good."""

    def put(self, response: Response) -> str:
        """Keep `response` among the seen; return its reference. Durable when this returns."""

    def put_all(self, responses: Sequence[Response]) -> list[str]:
        """Keep each of `responses` as `put` does; return their references in order. Durable when this returns."""

    def get(self, reference: str) -> Response:
        """Return the response. One that is not held is a BackendError with code "capture_missing"."""

    def pin(self, reference: str) -> None:
        """Copy to the cited, where no expiry reaches it. Pinning twice changes nothing."""

    def expire(self, before: date) -> int:
        """Delete whole days of the seen before `before` (UTC); return how many. Cited ones stay."""

    def references(self) -> Iterable[str]:
        """Return the references of everything cited, in order."""

    def close(self) -> None:
        """Release everything. A closed port is not used again."""
