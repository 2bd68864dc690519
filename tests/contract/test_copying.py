"""Ledger and store to one file and back, whatever held them: whole, verified, into an empty place only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table

from huiying.backends import copying, sql
from huiying.backends.copying import copy_in, copy_out
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.store_sql import SqlStore
from huiying.core.codec import instant
from huiying.core.errors import BackendError, Refused, StorageFull, Tampered
from huiying.core.model import Draft, Role
from huiying.core.states import (
    Account,
    Captured,
    Delivery,
    Folding,
    Piece,
    PostState,
    Session,
    SourceAlarm,
    SourceState,
)
from tests.clock import SettableClock
from tests.contract.small_disk import fill
from tests.contract.test_ledger import OPENED, OTHER
from tests.servers import Cluster, Database, drop

pytest_plugins = ("tests.servers", "tests.contract.small_disk")

AT = instant("2026-01-27T08:00:00+08:00")
DAY = date(2026, 1, 27)
DRAFT = Draft("noted", "A1", "p-1", Role.DUTY, payload={"text": "x"})
BOTH = pytest.mark.parametrize("what", ["ledger", "store"])


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_BATCH", 2)


@pytest.fixture
def filled(database: Database) -> Database:
    """A place whose ledger and store hold something in every table."""
    return fill_tables(database)


def fill_tables(database: Database) -> Database:
    ledger, store = opened(database)
    ledger.append([DRAFT] * 3, key="k")
    ledger.append([DRAFT] * 4)
    for n in range(5):
        store.crawl.save_source(SourceState(f"s/{n}", "s", AT))
        store.stories.assign(f"p{n}", [n, n + 1], DAY, DAY, lambda found: found[0].story if found else None)
        store.accounts.failed(f"a{n}", AT)
    store.crawl.save_post(PostState("p", "s", 1, "i", "b", AT, AT))
    store.crawl.first_fetched("a", "b", AT)
    store.accounts.add(Account("zhiban", "p-1", "值班员", Role.DUTY, None, "zh", "hash"))
    store.accounts.open_session(Session("s", "l", "t", AT))
    store.deliveries.save(Delivery(1, "c", "s", 0, AT, None, ""))
    store.captured.save(Captured(1, 1, "a", None, None, AT))
    store.tallies.add(AT.date(), "read", {"paper": 3})
    store.alarms.replace([SourceAlarm("s", "r", AT, "d")])
    store.cursors.set("hooks", 7)
    pieces = [Piece("alert", f"A{n}", n, bytes(range(n))) for n in range(5)]
    store.projection.save(Folding(7, b"\0c", "v", b"\xff"), pieces, None)
    ledger.close()
    store.close()
    return database


def opened(database: Database) -> tuple[SqlLedger, SqlStore]:
    """Open ledger and store, on SQLite in two files."""
    return (
        SqlLedger(place(database, "ledger"), database.desk, SettableClock()),
        SqlStore(place(database, "store"), database.desk),
    )


def place(database: Database, what: str) -> str:
    return database.url.replace("database.sqlite", f"{what}.sqlite")


def rows(url: str, desk: str, what: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    engine = sql.opened(url, desk, what)
    with sql.reading(engine, what) as connection:
        found = {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in copying._TABLES[what].sorted_tables
        }
    engine.dispose()
    return found


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str, str, str], str]]:
    """Return what names an empty place on a dialect."""
    left: list[Callable[[], None]] = []

    def named(dialect: str, what: str, desk: str) -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path / f'{what}-new.sqlite'}"
        url = str(request.getfixturevalue("postgresql"))
        left.append(lambda: drop(url, [desk]))
        return url

    yield named
    for act in left:
        act()


@BOTH
@pytest.mark.parametrize("to", ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def test_every_row_comes_back_on_either_dialect(
    filled: Database, what: str, to: str, tmp_path: Path, elsewhere: Callable[[str, str, str], str]
) -> None:
    before = rows(place(filled, what), filled.desk, what)
    assert all(before.values())
    copy_out(place(filled, what), filled.desk, what, tmp_path / "copy")
    assert [file.name for file in tmp_path.glob("copy*")] == ["copy"]
    if filled.dialect == "postgresql" and to == "postgresql":
        drop(filled.url, [filled.desk])
    target = elsewhere(to, what, filled.desk)
    copy_in(tmp_path / "copy", target, filled.desk, what)
    assert rows(target, filled.desk, what) == before


def test_what_was_copied_can_be_added_to(schema: Database, tmp_path: Path) -> None:
    fill_tables(schema)
    for what in ("store", "ledger"):
        copy_out(schema.url, schema.desk, what, tmp_path / what)
    drop(schema.url, [schema.desk])
    for what in ("store", "ledger"):
        copy_in(tmp_path / what, schema.url, schema.desk, what)
    ledger, store = opened(schema)
    assert ledger.append([DRAFT])[0].seq == ledger.verify() == 8
    store.stories.assign("new", [1], DAY, DAY, lambda found: found[0].story)
    store.accounts.failed("a", AT)
    store.deliveries.save(Delivery(2, "c", "s", 0, AT, None, ""))
    assert [one.seq for one in store.deliveries.recent(9)] == [2, 1]
    with pytest.raises(Exception, match=r"append-only|permission denied"):
        schema.execute("DELETE FROM events")
    ledger.close()
    store.close()


@BOTH
def test_a_place_that_holds_something_is_left_as_it_is(filled: Database, what: str, tmp_path: Path) -> None:
    before = rows(place(filled, what), filled.desk, what)
    copy_out(place(filled, what), filled.desk, what, tmp_path / "copy")
    with pytest.raises(Refused, match="restore_data_held"):
        copy_in(tmp_path / "copy", place(filled, what), filled.desk, what)
    assert rows(place(filled, what), filled.desk, what) == before


def test_a_ledger_that_was_tampered_with_goes_neither_out_nor_in(filled: Database, tmp_path: Path) -> None:
    url = place(filled, "ledger")
    copy_out(url, filled.desk, "ledger", tmp_path / "copy")
    change = f"UPDATE events SET raw = {OTHER[filled.dialect]} WHERE seq = 2"
    Database(filled.dialect, url, filled.desk).execute(*OPENED[filled.dialect], change)
    with pytest.raises(Tampered):
        copy_out(url, filled.desk, "ledger", tmp_path / "other")
    copy = Database("sqlite", f"sqlite:///{tmp_path / 'copy'}", filled.desk)
    copy.execute(*OPENED["sqlite"], f"UPDATE events SET raw = {OTHER['sqlite']} WHERE seq = 2")
    with pytest.raises(Tampered):
        copy_in(tmp_path / "copy", f"sqlite:///{tmp_path / 'new.sqlite'}", filled.desk, "ledger")
    assert not (tmp_path / "new.sqlite").exists()


def test_a_copy_is_one_state_while_others_write(
    schema: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_tables(schema)
    before = rows(schema.url, schema.desk, "store")
    ledger, store = opened(schema)
    copy_one = copying._copy

    def interrupted(reads: Connection, writes: Connection, table: Table) -> None:
        copy_one(reads, writes, table)
        store.cursors.set("hooks", 8)
        store.alarms.replace([])
        store.captured.save(Captured(2, 1, "a", None, None, AT))

    monkeypatch.setattr(copying, "_copy", interrupted)
    copy_out(schema.url, schema.desk, "store", tmp_path / "copy")
    assert rows(f"sqlite:///{tmp_path / 'copy'}", schema.desk, "store") == before
    assert rows(schema.url, schema.desk, "store") != before
    ledger.close()
    store.close()


def failing(what: str, database: Database, folder: Path, why: str) -> None:
    """Say that both ways fail as they should, and that a copy in leaves nothing behind."""
    with pytest.raises(BackendError, match=why):
        copy_out(database.url, database.desk, what, folder / "out")
    with pytest.raises(BackendError, match=why):
        copy_in(folder / "copy", database.url, database.desk, what)


@BOTH
def test_while_the_server_is_down_both_ways_say_so(
    own_schema: Database, cluster: Cluster, what: str, tmp_path: Path
) -> None:
    fill_tables(own_schema)
    copy_out(own_schema.url, own_schema.desk, what, tmp_path / "copy")
    with cluster.down():
        failing(what, own_schema, tmp_path, f"{what}_failed")


@BOTH
def test_while_another_session_holds_the_tables_both_ways_say_so(schema: Database, what: str, tmp_path: Path) -> None:
    fill_tables(schema)
    copy_out(schema.url, schema.desk, what, tmp_path / "copy")
    with schema.session() as connection:
        # Not the version's table: a program that opens the schema waits five minutes for one that migrates it.
        connection.exec_driver_sql(
            f"ALTER TABLE {'events' if what == 'ledger' else 'accounts'} ADD COLUMN held integer"
        )
        failing(what, schema.with_setting("lock_timeout=50ms"), tmp_path, "lock timeout")
        connection.rollback()


@BOTH
def test_a_read_only_server_is_copied_and_refuses_a_copy(schema: Database, what: str, tmp_path: Path) -> None:
    fill_tables(schema)
    frozen = schema.with_setting("default_transaction_read_only=on")
    copy_out(frozen.url, frozen.desk, what, tmp_path / "copy")
    drop(schema.url, [schema.desk])
    with pytest.raises(BackendError, match="read-only"):
        copy_in(tmp_path / "copy", frozen.url, frozen.desk, what)


@BOTH
def test_a_full_disk_keeps_nothing_of_a_copy(small: Path, own_schema: Database, what: str, tmp_path: Path) -> None:
    fill_tables(own_schema)
    copy_out(own_schema.url, own_schema.desk, what, tmp_path / "copy")
    drop(own_schema.url, [own_schema.desk])
    there = own_schema.with_setting("default_tablespace=small")
    for one in opened(there):
        one.close()
    ballast = fill(small)
    with pytest.raises(StorageFull):
        copy_in(tmp_path / "copy", there.url, there.desk, what)
    assert not any(rows(there.url, there.desk, what).values())
    with pytest.raises(StorageFull):
        copy_out(there.url, there.desk, what, small / "out")
    ballast.unlink()
    copy_in(tmp_path / "copy", there.url, there.desk, what)
    assert all(rows(there.url, there.desk, what).values())
