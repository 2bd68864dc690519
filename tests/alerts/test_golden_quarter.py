"""A quarter of 120 alerts, each history written by hand, and its figures worked out on paper.

Everything is opened at ten in the morning or a few minutes later, on working days, and goes the usual way unless its
row says otherwise: acknowledged after 5 min, assigned after 10 min, verified and replied after 2 h, resolved and
published after 24 h, confirmed after 25 h. Each post was published 30 min before it was opened.

    history                     alerts   C1 C2 C3 C4 C5 C6
    usual                           38    o  o  o  o  o  o
    confirmed after 7 days           2    o  o  o  o  o  o   still observed on 3 July
    major, with its briefing        12    o  o  o  o  o  o   roads, level 3
    by hand                          4    o  o  o  o  o  o
    partly solved                    6    o  o  o  o  o  o
    could not be solved              3    o  o  o  o  o  o
    report untrue                    2    o  o  o  o  o  o
                          K  =      67
    acknowledged after 20 min        7    f  o  o  o  o  o   assigned after 25 min
    acknowledged, then forgotten     3    f  f  f  f  f  f
    never touched                    3    f  f  f  f  f  f
    major, never touched             2    f  f  f  f  f  f   roads, level 3
    replied after 49 h               5    o  o  f  o  o  o   verified after 2 h; resolved 50 h, confirmed 51 h
    reply names no place             2    o  o  f  o  o  o
    resolved after the deadline      4    o  o  o  f  o  o   on 15 April at 01:00, confirmed an hour later
    published after 49 h             3    o  o  o  o  f  o   25 h after it was resolved; confirmed after 50 h
    never confirmed                  4    o  o  o  o  o  f
    confirmed after 7 days, late     2    o  o  o  o  o  f   the deadline was 14 April, 24:00
    confirmed, reopened              3    o  o  o  o  o  f
                          F  =      38
    false match                      4    dismissed after 8 min
    outside jurisdiction             2    dismissed after 8 min
    duplicate                        2    dismissed after 8 min
                          X  =       8
    due in the quarter before        3    usual
    not yet due on 3 July            2    replied
                                     1    acknowledged after 20 min: C1 failed already
                                     1    never touched: C1 and C3 failed already, which is one alert

67 + 38 + 8 + 3 + 4 = 120 alerts. The rate is 67 / 105, 638 thousandths; with the excluded counted against us 67 / 113.
8 of 113 is 7 %: no flag.

Failed:      C1 7 + 3 + 3 + 2 = 15      C2 3 + 3 + 2 = 8            C3 8 + 5 + 2 = 15
             C4 8 + 4 = 12              C5 8 + 3 = 11               C6 8 + 4 + 2 + 3 = 17
Three fast:  C3 90 / 105                C4 93 / 105                 C5 94 / 105
End states:  partly 6, could not 3, untrue 2, none 8 (forgotten and untouched), solved 105 - 19 = 86
Duty desk:   those whose C1 failed, 0 / 15; roads bureau 12 / 12; water bureau 55 / 78
Topics:      roads 12 / 14, water 55 / 91; levels the same: 3 is roads, 1 is water
Late:        7 + 5 + 4 + 3 + 2 = 21
Without by hand: 63 / 101.              Briefing: 12 / 14.

Times from detection, in seconds; n = 105, the median is reached at 53 alerts done, the 90th percentile when at most
10.5 wait (all censored wait longer than anything that was done):

    acknowledged   93 at 300 (12 wait), 7 at 1200 (5 wait)                                      300, 1200
    assigned       90 at 600 (15), 7 at 1500 (8)                                                600, 1500
    replied        90 at 7200 (15), 5 at 176400 (10)                                           7200, 176400
    resolved       88 at 86400 (17), 5 at 180000 (12), 4 at 658800 (8)                        86400, 658800
    published      85 at 86400 (20), 3 at 176400 (17), 5 at 180000 (12), 4 at 658800 (8)      86400, 658800
    confirmed      77 at 90000 (28), 3 at 180000 (25), 5 at 183600 (20), 4 at 604800 (16),
                   4 at 662400 (12)                                                           90000, never reached
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from alerts.figures import Figures, Rate, figures
from alerts.opening import alert_id
from alerts.periods import period
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from alerts.vocabulary import Criterion, EndState, Ground, Step
from huiying.core.codec import instant
from tests.alerts.scene import CHIEF, DUTY, OUTCOME, REPLY, RESOLVE, UNIT, VERIFY, Actor, Scene, post, topic
from tests.alerts.scene import OTHER_UNIT as ROADS

CUTOFF = "2026-07-03T09:00:00+08:00"
Act = Callable[[Scene, str], object]
Way = dict[str, tuple[float, Act]]  # hours after the opening

MINUTE = 1 / 60


def command(actor: Actor, type: C, **given: Any) -> Act:
    return lambda scene, alert: scene.do(actor, type, alert, **given)


def page(actor: Actor, type: C, named: bool = True, **given: Any) -> Act:
    return lambda scene, alert: scene.captured(scene.do(actor, type, alert, **given)[-1], place=named)


def usual(unit: Actor = UNIT, **end: Any) -> Way:
    return {
        "acknowledge": (5 * MINUTE, command(DUTY, C.ACKNOWLEDGE)),
        "assign": (10 * MINUTE, command(DUTY, C.ASSIGN, unit=unit.unit)),
        "reply": (2, page(unit, C.VERIFY_AND_REPLY, **VERIFY, **REPLY)),
        "resolve": (24, page(unit, C.RESOLVE_AND_PUBLISH, **RESOLVE | end, **OUTCOME)),
        "confirm": (25, command(CHIEF, C.CONFIRM)),
    }


def late_acknowledged() -> Way:
    at = {"acknowledge": 20 * MINUTE, "assign": 25 * MINUTE}
    return {name: (at.get(name, hours), act) for name, (hours, act) in usual().items()}


def without(*steps: str) -> Way:
    return {name: step for name, step in usual().items() if name not in steps}


REPLIED_LATE: Way = {
    **without("reply"),
    "verify": (2, command(UNIT, C.VERIFY, **VERIFY)),
    "reply": (49, page(UNIT, C.REPLY, **REPLY)),
    "resolve": (50, usual()["resolve"][1]),
    "confirm": (51, usual()["confirm"][1]),
}
RESOLVED_LATE: Way = {
    **without("resolve", "confirm"),
    "resolve": (7 * 24 + 15, usual()["resolve"][1]),
    "confirm": (7 * 24 + 16, usual()["confirm"][1]),
}
PUBLISHED_LATE: Way = {
    **without("resolve", "confirm"),
    "resolve": (24, command(UNIT, C.RESOLVE, **RESOLVE)),
    "publish": (49, page(UNIT, C.PUBLISH_OUTCOME, **OUTCOME)),
    "confirm": (50, usual()["confirm"][1]),
}
AFTER_A_WEEK: Way = {**usual(), "confirm": (7 * 24, usual()["confirm"][1])}


def dismissed(ground: str, **of: Any) -> Way:
    return {
        "propose": (5 * MINUTE, command(DUTY, C.PROPOSE_DISMISSAL, ground=ground, why="核对原文", **of)),
        "dismiss": (8 * MINUTE, command(CHIEF, C.DISMISS)),
    }


def rows() -> Iterator[tuple[str, int, str | None, Way]]:
    """Yield name, how many, the day they are opened (None: one working day after another) and the way."""
    yield "usual", 38, None, usual()
    yield "observed", 2, "2026-06-15", AFTER_A_WEEK
    yield (
        "major",
        12,
        None,
        usual(ROADS) | {"briefing": (3, command(ROADS, C.HOLD_BRIEFING, evidence=VERIFY["evidence"]))},
    )
    yield "hand", 4, None, usual()
    yield "partly", 6, None, usual(end_state="partly_solved", why="还差一段管道")
    yield "could not", 3, None, usual(end_state="not_solved", why="产权属上级")
    yield "untrue", 2, None, usual(end_state="untrue", why="已澄清")
    yield "acknowledged late", 7, None, late_acknowledged()
    yield "forgotten", 3, None, without("assign", "reply", "resolve", "confirm")
    yield "never", 3, None, {}
    yield "major never", 2, None, {}
    yield "replied late", 5, None, REPLIED_LATE
    yield "no place", 2, None, usual() | {"reply": (2, page(UNIT, C.VERIFY_AND_REPLY, named=False, **VERIFY, **REPLY))}
    yield "resolved late", 4, "2026-04-07", RESOLVED_LATE
    yield "published late", 3, "2026-04-14", PUBLISHED_LATE
    yield "never confirmed", 4, None, without("confirm")
    yield "confirmed late", 2, "2026-04-08", AFTER_A_WEEK
    yield "reopened", 3, None, usual() | {"reopen": (6 * 24, command(DUTY, C.REOPEN, reason="又停水"))}
    yield "false match", 4, None, dismissed("false_match")
    yield "outside", 2, None, dismissed("outside_jurisdiction")
    yield "duplicate", 2, "2026-04-21", dismissed("duplicate", of=EARLIER)
    yield "before", 3, "2026-03-16", usual()
    yield "running", 2, "2026-06-29", without("resolve", "confirm")
    yield "running late", 1, "2026-06-29", {name: late_acknowledged()[name] for name in ("acknowledge", "assign")}
    yield "running never", 1, "2026-06-29", {}


EARLIER = alert_id("yunze", post(9000).story)  # the first of "usual", opened on the day of the duplicates
DAYS = [f"2026-04-{day:02}" for day in (9, 10, 13, 15, 16, 17, 20, 22, 23)] + [f"2026-05-{day:02}" for day in (11, 12)]


class Quarter:
    """Plays all rows on one ledger in the order of time; `alerts` are the ids by row."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.alerts: dict[str, list[str]] = {}
        self._queue: list[tuple[Any, int, Callable[[], None]]] = []
        self._order = count()
        self._days = count()
        for row in rows():
            self._plan(*row)

    def _plan(self, name: str, many: int, day: str | None, way: Way) -> None:
        for number in range(many):
            first = name == "usual" and number == 0
            opened = "2026-04-21" if first else day or DAYS[next(self._days) % len(DAYS)]
            place = 0 if first else next(self._order) % 50 + 1
            at = instant(f"{opened}T10:00:00+08:00") + timedelta(minutes=place)
            self._at(at, lambda name=name, way=way, first=first: self._open(name, way, first))  # type: ignore[misc]

    def _at(self, at: Any, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (at, next(self._order), act))

    def _open(self, name: str, way: Way, first: bool) -> None:
        now = self.scene.clock.now()
        number = 9000 if first else len([id for ids in self.alerts.values() for id in ids])
        major = name.startswith("major")
        made = post(number, at=now, topics=(topic("roads", "塌陷") if major else topic(),))
        if name == "hand":
            event = self.scene.office.open_by_hand(DUTY, made, why="编辑部来电核实", level=1)[0]
            alert = str(event.alert)
        else:
            alert = self.scene.open(made)
        self.alerts.setdefault(name, []).append(alert)
        for hours, act in way.values():
            then = now + timedelta(seconds=round(hours * 3600))
            self._at(then, lambda act=act: act(self.scene, alert))  # type: ignore[misc]

    def play(self) -> None:
        """Let everything happen up to the cut-off."""
        while self._queue and self._queue[0][0] <= instant(CUTOFF):
            at, _, act = heapq.heappop(self._queue)
            self.scene.clock.set(at)
            act()
        self.scene.clock.set(CUTOFF)
        self.scene.system("heartbeat", None)

    def ids(self, *names: str) -> set[str]:
        """Return the alerts of these rows."""
        return {id for name in names for id in self.alerts[name]}


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Quarter, Figures]]:
    scene = Scene(tmp_path_factory.mktemp("quarter"), at="2026-03-02T09:00:00+08:00")
    played = Quarter(scene)
    played.play()
    yield played, figures(read_all(scene.ledger), period("2026-Q2", "Asia/Shanghai"), instant(CUTOFF))
    scene.ledger.close()


