"""A written date to an instant: the forms of Chinese pages and feeds, RFC 2822, ISO 8601, asctime; never a guess.

text ─ NFKC, labels off ─► the one form that fits it whole ─► local or offset instant ─► Dated, None where in doubt

None: a form that is not known, no year (but for a time of day of the last months), day and month in doubt, a time
zone's abbreviation that means several, a weekday that contradicts, a local time that a clock change makes double, more
than ten minutes in the future.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from datetime import timezone as fixed
from zoneinfo import ZoneInfo

from huiying.core.model import Dated, Precision

FUTURE = timedelta(minutes=10)  # clocks of servers differ; what lies later is quarantined
EARLIEST = 1990
RECENT = timedelta(days=180)  # sites leave out the year of what is new; what may be older is in doubt
CHINESE_ZONES = frozenset(
    (
        "Asia/Shanghai",
        "Asia/Chongqing",
        "Asia/Harbin",
        "Asia/Urumqi",
        "PRC",
        "Asia/Hong_Kong",
        "Asia/Macau",
        "Asia/Taipei",
    )
)
# RFC 2822 section 4.3; CST means Beijing in a Chinese context only
_ABBREVIATIONS = {"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CDT": -5}
_ABBREVIATIONS |= {"MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "HKT": 8, "BJT": 8}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = {name: number for number, name in enumerate(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])}
_WEEKDAYS |= {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}
_DAYS_BACK = {"今": 0, "昨": 1, "前": 2}

_CLOCK = (
    r"(?P<half>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚)?\s*(?P<hour>\d{1,2})"
    r"(?:(?:\s*:\s*(?P<minute>\d{2})(?:\s*:\s*(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)"
    r"|(?:[时時点點]\s*(?:(?P<minute2>\d{1,2})分?(?:\s*(?P<second2>\d{1,2})秒)?|(?P<whole>整)?)))"
    r"\s*(?P<noon>[AaPp]\.?[Mm]\.?)?"
)
_OFFSET = r"(?:(?P<zone>[A-Za-z]{1,4})?(?P<offset>[+-]\d{1,2}(?::?\d{2})?)|(?P<name>[A-Za-z]{1,4}))(?:\s*\([^()]*\))?"
_MONTH = r"(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_WEEKDAY = r"(?:(?P<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_CHINESE_WEEKDAY = r"(?:\s*\(?(?:星期|周|週)(?P<cweekday>[一二三四五六日天])\)?)?"
_YMD = (
    r"(?:(?P<year>\d{4})\s*(?:年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号號]?"
    r"|(?P<mark>[-/.])\s?(?P<month2>\d{1,2})(?P=mark)\s?(?P<day2>\d{1,2})))"
)

_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_YMD}{_CHINESE_WEEKDAY}(?:\s*[T,]?\s*{_CLOCK}(?:\s*{_OFFSET})?)?",
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH},?[\s-]+(?P<year>\d{{4}}|\d{{2}}(?=\s+\d+:))"
        rf"(?:,?\s+{_CLOCK}(?:\s*{_OFFSET})?)?",
        rf"{_WEEKDAY}{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?:,?\s+{_CLOCK}(?:\s*{_OFFSET})?)?",
        rf"{_WEEKDAY}{_MONTH}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+(?:{_OFFSET}\s+)?(?P<year>\d{{4}})",
        r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
        rf"(?:\s*T?\s*(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})?(?:\s*{_OFFSET})?)?",
    )
)
_RELATIVE_DAY = re.compile(rf"(?P<back>[今昨前])[天日]\s*(?:{_CLOCK})?")
_YEARLESS = re.compile(
    r"(?:(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号號]|(?P<month2>\d{2})-(?P<day2>\d{2}))"
    rf"{_CHINESE_WEEKDAY}\s*{_CLOCK}"
)
_AGO = re.compile(r"(?P<count>\d{1,3})\s*(?P<unit>秒钟?|分钟|小时|个小时|分鐘|小時)\s*[前以]前?")
_LABEL = re.compile(
    r"^(?:(?:(?:发布|发表|发稿|更新|上传|刊发|发文|成文|创建|编辑|添加|公开|信息|新闻|文章|最后|修改|發布|發表)*"
    r"(?:时间|日期|時間|于|於|在)?)\s*[:]?\s*)"
)
_HAN_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_HAN_NUMBER = re.compile(
    r"[一二][〇○零一二三四五六七八九]{3}(?=年)|[一二三四五]?十[一二三四五六七八九]?(?=[月日时分])|[一二三四五六七八九](?=[月日时分])"
)
_BRACKETS = {"[": "]", "(": ")", "<": ">", "【": "】"}


def read_date(text: str, zone: str, now: datetime, fetched: bool = True) -> Dated | None:
    """Return the instant that `text` as a whole says, None where it is in doubt.

    `zone` is the outlet's IANA zone and stands for a missing offset; `now` is aware and the base of relative forms,
    which are read only where it is the instant at which the text was fetched (`fetched`).
    A bare date is Precision.DAY at 00:00 of the zone, so is a date with an hour but no minutes; "3小时前" is now less
    three hours with Precision.DAY. `origin` is the text itself.
    """
    written = _plain(text)
    if not written or len(written) > 80:
        return None
    try:
        found = (_relative(written, ZoneInfo(zone), now) if fetched else None) or _absolute(written, zone)
    except (ValueError, OverflowError):
        return None
    if found is None or found[0] > now + FUTURE:
        return None
    return Dated(found[0].astimezone(UTC), found[1], text.strip())


def _plain(text: str) -> str:
    """Return half-width characters, one kind of blank, no label and no brackets round the whole."""
    written = " ".join(unicodedata.normalize("NFKC", text).split())
    if written and _BRACKETS.get(written[0]) == written[-1]:
        written = written[1:-1].strip()
    return _HAN_NUMBER.sub(_figures, _LABEL.sub("", written, count=1))


def _figures(number: re.Match[str]) -> str:
    """Return a number of a date in figures: 二〇二六 is written digit by digit, 二十三 is counted."""
    written = number[0]
    if "十" not in written:
        return "".join(str(_HAN_DIGITS[digit]) for digit in written)
    tens, _, ones = written.partition("十")
    return str(10 * _HAN_DIGITS.get(tens, 1) + _HAN_DIGITS.get(ones, 0))


def _relative(written: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, Precision] | None:
    if day := _RELATIVE_DAY.fullmatch(written):
        base = now.astimezone(zone).date() - timedelta(days=_DAYS_BACK[day["back"]])
        return _instant(base, day.groupdict(), zone)
    if ago := _AGO.fullmatch(written):
        return _ago(int(ago["count"]), ago["unit"], zone, now)
    if recent := _YEARLESS.fullmatch(written):
        return _recent(recent.groupdict(), zone, now)
    return None


def _recent(parts: dict[str, str | None], zone: ZoneInfo, now: datetime) -> tuple[datetime, Precision] | None:
    """Return a time of day without its year in the last of the years that it fits, None where that is long ago."""
    year = now.astimezone(zone).year
    for candidate in (year + 1, year, year - 1):
        day = _day(parts | {"year": str(candidate)})
        found = _instant(day, parts, zone) if day else None
        if found and found[0] <= now + FUTURE:
            return found if now - found[0] <= RECENT and found[1] is not Precision.DAY else None
    return None


def _ago(count: int, unit: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, Precision] | None:
    """Return now less `count`; hours are known to the hour only, so they must lie within one day of the zone."""
    if unit.startswith("秒"):
        return now - timedelta(seconds=count), Precision.MINUTE
    if unit.startswith("分"):
        return now - timedelta(minutes=count), Precision.MINUTE
    latest = now - timedelta(hours=count)
    earliest = latest - timedelta(hours=1)
    same = latest.astimezone(zone).date() == earliest.astimezone(zone).date()
    return (latest, Precision.DAY) if same else None


def _absolute(written: str, zone: str) -> tuple[datetime, Precision] | None:
    for form in _FORMS:
        if match := form.fullmatch(written):
            parts = match.groupdict()
            where = _zone(parts, zone)
            day = _day(parts)
            return _instant(day, parts, where) if day and where else None
    return None


def _day(parts: dict[str, str | None]) -> date | None:
    """Return the calendar day, None where it lies before EARLIEST or the weekday contradicts it."""
    year = int(parts["year"] or 0)
    if year < 50:
        year += 2000  # RFC 2822 section 4.3
    elif year < 100:
        year += 1900
    name = parts.get("mon")
    month = _MONTHS.index(name.lower()) + 1 if name else int(parts.get("month") or parts.get("month2") or 0)
    day = date(year, month, int(parts.get("day") or parts.get("day2") or 0))
    weekday = parts.get("weekday") or parts.get("cweekday")
    if year < EARLIEST or (weekday and _WEEKDAYS[weekday.lower()] != day.weekday()):
        return None
    return day


def _zone(parts: dict[str, str | None], zone: str) -> tzinfo | None:
    """Return the zone written, else the outlet's; None for an abbreviation that is not known or means several."""
    name = (parts.get("name") or parts.get("zone") or "").upper()
    if offset := parts.get("offset"):
        if name not in ("", "GMT", "UTC"):
            return None
        digits = offset[1:].replace(":", "")
        hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
        if hours > 14 or minutes > 59:
            return None
        return fixed((1 if offset[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
    if not name:
        return ZoneInfo(zone)
    if name == "CST":
        return fixed(timedelta(hours=8)) if zone in CHINESE_ZONES else None
    return fixed(timedelta(hours=_ABBREVIATIONS[name])) if name in _ABBREVIATIONS else None


def _instant(day: date, parts: dict[str, str | None], zone: tzinfo) -> tuple[datetime, Precision] | None:
    minute = parts.get("minute") or parts.get("minute2") or ("00" if parts.get("whole") else None)
    if parts.get("hour") is None or minute is None:
        return _local(day, time(), zone), Precision.DAY
    hour = _hour(int(parts["hour"] or 0), parts.get("half"), parts.get("noon"))
    if hour is None:
        return None
    second = parts.get("second") or parts.get("second2")
    if hour == 24 and int(minute) == 0 and int(second or 0) == 0:
        day, hour = day + timedelta(days=1), 0
    micro = int((parts.get("fraction") or "0")[:6].ljust(6, "0"))
    at = _local(day, time(hour, int(minute), int(second or 0), micro), zone)
    return at, Precision.SECOND if second else Precision.MINUTE


def _local(day: date, clock: time, zone: tzinfo) -> datetime:
    at = datetime.combine(day, clock, zone)
    if at.utcoffset() != at.replace(fold=1).utcoffset():
        raise ValueError("a local time that does not exist, or exists twice")
    return at


def _hour(hour: int, half: str | None, noon: str | None) -> int | None:
    """Return the hour of 24 with 上午, 下午, AM, PM taken in; None where they contradict or leave it open."""
    if noon:
        half = "上午" if noon[0] in "aA" else "下午"
        hour = 0 if half == "上午" and hour == 12 else hour
    if half is None:
        return hour if hour <= 24 else None
    if half in ("凌晨", "清晨", "早上", "早晨", "上午"):
        return hour if hour < 12 else None
    if half == "中午":
        return hour if hour in (11, 12) else {1: 13, 2: 14}.get(hour)
    if half == "下午":
        return hour if 12 <= hour < 24 else hour + 12 if 1 <= hour < 12 else None
    return hour if 17 <= hour < 24 else hour + 12 if 5 <= hour < 12 else None
