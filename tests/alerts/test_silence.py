"""Source alarms: each silence has its own reason, and sources that speak raise none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.calendar import is_workday
from alerts.silence import alarms
from crawlers.feeds import read_feed
from crawlers.outcomes import instants, with_dates
from huiying.core.codec import instant
from huiying.core.config import Calendar
from huiying.core.messages import text
from huiying.core.states import Reading, SourceState
from tests.pipeline.desk import shared

NOW = instant("2026-03-20T08:00:00+08:00")  # a Friday
CALENDAR = Calendar()


def ago(**by: float) -> Any:
    return NOW - timedelta(**by)


def days(*back: int) -> tuple[str, ...]:
    return tuple((NOW - timedelta(days=day)).date().isoformat() for day in back)


def state(reading: Reading, **fields: Any) -> SourceState:
    return SourceState("news/1", "news", NOW, reading, **{"succeeded": ago(minutes=5), **fields})


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (state(Reading.NOT_MODIFIED, newest=ago(days=15), dates=days(15, 20)), "frozen"),
        (state(Reading.SAME_BYTES, newest=ago(days=15), dates=days(*range(15, 25))), "frozen"),
        (state(Reading.UNREACHABLE, succeeded=ago(hours=25), failures=9), "unreachable"),
        (state(Reading.UNREACHABLE, succeeded=None, failures=3), "unreachable"),
        (state(Reading.UNREADABLE, succeeded=ago(hours=25), failures=9), "unreadable"),
        (state(Reading.REFUSED, detail="Disallow: /"), "refused"),
        (state(Reading.EMPTY), "empty"),
    ],
)
def test_each_silence_has_its_reason_and_sentence(made: SourceState, reason: str) -> None:
    (alarm,) = alarms([made], ["news/1"], CALENDAR, NOW)
    assert (alarm.source, alarm.reason) == ("news/1", reason)
    for language in ("zh", "en"):
        assert "{" not in text(f"alarm.{reason}", language, detail=alarm.detail)


@pytest.mark.parametrize(
    "made",
    [
        state(Reading.NEW, newest=ago(hours=1)),
        state(Reading.NOTHING_NEW, newest=ago(days=13), dates=days(13)),
        state(Reading.NOT_MODIFIED, newest=ago(days=30), dates=days(30, *range(50, 59))),  # its rhythm has such gaps
        state(Reading.UNREACHABLE, succeeded=ago(hours=23), failures=9, newest=ago(days=1)),
        state(Reading.UNREACHABLE, succeeded=None, failures=1),
    ],
)
def test_ordinary_quiet_is_no_alarm(made: SourceState) -> None:
    assert alarms([made], ["news/1"], CALENDAR, NOW) == []


def test_sources_no_longer_configured_raise_none() -> None:
    assert alarms([state(Reading.EMPTY)], [], CALENDAR, NOW) == []


def test_a_source_whose_pages_give_no_text_is_told_after_what_is_worse() -> None:
    quiet, refused = state(Reading.NEW, newest=ago(hours=1)), state(Reading.REFUSED, detail="Disallow: /")
    assert [alarm.reason for alarm in alarms([quiet], ["news/1"], CALENDAR, NOW, {"news/1"})] == ["no_text"]
    assert [alarm.reason for alarm in alarms([refused], ["news/1"], CALENDAR, NOW, {"news/1"})] == ["refused"]
    assert alarms([quiet], [], CALENDAR, NOW, {"news/1"}) == []
    for language in ("zh", "en"):
        assert "{" not in text("alarm.no_text", language, detail="")


def daily(last: str, *, office: bool) -> SourceState:
    """Return a source with an item at 15:00 on 30 days up to `last`, on working days only if `office`."""
    newest = instant(f"{last}T15:00:00+08:00")
    back = [newest.date() - timedelta(days=day) for day in range(30)]
    kept = [day.isoformat() for day in back if not office or is_workday(day, CALENDAR)]
    return state(Reading.SAME_BYTES, newest=newest, dates=tuple(kept))


@pytest.mark.parametrize(
    ("made", "quiet", "raised"),
    [
        (daily("2026-03-16", office=False), "2026-03-18T15:00:00+08:00", "2026-03-18T15:01:00+08:00"),
        (daily("2026-03-20", office=True), "2026-03-24T15:00:00+08:00", "2026-03-24T15:01:00+08:00"),
        # 2026-02-15 to 23 is the Spring Festival.
        (daily("2026-02-14", office=True), "2026-02-25T15:00:00+08:00", "2026-02-25T15:01:00+08:00"),
    ],
)
def test_a_silence_is_raised_at_twice_the_longest_gap_days_off_left_out(
    made: SourceState, quiet: str, raised: str
) -> None:
    assert alarms([made], ["news/1"], CALENDAR, instant(quiet)) == []
    assert [alarm.reason for alarm in alarms([made], ["news/1"], CALENDAR, instant(raised))] == ["frozen"]


def test_with_fewer_than_ten_known_days_it_is_raised_after_fourteen() -> None:
    few = state(Reading.NOT_MODIFIED, newest=NOW, dates=days(*range(9)))
    assert alarms([few], ["news/1"], CALENDAR, NOW + timedelta(days=14)) == []
    assert alarms([few], ["news/1"], CALENDAR, NOW + timedelta(days=14, seconds=1))


def test_the_recorded_feed_that_froze_is_raised() -> None:
    body = min(shared("data", "replay", "people-politics").glob("*.xml")).read_bytes()
    items = read_feed(body, "text/xml", "http://politics.people.com.cn/")
    assert isinstance(items, list)
    at = instants(items, "Asia/Shanghai", NOW).values()
    made = with_dates(state(Reading.SAME_BYTES), list(at), "Asia/Shanghai")
    assert [alarm.reason for alarm in alarms([made], ["news/1"], CALENDAR, NOW)] == ["frozen"]
