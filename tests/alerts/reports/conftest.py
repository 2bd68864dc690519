"""Figures of a small quarter, among its alerts one whose title tries everything, as reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from alerts.figures import Figures, figures
from alerts.folded import fold_all
from alerts.periods import period
from alerts.reports.build import build
from alerts.reports.model import Issue, Report
from alerts.view import read_all
from alerts.vocabulary import CommandType as C
from alerts.wording import Wording
from huiying.core.codec import instant
from huiying.core.model import Event
from tests.alerts.scene import CHIEF, DUTY, Scene, desk, post

HOSTILE = '=1+1 #panic("x") $x^2$ \\ [a] *b* _c_ @d <e> 镕喆䶮 青河镇停水'
NOTE = "test/yunze/1\n99\nq6fCSU4b2q5nGgIv1Tn0Xk0bQ4d0v9xqg7fQx0WcJ1o=\n\n— test/yunze/1 " + "A" * 92 + "\n"
FORMULA = "=2+2 青河镇停水演练"
ISSUE = Issue(100, "9f" * 32, NOTE, ("proof of 12 to 99", "ab" * 32))
PEOPLE = {DUTY.pseudonym: "值班甲"}


@dataclass(frozen=True)
class Quarter:
    """The events of the quarter; three alerts fell due: one correct, one never touched, one dismissed."""

    events: Sequence[Event]
    correct: str
    untouched: str
    dismissed: str
    running: str

    def figures(self, name: str = "2026-Q1", at: str = "2026-03-31T12:00:00+08:00") -> Figures:
        """Return the figures of a period."""
        return figures(self.events, period(name, "Asia/Shanghai"), instant(at))

    def report(self, name: str = "2026-Q1", language: str = "zh", issue: Issue | None = ISSUE, **more: str) -> Report:
        """Return the report of a period."""
        made = self.figures(name, **more)
        inside = [event for event in self.events if event.seq <= made.events]
        wording = Wording(language, ZoneInfo("Asia/Shanghai"))
        of = lambda alert: [event for event in inside if event.alert == alert]  # noqa: E731
        return build(made, fold_all(inside), of, desk(), wording, "云泽县值班台", "test", issue, PEOPLE)


@pytest.fixture(scope="package")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    scene = Scene(tmp_path_factory.mktemp("reports"), at="2026-03-02T10:00:00+08:00")
    correct = scene.open()
    scene.confirmed(correct)
    scene.clock.forward(hours=1)
    untouched = scene.open(post(2, at=scene.clock.now(), title=HOSTILE))
    scene.clock.forward(hours=1)
    dismissed = scene.open(post(3, at=scene.clock.now(), title=FORMULA))
    scene.do(DUTY, C.PROPOSE_DISMISSAL, dismissed, ground="false_match", why="演练")
    scene.do(CHIEF, C.DISMISS, dismissed)
    scene.clock.set("2026-03-30T10:00:00+08:00")
    running = scene.open(post(4, at=scene.clock.now(), title="青河镇又停水"))
    yield Quarter(read_all(scene.ledger), correct, untouched, dismissed, running)
    scene.ledger.close()


@pytest.fixture
def report(quarter: Quarter) -> Callable[..., Report]:
    return quarter.report