NEVER = ("forgotten", "never", "major never")
CORRECT = ("usual", "observed", "major", "hand", "partly", "could not", "untrue")
FAILED = {
    Criterion.C1: ("acknowledged late", *NEVER),
    Criterion.C2: NEVER,
    Criterion.C3: ("replied late", "no place", *NEVER),
    Criterion.C4: ("resolved late", *NEVER),
    Criterion.C5: ("published late", *NEVER),
    Criterion.C6: ("never confirmed", "confirmed late", "reopened", *NEVER),
}


def fraction(rate: Rate | None) -> tuple[int, int]:
    assert rate is not None
    return rate.part.count, rate.whole.count


def test_the_rate_of_the_golden_quarter(quarter: tuple[Quarter, Figures]) -> None:
    played, made = quarter
    assert sum(map(len, played.alerts.values())) == 120
    assert set(made.correct.alerts) == played.ids(*CORRECT)
    assert fraction(made.rate) == (67, 105)
    assert made.rate is not None
    assert made.rate.permille == 638
    assert fraction(made.if_excluded_counted) == (67, 113)
    assert fraction(made.without_by_hand) == (63, 101)
    assert not made.excluded_flagged
    assert {ground: count.count for ground, count in made.excluded.items()} == {
        Ground.FALSE_MATCH: 4,
        Ground.OUTSIDE_JURISDICTION: 2,
        Ground.DUPLICATE: 2,
    }
    assert made.shipped is None


