"""Whether a command that comes again under a known key is the very one that was recorded: what was typed is compared.

Deadlines and whatever else is computed at recording are not: they would differ at each try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alerts.commands import Actor, Command
from alerts.events import EventType
from alerts.vocabulary import CommandType
from huiying.core import addresses
from huiying.core.model import Event, Json, Role

_VERIFIED = ("finding", "evidence", "text")
_RESOLVED = ("end_state", "done", "why", "evidence")
# of each command: the types of events that it records, and the names that are typed and kept
RECORDED: Mapping[CommandType, tuple[tuple[EventType, ...], tuple[str, ...]]] = {
    CommandType.ACKNOWLEDGE: ((EventType.ACKNOWLEDGED,), ()),
    CommandType.ASSIGN: ((EventType.ASSIGNED,), ("unit",)),
    CommandType.RETURN: ((EventType.RETURNED,), ("reason",)),
    CommandType.VERIFY: ((EventType.VERIFIED,), _VERIFIED),
    CommandType.REPLY: ((EventType.REPLIED,), ("address",)),
    CommandType.VERIFY_AND_REPLY: ((EventType.VERIFIED, EventType.REPLIED), (*_VERIFIED, "address")),
    CommandType.REPLY_ELSEWHERE: ((EventType.REPLIED_ELSEWHERE,), ("where",)),
    CommandType.HOLD_BRIEFING: ((EventType.BRIEFING_HELD,), ("evidence",)),
    CommandType.CORRECT: ((EventType.CORRECTED,), ("statement", "address")),
    CommandType.RESOLVE: ((EventType.RESOLVED,), _RESOLVED),
    CommandType.PUBLISH_OUTCOME: ((EventType.OUTCOME_PUBLISHED,), ("address",)),
    CommandType.RESOLVE_AND_PUBLISH: ((EventType.RESOLVED, EventType.OUTCOME_PUBLISHED), (*_RESOLVED, "address")),
    CommandType.EXTEND: ((EventType.EXTENDED,), ("working_days", "reason")),
    CommandType.CONFIRM: ((EventType.CONFIRMED,), ()),
    CommandType.REOPEN: ((EventType.REOPENED,), ("reason",)),
    CommandType.PROPOSE_DISMISSAL: ((EventType.DISMISSAL_PROPOSED,), ("ground", "why")),
    CommandType.DISMISS: ((EventType.DISMISSED,), ()),
    CommandType.CHANGE_LEVEL: ((EventType.LEVEL_CHANGED,), ("level", "reason")),
    CommandType.NOTE: ((EventType.NOTED,), ("text",)),
    CommandType.AMEND: ((EventType.AMENDED,), ("field", "value", "why")),
    CommandType.JUDGE_RECURRENCE: ((EventType.RECURRENCE_JUDGED,), ("same", "why")),
    CommandType.MUTE: ((EventType.MUTED,), ("hours", "reason")),
    CommandType.UNMUTE: ((EventType.UNMUTED,), ()),
    CommandType.REPORT_UP: ((EventType.REPORTED_UP,), ("to", "text")),
}
# what is typed under one name and kept under another
_RENAMED: Mapping[CommandType, tuple[tuple[str, str], ...]] = {
    CommandType.AMEND: (("event", "of"),),
    CommandType.JUDGE_RECURRENCE: (("of", "other"),),
}


def same(before: Sequence[Event], actor: Actor, command: Command) -> bool:
    """Say whether `actor` recorded `before` by this very command: its type, alert, claims and every typed fact."""
    types, names = RECORDED[command.type]
    mine = [event for event in before if event.role is not Role.SYSTEM]
    if [(event.type, event.alert, event.actor) for event in mine] != [
        (type, command.alert, actor.pseudonym) for type in types
    ]:
        return False
    kept = {name: value for event in mine for name, value in event.payload.items()}
    for typed, name in _RENAMED.get(command.type, ()):
        if _plain(kept.get(name)) != _plain(command.payload.get(typed)):
            return False
    if command.payload.get("ground") == "duplicate":
        names = (*names, "of")
    claims = (mine[0].claimed_at, kept.get("on_behalf_of")) == (command.claimed_at, command.on_behalf_of)
    return claims and all(_plain(kept.get(name)) == _plain(command.payload.get(name)) for name in names)


def _plain(written: Json) -> Json:
    """Return the form in which what was typed and what was kept of it are alike."""
    if isinstance(written, str):
        return addresses.canonical(written) or None  # of a text that is no address: without blanks at its ends
    if isinstance(written, list | tuple):
        return [_plain(piece) for piece in written]
    if isinstance(written, Mapping):
        return {name: _plain(written.get(name)) for name in ("kind", "value")}
    return written
