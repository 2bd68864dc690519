"""The contract of the ledger, one sentence of the port a test, over every backend."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from huiying.backends.ledger_sql import SqlLedger
from huiying.core.errors import BackendError, Conflict, KeyReused, Tampered
from huiying.core.model import Draft, Role
from huiying.core.ports import Ledger
from tests.clock import SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture(params=["sqlite"])
def ledger(request: pytest.FixtureRequest, file: Path, clock: SettableClock) -> Iterator[Ledger]:
    made = SqlLedger(f"sqlite:///{file}", "desk", clock)
    yield made
    made.close()


def draft(type: str = "noted", alert: str | None = "A1", text: str = "x") -> Draft:
    return Draft(type, alert, "p-1", Role.DUTY, payload={"text": text})


def test_numbers_are_dense_from_one_and_events_read_back(ledger: Ledger, clock: SettableClock) -> None:
    first = ledger.append([draft(text="甲"), draft(alert=None)])
    clock.forward(minutes=1)
    second = ledger.append([draft()])
    assert [event.seq for event in first + second] == [1, 2, 3]
    assert ledger.read() == first + second
    assert ledger.read(after=1, limit=1) == first[1:]
    assert ledger.read(alert="A1") == [first[0], second[0]]
    assert ledger.head() == 3


def test_time_is_the_ledgers_own_and_never_goes_back(ledger: Ledger, clock: SettableClock) -> None:
    (first,) = ledger.append([draft()])
    clock.set("2025-01-01T00:00:00+00:00")
    (second,) = ledger.append([draft()])
    assert second.recorded_at == first.recorded_at


def test_a_stale_version_is_a_conflict_with_both_numbers(ledger: Ledger) -> None:
    ledger.append([draft()], expected={"A1": 0})
    with pytest.raises(Conflict) as refused:
        ledger.append([draft(), draft()], expected={"A1": 0})
    assert (refused.value.fields["expected"], refused.value.fields["actual"]) == (0, 1)
    assert ledger.head() == 1


def test_a_key_used_before_returns_the_first_events(ledger: Ledger) -> None:
    first = ledger.append([draft()], key="k", expected={"A1": 0})
    assert ledger.append([draft()], key="k", expected={"A1": 0}) == first
    assert ledger.by_key("k") == first
    with pytest.raises(KeyReused):
        ledger.append([draft(type="confirmed")], key="k")
    assert ledger.head() == 1


def test_bytes_are_version_one_and_hash_as_documented(ledger: Ledger) -> None:
    one, two = ledger.append([draft(text="停水"), draft()])
    assert one.raw[:1] == b"\x01"
    assert (
        one.raw[1:]
        == json.dumps(json.loads(one.raw[1:]), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    )
    assert one.leaf == hashlib.sha256(b"\x00" + one.raw).digest()
    assert one.chain == hashlib.sha256(bytes(32) + one.leaf).digest()
    assert two.chain == hashlib.sha256(one.chain + two.leaf).digest()


def test_the_stored_bytes_of_version_one_never_change(ledger: Ledger) -> None:
    """These digits stand for every ledger written so far: if they change, old ledgers no longer verify."""
    (event,) = ledger.append([draft(text="停水")])
    assert (
        event.raw
        == (
            '\x01{"actor":"p-1","alert":"A1","claimed_at":null,"desk":"desk","payload":{"text":"停水"},'
            '"recorded_at":"2026-01-27T00:00:00.000000Z","role":"duty","seq":1,"type":"noted","unit":null}'
        ).encode()
    )


def test_two_writers_share_one_dense_sequence(ledger: Ledger, file: Path, clock: SettableClock) -> None:
    def write() -> None:
        own = SqlLedger(f"sqlite:///{file}", "desk", clock)
        for _ in range(20):
            own.append([draft()])
        own.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in ledger.read()] == list(range(1, 81))
    assert ledger.verify() == 80


def test_nothing_is_updated_or_deleted_by_accident(ledger: Ledger, file: Path) -> None:
    ledger.append([draft()])
    direct = sqlite3.connect(file)
    for statement in ("UPDATE events SET alert = 'B'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            direct.execute(statement)
    direct.close()


@pytest.mark.parametrize(
    ("damage", "seq", "reason"),
    [
        ("UPDATE events SET raw = replace(raw, 'x', 'y') WHERE seq = 2", 2, "leaf"),
        ("UPDATE events SET leaf = zeroblob(32) WHERE seq = 3", 3, "leaf"),
        ("UPDATE events SET chain = zeroblob(32) WHERE seq = 2", 2, "chain"),
        ("UPDATE events SET alert = 'B' WHERE seq = 3", 3, "columns"),
        ("DELETE FROM events WHERE seq = 2", 2, "missing"),
    ],
)
def test_verify_names_the_first_bad_event(ledger: Ledger, file: Path, damage: str, seq: int, reason: str) -> None:
    ledger.append([draft(), draft(), draft()])
    assert ledger.verify() == ledger.verify(after=2) == 3
    direct = sqlite3.connect(file)
    for verb in ("update", "delete"):
        direct.execute(f"DROP TRIGGER events_no_{verb}")
    direct.execute(damage)
    direct.commit()
    direct.close()
    with pytest.raises(Tampered) as found:
        ledger.verify()
    assert (found.value.fields["seq"], found.value.fields["reason"]) == (seq, reason)


@pytest.mark.parametrize("call", ["append", "read", "head", "by_key", "verify"])
def test_every_method_says_backend_error_while_the_table_is_gone(ledger: Ledger, file: Path, call: str) -> None:
    ledger.append([draft()])
    direct = sqlite3.connect(file)
    direct.execute("ALTER TABLE events RENAME TO gone")
    direct.commit()
    direct.close()
    calls = {
        "append": lambda: ledger.append([draft()]),
        "read": ledger.read,
        "head": ledger.head,
        "by_key": lambda: ledger.by_key("k"),
        "verify": ledger.verify,
    }
    with pytest.raises(BackendError):
        calls[call]()
