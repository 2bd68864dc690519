"""The recorded feeds through the real roles under a simulated clock, as they stood, in their own order.

Each feed is served at the instant it was fetched; then an alert is handled through the API to the end. Run once
without disturbance and once with twenty kills, the two must be the same in everything that is counted.
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from alerts.events import EventType
from huiying.core import codec
from huiying.core.codec import instant
from huiying.core.consume import Buried
from huiying.core.model import Event, Json, Post, Topic
from huiying.figure import compute
from huiying.init import shipped_files
from huiying.wiring import ROLES
from tests.flow.office import RunningOffice, plain
from tests.flow.profile import Profile, Servers
from tests.flow.recorded import Recorded

pytest_plugins = ("tests.servers", "tests.kafka_server", "tests.elastic_server", "tests.flow.profile")
pytestmark = [pytest.mark.replay, pytest.mark.timeout(900)]

# Ids of alerts are made of the desk's, and servers that others use too must not hold it yet.
DESK = Profile(f"replay-{uuid4().hex[:8]}")
START = "2026-01-27T16:00:00+00:00"
PERIOD = "2026-Q1"
RULES = """[[rules]]
id = "fire"
name = "火灾"
topics = ["fire"]
places = ["810000000000"]
level = 1
"""
TOPICS = """[[topics]]
id = "fire"
name = "火灾"
name_en = "fire"
any = ["火灾"]
"""
UNITS = '[[units]]\nid = "bureau"\nname = "消防处"\ntopics = ["fire"]\nplaces = ["810000000000"]\n'
PLACES = 'code = "810000000000"\nname = "香港特别行政区"\n'
REPLY = (
    "<html><head><title>香港大埔火灾受影响居民医疗支援情况通报-政府网</title></head><body>"
    "<h1>香港大埔火灾受影响居民医疗支援情况通报</h1><p>{stamp}</p>"
    "<p>香港特别行政区大埔区火灾发生后，有关部门继续为受影响居民提供医疗支援。{more}</p>"
    "<p>有关安排将持续公布，居民可到大埔区内各服务点查询，工作人员将逐一登记并跟进每户的情况。</p></body></html>"
)


def texts(recorded: Recorded) -> dict[str, str]:
    """Return the desk's files: the recorded outlets, one rule on a topic and place that really occurs."""
    shipped = shipped_files()
    return {
        "outlets.toml": recorded.outlets_toml(),
        "topics.toml": TOPICS,
        "rules.toml": RULES,
        "units.toml": UNITS,
        "places.toml": PLACES,
        "policy.toml": shipped["policy.toml"],
        "calendar.toml": shipped["calendar.toml"],
    }


@dataclass
class Outcome:
    """Everything about a run that a kill must not change."""

    posts: dict[str, Any] = field(default_factory=dict)
    dead: list[tuple[str, str]] = field(default_factory=list)
    alerts: list[tuple[Any, ...]] = field(default_factory=list)
    alarms: list[tuple[str, str]] = field(default_factory=list)
    before: str = ""
    figures: str = ""
    alike: Json = None


def run(folder: Path, recorded: Recorded, kills: int, profile: Profile = DESK) -> Outcome:
    """Replay everything, handle the alert as it opens, and return what came of it."""
    outcome = Outcome()
    chance = random.Random(20)
    killed = sorted(chance.sample(range(len(recorded.snapshots)), kills))
    recorded.begin()
    with RunningOffice(folder, texts(recorded), START, profile=profile) as office:
        office.settle()
        alert = None
        for number, snapshot in enumerate(recorded.snapshots):
            recorded.serve(snapshot)
            office.clock.set(instant(snapshot["fetched"]))
            if number in killed:
                time.sleep(chance.uniform(0, 0.6))
                office.kill(ROLES[killed.index(number) % len(ROLES)])
            office.settle()
            if alert is None and (alert := opened(office)):
                answer(office, recorded, alert)
        outcome.alarms = [(alarm.source, alarm.reason) for alarm in office.runtime.store.alarms.all()]
        assert alert is not None
        finish(office, recorded, alert, outcome)
        collect(office, outcome)
    return outcome


