"""Checkpoints on a real ledger: what one that was kept elsewhere catches, and what it does not."""

from __future__ import annotations

import base64
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from alerts.events import EventType
from huiying.backends.ledger_sql import SqlLedger
from huiying.checkpoint import history, issue, proved
from huiying.core import codec, note
from huiying.core.errors import Refused, Tampered
from huiying.core.model import Draft, Role
from huiying.init import create_ledger
from tests.clock import SettableClock

NOW = codec.instant("2026-03-10T10:00:00+08:00")
NOTE = Draft("noted", None, "p-1", Role.DUTY, payload={"text": "停水"})


class Office:
    """A ledger file in `folder` with its key; every call opens it anew, as the commands do."""

    def __init__(self, folder: Path, kind: str = "office") -> None:
        self.folder, self.data = folder, folder / "data"
        self.data.mkdir(parents=True)
        (folder / "huiying.toml").write_text('desk = "county"\ntitle = "t"\ncontact = "a@b.cn"\n', encoding="utf-8")
        create_ledger(folder, kind, SettableClock(NOW))
        self.file = self.data / "ledger.sqlite"

    def ledger(self) -> SqlLedger:
        return SqlLedger(f"sqlite:///{self.file}", "county", SettableClock(NOW))

    def note(self, count: int) -> None:
        ledger = self.ledger()
        ledger.append([NOTE] * count)
        ledger.close()

    def issue(self) -> str:
        ledger = self.ledger()
        try:
            return issue(ledger, self.data, "by_hand")
        finally:
            ledger.close()

    def proved(self, *kept: str) -> tuple[int, int]:
        """Verify as the command does; return how many checkpoints hold and how many are declared lost."""
        ledger = self.ledger()
        try:
            ledger.verify()
            held, lost = proved(history(ledger), kept)
            return len(held), len(lost)
        finally:
            ledger.close()

    def spoil(self, seq: int = 2) -> None:
        """Change the stored chain hash of event `seq`, as an owner of the file can."""
        with sqlite3.connect(self.file) as database:
            for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
                database.execute(f"drop trigger {name}")
            database.execute("update events set chain = zeroblob(32) where seq = ?", (seq,))

    def rewrite(self, keep: int, texts: list[str]) -> None:
        """Do what an owner of the database can: drop all events after `keep`, and write others with right hashes."""
        with sqlite3.connect(self.file) as database:
            for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
                database.execute(f"drop trigger {name}")
            database.execute("delete from events where seq > ?", (keep,))
        ledger = self.ledger()
        for text in texts:
            ledger.append([Draft("noted", None, "p-1", Role.DUTY, payload={"text": text})])
        ledger.close()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path / "desk")
    made.note(5)
    return made


def test_a_checkpoint_covers_what_stands_before_it_and_holds_later(office: Office) -> None:
    kept = office.issue()
    found = note.checkpoint(kept)
    assert (found.origin, found.size) == ("county/1", 6)
    event = office.ledger().read()[-1]
    assert (event.type, event.payload["root"], event.payload["note"]) == (
        EventType.CHECKPOINT_ISSUED,
        found.root.hex(),
        kept,
    )
    office.note(3)
    office.issue()
    assert office.proved() == (2, 0)
    assert office.proved(kept) == (3, 0)


def test_the_same_checkpoint_again_is_recorded_once(office: Office) -> None:
    first = office.issue()
    ledger = office.ledger()
    ledger.append([Draft(EventType.CHECKPOINT_ISSUED, None, "system", Role.SYSTEM)], key="checkpoint:county/1:6")
    assert first == ledger.by_key("checkpoint:county/1:6")[0].payload["note"]
    assert ledger.head() == 7


def test_a_history_written_anew_is_caught_by_a_kept_note_and_by_nothing_else(office: Office) -> None:
    kept = office.issue()
    office.rewrite(3, ["供水正常"] * 5)
    assert office.proved() == (0, 0)
    with pytest.raises(Tampered) as caught:
        office.proved(kept)
    assert (caught.value.fields["seq"], caught.value.fields["reason"]) == (6, "root")


def test_a_tail_cut_off_is_caught_by_a_kept_note(office: Office) -> None:
    kept = office.issue()
    office.rewrite(4, [])
    with pytest.raises(Tampered) as caught:
        office.proved(kept)
    assert (caught.value.fields["seq"], caught.value.fields["reason"]) == (4, "shorter")


def test_an_event_changed_before_an_issued_checkpoint_is_caught_though_the_chain_was_made_anew(office: Office) -> None:
    signed = office.issue()
    office.rewrite(3, ["供水正常"] * 3)
    size, root = note.checkpoint(signed).size, note.checkpoint(signed).root.hex()
    ledger = office.ledger()
    payload = {"size": size, "root": root, "note": signed, "reason": "by_hand"}
    ledger.append([Draft(EventType.CHECKPOINT_ISSUED, None, "system", Role.SYSTEM, payload=payload)])
    with pytest.raises(Tampered, match="root"):
        office.proved()
    with pytest.raises(Tampered, match="root"):
        office.issue()


def test_what_a_restoration_declares_lost_is_told_and_is_no_error(office: Office) -> None:
    before = office.issue()
    office.note(4)
    lost = office.issue()
    office.rewrite(8, [])
    with pytest.raises(Tampered, match="shorter"):
        office.proved(lost)
    ledger = office.ledger()
    payload = {"origin": "county/2", "of": "county/1", "last": 8}
    ledger.append([Draft(EventType.RESTORED, None, "system", Role.SYSTEM, payload=payload)])
    ledger.append([NOTE] * 9)
    ledger.close()
    assert office.proved(before, lost) == (2, 1)
    assert note.checkpoint(office.issue()).origin == "county/2"


def test_a_demonstrations_checkpoint_is_no_offices(tmp_path: Path) -> None:
    assert note.checkpoint(Office(tmp_path / "demo", "demonstration").issue()).origin == "demonstration/county/1"


def test_notes_of_others_and_notes_that_were_changed_are_refused(office: Office, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="note_unsigned"):
        office.proved(Office(tmp_path / "other").issue())
    with pytest.raises(Refused, match="note_forged"):
        office.proved(office.issue().replace("\n6\n", "\n5\n"))
    with pytest.raises(Refused, match="note_unreadable"):
        office.proved("county/1")


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "ledger_key_missing"), ("no key", "ledger_key_unreadable"), ("00" * 32, "ledger_key_other")],
)
def test_without_its_own_key_nothing_is_signed(office: Office, text: str | None, code: str) -> None:
    key = office.data / "ledger.key"
    key.unlink()
    if text is not None:
        key.write_text(text, encoding="ascii")
    with pytest.raises(Exception, match=code):
        office.issue()
    assert office.ledger().head() == 6


def test_the_command_writes_a_note_and_finds_a_rewritten_ledger(office: Office, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    assert run("checkpoint", office.folder, "--out", kept).returncode == 0
    assert base64.b64decode(kept.read_text(encoding="utf-8").split("\n")[2])
    good = run("verify", office.folder, "--checkpoint", kept)
    assert good.returncode == 0
    assert "2 checkpoints agree with the ledger, the newest covers the first 6 events" in good.stdout
    again = run("checkpoint", office.folder, "--out", kept)
    assert again.returncode == 1
    office.rewrite(3, ["供水正常"] * 9)
    bad = run("verify", office.folder, "--checkpoint", kept)
    assert bad.returncode == 1
    assert "Event 6 of the ledger does not match" in bad.stderr


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "huiying", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HUIYING_LANGUAGE": "en"},
        check=False,
    )
