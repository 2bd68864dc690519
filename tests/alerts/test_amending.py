"""Amending, judging a recurrence, muting, reporting up: who may, what is refused, and what is recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.commands import Actor
from alerts.vocabulary import CommandType as C
from huiying.core.errors import KeyReused, Refused
from huiying.core.model import Role
from tests.alerts.scene import (
    AUDITOR,
    CHIEF,
    DEPUTY,
    DUTY,
    OFFICIAL,
    OTHER_UNIT,
    UNIT,
    Scene,
    post,
)
from tests.alerts.test_aftermath import again, join, suspect
from tests.alerts.test_figures import verdicts

WATER_CHIEF = Actor("P-water-chief", Role.SUPERVISOR, "water-bureau")


def code(scene: Scene, actor: Actor, type: C, alert: str, **payload: Any) -> str:
    """Return the code of the refusal, after both languages had a sentence for it; empty where it was recorded."""
    try:
        scene.do(actor, type, alert, **payload)
    except Refused as refused:
        return refused.code if all(_is_sentence(refused.sentence(language)) for language in ("zh", "en")) else "?"
    return ""


def _is_sentence(text: str) -> bool:
    return "{" not in text and not text.startswith("error.")


def test_the_right_address_stands_beside_the_wrong_one_and_is_captured(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    wrong = scene.state(alert).replies[0]
    given = {"event": wrong.seq, "field": "address", "value": f"{OFFICIAL}/right", "why": "贴错"}
    (event,) = scene.do(UNIT, C.AMEND, alert, **given)
    assert event.payload == {"of": wrong.seq, "field": "address", "value": f"{OFFICIAL}/right", "why": "贴错"}
    struck, right = scene.state(alert).replies
    assert (struck.struck, right.seq, right.address) == (event.seq, event.seq, f"{OFFICIAL}/right")
    assert code(scene, UNIT, C.AMEND, alert, **given) == "amend_event"  # a struck page is struck
    again_ = {**given, "event": right.seq, "value": f"{OFFICIAL}/third"}
    assert code(scene, UNIT, C.AMEND, alert, **again_) == ""


REFUSED: list[tuple[Actor, str, Any, str]] = [
    (UNIT, "address", "https://elsewhere.example/", "address_not_official"),
    (UNIT, "address", f"{OFFICIAL}/reply", "amend_same"),
    (UNIT, "unit", "roads-bureau", "amend_event"),
    (UNIT, "address", None, "address_missing"),
    (OTHER_UNIT, "address", f"{OFFICIAL}/right", "amend_other_unit"),
]


@pytest.mark.parametrize(("actor", "field", "value", "expected"), REFUSED)
def test_what_cannot_be_amended(scene: Scene, actor: Actor, field: str, value: Any, expected: str) -> None:
    alert = scene.open()
    scene.replied(alert)
    event = scene.state(alert).replies[0].seq
    assert code(scene, actor, C.AMEND, alert, event=event, field=field, value=value, why="x") == expected


def test_an_amendment_needs_a_why_a_known_event_and_something_recorded(scene: Scene) -> None:
    alert = scene.open()
    assert code(scene, DUTY, C.AMEND, alert, event=3, field="text", value="x", why="x") == "nothing_to_amend"
    scene.replied(alert)
    event = scene.state(alert).replies[0].seq
    right = {"field": "address", "value": f"{OFFICIAL}/right"}
    assert code(scene, DUTY, C.AMEND, alert, event=event, **right) == "why_missing"
    assert code(scene, DUTY, C.AMEND, alert, event=1, **right, why="x") == "amend_event"


def test_words_are_amended_of_a_closed_alert_too_and_by_the_auditor(scene: Scene) -> None:
    alert = scene.open()
    scene.confirmed(alert)
    event = scene.state(alert).resolution
    assert event is not None
    scene.do(AUDITOR, C.AMEND, alert, event=event.seq, field="done", value="换了 20 米水管", why="写漏")
    scene.do(AUDITOR, C.AMEND, alert, event=event.seq, field="done", value="换了 30 米水管", why="量错")
    assert (
        code(scene, AUDITOR, C.AMEND, alert, event=event.seq, field="done", value="换了 30 米水管", why="x")
        == "amend_same"
    )
    assert verdicts(scene, alert) == "oooooo"


def recurring(scene: Scene) -> tuple[str, str]:
    alert = scene.open()
    scene.confirmed(alert)
    scene.clock.forward(days=2)
    other = again(scene)
    suspect(scene, other)
    return alert, other


def test_a_supervisor_of_another_unit_judges_a_recurrence_once(scene: Scene) -> None:
    alert, other = recurring(scene)
    judgement = {"of": other, "same": False, "why": "另一处管道"}
    assert code(scene, CHIEF, C.JUDGE_RECURRENCE, alert, **judgement) == "own_confirmation"
    assert code(scene, WATER_CHIEF, C.JUDGE_RECURRENCE, alert, **judgement) == "own_unit_recurrence"
    assert code(scene, DEPUTY, C.JUDGE_RECURRENCE, alert, **{**judgement, "of": alert}) == "recurrence_of_missing"
    assert code(scene, DEPUTY, C.JUDGE_RECURRENCE, alert, of=other, why="x") == "same_missing"
    assert code(scene, DEPUTY, C.JUDGE_RECURRENCE, alert, of=other, same=False) == "why_missing"
    assert code(scene, DEPUTY, C.JUDGE_RECURRENCE, alert, **judgement) == ""
    assert verdicts(scene, alert) == "oooooo"
    assert code(scene, DEPUTY, C.JUDGE_RECURRENCE, alert, **judgement) == "nothing_suspected"


def test_the_unit_of_the_new_alert_does_not_judge_either(scene: Scene) -> None:
    alert, other = recurring(scene)
    scene.do(DUTY, C.ACKNOWLEDGE, other)
    scene.do(DUTY, C.ASSIGN, other, unit="roads-bureau")
    roads = Actor("P-roads-chief", Role.SUPERVISOR, "roads-bureau")
    judgement = {"of": other, "same": False, "why": "另一处管道"}
    assert code(scene, roads, C.JUDGE_RECURRENCE, alert, **judgement) == "own_unit_recurrence"


def test_a_judgement_after_three_working_days_is_refused(scene: Scene) -> None:
    alert, other = recurring(scene)
    scene.clock.forward(days=6)
    judgement = {"of": other, "same": False, "why": "另一处管道"}
    assert code(scene, DEPUTY, C.JUDGE_RECURRENCE, alert, **judgement) == "nothing_suspected"


def test_muting_lasts_at_most_a_day_and_is_ended_by_hand(scene: Scene) -> None:
    alert = scene.open()
    assert code(scene, DUTY, C.UNMUTE, alert) == "not_muted"
    assert code(scene, DUTY, C.MUTE, alert, hours=25, reason="施工") == "hours_out_of_range"
    assert code(scene, DUTY, C.MUTE, alert, hours=2) == "reason_missing"
    scene.do(DUTY, C.MUTE, alert, hours=2, reason="施工")
    assert scene.state(alert).muted_until(scene.clock.now()) == scene.clock.now() + timedelta(hours=2)
    assert code(scene, CHIEF, C.MUTE, alert, hours=2, reason="施工") == "already_muted"
    scene.do(CHIEF, C.UNMUTE, alert)
    assert scene.state(alert).muted_until(scene.clock.now()) is None


def test_a_higher_office_is_told(scene: Scene) -> None:
    alert = scene.open()
    assert code(scene, DUTY, C.REPORT_UP, alert, text="已停水") == "to_missing"
    scene.do(DUTY, C.REPORT_UP, alert, to="市政府总值班室", text="已停水，正在抢修")
    assert [one.to for one in scene.state(alert).told] == ["市政府总值班室"]


def test_the_same_amendment_again_under_its_key_is_one_and_another_is_refused(scene: Scene) -> None:
    alert = scene.open()
    scene.replied(alert)
    given = {"event": scene.state(alert).replies[0].seq, "field": "address", "why": "贴错", "key": "k"}
    first = scene.do(UNIT, C.AMEND, alert, value=f"{OFFICIAL}/right", **given)
    assert scene.do(UNIT, C.AMEND, alert, value=f"{OFFICIAL}/right", **given) == first
    for other in ({"value": f"{OFFICIAL}/third"}, {"value": f"{OFFICIAL}/right", "event": 4}):
        with pytest.raises(KeyReused):
            scene.do(UNIT, C.AMEND, alert, **{**given, **other})


def test_an_alert_that_went_into_another_is_not_reopened(scene: Scene) -> None:
    first, second = scene.open(), scene.open(post(2, at=scene.clock.now()))
    join(scene, first, second)
    assert code(scene, DUTY, C.REOPEN, second, reason="x") == "closed_joined_into"
    assert code(scene, DUTY, C.ACKNOWLEDGE, second) == "closed_joined"
    assert code(scene, DUTY, C.NOTE, second, text="并入") == ""
