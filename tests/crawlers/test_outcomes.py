"""From an answer to the source's next state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawlers.fetch import Missed
from crawlers.items import Item
from crawlers.outcomes import DAYS_KEPT, failure_of, instants, is_backlog, retry_after, with_dates
from crawlers.schedule import Trouble
from huiying.core.codec import instant
from huiying.core.messages import catalogue
from huiying.core.model import Response
from huiying.core.states import Reading, SourceState

NOW = instant("2026-01-27T08:00:00+08:00")
ZONE = "Asia/Shanghai"
STATE = SourceState("bao/1", "bao", NOW)


def answer(status: int, **headers: str) -> Response:
    return Response(
        "http://a.cn/f", status, tuple((name.replace("_", "-"), value) for name, value in headers.items()), b"", NOW
    )


@pytest.mark.parametrize(
    ("got", "reading", "trouble"),
    [
        (answer(200), None, None),
        (answer(304), None, None),
        (answer(401), Reading.REFUSED, Trouble.REFUSED),
        (answer(403), Reading.REFUSED, Trouble.REFUSED),
        (answer(451), Reading.REFUSED, Trouble.REFUSED),
        (answer(404), Reading.UNREACHABLE, Trouble.GONE),
        (answer(410), Reading.UNREACHABLE, Trouble.GONE),
        (answer(429), Reading.UNREACHABLE, Trouble.BUSY),
        (answer(500), Reading.UNREACHABLE, Trouble.SERVER),
        (answer(302), Reading.UNREACHABLE, Trouble.GONE),
        (Missed("robots", "x"), Reading.REFUSED, Trouble.REFUSED),
        (Missed("elsewhere", "x"), Reading.REFUSED, Trouble.REFUSED),
        (Missed("private_address", "x"), Reading.REFUSED, Trouble.REFUSED),
        (Missed("too_large", "x"), Reading.UNREADABLE, Trouble.PARSE),
        (Missed("broken", "x"), Reading.UNREADABLE, Trouble.PARSE),
        (Missed("name", "x"), Reading.UNREACHABLE, Trouble.NAME),
        (Missed("tls", "x"), Reading.UNREACHABLE, Trouble.TLS),
        (Missed("timeout", "x"), Reading.UNREACHABLE, Trouble.CONNECT),
        (Missed("connection", "x"), Reading.UNREACHABLE, Trouble.CONNECT),
        (Missed("robots_unknown", "x"), Reading.UNREACHABLE, Trouble.SERVER),
        (Missed("redirects", "x"), Reading.UNREACHABLE, Trouble.GONE),
    ],
)
def test_each_failure_has_its_reading_its_class_and_a_sentence(
    got: Response | Missed, reading: Reading | None, trouble: Trouble | None
) -> None:
    failure = failure_of(got, NOW)
    assert (failure and failure.reading, failure and failure.trouble) == (reading, trouble)
    if failure:
        assert f"crawl.{failure.detail.split(' ')[0]}" in catalogue("zh")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120),
        ("Tue, 27 Jan 2026 00:10:00 GMT", 600),
        ("Tue, 27 Jan 2026 00:10:00", 600),
        ("999999999999", 86400),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_in_all_its_forms(written: str, seconds: int | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert retry_after(answer(503, Retry_After=written), NOW) == expected


def test_dates_in_doubt_or_in_the_future_are_left_out() -> None:
    dates = ["2026-01-26 08:00", "2027-01-01", "某日", None]
    items = [Item(f"http://a.cn/{number}", "", "", date, None) for number, date in enumerate(dates)]
    assert list(instants(items, ZONE, NOW).values()) == [instant("2026-01-26T08:00:00+08:00")]


def test_days_are_the_outlets_and_only_the_newest_are_kept() -> None:
    late = instant("2026-01-26T23:30:00+08:00")
    one = with_dates(STATE, [late, late - timedelta(hours=1)], ZONE)
    assert (one.dates, one.newest) == (("2026-01-26",), late)
    many = with_dates(one, [late - timedelta(days=days) for days in range(1, 60)], ZONE)
    assert (len(many.dates), many.dates[-1], many.newest) == (DAYS_KEPT, "2026-01-26", late)


def test_backlog_is_older_than_72_hours_or_of_unknown_age() -> None:
    assert is_backlog(None, NOW)
    assert is_backlog(NOW - timedelta(hours=72, seconds=1), NOW)
    assert not is_backlog(NOW - timedelta(hours=72), NOW)
