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
from crawlers.line import AGAIN
from crawlers.schedule import Trouble, again, next_due, window, with_new
from crawlers.settled import Known
from huiying.core.config import Source
from huiying.core.dates import read_date
from huiying.core.model import Response
from huiying.core.states import Reading, SourceState

BACKLOG_AGE = timedelta(hours=72)  # older items of a source's first reading open no alert
DAYS_KEPT = 40
REFUSING = frozenset({401, 403, 451})
_TROUBLES = {
    "name": Trouble.NAME,
    "tls": Trouble.TLS,
    "robots": Trouble.REFUSED,
    "elsewhere": Trouble.REFUSED,
    "private_address": Trouble.REFUSED,
    "robots_unknown": Trouble.SERVER,
    "redirects": Trouble.GONE,
    "too_large": Trouble.PARSE,
    "broken": Trouble.PARSE,
}
_READINGS = {Trouble.REFUSED: Reading.REFUSED, Trouble.PARSE: Reading.UNREADABLE, Trouble.EMPTY: Reading.EMPTY}


@dataclass(frozen=True, slots=True)
class Failure:
    """A reading that failed: `detail` is the sentence's code under "crawl.", a blank, and what the log needs."""

    trouble: Trouble
    detail: str
    not_before: datetime | None = None

    @property
    def reading(self) -> Reading:
        """Return how the reading ended."""
        return _READINGS.get(self.trouble, Reading.UNREACHABLE)


EMPTY = Failure(Trouble.EMPTY, "")


def failure_of(answer: Response | Missed, now: datetime) -> Failure | None:
    """Return why `answer` is no reading, None where its body or a 304 can be used."""
    if isinstance(answer, Missed):
        return Failure(_TROUBLES.get(answer.code, Trouble.CONNECT), f"{answer.code} {answer.detail}")
    if answer.status in REFUSING:
        return Failure(Trouble.REFUSED, f"forbidden {answer.status}")
    if answer.status == 304 or 200 <= answer.status < 300:
        return None
    return Failure(_of_status(answer.status), f"http {answer.status}", retry_after(answer, now))


def _of_status(status: int) -> Trouble:
    if status == 429:
        return Trouble.BUSY
    return Trouble.SERVER if status >= 500 else Trouble.GONE


def unreadable(why: Unreadable) -> Failure:
    """Return the failure of a body that is no feed or list."""
    return Failure(Trouble.PARSE, f"{why.code} {why.detail}")


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
        due=again(source, failure.trouble, failures, now, failure.not_before),
    )


def unblamed(before: SourceState, now: datetime) -> SourceState:
    """Return the state after a reading that failed because our own line was down; `before` is the one before it."""
    return replace(before, reading=Reading.UNREACHABLE, detail="own_line", attempted=now, due=now + AGAIN)


def quiet(state: SourceState, reading: Reading, source: Source, zone: str, now: datetime) -> SourceState:
    """Return the state after a reading that found nothing new: 304, the same bytes, or only items that are known."""
    new = replace(state, window=window(state.window, 0, 0, timedelta(0)), every=source.every)
    return replace(
        new,
        reading=reading,
        detail="",
        attempted=now,
        succeeded=now,
        failures=0,
        due=next_due(source, zone, new, now),
    )


def brought(state: SourceState, size: int, fresh: int, zone: str, now: datetime) -> SourceState:
    """Return the state with what `fresh` new items among `size` say of rhythm and window; a first reading says none."""
    if state.succeeded is None or state.first_read is None:
        return state
    held = window(state.window, size, fresh, now - state.succeeded)
    return replace(state, window=held, rhythm=with_new(state.rhythm, fresh, zone, now))


def instants(items: Iterable[Item | Known], zone: str, now: datetime) -> dict[str, datetime]:
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
