"""Written dates: each form of Chinese pages and feeds, and everything that must stay unread."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from huiying.core.dates import read_date
from huiying.core.model import Precision

NOW = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)  # Monday, 16:00 in Beijing
SHANGHAI = "Asia/Shanghai"
DAY, MINUTE, SECOND = Precision.DAY, Precision.MINUTE, Precision.SECOND


@pytest.mark.parametrize(
    ("written", "instant", "precision"),
    [
        ("2026年4月19日", "2026-04-18T16:00:00", DAY),
        ("2026-04-19", "2026-04-18T16:00:00", DAY),
        ("[2026/4/19]", "2026-04-18T16:00:00", DAY),
        ("20260419", "2026-04-18T16:00:00", DAY),
        ("2026年4月19日15时", "2026-04-18T16:00:00", DAY),
        ("2026年4月19日 15:20", "2026-04-19T07:20:00", MINUTE),
        ("２０２６年０４月１９日１５：２０", "2026-04-19T07:20:00", MINUTE),
        ("2026年4月19日15时20分", "2026-04-19T07:20:00", MINUTE),
        ("2026年4月19日 星期日 下午3:20", "2026-04-19T07:20:00", MINUTE),
        ("发布时间：2026-04-19 15:20", "2026-04-19T07:20:00", MINUTE),
        ("2026.04.19 15:20", "2026-04-19T07:20:00", MINUTE),
        ("2026-04-19 24:00", "2026-04-19T16:00:00", MINUTE),
        ("2026-04-19 15:20:30", "2026-04-19T07:20:30", SECOND),
        ("20260419152030", "2026-04-19T07:20:30", SECOND),
        ("2026-04-19T15:20:30Z", "2026-04-19T15:20:30", SECOND),
        ("2026-04-19T15:20:30.000+08:00", "2026-04-19T07:20:30", SECOND),
        ("2026-04-19 15:20:30 CST", "2026-04-19T07:20:30", SECOND),
        ("Sun, 19 Apr 2026 15:20:30 GMT", "2026-04-19T15:20:30", SECOND),
        ("Sun, 19 Apr 2026 15:20:30 +0800", "2026-04-19T07:20:30", SECOND),
        ("19 Apr 26 15:20:30 CST", "2026-04-19T07:20:30", SECOND),
        ("Sun Apr 19 15:20:30 CST 2026", "2026-04-19T07:20:30", SECOND),
        ("Sun Apr 19 2026 15:20:30 GMT+0800 (中国标准时间)", "2026-04-19T07:20:30", SECOND),
        ("Apr 19, 2026 3:20 PM", "2026-04-19T07:20:00", MINUTE),
        ("二〇二六年四月十九日", "2026-04-18T16:00:00", DAY),
        ("二○二六年四月十九日十五时二十分", "2026-04-19T07:20:00", MINUTE),
        ("2026年4月19日 15时20分", "2026-04-19T07:20:00", MINUTE),
        ("4月19日 15:20", "2026-04-19T07:20:00", MINUTE),
        ("04-19 15:20", "2026-04-19T07:20:00", MINUTE),
        ("12-31 23:59:08", "2025-12-31T15:59:08", SECOND),
        ("昨天 15:20", "2026-04-19T07:20:00", MINUTE),
        ("前天", "2026-04-17T16:00:00", DAY),
        ("今天 08:05", "2026-04-20T00:05:00", MINUTE),
        ("5分钟前", "2026-04-20T07:55:00", MINUTE),
        ("3小时前", "2026-04-20T05:00:00", DAY),
    ],
)
def test_reads_each_known_form(written: str, instant: str, precision: Precision) -> None:
    found = read_date(written, SHANGHAI, NOW)
    assert found is not None
    assert found.at == datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert found.precision is precision
    assert found.origin == written


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "4月19日",  # no year, no time of day
        "04-19",
        "8月19日 15:20",  # this year's is to come, last year's is long ago
        "2月29日 15:20",
        "04/19/2026",  # day or month first?
        "26-04-19",
        "3天前",  # of which calendar day?
        "16小时前",  # 0:00 lies between the earliest and the latest instant it may mean
        "刚刚",
        "1776580000",
        "2026-02-30",
        "2026-04-19 25:00",
        "2026-04-19 上午15:20",
        "晚上2:20",
        "1889-01-01",
        "2026-04-19 15:20:30 XST",
        "Mon, 19 Apr 2026 15:20:30 GMT",  # a Sunday
        "2026-04-19 15:20 2026-04-20 10:00",
        "2026-04-19 本报讯",
        "2" * 500,
    ],
)
def test_is_silent_where_in_doubt(written: str) -> None:
    assert read_date(written, SHANGHAI, NOW) is None


def test_allows_ten_minutes_of_future_and_no_more() -> None:
    assert read_date("2026-04-20 16:10", SHANGHAI, NOW) is not None
    assert read_date("2026-04-20 16:11", SHANGHAI, NOW) is None


def test_missing_offset_is_the_outlets_zone() -> None:
    found = read_date("2026-04-19 15:20", "Europe/Berlin", NOW)
    assert found is not None
    assert found.at == datetime(2026, 4, 19, 13, 20, tzinfo=UTC)


def test_cst_outside_a_chinese_zone_means_several() -> None:
    assert read_date("2026-04-19 15:20:30 CST", "America/Chicago", NOW) is None


@pytest.mark.parametrize("written", ["2025-10-26 02:30", "2026-03-29 02:30"])
def test_local_time_that_is_double_or_missing_is_silent(written: str) -> None:
    assert read_date(written, "Europe/Berlin", NOW) is None


@pytest.mark.parametrize("written", ["昨天 15:20", "5分钟前", "3小时前", "04-19 15:20", "今天 08:05"])
def test_what_is_told_relative_to_the_fetching_is_not_read_without_it(written: str) -> None:
    assert read_date(written, SHANGHAI, NOW) is not None
    assert read_date(written, SHANGHAI, NOW, fetched=False) is None
