"""Each mixture of files and servers works, by configuration alone: from a post to a confirmed alert and its figure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from alerts.events import EventType
from huiying.core.addresses import post_id
from huiying.core.model import Topic
from huiying.core.ports import Query
from huiying.figure import compute
from huiying.reindex import reindex, wanted
from tests.flow.office import RunningOffice, wait_for
from tests.flow.profile import EMBEDDED, Servers
from tests.flow.water import Feed, water_texts
from tests.site import Site

pytest_plugins = ("tests.servers", "tests.kafka_server", "tests.elastic_server", "tests.flow.profile")
pytestmark = pytest.mark.timeout(300)

NEWS = "北京市朝阳区一小区停水两天 三百户居民盼水来"
BODY = "北京市朝阳区一小区因供水管道破裂停水两天，三百多户居民用水困难，抢修正在进行，居民希望尽快恢复供水。"
REPLY = "关于朝阳区停水情况的通报"
SAID = "北京市朝阳区水务局通报：朝阳区一小区停水系供水管道破裂所致，已安排送水车，预计今晚恢复供水。"
MIXTURES = [
    pytest.param(mixture, marks=[pytest.mark.servers] if any(mixture) else [], id="-".join(names))
    for mixture in product((False, True), repeat=3)
    for names in [
        [name for name, on in zip(("kafka", "elastic", "postgresql"), mixture, strict=True) if on] or ["files"]
    ]
]


@pytest.fixture
def sites() -> Iterator[tuple[Feed, Feed]]:
    with Site("127.0.0.61") as news, Site("127.0.0.62") as official:
        yield Feed(news), Feed(official)


@pytest.mark.parametrize("mixture", MIXTURES)
def test_a_post_becomes_a_confirmed_alert(
    mixture: tuple[bool, bool, bool],
    request: pytest.FixtureRequest,
    sites: tuple[Feed, Feed],
    tmp_path: Path,
) -> None:
    servers: Servers = request.getfixturevalue("servers") if any(mixture) else lambda *_: EMBEDDED
    news, official = sites
    with RunningOffice(
        tmp_path / "desk", water_texts(news.site, official.site), None, profile=servers(*mixture)
    ) as office:
        news.publish("/1.html", NEWS, BODY)
        wait_for(lambda: opened(office), 60)
        (alert,) = opened(office)
        duty, unit, supervisor = (office.client(login) for login in ("duty", "unit", "supervisor"))
        send(duty, alert, "acknowledge")
        send(duty, alert, "assign", unit="bureau")
        for type, path, more in (
            ("verify_and_reply", "/r.html", {"finding": "true"}),
            ("resolve_and_publish", "/o.html", {"end_state": "solved", "done": "已恢复供水"}),
        ):
            address = official.publish(path, REPLY, SAID)
            send(unit, alert, type, evidence=[{"kind": "address", "value": address}], address=address, **more)
        wait_for(lambda: len([event for event in office.events() if event.type == EventType.CAPTURED]) == 2, 60)
        send(supervisor, alert, "confirm")
        index = office.runtime.index(writer=False)
        wait_for(lambda: index.search(Query(words=("停水",))).total == 3)
        reindex(office.data, office.runtime.clock.now())
        wait_for(lambda: wanted(office.data) is None, 60)
        wait_for(lambda: index.search(Query(words=("停水",))).total == 3, 2)
        figures = json.loads(compute(office.runtime, "2026", None, True, "zh"))
        assert figures["in_progress"]["count"] == 0
        assert office.runtime.ledger.verify() == len(office.events())


def opened(office: RunningOffice) -> list[str]:
    return [str(event.alert) for event in office.events() if event.type == EventType.OPENED]


def send(client: Any, alert: str, type: str, **payload: Any) -> None:
    said = client.post(f"/api/v1/alerts/{alert}/commands", json={"type": type, "payload": payload, "key": type})
    assert said.status_code in (200, 201), said.text


@pytest.mark.servers
def test_two_desks_on_the_same_servers_see_nothing_of_each_other(
    servers: Servers, sites: tuple[Feed, Feed], tmp_path: Path
) -> None:
    news, official = sites
    with Site("127.0.0.63") as other_news, ExitStack() as opened_offices:
        other = Feed(other_news)
        here, there = (
            opened_offices.enter_context(
                RunningOffice(tmp_path / name, water_texts(feed.site, official.site), None, profile=servers())
            )
            for name, feed in (("here", news), ("there", other))
        )
        news.publish("/1.html", NEWS, BODY)
        wait_for(lambda: opened(here), 60)
        other.publish("/2.html", "朝阳区举行春季运动会", "北京市朝阳区昨日举行春季运动会，各街道代表队参加了比赛。")
        there_index = there.runtime.index(writer=False)
        wait_for(lambda: there_index.search(Query()).total == 1, 60)
        assert [post.outlet for post in there_index.search(Query()).posts] == ["news"]
        assert there_index.search(Query(words=("停水",))).total == 0
        assert opened(there) == []
        assert len(here.runtime.store.crawl.posts([post_id(news.site.url("/1.html"))])) == 1
        assert there.runtime.store.crawl.posts([post_id(news.site.url("/1.html"))]) == {}
        for topic in Topic:
            records = there.runtime.log.poll(topic, "test", 1000)
            assert [record for record in records if NEWS.encode() in record.value] == []
        (alert,) = opened(here)
        assert there.client("duty").get(f"/api/v1/alerts/{alert}").status_code == 404
        assert here.client("duty").get(f"/api/v1/alerts/{alert}").status_code == 200
