"""Looking again: when, what is believed, and what the ledger then says, through the watch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

import pytest

from alerts.looks import Answer, Finding, Look, Seen, decide
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from huiying.core.model import Event, Response
from huiying.core.states import Captured
from tests.alerts.scene import CHIEF, DUTY, OFFICIAL, OUTCOME, RESOLVE, UNIT, VERIFY, post
from tests.alerts.test_aftermath import join
from tests.alerts.test_figures import verdicts
from tests.alerts.test_watch import Stage_, stage

__all__ = ["stage"]  # the fixture

DUE = post().first_seen
PAGE = Look("A1", 7, "http://a/", 7, DUE)
POST = Look("A1", 7, "http://a/", 7, DUE, "p")
G, S, T = Answer.GONE, Answer.SILENT, Answer.THERE


def seen(*answers: tuple[Answer, float]) -> list[Seen]:
    return [Seen(answer, DUE + timedelta(hours=hours), str(answer)) for answer, hours in answers]


@pytest.mark.parametrize(
    ("look", "answers", "hours", "expected"),
    [
        (PAGE, [(T, 0)], 0, Finding(True, 0)),
        (PAGE, [(G, 0)], 1, None),
        (PAGE, [(G, 0), (G, 0.9)], 1, None),
        (PAGE, [(G, 0), (G, 1)], 1, Finding(False, 1)),
        (PAGE, [(G, 0), (S, 1), (G, 2)], 2, Finding(False, 2)),
        (PAGE, [(G, 0), (T, 1)], 1, Finding(True, 1)),
        (PAGE, [(S, 0)], 72, None),
        (PAGE, [(S, 0), (S, 71)], 72.1, Finding(False, 1)),
        (PAGE, [], 1000, None),
        (PAGE, [(S, 900)], 901, None),
        (PAGE, [(S, 900)], 973, Finding(False, 0)),
        (POST, [(S, 0), (S, 71)], 72.1, Finding(None, 1)),
        (POST, [(S, 0), (G, 71)], 72.1, Finding(False, 1)),
    ],
)
def test_gone_is_believed_twice_an_hour_apart_and_silence_for_72_hours(
    look: Look, answers: Sequence[tuple[Answer, float]], hours: float, expected: Finding | None
) -> None:
    assert decide(look, seen(*answers), DUE + timedelta(hours=hours)) == expected


def answer(stage: Stage_, day: int, *, status: int = 200, body: str = "青河镇停水", failure: str = "") -> None:
    """Answer every request of `day` that is not answered yet, as crawl does."""
    now = stage.scene.clock.now()
    for want in stage.wanted(day):
        if want.attempt not in {one.attempt for one in stage.store.captured.of(want.event, day)}:
            response = Response(want.address, status, (("Content-Type", "text/html"),), body.encode(), now)
            reference = None if failure and not status else stage.captures.put(response)
            code = failure or ("" if status == 200 else f"http_{status}")
            stage.store.captured.save(Captured(want.event, want.attempt, want.address, reference, now, now, code, day))


def recorded(stage: Stage_, type: str) -> list[Event]:
    return [event for event in read_all(stage.scene.ledger) if event.type == type]


def confirmed(stage: Stage_) -> str:
    alert = stage.scene.open()
    stage.scene.confirmed(alert)
    stage.tick()
    return alert


def days_later(stage: Stage_, days: float) -> None:
    stage.scene.clock.forward(days=days)
    stage.tick(2)


def test_reply_and_outcome_are_looked_at_after_7_and_28_days(stage: Stage_) -> None:
    alert = confirmed(stage)
    for day in (7, 28):
        days_later(stage, 7 if day == 7 else 21)
        pages = [want for want in stage.wanted(day) if want.address.startswith(OFFICIAL)]
        assert [want.address for want in pages] == [f"{OFFICIAL}/reply", f"{OFFICIAL}/outcome"]
        answer(stage, day)
        days_later(stage, 0.01)
    found = [(event.payload["day"], event.payload["there"]) for event in recorded(stage, "rechecked")]
    assert found == [(7, True), (7, True), (28, True), (28, True)]
    assert verdicts(stage.scene, alert) == "oooooo"


@pytest.mark.parametrize(("status", "body", "reason"), [(404, "", "http_404"), (200, "别的事", "not_named")])
def test_a_reply_that_is_gone_or_says_something_else_fails_c6(
    stage: Stage_, status: int, body: str, reason: str
) -> None:
    alert = confirmed(stage)
    days_later(stage, 7)
    answer(stage, 7, status=status, body=body or "x")
    days_later(stage, 0.01)
    assert recorded(stage, "rechecked") == []
    days_later(stage, 0.05)
    answer(stage, 7, status=status, body=body or "x")
    days_later(stage, 0.01)
    first = recorded(stage, "rechecked")[0].payload
    assert (first["there"], first["reason"], first["day"]) == (False, reason, 7)
    assert stage.captures.get(first["capture"]).status == status
    assert verdicts(stage.scene, alert) == "ooooof"


def test_an_alert_that_was_reopened_is_not_looked_at(stage: Stage_) -> None:
    alert = confirmed(stage)
    stage.scene.do(UNIT, C.REOPEN, alert, reason="又停水")
    days_later(stage, 7)
    assert [want for want in stage.wanted(7) if want.address.startswith(OFFICIAL)] == []


def test_one_that_was_reopened_and_confirmed_again_has_the_judged_rounds_pages_looked_at(stage: Stage_) -> None:
    alert = confirmed(stage)
    stage.scene.do(UNIT, C.REOPEN, alert, reason="又停水")
    stage.scene.assigned(alert)
    stage.scene.do(UNIT, C.VERIFY, alert, **VERIFY)
    stage.scene.captured(stage.scene.do(UNIT, C.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)[1])
    stage.scene.do(CHIEF, C.CONFIRM, alert)
    days_later(stage, 7)
    pages = [want.address for want in stage.wanted(7) if want.address.startswith(OFFICIAL)]
    assert pages == [f"{OFFICIAL}/reply", f"{OFFICIAL}/outcome"]


def test_a_post_that_vanished_is_noticed_on_its_days_and_once(stage: Stage_) -> None:
    alert = stage.scene.open()
    asked = []
    for day in (1, 3):
        days_later(stage, 1 if day == 1 else 2)
        asked += [want.address for want in stage.wanted(day)]
        answer(stage, day, status=200 if day == 1 else 410)
        days_later(stage, 0.05)
        answer(stage, day, status=410)
        days_later(stage, 0.01)
    assert asked == [post().address] * 2
    (gone,) = recorded(stage, "post_gone")
    assert (gone.payload["day"], gone.payload["reason"]) == (3, "http_410")
    assert stage.scene.state(alert).gone[0].post == post().id
    days_later(stage, 5)
    assert stage.wanted(7) == []


@pytest.mark.parametrize(
    ("body", "hand", "softened"),
    [
        ("青河镇供水一切正常", False, True),  # the topic's word is gone
        ("部分地区停水", False, True),  # the place is gone
        ("青河镇停水，正在抢修", False, False),
        ("", False, False),  # nothing to be read: nobody can say what it names
        ("青河镇供水一切正常", True, False),  # by hand: it may never have named them
    ],
)
def test_an_article_that_names_the_matter_no_more_is_noticed(
    stage: Stage_, body: str, hand: bool, softened: bool
) -> None:
    if hand:
        stage.scene.office.open_by_hand(DUTY, post(), why="来电")
    else:
        stage.scene.open()
    days_later(stage, 1)
    answer(stage, 1)
    days_later(stage, 2)
    answer(stage, 3, body=body)
    days_later(stage, 0.05)
    answer(stage, 3, body=body)
    days_later(stage, 0.01)
    told = [gone.payload for gone in recorded(stage, "post_gone")]
    assert [payload["reason"] for payload in told] == ["not_named"] * softened
    assert [payload["capture"] for payload in told] == list(stage.captures.references())
    assert [payload["sha256"] for payload in told] == [hashlib.sha256(body.encode()).hexdigest()] * softened


def test_a_host_that_answers_nothing_makes_no_post_vanish(stage: Stage_) -> None:
    stage.scene.open()
    for _ in range(90):
        days_later(stage, 0.05)
        answer(stage, 1, status=0, failure="timeout")
    assert recorded(stage, "post_gone") == []
    assert len(stage.wanted(1)) > 10


def test_a_restart_asks_for_nothing_that_is_answered(stage: Stage_) -> None:
    stage.scene.open()
    days_later(stage, 1)
    answer(stage, 1)
    stage.watch = stage.start()
    days_later(stage, 0.01)
    assert len(stage.wanted(1)) == 1


def test_a_version_that_names_the_place_only_later_is_captured_too(stage: Stage_) -> None:
    alert = stage.scene.open()
    stage.scene.replied(alert)
    reply = stage.scene.do(UNIT, C.REPLY, alert, address=f"{OFFICIAL}/second")[0]
    stage.tick()
    now = stage.scene.clock.now()
    for attempt, body, first in ((1, "停水", 0), (2, "停水", 0), (3, "青河镇停水", 10)):
        response = Response(f"{OFFICIAL}/second", 200, (), body.encode(), now)
        seen_first = now + timedelta(minutes=first)
        stage.store.captured.save(
            Captured(reply.seq, attempt, f"{OFFICIAL}/second", stage.captures.put(response), seen_first, now)
        )
        stage.tick(2)
        stage.scene.clock.forward(minutes=5)
        stage.tick(2)
    page = stage.scene.state(alert).replies[-1]
    assert [capture.place_named for capture in page.captures] == [False, True]
    asked = len(stage.wanted())
    stage.scene.clock.forward(hours=2)
    stage.tick(2)
    assert len(stage.wanted()) == asked


def test_what_is_asked_is_asked_once_until_it_is_answered_and_never_of_a_joined_alert(stage: Stage_) -> None:
    first = stage.scene.open()
    second = stage.scene.open(post(2, at=stage.scene.clock.now()))
    join(stage.scene, first, second)
    days_later(stage, 1)
    for _ in range(3):
        days_later(stage, 0.01)
    assert [(want.alert, want.attempt) for want in stage.wanted(1)] == [(first, 1), (first, 1)]
    answer(stage, 1)
    days_later(stage, 0.01)
    asked = stage.store.captured.of
    stage.store.captured.of = lambda *key: pytest.fail("asked again")  # type: ignore[method-assign]
    days_later(stage, 0.5)
    stage.store.captured.of = asked  # type: ignore[method-assign]
