"""The process role's two loops over the real embedded backends: each record done or dead with a reason, indexed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from huiying.backends.index_tantivy import TantivyIndex
from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.store_sql import SqlStore
from huiying.core import codec
from huiying.core.config import Desk, Retention
from huiying.core.consume import Buried
from huiying.core.errors import BackendError, Dead
from huiying.core.lost import lost_sources
from huiying.core.model import Found, Post, Precision, Topic
from huiying.core.ports import Query
from huiying.core.topic_rules import TopicRule
from pipeline import steps
from pipeline.containers import PROOFS
from pipeline.indexing import Indexing
from pipeline.learning import CONTAINERS
from pipeline.run import Process
from tests.clock import SettableClock
from tests.pipeline.desk import COUNTY, TOWN, desk

SEEN = datetime(2026, 1, 27, 4, 0, tzinfo=UTC)
PAGE = (
    "<html><head><title>红河镇停水抢修预计当晚完成_青石日报</title></head><body><h1>红河镇停水抢修预计当晚完成</h1>"
    "<div>2026-01-27 10:20</div><p>青石县红河镇今晨停水，影响居民约两千余户，县里出动三支抢修队伍。</p>"
    "<p>抢修电话0990-88881234，投诉请拨12345。</p><p>责任编辑：张三</p></body></html>"
)


def found(post: str, **changes: object) -> Found:
    made = Found(
        desk="desk", post=post, version=1, outlet="paper", source="paper/1", address=f"http://paper.test/{post}",
        title="红河镇停水抢修预计当晚完成", summary="", date="2026-01-27 09:00", date_field="published", status=200,
        content_type="text/html", body=PAGE.encode("gb18030"), first_seen=SEEN, fetched=SEEN, backlog=False,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class Office:
    log: SqliteLog
    index: TantivyIndex
    store: SqlStore
    clock: SettableClock
    desk: Desk = field(default_factory=desk)
    number: int = 1

    def process(self) -> Process:
        return Process(lambda: (self.number, self.desk), "desk", self.log, self.store, self.clock, Retention().days())

    def indexing(self, months: int = 0) -> Indexing:
        return Indexing(self.log, self.index, self.clock, months=months)

    def publish(self, *posts: Found) -> None:
        self.log.append(Topic.POSTS_FOUND, [(post.post, codec.encode(post)) for post in posts])

    def posts(self) -> dict[str, Post]:
        indexing = self.indexing()
        while indexing.tick():
            pass
        return {post.id: post for post in self.index.search(Query(limit=100)).posts}

    def ready(self) -> list[Post]:
        return [codec.decode(Post, record.value) for record in self.log.poll(Topic.POSTS_READY, "test", 1000)]

    def dead(self) -> dict[str, str]:
        buried = (codec.decode(Buried, record.value) for record in self.log.poll(Topic.DEAD, "test", 1000))
        return {one.key: one.reason for one in buried}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = SettableClock(SEEN)
    made = Office(
        SqliteLog(tmp_path / "log", clock),
        TantivyIndex(tmp_path / "index", writer=True),
        SqlStore(f"sqlite:///{tmp_path / 'store.sqlite'}"),
        clock,
    )
    yield made
    for port in (made.log, made.index, made.store):
        port.close()


def test_a_page_becomes_a_ready_post(office: Office) -> None:
    office.publish(found("a"))
    assert office.process().tick() == 1
    post = office.posts()["a"]
    assert post.title == "红河镇停水抢修预计当晚完成"
    assert "责任编辑" not in post.text
    assert "****-********" in post.text
    assert "12345" in post.text
    assert post.published is not None
    assert (post.published.at, post.published.origin) == (datetime(2026, 1, 27, 2, 20, tzinfo=UTC), "page")
    assert {tag.code for tag in post.places} == {COUNTY, TOWN}
    assert (post.primary_place, post.story, post.month) == (TOWN, "a", "2026-01")
    assert [hit.topic for hit in post.topics] == ["water"]
    assert office.ready() == [post]


def test_a_ready_post_names_the_page_that_it_was_read_off(office: Office) -> None:
    office.publish(found("a", capture="2026-01-27/000001:0"), found("b"))
    office.process().tick()
    posts = office.posts()
    digest = sha256(PAGE.encode("gb18030")).hexdigest()
    assert (posts["a"].capture, posts["a"].page_sha256) == ("2026-01-27/000001:0", digest)
    assert (posts["b"].capture, posts["b"].page_sha256) == (None, None)


def test_found_by_its_words(office: Office) -> None:
    office.publish(found("a"))
    office.process().tick()
    office.posts()
    assert office.index.search(Query(words=("抢修", "红河镇"))).total == 1
    assert office.index.search(Query(words=("88881234",))).total == 0


def test_a_post_without_a_page_has_its_title_and_the_feeds_summary_and_date(office: Office) -> None:
    none = {"body": b"", "status": None, "content_type": None}
    office.publish(found("a", summary="<p>今晨<b>停水</b>，请储水。</p><p>作者：张三</p>", **none), found("b", **none))
    office.publish(found("c", status=404, body="<p>您访问的页面不存在，请检查地址。</p>".encode()))
    office.process().tick()
    posts = office.posts()
    assert posts["a"].text == "今晨停水，请储水。"
    assert (posts["b"].text, posts["c"].text) == ("", "")
    published = posts["b"].published
    assert published is not None
    assert (published.at, published.precision, published.origin) == (
        datetime(2026, 1, 27, 1, 0, tzinfo=UTC),
        Precision.MINUTE,
        "published",
    )


def test_a_bare_visible_date_gives_way_to_the_feeds_time_of_that_day_only(office: Office) -> None:
    day = PAGE.replace("2026-01-27 10:20", "2026-01-27").encode()
    office.publish(found("a", body=day), found("b", body=day, date="2026-01-26 09:00"))
    office.process().tick()
    precisions = {id: post.published and post.published.precision for id, post in office.posts().items()}
    assert precisions == {"a": Precision.MINUTE, "b": Precision.DAY}


def test_what_cannot_be_handled_is_dead_with_a_reason_and_counted_once(office: Office) -> None:
    office.publish(
        found("a", title="14版 -  本版责编：张三"),
        found("b", title="", body=b"", summary=" "),
        found("c", outlet="gone"),
        found("d"),
    )
    office.log.append(Topic.POSTS_FOUND, [("e", b"no record")])
    process = office.process()
    assert process.tick() == 5
    assert office.dead() == {"a": "not_an_article", "b": "nothing_to_read", "c": "outlet_unknown", "e": "unreadable"}
    assert list(office.posts()) == ["d"]
    counters = process.counters
    assert (counters.polled, counters.done, counters.dead, counters.retried) == (5, 1, 4, 0)


@pytest.mark.parametrize("part", ["OPENING", "FURTHER"])
def test_a_failing_step_buries_its_record_and_not_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def broken(reading: steps.Reading, tools: steps.Tools) -> steps.Reading:
        if reading.found.post == "a":
            raise RecursionError("too deep")
        return reading

    monkeypatch.setattr(steps, part, (broken, *getattr(steps, part)))
    office.publish(found("a"), found("b", title="另一条"))
    office.process().tick()
    assert office.dead() == {"a": "step_failed"}
    assert list(office.posts()) == ["b"]


def test_records_of_another_desk_are_done_and_leave_no_trace(office: Office) -> None:
    office.publish(found("a", desk="other"))
    process = office.process()
    assert process.tick() == 1
    assert process.tick() == 0
    assert office.posts() == {}


def test_a_broken_log_leaves_the_batch_to_come_again_with_the_same_effects(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(topic: object, records: object) -> None:
        raise BackendError("log_failed", detail="x")

    office.publish(found("a"), found("b", title="04版 -  红河镇停水抢修预计当晚完成"))
    process = office.process()
    with monkeypatch.context() as patched:
        patched.setattr(office.log, "append", fail)
        with pytest.raises(BackendError):
            process.tick()
    assert office.ready() == []
    assert office.process().tick() == 2
    assert {post.story for post in office.posts().values()} == {"a"}


def test_an_index_that_is_away_holds_up_no_ready_post(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(posts: object) -> None:
        raise BackendError("index_failed", detail="x")

    process, indexing = office.process(), office.indexing()
    with monkeypatch.context() as patched:
        patched.setattr(office.index, "put", fail)
        for id in ("a", "b"):
            office.publish(found(id))
            assert process.tick() == 1
            with pytest.raises(BackendError):
                indexing.tick()
    assert [post.id for post in office.ready()] == ["a", "b"]
    assert indexing.tick() == 2
    assert sorted(office.posts()) == ["a", "b"]
    assert (indexing.counters.polled, indexing.counters.retried, indexing.counters.done) == (5, 3, 2)


def test_the_same_record_twice_changes_nothing(office: Office) -> None:
    office.publish(found("a"))
    process = office.process()
    process.tick()
    once = office.posts()
    office.publish(found("a"))
    process.tick()
    assert office.posts() == once
    assert office.ready()[0] == office.ready()[1]


def test_a_new_version_replaces_the_old_and_keeps_its_story(office: Office) -> None:
    office.publish(found("a"), found("a", version=2, title="红河镇已恢复供水", body=b""))
    office.process().tick()
    (post,) = office.posts().values()
    assert (post.version, post.title, post.story) == (2, "红河镇已恢复供水", "a")


OTHER = tuple(f"县教育局第{number}次通报校园食堂检查的结果" for number in "一二三四五六七八")


def page_of(*clauses: str) -> bytes:
    return f"<html><body><p>{'，'.join(clauses)}。</p></body></html>".encode()


def test_a_post_that_changed_into_anothers_text_shows_that_two_stories_are_one(office: Office) -> None:
    office.publish(found("a"), found("b", title="食堂检查", body=page_of(*OTHER)))
    office.publish(found("a", version=2, title="食堂检查", body=page_of(*OTHER[:-1], "校方已经整改完毕并向家长公布")))
    office.process().tick()
    stories = [(post.id, post.version, post.story, post.joins) for post in office.ready()]
    assert stories == [("a", 1, "a", ()), ("b", 1, "b", ()), ("a", 2, "a", ("b",))]


def test_a_digest_joins_no_stories_and_a_changed_post_speaks_for_itself_alone(office: Office) -> None:
    text = [f"红河镇供水管网第{number}处破裂正在抢修之中" for number in "一二三四五六七八"]
    office.publish(found("a", title="甲", body=page_of(*text)), found("c", title="丙", body=page_of(*text)))
    office.publish(found("b", title="乙", body=page_of(*OTHER)))
    office.publish(found("d", title="一周要闻", body=page_of(*text[:5], *OTHER[:5])))
    office.publish(found("a", version=2, title="甲", body=page_of(*OTHER)))
    office.process().tick()
    assert {post.joins for post in office.ready()} == {()}


def test_a_newer_configuration_changes_the_tags_from_the_next_tick(office: Office) -> None:
    process = office.process()
    office.publish(found("a"))
    process.tick()
    rule = TopicRule(id="repair", name="抢修", name_en="Repairs", any=("抢修",))
    office.desk, office.number = desk(topics=(rule,)), 2
    office.publish(found("b", title="抢修"))
    process.tick()
    hits = {id: [hit.topic for hit in post.topics] for id, post in office.posts().items()}
    assert hits == {"a": ["water"], "b": ["repair"]}


class Choosy(TantivyIndex):
    """An index that holds everything but one post, as an engine does that refuses it for good."""

    def put(self, posts: Sequence[Post]) -> None:
        super().put([post for post in posts if post.id != "bad"])
        if len([post for post in posts if post.id == "bad"]):
            raise Dead("step_failed", step="index", detail="x", posts=("bad",), reasons=("immense term",))


def test_a_post_that_the_index_refuses_is_dead_and_the_others_of_its_batch_are_held(
    office: Office, tmp_path: Path
) -> None:
    office.index.close()
    office.index = Choosy(tmp_path / "index", writer=True)
    office.publish(found("a"), found("bad", title="另一条"), found("c", outlet="gone"), found("d", title="第三条"))
    process, indexing = office.process(), office.indexing()
    assert (process.tick(), indexing.tick()) == (4, 3)
    assert office.dead() == {"bad": "step_failed", "c": "outlet_unknown"}
    assert [post.id for post in office.ready()] == ["a", "bad", "d"]
    for counters, expected in ((process.counters, (4, 3, 1, 0)), (indexing.counters, (3, 2, 1, 0))):
        assert (counters.polled, counters.done, counters.dead, counters.retried) == expected
    assert (process.tick(), indexing.tick()) == (0, 0)
    assert sorted(office.posts()) == ["a", "d"]


def test_an_index_that_says_nothing_of_which_post_it_refuses_stops_the_line(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(posts: object) -> None:
        raise Dead("step_failed", step="index", detail="x")

    office.publish(found("a"))
    office.process().tick()
    monkeypatch.setattr(office.index, "put", fail)
    with pytest.raises(Dead):
        office.indexing().tick()
    assert office.dead() == {}


def test_an_index_that_begins_empty_is_filled_by_a_group_of_its_own(office: Office, tmp_path: Path) -> None:
    office.publish(found("a"), found("bad", title="另一条"))
    office.process().tick()
    office.log.append(Topic.POSTS_READY, [("e", b"no record")])
    office.publish(found("b", title="第三条"))
    office.process().tick()
    office.posts()
    fresh = Choosy(tmp_path / "fresh", writer=True)
    filling = Indexing(office.log, fresh, office.clock, group="index fresh")
    assert (filling.tick(), filling.tick()) == (4, 0)
    assert {post.id for post in fresh.search(Query()).posts} == {"a", "b"}
    fresh.close()


def test_what_retention_no_longer_covers_is_let_go_once_a_day(office: Office) -> None:
    office.publish(found("a"))
    process, indexing = office.process(), office.indexing(months=2)
    process.tick()
    for now, found_held, indexed in (
        (datetime(2026, 2, 14, 12, tzinfo=UTC), 1, 1),
        (datetime(2026, 2, 15, 12, tzinfo=UTC), 0, 1),
        (datetime(2026, 3, 31, 12, tzinfo=UTC), 0, 1),
        (datetime(2026, 4, 1, 12, tzinfo=UTC), 0, 0),
    ):
        office.clock.set(now)
        process.tick()
        indexing.tick()
        assert office.log.size(Topic.POSTS_FOUND, "test")[0] == found_held
        assert office.index.search(Query()).total == indexed
    assert office.log.size(Topic.POSTS_READY, "test")[0] == 1
    office.clock.set(datetime(2027, 3, 8, 12, tzinfo=UTC))
    process.tick()
    assert office.log.size(Topic.POSTS_READY, "test")[0] == 0


def test_an_index_keeps_every_month_where_none_is_named(office: Office) -> None:
    office.publish(found("a"))
    office.process().tick()
    assert list(office.posts()) == ["a"]
    office.clock.set(SEEN + timedelta(days=4000))
    assert list(office.posts()) == ["a"]


def test_retention_that_fails_says_so_once_an_hour_and_stops_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(before: object) -> int:
        raise BackendError("index_failed", detail="x")

    monkeypatch.setattr(office.index, "expire", fail)
    office.publish(found("a"))
    office.process().tick()
    indexing = office.indexing(months=1)
    for hour in range(3):
        office.clock.set(SEEN + timedelta(hours=hour))
        with pytest.raises(BackendError):
            indexing.tick()
        assert indexing.tick() == 0
    assert list(office.posts()) == ["a"]


def test_an_outlets_container_is_learnt_and_its_loss_told(office: Office) -> None:
    named = PAGE.replace("<p>青", "<div id=zoom><p>青").replace("</body>", "</div></body>").encode()
    office.publish(*(found(f"a{number}", body=named) for number in range(PROOFS)))
    office.process().tick()
    assert office.store.tallies.of(SEEN.date(), CONTAINERS) == {"paper div#zoom": PROOFS}
    bare = "<html><head><title>红河镇停水</title></head><body><div id=app></div></body></html>".encode()
    office.publish(*(found(f"b{number}", body=bare) for number in range(3)))
    office.process().tick()
    assert lost_sources(office.store.tallies, SEEN.date()) == {"paper/1"}
