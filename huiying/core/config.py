"""The configuration as frozen values: what one desk's TOML files say. Reading and checking them is `config_files`.

huiying.toml   Machine   this computer: folders, address, channels; never recorded in the ledger
the other seven, together the Desk, are recorded whole as `configuration_changed`; roles run the ledger's newest.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from huiying.core.model import Level, PlaceLevel, Tier, Topic
from huiying.core.section import Name, PartName, Section
from huiying.core.topic_rules import Context, Severity, TopicRule

Code = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-4]):[0-5]\d$")]
Brokers = Annotated[str, StringConstraints(pattern=r"^[^\s,/@]+:\d+(\s*,\s*[^\s,/@]+:\d+)*$")]
Nodes = Annotated[str, StringConstraints(pattern=r"^https?://[^\s,@]+(\s*,\s*https?://[^\s,@]+)*$")]
# A password in it would stand in a file that people copy: it is a secret of its own.
Database = Annotated[str, StringConstraints(pattern=r"^postgresql://[^\s:@/]+@[^\s:@/]+(:\d+)?/[^\s/]+$")]


Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]


class Channel(Section):
    """A webhook, or mail where `url` is smtp://[user@]host[:port] (smtps: TLS from the beginning).

    The HMAC key, or the user's password, comes from the environment or a file, by this channel's name.
    """

    name: Name
    url: str
    min_level: Literal[1, 2, 3, 4] = 1
    to: tuple[Address, ...] = ()
    sender: Address | None = None

    @property
    def mail(self) -> bool:
        """Say whether its notices go by mail."""
        return self.url.startswith(("smtp://", "smtps://"))


class WitnessSection(Section):
    """[witness]: another office's machine that signs each checkpoint; `key` as `huiying witness init` printed it."""

    url: str = Field(pattern=r"^https?://")
    key: str = Field(pattern=r"^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$")


class Retention(Section):
    """[log.retention]: for how many days a topic keeps its records; a reindexing finds what POSTS_READY still holds."""

    posts_found: int = Field(default=14, ge=7)
    posts_ready: int = Field(default=400, ge=7)
    captures_wanted: int = Field(default=400, ge=7)
    dead: int = Field(default=400, ge=7)

    def days(self) -> dict[Topic, int]:
        """Return the days by topic."""
        return {topic: getattr(self, topic) for topic in Topic}


class LogSection(Section):
    """[log]: absent or without `kafka`, the log is SQLite files in the data folder. Its password is secret "kafka".

    `partitions`, `replication`, `in_sync` and `compression` are what topics are created and written with; the rest is
    how brokers are reached.
    """

    kafka: Brokers | None = None
    partitions: int = Field(default=6, ge=1)
    replication: int = Field(default=1, ge=1)
    in_sync: int = Field(default=1, ge=1)
    compression: Literal["zstd", "lz4"] = "zstd"
    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    retention: Retention = Retention()


class IndexSection(Section):
    """[index]: absent or without `elasticsearch`, the index is a folder in the data folder.

    Secret "elasticsearch" is the password of `username`, or an API key where there is none. `months` is how long posts
    are searchable; 0 keeps all.
    """

    elasticsearch: Nodes | None = None
    shards: int = Field(default=1, ge=1)
    replicas: int = Field(default=1, ge=0)
    months: int = Field(default=0, ge=0)
    ca_certs: str | None = None
    fingerprint: str | None = None
    username: str | None = None


class DatabaseSection(Section):
    """[ledger] and [store]: absent, SQLite files in the data folder. The password is secret "postgresql"."""

    postgresql: Database | None = None


