"""A test ledger with a small invented desk, and people who act on it: the stage for tests of alerts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from alerts.alert import AlertState
from alerts.commands import Actor, Command
from alerts.events import EventType
from alerts.following import entries
from alerts.office import Office
from alerts.opening import alert_id
from alerts.view import AlertView
from alerts.vocabulary import CommandType
from huiying.backends.ledger_sql import SqlLedger
from huiying.core import codec
from huiying.core.config import Desk
from huiying.core.config_text import read_desk
from huiying.core.model import Dated, Draft, Event, PlaceLevel, PlaceTag, Post, Precision, Role, Tier, TopicHit
from tests.clock import SettableClock

COUNTY = "990101000000"
TOWNSHIP = "990101101000"
VILLAGE = "990101101201"
OTHER_TOWNSHIP = "990101102000"
OPENED_AT = "2026-03-04T10:00:00+08:00"  # a Wednesday in duty hours, no holiday near
OFFICIAL = "https://www.gov.example"

DUTY = Actor("P-duty", Role.DUTY)
UNIT = Actor("P-water", Role.UNIT, "water-bureau")
OTHER_UNIT = Actor("P-roads", Role.UNIT, "roads-bureau")
CHIEF = Actor("P-chief", Role.SUPERVISOR)
DEPUTY = Actor("P-deputy", Role.SUPERVISOR)
AUDITOR = Actor("P-audit", Role.AUDITOR)
VIEWER = Actor("P-view", Role.VIEWER)
ADMIN = Actor("P-admin", Role.ADMINISTRATOR)
EVERYBODY = (DUTY, UNIT, OTHER_UNIT, CHIEF, DEPUTY, AUDITOR, VIEWER, ADMIN)

EVIDENCE = [{"kind": "address", "value": "https://news.example/a"}]
VERIFY = {"finding": "true", "evidence": EVIDENCE}
REPLY = {"address": f"{OFFICIAL}/reply"}
OUTCOME = {"address": f"{OFFICIAL}/outcome"}
RESOLVE = {"end_state": "solved", "done": "水管已修复", "evidence": EVIDENCE}


def texts() -> dict[str, str]:
    """Return the desk's files by name."""
    return {
        "places.toml": f'code = "{COUNTY}"\nname = "云泽县"\n'
        f'[[places]]\ncode = "{OTHER_TOWNSHIP}"\nname = "柳渡镇"\nlevel = "township"\n',
        "outlets.toml": '[[outlets]]\nid = "news"\nname = "云泽新闻网"\ntier = "county"\nhosts = ["news.example"]\n'
        '[[outlets.sources]]\nkind = "feed"\naddress = "https://news.example/feed.xml"\n'
        '[[outlets]]\nid = "daily"\nname = "日报"\ntier = "city"\nhosts = ["daily.example"]\n'
        '[[outlets]]\nid = "gov"\nname = "云泽县人民政府"\ntier = "county"\nhosts = ["www.gov.example"]\n'
        'official = true\nunit = "water-bureau"\n',
        "topics.toml": '[[topics]]\nid = "water"\nname = "供水"\nname_en = "water"\nany = ["停水"]\n'
        '[[topics]]\nid = "roads"\nname = "道路"\nname_en = "roads"\nany = ["塌陷"]\n',
        "rules.toml": f'[[rules]]\nid = "water"\nname = "停水"\ntopics = ["water"]\nplaces = ["{COUNTY}"]\n'
        f'[[rules]]\nid = "roads"\nname = "道路"\ntopics = ["roads"]\nplaces = ["{COUNTY}"]\nlevel = 3\n',
        "policy.toml": (resources.files("alerts") / "data" / "policy.toml").read_text(encoding="utf-8"),
        "units.toml": '[[units]]\nid = "water-bureau"\nname = "水务局"\ntopics = ["water"]\n'
        '[[units]]\nid = "roads-bureau"\nname = "交通局"\ntopics = ["roads"]\n',
        "calendar.toml": 'zone = "Asia/Shanghai"\n',
    }


def desk() -> Desk:
    """Return the desk as the configuration that roles run."""
    return read_desk(texts())


def place(code: str = TOWNSHIP, name: str = "青河镇", field: str = "title") -> PlaceTag:
    """Return a place named in a post."""
    level = {COUNTY: PlaceLevel.COUNTY, VILLAGE: PlaceLevel.VILLAGE}.get(code, PlaceLevel.TOWNSHIP)
    return PlaceTag(code, name, level, field, 0, len(name), 100, "parent")


def topic(id: str = "water", word: str = "停水") -> TopicHit:
    """Return a topic found in a post."""
    return TopicHit(id, ((word, "title", 3, 5),))


