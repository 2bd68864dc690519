"""The ledger is kept provable by itself: the second file, the checkpoint of each day, the doubt that stops reports."""

from __future__ import annotations

import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.events import EventType
from alerts.folded import fold_all
from alerts.projected import Kept as Saved
from alerts.projected import write
from alerts.view import AlertView, read_all
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.store_sql import SqlStore
from huiying.checkpoint import History, history, issue
from huiying.core import note
from huiying.core.cosignature import cosigned
from huiying.core.doubt import doubted, read_verified, refuse_doubted
from huiying.core.errors import BackendError, Refused, Tampered
from huiying.core.model import Draft, Event, Role
from huiying.sealing import Sealing
from huiying.second_file import latest, swap
from huiying.witness import Witness, application, create, send
from huiying.witnessing import Witnessing
from tests.clock import SettableClock
from tests.flow.test_checkpoint import NOW, Office

with warnings.catch_warnings():
    # Starlette's test client asks for httpx2; with httpx it works the same.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

OVER = Draft(EventType.HANDED_OVER, None, "p-1", Role.DUTY, payload={"shift": "白班", "notes": "无", "open": []})


@dataclass
class Kept:
    """An office's ledger with what keeps it; `restart` is the process that starts anew."""

    office: Office
    second: Path
    clock: SettableClock
    told: list[datetime | None] = field(default_factory=list)

    def restart(self) -> None:
        self.ledger = SqlLedger(f"sqlite:///{self.office.file}", "county", self.clock)
        data, zone = self.office.data, lambda: "Asia/Shanghai"
        store = SqlStore(f"sqlite:///{data / 'store.sqlite'}")
        self.projection = store.projection
        self.sealing = Sealing(
            self.ledger, data, self.second, self.clock, zone, self.told.append, projection=self.projection
        )
        self.sealing.tick()

    def reasons(self) -> list[str]:
        return [event.payload["reason"] for event in self.issued()]

    def issued(self) -> list[Event]:
        return [event for event in self.ledger.read() if event.type == EventType.CHECKPOINT_ISSUED]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    office = Office(tmp_path / "desk")
    office.note(5)
    made = Kept(office, tmp_path / "elsewhere", SettableClock(NOW))
    made.restart()
    yield made
    made.ledger.close()


def test_each_day_of_the_office_has_one_checkpoint_however_often_it_starts(kept: Kept) -> None:
    kept.sealing.tick()
    kept.restart()
    assert kept.reasons() == ["daily"]
    kept.clock.forward(hours=13, minutes=59)  # 23:59 in the office
    kept.sealing.tick()
    assert kept.reasons() == ["daily"]
    kept.clock.forward(minutes=2)
    kept.sealing.tick()
    assert kept.reasons() == ["daily", "daily"]
    assert latest(kept.second) == kept.issued()[-1].payload["note"]
    assert sorted(file.name for file in kept.second.glob("*.note")) == ["000000006.note", "000000007.note"]


def test_a_hand_over_has_its_checkpoint_also_where_nobody_watched_meanwhile(kept: Kept) -> None:
    kept.ledger.append([OVER])
    kept.sealing.tick()
    kept.sealing.tick()
    assert kept.reasons() == ["daily", "hand_over"]
    kept.ledger.append([OVER])
    kept.restart()
    assert kept.reasons() == ["daily", "hand_over", "hand_over"]


def test_a_roll_back_stands_as_a_doubt_and_no_report_can_be_issued(kept: Kept, tmp_path: Path) -> None:
    kept.ledger.close()
    shutil.copytree(kept.office.data, tmp_path / "yesterday")
    kept.restart()
    kept.ledger.append([OVER] * 3)
    kept.clock.forward(days=1)
    kept.sealing.tick()
    refuse_doubted(kept.office.data)
    kept.ledger.close()
    shutil.rmtree(kept.office.data)
    shutil.copytree(tmp_path / "yesterday", kept.office.data)
    kept.clock.forward(hours=1)
    kept.restart()
    assert kept.told[-1] == kept.clock.now()
    found = read_verified(kept.office.data)
    assert found
    assert found.doubt
    assert found.doubt.reason == "shorter"
    with pytest.raises(Tampered, match="shorter"):
        refuse_doubted(kept.office.data)
    issued = kept.reasons()
    kept.clock.forward(days=1)
    kept.sealing.tick()
    assert kept.reasons() == issued
    assert kept.told[-1] == kept.clock.now() - timedelta(days=1)


