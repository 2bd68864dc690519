"""Random histories of a desk without a ledger: the real lifecycle decides, its drafts are numbered and folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from alerts import gaps, joining, overdue, recurrence
from alerts.alert import AlertState
from alerts.amending import amendable
from alerts.commands import Actor, Command
from alerts.following import entries
from alerts.lifecycle import decide, offers
from alerts.state import fold_into
from alerts.vocabulary import CommandType
from huiying.core import codec
from huiying.core.errors import Refused
from huiying.core.model import Draft, Event, Role, TopicHit
from tests.alerts.scene import (
    CHIEF,
    DEPUTY,
    DUTY,
    EVERYBODY,
    EVIDENCE,
    OPENED_AT,
    OUTCOME,
    REPLY,
    UNIT,
    desk,
    post,
    topic,
)

DESK = desk()
PAYLOADS: dict[CommandType, dict[str, Any]] = {
    CommandType.ACKNOWLEDGE: {},
    CommandType.ASSIGN: {"unit": "water-bureau"},
    CommandType.RETURN: {"reason": "不归我们"},
    CommandType.VERIFY: {"finding": "true", "evidence": EVIDENCE},
    CommandType.REPLY: REPLY,
    CommandType.VERIFY_AND_REPLY: {"finding": "true", "evidence": EVIDENCE, **REPLY},
    CommandType.REPLY_ELSEWHERE: {"where": "广播"},
    CommandType.HOLD_BRIEFING: {"evidence": EVIDENCE},
    CommandType.CORRECT: {"statement": "昨天的通报", **REPLY},
    CommandType.RESOLVE: {"end_state": "solved", "done": "修好了", "evidence": EVIDENCE},
    CommandType.PUBLISH_OUTCOME: OUTCOME,
    CommandType.RESOLVE_AND_PUBLISH: {"end_state": "solved", "done": "修好了", "evidence": EVIDENCE, **OUTCOME},
    CommandType.EXTEND: {"working_days": 2, "reason": "等配件"},
    CommandType.CONFIRM: {},
    CommandType.REOPEN: {"reason": "又停水了"},
    CommandType.PROPOSE_DISMISSAL: {"ground": "false_match", "why": "是演练"},
    CommandType.DISMISS: {},
    CommandType.CHANGE_LEVEL: {"level": 3, "reason": "影响扩大"},
    CommandType.NOTE: {"text": "记一笔"},
    CommandType.MUTE: {"hours": 2, "reason": "施工"},
    CommandType.UNMUTE: {},
    CommandType.REPORT_UP: {"to": "市政府", "text": "已停水"},
}
_RIGHT = {"address": OUTCOME["address"], "end_state": "untrue", "finding": "untrue"}


def payload_of(type: CommandType, state: AlertState, choice: int = 0) -> dict[str, Any]:
    """Return what is typed for `type` on `state`; of what can be amended, or judged, the one that `choice` picks."""
    if type is CommandType.AMEND:
        found = amendable(state)
        one = found[choice % len(found)] if found else None
        value = _RIGHT.get(one.field, "改正后的话") if one else ""
        return {"event": one.of if one else 0, "field": one.field if one else "", "value": value, "why": "写错"}
    if type is CommandType.JUDGE_RECURRENCE:
        others = [recurrence.other for recurrence in state.recurrences]
        return {"of": others[-1] if others else "", "same": bool(choice % 2), "why": "另一处"}
    return PAYLOADS[type]


WAY = (
    (CommandType.CONFIRM, CHIEF),
    (CommandType.RESOLVE_AND_PUBLISH, UNIT),
    (CommandType.PUBLISH_OUTCOME, UNIT),
    (CommandType.VERIFY_AND_REPLY, UNIT),
    (CommandType.ASSIGN, DUTY),
    (CommandType.ACKNOWLEDGE, DUTY),
)
_TYPES = list(CommandType)
_ACTORS = (*EVERYBODY, DUTY, UNIT, CHIEF, DEPUTY)
_WAITS = (0, 0, 0, 0, 1, 5, 14, 61, 300, 1500, 9000)

# (what, which alert, which command, who, how long after the move before)
Move = tuple[str, int, int, int, int]
moves: st.SearchStrategy[list[Move]] = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("way", "way", "way", "open", "any", "any", "dismiss", "reopen", "clock"),
                *("join", "suspect", "gap", "recheck"),
            ]
        ),
        st.integers(0, 3),
        st.integers(0, len(_TYPES) - 1),
        st.integers(0, len(_ACTORS) - 1),
        st.sampled_from(_WAITS),
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class History:
    """Events so far, the alerts that they give, and the present instant."""

    now: datetime = field(default_factory=lambda: codec.instant(OPENED_AT))
    events: list[Event] = field(default_factory=list)
    states: dict[str, AlertState] = field(default_factory=dict)
    refusals: int = 0

    def record(self, drafts: Sequence[Draft]) -> list[Event]:
        """Number `drafts` at the present instant and fold them."""
        made = []
        for draft in drafts:
            raw = codec.event_bytes(draft, "yunze", len(self.events) + 1, self.now)
            leaf = codec.leaf_hash(raw)
            before = self.events[-1].chain if self.events else codec.GENESIS
            event = codec.read_event(raw, leaf, codec.chain_hash(before, leaf))
            self.events.append(event)
            made.append(event)
            fold_into(self.states, event)
        return made

    def open(self, number: int, topics: tuple[TopicHit, ...] = (topic(),)) -> str:
        """Open an alert on a post of its own story."""
        entry = entries(None, post(number, at=self.now, topics=topics), DESK, 1, self.now)[0]
        return str(self.record([entry.draft])[0].alert)

    def act(self, alert: str, type: CommandType, actor: Actor, behalf: str | None = None, choice: int = 0) -> bool:
        """Try a command; say whether it was recorded."""
        command = Command(type, alert, payload_of(type, self.states[alert], choice), on_behalf_of=behalf)
        try:
            drafts = decide(self.states.get(alert), command, actor, self.now, DESK)
        except Refused:
            self.refusals += 1
            return False
        self.record(drafts)
        return True

    def go(self, alert: str, steps: int, named: bool, fetched: datetime | None = None) -> None:
        """Take up to `steps` steps of the ordinary way; the pages on it are captured, `fetched` first then or now."""
        for _ in range(steps):
            for type, actor in WAY:
                offered = offers(self.states[alert], actor, self.now, DESK)
                if type in {offer.type for offer in offered if not offer.refused}:
                    self.act(alert, type, actor)
                    break
            self.capture(alert, named, fetched)

    def capture(self, alert: str, named: bool, fetched: datetime | None = None) -> None:
        """Capture the newest page that waits for it."""
        state = self.states[alert]
        waiting = [page for page in (*state.replies, *state.outcomes) if not page.captures]
        for page in waiting[-1:]:
            at = codec.instant_text(self.now)
            payload = {
                "of": page.seq,
                "address": page.address,
                "capture": "c",
                "sha256": f"{page.seq:064x}",
                "fetched": at,
                "first_fetched": codec.instant_text(fetched) if fetched else at,
                "topic_named": named,
                "place_named": named,
                "words": [],
                "attempt": 1,
                "absent_before": False,
                "status": 200,
                "final_address": page.address,
                "configuration": 1,
            }
            self.record([Draft("captured", alert, "system", Role.SYSTEM, payload=payload)])

    def join(self, one: str, other: str) -> None:
        """Let two stories turn out one."""
        self.record([entry.draft for entry in joining.entries(self.states[one], self.states[other])])

    def suspect(self, alert: str) -> None:
        """Hold `alert` against those in observation, as when it was opened."""
        found = recurrence.suspected(self.states[alert], list(self.states.values()), self.now, DESK.calendar)
        self.record([entry.draft for entry in found])

    def gap(self, minutes: int) -> None:
        """Let monitoring stand still until now."""
        begin = self.now - timedelta(minutes=minutes)
        payload = gaps.gap(self.states.values(), begin, self.now, self.events, "Asia/Shanghai")
        self.record([Draft("monitor_gap", None, "system", Role.SYSTEM, payload=payload)])

    def recheck(self, alert: str, there: bool) -> None:
        """Look again at the pages of a confirmed alert after seven days."""
        state = self.states[alert]
        for page in (*state.replies, *state.outcomes) if state.confirmation else ():
            payload = {"of": page.seq, "address": page.address, "day": 7, "there": there, "reason": ""}
            more = {"checked": codec.instant_text(self.now), "capture": None, "sha256": None}
            self.record([Draft("rechecked", alert, "system", Role.SYSTEM, payload=payload | more)])

    def clock(self, alert: str) -> None:
        """Record what the clock makes due."""
        self.record([entry.draft for entry in overdue.entries(self.states[alert], self.now, ())])

    def beat(self) -> None:
        """Record a heartbeat now."""
        payload = {"started": codec.instant_text(self.now)}
        self.record([Draft("heartbeat", None, "system", Role.SYSTEM, payload=payload)])


def play(made: Sequence[Move]) -> History:
    """Play `made` on a new desk that has one alert."""
    history = History()
    history.open(0)
    for move in made:
        step(history, move)
    return history


def step(history: History, move: Move) -> str:
    """Play one move; return the alert that it concerned."""
    what, which, command, who, wait = move
    history.now += timedelta(minutes=wait)
    alerts = list(history.states)
    alert = alerts[which % len(alerts)]
    actor = _ACTORS[who]
    if what == "open":
        return history.open(len(history.events))
    if what == "way":
        history.go(alert, steps=1 + command % 8, named=who % 8 != 0)
    if what == "any":
        behalf = history.states[alert].unit if actor is DUTY and who >= len(EVERYBODY) else None
        history.act(alert, _TYPES[command], actor, behalf, which)
    if what == "join":
        history.join(alert, alerts[command % len(alerts)])
    if what == "suspect":
        history.suspect(alert)
    if what == "gap":
        history.gap(wait)
    if what == "recheck":
        history.recheck(alert, there=command % 2 == 0)
    if what == "dismiss" and history.act(alert, CommandType.PROPOSE_DISMISSAL, DUTY) and command % 2:
        history.act(alert, CommandType.DISMISS, CHIEF)
    if what == "reopen":
        history.act(alert, CommandType.REOPEN, actor)
    if what == "clock":
        history.clock(alert)
    return alert