def post(
    number: int = 1,
    *,
    at: datetime | str = OPENED_AT,
    story: str | None = None,
    places: tuple[PlaceTag, ...] = (place(),),
    topics: tuple[TopicHit, ...] = (topic(),),
    **fields: Any,
) -> Post:
    """Return a post first seen at `at`, its own story unless one is given."""
    seen = codec.instant(at) if isinstance(at, str) else at
    id = hashlib.sha256(f"post {number}".encode()).hexdigest()[:32]
    made: dict[str, Any] = {
        "desk": "yunze",
        "id": id,
        "version": 1,
        "outlet": "news",
        "source": "news/1",
        "tier": Tier.COUNTY,
        "official": False,
        "address": f"https://news.example/{number}",
        "title": "青河镇停水三天",
        "text": "青河镇多个小区停水三天，居民用水困难。",
        "published": Dated(seen - timedelta(minutes=30), Precision.MINUTE, "feed"),
        "first_seen": seen,
        "fetched": seen,
        "month": "2026-03",
        "story": story or id,
        "title_words": "青河镇 停水",
        "text_words": "青河镇 停水",
        "places": places,
        "primary_place": places[0].code if places else None,
        "topics": topics,
        "backlog": False,
    }
    return Post(**{**made, **fields})


class Scene:
    """A real embedded ledger with view and office, under a clock that the test sets."""

    def __init__(self, folder: Path, at: str = OPENED_AT) -> None:
        self.clock = SettableClock(at)
        self.ledger = SqlLedger(f"sqlite:///{folder / 'ledger.sqlite'}", "yunze", self.clock)
        self.view = AlertView(self.ledger)
        self.office = Office(self.ledger, self.view, self.clock)
        self.system(EventType.LEDGER_CREATED, None, kind="test", origin="yunze/1", public_key="")
        self.configure(texts())

    def configure(self, files: Mapping[str, str]) -> None:
        """Record a configuration."""
        payload = {"files": dict(files), "differs": {}}
        draft = Draft(EventType.CONFIGURATION_CHANGED, None, CHIEF.pseudonym, Role.SUPERVISOR, payload=payload)
        self.ledger.append([draft])
        self.view.catch_up()

    def system(self, type: str, alert: str | None, **payload: Any) -> Event:
        """Record an event of the system."""
        return self.ledger.append([Draft(type, alert, "system", Role.SYSTEM, payload=payload)])[0]

    def open(self, made: Post | None = None) -> str:
        """Open an alert on a post by the desk's rules; return its id."""
        made = made or post(at=self.clock.now())
        known = self.view.desk()
        assert known is not None
        for entry in entries(None, made, known[1], known[0], self.clock.now()):
            self.ledger.append([entry.draft], key=entry.key)
        return alert_id(made.desk, made.story)

    def do(self, actor: Actor, type: CommandType, alert: str, /, **given: Any) -> list[Event]:
        """Carry out a command; `on_behalf_of`, `claimed_at`, `expected` and `key` are no payload."""
        apart = {name: given.pop(name, None) for name in ("on_behalf_of", "claimed_at", "expected", "key")}
        command = Command(type, alert, given, apart["claimed_at"], apart["on_behalf_of"])
        return self.office.execute(actor, command, expected=apart["expected"], key=apart["key"])

    def state(self, alert: str) -> AlertState:
        """Return the alert as it is now."""
        self.view.catch_up()
        state = self.view.alert(alert)
        assert state is not None
        return state

    def captured(
        self,
        of: Event,
        *,
        named: bool = True,
        first: datetime | None = None,
        sha256: str = "",
        place: bool = True,
        absent: bool = False,
    ) -> Event:
        """Record that the page of `of` was captured now."""
        now = self.clock.now()
        return self.system(
            EventType.CAPTURED,
            of.alert,
            of=of.seq,
            address=of.payload["address"],
            capture="seen/1",
            sha256=sha256 or hashlib.sha256(of.payload["address"].encode()).hexdigest(),
            fetched=codec.instant_text(now),
            first_fetched=codec.instant_text(first or now),
            topic_named=named,
            place_named=named and place,
            words=[],
            attempt=2 if absent else 1,
            absent_before=absent,
            status=200,
            final_address=of.payload["address"],
            configuration=2,
        )

    def assigned(self, alert: str) -> None:
        """Acknowledge and assign to the unit."""
        self.do(DUTY, CommandType.ACKNOWLEDGE, alert)
        self.do(DUTY, CommandType.ASSIGN, alert, unit="water-bureau")

    def replied(self, alert: str) -> None:
        """Acknowledge, assign, verify and reply; the reply is captured."""
        self.assigned(alert)
        self.captured(self.do(UNIT, CommandType.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1])

    def published(self, alert: str) -> None:
        """Go all the way up to the published outcome, captured."""
        self.replied(alert)
        self.captured(self.do(UNIT, CommandType.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)[1])

    def confirmed(self, alert: str) -> None:
        """Go all the way."""
        self.published(alert)
        self.do(CHIEF, CommandType.CONFIRM, alert)
