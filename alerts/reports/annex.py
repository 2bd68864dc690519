"""The annex: each alert that fell due, with its six criteria and its whole timeline.

Where no name is given a person stands there by the beginning of the pseudonym, too long for a column; the whole
ones follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from alerts.alert import AlertState
from alerts.criteria import Standing
from alerts.figures import Figures
from alerts.judged import Judged
from alerts.reports.model import Block, Paragraph, Section, Table
from alerts.reports.saying import Saying
from alerts.timeline import Entry, timeline
from alerts.vocabulary import Verdict
from huiying.core.model import Event

EventsOf = Callable[[str], Sequence[Event]]
_PSEUDONYM = re.compile("P[0-9a-f]{32}")
_BEGINNING = 9  # a P and 32 bits: of a desk's few accounts no two begin alike


def annex(made: Figures, say: Saying, events_of: EventsOf) -> tuple[Section, ...]:
    """Return a section for each alert of the cohort, the excluded among them, in the order opened."""
    excluded = [id for count in made.excluded.values() for id in count.alerts]
    cohort = {*made.correct.alerts, *made.not_correct.alerts, *excluded}
    held = [(judged, say.states[id]) for id, judged in made.alerts.items() if id in cohort and id in say.states]
    events = [events_of(state.id) for _, state in held]
    sections = tuple(
        Section(f"{number}. {state.title}", tuple(_alert(judged, state, say, told)), level=2)
        for number, ((judged, state), told) in enumerate(zip(held, events, strict=True), 1)
    )
    unnamed = {event.actor for told in events for event in told if _unnamed(event.actor, say)}
    return (*sections, Section(say.text("report.who_is"), (_whole(unnamed, say),), level=2)) if unnamed else sections


def _unnamed(actor: str, say: Saying) -> bool:
    return actor not in say.people and _PSEUDONYM.fullmatch(actor) is not None


def _whole(pseudonyms: Collection[str], say: Saying) -> Table:
    rows = tuple((pseudonym[:_BEGINNING], pseudonym) for pseudonym in sorted(pseudonyms))
    return Table((say.text("report.who"), say.text("report.pseudonym")), rows, (1, 3))


def _alert(judged: Judged, state: AlertState, say: Saying, events: Sequence[Event]) -> Iterator[Block]:
    ended = say.text(f"end_state.{judged.end_state}") if judged.end_state else say.text("figures.unresolved")
    fields = {
        "place": say.place(state.place),
        "level": say.text(f"level.{judged.level}"),
        "unit": say.unit(judged.unit),
        "end": say.text(f"ground.{judged.excluded}") if judged.excluded else ended,
        "due": say.wording.until(judged.due),
        "id": state.id,
    }
    yield Paragraph(say.text("report.alert_is", **fields))
    rows = tuple((str(one.criterion), say.text(f"verdict.{one.verdict}"), _when(one, say)) for one in judged.standings)
    header = tuple(say.text(key) for key in ("report.criterion", "report.verdict", "report.instant"))
    yield Table(header, rows, (1, 2, 6))
    entries = timeline(events, say.desk, dict(say.people), say.wording)
    header = tuple(say.text(key) for key in ("report.at", "report.event_name", "report.who"))
    yield Table(header, tuple(_entry(entry, say) for entry in entries), (5, 8, 4))


def _when(one: Standing, say: Saying) -> str:
    """Return when a criterion was met or failed, and by how much it was late."""
    if one.verdict is Verdict.PENDING or one.at is None:
        return say.text("report.until", at=say.wording.until(one.due))
    told = [say.wording.until(one.at) if one.at == one.due else say.moment(one.at)]
    if one.late is not None:
        told.append(say.text("figures.late", span=say.length(one.late)))
    if one.verdict is Verdict.FAILED:
        told.append(say.text("figures.failure_of", unit=say.unit(one.unit)))
    return say.text("report.comma").join(told)


def _entry(entry: Entry, say: Saying) -> tuple[str, str, str]:
    """Return one event as a row; of its lines only what fits one."""
    lines = say.text("report.comma").join(f"{line.label} {line.text}" for line in entry.lines[:3])
    name = entry.who[:_BEGINNING] if _unnamed(entry.who, say) else entry.who
    who = say.text("role.system") if entry.system else " ".join(part for part in (name, entry.unit) if part)
    return say.moment(entry.at), f"{entry.title} {lines}".strip(), who
