"""Evidence of published pages: asks for captures, reads what came, and records what the page names.

replied │ outcome_published │ corrected ─► CAPTURES_WANTED ─► (crawl) ─► store.captured ─► captured │ capture_failed

A failed attempt is tried again with growing waits, until 72 h after the record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from alerts.alert import AlertState
from alerts.criteria import CAPTURE_WITHIN, proved
from alerts.events import EventType
from alerts.facts import Published
from alerts.filling import host_names
from alerts.following import Entry
from alerts.view import AlertView
from huiying.core import addresses, codec
from huiying.core.config import Desk
from huiying.core.errors import BackendError, Dead
from huiying.core.model import CaptureWanted, Draft, Event, Json, PlaceTag, Response, Role, Topic, TopicHit
from huiying.core.places import covers
from huiying.core.ports import Captures, Ledger, Log
from huiying.core.states import Captured, Store

_ASKED_BY = frozenset({EventType.REPLIED, EventType.OUTCOME_PUBLISHED, EventType.CORRECTED})
_CURSOR = "watch:captures"
_LONGEST_WAIT = timedelta(hours=1)
_OK = 200
# Answers that say the page is not there. Not 408, 425, 429: they ask to come again, and say nothing of the page.
_ABSENT = re.compile(r"http_4(?!08|25|29)\d\d")


class Page(Protocol):
    """What reading a page gives."""

    @property
    def title(self) -> str:
        """Return the headline, empty where there is none."""

    @property
    def text(self) -> str:
        """Return the article's text, empty where there is none."""


class Tags(Protocol):
    """What tagging a text gives."""

    @property
    def places(self) -> Sequence[PlaceTag]:
        """Return the places named, each with where it stands."""

    @property
    def topics(self) -> Sequence[TopicHit]:
        """Return the topics found, each with its words."""


class Tagger(Protocol):
    """Tags texts by one configuration."""

    def tag(self, title: str, text: str, home: str | None) -> Tags:
        """Return the tags of a title and a text; `home` is the area of the outlet."""


ReadPage = Callable[[bytes, str | None, str, datetime], Page]
TaggerOf = Callable[[Desk], Tagger]


@dataclass(frozen=True, slots=True)
class Named:
    """Which of the alert's topics and places a page names, with the words and where they stand."""

    topic: bool
    place: bool
    words: tuple[tuple[str, str, str, int, int], ...]


def named(state: AlertState, tags: Tags) -> Named:
    """Say what of the alert `tags` name: a place counts that is the alert's own or lies in it, by name in the page."""
    topics = [
        (hit.topic, word, field, start, end)
        for hit in tags.topics
        if hit.topic in state.topics
        for word, field, start, end in hit.words
    ]
    places = [
        (tag.code, tag.name, tag.field, tag.start, tag.end)
        for tag in tags.places
        if tag.field in ("title", "text") and covers(state.place, tag.code)
    ]
    return Named(bool(topics), bool(places), (*topics, *places))


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after `attempts` failures: a minute doubled each time, at most an hour."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 10)), _LONGEST_WAIT)


def reached(store: Store, ledger: Ledger, name: str) -> int:
    """Return how far the reader `name` has come; never beyond the head, where an older ledger was restored."""
    seq, head = store.cursors.get(name), ledger.head()
    if seq > head:
        store.cursors.set(name, head)
    return min(seq, head)


