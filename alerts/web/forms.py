"""From the lifecycle's offers to forms, and from a posted form to a command.

offers ─► Form (what may be pressed; what is missing is said) ─► posted fields ─► Command
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.alert import AlertState
from alerts.commands import Command, Offer
from alerts.vocabulary import CommandType
from alerts.web.uploads import pieces
from alerts.wording import Wording
from huiying.core.errors import Refused
from huiying.core.model import Json, Role

# In the order of the page. Two steps that belong together are one form; the single ones stand below it.
ORDER = (
    CommandType.ACKNOWLEDGE,
    CommandType.ASSIGN,
    CommandType.VERIFY_AND_REPLY,
    CommandType.RESOLVE_AND_PUBLISH,
    CommandType.CONFIRM,
    CommandType.DISMISS,
    CommandType.RETURN,
    CommandType.VERIFY,
    CommandType.REPLY,
    CommandType.REPLY_ELSEWHERE,
    CommandType.HOLD_BRIEFING,
    CommandType.CORRECT,
    CommandType.RESOLVE,
    CommandType.PUBLISH_OUTCOME,
    CommandType.EXTEND,
    CommandType.CHANGE_LEVEL,
    CommandType.PROPOSE_DISMISSAL,
    CommandType.REOPEN,
    CommandType.JUDGE_RECURRENCE,
    CommandType.REPORT_UP,
    CommandType.MUTE,
    CommandType.UNMUTE,
    CommandType.AMEND,
    CommandType.NOTE,
)
# The way of an ordinary alert: the first of these that is possible stands open.
MAIN = (
    CommandType.ACKNOWLEDGE,
    CommandType.ASSIGN,
    CommandType.VERIFY_AND_REPLY,
    CommandType.RESOLVE_AND_PUBLISH,
    CommandType.PUBLISH_OUTCOME,
    CommandType.CONFIRM,
    CommandType.DISMISS,
)
_FIELDS: dict[CommandType, tuple[str, ...]] = {
    CommandType.ASSIGN: ("unit",),
    CommandType.RETURN: ("reason",),
    CommandType.VERIFY: ("finding", "text"),
    CommandType.REPLY: ("address",),
    CommandType.VERIFY_AND_REPLY: ("finding", "text", "address"),
    CommandType.REPLY_ELSEWHERE: ("where",),
    CommandType.CORRECT: ("statement", "address"),
    CommandType.RESOLVE: ("end_state", "done", "why"),
    CommandType.PUBLISH_OUTCOME: ("address",),
    CommandType.RESOLVE_AND_PUBLISH: ("end_state", "done", "why", "address"),
    CommandType.EXTEND: ("working_days", "reason"),
    CommandType.REOPEN: ("reason",),
    CommandType.PROPOSE_DISMISSAL: ("ground", "why", "of"),
    CommandType.CHANGE_LEVEL: ("level", "reason"),
    CommandType.NOTE: ("text",),
    CommandType.AMEND: ("event", "field", "value", "why"),
    CommandType.JUDGE_RECURRENCE: ("of", "same", "why"),
    CommandType.MUTE: ("hours", "reason"),
    CommandType.REPORT_UP: ("to", "text"),
}
_NUMBERS = ("working_days", "level", "hours", "event")
_MAY_BE_EMPTY = ("why", "text", "of")
WITH_EVIDENCE = frozenset(
    {
        CommandType.VERIFY,
        CommandType.VERIFY_AND_REPLY,
        CommandType.HOLD_BRIEFING,
        CommandType.RESOLVE,
        CommandType.RESOLVE_AND_PUBLISH,
    }
)
# What the duty desk may record for a unit that told it by telephone.
FOR_A_UNIT = WITH_EVIDENCE | {
    CommandType.RETURN,
    CommandType.REPLY,
    CommandType.REPLY_ELSEWHERE,
    CommandType.CORRECT,
    CommandType.PUBLISH_OUTCOME,
}


# Refusals that leave nothing to do: the step is behind us, or belongs to another history.
_MOOT = frozenset(
    {
        *("not_closed", "briefing_not_asked", "propose_first", "extended_before"),
        *("nothing_suspected", "nothing_to_amend", "not_muted"),
    }
)


@dataclass(frozen=True, slots=True)
class Form:
    """One command that this person's role may press; `missing` says what is missing first, empty where nothing is.

    `main` forms are the ordinary way of an alert, the others stand below them.
    """

    type: CommandType
    missing: str
    open: bool
    main: bool


def forms(offered: tuple[Offer, ...], state: AlertState, role: Role, wording: Wording, typed: str = "") -> list[Form]:
    """Return the forms in the page's order; open is the one being typed in, else the next of the ordinary way."""
    refused = {offer.type: offer.refused for offer in offered if not (offer.refused and _moot(offer.refused.code))}
    way = _way(state, role)
    opened = typed or next((type for type in way if type in refused and refused[type] is None), None)
    made = []
    for type in ORDER:
        if type in refused:
            why = refused[type]
            made.append(Form(type, why.sentence(wording.language) if why else "", type == opened, type in way))
    return made


