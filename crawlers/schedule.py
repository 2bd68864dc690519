"""When a source is due. Nothing is ever given up: the longest wait is a day.

read    ─ its rhythm over the week ─► wait ─ the publisher's wish ─► longer ─ the feed's window ─► shorter ─► due
failed  ─ its class, how often in a row ─► wait ─ Retry-After ─► due
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from huiying.core.config import Source
from huiying.core.states import SourceState

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(hours=24)
HOUR = timedelta(hours=1)
FULL_EVERY = 20  # polls; some servers answer 304 for ever
WEEK = 168  # hours
KNOWN_AFTER = timedelta(days=14)  # each hour of the week was seen twice
KNOWN_FROM = 50  # items
FULL = 5000  # items that a rhythm remembers; then all of it is halved, so that the newer half weighs more
STRETCH = 6  # how many times `every` the wait may be where nothing was ever published: news breaks at night too
GROWTH = 1.02  # by which a feed's window recovers at each reading after the busiest one


class Trouble(StrEnum):
    """Why a reading failed, as far as it matters for when to come again."""

    NAME = "name"
    CONNECT = "connect"
    TLS = "tls"
    GONE = "gone"
    BUSY = "busy"
    SERVER = "server"
    PARSE = "parse"
    EMPTY = "empty"
    REFUSED = "refused"


NETWORK = frozenset({Trouble.NAME, Trouble.CONNECT})  # what a failure of our own line looks like
# The least first wait, by which it is multiplied each time, and the most. A server that cannot be reached mostly comes
# back soon; a certificate, an address or a body that is wrong needs a person there; a refusal is a wish.
BACK_OFF: Mapping[Trouble, tuple[timedelta, int, timedelta]] = {
    Trouble.NAME: (timedelta(0), 2, 6 * HOUR),
    Trouble.CONNECT: (timedelta(0), 2, 2 * HOUR),
    Trouble.TLS: (HOUR, 2, LONGEST),
    Trouble.GONE: (HOUR, 2, LONGEST),
    Trouble.BUSY: (timedelta(minutes=10), 2, LONGEST),
    Trouble.SERVER: (timedelta(0), 2, 4 * HOUR),
    Trouble.PARSE: (timedelta(0), 3, LONGEST),
    Trouble.EMPTY: (timedelta(0), 2, 6 * HOUR),
    Trouble.REFUSED: (HOUR, 2, LONGEST),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A source that is due: its id and since when."""

    source: str
    since: datetime


def next_due(source: Source, zone: str, state: SourceState, now: datetime) -> datetime:
    """Return when `source` is due after a reading at `now` that did not fail, `state` being what it left behind.

    The window wins over the wish: a feed of N items is read before N new ones can have appeared.
    """
    every = timedelta(seconds=source.every)
    wait = max(_by_rhythm(state, every, zone, now), timedelta(seconds=state.wish))
    if state.window is not None:
        wait = min(wait, timedelta(seconds=state.window / 2))
    return now + min(max(wait, min(SHORTEST, every)), max(LONGEST, every))


def again(
    source: Source, trouble: Trouble, failures: int, now: datetime, not_before: datetime | None = None
) -> datetime:
    """Return when `source` is due after a failure at `now`, the `failures`-th in a row.

    `not_before` is what the server itself asked for (Retry-After, RFC 9110 section 10.2.3), obeyed up to a day.
    """
    every = timedelta(seconds=source.every)
    least, factor, most = BACK_OFF[trouble]
    wait = max(every, least) * int(factor ** min(max(failures, 1) - 1, 12))
    at = now + min(wait, max(most, every))
    return max(at, min(not_before, now + LONGEST)) if not_before else at


def with_new(rhythm: Sequence[int], fresh: int, zone: str, now: datetime) -> tuple[int, ...]:
    """Return `rhythm`, new items by hour of the week in `zone` from Monday 00:00, with `fresh` ones seen at `now`."""
    counts = list(rhythm) or [0] * WEEK
    counts[_hour(zone, now)] += fresh
    return tuple(count // 2 for count in counts) if sum(counts) > FULL else tuple(counts)


def window(known: float | None, size: int, fresh: int, elapsed: timedelta) -> float | None:
    """Return in how many seconds `size` new items, all that a feed holds, may appear; None before any was new.

    `fresh` of them were new `elapsed` after the reading before. All of them: some may have been missed between, so the
    window is half of that. The busiest reading counts, and is forgotten slowly.
    """
    grown = known * GROWTH if known is not None else None
    if not fresh or not size:
        return grown
    seen = elapsed.total_seconds() * (0.5 if fresh >= size else size / fresh)
    seen = max(seen, 2 * SHORTEST.total_seconds())
    return seen if grown is None else min(seen, grown)


def due(states: Mapping[str, SourceState], sources: Iterable[tuple[str, Source]], now: datetime) -> list[Waiting]:
    """Return the sources that are due at `now`, longest waiting first, then in the configuration's order."""
    waiting = []
    for id, source in sources:
        since = _since(states.get(id), source, now)
        if since <= now:
            waiting.append(Waiting(id, since))
    return sorted(waiting, key=lambda one: one.since)


def conditional(polls: int, distrusted: bool) -> bool:
    """Say whether the poll after `polls` earlier ones may ask "only if changed"."""
    return not distrusted and (polls + 1) % FULL_EVERY != 0


def _by_rhythm(state: SourceState, every: timedelta, zone: str, now: datetime) -> timedelta:
    """Return the wait in which as much appears as in `every` at an hour as busy as the average item's."""
    known = state.first_read is not None and now - state.first_read >= KNOWN_AFTER
    if not known or sum(state.rhythm) < KNOWN_FROM:
        return every
    smooth = [
        (state.rhythm[hour - 1] + 2 * state.rhythm[hour] + state.rhythm[(hour + 1) % WEEK]) / 4 for hour in range(WEEK)
    ]
    usual = sum(count * count for count in smooth) / sum(smooth)
    wanted, at, wait = usual * (every / HOUR), now, timedelta(0)
    while wanted > 0 and wait < LONGEST:
        rate = max(smooth[_hour(zone, at)], usual / STRETCH)
        left = HOUR - (at - at.replace(minute=0, second=0, microsecond=0))
        step = min(left, HOUR * (wanted / rate))
        wanted -= rate * (step / HOUR)
        at, wait = at + step, wait + step
        if step < left:
            break
    return min(wait, LONGEST)


def _hour(zone: str, at: datetime) -> int:
    local = at.astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def _since(state: SourceState | None, source: Source, now: datetime) -> datetime:
    """Return when it is due; a shorter interval in the configuration counts at once for a source that works."""
    if state is None:
        return now
    if state.failures == 0 and state.attempted is not None and source.every < state.every:
        return min(state.due, state.attempted + timedelta(seconds=source.every))
    return state.due