class Capturing:
    """Follows the ledger for pages to capture and the store for what became of them."""

    def __init__(
        self,
        ledger: Ledger,
        log: Log,
        store: Store,
        captures: Captures,
        view: AlertView,
        read_page: ReadPage,
        tagger_of: TaggerOf,
    ) -> None:
        self._ledger = ledger
        self._log = log
        self._store = store
        self._captures = captures
        self._view = view
        self._read_page = read_page
        self._tagger_of = tagger_of
        self._taggers: dict[int, Tagger] = {}
        self._asked: dict[int, int] = {}

    def ask(self) -> int:
        """Ask for a capture of each page recorded since the last call, and keep captures cited as evidence."""
        asked = 0
        while events := self._ledger.read(after=reached(self._store, self._ledger, _CURSOR)):
            wanted = [self._first(event, address) for event in events if (address := asked_for(event))]
            if wanted:
                self._log.append(Topic.CAPTURES_WANTED, wanted)
            for event in events:
                self._pin_evidence(event)
            self._store.cursors.set(_CURSOR, events[-1].seq)
            asked += len(wanted)
        return asked

    def _first(self, event: Event, address: str) -> tuple[str, bytes]:
        """Return the first request for a page, numbered after the attempts for another page of a lost timeline."""
        strangers = [held.attempt for held in self._store.captured.of(event.seq) if held.address != address]
        return _wanted(event, address, max(strangers, default=0) + 1)

    def entries(self, now: datetime) -> Iterator[Entry]:
        """Yield what to record of each page that waits for its capture; ask again where an attempt failed."""
        for state in self._view.alerts():
            for page in _waiting(state, now):
                entry = self._entry(state, page, now)
                if entry:
                    yield entry

    def _entry(self, state: AlertState, page: Published, now: datetime) -> Entry | None:
        results = [held for held in self._store.captured.of(page.seq) if held.address == page.address]
        if results and results[-1].reference:
            response = self.held(results[-1].reference)
            if response and response.status == _OK and not _known(page, results[-1]):
                return self._captured(state, page, results, response, now)
            failure = f"status_{response.status}" if response else "capture_missing"
        else:
            failure = results[-1].failure if results else "no_answer"
        if now > page.at + CAPTURE_WITHIN:
            return _failed(state, page, failure, len(results))
        if results and now >= results[-1].at + wait_after(len(results)):
            self._ask_again(state, page, results[-1].attempt + 1)
        return None

    def held(self, reference: str) -> Response | None:
        """Return the capture, None where it is not held."""
        try:
            return self._captures.get(reference)
        except BackendError as missing:
            if missing.code != "capture_missing":
                raise
            return None

    def _ask_again(self, state: AlertState, page: Published, attempt: int) -> None:
        if self._asked.get(page.seq, 1) >= attempt:
            return
        event = self._ledger.read(after=page.seq - 1, limit=1)[0]
        self._log.append(Topic.CAPTURES_WANTED, [_wanted(event, page.address, attempt)])
        self._asked[page.seq] = attempt

    def _captured(
        self, state: AlertState, page: Published, results: Sequence[Captured], response: Response, now: datetime
    ) -> Entry:
        result = results[-1]
        reference = str(result.reference)
        self._captures.pin(reference)
        found = self.named(state, response, now)
        payload: dict[str, Json] = {
            "of": page.seq,
            "address": page.address,
            "capture": reference,
            "sha256": hashlib.sha256(response.body).hexdigest(),
            "fetched": codec.instant_text(response.fetched),
            "first_fetched": codec.instant_text(result.first_fetched or response.fetched),
            "topic_named": found.topic,
            "place_named": found.place,
            "words": [list(word) for word in found.words],
            "attempt": result.attempt,
            "absent_before": any(self._absent(earlier) for earlier in results[:-1]),
            "status": response.status,
            "final_address": response.address,
            "configuration": state.configuration,
        }
        return _entry(f"captured:{page.seq}:{result.attempt}", EventType.CAPTURED, state.id, payload)

    def named(self, state: AlertState, response: Response, now: datetime) -> Named:
        """Say what of the alert the page names, by the words in force when the alert was opened."""
        return named(state, self._tags(response, state.configuration, now))

    def softened(self, state: AlertState, response: Response, now: datetime) -> bool:
        """Say whether an article is there and can be read, and names the alert's topic or place no more."""
        tags = self._tags_if_read(response, state.configuration, now)
        found = named(state, tags) if tags else None
        return found is not None and not (found.topic and found.place)

    def pin(self, reference: str) -> None:
        """Keep the capture for good."""
        self._captures.pin(reference)

    def _absent(self, result: Captured) -> bool:
        if result.reference is None:
            return _ABSENT.fullmatch(result.failure) is not None
        response = self.held(result.reference)
        return response is not None and _ABSENT.fullmatch(f"http_{response.status}") is not None

    def _tags(self, response: Response, number: int, now: datetime) -> Tags:
        """Tag by the words in force when the alert was opened; a page without readable text names nothing."""
        return self._tags_if_read(response, number, now) or self._taggers[number].tag("", "", None)

    def _tags_if_read(self, response: Response, number: int, now: datetime) -> Tags | None:
        """Tag by the words in force when the alert was opened: words added later improve nothing."""
        desk = self._view.desk_at(number)
        if number not in self._taggers:
            self._taggers[number] = self._tagger_of(desk)
        tagger = self._taggers[number]
        host = addresses.host(response.address)
        outlet = next((outlet for outlet in desk.outlets if host in host_names(outlet.hosts)), None)
        zone = outlet.zone if outlet else desk.calendar.zone
        kind = next((value for name, value in response.headers if name.lower() == "content-type"), None)
        try:
            page = self._read_page(response.body, kind, zone, now)
        except Dead:
            return None
        if not (page.title or page.text):
            return None
        return tagger.tag(page.title, page.text, outlet.home if outlet else None)

    def _pin_evidence(self, event: Event) -> None:
        for piece in event.payload.get("evidence", []):
            if piece["kind"] == "capture" and self.held(piece["value"]):
                self._captures.pin(piece["value"])


def asked_for(event: Event) -> str | None:
    """Return the address of the page that `event` records, None where it records none."""
    if event.type in _ASKED_BY:
        return str(event.payload["address"])
    amends = event.type == EventType.AMENDED and event.payload["field"] == "address"
    return str(event.payload["value"]) if amends else None


def _known(page: Published, result: Captured) -> bool:
    """Say whether this version of the page is recorded: what a reader sees of it was first fetched at one instant."""
    return any(capture.first_fetched == result.first_fetched for capture in page.captures)


def _waiting(state: AlertState, now: datetime) -> Iterator[Published]:
    """Yield the pages of which a capture, or a better version, may still come: until one proves what it is for."""
    rounds = [state, state.judged] if state.judged else [state]
    seen: set[int] = set()
    for held in rounds:
        for page in (*held.replies, *held.outcomes, *held.corrections):
            over = page.captures and now > page.at + CAPTURE_WITHIN
            known = over or page.failed is not None or page.struck is not None or page.seq in seen
            if not known and not proved(held, page):
                seen.add(page.seq)
                yield page


def _wanted(event: Event, address: str, attempt: int) -> tuple[str, bytes]:
    wanted = CaptureWanted(event.desk, event.seq, str(event.alert), address, attempt)
    return addresses.host(address), codec.encode(wanted)


def _failed(state: AlertState, page: Published, reason: str, attempts: int) -> Entry:
    payload = {"of": page.seq, "address": page.address, "reason": reason, "attempts": attempts}
    return _entry(f"capture_failed:{page.seq}", EventType.CAPTURE_FAILED, state.id, payload)


def _entry(key: str, type: EventType, alert: str, payload: dict[str, Json]) -> Entry:
    return Entry(key, Draft(type, alert, "system", Role.SYSTEM, payload=payload))
