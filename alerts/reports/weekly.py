"""The week's summary on two pages: the rate, what failed, what is open, what falls due in the next seven days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from alerts.alert import AlertState
from alerts.figures import Figures
from alerts.reports.content import checkpoint, coverage_line, failed_table, rate, restorations
from alerts.reports.model import Block, Definition, Issue, Paragraph, Section, Table
from alerts.reports.saying import Saying
from alerts.vocabulary import Step

AHEAD = timedelta(days=7)
_OPEN, _AHEAD = 8, 12  # rows that the two pages have room for; how many more there are is said


def summary(made: Figures, say: Saying, issue: Issue | None) -> tuple[Section, ...]:
    """Return the sections of a week's summary."""
    return (
        Section(say.text("report.rate"), tuple(_rate(made, say))),
        Section(say.text("figures.failed"), (failed_table(made, say),)),
        Section(say.text("report.week_open"), tuple(_open(made, say))),
        Section(say.text("report.week_ahead"), tuple(_ahead(made, say))),
        Section(say.text("figures.coverage"), (Paragraph(coverage_line(made, say)), *restorations(made, say))),
        Section(say.text("report.checkpoint"), tuple(checkpoint(say, issue))),
    )


def _rate(made: Figures, say: Saying) -> Iterator[Block]:
    """Yield the rate with its table, the definitions but for the first left to the longer reports."""
    definitions = 0
    for block in rate(made, say):
        if isinstance(block, Definition):
            definitions += 1
        if not isinstance(block, Definition) or definitions == 1:
            yield block
    held = {key: rate for key, rate in made.three_fast.items() if rate}
    shares = (f"{say.text(f'figures.fast.{key}')} {say.rate(rate)}" for key, rate in held.items())
    if held:
        yield Paragraph(say.text("report.three_fast_are", shares=say.text("report.comma").join(shares)))


def _open(made: Figures, say: Saying) -> Iterator[Block]:
    """Yield the alerts that were opened in the week and are open at the cut-off."""
    period = made.period
    found = [
        state
        for state in say.states.values()
        if period.begin <= state.opened_at < period.end and not state.closed and state.joined_into is None
    ]
    rows = [
        (state.title, say.place(state.place), say.unit(state.unit), say.text(f"stage.{state.stage}"))
        for state in found[:_OPEN]
    ]
    header = tuple(say.text(key) for key in ("report.alert", "report.place", "report.unit", "report.stage"))
    yield from _cut(say, Table(header, tuple(rows), (6, 2, 4, 2)), len(found) - len(rows))


def _ahead(made: Figures, say: Saying) -> Iterator[Block]:
    """Yield the deadlines of the seven days after the cut-off, nearest first."""
    steps = sorted(_steps(say, made.cutoff), key=lambda one: one[0])
    rows = [(say.wording.until(at), say.text(f"step.{step}"), state.title) for at, step, state in steps[:_AHEAD]]
    header = tuple(say.text(key) for key in ("report.deadline", "report.step", "report.alert"))
    yield from _cut(say, Table(header, tuple(rows), (4, 2, 8)), len(steps) - len(rows))


def _steps(say: Saying, cutoff: datetime) -> Iterator[tuple[datetime, Step, AlertState]]:
    for state in say.states.values():
        for step, deadline in state.open_steps():
            if cutoff < deadline.at <= cutoff + AHEAD:
                yield deadline.at, step, state


def _cut(say: Saying, table: Table, more: int) -> Iterator[Block]:
    yield table if table.rows else Paragraph(say.text("report.no_one"))
    if more > 0:
        yield Paragraph(say.text("report.more", n=more))