def _moot(code: str) -> bool:
    return code in _MOOT or code.startswith(("closed_", "already_"))


def _way(state: AlertState, role: Role) -> list[CommandType]:
    """Return the steps that this role still has before it; the duty desk records for units by telephone only."""
    passed = set(FOR_A_UNIT) if role is Role.DUTY else set()
    if state.replies:
        passed.add(CommandType.VERIFY_AND_REPLY)
    if state.outcomes or not state.resolution:
        passed.add(CommandType.PUBLISH_OUTCOME)
    return [type for type in MAIN if type not in passed]


def command_type(written: str) -> CommandType:
    """Read a command's name; another is Refused("command_unknown")."""
    try:
        return CommandType(written)
    except ValueError as cause:
        raise Refused("command_unknown", command=written[:40]) from cause


def expected_of(fields: dict[str, str]) -> int:
    """Return the number of the alert's last event that the form had seen. One that cannot be read is Refused."""
    return _number("expected", fields.get("expected", ""))


def command_of(alert: str, fields: dict[str, str], zone: ZoneInfo) -> Command:
    """Return the command that a posted form means. A number or an instant that cannot be read is Refused."""
    type = command_type(fields.get("type", ""))
    if type is CommandType.AMEND:
        event, _, field = fields.get("what", "").partition(":")
        fields = {**fields, "event": event, "field": field}
    payload: dict[str, Json] = {}
    for name in _FIELDS.get(type, ()):
        written = _chosen(fields, name)
        if written or name not in _MAY_BE_EMPTY:
            payload[name] = _number(name, written) if name in _NUMBERS else written
    if type is CommandType.JUDGE_RECURRENCE:
        payload["same"] = {"yes": True, "no": False}.get(fields.get("same", ""))
    if type in WITH_EVIDENCE:
        payload["evidence"] = _evidence(fields, str(payload.get("address", "")))
    return Command(type, alert, payload, _claimed(fields, zone), fields.get("on_behalf_of") or None)


def _chosen(fields: dict[str, str], name: str) -> str:
    """Return the field, or for an address what was typed instead of choosing."""
    written = fields.get(name, "")
    return fields.get(f"{name}_typed", "") if written in ("", "typed") else written


def _number(name: str, written: str) -> int:
    try:
        return int(written)
    except ValueError as cause:
        raise Refused("fields_wrong", fields=name) from cause


def _evidence(fields: dict[str, str], address: str) -> list[Json]:
    """Return each line of the evidence field, the page itself where it was ticked, and the files that are kept."""
    written = [line.strip() for line in fields.get("evidence", "").splitlines() if line.strip()]
    if fields.get("page_is_evidence") and address:
        written.append(address)
    return [*({"kind": "address", "value": value} for value in dict.fromkeys(written)), *pieces(fields.get("kept", ""))]


def _claimed(fields: dict[str, str], zone: ZoneInfo) -> datetime | None:
    written = fields.get("claimed_at", "")
    if not written:
        return None
    try:
        return datetime.fromisoformat(written).replace(tzinfo=zone)
    except ValueError as cause:
        raise Refused("fields_wrong", fields="claimed_at") from cause
