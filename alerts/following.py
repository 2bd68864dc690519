"""What a ready post does to the alerts: opens one a story, attaches, tells what changed, names further rules.

post ─► no alert of its story ─► a rule matches ─► opened (one), rule_matched (each other rule)
     └► alert of its story ────► post_attached │ post_changed │ nothing new ─► rule_matched (each new rule, and a
                                 known one that a count raises above the alert's level)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.alert import AlertState
from alerts.deadlines import raised
from alerts.events import EventType
from alerts.facts import PostRef
from alerts.opening import alert_id, by_rule, post_ref, raising
from alerts.rules import Match, matches, rule_version
from alerts.vocabulary import deadlines_json
from huiying.core.config import Desk
from huiying.core.model import Draft, Json, Post, Role


@dataclass(frozen=True, slots=True)
class Entry:
    """A draft of the system with the key that keeps it from being recorded twice."""

    key: str
    draft: Draft


def entries(
    state: AlertState | None, post: Post, desk: Desk, number: int, now: datetime, under: Desk | None = None
) -> list[Entry]:
    """Return what `post` records; `state` is the alert of its story, `number` the configuration's.

    `under` is the configuration that the alert was opened under (where it differs): terms and calendar come from it.
    """
    if post.official:
        return []
    outlet = desk.outlet(post.outlet)
    found = [matches(rule, post, outlet, desk) for rule in desk.rules]
    matched = [match for match in found if isinstance(match, Match)]
    if state is not None:
        further = [match for match in matched if match.rule.id not in state.rules or _higher(match, state)]
        return [*_of_story(state, post), *(_further(state, post, match, under or desk, now) for match in further)]
    if not matched:
        return []
    return _opening(post, matched, desk, number, now)


def _opening(post: Post, matched: Sequence[Match], desk: Desk, number: int, now: datetime) -> list[Entry]:
    """Open with the match of the highest level, the first in the file among equals."""
    opening = max(matched, key=lambda match: match.level)
    opened = Entry(f"opened:{post.story}", by_rule(post, opening, desk, number, now))
    id = alert_id(post.desk, post.story)
    return [opened, *(_named(id, post, match) for match in matched if match is not opening)]


def _of_story(state: AlertState, post: Post) -> list[Entry]:
    reference = post_ref(post)
    held = next((known for known in state.posts if known.id == post.id), None)
    if held is None:
        return [_entry(f"attached:{state.id}:{post.id}", EventType.POST_ATTACHED, state.id, post=reference.to_json())]
    differs = _differs(held, reference)
    if post.version <= held.version or not differs:
        return []
    key = f"changed:{state.id}:{post.id}:{post.version}"
    return [_entry(key, EventType.POST_CHANGED, state.id, post=reference.to_json(), differs=differs)]


def _differs(held: PostRef, now: PostRef) -> list[str]:
    pairs = (("title", held.title, now.title), ("text", held.text_sha256, now.text_sha256))
    return [name for name, before, after in pairs if before != after]


def _higher(match: Match, state: AlertState) -> bool:
    """Say whether a count of a later post raises a known rule's match above the alert's level."""
    return match.raised is not None and match.level > state.level and not state.closed


def _further(state: AlertState, post: Post, match: Match, under: Desk, now: datetime) -> Entry:
    """Name a further rule; one of a higher level makes earlier what is not yet done, as a raised level does."""
    level = match.level
    if state.closed or level <= state.level:
        return _named(state.id, post, match)
    waiting = {step: deadline for step, deadline in state.deadlines.items() if not state.done(step)}
    earlier = raised(waiting, level, now, under.policy, under.calendar)
    open_steps = {step: deadline for step, deadline in earlier.items() if not state.done(step)}
    return _named(state.id, post, match, level=int(level), deadlines=deadlines_json(open_steps))


def _named(alert: str, post: Post, match: Match, **tightened: Json) -> Entry:
    raised_to = f":{int(match.level)}" if match.raised and "level" in tightened else ""
    return _entry(
        f"matched:{alert}:{match.rule.id}{raised_to}",
        EventType.RULE_MATCHED,
        alert,
        rule=match.rule.id,
        rule_version=rule_version(match.rule),
        post=post.id,
        topic=match.topics[0],
        place=match.place.code,
        why=match.reason,
        **raising(match),
        **tightened,
    )


def _entry(key: str, type: EventType, alert: str, **payload: Json) -> Entry:
    return Entry(key, Draft(type, alert, "system", Role.SYSTEM, payload=payload))
