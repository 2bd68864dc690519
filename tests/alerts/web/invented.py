"""An invented county for the tests of the pages: its configuration, posts, accounts, and services on real backends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from importlib import resources
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alerts.commands import Actor, Command
from alerts.events import EventType
from alerts.following import entries
from alerts.office import Office
from alerts.opening import alert_id
from alerts.view import AlertView
from alerts.vocabulary import CommandType
from alerts.web.accounts import hash_password
from alerts.web.services import Services
from huiying.backends.captures_folder import FolderCaptures
from huiying.backends.index_tantivy import TantivyIndex
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.store_sql import SqlStore
from huiying.checkpoint import KEY_FILE
from huiying.core.config import Machine
from huiying.core.model import Dated, Draft, Event, Json, PlaceLevel, PlaceTag, Post, Precision, Role, Tier, TopicHit
from huiying.core.ports import Clock
from huiying.core.states import Account
from huiying.papers import DeskPapers
from pipeline.persons import personal_names
from pipeline.reading import read_page
from pipeline.stories import shared

DESK = "yunze"
COUNTY, TOWN = "990101000000", "990101101000"
PASSWORD = "云泽-12345678"

TEXTS: Mapping[str, str] = {
    "places.toml": f"""
code = "{COUNTY}"
name = "云泽县"
[[places]]
code = "{TOWN}"
name = "青石镇"
level = "township"
aliases = ["青石"]
""",
    "outlets.toml": """
[[outlets]]
id = "yunze-news"
name = "云泽新闻网"
tier = "county"
hosts = ["127.0.0.2"]
test_site = true
[[outlets.sources]]
kind = "feed"
address = "http://127.0.0.2/feed.xml"
[[outlets]]
id = "daily"
name = "江州日报"
tier = "city"
hosts = ["127.0.0.3"]
test_site = true
[[outlets]]
id = "government"
name = "云泽县人民政府网"
tier = "county"
hosts = ["127.0.0.5"]
test_site = true
official = true
unit = "water-bureau"
[[outlets.sources]]
kind = "list"
address = "http://127.0.0.5/news"
items = "li"
""",
    "topics.toml": """
[[topics]]
id = "water"
name = "供水"
name_en = "water supply"
any = ["停水", "自来水"]
[[topics]]
id = "roads"
name = "道路"
name_en = "roads"
any = ["塌陷"]
""",
    "rules.toml": f"""
[[rules]]
id = "water-out"
name = "停水"
topics = ["water"]
places = ["{COUNTY}"]
""",
    "units.toml": """
[[units]]
id = "water-bureau"
name = "县水务局"
topics = ["water"]
[[units]]
id = "roads-office"
name = "县公路中心"
topics = ["roads"]
""",
    "calendar.toml": """
