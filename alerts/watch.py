"""The watch role: rules over posts, evidence, the clock, source alarms, notifications. One tick does a bit of each.

tick:  POSTS_READY ─ following ─► ledger
       ledger ─ capturing ─► CAPTURES_WANTED; captures that came ─► ledger
       alerts, clock ─ overdue ─► ledger; at each start and every hour a heartbeat
       crawl states ─ silence ─► source alarms
       ledger, alarms ─ webhook ─► channels
       alerts ─► the store's projection, of what changed

Whatever is recorded has a key, so a tick that was killed anywhere is simply done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import httpx
import structlog

from alerts import following, joining, overdue, recurrence
from alerts.capturing import Capturing, ReadPage, TaggerOf, reached
from alerts.citing import cited
from alerts.events import EventType
from alerts.following import Entry
from alerts.living import Living
from alerts.looking import Looking
from alerts.opening import alert_id
from alerts.silence import alarms
from alerts.view import AlertView
from alerts.vocabulary import Step
from alerts.webhook import Mail, Webhook, no_mail
from huiying.core import codec
from huiying.core.config import Desk, Machine
from huiying.core.consume import Counters, consume
from huiying.core.errors import Conflict, Dead, KeyReused
from huiying.core.lost import lost_sources
from huiying.core.model import Draft, Event, Post, Role, Topic
from huiying.core.ports import Captures, Clock, Ledger, Log, Record
from huiying.core.states import Delivery, SourceAlarm, Store

GROUP = "watch"
_ANNOUNCED = "watch:webhook"
_TOLD = frozenset({EventType.OPENED, EventType.ESCALATED})

logger = structlog.get_logger("alerts.watch")


class Watch:
    """Everything that happens to alerts without a person. Used from one thread; one process at a time.

    `believed` is false while a doubt stands: the store's projection is then replaced and not begun with.
    """

    def __init__(
        self,
        ledger: Ledger,
        log: Log,
        store: Store,
        captures: Captures,
        clock: Clock,
        machine: Machine,
        read_page: ReadPage,
        tagger_of: TaggerOf,
        secrets: Mapping[str, str],
        client: httpx.Client,
        mail: Mail = no_mail,
        believed: bool = True,
    ) -> None:
        self._ledger = ledger
        self._log = log
        self._store = store
        self._captures = captures
        self._clock = clock
        self._machine = machine
        self._view = AlertView(ledger, store.projection, believed)
        self._capturing = Capturing(ledger, log, store, captures, self._view, read_page, tagger_of)
        self._living = Living(ledger, log, store, self._view, machine.clock == "simulated")
        self._looking = Looking(machine.desk, log, store, self._view, self._capturing)
        self._webhook = Webhook(machine.channels, secrets, client, store.deliveries, mail)
        self._started = codec.instant_text(clock.now())
        self._beaten = ""
        self._alarms: list[tuple[str, str, str]] | None = None
        self._lost = frozenset[str]()
        self._lost_at: datetime | None = None
        self.counters = Counters()

    def tick(self) -> int:
        """Do what is to be done now; return how many things that were. Nothing before a configuration is recorded."""
        self._view.catch_up()
        known = self._view.desk()
        if known is None:
            return 0
        number, desk = known
        done = consume(
            self._log, Topic.POSTS_READY, GROUP, lambda records: self._posts(records, desk, number), self.counters
        )
        now = self._clock.now()
        self._record(self._living.entries(desk, now))
        done += self._capturing.ask()
        done += self._record(self._capturing.entries(now))
        done += self._record(self._looking.entries(now))
        done += self._clockwork(now)
        self._beat(now)
        self._sources(desk, now)
        self._announce(desk, now)
        done += self._webhook.send(now, self._letter)
        self._view.keep()
        return done

    def _posts(self, records: list[Record], desk: Desk, number: int) -> list[Dead | None]:
        return [self._post(record, desk, number) for record in records]

    def _post(self, record: Record, desk: Desk, number: int) -> Dead | None:
        try:
            post = codec.decode(Post, record.value)
        except Dead as dead:
            return dead
        if post.desk != self._machine.desk:
            return Dead("other_desk", desk=post.desk)
        try:
            self._follow(post, desk, number)
        except Conflict:  # opened by hand a moment ago: the post is attached instead
            self._view.catch_up()
            self._follow(post, desk, number)
        return None

    def _follow(self, post: Post, desk: Desk, number: int) -> None:
        now = self._clock.now()
        found = (self._view.standing(alert_id(post.desk, story)) for story in (post.story, *post.joins))
        known = [state for state in found if state is not None]
        first = known[0] if known else None
        under = self._view.desk_at(first.configuration) if first else desk
        if following.entries(first, post, desk, number, now, under):
            post = cited(post, self._captures)
        self._record(following.entries(first, post, desk, number, now, under))
        # Of three, each is joined to the one that stands after the joining before it.
        for other in known[1:]:
            kept, second = self._view.standing(known[0].id), self._view.standing(other.id)
            if kept and second:
                self._record(joining.entries(kept, second))

    def _record(self, entries: Iterable[Entry]) -> int:
        """Append each entry once; one that the other watch or an earlier life recorded counts as done.

        One whose key something else holds is an error in the log: the others are recorded all the same.
        """
        recorded = 0
        for entry in entries:
            first = {str(entry.draft.alert): 0} if entry.draft.type == EventType.OPENED else None
            try:
                self._ledger.append([entry.draft], key=entry.key, expected=first)
            except KeyReused:
                self._recorded_before(entry)
                continue
            recorded += 1
        if recorded:
            self._view.catch_up()
        return recorded

    def _recorded_before(self, entry: Entry) -> bool:
        """Say whether the system itself recorded `entry` before; log an error where its key is another act's."""
        draft = entry.draft
        before = self._ledger.by_key(entry.key)
        known = [(event.role, event.type, event.alert) for event in before[:1]]
        if known == [(Role.SYSTEM, draft.type, draft.alert)]:
            return True
        logger.error("key_taken", key=entry.key, type=draft.type, alert=draft.alert)
        return False

    def _clockwork(self, now: datetime) -> int:
        """Record what is overdue, each against the number it was decided on: a person who was faster wins."""
        recorded = 0
        for state in self._view.alerts():
            seq = state.seq
            for entry in overdue.entries(state, now, self._machine.channels):
                try:
                    seq = self._ledger.append([entry.draft], key=entry.key, expected={state.id: seq})[-1].seq
                except Conflict:
                    break
                except KeyReused:
                    self._recorded_before(entry)
                    continue
                recorded += 1
        if recorded:
            self._view.catch_up()
        return recorded

    def _beat(self, now: datetime) -> None:
        hour = codec.instant_text(now)[:13]
        if hour == self._beaten:
            return
        # One an hour however often watch starts: event numbers stand in the figures, and a kill must not move them.
        draft = Draft(EventType.HEARTBEAT, None, "system", Role.SYSTEM, payload={"started": self._started})
        self._record([Entry(f"heartbeat:{hour}", draft)])
        self._beaten = hour

    def _sources(self, desk: Desk, now: datetime) -> None:
        known = [id for outlet in desk.outlets for id, _ in outlet.source_ids()]
        if (minute := now.replace(second=0, microsecond=0)) != self._lost_at:
            self._lost, self._lost_at = lost_sources(self._store.tallies, now.date()), minute
        standing = alarms(self._store.crawl.sources(), known, desk.calendar, now, self._lost)
        summary = [(alarm.source, alarm.reason, alarm.detail) for alarm in standing]
        if summary == self._alarms:
            return
        before = {(alarm.source, alarm.reason) for alarm in self._store.alarms.all()}
        for alarm in standing:
            if (alarm.source, alarm.reason) not in before:
                self._webhook.announce(0, _subject(alarm), None, now)
        self._store.alarms.replace(standing)
        self._alarms = summary

    def _announce(self, desk: Desk, now: datetime) -> None:
        """Tell the channels what was recorded since, and suspect what a new alert may be a recurrence of."""
        while events := self._ledger.read(after=reached(self._store, self._ledger, _ANNOUNCED)):
            self._view.catch_up()
            for event in events:
                state = self._view.alert(event.alert) if event.alert else None
                if state is not None and event.type == EventType.OPENED:
                    others = self._view.alerts()
                    self._record(recurrence.suspected(state, others, now, desk.calendar))
                if event.type == EventType.REPORT_ISSUED:
                    self._webhook.announce(event.seq, f"report {event.payload['period']}", None, now)
                if state is not None and event.type in _TOLD and not state.muted_until(now):
                    self._webhook.announce(event.seq, state.id, int(state.level), now)
            self._store.cursors.set(_ANNOUNCED, events[-1].seq)

    def _letter(self, delivery: Delivery) -> Mapping[str, object] | None:
        """Return what a channel is told: alert, level, deadline, title, address, place. Never a post's text.

        None where the ledger does not hold the event: an older one was restored.
        """
        if delivery.seq == 0:
            reason, source, since = delivery.subject.split(" ", 2)
            return {
                "type": "source_alarm",
                "kind": self._view.kind(),
                "alarm": reason,
                "source": source,
                "since": since,
            }
        event = next(iter(self._ledger.read(after=delivery.seq - 1, limit=1)), None)
        if event is not None and event.type == EventType.REPORT_ISSUED:
            return self._report(event)
        if event is None or event.alert != delivery.subject or event.type not in _TOLD:
            return None
        state = self._view.alert(delivery.subject)
        assert state is not None
        step = event.payload.get("step", str(Step.ACKNOWLEDGE))
        opening = event.payload.get("deadlines", {}).get(step, {})
        return {
            "type": event.type,
            "kind": self._view.kind(),
            "alert": state.id,
            "level": int(state.level),
            "step": step,
            "deadline": event.payload.get("deadline") or opening.get("at"),
            "title": state.title,
            "address": state.address,
            "place": state.place_name,
        }

    def _report(self, event: Event) -> Mapping[str, object]:
        """Return what a channel is told of an issued report: its number, period and fraction."""
        said = event.payload
        return {
            "type": event.type,
            "kind": self._view.kind(),
            "report": event.seq,
            "period": said["period"],
            "fraction": f"{said['correct']}/{said['correct'] + said['not_correct']}",
        }


def _subject(alarm: SourceAlarm) -> str:
    return f"{alarm.reason} {alarm.source} {codec.instant_text(alarm.since)}"
