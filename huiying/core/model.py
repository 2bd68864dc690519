"""What flows through the system: frozen values, instants aware and in UTC.

Found  ─ process ─►  Post  ─ watch ─►  Draft ─ ledger ─►  Event

There is no author field anywhere, and none may be added: outlets publish, persons are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

Json = Any  # str | int | bool | None | list[Json] | dict[str, Json]; floats are refused by the codec


class Topic(StrEnum):
    """Names of the log's topics."""

    POSTS_FOUND = "posts_found"
    POSTS_READY = "posts_ready"
    CAPTURES_WANTED = "captures_wanted"
    DEAD = "dead"


class Level(IntEnum):
    """Level of an alert, 国家突发事件分级: 一般, 较大, 重大, 特别重大."""

    ORDINARY = 1
    LARGER = 2
    MAJOR = 3
    EXTRAORDINARY = 4


class Tier(StrEnum):
    """Administrative tier of an outlet's publisher."""

    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"


class PlaceLevel(StrEnum):
    """The five levels of the division code (GB/T 2260 and GB/T 10114), coarse to fine."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class Precision(StrEnum):
    """How exactly an instant is known."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"


class Role(StrEnum):
    """What an account may do. SYSTEM is no account."""

    SYSTEM = "system"
    VIEWER = "viewer"
    DUTY = "duty"
    UNIT = "unit"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Dated:
    """An instant in UTC, how exactly it is known, and which text or field it came from."""

    at: datetime
    precision: Precision
    origin: str


@dataclass(frozen=True, slots=True)
class Found:
    """A new or changed post as it was fetched: a record of POSTS_FOUND.

    `post` is the first 32 hex digits of SHA-256 over the form that the address' twins share, `version` the revision
    counter from 1.
    `body` is the article page's bytes as received (empty when there was none), `status` its HTTP status.
    `date` is the feed's own text with the field it stood in; it is read by the pipeline, not here.
    `capture` is the reference of that page among the captures, where it was kept.
    """

    desk: str
    post: str
    version: int
    outlet: str
    source: str
    address: str
    title: str
    summary: str
    date: str | None
    date_field: str | None
    status: int | None
    content_type: str | None
    body: bytes
    first_seen: datetime
    fetched: datetime
    backlog: bool
    capture: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceTag:
    """A place named in a post; `start` and `end` are characters of `field` ("title", "text" or "outlet")."""

    code: str
    name: str
    level: PlaceLevel
    field: str
    start: int
    end: int
    confidence: int  # percent
    why: str


@dataclass(frozen=True, slots=True)
class Count:
    """A number by which a text counts something: at least `value` of `kind`, at `start` to `end` of `field`."""

    kind: str
    value: int
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TopicHit:
    """The words that gave a post a topic, each with field, start and end; the topic's parts they belong to.

    `counts` are the numbers beside them.
    """

    topic: str
    words: tuple[tuple[str, str, int, int], ...]
    parts: tuple[str, ...] = ()
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A post ready to be searched and matched: a record of POSTS_READY. Masked; carries no byline.

    `title_words` and `text_words` are words joined by one blank, for a whitespace analyser.
    `month` ("2026-01", UTC) is the month first seen and never changes. `capture` is the page that this version was read
    off, among the captures, and `page_sha256` that of its bytes.
    """

    desk: str
    id: str
    version: int
    outlet: str
    source: str
    tier: Tier
    official: bool
    address: str
    title: str
    text: str
    published: Dated | None
    first_seen: datetime
    fetched: datetime
    month: str
    story: str
    title_words: str
    text_words: str
    places: tuple[PlaceTag, ...]
    primary_place: str | None
    topics: tuple[TopicHit, ...]
    backlog: bool
    joins: tuple[str, ...] = ()  # stories that this post shows to be the same as its own
    capture: str | None = None
    page_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class CaptureWanted:
    """A request to fetch `address` as evidence of ledger event `event`: a record of CAPTURES_WANTED.

    `day` is 0 for the evidence itself. A page is looked at again so many days after: a reply or an outcome after the
    confirmation, a post (its `event` is the one that brought it to the alert) after the opening.
    """

    desk: str
    event: int
    alert: str
    address: str
    attempt: int
    day: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered: the bytes as received, headers in order, the instant the last byte came (UTC).

    `request` are the headers of the GET that it answers, in order; empty for what was handed in and never asked for.
    """

    address: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched: datetime
    request: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before the ledger gives it a number and an instant."""

    type: str
    alert: str | None
    actor: str
    role: Role
    unit: str | None = None
    claimed_at: datetime | None = None
    payload: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the ledger. `raw` is the exact stored bytes that `leaf` and `chain` were computed over."""

    seq: int
    desk: str
    type: str
    alert: str | None
    actor: str
    role: Role
    unit: str | None
    recorded_at: datetime
    claimed_at: datetime | None
    payload: Mapping[str, Json]
    raw: bytes
    leaf: bytes
    chain: bytes
