"""How each problem of the demonstration's past quarter was handled: a script of moves for each ending.

ending ─► moves; each comes at a share of the time between the move before it and its own deadline, or hours after it

A share above 1 is late. Nothing here writes an event: the moves are the same commands that people press.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.vocabulary import CommandType as C
from alerts.vocabulary import Deadline, Step
from huiying.core.model import Json


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody does next. `who` is a part in the play: duty, unit, other (another unit), chief, deputy.

    `share` is that of the time until `step`'s deadline; without a step it is hours. `page` is the kind of page that the
    county publishes for it at that moment; `fields` go into the command as they are.
    """

    who: str
    type: C
    step: Step | None
    share: float
    page: str | None = None
    fields: Mapping[str, Json] = field(default_factory=dict)


def when(move: Move, before: datetime, deadlines: Mapping[Step, Deadline]) -> datetime:
    """Return the instant of `move` after the one at `before`; a deadline that has passed already counts a minute."""
    if move.step is None or move.step not in deadlines:
        return before + timedelta(hours=move.share)
    left = max(deadlines[move.step].at - before, timedelta(minutes=1))
    return before + left * move.share


ACKNOWLEDGE = Move("duty", C.ACKNOWLEDGE, Step.ACKNOWLEDGE, 0.45)
ASSIGN = Move("duty", C.ASSIGN, Step.ASSIGN, 0.35)
REPLY = Move("unit", C.VERIFY_AND_REPLY, Step.REPLY, 0.4, "reply", {"finding": "true"})
RESOLVE = Move("unit", C.RESOLVE, Step.RESOLVE, 0.5, None, {"end_state": "solved"})
OUTCOME = Move("unit", C.PUBLISH_OUTCOME, Step.PUBLISH, 0.35, "outcome")
CONFIRM = Move("chief", C.CONFIRM, Step.CONFIRM, 0.4)
BEGUN = (ACKNOWLEDGE, ASSIGN)
USUAL = (*BEGUN, REPLY, RESOLVE, OUTCOME, CONFIRM)
VERIFY = Move("unit", C.VERIFY, Step.REPLY, 0.3, None, {"finding": "true"})


def _at(move: Move, share: float, **fields: Json) -> Move:
    return replace(move, share=share, fields={**move.fields, **fields})


def _by_telephone(moves: tuple[Move, ...]) -> tuple[Move, ...]:
    return tuple(replace(move, who="duty for unit") if move.who == "unit" else move for move in moves)


def _propose(ground: str, why: str) -> tuple[Move, ...]:
    proposal = Move("duty", C.PROPOSE_DISMISSAL, None, 0.1, None, {"ground": ground, "why": why})
    return (ACKNOWLEDGE, proposal, Move("chief", C.DISMISS, None, 0.2))


_REOPENED = (
    Move("duty", C.REOPEN, None, 60, None, {"reason": "群众来电反映问题没有真正解决，要求继续办理。"}),
    *BEGUN,
    replace(REPLY, type=C.VERIFY),
    RESOLVE,
    _at(OUTCOME, 0.5),
    CONFIRM,
)
ENDINGS: Mapping[str, tuple[Move, ...]] = {
    "correct": USUAL,
    "vanished": USUAL,
    "softened": USUAL,
    "by_hand": USUAL,
    "recurring": USUAL,
    "different_matter": USUAL,
    "never": (),
    "late_acknowledge": (_at(ACKNOWLEDGE, 1.6), *USUAL[1:]),
    "returned": (
        ACKNOWLEDGE,
        replace(ASSIGN, fields={"unit": "other"}),
        Move("other", C.RETURN, None, 0.3, None, {"reason": "不属本单位职责，请改派主管部门。"}),
        *USUAL[1:],
    ),
    "unverified": (
        *BEGUN,
        Move("unit", C.VERIFY, Step.REPLY, 1.1, None, {"finding": "true"}),
        Move("unit", C.REPLY, None, 0.2, "reply"),
        *USUAL[3:],
    ),
    "late_reply": (*BEGUN, VERIFY, Move("unit", C.REPLY, Step.REPLY, 1.3, "reply"), *USUAL[3:]),
    "reply_elsewhere": (
        *BEGUN,
        VERIFY,
        Move("unit", C.REPLY_ELSEWHERE, Step.REPLY, 0.5, None, {"where": "本单位政务新媒体账号"}),
        *USUAL[3:],
    ),
    "wrong_page": (
        *BEGUN,
        replace(REPLY, page="wrong"),
        Move("unit", C.REPLY, Step.REPLY, 1.6, "reply"),
        *USUAL[3:],
    ),
    "late_resolution": (*USUAL[:3], _at(RESOLVE, 1.2), *USUAL[4:]),
    "unresolved": USUAL[:3],
    "late_outcome": (*USUAL[:4], _at(OUTCOME, 1.7), CONFIRM),
    "late_confirmation": (*USUAL[:5], _at(CONFIRM, 1.3)),
    "unconfirmed": USUAL[:5],
    "reopened": (*USUAL, *_REOPENED),
    "false_match": _propose("false_match", "稿件写的是演练和展览，没有反映本县的问题。"),
    "outside": _propose("outside_jurisdiction", "事发地在邻县，不在本县范围内。"),
    "duplicate": _propose("duplicate", "与更早的预警是同一件事。"),
    "dismissed_reopened": (
        *_propose("false_match", "初看是设备调试，没有影响用户。"),
        Move("duty", C.REOPEN, None, 0.2, None, {"reason": "再次核对，确有住户受影响，不应剔除。"}),
        *USUAL[1:],
    ),
    "extended": (
        *USUAL[:3],
        Move("chief", C.EXTEND, Step.RESOLVE, 0.5, None, {"working_days": 3, "reason": "材料需从外地调运。"}),
        _at(RESOLVE, 0.8),
        *USUAL[4:],
    ),
    "raised": (
        *BEGUN,
        Move("chief", C.CHANGE_LEVEL, None, 1, None, {"level": 2, "reason": "受影响户数增加，由一般调为较大。"}),
        *USUAL[2:],
    ),
    "untrue": (
        *BEGUN,
        _at(REPLY, 0.4, finding="untrue"),
        _at(RESOLVE, 0.5, end_state="untrue", why="现场核查与报道不符，见公开回应。"),
        *USUAL[4:],
    ),
    "partly": (*USUAL[:3], _at(RESOLVE, 0.6, end_state="partly_solved", why="其余部分列入明年改造计划。"), *USUAL[4:]),
    "could_not": (*USUAL[:3], _at(RESOLVE, 0.7, end_state="not_solved", why="需省级立项，本县无权实施。"), *USUAL[4:]),
    "by_telephone": _by_telephone(USUAL),
    "amended": (*USUAL, Move("duty", C.AMEND, None, 5, None, {"field": "done", "why": "原文户数写错。"})),
    "muted": (
        Move("duty", C.MUTE, None, 0.05, None, {"hours": 4, "reason": "正在现场处置，暂停提示音。"}),
        *USUAL,
    ),
}
FOR_EARLIER = Move(
    "deputy", C.JUDGE_RECURRENCE, None, 12, None, {"same": False, "why": "这次是另一处管道，与上次无关。"}
)