def test_the_criteria_of_the_golden_quarter(quarter: tuple[Quarter, Figures]) -> None:
    played, made = quarter
    for criterion, names in FAILED.items():
        assert set(made.failed[criterion].alerts) == played.ids(*names), criterion
    assert [made.failed[criterion].count for criterion in Criterion] == [15, 8, 15, 12, 11, 17]
    assert [fraction(rate) for rate in made.three_fast.values()] == [(90, 105), (93, 105), (94, 105)]
    assert fraction(made.briefing) == (12, 14)


def test_what_stands_beside_the_rate_of_the_golden_quarter(quarter: tuple[Quarter, Figures]) -> None:
    played, made = quarter
    ends = {state: count.count for state, count in made.end_states.items()}
    assert ends == {EndState.SOLVED: 86, EndState.PARTLY_SOLVED: 6, EndState.NOT_SOLVED: 3, EndState.UNTRUE: 2}
    assert made.unresolved.count == 8
    assert set(made.observed.alerts) == played.ids("observed")
    assert set(made.by_hand.alerts) == played.ids("hand")
    assert set(made.reopened.alerts) == played.ids("reopened")
    assert made.late.count == 21
    assert set(made.in_progress.alerts) == played.ids("running", "running late", "running never")
    assert set(made.in_progress_failed.alerts) == played.ids("running late", "running never")
    assert (made.previous.period, made.previous.correct, made.previous.not_correct) == ("2026-Q1", 3, 0)
    assert (made.year_before.period, made.year_before.correct, made.year_before.not_correct) == ("2025-Q2", 0, 0)
    assert (made.vanished.count, made.recurring.count, made.amended.count, made.joined.count) == (0, 0, 0, 0)


