"""When each step is due, and why this instant: pure functions of level, instant, policy and calendar.

opened ─► acknowledge ─► assign
   ├────► reply, briefing
   └────► resolve ─► publish ─► confirm = the instant the alert falls due

A step whose clock has not begun is due as if the step before it were done at its last moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.calendar import count_workdays, midnight
from alerts.vocabulary import Deadline, Step, Why, WhyField
from huiying.core import codec
from huiying.core.config import Calendar, Policy, Steps, Term
from huiying.core.messages import text
from huiying.core.model import Level

_TICK = timedelta(microseconds=1)


def at_opening(level: Level, opened_at: datetime, policy: Policy, calendar: Calendar) -> dict[Step, Deadline]:
    """Return the deadline of every step of an alert opened at `opened_at`; briefing only where the policy has one."""
    steps = policy.steps(level)
    acknowledge = _acknowledge(steps, opened_at, policy, calendar)
    resolve = due(steps.resolve, opened_at, "opening", calendar)
    publish = due(steps.publish, resolve.at, "resolve_due", calendar)
    deadlines = {
        Step.ACKNOWLEDGE: acknowledge,
        Step.ASSIGN: due(steps.assign, acknowledge.at, "acknowledge_due", calendar),
        Step.REPLY: due(steps.reply, opened_at, "opening", calendar),
        Step.RESOLVE: resolve,
        Step.PUBLISH: publish,
        Step.CONFIRM: due(steps.confirm, publish.at, "publish_due", calendar),
    }
    if steps.briefing:
        deadlines[Step.BRIEFING] = due(steps.briefing, opened_at, "opening", calendar)
    return deadlines


def due(term: Term, start: datetime, after: str, calendar: Calendar) -> Deadline:
    """Return the end of `term` from `start`; `after` (a code of the table [after]) says what `start` is.

    A `start` that is itself 24:00 of a day belongs to that day, so that a chain of deadlines is never shorter than the
    steps done in time.
    """
    if term.working_days is None:
        return _minutes(term.minutes or 0, start, after)
    counted = count_workdays(start - _TICK if after.endswith("_due") else start, term.working_days, calendar)
    fields: dict[str, WhyField] = {"n": term.working_days, "after": after, "start": codec.instant_text(start)}
    if counted.unknown:
        return Deadline(counted.end, Why("working_days_unknown", {**fields, "years": counted.unknown}))
    return Deadline(counted.end, Why("working_days", fields))


def _minutes(minutes: int, start: datetime, after: str) -> Deadline:
    fields: dict[str, WhyField] = {"n": minutes, "after": after, "start": codec.instant_text(start)}
    if minutes % 60 == 0:
        return Deadline(start + timedelta(minutes=minutes), Why("hours", {**fields, "n": minutes // 60}))
    return Deadline(start + timedelta(minutes=minutes), Why("minutes", fields))


def _acknowledge(steps: Steps, opened_at: datetime, policy: Policy, calendar: Calendar) -> Deadline:
    """Return the natural term, or the next duty morning for what opens outside duty hours, where the policy says so."""
    local = opened_at.astimezone(ZoneInfo(calendar.zone))
    minute = local.hour * 60 + local.minute
    on_duty = _of_day(policy.duty_begin) <= minute < _of_day(policy.duty_end)
    if on_duty or not steps.acknowledge_duty_hours_only:
        return due(steps.acknowledge, opened_at, "opening", calendar)
    morning = _of_day(policy.duty_morning)
    day = local.date() if minute < morning else local.date() + timedelta(days=1)
    at = midnight(day, calendar.zone) + timedelta(minutes=morning)
    fields: dict[str, WhyField] = {"start": codec.instant_text(opened_at), "clock": policy.duty_morning}
    # The natural term is no part of the sentence; a gap in monitoring that swallows the morning begins it anew.
    return Deadline(at, Why("duty_morning", {**fields, "n": steps.acknowledge.minutes or 0}))


def _of_day(clock: str) -> int:
    """Return the minute of the day of "08:30"; "24:00" is its end."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def extended(deadlines: Mapping[Step, Deadline], days: int, calendar: Calendar) -> dict[Step, Deadline]:
    """Return resolve moved by `days` working days, and publish and confirm moved by exactly as long."""
    was = deadlines[Step.RESOLVE].at
    length = count_workdays(was - _TICK, days, calendar).end - was
    moved = {}
    for step in (Step.RESOLVE, Step.PUBLISH, Step.CONFIRM):
        old = deadlines[step].at
        moved[step] = Deadline(old + length, Why("extended", {"n": days, "was": codec.instant_text(old)}))
    return moved


def raised(
    standing: Mapping[Step, Deadline], level: Level, now: datetime, policy: Policy, calendar: Calendar
) -> dict[Step, Deadline]:
    """Return those steps of a level raised at `now` that are now due earlier than `standing` (not yet done) says."""
    fresh = at_opening(level, now, policy, calendar)
    return {
        step: Deadline(new.at, Why(new.why.code, {**new.why.fields, **_raising(new)}))
        for step, new in fresh.items()
        if step not in standing or new.at < standing[step].at
    }


def _raising(deadline: Deadline) -> dict[str, str]:
    return {"after": "raising"} if deadline.why.fields.get("after") == "opening" else {}


def explain(deadline: Deadline, language: str, zone: str) -> str:
    """Return the sentence that says why a deadline is this instant, with instants in `zone`."""
    fields: dict[str, object] = dict(deadline.why.fields)
    for name in ("start", "was"):
        if name in fields:
            local = codec.instant(str(fields[name])).astimezone(ZoneInfo(zone))
            fields[name] = local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
    if isinstance(years := fields.get("years"), tuple):
        fields["years"] = ("、" if language == "zh" else ", ").join(str(year) for year in years)
    if "after" in fields:
        fields["after"] = text(f"after.{fields['after']}", language)
    return text(f"why.{deadline.why.code}", language, **fields)
