"""Source alarms: each silence has its own reason, and sources that speak raise none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.silence import alarms
from huiying.core.codec import instant
from huiying.core.messages import text
from huiying.core.states import Reading, SourceState

NOW = instant("2026-03-20T08:00:00+08:00")


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
    (alarm,) = alarms([made], ["news/1"], NOW)
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
    assert alarms([made], ["news/1"], NOW) == []


def test_sources_no_longer_configured_raise_none() -> None:
    assert alarms([state(Reading.EMPTY)], [], NOW) == []


def test_a_source_whose_pages_give_no_text_is_told_after_what_is_worse() -> None:
    quiet, refused = state(Reading.NEW, newest=ago(hours=1)), state(Reading.REFUSED, detail="Disallow: /")
    assert [alarm.reason for alarm in alarms([quiet], ["news/1"], NOW, {"news/1"})] == ["no_text"]
    assert [alarm.reason for alarm in alarms([refused], ["news/1"], NOW, {"news/1"})] == ["refused"]
    assert alarms([quiet], [], NOW, {"news/1"}) == []
    for language in ("zh", "en"):
        assert "{" not in text("alarm.no_text", language, detail="")
