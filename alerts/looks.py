"""When a page is looked at again, and what the answers mean: pure decisions; `looking` asks and records.

reply, outcome    7 and 28 days after the confirmation: there, and still naming topic and place?
posts             1, 3, 7 and 30 days after the opening: there, and the one that opened it still naming both?

"Gone" is believed once two answers an hour apart say so. A site that does not answer is asked for 72 h: then a reply or
outcome counts as not there, and of a post nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.alert import AlertState
from alerts.criteria import CAPTURE_WITHIN, RECHECK_DAY, standings
from alerts.vocabulary import Criterion, Verdict

PAGE_DAYS = (RECHECK_DAY, 28)
POST_DAYS = (1, 3, 7, 30)
BELIEVED_AFTER = timedelta(hours=1)
_PROOF = (Criterion.C3, Criterion.C5)


@dataclass(frozen=True, slots=True)
class Look:
    """An address to look at again: of event `event`, from `due` on; `post` is the post's id, None for a page."""

    alert: str
    event: int
    address: str
    day: int
    due: datetime
    post: str | None = None

    @property
    def until(self) -> datetime:
        """Return until when it is tried."""
        return self.due + CAPTURE_WITHIN


class Answer(StrEnum):
    """What one attempt told."""

    THERE = "there"
    GONE = "gone"  # the site says so, or the page names the matter no more
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Seen:
    """One attempt's answer with its instant and the reason of what is not THERE."""

    answer: Answer
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known: `there` True, False or None (never to be known); `seen` is the index of the answer for it."""

    there: bool | None
    seen: int


def looks(state: AlertState, now: datetime) -> Iterator[Look]:
    """Yield what of `state` is to be looked at now and is not recorded yet."""
    if state.joined_into is None:
        yield from _posts(state, now)
    if state.confirmation is not None:
        yield from _pages(state, state.confirmation.at, now)


def _posts(state: AlertState, now: datetime) -> Iterator[Look]:
    gone = {one.post for one in state.gone}
    for day in POST_DAYS:
        due = state.opened_at + timedelta(days=day)
        if due <= now <= due + CAPTURE_WITHIN + BELIEVED_AFTER:
            for post in state.posts:
                if post.id not in gone:
                    yield Look(state.id, post.seq, post.address, day, due, post.id)


def _pages(state: AlertState, confirmed: datetime, now: datetime) -> Iterator[Look]:
    known = {(check.of, check.day) for check in state.rechecks}
    # Of an alert that was reopened the first round is judged: its pages are those that prove.
    rounds = [one for one in (state.judged, state) if one is not None]
    pages = {page.seq: page for one in rounds for page in (*one.replies, *one.outcomes)}
    for day in PAGE_DAYS:
        due = confirmed + timedelta(days=day)
        for event in _proof(state, now) if due <= now else ():
            if (event, day) not in known:
                yield Look(state.id, event, pages[event].address, day, due)


def _proof(state: AlertState, now: datetime) -> tuple[int, ...]:
    """Return the events of the pages that prove C3 and C5."""
    found = (one for one in standings(state, now) if one.criterion in _PROOF and one.verdict is Verdict.OK)
    return tuple(dict.fromkeys(one.events[0] for one in found))


def decide(look: Look, seen: Sequence[Seen], now: datetime) -> Finding | None:
    """Return what `seen` (in order) tells of `look`; None while it is to be asked again."""
    for index, one in enumerate(seen):
        if one.answer is Answer.THERE:
            return Finding(True, index)
        agreed = any(before.answer is Answer.GONE and one.at - before.at >= BELIEVED_AFTER for before in seen[:index])
        if one.answer is Answer.GONE and agreed:
            return Finding(False, index)
    # Where nothing ran when it was due, the 72 h begin with the first attempt: silence must have been heard.
    if not seen or now <= max(look.until, seen[0].at + CAPTURE_WITHIN):
        return None
    # A single "gone" that nobody contradicted within 72 h stands; silence is no answer of a post.
    told = next((index for index, one in enumerate(seen) if one.answer is Answer.GONE), None)
    if told is not None:
        return Finding(False, told)
    return Finding(None if look.post else False, len(seen) - 1)
