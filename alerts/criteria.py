"""C1 to C6 of one alert at a cut-off: pure functions of its state.

A criterion fails the moment its deadline passes unmet. Meeting it later is told as `late`, and stays a failure. A step
whose clock has not begun keeps the deadline computed at opening. After a reopening from `confirmed` the first round is
judged, and C6 has failed. A page that an amendment struck proves nothing from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.alert import AlertState
from alerts.facts import Acknowledgement, Assignment, Capture, Published, Recheck
from alerts.vocabulary import Criterion, EndState, Step, Verdict

CAPTURE_WITHIN = timedelta(hours=72)
OLDEST_PAGE = timedelta(hours=24)
RECHECK_DAY = 7  # days after the confirmation; later checks are shown and decide nothing

# Under names of their own: to ask an enumeration for a member takes longer than to compare two instants.
C1, C2, C3, C4, C5, C6 = Criterion
OK, FAILED, PENDING = Verdict


class Standing(NamedTuple):
    """How one criterion stands. `at` is when it was met, or failed; `late` the seconds by which it was met too late.

    `events` are the numbers of the events that prove it; `unit` is whose failure it is, None the duty desk's. A named
    tuple, which is made in less than half the time of a frozen dataclass: a year has a hundred thousand of them.
    """

    criterion: Criterion
    verdict: Verdict
    due: datetime
    at: datetime | None = None
    late: int | None = None
    events: tuple[int, ...] = ()
    unit: str | None = None


def standings(state: AlertState, now: datetime) -> tuple[Standing, ...]:
    """Return C1 to C6 of `state` at `now`; of one dismissed or joined into another as they stood at that instant."""
    ended = state.dismissal.at if state.dismissal else state.joined_at
    at = min(now, ended) if ended else now
    judged = state.judged or state
    found = (_c1(judged, at), _c2(judged, at), _c3(judged, at), _c4(judged, at), _c5(judged, at), _c6(state, at))
    return tuple(_with_unit(judged, standing) if standing.verdict is FAILED else standing for standing in found)


def _with_unit(state: AlertState, one: Standing) -> Standing:
    """Return the failure `one` with the unit that was assigned at its instant."""
    return one._replace(unit=state.unit_at(one.at)) if one.at else one


def _ok(criterion: Criterion, due: datetime, at: datetime, *events: int) -> Standing:
    return Standing(criterion, OK, due, at, events=events)


def _failed(criterion: Criterion, due: datetime, met: datetime | None = None, *events: int) -> Standing:
    late = int((met - due).total_seconds()) if met and met > due else None
    return Standing(criterion, FAILED, due, due, late, events)


def _open(criterion: Criterion, due: datetime, now: datetime, *events: int) -> Standing:
    """Return the standing of what is not met: failed once `due` has passed."""
    if now > due:
        return _failed(criterion, due, None, *events)
    return Standing(criterion, PENDING, due, events=events)


def _c1(state: AlertState, now: datetime) -> Standing:
    """Acknowledged in time, and assigned in time to a unit that did not return it."""
    broken = _first_broken(state)
    if broken:
        return broken
    numbers = tuple(fact.seq for fact in (*state.acknowledgements, *state.assignments))
    if state.assignment:
        return _ok(C1, state.assignment.due, state.assignment.at, *numbers)
    step = Step.ASSIGN if state.acknowledgements else Step.ACKNOWLEDGE
    return _open(C1, state.deadlines[step].at, now, *numbers)


def _first_broken(state: AlertState) -> Standing | None:
    """Return the failure of the first term that was let pass, among acknowledging and each assignment."""
    terms: list[Acknowledgement | Assignment] = [*state.acknowledgements[:1], *state.assignments]
    broken: list[tuple[datetime, datetime | None, int]] = [
        (fact.due, fact.at, fact.seq) for fact in terms if fact.at > fact.due
    ]
    broken += [(fact.lapsed, None, fact.seq) for fact in state.acknowledgements if fact.lapsed]
    due, met, seq = min(broken, key=lambda entry: entry[0], default=(None, None, 0))
    return _failed(C1, due, met, seq) if due else None


def _counts_from(page: Published, capture: Capture) -> datetime:
    """Return from when `capture` counts: what we saw first, or the record if its first capture already holds.

    A page that the site itself said was not there after the record was published only later: it counts from our fetch.
    """
    if capture is page.captures[0] and not capture.absent_before:
        return min(page.at, capture.first_fetched)
    return capture.first_fetched


def _standing(pages: Iterable[Published]) -> tuple[Published, ...]:
    """Return the pages that no amendment struck."""
    return tuple(page for page in pages if page.struck is None)


def proved(state: AlertState, page: Published) -> bool:
    """Say whether a capture of `page` shows what it was recorded for, so that no later version is looked for."""
    if any(page.seq == reply.seq for reply in state.replies):
        return any(capture.topic_named and capture.place_named for capture in page.captures)
    if state.resolution and any(page.seq == outcome.seq for outcome in state.outcomes):
        return any(_is_news(state, page, capture) for capture in page.captures)
    return bool(page.captures)


def _in_term(page: Published) -> Iterator[Capture]:
    return (capture for capture in page.captures if capture.fetched <= page.at + CAPTURE_WITHIN)


def _awaited(page: Published, now: datetime) -> bool:
    """Say whether the first capture of `page` can still succeed."""
    return not page.captures and page.failed is None and now <= page.at + CAPTURE_WITHIN


def _satisfying(state: AlertState) -> list[tuple[datetime, Published, Capture]]:
    """Return the replies that meet C3 but for its deadline, in order, with the instant from which each counts."""
    oldest = state.own_earliest - OLDEST_PAGE
    return [
        (_counts_from(reply, capture), reply, capture)
        for reply in _standing(state.replies)
        for capture in _in_term(reply)
        if capture.topic_named and capture.place_named and capture.first_fetched >= oldest
    ]


def _c2(state: AlertState, now: datetime) -> Standing:
    """Verified with evidence before the first reply that satisfies C3, and before C3's deadline."""
    due = state.deadlines[Step.REPLY].at
    first = next((fact for fact in state.verifications if fact.evidence), None)
    if first is None:
        return _open(C2, due, now)
    if first.at > due:
        return _failed(C2, due, first.at, first.seq)
    reply = next((reply for at, reply, _ in _satisfying(state) if at <= due), None)
    if reply and reply.seq < first.seq:
        return Standing(C2, FAILED, due, reply.at, events=(reply.seq, first.seq))
    return _ok(C2, due, first.at, first.seq)