def opened(office: RunningOffice) -> str | None:
    """Return the alert that has opened; there is one at most."""
    found = [event.alert for event in office.events() if event.type == EventType.OPENED]
    assert len(found) < 2
    return found[0] if found else None


def step(office: RunningOffice, at: datetime, login: str, alert: str, type: str, **payload: Any) -> None:
    """Move the clock to `at` and send one command through the API as `login`."""
    office.at(at)
    command = {"type": type, "payload": payload, "key": f"{type}-{at}"}
    said = office.client(login).post(f"/api/v1/alerts/{alert}/commands", json=command)
    assert said.status_code in (200, 201), said.text
    office.settle()


def answer(office: RunningOffice, recorded: Recorded, alert: str) -> None:
    """Acknowledge, assign, verify and reply within the first twenty minutes."""
    began, site = office.clock.now(), recorded.sites["official"]
    step(office, began + timedelta(minutes=1), "duty", alert, "acknowledge")
    step(office, began + timedelta(minutes=2), "duty", alert, "assign", unit="bureau")
    site.page("/reply.html", REPLY.format(stamp="2026-01-30 12:40", more=""))
    address = site.url("/reply.html")
    evidence = [{"kind": "address", "value": address}]
    payload = {"finding": "true", "evidence": evidence, "address": address}
    step(office, began + timedelta(minutes=20), "unit", alert, "verify_and_reply", **payload)


def finish(office: RunningOffice, recorded: Recorded, alert: str, outcome: Outcome) -> None:
    """Resolve, publish and confirm; take the figures before and after the alert falls due."""
    began, site = office.clock.now(), recorded.sites["official"]
    site.page("/outcome.html", REPLY.format(stamp="2026-02-01 17:00", more="支援已全部到位。"))
    address = site.url("/outcome.html")
    evidence = [{"kind": "address", "value": address}]
    payload = {"end_state": "solved", "done": "医疗支援已到位", "evidence": evidence, "address": address}
    step(office, began + timedelta(hours=1), "unit", alert, "resolve_and_publish", **payload)
    step(office, began + timedelta(hours=20), "supervisor", alert, "confirm")
    outcome.before = compute(office.runtime, PERIOD, None, True, "zh")
    office.at("2026-03-20T00:00:00+00:00")
    outcome.figures = compute(office.runtime, PERIOD, None, True, "zh")


def collect(office: RunningOffice, outcome: Outcome) -> None:
    """Gather posts, dead letters and alerts from the log and the ledger."""
    log = office.runtime.log
    for record in log.poll(Topic.POSTS_READY, "test", 100_000):
        post = codec.decode(Post, record.value)
        tags = [(place.code, place.field, place.start) for place in post.places], [hit.topic for hit in post.topics]
        outcome.posts[post.id] = (post.version, post.title, post.text, post.story, tags, post.backlog, post.first_seen)
    outcome.posts = same_names(outcome.posts)
    buried = [codec.decode(Buried, record.value) for record in log.poll(Topic.DEAD, "test", 100_000)]
    outcome.dead = sorted({(one.key, one.reason) for one in buried})
    outcome.alike = same_numbers(outcome.figures, office.events())
    outcome.alerts = [
        (event.type, event.alert, event.recorded_at) for event in office.events() if event.alert is not None
    ]


def same_numbers(written: str, events: list[Event]) -> Json:
    """Return figures with each event's number among those that concern an alert.

    Checkpoints stand between them wherever the ledger was when a process started. Of the minutes that outlets were
    read only which outlets were: a crawler that was killed really read for less. Of what was buried only for which
    reasons: who is killed between burying and committing buries the same again.
    """
    numbers = {event.seq: number for number, event in enumerate((e for e in events if e.alert), 1)}

    def walk(value: Json, key: str = "") -> Json:
        if key in ("minutes", "dead"):
            return sorted(value)
        if isinstance(value, dict):
            return {name: walk(held, name) for name, held in value.items()}
        if isinstance(value, list):
            return [walk(held, key) for held in value]
        if key != "events" or not isinstance(value, int):
            return value
        return max((number for seq, number in numbers.items() if seq <= value), default=0)

    return walk(json.loads(written))


