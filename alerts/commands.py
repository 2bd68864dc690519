"""What a person asks of an alert, and who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alerts.vocabulary import CommandType
from huiying.core.errors import Refused
from huiying.core.model import Json, Role


@dataclass(frozen=True, slots=True)
class Actor:
    """An account as the ledger knows it: pseudonym, role, and the unit of a unit's account."""

    pseudonym: str
    role: Role
    unit: str | None = None


SYSTEM = Actor("system", Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Command:
    """One submission. `alert` is an alert's id; `claimed_at` is what the actor says, and improves nothing.

    type                  payload (a key in brackets may be left out)
    acknowledge           -
    assign                unit
    return                reason
    verify                finding, evidence: [{kind: "address" | "capture", value}], [text]
    reply                 address
    verify_and_reply      finding, evidence, [text], address
    reply_elsewhere       where
    hold_briefing         evidence
    correct               statement, address
    resolve               end_state, done, evidence, why (where not solved or untrue)
    publish_outcome       address
    resolve_and_publish   end_state, done, evidence, why (where not solved or untrue), address
    extend                working_days, reason, [step: "resolve", the only one]
    confirm               -
    reopen                reason
    propose_dismissal     ground, why, of (the earlier alert, where the ground is "duplicate")
    dismiss               -
    change_level          level, reason
    note                  text
    amend                 event (a number of this alert), field, value, why
    judge_recurrence      of (the new alert), same: true | false, why
    mute                  hours (1 to 24), reason
    unmute                [reason]
    report_up             to, text
    """

    type: CommandType
    alert: str
    payload: Mapping[str, Json] = field(default_factory=dict)
    claimed_at: datetime | None = None
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that the actor's role may press: `refused` is None, or says what is missing first."""

    type: CommandType
    refused: Refused | None = None