def _c3(state: AlertState, now: datetime) -> Standing:
    """Replied in public in time, on a page that we captured and that names topic and place."""
    due = state.deadlines[Step.REPLY].at
    replies = _satisfying(state)
    for at, reply, capture in replies:
        if at <= due:
            return _ok(C3, due, at, reply.seq, capture.seq)
    if replies:
        at, reply, capture = replies[0]
        return _failed(C3, due, at, reply.seq, capture.seq)
    waiting = [reply.seq for reply in _standing(state.replies) if reply.at <= due and _awaited(reply, now)]
    if waiting:
        return Standing(C3, PENDING, due, events=tuple(waiting))
    return _open(C3, due, now, *(reply.seq for reply in state.replies))


def _c4(state: AlertState, now: datetime) -> Standing:
    """Resolved in time with evidence; "report untrue" needs a captured public reply."""
    due = state.deadlines[Step.RESOLVE].at
    resolution = state.resolution
    if resolution is None:
        return _open(C4, due, now)
    if resolution.at > due:
        return _failed(C4, due, resolution.at, resolution.seq)
    since = resolution.stands_since or resolution.at
    if resolution.end_state is not EndState.UNTRUE and since <= due:
        return _ok(C4, due, since, resolution.seq)
    # "Report untrue", or an end state that was amended from it only after the deadline.
    proof = [(reply.seq, capture.seq) for at, reply, capture in _satisfying(state) if at <= due]
    if proof:
        return _ok(C4, due, resolution.at, resolution.seq, *proof[0])
    if any(_awaited(reply, now) and reply.at <= due for reply in _standing(state.replies)):
        return Standing(C4, PENDING, due, events=(resolution.seq,))
    return _open(C4, due, now, resolution.seq)


