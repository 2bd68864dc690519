"""What must stand before each command: roles, own unit, the steps before it, and a second person.

Each check returns None, or the refusal that says what is missing. `lifecycle` draws the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.alert import AlertState
from alerts.amending import amendable
from alerts.commands import Actor
from alerts.vocabulary import CommandType, Stage, Step
from huiying.core.config import Desk
from huiying.core.errors import Refused
from huiying.core.model import Role

MOST_RETURNS = 2  # after two returns a supervisor's assignment is final

_DUTY = frozenset({Role.DUTY})
_UNIT = frozenset({Role.UNIT, Role.DUTY})  # duty staff on behalf of the unit
_SUPERVISOR = frozenset({Role.SUPERVISOR})
_ANYBODY = frozenset({Role.DUTY, Role.UNIT, Role.SUPERVISOR, Role.AUDITOR})

ROLES: Mapping[CommandType, frozenset[Role]] = {
    CommandType.ACKNOWLEDGE: _DUTY,
    CommandType.ASSIGN: _DUTY | _SUPERVISOR,
    CommandType.RETURN: _UNIT,
    CommandType.VERIFY: _UNIT,
    CommandType.REPLY: _UNIT,
    CommandType.VERIFY_AND_REPLY: _UNIT,
    CommandType.REPLY_ELSEWHERE: _UNIT,
    CommandType.HOLD_BRIEFING: _UNIT,
    CommandType.CORRECT: _UNIT,
    CommandType.RESOLVE: _UNIT,
    CommandType.PUBLISH_OUTCOME: _UNIT,
    CommandType.RESOLVE_AND_PUBLISH: _UNIT,
    CommandType.EXTEND: _SUPERVISOR,
    CommandType.CONFIRM: _SUPERVISOR,
    CommandType.REOPEN: _ANYBODY,
    CommandType.PROPOSE_DISMISSAL: _DUTY,
    CommandType.DISMISS: _SUPERVISOR,
    CommandType.CHANGE_LEVEL: _SUPERVISOR,
    CommandType.NOTE: _ANYBODY,
    CommandType.AMEND: _ANYBODY,
    CommandType.JUDGE_RECURRENCE: _SUPERVISOR,
    CommandType.MUTE: _DUTY | _SUPERVISOR,
    CommandType.UNMUTE: _DUTY | _SUPERVISOR,
    CommandType.REPORT_UP: _UNIT | _SUPERVISOR,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A command before it is filled in: on what, by whom, for whom, when, under which configuration."""

    state: AlertState
    actor: Actor
    on_behalf_of: str | None
    now: datetime
    desk: Desk


Check = Callable[[Case], Refused | None]


def refusal(type: CommandType, case: Case) -> Refused | None:
    """Return why `type` is not possible in `case`, the first reason only; None where it is."""
    first = _role(type, case) or _unit(type, case)
    return first or next((refused for check in BEFORE[type] if (refused := check(case))), None)


def _role(type: CommandType, case: Case) -> Refused | None:
    role = case.actor.role
    if role in ROLES[type]:
        return None
    if role is Role.ADMINISTRATOR:
        return Refused("administrator_writes_nothing")
    if role in (Role.VIEWER, Role.AUDITOR, Role.SYSTEM):
        return Refused("reads_only")
    return Refused("needs_" + "_or_".join(sorted(ROLES[type])))


def _unit(type: CommandType, case: Case) -> Refused | None:
    """Check that only the assigned unit gives a unit's commands, and that duty staff say for which unit they record."""
    own = case.state.unit
    if case.actor.role is Role.UNIT and _needs_unit(type) and own is not None and case.actor.unit != own:
        return Refused("other_unit", unit=_name(case.desk, own))
    if case.on_behalf_of is None:
        asked = case.actor.role is Role.DUTY and _needs_unit(type) and own is not None
        return Refused("on_behalf_missing", unit=_name(case.desk, own)) if asked else None
    if case.actor.role is not Role.DUTY or not _needs_unit(type):
        return Refused("on_behalf_not_here")
    return Refused("other_unit", unit=_name(case.desk, own)) if own and case.on_behalf_of != own else None


def _needs_unit(type: CommandType) -> bool:
    """Say whether the command is a unit's: its own checks say so where no unit is assigned."""
    return ROLES[type] == _UNIT


def _name(desk: Desk, unit: str | None) -> str:
    found = desk.unit(unit) if unit else None
    return found.name if found else unit or "—"


def _open(case: Case) -> Refused | None:
    return Refused(f"closed_{case.state.stage}") if case.state.closed else None


def _unacknowledged(case: Case) -> Refused | None:
    return Refused("already_acknowledged") if case.state.acknowledgement else None


def _acknowledged(case: Case) -> Refused | None:
    return None if case.state.acknowledgement else Refused("acknowledge_first")


def _unassigned(case: Case) -> Refused | None:
    unit = case.state.unit
    return Refused("already_assigned", unit=_name(case.desk, unit)) if unit else None


def _assigned(case: Case) -> Refused | None:
    return None if case.state.assignment else Refused("assign_first")


def _final_by_supervisor(case: Case) -> Refused | None:
    final = len(case.state.returns) >= MOST_RETURNS
    return Refused("final_needs_supervisor") if final and case.actor.role is not Role.SUPERVISOR else None


