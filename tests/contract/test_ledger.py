"""The contract of the ledger, one sentence of the port a test, over every backend."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from huiying.backends import sql
from huiying.backends.ledger_sql import SqlLedger
from huiying.core.errors import BackendError, Conflict, KeyReused, Tampered
from huiying.core.model import Draft, Role
from huiying.core.ports import Ledger
from tests.clock import SettableClock
from tests.servers import Cluster, Database, at_once

pytest_plugins = ("tests.servers",)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def ledger(database: Database, clock: SettableClock) -> Iterator[Ledger]:
    made = SqlLedger(database.url, database.desk, clock)
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
    assert ledger.read(whole=True) == [first[1]]
    assert ledger.read(after=2, whole=True) == []
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


def test_waiting_ends_with_the_head_once_it_is_higher_or_when_time_is_up(ledger: Ledger) -> None:
    began = time.monotonic()
    assert ledger.wait(0, 0.3) == 0
    assert time.monotonic() - began >= 0.3
    ledger.append([draft(), draft()])
    began = time.monotonic()
    assert [ledger.wait(0, 10), ledger.wait(1, 10)] == [2, 2]
    assert time.monotonic() - began < 5
    assert ledger.wait(2, 0) == ledger.wait(9, 0.1) == 2


APPENDER = """
import sys
from huiying.backends import sql
from huiying.backends.ledger_sql import SqlLedger
from huiying.core.model import Draft, Role
from tests.clock import SettableClock
ledger = SqlLedger(sys.argv[1], sys.argv[2], SettableClock())
print("ready", flush=True)
for line in sys.stdin:
    ledger.append([Draft("noted", "A1", "p-1", Role.DUTY, payload={"text": "x"})])
ledger.close()
"""


def test_an_event_of_another_process_wakes_every_thread_that_waits(ledger: Ledger, database: Database) -> None:
    command = [sys.executable, "-c", APPENDER, database.url, database.desk]
    root = Path(__file__).parents[2]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as other,
        ThreadPoolExecutor(3) as threads,
    ):
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        delays = []
        for number in range(1, 11):
            waiting = [threads.submit(ledger.wait, number - 1, 20.0) for _ in range(3)]
            time.sleep(0.3)  # the first time, the connection that listens is opened
            assert not any(one.done() for one in waiting)
            began = time.monotonic()
            other.stdin.write("\n")
            other.stdin.flush()
            assert [one.result() for one in waiting] == [number] * 3
            delays.append(time.monotonic() - began)
            assert delays[-1] < 5
        other.stdin.close()
    print(f"{database.dialect}: woken after {sorted(delays)[5] * 1000:.0f} ms, at most {max(delays) * 1000:.0f} ms")


def test_a_closed_ledger_lets_those_go_who_wait(database: Database, clock: SettableClock) -> None:
    ledger = SqlLedger(database.url, database.desk, clock)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(ledger.wait, 0, 30.0)
        time.sleep(0.3)
        began = time.monotonic()
        ledger.close()
        assert waiting.result() == 0
    assert time.monotonic() - began < 5


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


def test_the_stored_bytes_of_version_one_never_change(ledger: Ledger, database: Database) -> None:
    """These digits stand for every ledger written so far: if they change, old ledgers no longer verify."""
    (event,) = ledger.append([draft(text="停水")])
    assert (
        event.raw
        == (
            f'\x01{{"actor":"p-1","alert":"A1","claimed_at":null,"desk":"{database.desk}","payload":{{"text":"停水"}},'
            '"recorded_at":"2026-01-27T00:00:00.000000Z","role":"duty","seq":1,"type":"noted","unit":null}'
        ).encode()
    )


def test_two_writers_share_one_dense_sequence(ledger: Ledger, database: Database, clock: SettableClock) -> None:
    def write() -> None:
        own = SqlLedger(database.url, database.desk, clock)
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


def test_nothing_is_updated_or_deleted_by_accident(ledger: Ledger, database: Database) -> None:
    ledger.append([draft()])
    for statement in ("UPDATE events SET alert = 'B'", "DELETE FROM events"):
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
            database.execute(statement)
    assert ledger.verify() == 1


OPENED = {
    "sqlite": ("DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete"),
    "postgresql": (
        "DROP TRIGGER events_no_update ON events",
        "DROP TRIGGER events_no_delete ON events",
        "GRANT UPDATE, DELETE ON events TO CURRENT_USER",
    ),
}
ZEROS = {"sqlite": "zeroblob(32)", "postgresql": "decode(repeat('00', 32), 'hex')"}
OTHER = {
    "sqlite": "replace(raw, 'x', 'y')",
    "postgresql": "convert_to(replace(convert_from(raw, 'UTF8'), 'x', 'y'), 'UTF8')",
}


@pytest.mark.parametrize(
    ("damage", "seq", "reason"),
    [
        ("UPDATE events SET raw = {other} WHERE seq = 2", 2, "leaf"),
        ("UPDATE events SET leaf = {zeros} WHERE seq = 3", 3, "leaf"),
        ("UPDATE events SET chain = {zeros} WHERE seq = 2", 2, "chain"),
        ("UPDATE events SET alert = 'B' WHERE seq = 3", 3, "columns"),
        ("DELETE FROM events WHERE seq = 2", 2, "missing"),
    ],
)
def test_verify_names_the_first_bad_event(
    ledger: Ledger, database: Database, damage: str, seq: int, reason: str
) -> None:
    ledger.append([draft(), draft(), draft()])
    assert ledger.verify() == ledger.verify(after=2) == 3
    done = damage.format(zeros=ZEROS[database.dialect], other=OTHER[database.dialect])
    database.execute(*OPENED[database.dialect], done)
    with pytest.raises(Tampered) as found:
        ledger.verify()
    assert (found.value.fields["seq"], found.value.fields["reason"]) == (seq, reason)


def test_what_is_stored_is_yielded_in_order_and_unchecked(ledger: Ledger, database: Database) -> None:
    events = ledger.append([draft(), draft(alert=None), draft()])
    assert [tuple(row) for row in ledger.stored()] == [(e.seq, e.alert, e.raw, e.leaf, e.chain) for e in events]
    assert [row.seq for row in ledger.stored(after=1)] == [2, 3]
    damage = f"UPDATE events SET leaf = {ZEROS[database.dialect]} WHERE seq = 2"
    database.execute(*OPENED[database.dialect], damage)
    assert [row.leaf == bytes(32) for row in ledger.stored()] == [False, True, False]


FORBIDDEN = (
    "UPDATE events SET alert = 'B'",
    "DELETE FROM events",
    "INSERT OR REPLACE INTO events (seq, raw, leaf, chain) VALUES (1, x'00', x'00', x'00')",
    "DROP TRIGGER events_no_update",
    "DROP TABLE events",
    "ALTER TABLE events RENAME TO gone",
    "CREATE TABLE other (x)",
    "PRAGMA writable_schema = ON",
    "ATTACH ':memory:' AS other",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_ledgers_own_connection_can_only_read_and_insert(
    tmp_path: Path, clock: SettableClock, statement: str
) -> None:
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}", "d", clock)
    ledger.append([draft()])
    with ledger._engine.connect() as connection, pytest.raises(DBAPIError, match=r"not authorized|append-only"):
        connection.exec_driver_sql(statement)
    assert ledger.append([draft()])[0].seq == ledger.verify() == 2
    ledger.close()


def test_no_event_is_replaced_past_the_triggers(tmp_path: Path, clock: SettableClock) -> None:
    """SQLite's REPLACE deletes a row without its triggers, unless they are recursive."""
    engine = sql.opened(f"sqlite:///{tmp_path / 'ledger.sqlite'}", "d", "ledger")
    ledger = SqlLedger(str(engine.url), "d", clock)
    ledger.append([draft()])
    with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.exec_driver_sql(FORBIDDEN[2])
    engine.dispose()
    ledger.close()


