"""What ledger and store promise on PostgreSQL beyond their ports: schemas, rights, durability, broken connections."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from huiying.backends import postgresql as dialect
from huiying.backends import sql
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.store_sql import SqlStore
from huiying.core.errors import BackendError, StorageFull
from huiying.core.model import Draft, Role
from huiying.core.states import Account, SourceState
from tests.clock import SettableClock
from tests.servers import Cluster, Database, absent, at_once, drop

pytest_plugins = ("tests.servers",)

DRAFT = Draft("noted", "A1", "p-1", Role.DUTY, payload={"text": "x"})
DAY = date(2026, 1, 27)


@pytest.fixture
def ledger(schema: Database) -> Iterator[SqlLedger]:
    made = SqlLedger(schema.url, schema.desk, SettableClock())
    yield made
    made.close()


@pytest.fixture
def store(schema: Database) -> Iterator[SqlStore]:
    made = SqlStore(schema.url, schema.desk)
    yield made
    made.close()


class Interrupting(SettableClock):
    """Does something in the middle of a transaction, once, when the ledger asks for the time."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.acts = [act]

    def now(self) -> datetime:
        if self.acts:
            self.acts.pop()()
        return super().now()


def cut(database: Database) -> None:
    """Let the server end every other connection that stands in a transaction on this schema's tables."""
    with database.session() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
            "WHERE pid <> pg_backend_pid() AND relnamespace = current_schema()::regnamespace"
        )


def test_two_desks_on_one_server_see_nothing_of_each_other(
    ledger: SqlLedger, store: SqlStore, schema: Database
) -> None:
    other = replace(schema, desk=f"{schema.desk}-2")
    ledger.append([DRAFT], key="k", expected={"A1": 0})
    store.cursors.set("hooks", 9)
    theirs, their_store = SqlLedger(other.url, other.desk, SettableClock()), SqlStore(other.url, other.desk)
    assert (theirs.head(), theirs.by_key("k"), their_store.cursors.get("hooks")) == (0, [], 0)
    assert theirs.append([DRAFT], key="k", expected={"A1": 0})[0].desk == other.desk
    assert ledger.verify() == theirs.verify() == 1
    theirs.close()
    their_store.close()
    drop(other.url, [other.desk])


@pytest.mark.parametrize("desk", ['x"; DROP SCHEMA "y', "a b\\ c", "Ab", "x,public", "100%", "啊'"])
def test_whatever_a_desk_is_called_its_schema_bears_that_name(postgresql: str, desk: str) -> None:
    ledger = SqlLedger(postgresql, desk, SettableClock())
    ledger.append([DRAFT])
    with sql.reading(ledger._engine, "ledger") as connection:
        assert connection.exec_driver_sql("SELECT current_schema()").scalar() == desk
    ledger.close()
    drop(postgresql, [desk])


def test_without_a_desk_there_is_no_schema(postgresql: str) -> None:
    with pytest.raises(ValueError, match="desk"):
        SqlStore(postgresql)


def test_roles_that_start_together_migrate_once(schema: Database) -> None:
    opened = at_once(
        *[lambda: SqlLedger(schema.url, schema.desk, SettableClock()).close()] * 4,
        *[lambda: SqlStore(schema.url, schema.desk).close()] * 4,
    )
    assert opened == [None] * 8
    assert {"head", "events", "ledger_version", "stories", "store_version"} <= set(schema.tables())


def test_the_ledgers_own_role_may_not_touch_what_is_written(own_schema: Database) -> None:
    SqlLedger(own_schema.url, own_schema.desk, SettableClock()).close()
    for act in ("UPDATE events SET alert = 'B'", "DELETE FROM events", "TRUNCATE events"):
        with pytest.raises(DBAPIError, match="permission denied"):
            own_schema.execute(act)


def test_who_has_every_right_is_refused_all_the_same(own_schema: Database, cluster: Cluster) -> None:
    SqlLedger(own_schema.url, own_schema.desk, SettableClock()).close()
    mighty = replace(own_schema, url=cluster.superuser)
    for act in ("UPDATE events SET alert = 'B'", "DELETE FROM events", "TRUNCATE events"):
        with pytest.raises(IntegrityError, match="append-only"):
            mighty.execute("SET LOCAL session_replication_role = replica", act)


