"""The lifecycle: (state, command, actor, now, configuration) → drafts, or a refusal that says what is missing.

command              by                    needs before                                            records
acknowledge          duty                  open, not acknowledged, not assigned                    acknowledged
assign               duty, supervisor      acknowledged, not assigned; after two returns the       assigned
                                           supervisor
return               unit                  assigned, fewer than two returns, not yet verified      returned
verify               unit                  assigned                                                verified
reply                unit                  verified; address on an official outlet                 replied
verify_and_reply     unit                  assigned; as verify and reply, one submission           verified, replied
reply_elsewhere      unit                  assigned                                                replied_elsewhere
hold_briefing        unit                  assigned; a level that has briefings                    briefing_held
correct              unit                  assigned; address on an official outlet                 corrected
resolve              unit                  verified, not resolved; "untrue": a public reply        resolved
publish_outcome      unit                  resolved; address on an official outlet                 outcome_published
resolve_and_publish  unit                  as resolve and publish_outcome, one submission          resolved,
                                                                                                   outcome_published
extend               supervisor            not resolved, before its deadline, not extended before  extended
confirm              supervisor            resolved, outcome published; by who did not resolve     confirmed
reopen               all but viewer        confirmed (within the observation) or dismissed         reopened
propose_dismissal    duty                  open; no alert is a duplicate of this one; as a         dismissal_proposed
                                           duplicate: of an earlier alert that is open
dismiss              supervisor            proposed, by another person                             dismissed
change_level         supervisor            open, another level                                     level_changed
note                 all but viewer        -                                                       noted
amend                all but viewer        a fact of this alert; a unit: its own                   amended
judge_recurrence     supervisor            suspected and not too late; by who neither confirmed    recurrence_judged
                                           nor resolved it, nor is of either alert's unit
mute                 duty, supervisor      open, not muted                                         muted
unmute               duty, supervisor      muted                                                   unmuted
report_up            duty, unit,           open                                                    reported_up
                     supervisor

A unit answers alerts assigned to it only; it may reopen and note any. Duty staff may record the unit's commands on its
behalf, and say so; that never makes them a second person. An administrator records nothing here, an auditor reopens,
amends and notes only. An alert that was joined into another takes notes and amendments only, and is not reopened.
The system records acknowledgement_lapsed, captured, capture_failed, rechecked, escalated, recurrence_suspected,
stories_joined and what posts do: see `watch`.
"""

from __future__ import annotations

from datetime import datetime

from alerts.alert import AlertState
from alerts.allowed import ROLES, Case, refusal
from alerts.commands import Actor, Command, Offer
from alerts.drafting import Filled, drafts
from alerts.vocabulary import CommandType
from huiying.core.config import Desk, Unit
from huiying.core.errors import Refused
from huiying.core.model import Draft, Role
from huiying.core.places import covers, significant

__all__ = ["Actor", "Command", "Offer", "decide", "offers", "suggest_unit"]


def decide(
    state: AlertState | None,
    command: Command,
    actor: Actor,
    now: datetime,
    desk: Desk,
    *,
    under: Desk | None = None,
    other: AlertState | None = None,
) -> list[Draft]:
    """Return the drafts that `command` records, to be appended together, or raise Refused.

    `desk` is the newest configuration, `under` the one that the alert was opened under (where it differs): terms and
    calendar come from it. `other` is the alert that the payload's or the proposal's `of` names.
    """
    if state is None:
        raise Refused("alert_unknown", alert=command.alert)
    refused = refusal(command.type, Case(state, actor, command.on_behalf_of, now, desk))
    if refused:
        raise refused
    if command.claimed_at and command.claimed_at > now:
        raise Refused("claimed_in_future")
    return drafts(Filled(state, command, actor, now, desk, under or desk, other))


def offers(state: AlertState, actor: Actor, now: datetime, desk: Desk) -> tuple[Offer, ...]:
    """Return each command that the actor's role may press, with the refusal of those that are not possible now.

    Duty staff are offered the commands of the assigned unit too, to be recorded on its behalf.
    """
    mine = [type for type in CommandType if actor.role in ROLES[type]]
    return tuple(Offer(type, refusal(type, _case(type, state, actor, now, desk))) for type in mine)


def _case(type: CommandType, state: AlertState, actor: Actor, now: datetime, desk: Desk) -> Case:
    for_unit = actor.role is Role.DUTY and Role.UNIT in ROLES[type] and Role.SUPERVISOR not in ROLES[type]
    return Case(state, actor, state.unit if for_unit else None, now, desk)


def suggest_unit(state: AlertState, desk: Desk) -> str | None:
    """Return the unit that has a topic of the alert and covers its place most narrowly, None where none does.

    A unit without places covers the whole area; among equals the first in the file is taken.
    """
    fitting = [unit for unit in desk.units if set(unit.topics) & set(state.topics) and _reach(unit, state.place) >= 0]
    return max(fitting, key=lambda unit: _reach(unit, state.place)).id if fitting else None


def _reach(unit: Unit, place: str) -> int:
    """Return how many digits of the unit's narrowest place cover `place`: 0 without places, -1 where none does."""
    if not unit.places:
        return 0
    return max((len(significant(area)) for area in unit.places if covers(area, place)), default=-1)
