"""What is kept folded, and what is computed elsewhere, is what is computed here and now."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from alerts.alert import AlertState
from alerts.figures import figures, figures_of
from alerts.folded import fold_all
from alerts.periods import period
from alerts.state import fold_into
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from huiying.core import codec
from tests.alerts.scene import CHIEF, DUTY, UNIT, Scene, post, texts
from tests.alerts.test_figures import LATER

SCRIPT = """
import pickle, sys
from alerts.figures import figures
from alerts.periods import period
events, cutoff = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(figures(events, period("2026-03", "Asia/Shanghai"), cutoff).to_json())
"""


@pytest.fixture
def played(scene: Scene) -> Scene:
    """A ledger with two policies, an alert handled, one reopened, one returned, one left."""
    for number in range(4):
        scene.open(post(number, at=scene.clock.now()))
    first, second, third, _ = (state.id for state in _caught_up(scene))
    scene.confirmed(first)
    scene.confirmed(second)
    scene.assigned(third)
    scene.do(UNIT, C.RETURN, third, reason="不归我们")
    scene.clock.forward(days=1)
    scene.do(DUTY, C.REOPEN, second, reason="又停水")
    scene.configure(texts() | {"policy.toml": texts()["policy.toml"].replace("minutes = 15", "minutes = 90")})
    late = scene.open(post(9, at=scene.clock.now()))
    scene.do(CHIEF, C.CHANGE_LEVEL, late, level=3, reason="影响大")
    scene.clock.set(LATER)
    scene.system("heartbeat", None)
    return scene


def _caught_up(scene: Scene):  # type: ignore[no-untyped-def]
    scene.view.catch_up()
    return scene.view.alerts()


def test_figures_of_what_the_view_keeps_are_those_of_the_ledger(played: Scene) -> None:
    events, now = read_all(played.ledger), played.clock.now()
    march = period("2026-03", "Asia/Shanghai")
    played.view.catch_up()
    kept = figures_of(played.view.folded(), march, now, lambda: read_all(played.ledger))
    assert kept.shipped is not None
    assert kept.to_json() == figures(events, march, now).to_json()


def test_a_fold_that_was_handed_out_does_not_go_on(played: Scene) -> None:
    played.view.catch_up()
    before = played.view.folded()
    seq, alerts, whole = before.seq, len(before.states), len(before.whole)
    played.open(post(20, at=played.clock.now()))
    played.configure(texts())
    assert (before.seq, len(before.states), len(before.whole)) == (seq, alerts, whole)
    assert played.view.folded().seq > seq
    assert fold_all(read_all(played.ledger)) == played.view.folded()


def test_no_alert_that_was_handed_out_is_altered_by_a_later_event(played: Scene) -> None:
    alert = next(iter(_caught_up(played))).id
    played.system("capture_opened", alert, capture="seen/1")  # changes nothing but the numbers
    states: dict[str, AlertState] = {}
    for event in read_all(played.ledger):
        before = {id: (state, codec.encode(state)) for id, state in states.items()}
        fold_into(states, event)
        assert all(codec.encode(state) == written for state, written in before.values())
        if event.alert:
            assert states[event.alert].seq == event.seq


@pytest.mark.parametrize(
    "environment", [{"PYTHONHASHSEED": "1", "TZ": "America/New_York"}, {"PYTHONHASHSEED": "77", "LC_ALL": "C"}]
)
def test_another_process_in_another_zone_writes_the_same_bytes(played: Scene, environment: dict[str, str]) -> None:
    events, now = read_all(played.ledger), played.clock.now()
    here = figures(events, period("2026-03", "Asia/Shanghai"), now).to_json()
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=pickle.dumps((events, now)),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        capture_output=True,
        check=True,
    )
    assert there.stdout == here


def test_the_order_in_which_a_payloads_keys_come_changes_nothing(played: Scene) -> None:
    events, now = read_all(played.ledger), played.clock.now()
    march = period("2026-03", "Asia/Shanghai")
    turned = [type(event)(**{**_fields(event), "payload": _turned(event.payload)}) for event in events]
    assert figures(turned, march, now).to_json() == figures(events, march, now).to_json()


def _fields(event):  # type: ignore[no-untyped-def]
    return {name: getattr(event, name) for name in event.__slots__}


def _turned(value):  # type: ignore[no-untyped-def]
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return [_turned(held) for held in value] if isinstance(value, list) else value