def same_names(posts: dict[str, Any]) -> dict[str, Any]:
    """Return `posts` with each story named after the smallest id in it.

    A story is named after the first of its posts that comes to be grouped. Two copies of one day that lie in two
    partitions come in either order, on files as their pages were fetched: who is together is the same, the name not.
    """
    stories: dict[str, set[str]] = defaultdict(set)
    for id, post in posts.items():
        stories[post[3]].add(id)
    assert all(story in ids for story, ids in stories.items())
    return {id: (*post[:3], min(stories[post[3]]), *post[4:]) for id, post in posts.items()}


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    with Recorded() as sites:
        yield sites


@pytest.fixture(scope="module")
def undisturbed(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(tmp_path_factory.mktemp("replay") / "desk", recorded, kills=0)


def test_every_article_is_indexed_once_and_lists_of_editors_never(recorded: Recorded, undisturbed: Outcome) -> None:
    expected = {article.id: article.title for article in recorded.articles if article.is_article}
    assert [title for id, title in expected.items() if id not in undisturbed.posts] == []
    assert [post[1] for id, post in undisturbed.posts.items() if id not in expected] == []
    dead = {key for key, reason in undisturbed.dead if reason == "not_an_article"}
    assert dead == {article.id for article in recorded.articles if not article.is_article}


def test_items_without_a_page_are_indexed_by_title(recorded: Recorded, undisturbed: Outcome) -> None:
    bare = [article for article in recorded.articles if article.is_article and not article.html]
    assert bare
    for article in bare:
        assert plain(undisturbed.posts[article.id][1]) == plain(article.title)


def test_front_page_copies_are_one_story(recorded: Recorded, undisturbed: Outcome) -> None:
    by_title = defaultdict(set)
    for article in recorded.articles:
        if len(article.html) > 1500 and len(plain(article.title)) >= 5:
            by_title[plain(article.title)].add(article.id)
    copies = [ids for ids in by_title.values() if len(ids) > 1]
    assert len(copies) >= 5
    for ids in copies:
        assert len({undisturbed.posts[id][3] for id in ids}) == 1


def test_a_feed_frozen_for_months_is_raised(undisturbed: Outcome) -> None:
    assert ("people-politics/1", "frozen") in undisturbed.alarms
    assert not [alarm for alarm in undisturbed.alarms if alarm[0] in ("people-daily/1", "caixin-latest/1")]


def test_the_figure_counts_the_alert_once_it_falls_due(undisturbed: Outcome) -> None:
    before, after = json.loads(undisturbed.before), json.loads(undisturbed.figures)
    assert before["rate"] is None
    assert (after["rate"]["part"]["count"], after["rate"]["whole"]["count"]) == (1, 1)


def test_twenty_kills_change_nothing(recorded: Recorded, undisturbed: Outcome, tmp_path: Path) -> None:
    disturbed = run(tmp_path / "desk", recorded, kills=20)
    assert disturbed.posts == undisturbed.posts
    assert disturbed.dead == undisturbed.dead
    assert disturbed.alarms == undisturbed.alarms
    assert disturbed.alerts == undisturbed.alerts
    assert disturbed.alike == undisturbed.alike


@pytest.mark.servers
def test_servers_give_the_same_as_files(
    recorded: Recorded, undisturbed: Outcome, tmp_path: Path, servers: Servers
) -> None:
    outcome = run(tmp_path / "desk", recorded, kills=0, profile=servers(desk=DESK.desk))
    assert outcome.posts == undisturbed.posts
    assert outcome.dead == undisturbed.dead
    assert outcome.alarms == undisturbed.alarms
    assert outcome.alerts == undisturbed.alerts
    assert outcome.alike == undisturbed.alike
