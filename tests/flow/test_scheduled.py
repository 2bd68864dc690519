"""Reports that come by themselves: once each, also after a standstill, and none while the ledger is doubted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.events import EventType
from huiying import scheduled
from huiying.backends.ledger_sql import SqlLedger
from huiying.checkpoint import KEY_FILE
from huiying.core.config import Calendar
from huiying.core.doubt import Doubt, Verified, write_verified
from huiying.core.errors import BackendError
from huiying.scheduled import Scheduled, running
from tests.attacks.office import Office, opened


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path / "desk")  # begun on Wednesday 4 March 2026
    made.configure()
    made.append(opened("A1"))
    return made


@pytest.fixture
def ledger(office: Office) -> Iterator[SqlLedger]:
    with office.ledger() as made:
        yield made


@pytest.fixture
def reports(office: Office, ledger: SqlLedger) -> Scheduled:
    return Scheduled(ledger, office.data, office.data / "second", office.clock, Calendar)


def issued(ledger: SqlLedger) -> list[str]:
    return [event.payload["period"] for event in ledger.read() if event.type == EventType.REPORT_ISSUED]


def test_each_report_comes_once_and_what_was_missed_is_made_good(
    office: Office, ledger: SqlLedger, reports: Scheduled
) -> None:
    week = f"{office.clock.now():%G-W%V}"
    assert (reports.tick(), issued(ledger)) == (0, [])
    office.days(8)
    assert (reports.tick(), reports.tick()) == (1, 0)
    assert issued(ledger) == [week]
    office.days(21)
    assert reports.tick() == 3
    assert len(set(issued(ledger))) == len(issued(ledger)) == 4
    office.days(14)
    reports.tick()
    assert "2026-Q1" in issued(ledger)


def test_none_comes_while_the_ledger_is_doubted_and_it_comes_afterwards(
    office: Office, ledger: SqlLedger, reports: Scheduled
) -> None:
    office.days(8)
    now = office.clock.now()
    write_verified(office.data, Verified(1, "", now, Doubt(2, "root", now)))
    assert (reports.tick(), issued(ledger)) == (0, [])
    write_verified(office.data, Verified(1, "", now))
    assert reports.tick() == 1


def test_a_machine_without_the_key_issues_none_and_says_so_once(
    office: Office, ledger: SqlLedger, reports: Scheduled, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(scheduled.logger, "error", lambda event, **fields: said.append(event))
    (office.data / KEY_FILE).unlink()
    office.days(8)
    assert (reports.tick(), reports.tick(), issued(ledger)) == (0, 0, [])
    assert said == ["report_not_issued"]


def test_the_job_ticks_while_this_process_is_the_active_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled, "EVERY", 0.05)
    active, ticked = threading.Event(), threading.Event()
    counted: list[bool] = []

    def tick() -> int:
        counted.append(active.is_set())
        if len(counted) == 1:
            raise BackendError("ledger_failed", detail="away")
        ticked.set()
        return 0

    with running(tick, active.is_set):
        assert not ticked.wait(0.3)
        active.set()
        assert ticked.wait(10)
    assert counted
    assert all(counted)
