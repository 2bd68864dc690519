"""A report is recorded with its hash, covered by a checkpoint, and proved to follow the one before it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from alerts.events import EventType
from alerts.view import read_all
from huiying.checkpoint import history
from huiying.core import merkle, note
from huiying.core.doubt import Doubt, Verified, write_verified
from huiying.core.errors import Refused, Tampered
from huiying.issuing import Issued, counted, issue, issued
from huiying.papers import DeskPapers
from huiying.second_file import latest
from tests.attacks.office import Office, noted, opened


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path / "desk")
    made.configure()
    made.append(opened("A1"), noted("A1"))
    return made


def report(office: Office, name: str = "2026-Q1", key: str | None = None) -> Issued:
    with office.ledger() as ledger:
        return issued(ledger, issue(ledger, office.data, office.data / "second", office.clock, name, key))


def test_figures_then_their_hash_then_a_checkpoint_over_both(office: Office) -> None:
    made = report(office)
    with office.ledger() as ledger:
        events = read_all(ledger)
        figured = counted(events, made)
    hashed, signed = events[-2:]
    assert (hashed.type, signed.type) == (EventType.REPORT_ISSUED, EventType.CHECKPOINT_ISSUED)
    assert (made.seq, made.events, made.period, made.kind) == (5, 4, "2026-Q1", "quarter")
    assert hashed.payload["figures"] == made.sha256 == hashlib.sha256(figured.to_json()).hexdigest()
    assert json.loads(figured.to_json())["events"] == 4
    assert signed.payload["reason"] == "report"
    assert signed.payload["note"] == made.note == latest(office.data / "second")
    assert note.checkpoint(made.note).size == made.seq


def test_the_full_verification_takes_the_figures_of_a_report(office: Office) -> None:
    made = report(office)
    with office.ledger() as ledger:
        written = counted(read_all(ledger), made).to_json()
    assert (office.verify(made.note, reports=[written]).bad, office.verify(reports=[written]).reports) == (None, 1)


def test_a_report_is_the_same_whatever_is_recorded_after_it(office: Office) -> None:
    made = report(office)
    with office.ledger() as ledger:
        first = counted(read_all(ledger), made).to_json()
    office.append(opened("A2", 2), noted("A1"))
    office.days(40)
    with office.ledger() as ledger:
        assert issued(ledger, made.seq) == made
        assert counted(read_all(ledger), made).to_json() == first


def test_what_is_recorded_in_the_instant_of_the_cut_off_but_later_is_not_counted(office: Office) -> None:
    with office.ledger() as ledger:
        ledger.append([noted("A1")])
        made = issued(ledger, issue(ledger, office.data, office.data / "second", office.clock, "2026-Q1"))
        events = read_all(ledger)
        assert made.cutoff == events[made.seq - 1].recorded_at
        assert counted(events, made).events == made.events == made.seq - 1


def test_the_paper_proves_that_it_follows_the_report_before_and_the_last_of_its_kind(office: Office) -> None:
    quarter = report(office)
    office.append(noted("A1"))
    week = report(office, "2026-W06")
    office.append(noted("A1"), noted("A1"))
    later = report(office, "2026-Q2")
    assert [(one.report, one.kind) for one in later.proofs] == [(week.seq, "week"), (quarter.seq, "quarter")]
    assert [one.report for one in week.proofs] == [quarter.seq]
    assert quarter.proofs == ()
    assert [note.checkpoint(one.note).size for one in (quarter, week, later)] == [quarter.seq, week.seq, later.seq]
    new = note.checkpoint(later.note)
    for proof, before in zip(later.proofs, (week, quarter), strict=True):
        old = note.checkpoint(before.note)
        assert (proof.before, proof.size) == (old.size, new.size)
        assert merkle.extends(old.size, old.root, new.size, new.root, proof.hashes)
        assert not merkle.extends(old.size, bytes(32), new.size, new.root, proof.hashes)


def test_the_same_key_is_one_report(office: Office) -> None:
    first = report(office, key="report:2026-Q1")
    office.append(noted("A1"))
    assert report(office, key="report:2026-Q1") == first
    with office.ledger() as ledger:
        assert len(history(ledger).issued) == 1


def test_a_kill_before_the_checkpoint_is_made_good_by_the_same_key(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken, office.ledger() as ledger:
        broken.setattr("huiying.issuing.sign", _killed)
        with pytest.raises(KeyboardInterrupt):
            issue(ledger, office.data, office.data / "second", office.clock, "2026-Q1", "once")
        with pytest.raises(Refused, match="no_report"):
            issued(ledger, ledger.head())
    made = report(office, key="once")
    assert (made.seq, note.checkpoint(made.note).size) == (5, 5)


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_nothing_is_issued_while_a_doubt_stands(office: Office) -> None:
    now = office.clock.now()
    write_verified(office.data, Verified(1, "", now, Doubt(3, "root", now)))
    with pytest.raises(Tampered) as caught:
        report(office)
    assert caught.value.fields["seq"] == 3


def test_what_cannot_be_issued_is_refused_before_anything_is_recorded(office: Office) -> None:
    with pytest.raises(Refused, match="period_unknown"):
        report(office, "2026-Q5")
    (office.data / "ledger.key").rename(office.data / "away")
    with pytest.raises(Refused, match="ledger_key_missing"):
        report(office)
    with office.ledger() as ledger:
        assert ledger.head() == 4
        with pytest.raises(Refused, match="no_report"):
            issued(ledger, 4)


def test_a_report_whose_hash_is_not_that_of_its_figures_is_not_printed(office: Office) -> None:
    made = report(office)
    with office.ledger() as ledger:
        events = read_all(ledger)
    other = Issued(**{name: getattr(made, name) for name in Issued.__slots__} | {"period": "2025-Q1"})
    with pytest.raises(Tampered) as caught:
        counted(events, other)
    assert (caught.value.fields["seq"], caught.value.fields["reason"]) == (5, "report")


# ── papers ──────────────────────────────────────────────────────────────────


@pytest.fixture
def desk(office: Office) -> Iterator[DeskPapers]:
    with office.ledger() as ledger:
        second, template = office.data / "second", office.folder / "report-template.docx"
        people = lambda: {"P-duty": "值班甲"}  # noqa: E731
        yield DeskPapers(ledger, office.data, second, office.clock, "county", "某县值班台", people, template)


def test_an_issued_report_is_printed_in_each_form_the_same_each_time(desk: DeskPapers, office: Office) -> None:
    seq = desk.issue("2026-Q1")
    for form, begins in (("pdf", b"%PDF"), ("docx", b"PK"), ("xlsx", b"PK"), ("json", b'{"alerts"')):
        made = desk.paper(seq, form, "zh")
        assert made.name == f"county-2026-Q1-{seq}.{form}"
        assert made.body.startswith(begins)
        desk.ledger.append([noted("A1")])
        assert desk.paper(seq, form, "zh") == made


def test_a_draft_records_nothing_and_says_what_it_is(desk: DeskPapers) -> None:
    head = desk.ledger.head()
    made = desk.draft("2026-Q1", "pdf", "zh")
    assert (made.name, desk.ledger.head()) == ("county-2026-Q1-draft.pdf", head)
    assert all("草稿" in page.extract_text() for page in PdfReader(BytesIO(made.body)).pages)


def test_a_form_that_there_is_not_is_refused_before_anything_is_issued(desk: DeskPapers, office: Office) -> None:
    with pytest.raises(Refused, match="report_form"):
        desk.paper(5, "odt", "zh")
    head = desk.ledger.head()
    ran = command(office.folder, "--period", "2026-Q1", "--format", "pdf,odt")
    assert (ran.returncode, desk.ledger.head()) == (1, head)
    assert "odt" in ran.stderr


def command(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "huiying", "report", str(folder), "--out", str(folder), *more]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60)


def test_the_command_issues_and_writes_and_writes_again(desk: DeskPapers, office: Office) -> None:
    ran = command(office.folder, "--period", "2026-Q1", "--format", "json, pdf")
    assert (ran.returncode, ran.stderr) == (0, "")
    first = (office.folder / "county-2026-Q1-5.pdf").read_bytes()
    (office.folder / "county-2026-Q1-5.pdf").unlink()
    assert command(office.folder, "--number", "5").returncode == 0
    assert (office.folder / "county-2026-Q1-5.pdf").read_bytes() == first
    assert office.verify(reports=[(office.folder / "county-2026-Q1-5.json").read_bytes()]).reports == 1
    assert command(office.folder).returncode == 1
    assert command(office.folder, "--period", "2026-Q1", "--number", "5").returncode == 1
