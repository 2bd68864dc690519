"""The desk's reports as files: computed anew from the ledger each time, and only if they are what was issued.

seq ─► report_issued ─► figures from its events ─ the same hash? ─► JSON │ model ─► docx │ PDF │ xlsx
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts.events import EventType
from alerts.figures import Figures
from alerts.folded import fold_all
from alerts.reports.build import build
from alerts.reports.model import Issue, Report
from alerts.reports.paper import MEDIA_TYPES, Paper
from alerts.view import read_all
from alerts.wording import Wording
from alerts.zones import zone_at
from huiying.core.config_text import read_desk
from huiying.core.errors import HuiyingError, Refused
from huiying.core.messages import text
from huiying.core.model import Event
from huiying.core.ports import Clock, Ledger
from huiying.issuing import Issued, Proof, computed, counted, issue, issued

TEMPLATE = "report-template.docx"


@dataclass(frozen=True, slots=True)
class DeskPapers:
    """The reports of one desk: `data` holds the ledger's key, `second` is the second file's folder.

    `title` is the office's name as printed, `people` gives the names that stand for pseudonyms today, `template` is the
    office's own docx, where there is one.
    """

    ledger: Ledger
    data: Path
    second: Path
    clock: Clock
    desk: str
    title: str
    people: Callable[[], Mapping[str, str]]
    template: Path

    def issue(self, name: str, key: str | None = None) -> int:
        """Issue the report of the period called `name` as of now; see `Papers`."""
        return issue(self.ledger, self.data, self.second, self.clock, name, key)

    def paper(self, seq: int, form: str, language: str) -> Paper:
        """Return the report that event `seq` issued as a file; see `Papers`."""
        known(form)
        report = issued(self.ledger, seq)
        events = read_all(self.ledger)
        made = counted(events, report)
        stem = f"{self.desk}-{report.period}-{seq}"
        return self._written(made, events, form, language, stem, _printed(report, language))

    def draft(self, name: str, form: str, language: str) -> Paper:
        """Return the period called `name` as it stands now, marked as a draft: nothing is recorded."""
        known(form)
        events = read_all(self.ledger)
        made = computed(events, name, self.clock.now())
        return self._written(made, events, form, language, f"{self.desk}-{made.period.name}-draft", None)

    def _written(
        self, made: Figures, events: Sequence[Event], form: str, language: str, stem: str, printed: Issue | None
    ) -> Paper:
        # Names stand in the docx alone, which the office edits and keeps: the others are a function of the ledger, can
        # be proved byte by byte, and hold nothing that could have to be forgotten.
        people = self.people() if form == "docx" else {}
        if form == "json":
            body = made.to_json()
        else:
            body = self._set(self._report(made, events, language, printed, people), form)
        return Paper(f"{stem}.{form}", MEDIA_TYPES[form], body)

    def _report(
        self, made: Figures, events: Sequence[Event], language: str, printed: Issue | None, people: Mapping[str, str]
    ) -> Report:
        inside = [event for event in events if event.seq <= made.events]
        configured = [event for event in inside if event.type == EventType.CONFIGURATION_CHANGED]
        if not configured:
            raise Refused("no_configuration")
        wording = Wording(language, ZoneInfo(zone_at(inside, made.cutoff)))
        by_alert: dict[str | None, list[Event]] = {}
        for event in inside:
            by_alert.setdefault(event.alert, []).append(event)
        return build(
            made,
            fold_all(inside),
            lambda alert: by_alert.get(alert, []),
            read_desk(configured[-1].payload["files"]),
            wording,
            self.title,
            str(inside[0].payload["kind"]),
            printed,
            people,
        )

    def _set(self, report: Report, form: str) -> bytes:
        """Return `report` in the form; the writers' libraries are imported by whoever wants a paper."""
        if form == "pdf":
            from alerts.reports import pdf

            return pdf.write(report)
        if form == "xlsx":
            from alerts.reports import xlsx

            return xlsx.write(report)
        from alerts.reports import docx

        return docx.write(report, self._template())

    def _template(self) -> bytes | None:
        try:
            return self.template.read_bytes() if self.template.exists() else None
        except OSError as cause:
            raise HuiyingError("template_unreadable") from cause


def known(form: str) -> None:
    """Raise Refused where there is no such form of a report."""
    if form not in MEDIA_TYPES:
        raise Refused("report_form", form=form, forms=", ".join(MEDIA_TYPES))


def _printed(report: Issued, language: str) -> Issue:
    lines = (line for proof in report.proofs for line in _lines(proof, language))
    return Issue(report.seq, report.sha256, report.note, tuple(lines))


def _lines(proof: Proof, language: str) -> list[str]:
    """Return a proof as it is printed: what it goes from and to, then its hashes in hexadecimal."""
    said = text(
        "report.proof", language, report=proof.report, period=proof.period, before=proof.before, size=proof.size
    )
    return [said, *(hash.hex() for hash in proof.hashes)]