def test_a_file_is_written_through_to_the_disk_at_every_append(tmp_path: Path, clock: SettableClock) -> None:
    engine = sql.opened(f"sqlite:///{tmp_path / 'ledger.sqlite'}", "d", "ledger")
    with engine.connect() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    engine.dispose()
    assert settings == ["wal", 2]  # 2: FULL, a forced write for each transaction


def test_of_many_first_commands_one_wins_and_the_others_hear_of_it(database: Database, ledger: Ledger) -> None:
    results = at_once(*[lambda: ledger.append([draft()], expected={"A1": 0})] * 6)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 5 + ["list"]
    assert ledger.head() == 1


def test_one_key_used_many_times_at_once_is_appended_once(database: Database, ledger: Ledger) -> None:
    results = at_once(*[lambda: ledger.append([draft()], key="k")] * 6)
    assert results == [ledger.by_key("k")] * 6
    assert ledger.head() == 1


READS: dict[str, Callable[[Ledger], object]] = {
    "read": lambda ledger: ledger.read(),
    "head": lambda ledger: ledger.head(),
    "wait": lambda ledger: ledger.wait(0, 0.1),
    "by_key": lambda ledger: ledger.by_key("k"),
    "verify": lambda ledger: ledger.verify(),
    "stored": lambda ledger: list(ledger.stored()),
}
CALLS = {"append": lambda ledger: ledger.append([draft()]), **READS}


@pytest.mark.parametrize("call", CALLS)
def test_every_method_says_backend_error_while_the_table_is_gone(ledger: Ledger, database: Database, call: str) -> None:
    ledger.append([draft()])
    database.execute("ALTER TABLE events RENAME TO gone")
    with pytest.raises(BackendError):
        CALLS[call](ledger)


def test_every_method_says_backend_error_while_the_server_is_down_and_then_goes_on(
    own_schema: Database, cluster: Cluster, clock: SettableClock
) -> None:
    ledger = SqlLedger(own_schema.url, own_schema.desk, clock)
    ledger.append([draft()])
    with cluster.down():
        for call in CALLS.values():
            with pytest.raises(BackendError, match="ledger_failed") as failed:
                call(ledger)
            assert failed.value.__cause__ is not None
        with pytest.raises(BackendError):
            SqlLedger(own_schema.url, own_schema.desk, clock)
    assert ledger.append([draft()])[0].seq == ledger.verify() == 2
    ledger.close()


def test_every_method_says_backend_error_when_another_session_holds_the_table(
    schema: Database, clock: SettableClock
) -> None:
    patient = schema.with_setting("lock_timeout=50ms")
    ledger = SqlLedger(patient.url, patient.desk, clock)
    ledger.append([draft()])
    with schema.locked():
        for call in CALLS.values():
            with pytest.raises(BackendError, match="lock timeout"):
                call(ledger)
    assert ledger.append([draft()])[0].seq == 2
    ledger.close()


def test_a_read_only_server_is_read_and_refuses_to_append(schema: Database, clock: SettableClock) -> None:
    SqlLedger(schema.url, schema.desk, clock).close()
    frozen = schema.with_setting("default_transaction_read_only=on")
    ledger = SqlLedger(frozen.url, frozen.desk, clock)
    with pytest.raises(BackendError, match="read-only"):
        ledger.append([draft()])
    assert [call(ledger) for call in READS.values()] == [[], 0, 0, [], 0, []]
    ledger.close()