def test_a_ledger_written_anew_to_the_same_length_is_found_at_the_next_start(kept: Kept) -> None:
    kept.ledger.append([OVER])
    kept.ledger.close()
    kept.office.rewrite(3, ["供水正常"] * 5)
    kept.restart()
    found = read_verified(kept.office.data)
    assert found
    assert found.doubt
    assert found.doubt.reason == "rewritten"


def test_what_was_appended_since_is_recomputed_at_start(kept: Kept) -> None:
    kept.ledger.append([OVER] * 3)
    kept.ledger.close()
    kept.office.spoil(seq=9)
    kept.restart()
    found = read_verified(kept.office.data)
    assert found
    assert found.doubt
    assert (found.doubt.seq, found.doubt.reason) == (9, "chain")


def test_what_was_changed_before_is_found_in_the_night_and_not_signed(kept: Kept) -> None:
    kept.clock.forward(hours=16)  # 02:00 in the office, still the day before in UTC
    kept.sealing.tick()
    kept.ledger.close()
    kept.office.spoil(seq=2)
    kept.restart()
    assert kept.told[-1] is None
    kept.clock.forward(days=1)
    kept.sealing.tick()
    assert kept.told[-1] == kept.clock.now()
    assert kept.reasons() == ["daily", "daily"]


