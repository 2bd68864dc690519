"""The ports: what the roles may ask of the world. Each docstring is the contract; each sentence has a test.

Every method of every port may raise BackendError (StorageFull when the disk is full) and has then changed nothing that
it did not acknowledge. Instants are aware and in UTC. Log and captures are used from one
thread; ledger, store and index from any number.
The state that the store keeps for each role is declared in `states.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for. Words are already cut, all must occur. `places` are codes; inner places count.

    `since` (inclusive) and `until` (exclusive) compare with the time first seen. Results are newest first seen first,
    then by id; `after` is the `next` of the page before. `zone` cuts the histogram's days.
    """

    words: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    stories: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: str | None = None
    limit: int = 20
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results: posts, how many there are in all, and where the next page begins (None: no more)."""

    posts: tuple[Post, ...]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Posts by topic, by place code (each counted in its parents too) and by day ("2026-01-27", the query's zone)."""

    topics: Mapping[str, int]
    places: Mapping[str, int]
    days: Mapping[str, int]


class Index(Protocol):
    """Searchable posts, nothing of alerts: a projection of POSTS_READY. One writer; any number of readers."""

    def put(self, posts: Sequence[Post]) -> None:
        """Add or replace posts by id. An older version than the one held is ignored. Durable when this returns.

        A reader in any process sees them within 0.5 s. A second writer in the same folder is a BackendError.
        """

    def get(self, post: str) -> Post | None:
        """Return the post with this id in its newest version."""

    def search(self, query: Query) -> Page:
        """Return a page of posts. Pages joined are the whole result at once, in a stable order."""

    def counts(self, query: Query) -> Counts:
        """Count every post that `query` finds, whatever its `limit` and `after`."""

    def close(self) -> None:
        """Release everything. A closed port is not used again."""


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

    def read(self, after: int = 0, limit: int = 1000, alert: str | None = None) -> list[Event]:
        """Return events with numbers above `after` in order, of one alert where `alert` is given."""

    def head(self) -> int:
        """Return the number of the last event, 0 where there is none."""

    def by_key(self, key: str) -> list[Event]:
        """Return the events that were appended with `key`."""

    def verify(self, after: int = 0) -> int:
        """Recompute each hash from the stored bytes after `after`; return the last number, or raise Tampered."""

    def close(self) -> None:
        """Release everything. A closed port is not used again."""


class Captures(Protocol):
    """Responses as they were fetched, in WARC files (ISO 28500): `seen` for a while, `cited` for good."""

    def put(self, response: Response) -> str:
        """Keep `response` among the seen; return its reference. Durable when this returns."""

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
