"""A source that a person wants read now: asked for through the store, and never against the site's own wish.

desk ─ may it? ─► cursors "check:SOURCE" (when), "check" (how many) ─► crawl ─ may it still? ─► due at once
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from huiying.core.states import Cursors, Reading, SourceState

LEAST = timedelta(minutes=1)  # between two readings of a source, whoever asks
_ASKED = "check"
_LATER = ("http 429", "http 503")  # answers that ask to come again later (RFC 6585 section 4, RFC 9110 section 15.6.4)


def refusal(state: SourceState | None, now: datetime) -> str | None:
    """Return why a source may not be read at `now` before it is due: a code, or None where it may."""
    if state is None:
        return None
    if state.reading is Reading.REFUSED:
        return "check_refused"
    if state.due > now and state.detail.startswith(_LATER):
        return "check_later"
    if state.attempted is not None and now - state.attempted < LEAST:
        return "check_soon"
    return None


def ask(cursors: Cursors, source: str, now: datetime) -> None:
    """Ask for a reading of `source`; whoever sees the new number finds the source's own cursor set."""
    cursors.set(f"{_ASKED}:{source}", int(now.timestamp()))
    cursors.set(_ASKED, cursors.get(_ASKED) + 1)


def asked(cursors: Cursors) -> int:
    """Return how often readings were asked for."""
    return cursors.get(_ASKED)


def wanted(cursors: Cursors, state: SourceState, now: datetime) -> bool:
    """Say whether `state`'s source was asked for since it was read last, and may be read at `now`."""
    at = cursors.get(f"{_ASKED}:{state.source}")
    if not at or (state.attempted is not None and state.attempted >= datetime.fromtimestamp(at, UTC)):
        return False
    return refusal(state, now) is None
