"""Looks at pages and posts again: asks crawl, reads what came, and yields `rechecked` and `post_gone`.

looks due ─► CAPTURES_WANTED (day d) ─► (crawl) ─► store.captured ─► decide ─► rechecked │ post_gone │ nothing
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from alerts.alert import AlertState
from alerts.capturing import Capturing, wait_after
from alerts.events import EventType
from alerts.following import Entry
from alerts.looks import BELIEVED_AFTER, Answer, Finding, Look, Seen, decide, looks
from alerts.view import AlertView
from huiying.core import addresses, codec
from huiying.core.model import CaptureWanted, Draft, Json, Role, Topic
from huiying.core.ports import Log
from huiying.core.states import Captured, Store

MOST = 100  # requests of one tick, so that a long list does not hold up the evidence
_GONE = re.compile(r"http_4(?:04|10)")
_AGAIN = timedelta(minutes=1)  # how often the store is asked for an answer
_Key = tuple[int, int]


class Looking:
    """What is settled or asked is kept in memory only to ask the store less: a restart finds out anew."""

    def __init__(self, desk: str, log: Log, store: Store, view: AlertView, capturing: Capturing) -> None:
        self._desk = desk
        self._log = log
        self._store = store
        self._view = view
        self._capturing = capturing
        self._settled: set[_Key] = set()
        self._next: dict[_Key, datetime] = {}
        self._asked: dict[_Key, int] = {}

    def entries(self, now: datetime) -> Iterator[Entry]:
        """Yield what is to be recorded now, and ask for what is to be looked at, the oldest first."""
        due = [(look, state) for state in self._view.alerts() for look in looks(state, now) if self._turn(look, now)]
        wanted: list[tuple[str, bytes]] = []
        for look, state in sorted(due, key=lambda pair: pair[0].due):
            if len(wanted) >= MOST:
                break
            yield from self._look(look, state, now, wanted)
        if wanted:
            self._log.append(Topic.CAPTURES_WANTED, wanted)

    def _turn(self, look: Look, now: datetime) -> bool:
        key = (look.event, look.day)
        return key not in self._settled and self._next.get(key, now) <= now

    def _look(self, look: Look, state: AlertState, now: datetime, wanted: list[tuple[str, bytes]]) -> Iterator[Entry]:
        key = (look.event, look.day)
        self._next[key] = now + _AGAIN
        results = [held for held in self._store.captured.of(*key) if held.address == look.address]
        seen = [self._seen(result, look, state, now) for result in results]
        finding = decide(look, seen, now)
        if finding is None:
            if not results or now >= results[-1].at + _wait(seen):
                self._ask(look, results, wanted)
            return
        self._settled.add(key)
        if look.post is None:
            yield self._rechecked(look, finding, results, seen)
        elif finding.there is False:
            yield self._gone(look, seen[finding.seen], results[finding.seen])

    def _ask(self, look: Look, results: list[Captured], wanted: list[tuple[str, bytes]]) -> None:
        attempt = results[-1].attempt + 1 if results else 1
        key = (look.event, look.day)
        if self._asked.get(key, 0) < attempt:
            self._asked[key] = attempt
            record = CaptureWanted(self._desk, look.event, look.alert, look.address, attempt, look.day)
            wanted.append((addresses.host(look.address), codec.encode(record)))

    def _seen(self, result: Captured, look: Look, state: AlertState, now: datetime) -> Seen:
        if result.failure:
            answer = Answer.GONE if _GONE.fullmatch(result.failure) else Answer.SILENT
            return Seen(answer, result.at, result.failure)
        response = self._capturing.held(str(result.reference))
        if response is None:
            return Seen(Answer.SILENT, result.at, "capture_missing")
        if look.post is None:
            found = self._capturing.named(state, response, now)
            if not (found.topic and found.place):
                return Seen(Answer.GONE, result.at, "not_named")
        elif _opened_by(look, state) and self._capturing.softened(state, response, now):
            return Seen(Answer.GONE, result.at, "not_named")
        return Seen(Answer.THERE, result.at)

    def _rechecked(self, look: Look, finding: Finding, results: list[Captured], seen: list[Seen]) -> Entry:
        result = results[finding.seen]
        payload: dict[str, Json] = {
            "of": look.event,
            "address": look.address,
            "day": look.day,
            "checked": codec.instant_text(result.at),
            "there": bool(finding.there),
            "reason": "" if finding.there else seen[finding.seen].reason,
            "capture": result.reference,
            "sha256": self._pinned(result),
        }
        draft = Draft(EventType.RECHECKED, look.alert, "system", Role.SYSTEM, payload=payload)
        return Entry(f"rechecked:{look.event}:{look.day}", draft)

    def _gone(self, look: Look, seen: Seen, result: Captured) -> Entry:
        payload: dict[str, Json] = {
            "post": look.post,
            "address": look.address,
            "day": look.day,
            "checked": codec.instant_text(seen.at),
            "reason": seen.reason,
            "capture": result.reference,
            "sha256": self._pinned(result),
        }
        draft = Draft(EventType.POST_GONE, look.alert, "system", Role.SYSTEM, payload=payload)
        return Entry(f"gone:{look.alert}:{look.post}", draft)

    def _pinned(self, result: Captured) -> str | None:
        """Keep what was answered for good; return the SHA-256 of its bytes, None where it is not held."""
        response = self._capturing.held(result.reference) if result.reference else None
        if result.reference is None or response is None:
            return None
        self._capturing.pin(result.reference)
        return hashlib.sha256(response.body).hexdigest()


def _opened_by(look: Look, state: AlertState) -> bool:
    """Say whether the post is the one that a rule opened the alert on: it alone surely named topic and place."""
    return not state.by_hand and look.post == state.posts[0].id


def _wait(seen: list[Seen]) -> timedelta:
    """Return how long to wait for the next attempt: an hour after "gone", growing waits after silence."""
    return BELIEVED_AFTER if seen[-1].answer is Answer.GONE else wait_after(len(seen))
