"""Kafka, Elasticsearch and PostgreSQL killed, paused and restarted under load: nothing is lost, nothing is there twice.

feeder ─ as crawl appends, again where it failed ─► POSTS_FOUND ─► 2 × process ─► watch, standby ─► ledger
faults: each server × (kill -9, pause, restart); then the lag must go, and everything is counted

Short by default. HUIYING_PROFILE=long: 20,000 posts, pauses of 60 s, three rounds; it prints what it measured.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from alerts.events import EventType
from deploy.servers.elasticsearch import Server
from deploy.servers.kafka import Broker
from huiying.backends.log_kafka import KafkaLog
from huiying.backends.log_kafka_settings import KafkaSettings
from huiying.core import codec
from huiying.core.errors import BackendError
from huiying.core.model import Post, Topic
from huiying.core.ports import Query
from tests.flow import load
from tests.flow.office import RunningOffice, wait_for
from tests.flow.profile import Servers
from tests.flow.water import Feed, water_texts
from tests.servers import Cluster
from tests.site import Site

pytest_plugins = ("tests.servers", "tests.kafka_server", "tests.elastic_server", "tests.flow.profile")
LONG = os.environ.get("HUIYING_PROFILE") == "long"
POSTS, PAUSE, ROUNDS = (20_000, 60, 3) if LONG else (600, 12, 1)
LAG = 60  # seconds within which nothing may be waiting any more
TOLD = 45  # a call that hangs fails after 10 s, its role reports every 5 s, the page asks every 2 s
EVERY = 25
ROLES = ("process-1", "process-2", "watch", "watch-2", "desk")
GROUPS = ((Topic.POSTS_FOUND, "process"), (Topic.POSTS_READY, "watch"), (Topic.POSTS_READY, "index"))

pytestmark = [pytest.mark.servers, pytest.mark.timeout(5400 if LONG else 600)]


@dataclass
class Feeder:
    """Appends posts one batch after the other, as crawl does: what failed is appended again."""

    log: KafkaLog
    desk: str
    rate: float
    done: int = 0
    go_on: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        self.go_on.set()
        for first in range(0, POSTS, 10):
            self.go_on.wait()
            batch = list(load.found(self.desk, range(first, first + 10), EVERY))
            while not self._appended(batch):
                time.sleep(0.5)
            self.done = first + 10
            time.sleep(10 / self.rate)
        self.ended.set()

    def _appended(self, batch: list[tuple[str, bytes]]) -> bool:
        try:
            self.log.append(Topic.POSTS_FOUND, batch)
        except BackendError:
            return False
        return True


@dataclass
class Fault:
    """One server, and what can befall it."""

    name: str
    kill: Callable[[], None]
    stop: Callable[[], None]
    start: Callable[[], None]
    pause: Callable[[], None]
    go_on: Callable[[], None]

    def happen(self, kind: str, meanwhile: Callable[[], None]) -> None:
        """Let `kind` befall the server; `meanwhile` is called while it is away."""
        begin, end = {
            "kill": (self.kill, self.start),
            "pause": (self.pause, self.go_on),
            "restart": (self.stop, self.start),
        }[kind]
        begin()
        try:
            if kind == "pause":
                meanwhile()
        finally:
            end()


def faults(broker: Broker, elastic: Server, cluster: Cluster) -> list[Fault]:
    """Return the three servers."""

    def signalled(number: signal.Signals) -> None:
        pid = elastic.pid
        assert pid is not None
        os.kill(pid, number)

    return [
        Fault("kafka", broker.kill, broker.stop, broker.start, broker.pause, broker.go_on),
        Fault(
            "elasticsearch",
            lambda: elastic.stop(signal.SIGKILL),
            elastic.stop,
            lambda: print(elastic.start(), end=" "),
            lambda: signalled(signal.SIGSTOP),
            lambda: signalled(signal.SIGCONT),
        ),
        Fault(
            "postgresql",
            cluster.kill,
            cluster.stop,
            cluster.start,
            lambda: cluster.signal(signal.SIGSTOP),
            lambda: cluster.signal(signal.SIGCONT),
        ),
    ]


@pytest.fixture
def texts() -> Iterator[dict[str, str]]:
    with Site("127.0.0.71") as news, Site("127.0.0.72") as official:
        Feed(news), Feed(official)
        yield water_texts(news, official)


@contextmanager
def feeding(office: RunningOffice, rate: float) -> Iterator[Feeder]:
    """Feed the office in a thread until every post is appended."""
    log = KafkaLog(KafkaSettings.of(office.runtime.machine, office.runtime.secrets))
    feeder = Feeder(log, office.runtime.machine.desk, rate)
    thread = threading.Thread(target=feeder.run, name="feeder", daemon=True)
    thread.start()
    yield feeder
    thread.join()
    log.close()


def lag(office: RunningOffice) -> int:
    """Return how many records no group has committed yet; very many where the broker does not say."""
    try:
        return sum(office.runtime.log.size(topic, group)[1] for topic, group in GROUPS)
    except BackendError:
        return 10**9


def test_nothing_is_lost_or_doubled_when_servers_fail_under_load(
    broker: Broker,
    elastic_server: Server,
    cluster: Cluster,
    servers: Servers,
    texts: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("KAFKA_BOOTSTRAP", "ELASTICSEARCH_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    seen: dict[str, set[str]] = {}
    with RunningOffice(tmp_path / "desk", texts, None, ROLES, servers()) as office:
        duty = office.client("duty")
        with feeding(office, 60) as feeder:
            wait_for(lambda: opened(office) > 0, 60)
            for _ in range(ROUNDS):
                for fault in faults(broker, elastic_server, cluster):
                    for kind in ("kill", "pause", "restart"):
                        began = time.monotonic()
                        before = feeder.done
                        fault.happen(kind, lambda name=fault.name: seen.setdefault(name, set()).update(away(duty)))
                        print(f"{fault.name} {kind}: away {time.monotonic() - began:.1f} s", end="; ")
                        wait_for(lambda before=before: feeder.done > before or feeder.done == POSTS, LAG)
                        print(f"lag gone after {caught_up(office, feeder):.1f} s")
        feeder.ended.wait()
        print(f"lag gone {caught_up(office, feeder):.1f} s after the last post")
        assert {name for name, said in seen.items() if said} == {"kafka", "elasticsearch", "postgresql"}
        counted(office)


def caught_up(office: RunningOffice, feeder: Feeder) -> float:
    """Hold the feeder back until nothing waits any more; return the seconds that took."""
    began = time.monotonic()
    feeder.go_on.clear()
    try:
        wait_for(lambda: lag(office) == 0, LAG)
    finally:
        feeder.go_on.set()
    return time.monotonic() - began


def away(duty: httpx.Client) -> set[str]:
    """Return what the duty page says of it during a pause, which ends once it says something."""
    said: set[str] = set()
    began = time.monotonic()
    while (past := time.monotonic() - began) < PAUSE or (not said - {""} and past < TOLD):
        try:
            said.add(duty.get("/duty/condition", timeout=30).text.strip())
        except httpx.TransportError:
            continue
        time.sleep(0.5)
    return said - {""}


def opened(office: RunningOffice) -> int:
    """Return how many alerts the ledger has opened."""
    try:
        return sum(event.type == EventType.OPENED for event in office.events())
    except BackendError:
        return 0


def counted(office: RunningOffice) -> None:
    """See that each post is in the index and in POSTS_READY, and each alert in the ledger, exactly once."""
    expected = {load.post_of(number) for number in range(POSTS)}
    index = office.runtime.index(writer=False)
    wait_for(lambda: index.search(Query(limit=1)).total == POSTS, 5)  # a reader sees a post within 0.5 s
    ready = {codec.decode(Post, one.value).id for one in office.runtime.log.poll(Topic.POSTS_READY, "count", 10**6)}
    assert ready == expected
    assert office.runtime.log.size(Topic.DEAD, "count")[0] == 0
    events = office.events()
    alerts = Counter(event.alert for event in events if event.type == EventType.OPENED)
    wanted = sum(load.is_alert(number, EVERY) for number in range(POSTS))
    assert (len(alerts), set(alerts.values())) == (wanted, {1})
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert office.runtime.ledger.verify() == len(events)


def test_alerts_open_while_elasticsearch_is_away_and_posts_are_found_when_it_is_back(
    elastic_server: Server, servers: Servers, texts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KAFKA_BOOTSTRAP", "ELASTICSEARCH_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        office = stack.enter_context(RunningOffice(tmp_path / "desk", texts, None, ROLES, servers()))
        log, desk = office.runtime.log, office.runtime.machine.desk
        log.append(Topic.POSTS_FOUND, list(load.found(desk, range(EVERY), EVERY)))
        wait_for(lambda: opened(office) == 1, 60)
        index = office.runtime.index(writer=False)
        wait_for(lambda: index.search(Query()).total == EVERY, 60)
        elastic_server.stop(signal.SIGKILL)
        log.append(Topic.POSTS_FOUND, list(load.found(desk, range(EVERY, 3 * EVERY), EVERY)))
        wait_for(lambda: opened(office) == 3, 60)
        assert office.client("duty").get("/search", params={"q": "停水"}).status_code == 503
        elastic_server.start()
        wait_for(lambda: index.search(Query()).total == 3 * EVERY, 60)


@dataclass
class Listener:
    """A browser's end of the live feed: it comes back with the last number that it saw."""

    office: RunningOffice
    cookies: dict[str, str]
    seen: list[int] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.is_set():
            last = {"Last-Event-ID": str(self.seen[-1])} if self.seen else {}
            address = f"http://127.0.0.1:{self.office.port}/feed"
            asked = httpx.stream("GET", address, headers=last, cookies=self.cookies, timeout=10)
            with suppress(httpx.TransportError), asked as answer:
                for line in answer.iter_lines():
                    if line.startswith("id: "):
                        self.seen.append(int(line.removeprefix("id: ")))
                    if self.ended.is_set():
                        return
            self.ended.wait(0.2)