def test_a_role_that_may_only_add_events_is_enough_once_the_tables_stand(
    own_schema: Database, cluster: Cluster
) -> None:
    SqlLedger(own_schema.url, own_schema.desk, SettableClock()).close()
    mighty = replace(own_schema, url=cluster.superuser)
    mighty.execute(
        f"CREATE ROLE clerk LOGIN PASSWORD '{cluster.password}'",
        f'GRANT USAGE ON SCHEMA "{own_schema.desk}" TO clerk',
        "GRANT SELECT ON events, ledger_version, head TO clerk",
        "GRANT INSERT ON events TO clerk",
        "GRANT UPDATE ON head TO clerk",
    )
    clerk = SqlLedger(own_schema.url.replace("//huiying:", "//clerk:"), own_schema.desk, SettableClock())
    assert clerk.append([DRAFT])[0].seq == clerk.verify() == 1
    clerk.close()
    mighty.execute("DROP OWNED BY clerk", "DROP ROLE clerk")


def test_a_desks_settings_cannot_be_loosened_by_the_address(schema: Database) -> None:
    loose = schema.with_setting(
        "synchronous_commit=off -c search_path=public -c default_transaction_isolation=serializable"
    )
    engine = sql.opened(loose.url, loose.desk, "store")
    with sql.writing(engine, "store") as connection:
        shown = [
            connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("synchronous_commit", "search_path", "transaction_isolation")
        ]
    engine.dispose()
    assert shown == ["on", f'"{schema.desk}"', "read committed"]


def test_writers_wait_for_one_another_where_the_server_prefers_serializable(schema: Database) -> None:
    strict = schema.with_setting("default_transaction_isolation=serializable")
    ledger = SqlLedger(strict.url, strict.desk, SettableClock())
    results = at_once(*[lambda: ledger.append([DRAFT])[0].seq] * 8)
    assert sorted(results, key=str) == list(range(1, 9))
    ledger.close()


def test_a_reader_sees_one_state_of_the_database(store: SqlStore) -> None:
    with sql.reading(store._engine, "store") as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM cursors").scalar()
        store.cursors.set("hooks", 1)
        assert connection.exec_driver_sql("SELECT count(*) FROM cursors").scalar() == before
        with pytest.raises(DBAPIError, match="read-only"):
            connection.exec_driver_sql("DELETE FROM cursors")


def test_a_connection_lost_in_the_middle_of_an_append_acknowledges_nothing(schema: Database) -> None:
    ledger = SqlLedger(schema.url, schema.desk, Interrupting(lambda: cut(schema)))
    with pytest.raises(BackendError, match="ledger_failed") as failed:
        ledger.append([DRAFT], key="k")
    assert failed.value.__cause__ is not None
    assert ledger.head() == 0
    assert ledger.append([DRAFT], key="k")[0].seq == ledger.verify() == 1
    ledger.close()


def test_a_connection_lost_in_the_middle_of_an_assignment_leaves_no_story(store: SqlStore, schema: Database) -> None:
    with pytest.raises(BackendError, match="store_failed"):
        store.stories.assign("p1", [1], DAY, DAY, lambda _: cut(schema))
    assert store.stories.posts("p1") == []
    assert store.stories.assign("p1", [1], DAY, DAY, lambda _: None) == "p1"


def test_an_append_gives_up_on_a_lock_that_another_session_keeps(schema: Database) -> None:
    impatient = schema.with_setting("lock_timeout=50ms")
    ledger = SqlLedger(impatient.url, impatient.desk, SettableClock())
    with schema.session() as connection:
        connection.exec_driver_sql("SELECT * FROM head FOR UPDATE")
        with pytest.raises(BackendError, match="lock timeout"):
            ledger.append([DRAFT])
        assert ledger.head() == 0
    assert ledger.append([DRAFT])[0].seq == 1
    ledger.close()


def test_without_the_row_to_lock_nothing_is_appended(ledger: SqlLedger, schema: Database) -> None:
    schema.execute("DELETE FROM head")
    with pytest.raises(BackendError, match="ledger_failed"):
        ledger.append([DRAFT])
    assert ledger.head() == 0


