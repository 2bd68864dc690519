"""Figures and the alerts behind them to a report: a week's is a summary, any other holds everything, and the annex."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.figures import Figures
from alerts.folded import Folded
from alerts.periods import kind
from alerts.reports.annex import EventsOf, annex
from alerts.reports.content import sections
from alerts.reports.model import Issue, Report
from alerts.reports.saying import Saying
from alerts.reports.weekly import summary
from alerts.wording import Wording
from huiying.core.config import Desk


def build(
    made: Figures,
    folded: Folded,
    events_of: EventsOf,
    desk: Desk,
    wording: Wording,
    office: str,
    ledger: str,
    issue: Issue | None = None,
    people: Mapping[str, str] | None = None,
) -> Report:
    """Return the report of the figures `made`.

    `folded` are the alerts as of the last event counted and `events_of` gives the events of one, `desk` is the
    configuration of then; `ledger` is the ledger's kind, `people` are names by pseudonym (erased ones are missing).
    Without `issue` it is a draft.
    """
    say = Saying(wording, desk, folded.states, people or {})
    brief = kind(made.period.name) == "week"
    mark = say.text(f"page.kind.{ledger}") if ledger != "office" else ""
    marks = [mark, "" if issue else say.text("report.draft")]
    return Report(
        language=wording.language,
        title=say.text("report.title_week" if brief else "report.title"),
        office=office,
        mark=" ".join(one for one in marks if one),
        lines=(say.period(made.period), say.text("report.basis", cutoff=made.cutoff, events=made.events)),
        sections=summary(made, say, issue) if brief else sections(made, say, issue),
        annex=() if brief else annex(made, say, events_of),
        created=made.cutoff,
        identity=f"huiying:{issue.seq}:{issue.sha256}" if issue else "huiying:draft",
        brief=brief,
    )