@pytest.fixture
def listening() -> Iterator[Callable[[RunningOffice], Listener]]:
    opened: list[tuple[Listener, threading.Thread]] = []

    def listen(office: RunningOffice) -> Listener:
        listener = Listener(office, dict(office.client("duty").cookies))
        thread = threading.Thread(target=listener.run, daemon=True)
        thread.start()
        opened.append((listener, thread))
        return listener

    yield listen
    for listener, thread in opened:
        listener.ended.set()
        thread.join(15)


def test_a_rolling_restart_under_load_leaves_no_gap_in_the_live_feed(
    servers: Servers,
    texts: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    listening: Callable[[RunningOffice], Listener],
) -> None:
    monkeypatch.setattr("tests.faults.test_servers.POSTS", 400)
    with RunningOffice(tmp_path / "desk", texts, None, ROLES, servers()) as office:
        listener = listening(office)
        with feeding(office, 20):
            wait_for(lambda: opened(office) > 0, 60)
            for role in ROLES:
                office.stop(role)
                office.start(role)
                before = opened(office)
                wait_for(lambda before=before: opened(office) > before or opened(office) == 400 // EVERY, 60)
        wait_for(lambda: lag(office) == 0, LAG)
        head = office.runtime.ledger.head()
        wait_for(lambda: bool(listener.seen) and listener.seen[-1] == head, 30)
        assert listener.seen == list(range(1, head + 1))


def test_a_killed_worker_s_partitions_are_taken_over(
    servers: Servers, texts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.test_servers.POSTS", 600)
    with RunningOffice(tmp_path / "desk", texts, None, ROLES, servers()) as office:
        log, desk = office.runtime.log, office.runtime.machine.desk
        log.append(Topic.POSTS_FOUND, list(load.found(desk, range(600), EVERY)))
        wait_for(lambda: log.size(Topic.POSTS_FOUND, "process")[1] < 500, 60)
        office.kill("process-2", again=False)
        began = time.monotonic()
        wait_for(lambda: lag(office) == 0, 120)
        print(f"all done {time.monotonic() - began:.1f} s after the kill")
        counted(office)
