"""An office with a ledger file, a key, captures and reports, for whoever attacks or measures it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts.figures import figures
from alerts.following import entries
from alerts.periods import period
from huiying.backends.captures_folder import FolderCaptures
from huiying.backends.ledger_sql import SqlLedger
from huiying.checkpoint import issue
from huiying.core import codec
from huiying.core.model import Draft, Response, Role
from huiying.init import create_ledger
from huiying.verify import Verification, verify
from tests.alerts.scene import OPENED_AT, desk, post, texts
from tests.clock import SettableClock

DESK = "county"
NAMES = ("seq", "alert", "key", "raw", "leaf", "chain")
Row = dict[str, Any]
PAGE = "湖滨镇停水已恢复".encode() * 3
REPLY = "https://www.gov.example/reply"


def noted(alert: str | None, text: str = "已电话核实，供水单位正在抢修。" * 4) -> Draft:
    """Return a note."""
    return Draft("noted", alert, "P-duty", Role.DUTY, payload={"text": text})


def opened(alert: str, number: int = 1) -> Draft:
    """Return what opens an alert."""
    draft = entries(None, post(number), desk(), 2, codec.instant(OPENED_AT))[0].draft
    return Draft(draft.type, alert, draft.actor, draft.role, payload=draft.payload)


class Office:
    """One desk's ledger in `folder`; its clock moves on by a minute with every ledger opened."""

    def __init__(self, folder: Path, kind: str = "office") -> None:
        self.folder, self.data = folder, folder / "data"
        self.data.mkdir(parents=True)
        machine = f'desk = "{DESK}"\ntitle = "t"\ncontact = "a@b.cn"\n'
        (folder / "huiying.toml").write_text(machine, encoding="utf-8")
        self.clock = SettableClock(codec.instant(OPENED_AT))
        create_ledger(folder, kind, self.clock)
        self.file = self.data / "ledger.sqlite"
        self.reports: list[bytes] = []

    @contextmanager
    def ledger(self) -> Iterator[SqlLedger]:
        """Open the ledger."""
        self.clock.forward(minutes=1)
        with closing(SqlLedger(f"sqlite:///{self.file}", DESK, self.clock)) as ledger:
            yield ledger

    def append(self, *drafts: Draft) -> None:
        """Append `drafts`."""
        with self.ledger() as ledger:
            ledger.append(drafts)

    def configure(self) -> None:
        """Record a configuration."""
        payload = {"files": texts(), "differs": {}}
        self.append(Draft("configuration_changed", None, "P-chief", Role.SUPERVISOR, payload=payload))

    def issue(self) -> str:
        """Sign the ledger; return the note."""
        with self.ledger() as ledger:
            return issue(ledger, self.data, "by_hand")

    def keep(self, body: bytes) -> str:
        """Keep `body` among the cited captures; return its reference."""
        response = Response(REPLY, 200, (), body, self.clock.now())
        with closing(FolderCaptures(self.data / "captures")) as captures:
            reference = captures.put(response)
            captures.pin(reference)
        return reference

    def cite(self, alert: str, of: int, body: bytes = PAGE) -> str:
        """Keep a capture and record it; return its reference."""
        reference, at = self.keep(body), codec.instant_text(self.clock.now())
        payload = {
            "of": of,
            "address": REPLY,
            "capture": reference,
            "sha256": hashlib.sha256(body).hexdigest(),
            "fetched": at,
            "first_fetched": at,
            "topic_named": True,
            "place_named": True,
            "words": [],
            "attempt": 1,
            "absent_before": False,
            "status": 200,
            "final_address": REPLY,
            "configuration": 2,
        }
        self.append(Draft("captured", alert, "system", Role.SYSTEM, payload=payload))
        return reference

    def attach(self, alert: str, body: bytes) -> None:
        """Record a finding with a file as evidence."""
        file = {"kind": "file", "value": self.keep(body), "sha256": hashlib.sha256(body).hexdigest()}
        evidence = [file | {"name": "a.pdf", "size": len(body)}, {"kind": "address", "value": REPLY}]
        payload = {"finding": "true", "evidence": evidence}
        self.append(Draft("verified", alert, "P-water", Role.UNIT, "water-bureau", payload=payload))

    def report(self, name: str = "2026-Q1") -> bytes:
        """Compute the figures of a period over everything so far and record that they were issued."""
        with self.ledger() as ledger:
            events, cutoff = ledger.read(), self.clock.now()
            found = figures(events, period(name, "Asia/Shanghai"), cutoff)
            payload = {
                "period": name,
                "cutoff": codec.instant_text(cutoff),
                "events": len(events),
                "kind": "quarter",
                "figures": hashlib.sha256(found.to_json()).hexdigest(),
                "correct": found.correct.count,
                "not_correct": found.not_correct.count,
                "excluded": sum(count.count for count in found.excluded.values()),
            }
            ledger.append([Draft("report_issued", None, "P-chief", Role.SUPERVISOR, payload=payload)])
        self.reports.append(found.to_json())
        return self.reports[-1]

    def days(self, count: int) -> None:
        """Let days go by."""
        self.clock.at += timedelta(days=count)

    def verify(self, *kept: str, **more: Any) -> Verification:
        """Verify as the command does."""
        with self.ledger() as ledger, closing(FolderCaptures(self.data / "captures")) as captures:
            return verify(ledger.stored, kept=kept, captures=captures, **more)

    def rows(self) -> list[Row]:
        """Return the table as its owner reads it."""
        with closing(sqlite3.connect(self.file)) as database:
            stored = database.execute(f"SELECT {', '.join(NAMES)} FROM events ORDER BY seq")
            return [dict(zip(NAMES, row, strict=True)) for row in stored]

    def overwrite(self, rows: list[Row]) -> None:
        """Put `rows` in the place of the whole table, as its owner can, whatever triggers say."""
        with closing(sqlite3.connect(self.file)) as database, database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f"DROP TRIGGER {name}")
            database.execute("DELETE FROM events")
            values = [tuple(row[name] for name in NAMES) for row in rows]
            database.executemany(f"INSERT INTO events ({', '.join(NAMES)}) VALUES (?, ?, ?, ?, ?, ?)", values)
