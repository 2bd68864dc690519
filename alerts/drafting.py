"""From an allowed command to its drafts: what was typed is read; instants that start a clock carry its deadlines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import amending, filling
from alerts.alert import AlertState
from alerts.commands import SYSTEM, Actor, Command
from alerts.deadlines import at_opening, due, extended, raised
from alerts.events import EventType
from alerts.facts import PostRef
from alerts.vocabulary import CommandType, Deadline, EndState, Finding, Ground, Step, Why, deadlines_json
from huiying.core import codec
from huiying.core.config import Calendar, Desk, Policy, Steps
from huiying.core.errors import Refused
from huiying.core.model import Draft, Json, Level, Role

LONGEST_EXTENSION = 5  # working days
LONGEST_MUTING = 24  # hours
_EXPLAINED = (EndState.NOT_SOLVED, EndState.UNTRUE)


@dataclass(frozen=True, slots=True)
class Filled:
    """A command whose checks have passed. `under` is the configuration that the alert was opened under.

    Terms, calendar and observation come from `under`: later configurations move no deadline. `other` is the alert that
    a duplicate names.
    """

    state: AlertState
    command: Command
    actor: Actor
    now: datetime
    desk: Desk
    under: Desk
    other: AlertState | None

    @property
    def terms(self) -> Steps:
        """Return the terms of the highest level that the alert ever had: lowering it moves nothing."""
        return self.under.policy.steps(self.state.highest)

    @property
    def payload(self) -> Mapping[str, Json]:
        """Return what was typed."""
        return self.command.payload

    @property
    def policy(self) -> Policy:
        """Return the policy that the alert was opened under."""
        return self.under.policy

    @property
    def calendar(self) -> Calendar:
        """Return the calendar that the alert was opened under."""
        return self.under.calendar


def drafts(filled: Filled) -> list[Draft]:
    """Return the drafts of the command, in the order in which they are appended together."""
    return _WRITERS[filled.command.type](filled)


def _draft(filled: Filled, type: EventType, payload: Mapping[str, Json]) -> Draft:
    command, actor = filled.command, filled.actor
    spoken = {"on_behalf_of": command.on_behalf_of} if command.on_behalf_of else {}
    return Draft(
        type, command.alert, actor.pseudonym, actor.role, actor.unit, command.claimed_at, {**payload, **spoken}
    )


def _clock(step: Step, deadline: Deadline) -> dict[str, Json]:
    return {"deadlines": deadlines_json({step: deadline})}


def _assign_due(filled: Filled, after: str) -> dict[str, Json]:
    term = filled.terms.assign
    return _clock(Step.ASSIGN, due(term, filled.now, after, filled.calendar))


def _acknowledge(filled: Filled) -> list[Draft]:
    return [_draft(filled, EventType.ACKNOWLEDGED, _assign_due(filled, "acknowledgement"))]


def _assign(filled: Filled) -> list[Draft]:
    unit = filled.payload.get("unit")
    if not isinstance(unit, str) or filled.desk.unit(unit) is None:
        raise Refused("unit_missing")
    final = len(filled.state.returns) >= 2
    return [_draft(filled, EventType.ASSIGNED, {"unit": unit, "final": final})]


def _return(filled: Filled) -> list[Draft]:
    reason = filling.words(filled.payload, "reason")
    payload = {"unit": filled.state.unit, "reason": reason, **_assign_due(filled, "return")}
    return [_draft(filled, EventType.RETURNED, payload)]


def _verify(filled: Filled) -> list[Draft]:
    payload = {
        "finding": str(filling.choice(filled.payload, "finding", Finding)),
        "evidence": filling.evidence(filled.payload),
        **filling.words_if_any(filled.payload, "text"),
    }
    return [_draft(filled, EventType.VERIFIED, payload)]


def _reply(filled: Filled) -> list[Draft]:
    return [_draft(filled, EventType.REPLIED, {"address": _official(filled)})]


def _official(filled: Filled) -> str:
    return filling.official_address(filled.payload, filled.desk, filled.under)


def _verify_and_reply(filled: Filled) -> list[Draft]:
    return [*_verify(filled), *_reply(filled)]


def _reply_elsewhere(filled: Filled) -> list[Draft]:
    return [_draft(filled, EventType.REPLIED_ELSEWHERE, {"where": filling.words(filled.payload, "where")})]


def _hold_briefing(filled: Filled) -> list[Draft]:
    return [_draft(filled, EventType.BRIEFING_HELD, {"evidence": filling.evidence(filled.payload)})]


def _correct(filled: Filled) -> list[Draft]:
    payload = {
        "statement": filling.words(filled.payload, "statement"),
        "address": _official(filled),
    }
    return [_draft(filled, EventType.CORRECTED, payload)]


def _resolve(filled: Filled) -> list[Draft]:
    end_state = filling.choice(filled.payload, "end_state", EndState)
    if end_state is EndState.UNTRUE and not filled.state.replies:
        raise Refused("untrue_needs_reply")
    why = filling.words if end_state in _EXPLAINED else None
    term = filled.terms.publish
    payload = {
        "end_state": str(end_state),
        "done": filling.words(filled.payload, "done"),
        **({"why": why(filled.payload, "why")} if why else filling.words_if_any(filled.payload, "why")),
        "evidence": filling.evidence(filled.payload),
        **_clock(Step.PUBLISH, due(term, filled.now, "resolution", filled.calendar)),
    }
    return [_draft(filled, EventType.RESOLVED, payload)]


def _publish_outcome(filled: Filled) -> list[Draft]:
    payload: dict[str, Json] = {"address": _official(filled)}
    if not filled.state.outcomes:
        payload |= _clock(Step.CONFIRM, _confirm_due(filled))
    return [_draft(filled, EventType.OUTCOME_PUBLISHED, payload)]


def _confirm_due(filled: Filled) -> Deadline:
    """Return the end of the term; in the first round never after the alert falls due, which would change its ruling."""
    natural = due(filled.terms.confirm, filled.now, "publication", filled.calendar)
    last = filled.state.due
    if filled.state.judged is None and filled.now <= last < natural.at:
        return Deadline(last, Why("until_due", {"was": codec.instant_text(natural.at)}))
    return natural


def _resolve_and_publish(filled: Filled) -> list[Draft]:
    return [*_resolve(filled), *_publish_outcome(filled)]


def _extend(filled: Filled) -> list[Draft]:
    if filled.payload.get("step", Step.RESOLVE) != Step.RESOLVE:
        raise Refused("extension_of_resolve_only")
    days = filling.number(filled.payload, "working_days", 1, LONGEST_EXTENSION)
    was = filled.state.deadlines
    moved = extended(was, days, filled.calendar)
    length = moved[Step.RESOLVE].at - was[Step.RESOLVE].at
    payload = {
        "working_days": days,
        "reason": filling.words(filled.payload, "reason"),
        "deadlines": deadlines_json(moved),
        "due": codec.instant_text(filled.state.due + length),
    }
    return [_draft(filled, EventType.EXTENDED, payload)]


def _confirm(filled: Filled) -> list[Draft]:
    resolution = filled.state.resolution
    until = filled.now + timedelta(days=filled.policy.observation_days)
    payload = {"resolved": resolution.seq if resolution else 0, "observed_until": codec.instant_text(until)}
    return [_draft(filled, EventType.CONFIRMED, payload)]


def _reopen(filled: Filled) -> list[Draft]:
    state = filled.state
    payload: dict[str, Json] = {"reason": filling.words(filled.payload, "reason"), "closed": str(state.stage)}
    if state.confirmation:
        fresh = at_opening(state.level, filled.now, filled.policy, filled.calendar)
        payload["deadlines"] = deadlines_json(fresh)
    return [_draft(filled, EventType.REOPENED, payload)]


def _propose_dismissal(filled: Filled) -> list[Draft]:
    ground = filling.choice(filled.payload, "ground", Ground)
    payload: dict[str, Json] = {"ground": str(ground), "why": filling.words(filled.payload, "why")}
    if ground is Ground.DUPLICATE:
        payload["of"] = _original(filled).id
    return [_draft(filled, EventType.DISMISSAL_PROPOSED, payload)]


def _original(filled: Filled) -> AlertState:
    """Return the alert that this one duplicates: opened earlier, and not closed."""
    other = filled.other
    if other is None:
        raise Refused("duplicate_of_missing")
    if other.opened_seq >= filled.state.opened_seq:
        raise Refused("duplicate_of_later", alert=other.id)
    if other.closed:
        raise Refused("duplicate_of_dismissed" if other.dismissal else "duplicate_of_closed", alert=other.id)
    return other


def _dismiss(filled: Filled) -> list[Draft]:
    proposal = filled.state.proposal
    assert proposal is not None
    payload: dict[str, Json] = {"proposal": proposal.seq, "ground": str(proposal.ground), "why": proposal.why}
    if proposal.ground is not Ground.DUPLICATE:
        return [_draft(filled, EventType.DISMISSED, payload)]
    original = _original(filled)
    passed = [_passed_on(post, filled.state.id, original.id) for post in filled.state.posts]
    return [_draft(filled, EventType.DISMISSED, {**payload, "of": original.id}), *passed]


def _passed_on(post: PostRef, duplicate: str, original: str) -> Draft:
    payload = {"post": post.to_json(), "duplicate": duplicate}
    return Draft(EventType.POST_ATTACHED, original, SYSTEM.pseudonym, Role.SYSTEM, payload=payload)


def _change_level(filled: Filled) -> list[Draft]:
    state = filled.state
    level = Level(filling.number(filled.payload, "level", int(min(Level)), int(max(Level))))
    if level == state.level:
        raise Refused("level_same")
    payload: dict[str, Json] = {
        "was": int(state.level),
        "level": int(level),
        "reason": filling.words(filled.payload, "reason"),
    }
    if level > state.level:
        waiting = {step: deadline for step, deadline in state.deadlines.items() if not state.done(step)}
        earlier = raised(waiting, level, filled.now, filled.policy, filled.calendar)
        payload["deadlines"] = deadlines_json({step: at for step, at in earlier.items() if not state.done(step)})
    return [_draft(filled, EventType.LEVEL_CHANGED, payload)]


def _amend(filled: Filled) -> list[Draft]:
    unit = filled.actor.unit if filled.actor.role is Role.UNIT else None
    payload = amending.payload(filled.state, filled.payload, filled.desk, filled.under, unit)
    return [_draft(filled, EventType.AMENDED, payload)]


def _judge_recurrence(filled: Filled) -> list[Draft]:
    waiting = [one for one in filled.state.recurrences if one.open_at(filled.now)]
    one = next((one for one in waiting if one.other == filled.payload.get("of")), None)
    if one is None:
        raise Refused("recurrence_of_missing")
    if filled.other and filled.actor.unit and filled.other.unit == filled.actor.unit:
        raise Refused("own_unit_recurrence")
    same = filled.payload.get("same")
    if not isinstance(same, bool):
        raise Refused("same_missing")
    payload = {"suspected": one.seq, "other": one.other, "same": same, "why": filling.words(filled.payload, "why")}
    return [_draft(filled, EventType.RECURRENCE_JUDGED, payload)]


def _mute(filled: Filled) -> list[Draft]:
    hours = filling.number(filled.payload, "hours", 1, LONGEST_MUTING)
    until = codec.instant_text(filled.now + timedelta(hours=hours))
    payload = {"reason": filling.words(filled.payload, "reason"), "hours": hours, "until": until}
    return [_draft(filled, EventType.MUTED, payload)]


def _unmute(filled: Filled) -> list[Draft]:
    return [_draft(filled, EventType.UNMUTED, {"reason": "", **filling.words_if_any(filled.payload, "reason")})]


def _report_up(filled: Filled) -> list[Draft]:
    payload = {"to": filling.words(filled.payload, "to"), "text": filling.words(filled.payload, "text")}
    return [_draft(filled, EventType.REPORTED_UP, payload)]


def _note(filled: Filled) -> list[Draft]:
    return [_draft(filled, EventType.NOTED, {"text": filling.words(filled.payload, "text")})]


_WRITERS: Mapping[CommandType, Callable[[Filled], list[Draft]]] = {
    CommandType.ACKNOWLEDGE: _acknowledge,
    CommandType.ASSIGN: _assign,
    CommandType.RETURN: _return,
    CommandType.VERIFY: _verify,
    CommandType.REPLY: _reply,
    CommandType.VERIFY_AND_REPLY: _verify_and_reply,
    CommandType.REPLY_ELSEWHERE: _reply_elsewhere,
    CommandType.HOLD_BRIEFING: _hold_briefing,
    CommandType.CORRECT: _correct,
    CommandType.RESOLVE: _resolve,
    CommandType.PUBLISH_OUTCOME: _publish_outcome,
    CommandType.RESOLVE_AND_PUBLISH: _resolve_and_publish,
    CommandType.EXTEND: _extend,
    CommandType.CONFIRM: _confirm,
    CommandType.REOPEN: _reopen,
    CommandType.PROPOSE_DISMISSAL: _propose_dismissal,
    CommandType.DISMISS: _dismiss,
    CommandType.CHANGE_LEVEL: _change_level,
    CommandType.NOTE: _note,
    CommandType.AMEND: _amend,
    CommandType.JUDGE_RECURRENCE: _judge_recurrence,
    CommandType.MUTE: _mute,
    CommandType.UNMUTE: _unmute,
    CommandType.REPORT_UP: _report_up,
}
