"""Sentences, instants and spans of time as one account reads them: its language, the office's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta

from huiying.core.messages import catalogue, text

_Unit = Literal["day", "hour", "minute"]
LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB"}


@dataclass(frozen=True, slots=True)
class Wording:
    """A language ("zh" or "en") and a zone."""

    language: str
    zone: ZoneInfo

    @property
    def locale(self) -> str:
        """Return Babel's name of the language."""
        return LOCALES[self.language]

    def text(self, key: str, /, **fields: object) -> str:
        """Return the sentence `key`; instants among `fields` are written in the office's zone."""
        ready = {name: self.moment(value) if isinstance(value, datetime) else value for name, value in fields.items()}
        return text(key, self.language, **ready)

    def known(self, key: str) -> bool:
        """Say whether the catalogues hold `key`."""
        return key in catalogue(self.language)

    def dead_letter(self, reason: str) -> str:
        """Return why a record could not be handled; the code itself where an earlier program wrote another one."""
        key = f"dead_letter.{reason}"
        return self.text(key) if self.known(key) else reason

    def moment(self, at: datetime | None) -> str:
        """Return day and minute; empty for None."""
        if at is None:
            return ""
        form = "yyyy年M月d日 HH:mm" if self.language == "zh" else "d MMM yyyy HH:mm"
        return format_datetime(at, form, tzinfo=self.zone, locale=self.locale)

    def until(self, at: datetime) -> str:
        """Return a deadline's day and minute; one that ends a day is that day's 24:00, as rules and offices say it."""
        if at.astimezone(self.zone).time() != time.min:
            return self.moment(at)
        return self.moment(at - timedelta(minutes=1))[:-5] + "24:00"

    def short(self, at: datetime | None) -> str:
        """Return day and minute without the year; empty for None."""
        if at is None:
            return ""
        form = "M月d日 HH:mm" if self.language == "zh" else "d MMM HH:mm"
        return format_datetime(at, form, tzinfo=self.zone, locale=self.locale)

    def day(self, at: datetime | None) -> str:
        """Return the day alone; empty for None."""
        return format_date(at.astimezone(self.zone).date(), "long", locale=self.locale) if at else ""

    def ago(self, at: datetime | None, now: datetime) -> str:
        """Return "3 小时前" or "in 3 hours"; empty for None."""
        return format_timedelta(at - now, add_direction=True, locale=self.locale) if at else ""

    def seconds(self, length: int) -> str:
        """Return a number of seconds in its largest unit."""
        return format_timedelta(timedelta(seconds=length), threshold=1, locale=self.locale)

    def length(self, seconds: int) -> str:
        """Return a number of seconds in its two largest units."""
        return self.span(timedelta(seconds=seconds))

    def span(self, length: timedelta) -> str:
        """Return a length in its two largest units, "2天3小时" or "2 days 3 hours"; under a minute counts as one."""
        minutes = max(1, int(abs(length).total_seconds()) // 60)
        days, hours, left = minutes // 1440, minutes % 1440 // 60, minutes % 60
        parts: list[tuple[_Unit, int]] = [("day", days), ("hour", hours), ("minute", left)]
        first = next(place for place, (_, amount) in enumerate(parts) if amount)
        told = [
            format_timedelta(timedelta(**{f"{unit}s": amount}), granularity=unit, threshold=1000, locale=self.locale)
            for unit, amount in parts[first : first + 2]
            if amount
        ]
        return ("" if self.language == "zh" else " ").join(told)