zone = "Asia/Shanghai"
""",
    "policy.toml": (resources.files("alerts") / "data" / "policy.toml").read_text(encoding="utf-8"),
}

MACHINE = f'desk = "{DESK}"\ntitle = "云泽县值班台"\ncontact = "desk@example.org"\n'
ACCOUNTS = {
    "duty": Actor("P-duty", Role.DUTY),
    "duty2": Actor("P-duty2", Role.DUTY),
    "unit": Actor("P-unit", Role.UNIT, "water-bureau"),
    "supervisor": Actor("P-super", Role.SUPERVISOR),
    "auditor": Actor("P-audit", Role.AUDITOR),
    "viewer": Actor("P-view", Role.VIEWER),
    "admin": Actor("P-admin", Role.ADMINISTRATOR),
}
NAMES = {
    "duty": "值班甲", "duty2": "值班乙", "unit": "水务丙", "supervisor": "主任丁", "auditor": "审计戊",
    "viewer": "阅览己", "admin": "管理庚",
}  # fmt: skip


def cut(text: str) -> tuple[str, ...]:
    """Cut into single characters: enough for an index that splits at blanks."""
    return tuple(re.findall(r"\w", text))


def highlight(text: str, words: tuple[str, ...]) -> Sequence[tuple[int, int]]:
    """Return the spans of `words` in `text`."""
    found = sorted(match.span() for word in set(words) for match in re.finditer(re.escape(word), text))
    spans: list[tuple[int, int]] = []
    for start, end in found:
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
    return spans


@cache
def hashed() -> str:
    """Return the hash of the one password of all test accounts, computed once a run."""
    return hash_password(PASSWORD)


@dataclass(slots=True)
class Invented:
    """A desk in a folder: services over real embedded backends, and hands to fill it."""

    services: Services

    def post(self, id: str, title: str, text: str = "", outlet: str = "yunze-news", topic: str = "water") -> Post:
        """Put a post on `topic` at 青石镇 into the index and return it."""
        now = self.services.clock.now()
        official = outlet == "government"
        made = Post(
            desk=DESK,
            id=id.ljust(32, "0"),
            version=1,
            outlet=outlet,
            source=f"{outlet}/1",
            tier=Tier.COUNTY,
            official=official,
            address=f"http://{'127.0.0.5' if official else '127.0.0.2'}/{id}.html",
            title=title,
            text=text or f"{title}。记者从青石镇了解到，停水影响约三百户居民。",
            published=Dated(now - timedelta(minutes=10), Precision.MINUTE, "feed"),
            first_seen=now,
            fetched=now,
            month=f"{now:%Y-%m}",
            story=f"S{id}",
            title_words=" ".join(cut(title)),
            text_words=" ".join(cut(text or title)),
            places=(PlaceTag(TOWN, "青石镇", PlaceLevel.TOWNSHIP, "text", 5, 8, 90, "own"),),
            primary_place=TOWN,
            topics=(TopicHit(topic, (("停水", "title", 0, 2),)),) if topic else (),
            backlog=False,
        )
        self.services.index.put([made])
        return made

    def alert(self, id: str = "a1", title: str = "青石镇部分村庄停水两天", level: int = 1) -> str:
        """Open an alert as the duty desk by hand; return its id."""
        events = self.services.office.open_by_hand(ACCOUNTS["duty"], self.post(id, title), why="读者来电", level=level)
        assert events[0].alert
        return events[0].alert

    def open_by_rule(self, id: str, title: str) -> str:
        """Open an alert by the desk's rules, as watch does; return its id."""
        self.services.view.catch_up()
        known, post = self.services.view.desk(), self.post(id, title)
        assert known
        for entry in entries(None, post, known[1], known[0], self.services.clock.now()):
            self.services.ledger.append([entry.draft], key=entry.key)
        self.services.view.catch_up()
        return alert_id(post.desk, post.story)

    def attach(self, alert: str, post: Post) -> None:
        """Record `post` as another one of the alert's story, as watch does."""
        self.services.view.catch_up()
        state, known = self.services.view.alert(alert), self.services.view.desk()
        assert state
        assert known
        for entry in entries(state, post, known[1], known[0], self.services.clock.now()):
            self.services.ledger.append([entry.draft], key=entry.key)

    def press(self, who: str, alert: str, type: str, expected: int | None = None, **payload: Json) -> list[Event]:
        """Carry out a command as the account `who`."""
        behalf = payload.pop("on_behalf_of", None)
        command = Command(CommandType(type), alert, payload, on_behalf_of=behalf)
        return self.services.office.execute(ACCOUNTS[who], command, expected=expected)

    def close(self) -> None:
        """Release every port."""
        ports = (self.services.ledger, self.services.store, self.services.index, self.services.captures)
        for port in ports:
            port.close()


def machine(**changes: object) -> Machine:
    """Return this computer's configuration."""
    return Machine.model_validate({"desk": DESK, "title": "云泽县值班台", "contact": "desk@example.org", **changes})


def invented(folder: Path, clock: Clock, kind: str = "demonstration", writer: bool = True) -> Invented:
    """Open the desk in `folder`; the first time, record its configuration and add the accounts."""
    folder.mkdir(exist_ok=True)
    ledger = SqlLedger(f"sqlite:///{folder}/ledger.sqlite", DESK, clock)
    view = AlertView(ledger)
    captures = FolderCaptures(folder / "captures")
    services = Services(
        machine=machine(),
        clock=clock,
        ledger=ledger,
        view=view,
        office=Office(ledger, view, clock, captures),
        index=TantivyIndex(folder / "index", writer=writer),
        store=SqlStore(f"sqlite:///{folder}/store.sqlite"),
        captures=captures,
        cut=cut,
        phrase=cut,
        highlight=highlight,
        shared=shared,
        read_page=read_page,
        personal=lambda words: personal_names(words, ("云泽县", "青石镇")),
        papers=DeskPapers(
            ledger, folder, folder / "checkpoints", clock, DESK, "云泽县值班台", dict, folder / "none.docx"
        ),
    )
    if ledger.head() == 0:
        _begin(services, kind, folder)
    return Invented(services)


def _begin(services: Services, kind: str, folder: Path) -> None:
    key = Ed25519PrivateKey.generate()
    (folder / KEY_FILE).write_text(key.private_bytes_raw().hex(), encoding="ascii")
    created = {"kind": kind, "origin": f"{DESK}/1", "public_key": key.public_key().public_bytes_raw().hex()}
    services.ledger.append(
        [
            Draft(EventType.LEDGER_CREATED, None, "system", Role.SYSTEM, payload=created),
            Draft(
                EventType.CONFIGURATION_CHANGED,
                None,
                "system",
                Role.SYSTEM,
                payload={"files": dict(TEXTS), "differs": sorted(TEXTS)},
            ),
        ]
    )
    account = Account("", "", "", Role.VIEWER, None, "zh", hashed())
    for login, actor in ACCOUNTS.items():
        services.store.accounts.add(
            replace(
                account, login=login, pseudonym=actor.pseudonym, name=NAMES[login], role=actor.role, unit=actor.unit
            )
        )
