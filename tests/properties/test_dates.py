"""Every written form gives back its instant, and no text at all gives one that is in doubt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huiying.core.dates import FUTURE, read_date
from huiying.core.model import Precision

NOW = datetime(2026, 4, 20, 8, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
WIDE = str.maketrans("0123456789:-", "０１２３４５６７８９：－")
HAN = "〇一二三四五六七八九"


def han(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else HAN[tens]) + ("十" if tens else "") + (HAN[ones] if ones else "")


def in_han(at: datetime) -> str:
    return f"{''.join(HAN[int(digit)] for digit in str(at.year))}年{han(at.month)}月{han(at.day)}日"


def english(at: datetime, zone: str) -> str:
    day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][at.weekday()]
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][at.month - 1]
    return f"{day}, {at.day:02} {month} {at.year} {at:%H:%M:%S} {zone}"


SECONDS: dict[str, Callable[[datetime], str]] = {
    "iso": lambda at: at.isoformat(),
    "utc": lambda at: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "plain": lambda at: f"{at:%Y-%m-%d %H:%M:%S}",
    "slashes": lambda at: f"{at.year}/{at.month}/{at.day} {at.hour}:{at:%M:%S}",
    "compact": lambda at: f"{at:%Y%m%d%H%M%S}",
    "labelled": lambda at: f"发布时间：{at:%Y-%m-%d %H:%M:%S}",
    "chinese": lambda at: f"{at.year}年{at.month}月{at.day}日 {at:%H:%M:%S}",
    "rfc 2822": lambda at: english(at, "+0800"),
    "rfc 2822, CST": lambda at: english(at, "CST"),
    "rfc 2822, GMT": lambda at: english(at.astimezone(UTC), "GMT"),
}
MINUTES: dict[str, Callable[[datetime], str]] = {
    "plain": lambda at: f"{at:%Y-%m-%d %H:%M}",
    "dots": lambda at: f"{at:%Y.%m.%d %H:%M}",
    "full width": lambda at: f"{at:%Y年%m月%d日%H:%M}".translate(WIDE),
    "hours and minutes": lambda at: f"{at.year}年{at.month}月{at.day}日{at.hour}时{at.minute}分",
    "halves": lambda at: f"{at:%Y-%m-%d} {'上午' if at.hour < 12 else '下午'}{at.hour % 12 or at.hour}:{at:%M}",
    "weekday": lambda at: f"{at:%Y-%m-%d} 星期{'一二三四五六日'[at.weekday()]} {at:%H:%M}",
}
DAYS: dict[str, Callable[[datetime], str]] = {
    "plain": lambda at: f"{at:%Y-%m-%d}",
    "chinese": lambda at: f"{at.year}年{at.month}月{at.day}日",
    "Han digits": in_han,
    "compact": lambda at: f"{at:%Y%m%d}",
}
SINCE = datetime(1992, 1, 1, tzinfo=SHANGHAI)  # the zone had summer time until 1991
instants = st.integers(0, int((NOW - SINCE).total_seconds())).map(
    lambda seconds: (SINCE + timedelta(seconds=seconds)).astimezone(SHANGHAI)
)


@pytest.mark.parametrize("form", SECONDS)
@given(instants)
def test_a_form_with_seconds_gives_the_second(form: str, at: datetime) -> None:
    found = read_date(SECONDS[form](at), "Asia/Shanghai", NOW)
    assert found is not None
    assert (found.at, found.precision) == (at, Precision.SECOND)


@pytest.mark.parametrize("form", MINUTES)
@given(instants)
def test_a_form_with_minutes_gives_the_minute(form: str, at: datetime) -> None:
    if form == "halves" and at.hour == 0:
        at = at.replace(hour=1)
    found = read_date(MINUTES[form](at), "Asia/Shanghai", NOW)
    assert found is not None
    assert (found.at, found.precision) == (at.replace(second=0), Precision.MINUTE)


@pytest.mark.parametrize("form", DAYS)
@given(instants)
def test_a_form_without_a_time_gives_the_day(form: str, at: datetime) -> None:
    found = read_date(DAYS[form](at), "Asia/Shanghai", NOW)
    assert found is not None
    assert (found.at, found.precision) == (at.replace(hour=0, minute=0, second=0), Precision.DAY)


@given(st.integers(11, 400 * 24 * 60))
def test_nothing_of_the_future_is_read(minutes: int) -> None:
    later = (NOW + timedelta(minutes=minutes)).astimezone(SHANGHAI)
    assert read_date(f"{later:%Y-%m-%d %H:%M}", "Asia/Shanghai", NOW) is None
    yearless = read_date(f"{later:%m-%d %H:%M}", "Asia/Shanghai", NOW)
    assert yearless is None or yearless.at <= NOW


@given(st.text(alphabet="0123456789０９〇二十年月日时分:：-/. TZ+前天昨今小时钟CSTGMaprSun,()（）", max_size=40))
def test_no_text_raises_or_gives_the_future(text: str) -> None:
    found = read_date(text, "Asia/Shanghai", NOW)
    assert found is None or (found.at.tzinfo is UTC and found.at <= NOW + FUTURE)