def test_a_ledger_that_was_put_back_and_has_grown_past_the_note_since_is_a_doubt(kept: Kept, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.sqlite"
    with closing(sqlite3.connect(kept.office.file)) as ledger, closing(sqlite3.connect(earlier)) as file:
        ledger.backup(file)
    kept.office.note(3)
    issue(kept.ledger, kept.office.data, "by_hand", kept.second)
    kept.ledger.close()
    for beside in kept.office.data.glob("ledger.sqlite*"):
        beside.unlink()
    shutil.copy(earlier, kept.office.file)
    with closing(kept.office.ledger()) as other:
        other.append([Draft("noted", None, "p-1", Role.DUTY, payload={"text": "一切正常"})] * 9)
    kept.restart()
    assert kept.told[-1] == kept.clock.now()


def test_a_second_file_that_was_edited_is_a_doubt(kept: Kept) -> None:
    file = kept.second / "latest"
    file.write_text(file.read_text(encoding="utf-8").replace("\n6\n", "\n5\n"), encoding="utf-8")
    with pytest.raises(Tampered, match="second_file"):
        issue(kept.ledger, kept.office.data, "by_hand", kept.second)
    kept.clock.forward(days=1)
    kept.sealing.tick()
    found = read_verified(kept.office.data)
    assert found
    assert found.doubt
    assert found.doubt.reason == "second_file"


def test_a_projection_altered_with_a_right_checksum_is_a_doubt_until_it_is_replaced(kept: Kept) -> None:
    AlertView(kept.ledger, kept.projection).keep()
    folded = fold_all(read_all(kept.ledger))
    folded.whole = [event for event in folded.whole if event.type != EventType.LEDGER_CREATED]
    pieces, forged = write(folded, Saved())
    assert forged.folding
    assert kept.projection.save(forged.folding, pieces, None)
    kept.clock.forward(days=1)
    kept.sealing.tick()
    assert kept.told[-1] == kept.clock.now()
    assert kept.reasons() == ["daily"]
    with pytest.raises(Tampered) as refused:
        refuse_doubted(kept.office.data)
    assert (refused.value.code, refused.value.fields) == ("projection_altered", {"seq": 1, "reason": "projection"})
    assert doubted(kept.office.data)
    view = AlertView(kept.ledger, kept.projection, believed=False)
    view.catch_up()
    view.keep()
    kept.clock.forward(days=1)
    kept.sealing.tick()
    assert kept.told[-1] is None
    assert not doubted(kept.office.data)


def test_of_two_that_sign_at_once_the_second_sees_the_first(kept: Kept, tmp_path: Path) -> None:
    before = latest(kept.second)
    first = issue(kept.ledger, kept.office.data, "by_hand", kept.second)
    with pytest.raises(Refused, match="second_file_swapped"):
        swap(kept.second, before, issue(kept.ledger, kept.office.data, "by_hand", tmp_path / "third"))
    assert latest(kept.second) == first


def test_a_checkpoint_recorded_before_the_power_failed_reaches_the_second_file(kept: Kept, tmp_path: Path) -> None:
    signed = issue(kept.ledger, kept.office.data, "daily", tmp_path / "lost", key="checkpoint:daily:2026-03-11")
    kept.clock.forward(days=1)
    kept.sealing.tick()
    assert kept.reasons() == ["daily", "daily"]
    assert latest(kept.second) == signed


@dataclass
class Away:
    """A witness that is away until it is `there`."""

    there: Witness
    answering: bool = False
    asked: int = 0

    def cosigned(self, known: History, signed: str, old: int) -> str:
        self.asked += 1
        if not self.answering:
            raise BackendError("witness_unreachable", url="u", detail="d")
        with TestClient(application(self.there), base_url="http://w.test") as client:
            return send(client, "http://w.test", known, signed, self.there.key, old)


@pytest.fixture
def away(tmp_path: Path, kept: Kept) -> Away:
    create(tmp_path / "witness", "w.example")
    there = Witness(tmp_path / "witness", kept.clock.now)
    there.trust(history(kept.ledger).key("county/1"))
    return Away(there)


def witnessing(kept: Kept, away: Away, missed: list[datetime | None]) -> Witnessing:
    made = Witnessing(kept.ledger, kept.second, kept.clock, away.cosigned, missed.append)
    data, zone = kept.office.data, lambda: "Asia/Shanghai"
    kept.sealing = Sealing(kept.ledger, data, kept.second, kept.clock, zone, kept.told.append, made.tick)
    return made


def test_the_witness_signs_each_days_checkpoint_and_is_asked_once_for_each(kept: Kept, away: Away) -> None:
    away.answering = True
    missed: list[datetime | None] = []
    witnessing(kept, away, missed)
    for _ in range(3):
        kept.sealing.tick()
    kept.clock.forward(days=1)
    kept.sealing.tick()
    assert away.asked == 2
    files = sorted((kept.second / "witnessed").iterdir())
    assert [note.checkpoint(file.read_text(encoding="utf-8")).size for file in files] == [6, 7]
    newest = files[-1].read_text(encoding="utf-8")
    assert cosigned(newest, away.there.key) == int(kept.clock.now().timestamp())
    assert away.there.held("county/1") == newest
    witnessing(kept, away, missed)
    kept.sealing.tick()
    assert away.asked == 2  # nor after a restart


def test_a_witness_that_is_away_is_asked_hourly_and_told_of_after_a_day(kept: Kept, away: Away) -> None:
    missed: list[datetime | None] = []
    witnessing(kept, away, missed)
    began = kept.clock.now()
    for _ in range(26):
        kept.sealing.tick()
        kept.clock.forward(minutes=30)
        kept.sealing.tick()
        kept.clock.forward(minutes=30)
    assert away.asked == 26
    assert missed[:24] == [None] * 24
    assert missed[24:] == [began] * 2
    assert kept.told[-1] is None
    away.answering = True
    kept.sealing.tick()
    assert missed[-1] is None
    assert len(list((kept.second / "witnessed").iterdir())) == 1


def test_a_witness_that_holds_a_longer_history_is_a_doubt(kept: Kept, away: Away, tmp_path: Path) -> None:
    away.answering = True
    witnessing(kept, away, [])
    kept.sealing.tick()
    file = next(iter((tmp_path / "witness" / "origins").glob("*/latest")))
    forged = file.read_text(encoding="utf-8").replace("\n6\n", "\n600\n")
    file.write_text(forged, encoding="utf-8")
    kept.clock.forward(days=1)
    kept.sealing.tick()
    assert kept.told[-1] == kept.clock.now()
    with pytest.raises(Tampered, match="shorter"):
        refuse_doubted(kept.office.data)


def test_without_the_key_nothing_is_signed_and_watching_goes_on(kept: Kept) -> None:
    (kept.office.data / "ledger.key").unlink()
    kept.clock.forward(days=1)
    kept.sealing.tick()
    assert kept.reasons() == ["daily"]
    assert kept.told[-1] is None


def test_the_note_names_how_many_events_it_covers(kept: Kept) -> None:
    signed = latest(kept.second)
    assert signed
    assert note.checkpoint(signed).size == 6