def test_the_breakdowns_of_the_golden_quarter(quarter: tuple[Quarter, Figures]) -> None:
    _, made = quarter
    assert {group.key: fraction(group.rate) for group in made.by_unit} == {
        None: (0, 15),
        "roads-bureau": (12, 12),
        "water-bureau": (55, 78),
    }
    assert {group.key: fraction(group.rate) for group in made.by_topic} == {"roads": (12, 14), "water": (55, 91)}
    assert {group.key: fraction(group.rate) for group in made.by_level} == {"3": (12, 14), "1": (55, 91)}
    assert [fraction(group.rate) for group in made.by_place] == [(67, 105)]


def test_the_times_of_the_golden_quarter(quarter: tuple[Quarter, Figures]) -> None:
    _, made = quarter
    from_detection = {step: (detected.median, detected.ninetieth) for step, (_, detected) in made.times.items()}
    assert from_detection == {
        Step.ACKNOWLEDGE: (300, 1200),
        Step.ASSIGN: (600, 1500),
        Step.REPLY: (7200, 176_400),
        Step.RESOLVE: (86_400, 658_800),
        Step.PUBLISH: (86_400, 658_800),
        Step.CONFIRM: (90_000, None),
    }
    for published, detected in made.times.values():
        assert published.median == (detected.median or 0) + 1800
        assert (published.done, published.censored) == (detected.done, detected.censored)
    assert {step: detected.censored for step, (_, detected) in made.times.items()} == {
        Step.ACKNOWLEDGE: 5,
        Step.ASSIGN: 8,
        Step.REPLY: 10,
        Step.RESOLVE: 8,
        Step.PUBLISH: 8,
        Step.CONFIRM: 12,
    }
