"""The desk's reports as files: computed anew from the ledger each time, and only if they are what was issued.

seq ─► report_issued ─► figures from its events ─ the same hash? ─► JSON
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alerts.reports.paper import MEDIA_TYPES, Paper
from alerts.view import read_all
from huiying.core.errors import Refused
from huiying.core.ports import Clock, Ledger
from huiying.issuing import counted, issue, issued


@dataclass(frozen=True, slots=True)
class DeskPapers:
    """The reports of one desk: `data` holds the ledger's key, `second` is the second file's folder."""

    ledger: Ledger
    data: Path
    second: Path
    clock: Clock
    desk: str

    def issue(self, name: str, key: str | None = None) -> int:
        """Issue the report of the period called `name` as of now; see `Papers`."""
        return issue(self.ledger, self.data, self.second, self.clock, name, key)

    def paper(self, seq: int, form: str, language: str) -> Paper:
        """Return the report that event `seq` issued as a file; see `Papers`."""
        if form not in MEDIA_TYPES:
            raise Refused("report_form", form=form, forms=", ".join(MEDIA_TYPES))
        report = issued(self.ledger, seq)
        figures = counted(read_all(self.ledger), report)
        body = figures.to_json()
        return Paper(f"{self.desk}-{report.period}-{seq}.{form}", MEDIA_TYPES[form], body)
