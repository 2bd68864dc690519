"""Commands into the ledger: known key? ─► catch up ─► decide ─► append, expecting the number that was decided on.

A person's command is in conflict only with what a person recorded meanwhile; the system's own entries are decided upon
anew. An append that loses the race is decided anew too, a few times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from alerts.alert import AlertState
from alerts.attachments import kind_of
from alerts.citing import cited
from alerts.commands import Actor, Command
from alerts.events import EventType
from alerts.filling import number, readable, words
from alerts.lifecycle import decide
from alerts.opening import alert_id, by_hand
from alerts.repeating import same
from alerts.rules import covered
from alerts.searches import Search, removing, saving
from alerts.view import AlertView
from alerts.vocabulary import CommandType, Ground
from huiying.core.config import Desk
from huiying.core.errors import BackendError, Conflict, KeyReused, Refused
from huiying.core.model import Draft, Event, Json, Level, PlaceTag, Post, Role
from huiying.core.places import covers, level_of
from huiying.core.ports import Captures, Clock, Ledger

_TRIES = 5
Typed = tuple[str, int, list[str], str]  # why, level, topics and place of an opening by hand


class Office:
    """Carries out commands on the alerts of one ledger. Every method may be called from any thread.

    Keys are each person's own: nobody can take the key of another person or of the system. `captures` are
    where evidence lies: what is given as evidence must be held, and is pinned; None takes every reference.
    """

    def __init__(self, ledger: Ledger, view: AlertView, clock: Clock, captures: Captures | None = None) -> None:
        self._ledger = ledger
        self._view = view
        self._clock = clock
        self._captures = captures

    def execute(
        self, actor: Actor, command: Command, *, expected: int | None = None, key: str | None = None
    ) -> list[Event]:
        """Decide and record `command`; return its events.

        `expected` is the number of the alert's last event that the actor saw: a later one by a person is a Conflict.
        The same `key` again returns the first events, with another command it is KeyReused. Raises Refused.
        """
        key = _own(actor, key)
        readable(command.payload)
        if key and (before := self._ledger.by_key(key)):
            return _checked(before, actor, command, key)
        for _ in range(_TRIES):
            self._view.catch_up()
            state = self._view.alert(command.alert)
            _unseen(state, expected)
            drafts = self._decided(state, command, actor)
            try:
                recorded = self._ledger.append(drafts, key=key, expected=self._read(state, command))
                return _checked(recorded, actor, command, key) if key else recorded
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
        key = _own(actor, key)
        known = self._view.desk()
        if known is None:
            raise Refused("no_configuration")
        if key and (before := self._ledger.by_key(key)):
            tags = covered((known[1].area.code,), post)
            typed = (why.strip(), level, list(_topics(topics, post, known[1])), _place(place, tags, known[1]))
            return _same_opening(before, actor, id, typed, key)
        if actor.role is not Role.DUTY:
            raise Refused("needs_duty" if actor.role is not Role.ADMINISTRATOR else "administrator_writes_nothing")
        if self._view.alert(id):
            raise Refused("already_opened", alert=id)
        payload = self._by_hand(
            cited(post, self._captures) if self._captures else post, why, level, topics, place, *known
        )
        draft = Draft(EventType.OPENED, id, actor.pseudonym, actor.role, actor.unit, payload=payload)
        try:
            return self._ledger.append([draft], key=key, expected={id: 0})
        except Conflict as opened:
            raise Refused("already_opened", alert=id) from opened

    def hand_over(self, actor: Actor, shift: str, notes: str, *, key: str | None = None) -> Event:
        """Record the hand-over of a shift with what is open now; duty staff only. The same `key` again is one."""
        if actor.role is not Role.DUTY:
            raise Refused("needs_duty" if actor.role is not Role.ADMINISTRATOR else "administrator_writes_nothing")
        key = _own(actor, key)
        typed = {"shift": words({"shift": shift}, "shift"), "notes": words({"notes": notes}, "notes")}
        self._view.catch_up()
        payload = {**typed, "open": [state.id for state in self._view.alerts() if not state.closed]}
        draft = Draft(EventType.HANDED_OVER, None, actor.pseudonym, actor.role, actor.unit, payload=payload)
        event = self._ledger.append([draft], key=key)[0]
        if any(event.payload[name] != value for name, value in typed.items()):
            raise KeyReused("key_reused", key=str(key))
        return event

    def save_search(self, actor: Actor, name: str, query: str, *, key: str | None = None) -> Event:
        """Save a search for the whole desk under a name; duty staff and supervisors. The same `key` again is one."""
        typed = {"name": name.strip(), "query": query.strip()}
        return self._searched(actor, EventType.SEARCH_SAVED, key, typed, lambda known: saving(name, query, known))

    def remove_search(self, actor: Actor, of: int, *, key: str | None = None) -> Event:
        """Remove the search that event `of` saved; duty staff and supervisors."""
        return self._searched(actor, EventType.SEARCH_REMOVED, key, {"of": of}, lambda known: removing(of, known))

    def _searched(
        self,
        actor: Actor,
        type: EventType,
        key: str | None,
        typed: Mapping[str, Json],
        said: Callable[[list[Search]], dict[str, Json]],
    ) -> Event:
        if actor.role not in (Role.DUTY, Role.SUPERVISOR):
            refusal = "needs_duty_or_supervisor"
            raise Refused(refusal if actor.role is not Role.ADMINISTRATOR else "administrator_writes_nothing")
        key = _own(actor, key)
        if key and (before := self._ledger.by_key(key)):
            if before[0].type != type or not typed.items() <= before[0].payload.items():
                raise KeyReused("key_reused", key=key)
            return before[0]
        self._view.catch_up()
        payload = said(self._view.searches())
        draft = Draft(type, None, actor.pseudonym, actor.role, actor.unit, payload=payload)
        return self._ledger.append([draft], key=key)[0]

    def _decided(self, state: AlertState | None, command: Command, actor: Actor) -> list[Draft]:
        known = self._view.desk()
        if known is None:
            raise Refused("no_configuration")
        under = self._view.desk_at(state.configuration) if state else None
        proposed = state.proposal.of if state and state.proposal and command.type is CommandType.DISMISS else None
        named = proposed or command.payload.get("of")
        other = self._view.alert(named) if isinstance(named, str) else None
        drafts = decide(state, command, actor, self._clock.now(), known[1], under=under, other=other)
        for draft in drafts:
            self._hold_evidence(draft)
        return drafts

    def _hold_evidence(self, draft: Draft) -> None:
        """Pin the captures and files that `draft` gives as evidence; raise Refused for one that is not held."""
        for piece in draft.payload.get("evidence", []) if self._captures else []:
            if piece["kind"] in ("capture", "file"):
                self._pin(piece)

    def _pin(self, piece: dict[str, Json]) -> None:
        assert self._captures is not None
        try:
            body = self._captures.get(piece["value"]).body
            if piece["kind"] == "file":
                if (hashlib.sha256(body).hexdigest(), len(body)) != (piece["sha256"], piece["size"]):
                    raise Refused("file_unknown", name=piece["name"])
                kind_of(piece["name"], body)
            self._captures.pin(piece["value"])
        except BackendError as missing:
            if missing.code != "capture_missing":
                raise
            raise Refused("capture_unknown", capture=piece["value"]) from missing

    def _read(self, state: AlertState | None, command: Command) -> dict[str, int]:
        """Return the numbers that were decided on: the alert's, and the heir's where a duplicate passes to it."""
        if state is None:
            return {}
        proposal = state.proposal if command.type is CommandType.DISMISS else None
        heir = self._view.alert(str(proposal.of)) if proposal and proposal.ground is Ground.DUPLICATE else None
        return {state.id: state.seq} | ({heir.id: heir.seq} if heir else {})

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


def opened_capture(ledger: Ledger, actor: Actor, alert: str | None, capture: str) -> None:
    """Record that `actor` opens a capture: once for each person, alert that cites it, and capture.

    To be called before anything of it is shown. An administrator writes nothing, and so opens none: Refused.
    """
    if actor.role is Role.ADMINISTRATOR:
        raise Refused("administrator_opens_none")
    payload = {"capture": capture}
    draft = Draft(EventType.CAPTURE_OPENED, alert, actor.pseudonym, actor.role, actor.unit, payload=payload)
    ledger.append([draft], key=f"{actor.pseudonym}:capture:{alert or '-'}:{capture}")


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


def _own(actor: Actor, key: str | None) -> str | None:
    readable(key)
    return f"{actor.pseudonym}:{key}" if key else None


def _checked(before: list[Event], actor: Actor, command: Command, key: str) -> list[Event]:
    """Return `before` if this very command recorded it; KeyReused otherwise."""
    if not same(before, actor, command):
        raise KeyReused("key_reused", key=key)
    return before


def _same_opening(before: list[Event], actor: Actor, id: str, typed: Typed, key: str) -> list[Event]:
    """Return `before` if it opened alert `id` with the same why, level, topics and place; KeyReused otherwise."""
    first = before[0]
    kept = tuple(first.payload.get(name) for name in ("why", "level", "topics", "place"))
    if (first.alert, first.actor, first.type, kept) != (id, actor.pseudonym, EventType.OPENED, typed):
        raise KeyReused("key_reused", key=key)
    return before