def test_what_was_acknowledged_stands_after_the_server_crashed(own_schema: Database, cluster: Cluster) -> None:
    ledger = SqlLedger(own_schema.url, own_schema.desk, SettableClock())
    numbers = [ledger.append([DRAFT])[0].seq for _ in range(20)]
    cluster.stop("immediate")
    cluster.start()
    assert ledger.verify() == numbers[-1] == 20
    ledger.close()


def test_a_server_that_cannot_be_reached_says_so() -> None:
    with pytest.raises(BackendError, match="refused") as failed:
        SqlLedger("postgresql://huiying@127.0.0.1:1/huiying", "desk", SettableClock())
    assert "sqlalche.me" not in failed.value.sentence("zh")


def test_a_schema_that_cannot_be_made_leaves_no_connection(schema: Database) -> None:
    frozen = schema.with_setting("default_transaction_read_only=on")
    with pytest.raises(BackendError, match="read-only"):
        SqlStore(f"{frozen.url}&application_name={schema.desk}", frozen.desk)
    with schema.session() as connection:
        named = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{schema.desk}'"
        assert connection.exec_driver_sql(named).scalar() == 0


def test_an_error_does_not_repeat_what_was_to_be_written(store: SqlStore, schema: Database) -> None:
    schema.execute("DROP TABLE names")
    with pytest.raises(BackendError, match="names") as failed:
        store.accounts.save(Account("zhiban", "p-1", "王某某", Role.DUTY, None, "zh", "hash"))
    assert "王某某" not in f"{failed.value}{failed.value.__cause__}"


def test_a_full_disk_is_known_by_its_code_in_any_language() -> None:
    with pytest.raises(StorageFull), sql.errors("store"):
        raise OperationalError("", {}, errors.DiskFull("设备上没有空间"))


def test_a_password_is_in_no_error(cluster: Cluster) -> None:
    wrong = cluster.url.replace(cluster.password, "geheim")
    with pytest.raises(BackendError) as failed:
        SqlStore(wrong, "desk")
    assert "geheim" not in str(failed.value)
    assert "geheim" not in str(failed.value.__cause__)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_the_address_is_understood(scheme: str) -> None:
    url = f"{scheme}://a:b@c/d?connect_timeout=2"
    assert dialect.is_meant(url)
    engine = dialect.engine(url, "desk")
    assert (engine.dialect.driver, engine.url.host) == ("psycopg", "c")


@pytest.fixture
def small(cluster: Cluster) -> Iterator[Path]:
    """A tablespace "small" on a file system of 4 MB; the server's log of transactions stays where it is."""
    disk = cluster.folder / "small"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,uid=postgres,mode=0700", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        absent(f"mounting a small file system needs root: {mounted.stderr}")
    mighty = dialect.engine(cluster.superuser, "public").execution_options(isolation_level="AUTOCOMMIT")
    with mighty.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{disk}'")
        connection.exec_driver_sql("GRANT CREATE ON TABLESPACE small TO huiying")
        yield disk
        connection.exec_driver_sql("DROP TABLESPACE small")
    mighty.dispose()
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def until_full(act: Callable[[int], object]) -> tuple[int, StorageFull]:
    """Call `act` until the disk is full; return how many calls were acknowledged, and the error."""
    for done in range(1000):
        try:
            act(done)
        except StorageFull as full:
            return done, full
    raise AssertionError("the disk never filled")


def test_a_full_disk_is_said_and_nothing_is_lost(small: Path, own_schema: Database) -> None:
    there = own_schema.with_setting("default_tablespace=small")
    ledger, store = SqlLedger(there.url, there.desk, SettableClock()), SqlStore(there.url, there.desk)
    large = replace(DRAFT, payload={"text": "".join(map(chr, range(0x4E00, 0x4E00 + 7000)))})
    appended, full = until_full(lambda _: ledger.append([large]))
    assert "磁盘已满" in full.sentence("zh")
    assert ledger.verify() == appended > 0
    at = SettableClock().now()
    saved, _ = until_full(lambda done: store.crawl.save_source(SourceState(f"s/{done}", "s", at, detail="x" * 1000)))
    assert len(store.crawl.sources()) == saved
    ledger.close()
    store.close()
