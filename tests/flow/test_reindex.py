"""Reindexing while work goes on, over both indices: no search finds less, a kill costs a slice, nothing is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from huiying.backends.index_elastic import ElasticIndex, ElasticSettings
from huiying.backends.index_tantivy import TantivyIndex
from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.store_sql import SqlStore
from huiying.core import codec
from huiying.core.errors import BackendError, Dead
from huiying.core.model import Post, Topic
from huiying.core.ports import Query
from huiying.reindex import done, follow, reindex, wanted
from pipeline.indexing import Indexing
from pipeline.run import Process
from tests.clock import SettableClock
from tests.contract.test_index import post
from tests.pipeline.desk import desk
from tests.pipeline.test_process import SEEN, found

pytest_plugins = ("tests.elastic_server",)

HELD = 600  # three slices


@dataclass
class Both:
    """The role's two loops, turn and turn about."""

    process: Process
    indexing: Indexing

    def tick(self) -> int:
        handled = self.process.tick()
        self.indexing.tick()
        return handled


@dataclass
class Desk:
    """A desk's log, store and index; `kill` lets everything of the process go and opens it anew."""

    folder: Path
    settings: ElasticSettings | None
    opened: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.clock = SettableClock(SEEN)
        self.start()

    def start(self) -> None:
        self.log = SqliteLog(self.folder / "log", self.clock)
        self.store = SqlStore(f"sqlite:///{self.folder / 'store.sqlite'}")
        self.index = self.open(writer=True)
        for port in (self.log, self.store, self.index):
            self.opened.callback(port.close)

    def open(self, writer: bool) -> Any:
        if self.settings is None:
            return TantivyIndex(self.folder / "index", writer)
        return ElasticIndex(self.settings, writer)

    def kill(self) -> None:
        self.opened.close()
        self.start()

    def process(self, finish: Callable[[str], None] | None = None, months: int = 0) -> Both:
        return Both(
            Process(lambda: (1, desk()), "desk", self.log, self.store, self.clock),
            Indexing(
                self.log,
                self.index,
                self.clock,
                months=months,
                wanted=lambda: wanted(self.folder),
                done=finish or (lambda request: done(self.folder, request)),
            ),
        )

    def fill(self, posts: Sequence[Post]) -> None:
        self.log.append(Topic.POSTS_READY, [(one.id, codec.encode(one)) for one in posts])

    def ask(self) -> str:
        return reindex(self.folder, self.clock.now())

    def work(self, process: Both) -> int:
        """Tick until the request is carried out; return how many ticks that took."""
        ticks = 0
        while wanted(self.folder) is not None:
            process.tick()
            ticks += 1
            assert ticks < 200
        return ticks

    def finds(self, ids: set[str]) -> bool:
        """Say whether exactly the posts `ids` are found within half a second."""
        until = time.monotonic() + 0.5
        while (found := {one.id for one in self.index.search(Query(limit=2000)).posts}) != ids:
            if time.monotonic() > until:
                return bool(found == ids)
        return True


