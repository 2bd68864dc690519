"""The watch role on real embedded backends, by timetable: what stands in the log and on the clock becomes events."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.opening import alert_id
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from alerts.vocabulary import Stage, Step
from alerts.watch import Watch
from huiying.backends.captures_folder import FolderCaptures
from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.store_sql import SqlStore
from huiying.core import codec
from huiying.core.config import Channel, Desk, Machine
from huiying.core.consume import Buried
from huiying.core.errors import BackendError
from huiying.core.lost import LOST
from huiying.core.model import (
    CaptureWanted,
    Count,
    Dated,
    Draft,
    PlaceTag,
    Post,
    Precision,
    Response,
    Role,
    Topic,
    TopicHit,
)
from huiying.core.states import Captured, Delivery, Reading, SourceState
from tests.alerts.scene import (
    DUTY,
    EVIDENCE,
    OUTCOME,
    REPLY,
    RESOLVE,
    UNIT,
    VERIFY,
    VILLAGE,
    Scene,
    place,
    post,
    texts,
    topic,
)


@dataclass(frozen=True)
class PageText:
    title: str
    text: str


@dataclass(frozen=True)
class Tags:
    places: tuple[PlaceTag, ...]
    topics: tuple[TopicHit, ...]


class Tagger:
    """Names the township and the topic where their words stand in the title."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def tag(self, title: str, text: str, home: str | None) -> Tags:
        places = (place(),) if "青河镇" in title else ()
        inside = (place(VILLAGE, "下湾村"),) if "下湾村" in title else ()
        implied = (place(field="outlet"),) if "本镇" in title else ()
        return Tags(places + inside + implied, (topic(),) if "停水" in title else ())


def read_page(body: bytes, content_type: str | None, zone: str, now: datetime) -> PageText:
    return PageText(body.decode(), "")


class Stage_:
    """A watch over a scene's ledger, with log, store, captures and a channel that a test answers for."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.folder = folder
        self.log = SqliteLog(folder / "log", scene.clock)
        self.store = SqlStore(f"sqlite:///{folder / 'store.sqlite'}")
        self.captures = FolderCaptures(folder / "captures")
        self.letters: list[httpx.Request] = []
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(200, json={"errcode": 0})
        self.tagger: type[Tagger] = Tagger
        self.watch = self.start()

    def start(self, real: bool = False, **instead: Any) -> Watch:
        """Return a new life of the watch, on a simulated clock unless it is `real`; `instead` replaces a backend."""

        def answered(request: httpx.Request) -> httpx.Response:
            self.letters.append(request)
            return self.answer()

        machine = Machine(
            desk="yunze",
            title="值班台",
            contact="a@b.example",
            clock="system" if real else "simulated",
            channels=(
                Channel(name="wecom", url="https://hook.example/"),
                Channel(name="big", url="https://big.example/", min_level=3),
            ),
        )
        given = {"ledger": self.scene.ledger, "log": self.log, "store": self.store, "captures": self.captures}
        client = httpx.Client(transport=httpx.MockTransport(answered))
        rest = (self.scene.clock, machine, read_page, self.tagger, {"wecom": "s3cret", "big": "other"}, client)
        return Watch(*(given | instead).values(), *rest)  # type: ignore[arg-type]

    def posts(self, *posts: Post) -> None:
        self.log.append(Topic.POSTS_READY, [(made.id, codec.encode(made)) for made in posts])

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.watch.tick()

    def types(self, alert: str | None = None) -> list[str]:
        """Return the types of all events but the two that begin the ledger, and those by which watch says it lives."""
        signs = ("heartbeat", "coverage_recorded")
        events = read_all(self.scene.ledger, alert)[0 if alert else 2 :]
        return [event.type for event in events if event.type not in signs]

    def fetched(self, seq: int, body: str, attempt: int = 1, status: int = 200) -> None:
        """Say that crawl captured the page of event `seq` now."""
        now = self.scene.clock.now()
        response = Response(REPLY["address"], status, (("Content-Type", "text/html"),), body.encode(), now)
        reference = self.captures.put(response)
        self.store.captured.save(Captured(seq, attempt, REPLY["address"], reference, now, now))

    def wanted(self, day: int = 0) -> list[CaptureWanted]:
        records = self.log.poll(Topic.CAPTURES_WANTED, "test", 999)
        asked = [codec.decode(CaptureWanted, record.value) for record in records]
        return [one for one in asked if one.day == day]

    def settle(self, expected: int) -> None:
        """Tick until `expected` letters have been answered, and recorded."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            self.tick()
            done = [one for one in self.store.deliveries.recent(99) if one.attempts]
            if len(self.letters) >= expected and len(done) >= 1:
                self.tick()
                return
            time.sleep(0.005)
        raise AssertionError(f"{len(self.letters)} letters of {expected}")


