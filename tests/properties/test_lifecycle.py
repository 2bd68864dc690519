"""The lifecycle over random histories: nothing but refusals escapes, and nobody is ever their own second person."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alert import AlertState
from alerts.commands import Actor, Command
from alerts.criteria import standings
from alerts.lifecycle import decide, offers
from alerts.state import fold_into
from alerts.vocabulary import CommandType, Stage, Verdict
from huiying.core.errors import Refused
from huiying.core.model import Event, Role
from tests.alerts.scene import EVERYBODY
from tests.properties.histories import DESK, History, Move, moves, payload_of, play, step

_SYSTEM = {
    *("opened", "post_attached", "captured", "escalated", "acknowledgement_lapsed"),
    *("stories_joined", "recurrence_suspected", "rechecked", "monitor_gap"),
}


@given(moves)
@settings(max_examples=150, deadline=None)
def test_who_may_write_what(made: list[Move]) -> None:
    for event in play(made).events:
        assert event.role not in (Role.ADMINISTRATOR, Role.VIEWER)
        assert event.role is not Role.AUDITOR or event.type in ("reopened", "noted", "amended")
        assert (event.role is Role.SYSTEM) == (event.type in _SYSTEM)


@given(moves)
@settings(max_examples=150, deadline=None)
def test_nobody_is_their_own_second_person(made: list[Move]) -> None:
    history = play(made)
    for alert in history.states:
        mine = [event for event in history.events if event.alert == alert]
        resolved = {event.actor for event in mine if event.type == "resolved"}
        assert not resolved & {event.actor for event in mine if event.type == "confirmed"}
        _second_person_dismissed(mine)


def _second_person_dismissed(events: list[Event]) -> None:
    by_number = {event.seq: event for event in events}
    for event in events:
        if event.type == "dismissed":
            proposal = by_number[event.payload["proposal"]]
            assert proposal.actor != event.actor
            assert proposal.payload["ground"] == event.payload["ground"]


@given(moves)
@settings(max_examples=150, deadline=None)
def test_offers_and_decide_agree(made: list[Move]) -> None:
    history = play(made)
    for state in history.states.values():
        for actor in EVERYBODY:
            for offer in offers(state, actor, history.now, DESK):
                payload = payload_of(offer.type, state)
                behalf = state.unit if actor.role is Role.DUTY and _of_units(offer.type) else None
                command = Command(offer.type, state.id, payload, on_behalf_of=behalf)
                code = _refused(state, command, actor, history.now)
                expected = offer.refused.code if offer.refused else ""
                assert code == expected or code in ("level_same", *_TYPED)


# what only the words that were typed are refused for
_TYPED = ("amend_same", "amend_other_unit", "own_unit_recurrence", "recurrence_of_missing")


def _refused(state: AlertState, command: Command, actor: Actor, now: datetime) -> str:
    try:
        decide(state, command, actor, now, DESK)
    except Refused as refused:
        return refused.code
    return ""


def _of_units(type: CommandType) -> bool:
    return type not in (
        CommandType.ACKNOWLEDGE,
        CommandType.ASSIGN,
        CommandType.REOPEN,
        CommandType.PROPOSE_DISMISSAL,
        CommandType.NOTE,
        CommandType.AMEND,
        CommandType.MUTE,
        CommandType.UNMUTE,
        CommandType.REPORT_UP,
    )


@given(moves)
@settings(max_examples=150, deadline=None)
def test_folding_again_gives_the_same_alerts(made: list[Move]) -> None:
    history = play(made)
    again: dict[str, AlertState] = {}
    for event in history.events:
        fold_into(again, event)
    assert again == history.states


@given(moves)
@settings(max_examples=150, deadline=None)
def test_a_failed_criterion_stays_failed(made: list[Move]) -> None:
    history = History()
    history.open(0)
    failed: dict[str, set[str]] = {}
    for move in made:
        step(history, move)
        for alert, state in history.states.items():
            now = {one.criterion for one in standings(state, history.now) if one.verdict is Verdict.FAILED}
            assert failed.get(alert, set()) <= now
            failed[alert] = {str(criterion) for criterion in now}


_OF_CLOSED = {
    *(CommandType.REOPEN, CommandType.NOTE, CommandType.AMEND),
    *(CommandType.JUDGE_RECURRENCE, CommandType.UNMUTE),
}


@given(moves, st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_a_closed_alert_takes_nothing_but_reopening_words_and_what_comes_after(made: list[Move], who: int) -> None:
    history = play(made)
    for alert, state in list(history.states.items()):
        if state.stage not in (Stage.CONFIRMED, Stage.DISMISSED, Stage.JOINED):
            continue
        for type in set(CommandType) - _OF_CLOSED:
            assert not history.act(alert, type, EVERYBODY[who])
