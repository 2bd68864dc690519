"""Commands into the ledger: known key? ─► catch up ─► decide ─► append, expecting the number that was decided on.

A person's command is in conflict only with what a person recorded meanwhile; the system's own entries are decided upon
anew. An append that loses the race is decided anew too, a few times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alerts.alert import AlertState
from alerts.commands import Actor, Command
from alerts.events import EventType
from alerts.filling import number, words
from alerts.lifecycle import decide
from alerts.opening import alert_id, by_hand
from alerts.rules import covered
from alerts.view import AlertView
from alerts.vocabulary import CommandType
from huiying.core.config import Desk
from huiying.core.errors import Conflict, KeyReused, Refused
from huiying.core.model import Draft, Event, Json, Level, PlaceTag, Post, Role
from huiying.core.places import covers, level_of
from huiying.core.ports import Clock, Ledger

_TRIES = 5
_FIRST: Mapping[CommandType, EventType] = {
    CommandType.ACKNOWLEDGE: EventType.ACKNOWLEDGED,
    CommandType.ASSIGN: EventType.ASSIGNED,
    CommandType.RETURN: EventType.RETURNED,
    CommandType.VERIFY: EventType.VERIFIED,
    CommandType.REPLY: EventType.REPLIED,
    CommandType.VERIFY_AND_REPLY: EventType.VERIFIED,
    CommandType.REPLY_ELSEWHERE: EventType.REPLIED_ELSEWHERE,
    CommandType.HOLD_BRIEFING: EventType.BRIEFING_HELD,
    CommandType.CORRECT: EventType.CORRECTED,
    CommandType.RESOLVE: EventType.RESOLVED,
    CommandType.PUBLISH_OUTCOME: EventType.OUTCOME_PUBLISHED,
    CommandType.RESOLVE_AND_PUBLISH: EventType.RESOLVED,
    CommandType.EXTEND: EventType.EXTENDED,
    CommandType.CONFIRM: EventType.CONFIRMED,
    CommandType.REOPEN: EventType.REOPENED,
    CommandType.PROPOSE_DISMISSAL: EventType.DISMISSAL_PROPOSED,
    CommandType.DISMISS: EventType.DISMISSED,
    CommandType.CHANGE_LEVEL: EventType.LEVEL_CHANGED,
    CommandType.NOTE: EventType.NOTED,
}


class Office:
    """Carries out commands on the alerts of one ledger. Every method may be called from any thread."""

    def __init__(self, ledger: Ledger, view: AlertView, clock: Clock) -> None:
        self._ledger = ledger
        self._view = view
        self._clock = clock

    def execute(
        self, actor: Actor, command: Command, *, expected: int | None = None, key: str | None = None
    ) -> list[Event]:
        """Decide and record `command`; return its events.

        `expected` is the number of the alert's last event that the actor saw: a later one by a person is a Conflict.
        The same `key` again returns the first events, with another command it is KeyReused. Raises Refused.
        """
        if key and (before := self._ledger.by_key(key)):
            return _same(before, actor, command, key)
        for _ in range(_TRIES):
            self._view.catch_up()
            state = self._view.alert(command.alert)
            _unseen(state, expected)
            drafts = self._decided(state, command, actor)
            try:
                return self._ledger.append(drafts, key=key, expected=_read(state))
            except Conflict as conflict:
                lost = conflict
        raise lost

    def open_by_hand(
        self,
        actor: Actor,
        post: Post,
        *,
        why: str,
        level: int = 1,
        topics: Sequence[str] = (),
        place: str | None = None,
        key: str | None = None,
    ) -> list[Event]:
        """Open an alert on a post of a configured outlet; topics and place default to those of the post.

        A story has one alert at most: a second is Refused("already_opened").
        """
        self._view.catch_up()
        id = alert_id(post.desk, post.story)
        if key and (before := self._ledger.by_key(key)):
            return _same_opening(before, actor, id, key)
        known = self._view.desk()
        if known is None:
            raise Refused("no_configuration")
        if actor.role is not Role.DUTY:
            raise Refused("needs_duty" if actor.role is not Role.ADMINISTRATOR else "administrator_writes_nothing")
        if self._view.alert(id):
            raise Refused("already_opened", alert=id)
        payload = self._by_hand(post, why, level, topics, place, *known)
        draft = Draft(EventType.OPENED, id, actor.pseudonym, actor.role, actor.unit, payload=payload)
        try:
            return self._ledger.append([draft], key=key, expected={id: 0})
        except Conflict as opened:
            raise Refused("already_opened", alert=id) from opened

    def _decided(self, state: AlertState | None, command: Command, actor: Actor) -> list[Draft]:
        known = self._view.desk()
        if known is None:
            raise Refused("no_configuration")
        under = self._view.desk_at(state.configuration) if state else None
        proposed = state.proposal.of if state and state.proposal and command.type is CommandType.DISMISS else None
        named = proposed or command.payload.get("of")
        other = self._view.alert(named) if isinstance(named, str) else None
        return decide(state, command, actor, self._clock.now(), known[1], under=under, other=other)

    def _by_hand(
        self, post: Post, why: str, level: int, topics: Sequence[str], place: str | None, seq: int, desk: Desk
    ) -> dict[str, Json]:
        outlet = desk.outlet(post.outlet)
        if outlet is None or outlet.official:
            raise Refused("outlet_official" if outlet else "outlet_unknown")
        tags = covered((desk.area.code,), post)
        chosen = _place(place, tags, desk)
        return by_hand(
            post,
            why=words({"why": why}, "why"),
            level=Level(number({"level": level}, "level", 1, 4)),
            topics=_topics(topics, post, desk),
            place=chosen,
            places=tags if any(tag.code == chosen for tag in tags) else (*tags, _named(chosen, desk)),
            desk=desk,
            number=seq,
            now=self._clock.now(),
        )


def _topics(wanted: Sequence[str], post: Post, desk: Desk) -> tuple[str, ...]:
    known = {topic.id for topic in desk.topics}
    found = tuple(wanted) or tuple(hit.topic for hit in post.topics)
    if not found or not set(found) <= known:
        raise Refused("topic_missing")
    return found


def _place(wanted: str | None, tags: Sequence[PlaceTag], desk: Desk) -> str:
    """Return the place that the reply must name: the one wanted, inside the area, else the post's, else the area."""
    if wanted is None:
        return tags[0].code if tags else desk.area.code
    if not (len(wanted) == 12 and wanted.isdigit() and covers(desk.area.code, wanted)):
        raise Refused("place_outside", area=desk.area.name)
    return wanted