class MetricsSection(Section):
    """[metrics]: absent, no role listens for Prometheus. `port` is crawl's; watch, desk and workers follow it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8710, ge=1, le=65000)


class Machine(Section):
    """huiying.toml. `clock` "simulated" is accepted only by a demonstration or test ledger."""

    desk: Name
    title: str
    contact: str = Field(description="mail address in the crawler's user agent", pattern=r"^[^@\s]+@[^@\s]+$")
    language: Literal["zh", "en"] = "zh"
    data: str = "data"
    host: str = "127.0.0.1"
    port: int = Field(default=8700, ge=0, le=65535)
    clock: Literal["system", "simulated"] = "system"
    channels: tuple[Channel, ...] = ()
    captures: str | None = Field(default=None, description="a folder that all machines share; else in `data`")
    checkpoints: str | None = Field(default=None, description="the second file's folder; else in `data`")
    log: LogSection = LogSection()
    index: IndexSection = IndexSection()
    ledger: DatabaseSection = DatabaseSection()
    store: DatabaseSection = DatabaseSection()
    metrics: MetricsSection | None = None
    witness: WitnessSection | None = None

    @model_validator(mode="after")
    def _one_database(self) -> Self:
        # Cursors of the store point into the ledger: of two databases one could be restored without the other.
        if self.ledger != self.store:
            raise PydanticCustomError("one_database", "[ledger] and [store] must name the same database")
        return self


class Source(Section):
    """A feed, a sitemap (or an index of sitemaps), a list page, or a single page that is watched for change.

    CSS selectors: of a list for the items and, inside one, link, title and time; of a page `items` for what is watched.
    """

    kind: Literal["feed", "sitemap", "list", "page"]
    address: str
    every: int = Field(default=600, ge=1, description="seconds between readings")
    items: str | None = None
    link: str = "a"
    title: str | None = None
    time: str | None = None


class Outlet(Section):
    """One publisher with its own hosts. `official` outlets belong to `unit`: replies are published there."""

    id: Name
    name: str
    tier: Tier
    hosts: tuple[str, ...] = Field(min_length=1)
    home: Code | None = Field(default=None, description="the area that the outlet mostly reports on")
    official: bool = False
    unit: Name | None = None
    zone: str = "Asia/Shanghai"
    pace: float = Field(default=10, ge=0, description="seconds between requests to one host, at least")
    test_site: bool = False
    sources: tuple[Source, ...] = ()

    def source_ids(self) -> list[tuple[str, Source]]:
        """Return each source with its id, "outlet/1" counted from 1 in the file's order."""
        return [(f"{self.id}/{number}", source) for number, source in enumerate(self.sources, 1)]


class AlertRule(Section):
    """What opens an alert. Topic, or a part of one, and place are required, words only narrow it.

    `level` is the least: a count that [[severity]] of topics.toml names raises it. `tiers` are those of outlets.
    """

    id: Name
    name: str
    topics: tuple[PartName, ...] = Field(min_length=1)
    places: tuple[Code, ...] = Field(min_length=1)
    level: Level = Level.ORDINARY
    tiers: tuple[Tier, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


class Unit(Section):
    """A responsible unit. It is suggested where it has the alert's topic, and its place covers the alert's."""

    id: Name
    name: str
    topics: tuple[Name, ...] = ()
    places: tuple[Code, ...] = ()
    contact: str = ""


class OwnPlace(Section):
    """A place of the desk's own area that the gazetteer lacks, or another name of one that it has."""

    code: Code
    name: str
    level: PlaceLevel
    aliases: tuple[str, ...] = ()


class Term(Section):
    """How long a step may take: natural minutes, or working days that end at 24:00 of the n-th."""

    minutes: int | None = Field(default=None, ge=1)
    working_days: int | None = Field(default=None, ge=1)


class Steps(Section):
    """The terms of one level. `acknowledge_duty_hours_only`: outside duty hours the term is the next duty morning."""

    acknowledge: Term
    acknowledge_duty_hours_only: bool = False
    assign: Term
    reply: Term
    briefing: Term | None = None
    resolve: Term
    publish: Term
    confirm: Term


class Policy(Section):
    """Deadlines by level; `duty_morning` is where acknowledging begins again after a night."""

    version: str
    duty_begin: Clock = "08:30"
    duty_end: Clock = "17:30"
    duty_morning: Clock = "08:30"
    observation_days: int = Field(default=14, ge=1)
    levels: dict[Literal["1", "2", "3", "4"], Steps]

    def steps(self, level: Level) -> Steps:
        """Return the terms of `level`."""
        return self.levels[str(int(level))]  # type: ignore[index]

    def duty_hours(self) -> tuple[time, time]:
        """Return begin and end of duty hours, in the office's zone."""
        return time.fromisoformat(self.duty_begin), time.fromisoformat(self.duty_end)


class Calendar(Section):
    """The office's own days over the shipped calendar of public holidays and make-up working days."""

    zone: str = "Asia/Shanghai"
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


class Area(Section):
    """The desk's own area, and its own place names."""

    code: Code
    name: str
    places: tuple[OwnPlace, ...] = ()


class Desk(Section):
    """The recorded configuration: everything that decides what is collected, tagged, alerted and when it is due."""

    area: Area
    outlets: tuple[Outlet, ...]
    topics: tuple[TopicRule, ...]
    rules: tuple[AlertRule, ...]
    policy: Policy
    units: tuple[Unit, ...]
    calendar: Calendar
    contexts: tuple[Context, ...] = ()
    severity: tuple[Severity, ...] = ()

    def outlet(self, id: str) -> Outlet | None:
        """Return the outlet with this id."""
        return next((outlet for outlet in self.outlets if outlet.id == id), None)

    def unit(self, id: str) -> Unit | None:
        """Return the unit with this id."""
        return next((unit for unit in self.units if unit.id == id), None)

    def official_hosts(self) -> frozenset[str]:
        """Return the hosts of all official outlets."""
        return frozenset(host for outlet in self.outlets if outlet.official for host in outlet.hosts)