@pytest.fixture
def stage(scene: Scene, tmp_path: Path) -> Iterator[Stage_]:
    made = Stage_(scene, tmp_path)
    yield made
    made.captures.close()
    made.store.close()
    made.log.close()


# posts


def test_what_a_tick_folded_is_saved_as_the_projection_and_an_idle_one_saves_nothing(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.tick()
    saved = stage.store.projection.load()
    assert saved is not None
    assert saved[0].seq == stage.scene.ledger.head()
    assert [piece.id for piece in saved[1] if piece.kind == "alert"] == [alert_id("yunze", post(1).story)]
    stage.store.projection.save(replace(saved[0], version="touched"), [], saved[0])
    stage.tick()
    after = stage.store.projection.load()
    assert after is not None
    assert after[0].version == "touched"


def test_one_alert_a_story_and_further_posts_attach_even_without_a_rule(stage: Stage_) -> None:
    first = post(1, story="s" * 32)
    reprint = post(2, story="s" * 32, topics=(), places=(), outlet="daily")
    stage.posts(first, reprint, post(3, topics=()))
    stage.tick()
    alert = alert_id("yunze", "s" * 32)
    assert alert.startswith("A")
    assert stage.types() == ["opened", "post_attached"]
    state = stage.scene.state(alert)
    assert [held.id for held in state.posts] == [first.id, reprint.id]
    assert (state.rule, state.place_name, state.topics) == ("water", "青河镇", ("water",))


def payload(stage: Stage_, alert: str, type: str) -> Mapping[str, Any]:
    return next(event.payload for event in read_all(stage.scene.ledger, alert) if event.type == type)


def test_a_count_that_opens_at_a_higher_level_and_one_that_raises_it_later_are_recorded(stage: Stage_) -> None:
    steps = "".join(
        f'[[severity]]\nkind = "households"\nat_least = {count}\nlevel = {level}\n'
        for count, level in ((1000, 2), (10_000, 3))
    )
    files = texts()
    stage.scene.configure(files | {"topics.toml": files["topics.toml"] + steps})

    def told(number: int, households: int) -> Post:
        hit = replace(topic(), counts=(Count("households", households, "title", 5, 7),))
        return post(number, story="s" * 32, topics=(hit,))

    stage.posts(told(1, 1200))
    stage.tick()
    alert = alert_id("yunze", "s" * 32)
    opened = payload(stage, alert, "opened")
    reason = {"rule_level": 1, "kind": "households", "value": 1200, "at_least": 1000, "words": "三天"}
    assert (opened["level"], opened["raised"]) == (2, reason)
    stage.posts(told(2, 900), told(3, 12_000), told(4, 15_000))
    stage.tick()
    assert stage.types().count("rule_matched") == 1
    matched = payload(stage, alert, "rule_matched")
    assert (matched["level"], matched["raised"]["at_least"]) == (3, 10_000)
    assert "deadlines" in matched
    state = stage.scene.state(alert)
    assert (int(state.level), state.rules) == (3, ("water",))


def test_a_further_rule_takes_its_terms_from_the_policy_that_the_alert_was_opened_under(stage: Stage_) -> None:
    """A policy that was loosened meanwhile would else give the raised level its longer term."""
    stage.posts(post(1, story="s" * 32))
    stage.tick()
    looser = texts()["policy.toml"].replace("reply = { minutes = 300 }", "reply = { minutes = 2400 }")
    assert looser != texts()["policy.toml"]
    stage.scene.configure(texts() | {"policy.toml": looser})
    stage.scene.clock.forward(hours=1)
    stage.posts(post(2, story="s" * 32, topics=(topic("roads", "塌陷"),)))
    stage.tick()
    state = stage.scene.state(alert_id("yunze", "s" * 32))
    assert int(state.level) == 3
    assert state.deadlines[Step.REPLY].at == stage.scene.clock.now() + timedelta(hours=5)


def test_posts_that_show_two_stories_to_be_one_join_their_alerts(stage: Stage_) -> None:
    first, second = post(1, story="s" * 32), post(2, story="t" * 32)
    stage.posts(first, second, replace(second, version=2, joins=("s" * 32,)))
    stage.tick(2)
    kept, ended = alert_id("yunze", "s" * 32), alert_id("yunze", "t" * 32)
    assert stage.scene.state(ended).joined_into == kept
    assert [held.id for held in stage.scene.state(kept).posts] == [first.id, second.id]
    stage.posts(post(3, story="t" * 32))
    stage.tick()
    assert len(stage.scene.state(kept).posts) == 3
    assert len(stage.scene.state(ended).posts) == 1


def test_a_new_alert_is_held_against_those_in_observation(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.tick()
    alert = alert_id("yunze", post(1).story)
    stage.scene.confirmed(alert)
    stage.scene.clock.forward(days=3)
    stage.posts(post(2, at=stage.scene.clock.now()))
    stage.tick(2)
    (found,) = stage.scene.state(alert).recurrences
    assert found.other == alert_id("yunze", post(2).story)
    stage.start().tick()
    assert len(stage.scene.state(alert).recurrences) == 1


def test_a_record_that_comes_again_changes_nothing(stage: Stage_) -> None:
    stage.posts(post(1), post(2, story=post(1).id))
    stage.tick()
    before = stage.types()
    stage.posts(post(1), post(2, story=post(1).id), replace(post(2, story=post(1).id), fetched=stage.scene.clock.now()))
    stage.tick()
    assert stage.types() == before


def kept(stage: Stage_, number: int, body: str) -> str:
    """Keep the page of a post among the captures that expire; return its reference."""
    response = Response(f"https://news.example/{number}", 200, (), body.encode(), stage.scene.clock.now())
    return stage.captures.put(response)


def test_the_page_that_an_alert_cites_outlives_what_was_only_seen(stage: Stage_) -> None:
    cited, ordinary = kept(stage, 1, "停水"), kept(stage, 2, "天晴")
    changed = kept(stage, 1, "恢复")
    first = post(1, capture=cited, page_sha256="ab" * 32)
    second = replace(first, version=2, text="已恢复。", capture=changed, page_sha256="cd" * 32)
    stage.posts(first, post(2, topics=(), capture=ordinary, page_sha256="ef" * 32), second)
    stage.tick()
    stage.captures.expire(stage.scene.clock.now().date() + timedelta(days=1))
    assert stage.captures.get(cited).body == "停水".encode()
    assert list(stage.captures.references()) == sorted((cited, changed))
    opened, told = (event.payload for event in read_all(stage.scene.ledger) if event.type in ("opened", "post_changed"))
    assert (opened["posts"][0]["capture"], opened["posts"][0]["sha256"]) == (cited, "ab" * 32)
    assert (told["post"]["capture"], told["post"]["sha256"]) == (changed, "cd" * 32)


def test_a_page_that_is_not_held_any_more_is_not_cited_and_holds_up_no_alert(stage: Stage_) -> None:
    reference = kept(stage, 1, "停水")
    stage.captures.expire(stage.scene.clock.now().date() + timedelta(days=1))
    stage.posts(post(1, capture=reference, page_sha256="ab" * 32))
    stage.tick()
    (opened,) = (event.payload for event in read_all(stage.scene.ledger) if event.type == "opened")
    assert not opened["posts"][0].keys() & {"capture", "sha256"}


def test_a_changed_post_is_told_with_what_differs(stage: Stage_) -> None:
    stage.posts(
        post(1),
        replace(post(1), version=2, text="青河镇供水正常。"),
        replace(post(1), version=3, text="青河镇供水正常。"),
    )
    stage.tick()
    events = [event for event in read_all(stage.scene.ledger) if event.type == "post_changed"]
    assert [event.payload["differs"] for event in events] == [["text"]]
    assert "供水正常" not in str(events[0].payload)


def test_the_rule_of_the_highest_level_opens_and_the_others_are_named(stage: Stage_) -> None:
    stage.posts(post(1, topics=(topic(), topic("roads", "塌陷"))))
    stage.tick()
    assert stage.types() == ["opened", "rule_matched"]
    state = stage.scene.state(alert_id("yunze", post(1).id))
    assert (state.rule, state.rules, state.level) == ("roads", ("roads", "water"), 3)


def test_official_and_backlog_posts_open_nothing(stage: Stage_) -> None:
    stage.posts(post(1, outlet="gov", official=True), post(2, backlog=True))
    stage.tick()
    assert stage.types() == []


def test_an_official_page_of_the_same_story_is_no_post_of_it(stage: Stage_) -> None:
    stage.posts(post(1), post(2, story=post(1).id, outlet="gov", official=True))
    stage.tick()
    assert stage.types() == ["opened"]


@pytest.mark.parametrize(("seen", "hours"), [("2026-03-05T09:00:00+08:00", 24), ("2026-03-04T10:00:00+08:00", 10)])
def test_a_publication_known_to_the_day_counts_from_its_end_but_not_later_than_we_saw_it(
    stage: Stage_, seen: str, hours: int
) -> None:
    day = codec.instant("2026-03-04T00:00:00+08:00")
    stage.posts(post(1, at=seen, published=Dated(day, Precision.DAY, "feed")))
    stage.tick()
    assert stage.scene.state(alert_id("yunze", post(1).id)).earliest == day + timedelta(hours=hours)


def test_a_backlog_post_attaches_and_makes_the_earliest_earlier(stage: Stage_) -> None:
    old = post(2, story=post(1).id, at="2026-02-20T08:00:00+08:00", backlog=True)
    stage.posts(post(1), old)
    stage.tick()
    assert old.published is not None
    assert stage.scene.state(alert_id("yunze", post(1).id)).earliest == old.published.at


def test_what_cannot_be_read_and_what_is_another_desks_goes_to_the_dead(stage: Stage_) -> None:
    stage.log.append(Topic.POSTS_READY, [("k", b"\x00")])
    stage.posts(replace(post(1), desk="elsewhere"))
    stage.tick()
    dead = [codec.decode(Buried, record.value).reason for record in stage.log.poll(Topic.DEAD, "test", 9)]
    assert dead == ["unreadable", "other_desk"]
    assert (stage.watch.counters.polled, stage.watch.counters.dead) == (2, 2)


def test_nothing_is_consumed_before_a_configuration_is_recorded(tmp_path: Path, stage: Stage_) -> None:
    from huiying.backends.ledger_sql import SqlLedger

    empty = SqlLedger(f"sqlite:///{tmp_path / 'empty.sqlite'}", "yunze", stage.scene.clock)
    stage.posts(post(1))
    assert stage.start(ledger=empty).tick() == 0
    assert stage.log.size(Topic.POSTS_READY, "watch") == (1, 1)
    empty.close()


def test_a_story_opened_by_hand_takes_its_posts(stage: Stage_) -> None:
    event = stage.scene.office.open_by_hand(DUTY, post(1), why="来电")[0]
    stage.posts(post(1), post(2, story=post(1).id))
    stage.tick()
    assert stage.types(str(event.alert)) == ["opened", "rule_matched", "post_attached"]


# the clock


def test_each_overdue_step_escalates_once_and_an_acknowledgement_lapses(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.tick()
    alert = alert_id("yunze", post(1).id)
    stage.scene.clock.forward(minutes=15)
    stage.tick()
    assert stage.types() == ["opened"]
    stage.scene.clock.forward(seconds=1)
    stage.tick(3)
    assert stage.types() == ["opened", "escalated"]
    stage.scene.do(DUTY, C.ACKNOWLEDGE, alert)
    stage.scene.clock.forward(minutes=61)
    stage.tick(3)
    assert stage.types()[2:] == ["acknowledged", "escalated", "acknowledgement_lapsed"]
    assert stage.scene.state(alert).stage is Stage.OPENED
    stage.scene.do(DUTY, C.ACKNOWLEDGE, alert)
    stage.scene.clock.forward(minutes=61)
    stage.tick(2)
    assert stage.types()[5:] == ["acknowledged", "escalated", "acknowledgement_lapsed"]
    stage.scene.clock.forward(days=30)
    stage.tick(3)
    steps = [event.payload["step"] for event in read_all(stage.scene.ledger, alert) if event.type == "escalated"]
    assert steps == ["acknowledge", "assign", "assign", "reply", "resolve"]


def test_a_lapsed_acknowledgement_is_told_as_the_missing_assignment_only(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.tick()
    stage.scene.do(DUTY, C.ACKNOWLEDGE, alert_id("yunze", post(1).id))
    stage.scene.clock.forward(minutes=61)
    stage.tick(3)
    steps = [event.payload["step"] for event in read_all(stage.scene.ledger) if event.type == "escalated"]
    assert steps == ["assign"]


def test_a_step_done_in_time_never_escalates(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.tick()
    alert = alert_id("yunze", post(1).id)
    stage.scene.confirmed(alert)
    stage.scene.clock.forward(days=30)
    stage.tick(2)
    assert "escalated" not in stage.types()


def test_a_reply_that_proves_nothing_escalates_all_the_same(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.tick()
    alert = alert_id("yunze", post(1).id)
    stage.scene.assigned(alert)
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    stage.fetched(reply.seq, "别的内容")
    stage.tick()
    stage.scene.clock.forward(hours=49)
    stage.tick(2)
    escalated = [event for event in read_all(stage.scene.ledger, alert) if event.type == "escalated"]
    assert [(event.payload["step"], event.payload["unit"]) for event in escalated] == [("reply", "water-bureau")]


def test_after_reopening_the_fresh_deadlines_escalate_anew(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.tick()
    alert = alert_id("yunze", post(1).id)
    stage.scene.clock.forward(minutes=16)
    stage.tick()
    stage.scene.confirmed(alert)
    stage.scene.do(DUTY, C.REOPEN, alert, reason="又停水")
    stage.scene.clock.forward(minutes=16)
    stage.tick(2)
    assert stage.types().count("escalated") == 2


def test_a_heartbeat_every_hour_and_none_doubled_by_a_restart(stage: Stage_) -> None:
    for _ in range(3):
        stage.tick(2)
        stage.watch = stage.start()
        stage.tick()
        stage.scene.clock.forward(hours=1)
    beats = [event for event in read_all(stage.scene.ledger) if event.type == "heartbeat"]
    assert [f"{beat.recorded_at:%H}" for beat in beats] == sorted({f"{beat.recorded_at:%H}" for beat in beats})
    assert len(beats) == 3


def test_a_heartbeat_says_since_when_the_watch_runs(stage: Stage_) -> None:
    began = stage.scene.clock.now()
    stage.tick(2)
    stage.scene.clock.forward(minutes=2)
    again = stage.scene.clock.now()
    stage.watch = stage.start()
    stage.scene.clock.forward(hours=1)
    stage.tick(2)
    beats = [event.payload["started"] for event in read_all(stage.scene.ledger) if event.type == "heartbeat"]
    assert beats == [codec.instant_text(began), codec.instant_text(again)]


@pytest.mark.parametrize("key", ["heartbeat:2026-03-04T02", f"opened:{post(1).story}"])
def test_a_key_taken_by_another_act_is_an_error_in_the_log_and_the_watch_goes_on(
    stage: Stage_, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.scene.ledger.append([Draft("noted", None, "P-duty", Role.DUTY, payload={"text": "占用"})], key=key)
    stage.posts(post(1), post(2))
    stage.tick(2)
    assert alert_id("yunze", post(2).id) in {event.alert for event in read_all(stage.scene.ledger)}
    assert "key_taken" in capsys.readouterr().out


# evidence


def test_a_reply_is_captured_and_what_it_names_is_recorded(stage: Stage_) -> None:
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    stage.tick(2)
    assert [(want.event, want.attempt, want.address) for want in stage.wanted()] == [(reply.seq, 1, REPLY["address"])]
    stage.fetched(reply.seq, "青河镇停水情况通报")
    stage.tick(2)
    (capture,) = stage.scene.state(alert).replies[0].captures
    assert (capture.topic_named, capture.place_named) == (True, True)
    assert capture.words == (("water", "停水", "title", 3, 5), ("990101101000", "青河镇", "title", 0, 3))
    assert list(stage.captures.references()) == [capture.reference]


@pytest.mark.parametrize(
    ("body", "names_topic", "names_place"),
    [("停水通报", True, False), ("青河镇通报", False, True), ("本镇停水通报", True, False), ("下湾村停水", True, True)],
)
def test_a_page_must_name_topic_and_place_itself(
    stage: Stage_, body: str, names_topic: bool, names_place: bool
) -> None:
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    stage.fetched(reply.seq, body)
    stage.tick()
    (capture,) = stage.scene.state(alert).replies[0].captures
    assert (capture.topic_named, capture.place_named) == (names_topic, names_place)


def test_failed_captures_are_tried_again_with_growing_waits_for_72_hours(stage: Stage_) -> None:
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    began = stage.scene.clock.now()
    asked = []
    while "capture_failed" not in stage.types():
        stage.tick(2)
        for want in stage.wanted()[len(asked) :]:
            asked.append(stage.scene.clock.now() - began)
            now = stage.scene.clock.now()
            stage.store.captured.save(Captured(reply.seq, want.attempt, want.address, None, None, now, "timeout"))
        stage.scene.clock.forward(minutes=1 if len(asked) < 9 else 30)
    minutes = [int(after.total_seconds() // 60) for after in asked]
    assert minutes[:9] == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert 60 < len(asked) < 90
    failed = next(event for event in read_all(stage.scene.ledger, alert) if event.type == "capture_failed")
    assert failed.recorded_at - began > timedelta(hours=72)
    assert (failed.payload["reason"], failed.payload["attempts"]) == ("timeout", len(asked))


def test_an_error_page_is_no_capture_and_is_tried_again(stage: Stage_) -> None:
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    stage.fetched(reply.seq, "青河镇停水：页面不存在", status=404)
    stage.tick()
    stage.scene.clock.forward(minutes=2)
    stage.watch = stage.start()
    stage.tick(2)
    assert [want.attempt for want in stage.wanted()] == [1, 2]
    stage.fetched(reply.seq, "青河镇停水通报", attempt=2)
    stage.tick()
    assert stage.types(alert)[-1] == "captured"


@pytest.mark.parametrize(
    ("failure", "absent"),
    [
        ("http_404", True),
        ("http_410", True),
        ("http_503", False),
        ("http_429", False),
        ("dns", False),
        ("timeout", False),
    ],
)
def test_a_capture_says_whether_the_page_was_denied_before(stage: Stage_, failure: str, absent: bool) -> None:
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    now = stage.scene.clock.now()
    stage.store.captured.save(Captured(reply.seq, 1, REPLY["address"], None, None, now, failure))
    stage.tick()
    stage.fetched(reply.seq, "青河镇停水通报", attempt=2)
    stage.tick()
    captured = read_all(stage.scene.ledger, alert)[-1].payload
    assert captured["absent_before"] is absent
    assert (captured["attempt"], captured["status"], captured["configuration"]) == (2, 200, 2)
    assert captured["final_address"] == REPLY["address"]
    assert stage.scene.state(alert).replies[0].captures[0].absent_before is absent


def test_words_added_after_the_opening_improve_nothing(stage: Stage_) -> None:
    desks: list[Desk] = []

    class Remembered(Tagger):
        def __init__(self, desk: Desk) -> None:
            super().__init__(desk)
            desks.append(desk)

    stage.tagger = Remembered
    stage.watch = stage.start()
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    files = texts()
    stage.scene.configure(files | {"topics.toml": files["topics.toml"].replace('["停水"]', '["停水", "通报"]')})
    stage.fetched(reply.seq, "青河镇停水通报")
    stage.tick()
    assert [desk.topics[0].any for desk in desks] == [("停水",)]
    assert read_all(stage.scene.ledger, alert)[-1].payload["configuration"] == 2


def test_the_outlet_of_a_page_is_found_without_port_and_case(stage: Stage_) -> None:
    homes: list[str | None] = []

    class Remembered(Tagger):
        def tag(self, title: str, text: str, home: str | None) -> Tags:
            homes.append(home)
            return super().tag(title, text, home)

    stage.tagger = Remembered
    stage.watch = stage.start()
    files = texts()
    outlets = files["outlets.toml"].replace('["www.gov.example"]', f'["WWW.gov.example:443"]\nhome = "{VILLAGE}"')
    stage.scene.configure(files | {"outlets.toml": outlets})
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    stage.fetched(reply.seq, "青河镇停水通报")
    stage.tick()
    assert homes == [VILLAGE]


def test_a_result_of_another_timeline_lends_no_evidence_and_blocks_none(stage: Stage_) -> None:
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    seq = stage.scene.state(alert).seq + 2
    response = Response("https://www.gov.example/x", 200, (), "青河镇停水通报".encode(), stage.scene.clock.now())
    reference = stage.captures.put(response)
    now = stage.scene.clock.now()
    stage.store.captured.save(Captured(seq, 1, "https://www.gov.example/x", reference, now, now))
    reply = stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)[1]
    assert reply.seq == seq
    stage.tick(2)
    assert stage.scene.state(alert).replies[0].captures == ()
    assert [want.attempt for want in stage.wanted()] == [2]
    stage.fetched(seq, "青河镇停水通报", attempt=2)
    stage.tick()
    assert len(stage.scene.state(alert).replies[0].captures) == 1


def test_cursors_of_a_newer_store_are_taken_back_to_the_head(stage: Stage_) -> None:
    for name in ("watch:captures", "watch:webhook"):
        stage.store.cursors.set(name, 900)
    stage.tick()
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)
    stage.settle(1)
    assert [want.address for want in stage.wanted()] == [REPLY["address"]]


def test_a_delivery_of_an_event_that_a_restored_ledger_lacks_is_given_up(stage: Stage_) -> None:
    now = stage.scene.clock.now()
    for seq, subject in ((900, "A0"), (1, "A0")):
        stage.store.deliveries.save(Delivery(seq, "wecom", subject, 0, now, None, ""))
    stage.tick(2)
    kept = stage.store.deliveries.recent(9)
    assert [(one.due, one.delivered, one.answer) for one in kept] == [(None, None, "ledger restored")] * 2
    assert stage.letters == []


def test_a_capture_cited_as_evidence_is_kept_for_good(stage: Stage_) -> None:
    alert = stage.scene.open()
    stage.scene.assigned(alert)
    now = stage.scene.clock.now()
    reference = stage.captures.put(Response("https://news.example/1", 200, (), b"x", now))
    pieces = [*EVIDENCE, {"kind": "capture", "value": reference}, {"kind": "capture", "value": "2020-01-01/000001:0"}]
    stage.scene.do(UNIT, C.VERIFY, alert, finding="true", evidence=pieces)
    stage.tick()
    assert list(stage.captures.references()) == [reference]


def test_the_outcome_and_the_correction_are_captured_too(stage: Stage_) -> None:
    alert = stage.scene.open()
    stage.scene.replied(alert)
    stage.scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)
    stage.scene.do(UNIT, C.CORRECT, alert, statement="昨天的通报", **REPLY)
    stage.tick()
    assert [want.address for want in stage.wanted()] == [REPLY["address"], OUTCOME["address"], REPLY["address"]]


# source alarms and letters


def test_a_silent_source_raises_an_alarm_and_one_letter(stage: Stage_) -> None:
    now = stage.scene.clock.now()
    stage.store.crawl.save_source(SourceState("news/1", "news", now, Reading.EMPTY, succeeded=now))
    stage.settle(2)
    stage.watch = stage.start()
    stage.tick(3)
    time.sleep(0.05)
    assert len(stage.letters) == 2
    assert [(alarm.source, alarm.reason) for alarm in stage.store.alarms.all()] == [("news/1", "empty")]
    bodies = [json.loads(letter.content) for letter in stage.letters]
    assert {(body["type"], body["alarm"], body["source"]) for body in bodies} == {("source_alarm", "empty", "news/1")}
    assert sorted(str(letter.url) for letter in stage.letters) == ["https://big.example/", "https://hook.example/"]
    stage.store.crawl.save_source(SourceState("news/1", "news", now, Reading.NEW, succeeded=now, newest=now))
    stage.tick()
    assert stage.store.alarms.all() == []


def test_a_source_whose_pages_give_no_text_raises_an_alarm_within_a_minute(stage: Stage_) -> None:
    now = stage.scene.clock.now()
    stage.store.crawl.save_source(SourceState("news/1", "news", now, Reading.NEW, succeeded=now, newest=now))
    stage.tick()
    assert stage.store.alarms.all() == []
    stage.store.tallies.add(now.date(), LOST, {"news/1": 1})
    stage.scene.clock.forward(minutes=1)
    stage.tick()
    assert [(alarm.source, alarm.reason) for alarm in stage.store.alarms.all()] == [("news/1", "no_text")]


def test_a_letter_is_signed_and_says_what_it_may_and_nothing_more(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.settle(1)
    (letter,) = stage.letters
    body = json.loads(letter.content)
    assert set(body) == {"type", "kind", "alert", "level", "step", "deadline", "title", "address", "place"}
    assert (body["title"], body["place"], body["kind"]) == ("青河镇停水三天", "青河镇", "test")
    assert body["deadline"] == "2026-03-04T02:15:00.000000Z"
    assert "居民用水困难" not in letter.content.decode()
    sent = letter.headers["X-Huiying-Timestamp"]
    digest = hmac.new(b"s3cret", sent.encode() + b"." + letter.content, "sha256").hexdigest()
    assert letter.headers["X-Huiying-Signature"] == f"sha256={digest}"
    assert letter.headers["X-Huiying-Delivery"] == f"3:wecom:{body['alert']}"


def test_only_alerts_of_its_level_go_to_a_channel(stage: Stage_) -> None:
    stage.posts(post(1, topics=(topic("roads", "塌陷"),)))
    stage.settle(2)
    assert sorted(str(letter.url) for letter in stage.letters) == ["https://big.example/", "https://hook.example/"]


def test_an_issued_report_is_told_with_its_fraction(stage: Stage_) -> None:
    counts = {"correct": 3, "not_correct": 1, "excluded": 0}
    said = {"period": "2026-W09", "cutoff": "", "events": 2, "kind": "week", "figures": "", **counts}
    stage.scene.system("report_issued", None, **said)
    stage.settle(2)
    told = [json.loads(letter.content) for letter in stage.letters]
    assert told == [{"type": "report_issued", "kind": "test", "report": 3, "period": "2026-W09", "fraction": "3/4"}] * 2


def test_an_escalation_is_told(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.settle(1)
    stage.scene.clock.forward(minutes=16)
    stage.settle(2)
    body = json.loads(stage.letters[1].content)
    assert (body["type"], body["step"]) == ("escalated", "acknowledge")
    assert read_all(stage.scene.ledger)[-1].payload["told"] == ["wecom"]


@pytest.mark.parametrize(
    "refusal",
    [
        lambda: httpx.Response(503, text="busy"),
        lambda: httpx.Response(200, json={"errcode": 93000, "errmsg": "invalid webhook url"}),
        lambda: httpx.Response(200, json={"StatusCode": 9, "StatusMessage": "no"}),
    ],
)
def test_a_refused_letter_is_sent_again_and_both_answers_are_kept(
    stage: Stage_, refusal: Callable[[], httpx.Response]
) -> None:
    stage.answer = refusal
    stage.posts(post(1))
    stage.settle(1)
    (kept,) = stage.store.deliveries.recent(9)
    assert (kept.attempts, kept.delivered) == (1, None)
    assert kept.due == stage.scene.clock.now() + timedelta(seconds=10)
    assert kept.answer
    stage.answer = lambda: httpx.Response(200, text="ok")
    stage.scene.clock.forward(seconds=10)
    stage.settle(2)
    (kept,) = stage.store.deliveries.recent(9)
    assert (kept.attempts, kept.due, kept.delivered) == (2, None, stage.scene.clock.now())


def test_a_restart_sends_nothing_again(stage: Stage_) -> None:
    stage.posts(post(1))
    stage.settle(1)
    stage.watch = stage.start()
    stage.tick(5)
    time.sleep(0.05)
    stage.tick()
    assert len(stage.letters) == 1


def test_a_slow_channel_holds_nothing_up(stage: Stage_) -> None:
    def slow() -> httpx.Response:
        time.sleep(0.5)
        return httpx.Response(200)

    stage.answer = slow
    stage.posts(post(1))
    began = time.monotonic()
    stage.tick()
    stage.posts(post(2))
    stage.tick()
    assert stage.types().count("opened") == 2
    assert time.monotonic() - began < 0.45


# killed anywhere


class Mortal:
    """A backend that dies (as a kill would) before or after its n-th call, counted over all that share `lives`."""

    def __init__(self, inner: object, lives: list[int]) -> None:
        self._inner = inner
        self._lives = lives

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return Mortal(found, self._lives)

        def called(*given: Any, **named: Any) -> Any:
            self._count()
            answer = found(*given, **named)
            self._count()
            return answer

        return called

    def _count(self) -> None:
        self._lives[0] -= 1
        if self._lives[0] == 0:
            raise BackendError("killed")


def _day(scene: Scene, folder: Path, deaths: list[int]) -> list[tuple[str, Mapping[str, Any]]]:
    """Play one day; the watch dies at each of `deaths` calls and is started again; return what was recorded."""
    stage = Stage_(scene, folder)
    lives = [0]
    coming = iter([*deaths, 10**9])

    def started() -> Watch:
        lives[0] = next(coming)
        names = ("ledger", "log", "store", "captures")
        inner = {"ledger": scene.ledger, "log": stage.log, "store": stage.store, "captures": stage.captures}
        return stage.start(**{name: Mortal(inner[name], lives) for name in names})

    watch = started()
    for minute in range(0, 180, 20):
        for _ in range(3):
            try:
                watch.tick()
            except BackendError:
                watch = started()
                _until_quiet(watch, started)
        _script(stage, minute)
        scene.clock.forward(minutes=20)
    _until_quiet(watch, started)
    kept = [event for event in read_all(scene.ledger) if event.type != "heartbeat"]  # each life begins with one
    place_of = {event.seq: number for number, event in enumerate(kept)}
    recorded = [
        (event.type, {name: place_of[value] if name == "of" else value for name, value in event.payload.items()})
        for event in kept
    ]
    for port in (stage.captures, stage.store, stage.log):
        port.close()
    return recorded


def _until_quiet(watch: Watch, started: Callable[[], Watch]) -> None:
    for _ in range(50):
        try:
            if watch.tick() == 0:
                return
        except BackendError:
            watch = started()


def _script(stage: Stage_, minute: int) -> None:
    alert = alert_id("yunze", post(1).id)
    if minute == 0:
        stage.posts(post(1, topics=(topic(), topic("roads", "塌陷"))), post(2, story=post(1).id), post(3))
    if minute == 20:
        stage.posts(replace(post(2, story=post(1).id), version=2, title="青河镇停水四天"), post(1))
    if minute == 40:
        stage.scene.assigned(alert)
        stage.scene.do(UNIT, C.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)
    if minute == 60:
        reply = stage.scene.state(alert).replies[0]
        now = stage.scene.clock.now()
        stage.store.captured.save(Captured(reply.seq, 1, reply.address, None, None, now, "timeout"))
    if minute == 100:
        stage.fetched(stage.scene.state(alert).replies[0].seq, "青河镇停水通报", attempt=2)


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_call_the_same_is_recorded(tmp_path: Path, seed: int) -> None:
    import random

    expected = _played(tmp_path / "whole", [])
    chance = random.Random(seed)
    died = _played(tmp_path / "killed", [chance.randint(1, 60) for _ in range(12)])
    assert died == expected
    assert len(expected) > 12


def _played(folder: Path, deaths: list[int]) -> list[tuple[str, Mapping[str, Any]]]:
    folder.mkdir()
    scene = Scene(folder)
    recorded = _day(scene, folder, deaths)
    scene.ledger.close()
    return recorded


def test_a_new_configuration_takes_effect_at_the_next_tick(stage: Stage_) -> None:
    files = texts()
    files["rules.toml"] = ""
    stage.tick()
    stage.scene.configure(files)
    stage.posts(post(1))
    stage.tick()
    assert stage.types() == ["configuration_changed"]
