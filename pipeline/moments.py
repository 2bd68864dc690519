"""Which of a page's dates says when it was published: the one that is seen near the headline, checked by the head's.

lines ─► below the headline, above it, round the text's end ─┐
head  ─► JSON-LD, meta, <time>, the page's own data          ┴─► the first of this order that the page has

time of day below the headline, not called an update
time of day in the head, unless another day is seen below the headline
day below the headline, with the time above it where that is of the same day
time above the headline, the head's day, a day above, what stands round the text's end, an update's time
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from huiying.core.dates import read_date
from huiying.core.model import Dated, Precision
from pipeline.lines import Layout, Line

_CLOCK = (
    r"(?:\s*T?\s*(?:上午|下午|晚上|凌晨|早上|中午)?\s*\d{1,2}\s*"
    r"(?:[:：]\s*\d{2}(?:\s*[:：]\s*\d{2})?|[时点]\s*\d{1,2}\s*分?(?:\s*\d{1,2}\s*秒)?)(?:\s?[AP]M\b|Z\b|[+-]\d{2}:\d{2})?)?"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
_DATE = re.compile(
    r"(?<![\d.])(?:(?:19|20)\d{2}\s*(?:年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|([-/.])\s?\d{1,2}\1\s?\d{1,2}(?!\d))"
    r"(?:\s*(?:星期|周)[一二三四五六日天])?"
    + _CLOCK
    + r"|(?P<year>20\d{2})\s+(?P<day>\d{1,2}\s?[/-]\s?\d{1,2})(?!\d)(?P<clock>"
    + _CLOCK
    + ")"
    r"|(?:"
    + _MONTH
    + r"\s\d{1,2},?|\d{1,2}\s"
    + _MONTH
    + r",?)\s(?:19|20)\d{2},?"
    + _CLOCK
    + r"|[一二][〇○零一二三四五六七八九]{3}年[一二三四五六七八九十]{1,2}月[一二三四五六七八九十]{1,3}日)"
)
_RELATIVE = re.compile(
    r"(?:\d{1,2}\s*分钟前|\d{1,2}\s*小时前|[今昨前]天\s*\d{1,2}:\d{2}|(?<![\d年.:-])(?:\d{1,2}月\d{1,2}日|\d{2}-\d{2})\s*\d{1,2}:\d{2}(?!\d))"
)
# What every date has: most lines fail here.
_HINT = re.compile(r"(?:19|20|１９|２０)\d\d|[一二][〇○零九]|\d\s?(?:分钟|小时)前|[今昨前]天|\d月\d|\d-\d")
_CALLED = re.compile(r"发布|发表|发稿|刊发|播发|上传|公布|Published|Posted", re.IGNORECASE)
_OTHERWISE = re.compile(r"更新|修改|成文|编辑于|最后|截止|截至|有效|Updated|Modified", re.IGNORECASE)
_NEVER = re.compile(r"今天是|现在是|当前|打印|开始|结束|注册|生日|出生")
_BELOW, _ABOVE, _AROUND = 60, 20, 6  # lines from the headline or the text's end; on 57 pages all within 25
_LONGEST = 200  # characters of a line that may hold a date of publication
_BESIDE = 40  # characters that may stand beside a bare day


@dataclass(frozen=True, slots=True)
class Reader:
    """How dates are read: the outlet's zone, the present, and whether that is the instant of fetching."""

    zone: str
    now: datetime
    fetched: bool

    def read(self, text: str, origin: str) -> Dated | None:
        """Return the date that `text` says, with `origin` as its source."""
        dated = read_date(text, self.zone, self.now, self.fetched)
        return Dated(dated.at, dated.precision, origin) if dated else None

    def same_day(self, one: Dated, other: Dated) -> bool:
        """Say whether both lie on one day of the outlet's zone."""
        zone = ZoneInfo(self.zone)
        return one.at.astimezone(zone).date() == other.at.astimezone(zone).date()