def _c5(state: AlertState, now: datetime) -> Standing:
    """Published the outcome in time after resolution, captured; the reply's page only in a version fetched after it."""
    due = state.deadlines[Step.PUBLISH].at
    if state.resolution is None:
        return _open(C5, due, now)
    captured = [
        (_counts_from(page, capture), page, capture)
        for page in _standing(state.outcomes)
        for capture in _in_term(page)
        if _is_news(state, page, capture)
    ]
    if state.resolution.passed:
        met = captured[0][0] if captured else None
        return _failed(C5, state.resolution.passed, met, *(page.seq for page in state.outcomes))
    for at, page, capture in captured:
        if at <= due:
            return _ok(C5, due, at, page.seq, capture.seq)
    if captured:
        return _failed(C5, due, captured[0][0], captured[0][1].seq, captured[0][2].seq)
    if any(page.at <= due and _awaited(page, now) for page in _standing(state.outcomes)):
        return Standing(C5, PENDING, due, events=tuple(page.seq for page in state.outcomes))
    return _open(C5, due, now, *(page.seq for page in state.outcomes))


def _is_news(state: AlertState, page: Published, capture: Capture) -> bool:
    """Say whether `capture` is no older than the matter, and no page of the reply's fetched before the resolution."""
    assert state.resolution is not None
    if capture.first_fetched < state.own_earliest - OLDEST_PAGE:
        return False
    known = {held.sha256 for reply in state.replies for held in reply.captures}
    replied = capture.sha256 in known or page.address in {reply.address for reply in state.replies}
    return not replied or capture.first_fetched >= state.resolution.at


def _c6(state: AlertState, now: datetime) -> Standing:
    """Confirmed in time by a second person; since then not reopened, not recurring, the pages still there."""
    judged = state.judged or state
    due = judged.deadlines[Step.CONFIRM].at
    confirmation = judged.confirmation
    if state.judged:
        reopening = next(fact for fact in state.reopenings if fact.closed == "confirmed")
        numbers = (confirmation.seq, reopening.seq) if confirmation else (reopening.seq,)
        return Standing(C6, FAILED, due, reopening.at, events=numbers)
    passed = state.outcomes[0].passed if state.outcomes else None
    if passed:
        return _failed(C6, passed, confirmation.at if confirmation else None)
    if confirmation is None:
        return _open(C6, due, now)
    second = state.resolution is not None and state.resolution.actor != confirmation.actor
    if confirmation.at > due or not second:
        return _failed(C6, due, confirmation.at, confirmation.seq)
    return _undone(state, now, due) or _ok(C6, due, confirmation.at, confirmation.seq)


def _undone(state: AlertState, now: datetime, due: datetime) -> Standing | None:
    """Return the failure of what came after the confirmation, or that it is still to be judged; None for neither."""
    fallen = [(at, one.seq) for one in state.recurrences if (at := one.fails_at(now))]
    fallen += [(recheck.at, recheck.seq) for recheck in _missing(state, now)]
    if fallen:
        at, seq = min(fallen)
        return Standing(C6, FAILED, due, at, events=(seq,))
    open_ones = tuple(one.seq for one in state.recurrences if one.open_at(now))
    return Standing(C6, PENDING, due, events=open_ones) if open_ones else None


def _missing(state: AlertState, now: datetime) -> list[Recheck]:
    """Return the 7-day checks that did not find a page without which C3 or C5 would not hold."""
    missed = [check for check in state.rechecks if check.day == RECHECK_DAY and not check.there]
    if not missed:
        return []
    of = {check.of for check in missed}
    without = replace(
        state,
        replies=tuple(page for page in state.replies if page.seq not in of),
        outcomes=tuple(page for page in state.outcomes if page.seq not in of),
    )
    lost = [test for test in (_c3, _c5) if test(state, now).verdict is OK and test(without, now).verdict is not OK]
    proof = {seq for test in lost for seq in test(state, now).events}
    return [check for check in missed if check.of in proof]
