"""What the store keeps beside the ledger: crawl state, stories, accounts, deliveries, alarms, what was folded of it.

Everything but names and sessions could be computed again. Every method may raise BackendError; each call is one
transaction, durable on return.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from huiying.core.model import Role


class Reading(StrEnum):
    """How the last reading of a source ended. Each is a different silence."""

    NEW = "new"
    NOTHING_NEW = "nothing_new"
    NOT_MODIFIED = "not_modified"
    SAME_BYTES = "same_bytes"
    EMPTY = "empty"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class SourceState:
    """What crawl knows of one source. `dates` are the distinct days of its items ("2026-01-27", outlet's zone), newest
    40 kept; `newest` is the newest item's instant. `rhythm` counts new items by hour of the week (168, or none yet);
    `window` is in how many seconds as many may appear as the feed holds; `wish` how many seconds between readings its
    publisher asks for; `every` what was configured when `due` was set."""

    source: str
    outlet: str
    due: datetime
    reading: Reading | None = None
    detail: str = ""
    first_read: datetime | None = None
    attempted: datetime | None = None
    succeeded: datetime | None = None
    last_new: datetime | None = None
    failures: int = 0
    etag: str | None = None
    modified: str | None = None
    body_hash: str | None = None
    newest: datetime | None = None
    dates: tuple[str, ...] = ()
    backlog: int = 0
    rhythm: tuple[int, ...] = ()
    window: float | None = None
    wish: int = 0
    every: int = 0


@dataclass(frozen=True, slots=True)
class PostState:
    """What crawl knows of one post: `item_hash` over the feed's item, `body_hash` over the page, `version` from 1.

    Version 0 was seen and not yet appended: its `item_hash` is "" while it waits, the reason once it is dead.
    """

    post: str
    source: str
    version: int
    item_hash: str
    body_hash: str
    first_seen: datetime
    fetched: datetime


class CrawlStates(Protocol):
    """Crawl state by source and by post, and the first time each version of a page was fetched."""

    def source(self, source: str) -> SourceState | None: ...

    def sources(self) -> list[SourceState]: ...

    def save_source(self, state: SourceState) -> None: ...

    def save_sources(self, states: Sequence[SourceState]) -> None:
        """Save all or none; of two states of one source the later one stands."""

    def posts(self, ids: Sequence[str]) -> dict[str, PostState]: ...

    def save_post(self, state: PostState) -> None: ...

    def save_posts(self, states: Sequence[PostState]) -> None:
        """Save all or none; of two states of one post the later one stands."""

    def first_fetched(self, address: str, sha256: str, at: datetime) -> datetime:
        """Remember that these bytes stood at `address` at `at`; return the earliest instant remembered for them."""

    def all_first_fetched(self, pages: Sequence[tuple[str, str, datetime]]) -> list[datetime]:
        """Do `first_fetched` with each of `pages` in turn, all or none; return the instants in the same order."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post of another address that shares fingerprints: its story, how many it shares, how many it has, and how many
    of those shared are of the asking post's opening."""

    post: str
    story: str
    shared: int
    size: int
    opening: int = 1


@dataclass(frozen=True, slots=True)
class Signed:
    """A post with its 64-bit fingerprints, the day it was first seen, the first day that it is compared with, and which
    of its fingerprints are of its opening; None: all."""

    post: str
    fingerprints: tuple[int, ...]
    day: date
    since: date
    opening: frozenset[int] | None = None


class Stories(Protocol):
    """Which post belongs to which story. Assigning is serialised over all processes."""

    def assign(
        self,
        post: str,
        fingerprints: Sequence[int],
        day: date,
        since: date,
        choose: Callable[[Sequence[Candidate]], str | None],
    ) -> str:
        """Return the story of `post`; the first answer for a post stands for ever.

        `choose`, asked at every call, gets the candidates that share one of the 64-bit `fingerprints` and were first
        seen on or after `since` (never the post itself; a fingerprint held by more than 20 posts counts for none), and
        returns a story or None; None begins the story named after the post. The fingerprints kept are those of the
        newest call.
        """

    def assign_all(
        self, signed: Sequence[Signed], choose: Callable[[Signed, Sequence[Candidate]], str | None]
    ) -> list[str]:
        """Do for each of `signed` in turn what `assign` does, each seeing those before it; all or none are kept."""

    def posts(self, story: str) -> list[str]:
        """Return the posts of a story in the order they were assigned."""

    def expire(self, before: date) -> int:
        """Forget fingerprints of days before `before`; stories of posts stay."""


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account. `pseudonym` stands in the ledger; `name` lies here only and can be erased.

    The pseudonym commits to the name with `salt` (`huiying.core.commitment`); empty, it commits to nothing.
    """

    login: str
    pseudonym: str
    name: str
    role: Role
    unit: str | None
    language: str
    password: str  # a pwdlib hash, never the password
    active: bool = True
    salt: str = field(default="", repr=False)
    look: str = ""  # of the pages: words of `alerts.web.look`, blank between them


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in: `id` is the SHA-256 of the cookie's secret, `token` guards forms. Ends at `until`."""

    id: str
    login: str
    token: str
    until: datetime


class Accounts(Protocol):
    """Accounts, sessions, failed log-ins."""

    def add(self, account: Account) -> None:
        """Add an account. A login or pseudonym that exists is Refused("account_exists")."""

    def save(self, account: Account) -> None: ...

    def erase(self, login: str) -> None:
        """Remove an account with its name, salt, sessions and failed log-ins. Nothing where there is none."""

    def by_login(self, login: str) -> Account | None: ...

    def all(self) -> list[Account]: ...

    def names(self) -> dict[str, str]:
        """Return the names that are not erased, by pseudonym."""

    def open_session(self, session: Session) -> None: ...

    def session(self, id: str, now: datetime) -> Session | None:
        """Return the session unless it has ended."""

    def extend_session(self, id: str, until: datetime) -> None: ...

    def close_sessions(self, login: str | None = None, id: str | None = None) -> None: ...

    def failed(self, who: str, at: datetime) -> None:
        """Remember a failed log-in of `who` (a login or an address)."""

    def failures(self, who: str, since: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification: of ledger event `seq` (or a source alarm, `seq` 0 and its `subject`) to `channel`."""

    seq: int
    channel: str
    subject: str
    attempts: int
    due: datetime | None  # None: done or given up
    delivered: datetime | None
    answer: str


class Deliveries(Protocol):
    """Notifications and their record, keyed (seq, channel, subject)."""

    def save(self, delivery: Delivery) -> None: ...

    def due(self, now: datetime) -> list[Delivery]: ...

    def recent(self, limit: int) -> list[Delivery]:
        """Return the newest first."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of a CaptureWanted: `reference` and `first_fetched` of this version, or a `failure`.

    Of a page that is looked at again (`day` above 0) an answer that it is gone is kept too, beside the `failure`.
    """

    event: int
    attempt: int
    address: str
    reference: str | None
    first_fetched: datetime | None
    at: datetime
    failure: str = ""
    day: int = 0


class CaptureResults(Protocol):
    """Results of captures on their way from crawl to watch."""

    def save(self, result: Captured) -> None: ...

    def of(self, event: int, day: int = 0) -> list[Captured]:
        """Return the results for ledger event `event`, and this day, in order of attempts."""


@dataclass(frozen=True, slots=True)
class SourceAlarm:
    """A source is silent or broken. It stands on the duty page, and is no alert."""

    source: str
    reason: str
    since: datetime
    detail: str


class SourceAlarms(Protocol):
    """The source alarms that stand now."""

    def all(self) -> list[SourceAlarm]: ...

    def replace(self, alarms: Sequence[SourceAlarm]) -> None:
        """Make `alarms` the ones that stand; a source and reason that stood keeps its `since`."""


class Tallies(Protocol):
    """Counts of one day (the office's zone) by kind and name: minutes read by outlet, dead letters by reason."""

    def add(self, day: date, kind: str, counts: Mapping[str, int]) -> None:
        """Add `counts` to those of the day, all or none."""

    def of(self, day: date, kind: str) -> dict[str, int]:
        """Return the counts of the day by name."""


class Cursors(Protocol):
    """How far a reader of the ledger has come, by name; 0 where it has not begun."""

    def get(self, name: str) -> int: ...

    def set(self, name: str, seq: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a projection, named by `kind` and `id`; `number` is the event that began it, `body` what was folded."""

    kind: str
    id: str
    number: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Folding:
    """How far a projection has come: the last event folded and its chain hash, the program that folded, and a checksum
    over this and every piece."""

    seq: int
    chain: bytes
    version: str
    checksum: bytes


class Projection(Protocol):
    """What `watch` folded of the ledger, kept so that a role need not fold from the first event at its start.

    The store believes nothing of it and checks nothing: whoever loads it holds it against the ledger first.
    """

    def load(self) -> tuple[Folding, list[Piece]] | None:
        """Return what was saved last, pieces in the order of their numbers, all of one state; None where nothing is."""

    def save(self, folding: Folding, pieces: Sequence[Piece], before: Folding | None) -> bool:
        """Put `pieces` in place of those with their kinds and ids, and `folding` in place of `before`: all or nothing.

        Without `before` everything that stood is dropped. Where another one than `before` stands, nothing is changed
        and the answer is False: somebody else saved meanwhile.
        """


class Store(Protocol):
    """Everything above, in one database."""

    @property
    def crawl(self) -> CrawlStates: ...
    @property
    def stories(self) -> Stories: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def captured(self) -> CaptureResults: ...
    @property
    def alarms(self) -> SourceAlarms: ...
    @property
    def tallies(self) -> Tallies: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def projection(self) -> Projection: ...

    def close(self) -> None: ...
