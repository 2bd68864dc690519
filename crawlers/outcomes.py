"""What a reading of a source came to: from the answer to the next state of the source. Nothing here fetches or stores.

answer ─ failure_of ─► a failed reading | items ─► succeeded
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from crawlers.fetch import Missed, header
from crawlers.items import Item, Unreadable
from crawlers.schedule import next_due
from huiying.core.config import Source
from huiying.core.dates import read_date
from huiying.core.model import Response
from huiying.core.states import Reading, SourceState

BACKLOG_AGE = timedelta(hours=72)  # older items of a source's first reading open no alert
DAYS_KEPT = 40
REFUSING = frozenset({401, 403, 451})
_READINGS = {
    "robots": Reading.REFUSED,
    "elsewhere": Reading.REFUSED,
    "private_address": Reading.REFUSED,
    "too_large": Reading.UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A reading that failed: `detail` is the sentence's code under "crawl.", a blank, and what the log needs."""

    reading: Reading
    detail: str
    not_before: datetime | None = None


def failure_of(answer: Response | Missed, now: datetime) -> Failure | None:
    """Return why `answer` is no reading, None where its body or a 304 can be used."""
    if isinstance(answer, Missed):
        return Failure(_READINGS.get(answer.code, Reading.UNREACHABLE), f"{answer.code} {answer.detail}")
    if answer.status in REFUSING:
        return Failure(Reading.REFUSED, f"forbidden {answer.status}")
    if answer.status == 304 or 200 <= answer.status < 300:
        return None
    return Failure(Reading.UNREACHABLE, f"http {answer.status}", retry_after(answer, now))


def unreadable(why: Unreadable) -> Failure:
    """Return the failure of a body that is no feed or list."""
    return Failure(Reading.UNREADABLE, f"{why.code} {why.detail}")


def retry_after(answer: Response, now: datetime) -> datetime | None:
    """Return when the server asks to come back: Retry-After in seconds or as a date (RFC 9110 section 10.2.3)."""
    written = (header(answer, "retry-after") or "").strip()
    if written.isascii() and written.isdigit():
        return now + timedelta(seconds=min(int(written), 86400))
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def failed(state: SourceState, failure: Failure, source: Source, now: datetime) -> SourceState:
    """Return the state after a failed reading: it comes again later and later, never not at all."""
    failures = state.failures + 1
    return replace(
        state,
        reading=failure.reading,
        detail=failure.detail,
        attempted=now,
        failures=failures,
        due=next_due(source, failure.reading, failures, now, failure.not_before),
    )


def quiet(state: SourceState, reading: Reading, source: Source, now: datetime) -> SourceState:
    """Return the state after a reading that brought no items: 304, the same bytes, or an empty list."""
    return replace(
        state,
        reading=reading,
        detail="",
        attempted=now,
        succeeded=state.succeeded if reading is Reading.EMPTY else now,
        failures=0,
        due=next_due(source, reading, 0, now),
    )


def instants(items: Iterable[Item], zone: str, now: datetime) -> dict[str, datetime]:
    """Return the instants of the items that say one without doubt, by post."""
    read = ((item.post(), read_date(item.date, zone, now)) for item in items if item.date)
    return {post: dated.at for post, dated in read if dated is not None}


def is_backlog(at: datetime | None, seen: datetime) -> bool:
    """Say whether an item of a first reading was old, or of unknown age, when it was first seen."""
    return at is None or seen - at > BACKLOG_AGE


def with_dates(state: SourceState, at: Sequence[datetime], zone: str) -> SourceState:
    """Return the state with the items' instants taken in: the newest of all, the newest distinct days."""
    days = {one.astimezone(ZoneInfo(zone)).date().isoformat() for one in at} | set(state.dates)
    newest = max([*at, *([state.newest] if state.newest else [])], default=None)
    return replace(state, newest=newest, dates=tuple(sorted(days)[-DAYS_KEPT:]))