@pytest.fixture(params=["tantivy", "elastic"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    settings = None if request.param == "tantivy" else request.getfixturevalue("elastic")
    made = Desk(tmp_path, settings)
    yield made
    made.opened.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, None)
    yield made
    made.opened.close()


def ready(count: int) -> list[Post]:
    return [post(f"{number:04}", first_seen=SEEN - timedelta(seconds=number)) for number in range(count)]


def test_searches_never_find_less_and_posts_found_meanwhile_are_in_the_new_generation(office: Desk) -> None:
    posts = ready(HELD)
    office.fill(posts)
    # One that the log no longer holds, and one whose text in the index is not what the log says.
    office.index.put([*posts, post("older-than-the-log"), post("0000", title="旧")])
    reader = office.open(writer=False)
    office.opened.callback(reader.close)
    while reader.search(Query(limit=1)).total != HELD + 1:
        pass
    before = office.index.generations()[0]
    office.ask()
    process = office.process()
    over: list[bool] = []
    with ThreadPoolExecutor(1) as thread:
        totals = thread.submit(lambda: [reader.search(Query(limit=5)).total for _ in iter(lambda: bool(over), True)])
        try:
            arriving = [f"new-{number}" for number in range(4)]
            for id in arriving:
                title = f"第{id}条"
                office.log.append(Topic.POSTS_FOUND, [(id, codec.encode(found(id, title=title, body=b"")))])
                assert process.tick() == 1
            office.work(process)
        finally:
            over.append(True)
        assert min(totals.result()) >= HELD
    assert office.index.generations() == (before + 1, None)
    assert office.finds({*(one.id for one in posts), *arriving})
    assert office.index.get("0000") == posts[0]


@pytest.mark.parametrize("ticks", [1, 2, 3, 4, 6, 7])
def test_a_kill_after_any_slice_goes_on_where_it_was_with_one_generation(office: Desk, ticks: int) -> None:
    posts = ready(HELD)
    office.fill(posts)
    office.index.put(posts[:10])
    office.ask()
    process = office.process()
    for _ in range(ticks):
        process.tick()
    office.kill()
    more = post("while-it-was-down")
    office.fill([more])
    left = office.work(office.process())
    assert left < 12 - ticks
    assert office.index.generations() == (2, None)
    assert office.finds({*(one.id for one in posts), more.id})


def test_a_kill_between_the_switch_and_its_end_makes_no_second_generation(office: Desk) -> None:
    posts = ready(300)
    office.fill(posts)
    office.ask()

    def killed(request: str) -> None:
        raise BackendError("log_failed", detail="killed")

    process = office.process(killed)
    with pytest.raises(BackendError):
        office.work(process)
    office.kill()
    office.work(office.process())
    assert office.index.generations() == (2, None)
    assert office.finds({one.id for one in posts})


def test_a_generation_that_lost_posts_is_mended_before_it_is_switched_to(
    embedded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = ready(300)
    embedded.fill(posts)
    embedded.index.put(posts)
    embedded.ask()
    process = embedded.process()
    process.tick()
    lost = embedded.index.generation(2)
    with lost._writing() as writer:
        writer.delete_all_documents()
        writer.commit()
    assert lost.search(Query()).total == 0
    embedded.work(process)
    assert embedded.finds({one.id for one in posts})


def test_a_log_that_gives_nothing_yet_is_not_taken_for_an_empty_one(
    embedded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer group on Kafka gives no records while it is being divided."""
    posts = ready(300)
    embedded.fill(posts)
    embedded.index.put(posts)
    embedded.ask()
    process = embedded.process()
    with monkeypatch.context() as patched:
        patched.setattr(embedded.log, "poll", lambda topic, group, limit: [])
        for _ in range(5):
            process.tick()
    assert embedded.index.generations() == (1, 2)
    assert embedded.finds({one.id for one in posts})
    embedded.work(process)


def test_an_empty_log_is_reindexed_to_nothing(office: Desk) -> None:
    office.ask()
    assert office.work(office.process()) <= 3
    assert office.finds(set())


def test_months_that_the_index_no_longer_keeps_are_not_filled_in_again(office: Desk) -> None:
    old = post("old", month="2025-11", first_seen=datetime(2025, 11, 30, tzinfo=UTC))
    office.fill([old, post("a")])
    office.ask()
    process = office.process(months=1)
    office.work(process)
    assert office.finds({"a"})


def test_a_post_that_can_never_be_held_stops_no_reindexing(embedded: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded.fill([post("bad"), post("a")])
    embedded.ask()
    process = embedded.process()
    number = embedded.index.begin_generation()
    target = embedded.index.generation(number)
    put = target.put

    def choosy(posts: Sequence[Post]) -> None:
        put([one for one in posts if one.id != "bad"])
        if any(one.id == "bad" for one in posts):
            raise Dead("step_failed", step="index", detail="x", posts=("bad",), reasons=("immense term",))

    monkeypatch.setattr(target, "put", choosy)
    embedded.work(process)
    assert embedded.finds({"a"})


def test_a_second_request_while_one_is_under_way_is_the_same_one_and_a_later_one_is_new(tmp_path: Path) -> None:
    assert wanted(tmp_path) is None
    first = reindex(tmp_path, SEEN)
    assert reindex(tmp_path, SEEN) == first == wanted(tmp_path)
    done(tmp_path, "another")
    assert wanted(tmp_path) == first
    done(tmp_path, first)
    assert wanted(tmp_path) is None
    assert reindex(tmp_path, SEEN) != first


def test_how_far_it_is_is_told_until_it_is_done(office: Desk) -> None:
    office.fill(ready(600))
    process, request = office.process(), office.ask()
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))
        process.tick()
        assert len(told) < 200

    assert follow(office.folder, office.log, office.index, request, tell, pause=0)
    assert {total for _, total in told} == {1200}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert (told[0][0], told[-1][0]) == (0, 1200)
    assert len({done for done, _ in told}) > 3


def test_where_nothing_moves_the_showing_ends_and_the_request_stands(
    embedded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.fill(ready(2))
    request, slept = embedded.ask(), list[float]()
    monkeypatch.setattr("huiying.reindex.sleep", slept.append)
    assert not follow(embedded.folder, embedded.log, embedded.index, request, lambda done, total: None)
    assert (sum(slept), wanted(embedded.folder)) == (60.0, request)
