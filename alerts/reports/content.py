"""The sections of a report, in the order of the definition of the rate: figures, what stands beside them, the doubt.

Figures, alerts, configuration ─► sections with a definition under each figure ─► model.Section
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from alerts.alert import AlertState
from alerts.figures import Count, Figures, Group, Rate
from alerts.reports.model import Block, Chart, Definition, Issue, Paragraph, Sealed, Section, Table
from alerts.reports.saying import Saying
from alerts.restated import Restated
from huiying.core.codec import instant
from huiying.core.model import Precision

_LISTED = ("late", "reopened", "recurring", "vanished", "amended", "by_hand", "joined")
_PAIR, _NAMED = (3, 1), (5, 2, 1, 2)


def sections(made: Figures, say: Saying, issue: Issue | None) -> tuple[Section, ...]:
    """Return the whole report of `made` but its annex."""
    return (
        Section(say.text("report.rate"), tuple(rate(made, say))),
        Section(say.text("figures.three_fast"), tuple(_three_fast(made, say))),
        Section(say.text("figures.failed"), tuple(_failed(made, say))),
        Section(say.text("figures.end_states"), tuple(_end_states(made, say))),
        Section(say.text("figures.times"), tuple(_times(made, say))),
        Section(say.text("report.progress"), tuple(_progress(made, say))),
        Section(say.text("report.groups"), ()),
        *_groups(made, say),
        Section(say.text("report.by_hand"), tuple(_by_hand(made, say))),
        Section(say.text("figures.excluded"), tuple(_excluded(made, say))),
        Section(say.text("report.listed"), ()),
        *_lists(made, say),
        Section(say.text("figures.coverage"), tuple(_coverage(made, say))),
        Section(say.text("report.configuration"), tuple(_configuration(made, say))),
        Section(say.text("figures.earlier"), tuple(_earlier(made, say))),
        Section(say.text("report.not_proved"), (Paragraph(say.text("report.not_proved_text")),)),
        Section(say.text("report.checkpoint"), tuple(checkpoint(say, issue))),
    )


def rate(made: Figures, say: Saying) -> Iterator[Block]:
    """Yield what stands on page one: the rate, and everything that could make it look better than it is."""
    told = say.text("report.rate_is", rate=say.rate(made.rate)) if made.rate else say.rate(None)
    yield Paragraph(told, strong=True)
    if made.shipped:
        yield Paragraph(say.text("report.shipped_is", rate=say.rate(made.shipped)), strong=True)
    yield Definition(say.text("figures.meaning.rate"))
    if made.rate and made.rate.permille is None:
        yield Definition(say.text("figures.no_percentage"))
    if made.shipped:
        yield Definition(say.text("figures.meaning.shipped"))
    if made.excluded_flagged:
        yield Paragraph(say.text("figures.flagged"), strong=True)
    yield _counts(
        say,
        [
            (say.text("report.due"), str(_due(made))),
            (say.text("report.correct"), str(made.correct.count)),
            (say.text("figures.not_correct"), str(made.not_correct.count)),
            (say.text("figures.observed"), str(made.observed.count)),
            (say.text("figures.if_excluded_counted"), _share(say, made.if_excluded_counted)),
            *((say.text(f"ground.{ground}"), str(count.count)) for ground, count in made.excluded.items()),
            (say.text("figures.vanished"), str(made.vanished.count)),
        ],
    )
    for key in ("observed", "if_excluded_counted", "excluded", "vanished"):
        yield Definition(say.text("report.defines", name=say.text(f"figures.{key}"), text=_meaning(say, key)))


def _due(made: Figures) -> int:
    return made.correct.count + made.not_correct.count + sum(count.count for count in made.excluded.values())


def _share(say: Saying, rate: Rate | None) -> str:
    return say.rate(rate) if rate else "–"


def _meaning(say: Saying, key: str) -> str:
    return say.text(f"figures.meaning.{key}")


def _counts(say: Saying, rows: Sequence[tuple[str, str]]) -> Table:
    return Table((say.text("report.item"), say.text("report.number")), tuple(rows), _PAIR)


def _three_fast(made: Figures, say: Saying) -> Iterator[Block]:
    rows = [
        (say.text(f"figures.fast.{criterion}"), _share(say, rate), say.text(f"criterion.{criterion}"))
        for criterion, rate in made.three_fast.items()
    ]
    yield Table(
        (say.text("report.item"), say.text("report.share"), say.text("report.condition")), tuple(rows), (2, 2, 4)
    )
    yield Definition(_meaning(say, "three_fast"))


def _failed(made: Figures, say: Saying) -> Iterator[Block]:
    yield failed_table(made, say)
    wholes = (made.correct.count + made.not_correct.count,) * len(made.failed)
    if any(wholes):
        labels, parts = tuple(made.failed), tuple(count.count for count in made.failed.values())
        yield Chart(say.text("figures.failed"), tuple(str(one) for one in labels), parts, wholes)
    yield Definition(_meaning(say, "failed"))


def failed_table(made: Figures, say: Saying) -> Table:
    """Return how many alerts failed each criterion."""
    rows = [(str(key), say.text(f"criterion.{key}"), str(count.count)) for key, count in made.failed.items()]
    header = (say.text("report.criterion"), say.text("report.condition"), say.text("report.number"))
    return Table(header, tuple(rows), (1, 6, 1))


def _end_states(made: Figures, say: Saying) -> Iterator[Block]:
    rows = [(say.text(f"end_state.{key}"), str(count.count)) for key, count in made.end_states.items()]
    yield _counts(say, [*rows, (say.text("figures.unresolved"), str(made.unresolved.count))])
    yield Definition(_meaning(say, "end_states"))


def _times(made: Figures, say: Saying) -> Iterator[Block]:
    columns = ("published_median", "published_ninetieth", "detected_median", "detected_ninetieth")
    rows = []
    for step, (published, detected) in made.times.items():
        lengths = (published.median, published.ninetieth, detected.median, detected.ninetieth)
        counts = (str(detected.done), str(detected.censored))
        rows.append((say.text(f"step.{step}"), *(say.length(one) for one in lengths), *counts))
    header = ("", *(say.text(f"figures.time.{name}") for name in (*columns, "done", "censored")))
    yield Table(header, tuple(rows), (5, 6, 6, 6, 6, 3, 3))
    yield Definition(_meaning(say, "times"))
    if made.at_least.count:
        yield Definition(say.text("figures.at_least", n=made.at_least.count))
    if made.briefing:
        yield Paragraph(say.text("report.briefing", rate=say.rate(made.briefing)))


def _progress(made: Figures, say: Saying) -> Iterator[Block]:
    keys = ("in_progress", "in_progress_failed")
    counts: Mapping[str, Count] = {"in_progress": made.in_progress, "in_progress_failed": made.in_progress_failed}
    yield _counts(say, [(say.text(f"figures.{key}"), str(counts[key].count)) for key in keys])
    yield Definition(_meaning(say, "in_progress"))


def _groups(made: Figures, say: Saying) -> Iterator[Section]:
    kinds = {"unit": made.by_unit, "place": made.by_place, "topic": made.by_topic, "level": made.by_level}
    for by, groups in kinds.items():
        blocks: list[Block] = [_group_table(say, by, groups)] if groups else [Paragraph(say.text("figures.none"))]
        if groups and by in ("unit", "topic"):
            labels = tuple(say.group(by, group.key) for group in groups)
            parts = tuple(group.rate.part.count for group in groups)
            wholes = tuple(group.rate.whole.count for group in groups)
            blocks.append(Chart(say.text(f"figures.by.{by}"), labels, parts, wholes))
        yield Section(say.text(f"figures.by.{by}"), tuple(blocks), level=2)
    yield Section(say.text("report.groups_mean"), (Definition(say.text("report.groups_text")),), level=2)


def _group_table(say: Saying, by: str, groups: Iterable[Group]) -> Table:
    rows = [(say.group(by, group.key), say.rate(group.rate)) for group in groups]
    return Table((say.text(f"figures.by.{by}"), say.text("figures.rate")), tuple(rows), (3, 2))


def _by_hand(made: Figures, say: Saying) -> Iterator[Block]:
    rows = [
        (say.text("figures.by_hand"), str(made.by_hand.count)),
        (say.text("report.with_by_hand"), _share(say, made.rate)),
        (say.text("figures.without_by_hand"), _share(say, made.without_by_hand)),
    ]
    yield _counts(say, rows)
    delays = [(state.title, say.moment(state.earliest), _delay(state, say)) for state in say.titles(made.by_hand)]
    if delays:
        header = tuple(say.text(key) for key in ("report.alert", "report.published", "report.delay"))
        yield Table(header, tuple(delays), (5, 3, 2))
    yield Definition(_meaning(say, "by_hand"))


def _delay(state: AlertState, say: Saying) -> str:
    """Return how long after the earliest publication the alert was opened; of a day alone it is known "at least"."""
    length = say.length(max(0, int((state.opened_at - state.earliest).total_seconds())))
    return say.text("report.at_least", length=length) if state.earliest_precision is Precision.DAY else length


def _excluded(made: Figures, say: Saying) -> Iterator[Block]:
    held = [(ground, state) for ground, count in made.excluded.items() for state in say.titles(count)]
    if not held:
        yield Paragraph(say.text("report.no_one"))
    else:
        rows = [
            (state.title, say.place(state.place), say.text(f"ground.{ground}"), state.dismissal.why)
            for ground, state in held
            if state.dismissal
        ]
        header = ("report.alert", "report.place", "report.ground", "report.why")
        yield Table(tuple(say.text(key) for key in header), tuple(rows), (4, 2, 4, 3))
    yield Definition(_meaning(say, "excluded"))


def _lists(made: Figures, say: Saying) -> Iterator[Section]:
    """Yield the alerts that a reader should look at, each kind under its own heading."""
    for key in _LISTED:
        count: Count = getattr(made, key)
        name = f"figures.{'done_late' if key == 'late' else key}"
        meaning = Definition(_meaning(say, "done_late" if key == "late" else key))
        heading = say.text("report.list", name=say.text(name), n=count.count)
        yield Section(heading, (*((alert_table(say, count),) if count.count else ()), meaning), level=2)


def alert_table(say: Saying, count: Count) -> Table:
    """Return the alerts behind a number: title, place, level, unit."""
    rows = [
        (state.title, say.place(state.place), say.text(f"level.{int(state.level)}"), say.unit(state.unit))
        for state in say.titles(count)
    ]
    header = ("report.alert", "report.place", "report.level", "report.unit")
    return Table(tuple(say.text(key) for key in header), tuple(rows), _NAMED)


def _coverage(made: Figures, say: Saying) -> Iterator[Block]:
    yield Paragraph(coverage_line(made, say))
    covered = made.beside["coverage"]
    outlets = {outlet.id: outlet.name for outlet in say.desk.outlets}
    rows = [(outlets.get(id, id), say.length(minutes * 60 or None)) for id, minutes in covered["minutes"].items()]
    buried = {say.wording.dead_letter(reason): n for reason, n in covered["dead"].items()}
    rows += [(say.text("figures.dead", reason=why), str(n)) for why, n in buried.items()]
    if rows:
        yield _counts(say, rows)
    for gap in made.beside["gaps"]:
        fields = {"begin": instant(gap["begin"]), "end": instant(gap["end"]), "n": len(gap["moved"])}
        yield Paragraph(say.text("figures.gap", **fields))
    for seq in made.beside["clock_anomalies"]:
        yield Paragraph(say.text("report.event", text=say.text("figures.clock_anomaly"), seq=seq))
    yield from restorations(made, say)
    yield Definition(_meaning(say, "coverage"))


def restorations(made: Figures, say: Saying) -> Iterator[Block]:
    """Yield a line for each time that the ledger was restored, with what may be lost."""
    for one in made.beside["restored"]:
        fields = {"origin": one["origin"], "of": one["of"], "last": one["last"]}
        span = {"begin": instant(one["lost_from"]), "end": instant(one["lost_until"])}
        told = say.text("figures.restored", **fields, **span)
        yield Paragraph(say.text("report.event", text=told, seq=one["event"]))


def coverage_line(made: Figures, say: Saying) -> str:
    """Return how many days of the period were recorded."""
    covered = made.beside["coverage"]
    fields = {"days": covered["days"], "of": covered["days_of_period"], "backlog": covered["backlog"]}
    return say.text("figures.covered", **fields)


def _configuration(made: Figures, say: Saying) -> Iterator[Block]:
    changes = made.beside["configuration"]
    if not changes:
        yield Paragraph(say.text("report.no_change"))
    for change in changes:
        told = [f"+{id}" for ids in change["added"].values() for id in ids]
        told += [f"−{id}" for ids in change["removed"].values() for id in ids]
        files = say.text("figures.configured", files=", ".join(change["files"]))
        yield Paragraph(say.text("report.event", text=" ".join((files, *told)), seq=change["event"]))
    for search in made.beside.get("searches", ()):
        fields = {"name": search["name"], "query": search["query"], "seq": search["event"]}
        yield Paragraph(say.text("report.search", **fields))


def _earlier(made: Figures, say: Saying) -> Iterator[Block]:
    rows = [(one.period, _counted(say, one), _printed(say, one)) for one in (made.previous, made.year_before)]
    header = (say.text("figures.period"), say.text("figures.now"), say.text("figures.printed"))
    yield Table(header, tuple(rows), (2, 3, 3))
    yield Definition(_meaning(say, "earlier"))


def _counted(say: Saying, one: Restated) -> str:
    return _fraction(say, one.correct, one.not_correct, one.excluded)


def _printed(say: Saying, one: Restated) -> str:
    return _fraction(say, *one.printed[1:]) if one.printed else "–"


def _fraction(say: Saying, correct: int, not_correct: int, excluded: int) -> str:
    fields = {"correct": correct, "due": correct + not_correct, "excluded": excluded}
    return say.text("report.restated", **fields)


def checkpoint(say: Saying, issue: Issue | None) -> Iterator[Block]:
    """Yield the number of the report, its hash, the checkpoint and the proofs; of a draft that it has none."""
    if issue is None:
        yield Paragraph(say.text("report.draft_text"), strong=True)
        return
    yield Paragraph(say.text("report.issue", seq=issue.seq))
    yield Sealed((f"SHA-256 {issue.sha256}",), issue.note, issue.proofs)
    yield Definition(say.text("report.checkpoint_text"))