class Seen:
    """The dates of one stretch of lines, nearest first: with a time of day, days alone, those called an update's."""

    def __init__(self) -> None:
        self._found: list[tuple[Dated, bool, bool]] = []

    def take(self, dated: Dated, before: str) -> None:
        """Note a date and what stands before it."""
        if not _NEVER.search(before):
            self._found.append((dated, bool(_CALLED.search(before)), bool(_OTHERWISE.search(before))))

    @property
    def exact(self) -> Dated | None:
        """Return the first with a time of day, one that is called the publication before others."""
        return self._first(day=False)

    @property
    def day(self) -> Dated | None:
        """Return the first day without a time, chosen alike."""
        return self._first(day=True)

    @property
    def update(self) -> Dated | None:
        """Return the first that is called an update."""
        return next((dated for dated, _, otherwise in self._found if otherwise), None)

    def _first(self, day: bool) -> Dated | None:
        fit = [
            (not called, dated)
            for dated, called, otherwise in self._found
            if not otherwise and (dated.precision is Precision.DAY) == day
        ]
        return min(fit, key=lambda one: one[0])[1] if fit else None


def seen(layout: Layout, headline: tuple[int, int] | None, body: Sequence[int], reader: Reader) -> tuple[Seen, ...]:
    """Return what is seen below the headline, above it, and round the text's end."""
    last = headline[1] if headline else -1
    first = body[0] if body and body[0] > last else last + _BELOW
    end = body[-1] + _AROUND if body else last
    below = range(last, min(first + 1, last + _BELOW, len(layout.lines))) if headline else range(0)
    top = headline[0] if headline else min(first, _BELOW, len(layout.lines))
    above = range(top - 1, max(-1, top - (_ABOVE if headline else _BELOW)), -1)
    around = [n for n in range(max(first, last + 1), end) if n < len(layout.lines) and layout.lines[n].prose < _BESIDE]
    return tuple(_seen(layout.lines, numbers, reader) for numbers in (below, above, reversed(around)))


def published(stretches: Sequence[Seen], head: Iterable[tuple[str, str]], reader: Reader) -> Dated | None:
    """Return the time of publication; `head` are texts of the head with their sources, the most trusted first."""
    below, above, around = stretches
    if below.exact:
        return below.exact
    told, exact = _told(head, reader)
    if exact and not (below.day and not reader.same_day(exact, below.day)):
        return exact
    if below.day:
        return above.exact if above.exact and reader.same_day(above.exact, below.day) else below.day
    order = (above.exact, *told, above.day, around.exact, around.day, below.update, above.update, around.update)
    return next((dated for dated in order if dated), None)


def _told(head: Iterable[tuple[str, str]], reader: Reader) -> tuple[list[Dated], Dated | None]:
    """Return what the head says up to the first time of day, and that."""
    told = []
    for text, origin in head:
        if dated := reader.read(text, origin):
            told.append(dated)
            if dated.precision is not Precision.DAY:
                return told, dated
    return told, None


def _seen(lines: Sequence[Line], numbers: Iterable[int], reader: Reader) -> Seen:
    found = Seen()
    for number in numbers:
        for dated, before in _dates(lines, number, reader):
            found.take(dated, before)
    return found


def _dates(lines: Sequence[Line], number: int, reader: Reader) -> Iterator[tuple[Dated, str]]:
    """Yield the dates that begin in a line, with what stands before each; a day counts only where little else does."""
    line = lines[number]
    size = len(line.text)
    if size > _LONGEST or line.linked * 2 > size or not _HINT.search(line.text) or "。" in line.text:
        return
    text = unicodedata.normalize("NFKC", line.spaced)
    own = len(text)
    for follower in lines[number + 1 : number + 3] if size <= _BESIDE else ():
        if len(follower.text) > 12:
            break
        text += f" {unicodedata.normalize('NFKC', follower.spaced)}"
    begun = 0
    for match in _DATE.finditer(text):
        written = (
            f"{match['year']}-{re.sub(r'[/ -]+', '-', match['day'])}{match['clock']}" if match["year"] else match[0]
        )
        dated = reader.read(written, "page") if match.start() < own else None
        if dated and (dated.precision is not Precision.DAY or own - len(match[0]) <= _BESIDE):
            yield dated, text[max(begun, match.start() - 12) : match.start()]
        begun = match.end()
    if begun == 0 and reader.fetched and own <= _BESIDE:
        for match in _RELATIVE.finditer(text[:own]):
            if dated := reader.read(match[0], "page"):
                yield dated, text[: match.start()]
