"""When a source is due. Nothing is ever given up: the longest wait is a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from huiying.core.config import Source
from huiying.core.states import Reading, SourceState

LONGEST = timedelta(hours=24)
FULL_EVERY = 20  # polls; some servers answer 304 for ever
# A server that cannot be reached mostly comes back soon; a body that is no feed needs a person; a refusal is a wish.
BACK_OFF: Mapping[Reading, tuple[timedelta, int]] = {
    Reading.UNREACHABLE: (timedelta(0), 2),
    Reading.UNREADABLE: (timedelta(0), 3),
    Reading.REFUSED: (timedelta(hours=1), 2),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A source that is due: its id and since when."""

    source: str
    since: datetime


def next_due(
    source: Source, reading: Reading, failures: int, now: datetime, not_before: datetime | None = None
) -> datetime:
    """Return when `source` is due after a reading at `now`, the `failures`-th failed one in a row (0: it did not fail).

    `not_before` is what the server itself asked for (Retry-After, RFC 9110 section 10.2.3), obeyed up to a day.
    """
    wait = timedelta(seconds=source.every)
    if reading in BACK_OFF:
        least, factor = BACK_OFF[reading]
        wait = max(wait, least) * factor ** min(max(failures, 1) - 1, 12)
    at = now + min(wait, max(LONGEST, timedelta(seconds=source.every)))
    return max(at, min(not_before, now + LONGEST)) if not_before else at


def due(states: Mapping[str, SourceState], sources: Iterable[tuple[str, Source]], now: datetime) -> list[Waiting]:
    """Return the sources that are due at `now`, longest waiting first, then in the configuration's order."""
    waiting = []
    for id, source in sources:
        since = _since(states.get(id), source, now)
        if since <= now:
            waiting.append(Waiting(id, since))
    return sorted(waiting, key=lambda one: one.since)


def _since(state: SourceState | None, source: Source, now: datetime) -> datetime:
    """Return when it is due; a shorter interval in the configuration counts at once for a source that works."""
    if state is None:
        return now
    if state.failures == 0 and state.attempted is not None:
        return min(state.due, state.attempted + timedelta(seconds=source.every))
    return state.due


def conditional(polls: int, distrusted: bool) -> bool:
    """Say whether the poll after `polls` earlier ones may ask "only if changed"."""
    return not distrusted and (polls + 1) % FULL_EVERY != 0
