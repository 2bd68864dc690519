"""Why a criterion stands as it does, told for one history after another; every standing has a reason of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from alerts.criteria import standings
from alerts.reasons import Why, reason
from alerts.vocabulary import CommandType, Criterion, Verdict
from tests.alerts.scene import CHIEF, DUTY, OUTCOME, REPLY, RESOLVE, UNIT, VERIFY, Scene, post
from tests.properties.histories import Move, moves, play


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def why(scene: Scene, alert: str) -> dict[Criterion, Why]:
    state, now = scene.state(alert), scene.clock.now()
    return {one.criterion: reason(state, one, now) for one in standings(state, now)}


def test_from_nothing_done_to_everything_met(scene: Scene) -> None:
    alert = scene.open()
    first = why(scene, alert)
    assert list(first.values()) == [
        Why.NOT_ACKNOWLEDGED, Why.NOT_VERIFIED, Why.NOT_REPLIED, Why.NOT_RESOLVED, Why.NOT_RESOLVED, Why.NOT_CONFIRMED,
    ]  # fmt: skip
    scene.do(DUTY, CommandType.ACKNOWLEDGE, alert)
    assert why(scene, alert)[Criterion.C1] is Why.NOT_ASSIGNED
    scene.do(DUTY, CommandType.ASSIGN, alert, unit="water-bureau")
    _, reply = scene.do(UNIT, CommandType.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)
    assert why(scene, alert)[Criterion.C3] is Why.AWAITING_CAPTURE
    scene.captured(reply)
    _, outcome = scene.do(UNIT, CommandType.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)
    assert why(scene, alert)[Criterion.C5] is Why.AWAITING_CAPTURE
    scene.captured(outcome)
    scene.do(CHIEF, CommandType.CONFIRM, alert)
    assert set(why(scene, alert).values()) == {Why.MET}


def test_what_a_page_lacks_is_named(scene: Scene) -> None:
    alert = scene.open()
    scene.do(DUTY, CommandType.ACKNOWLEDGE, alert)
    scene.do(DUTY, CommandType.ASSIGN, alert, unit="water-bureau")
    scene.do(UNIT, CommandType.REPLY_ELSEWHERE, alert, where="县电视台")
    assert why(scene, alert)[Criterion.C3] is Why.ELSEWHERE_ONLY
    _, reply = scene.do(UNIT, CommandType.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)
    scene.captured(reply, place=False)
    assert why(scene, alert)[Criterion.C3] is Why.NOT_NAMED


def test_a_page_that_could_not_be_captured_and_a_unit_that_returned(scene: Scene) -> None:
    alert = scene.open()
    scene.do(DUTY, CommandType.ACKNOWLEDGE, alert)
    scene.do(DUTY, CommandType.ASSIGN, alert, unit="water-bureau")
    scene.do(UNIT, CommandType.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)
    scene.clock.forward(hours=80)
    assert why(scene, alert)[Criterion.C3] is Why.CAPTURE_FAILED
    returned = scene.open(post(2, at=scene.clock.now()))
    scene.do(DUTY, CommandType.ACKNOWLEDGE, returned)
    scene.do(DUTY, CommandType.ASSIGN, returned, unit="water-bureau")
    scene.do(UNIT, CommandType.RETURN, returned, reason="不属本单位")
    assert why(scene, returned)[Criterion.C1] is Why.RETURNED


def test_an_acknowledgement_that_lapsed_and_a_reopening(scene: Scene) -> None:
    alert = scene.open()
    scene.do(DUTY, CommandType.ACKNOWLEDGE, alert)
    scene.system("acknowledgement_lapsed", alert)
    assert why(scene, alert)[Criterion.C1] is Why.LAPSED
    scene.do(DUTY, CommandType.ACKNOWLEDGE, alert)
    scene.do(DUTY, CommandType.ASSIGN, alert, unit="water-bureau")
    scene.do(UNIT, CommandType.VERIFY_AND_REPLY, alert, **VERIFY, **REPLY)
    scene.do(UNIT, CommandType.RESOLVE_AND_PUBLISH, alert, **RESOLVE, **OUTCOME)
    scene.do(CHIEF, CommandType.CONFIRM, alert)
    scene.do(DUTY, CommandType.REOPEN, alert, reason="又停水")
    assert why(scene, alert)[Criterion.C6] is Why.REOPENED


@given(moves)
@settings(max_examples=60, deadline=None)
def test_met_is_told_of_what_is_met_and_of_nothing_else(made: list[Move]) -> None:
    history = play(made)
    for state in history.states.values():
        for one in standings(state, history.now):
            assert (reason(state, one, history.now) is Why.MET) == (one.verdict is Verdict.OK)