def _returnable(case: Case) -> Refused | None:
    assignment = case.state.assignment
    if assignment and (assignment.final or len(case.state.returns) >= MOST_RETURNS):
        return Refused("returned_twice")
    begun = any(assignment and fact.seq > assignment.seq for fact in case.state.verifications)
    return Refused("return_after_verification") if begun else None


def _verified(case: Case) -> Refused | None:
    return None if case.state.verifications else Refused("verify_first")


def _unresolved(case: Case) -> Refused | None:
    return Refused("already_resolved") if case.state.resolution else None


def _resolved(case: Case) -> Refused | None:
    return None if case.state.resolution else Refused("resolve_first")


def _outcome_published(case: Case) -> Refused | None:
    return None if case.state.outcomes else Refused("publish_first")


def _briefing_asked(case: Case) -> Refused | None:
    return None if Step.BRIEFING in case.state.deadlines else Refused("briefing_not_asked")


def _extendable(case: Case) -> Refused | None:
    if case.state.extension:
        return Refused("extended_before")
    late = case.now > case.state.deadlines[Step.RESOLVE].at
    return Refused("extension_too_late") if late else None


def _not_own_resolution(case: Case) -> Refused | None:
    return Refused("own_resolution") if case.actor.pseudonym in case.state.resolvers else None


def _proposed(case: Case) -> Refused | None:
    return None if case.state.proposal else Refused("propose_first")


def _not_own_proposal(case: Case) -> Refused | None:
    own = case.state.proposal and case.state.proposal.actor == case.actor.pseudonym
    return Refused("own_proposal") if own else None


def _no_duplicates(case: Case) -> Refused | None:
    held = case.state.duplicates
    return Refused("has_duplicates", alerts="、".join(held)) if held else None


def _closed(case: Case) -> Refused | None:
    return None if case.state.closed else Refused("not_closed")


def _joined(case: Case) -> Refused | None:
    into = case.state.joined_into
    return Refused("closed_joined_into", alert=into) if into else None


def _amendable(case: Case) -> Refused | None:
    return None if amendable(case.state) else Refused("nothing_to_amend")


def _suspected(case: Case) -> Refused | None:
    waiting = any(one.open_at(case.now) for one in case.state.recurrences)
    return None if waiting else Refused("nothing_suspected")


def _not_own_confirmation(case: Case) -> Refused | None:
    """Who confirmed or resolved the alert, or stands for its unit, does not say that nothing came of it."""
    held = case.state
    own = (*held.resolvers, held.confirmation.actor) if held.confirmation else held.resolvers
    if case.actor.pseudonym in own:
        return Refused("own_confirmation")
    return Refused("own_unit_recurrence") if case.actor.unit and case.actor.unit == held.unit else None


def _muted(case: Case) -> Refused | None:
    return None if case.state.muted_until(case.now) else Refused("not_muted")


def _unmuted(case: Case) -> Refused | None:
    return Refused("already_muted") if case.state.muted_until(case.now) else None


def _observed(case: Case) -> Refused | None:
    confirmation = case.state.confirmation
    if case.state.stage is Stage.CONFIRMED and confirmation and case.now > confirmation.observed_until:
        until = confirmation.observed_until.astimezone(ZoneInfo(case.desk.calendar.zone))
        return Refused("observation_over", until=until.strftime("%Y-%m-%d %H:%M"))
    return None


BEFORE: Mapping[CommandType, tuple[Check, ...]] = {
    CommandType.ACKNOWLEDGE: (_open, _unassigned, _unacknowledged),
    CommandType.ASSIGN: (_open, _unassigned, _acknowledged, _final_by_supervisor),
    CommandType.RETURN: (_open, _assigned, _returnable),
    CommandType.VERIFY: (_open, _assigned),
    CommandType.REPLY: (_open, _assigned, _verified),
    CommandType.VERIFY_AND_REPLY: (_open, _assigned),
    CommandType.REPLY_ELSEWHERE: (_open, _assigned),
    CommandType.HOLD_BRIEFING: (_open, _assigned, _briefing_asked),
    CommandType.CORRECT: (_open, _assigned),
    CommandType.RESOLVE: (_open, _assigned, _verified, _unresolved),
    CommandType.PUBLISH_OUTCOME: (_open, _assigned, _resolved),
    CommandType.RESOLVE_AND_PUBLISH: (_open, _assigned, _verified, _unresolved),
    CommandType.EXTEND: (_open, _unresolved, _extendable),
    CommandType.CONFIRM: (_open, _resolved, _outcome_published, _not_own_resolution),
    CommandType.REOPEN: (_closed, _joined, _observed),
    CommandType.PROPOSE_DISMISSAL: (_open, _no_duplicates),
    CommandType.DISMISS: (_open, _proposed, _not_own_proposal, _no_duplicates),
    CommandType.CHANGE_LEVEL: (_open,),
    CommandType.NOTE: (),
    CommandType.AMEND: (_amendable,),
    CommandType.JUDGE_RECURRENCE: (_suspected, _not_own_confirmation),
    CommandType.MUTE: (_open, _unmuted),
    CommandType.UNMUTE: (_muted,),
    CommandType.REPORT_UP: (_open,),
}