def _named(code: str, desk: Desk) -> PlaceTag:
    """Return a place that the post does not name, by the name that the configuration has for it."""
    names = {desk.area.code: desk.area.name, **{own.code: own.name for own in desk.area.places}}
    return PlaceTag(code, names.get(code, code), level_of(code), "outlet", 0, 0, 100, "by_hand")


def _unseen(state: AlertState | None, expected: int | None) -> None:
    """Raise Conflict where a person recorded something that the actor has not seen."""
    if state is not None and expected is not None and state.person_seq > expected:
        raise Conflict("conflict", alert=state.id, expected=expected, actual=state.seq)


def _read(state: AlertState | None) -> dict[str, int]:
    return {state.id: state.seq} if state else {}


def _same(before: list[Event], actor: Actor, command: Command, key: str) -> list[Event]:
    """Return `before` if this very command recorded it; KeyReused otherwise."""
    first = before[0]
    types = [event.type for event in before if event.role is not Role.SYSTEM]
    combined = command.type in (CommandType.VERIFY_AND_REPLY, CommandType.RESOLVE_AND_PUBLISH)
    same = (first.alert, first.actor, first.type, len(types)) == (
        command.alert,
        actor.pseudonym,
        _FIRST[command.type],
        2 if combined else 1,
    )
    if not same:
        raise KeyReused("key_reused", key=key)
    return before


def _same_opening(before: list[Event], actor: Actor, id: str, key: str) -> list[Event]:
    if (before[0].alert, before[0].actor, before[0].type) != (id, actor.pseudonym, EventType.OPENED):
        raise KeyReused("key_reused", key=key)
    return before
