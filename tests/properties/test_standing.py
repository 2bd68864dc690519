"""What never helps: joining, muting, another level, a changed configuration, the order of what is independent."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.commands import Command
from alerts.criteria import standings
from alerts.figures import figures
from alerts.following import entries
from alerts.judged import judge_all
from alerts.lifecycle import decide
from alerts.vocabulary import CommandType as C
from huiying.core.model import Dated, Draft, Precision, Role
from tests.alerts.scene import CHIEF, DUTY, post, texts
from tests.properties.histories import DESK, History, Move, moves, play, step
from tests.properties.test_figures import YEAR

EXAMPLES = 10_000 if os.environ.get("HUIYING_PROFILE") == "long" else 150

LOOSE = texts()["policy.toml"].replace("working_days = 5", "working_days = 50").replace("minutes = 15", "minutes = 900")


def _join(history: History, alert: str, other: str) -> None:
    history.join(alert, other)


def _mute(history: History, alert: str, other: str) -> None:
    history.act(alert, C.MUTE, DUTY)


def _raise(history: History, alert: str, other: str) -> None:
    history.act(alert, C.CHANGE_LEVEL, CHIEF)


def _lower(history: History, alert: str, other: str) -> None:
    state = history.states[alert]
    payload = {"was": int(state.level), "level": 1, "reason": "影响不大"}
    history.record([Draft("level_changed", alert, CHIEF.pseudonym, Role.SUPERVISOR, payload=payload)])


def _configure(history: History, alert: str, other: str) -> None:
    """Loosen the policy, drop the outlet, the rules and the topics."""
    assert texts()["policy.toml"] != LOOSE
    files = texts() | {"policy.toml": LOOSE, "rules.toml": ""}
    payload = {"files": files, "differs": {"policy.toml": ["+ x"]}}
    history.record([Draft("configuration_changed", None, CHIEF.pseudonym, Role.SUPERVISOR, payload=payload)])


ACTS: list[Callable[[History, str, str], None]] = [_join, _mute, _raise, _lower, _configure]


def _duplicate(history: History, alert: str, other: str) -> None:
    """Dismiss `other` as a duplicate of `alert`, which it passes its posts to."""
    why = {"ground": "duplicate", "why": "同一处停水", "of": alert}
    for type, actor in ((C.PROPOSE_DISMISSAL, DUTY), (C.DISMISS, CHIEF)):
        command = Command(type, other, why if type is C.PROPOSE_DISMISSAL else {})
        history.record(decide(history.states[other], command, actor, history.now, DESK, other=history.states[alert]))


def _published(history: History, number: int, hours: int) -> str:
    """Open an alert on a post that its outlet published so many hours ago."""
    dated = Dated(history.now - timedelta(hours=hours), Precision.MINUTE, "feed")
    entry = entries(None, post(number, at=history.now, published=dated), DESK, 1, history.now)[0]
    return str(history.record([entry.draft])[0].alert)


@given(st.integers(0, 90), st.integers(0, 90), st.integers(0, 120), st.sampled_from((_join, _duplicate)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_no_post_of_another_alert_makes_an_older_page_count(
    hours: int, others: int, page: int, act: Callable[[History, str, str], None]
) -> None:
    plain = History()
    alert, other = _published(plain, 1, hours), _published(plain, 2, others)
    helped = deepcopy(plain)
    act(helped, alert, other)
    found = []
    for history in (plain, helped):
        history.go(alert, 6, named=True, fetched=history.now - timedelta(hours=page))
        found.append({one.criterion for one in standings(history.states[alert], history.now) if one.verdict == "ok"})
    assert found[1] <= found[0]
    assert ("C3" in found[0]) == (page <= hours + 24)


def end(history: History) -> set[str]:
    """Let every alert fall due; return those that are correct."""
    history.now = max(history.now, *(state.due for state in history.states.values()))
    history.beat()
    return set(figures(history.events, YEAR, history.now).correct.alerts)


@given(moves, moves, st.integers(0, 3), st.integers(0, 3), st.sampled_from(range(len(ACTS))))
@settings(max_examples=EXAMPLES, deadline=None)
def test_nothing_done_to_an_open_alert_but_answering_it_helps(
    made: list[Move], later: list[Move], which: int, other: int, act: int
) -> None:
    plain = play(made)
    helped = deepcopy(plain)
    alerts = list(plain.states)
    ACTS[act](helped, alerts[which % len(alerts)], alerts[other % len(alerts)])
    for move in later:
        # Both sides are told the same; what the lifecycle refuses on one side may not help either.
        _step_alike(plain, helped, move)
    assert end(helped) <= end(plain)


def _step_alike(plain: History, helped: History, move: Move) -> None:
    what = move[0]
    if what in ("open", "gap", "join", "suspect"):  # these name others by where they stand
        move = ("way", *move[1:])
    for history in (plain, helped):
        step(history, move)


@given(moves)
@settings(max_examples=EXAMPLES, deadline=None)
def test_recomputed_equals_folded_step_by_step(made: list[Move]) -> None:
    history = play(made)
    again = {one.id: one for one in judge_all(history.events, history.now)}
    assert again.keys() == history.states.keys()
    for id, state in history.states.items():
        assert again[id].due == (state.judged or state).due
        assert again[id].joined_into == state.joined_into


@given(moves, st.randoms(use_true_random=False))
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_order_of_events_of_different_alerts_does_not_matter(made: list[Move], chance: Random) -> None:
    """Two alerts' events recorded at one instant may stand in either order; an alert's own stay in theirs."""
    history = play(made)
    end(history)
    events = list(history.events)
    for index in range(len(events) - 1):
        one, two = events[index], events[index + 1]
        apart = one.alert and two.alert and one.alert != two.alert and one.recorded_at == two.recorded_at
        naming = {"opened", "stories_joined"} & {one.type, two.type}
        if apart and not naming and chance.random() < 0.5:
            events[index], events[index + 1] = two, one
    turned = {one.id: (one.failed, one.correct, one.due) for one in judge_all(events, history.now)}
    straight = {one.id: (one.failed, one.correct, one.due) for one in judge_all(history.events, history.now)}
    assert turned == straight
