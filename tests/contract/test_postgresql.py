"""What ledger and store promise on PostgreSQL beyond their ports: schemas, rights, durability, broken connections."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
from huiying.backends.store_sql.accounts import SqlAccounts
from huiying.backends.store_sql.crawl import SqlCrawlStates
from huiying.backends.store_sql.following import SqlCaptureResults, SqlCursors, SqlDeliveries, SqlSourceAlarms
from huiying.backends.store_sql.stories import SqlStories
from huiying.core.codec import instant
from huiying.core.errors import BackendError, StorageFull
from huiying.core.model import Draft, Role
from huiying.core.states import Account, Captured, Delivery, PostState, Session, SourceAlarm, SourceState
from tests.clock import SettableClock
from tests.contract.small_disk import fill, until_full
from tests.servers import Cluster, Database, at_once, drop

pytest_plugins = ("tests.servers", "tests.contract.small_disk")

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


def test_what_is_appended_while_the_listener_is_cut_off_wakes_all_the_same(
    own_schema: Database, cluster: Cluster
) -> None:
    """Waits as the live feed does, from number to number, while sessions are ended and the server restarts."""
    ledger, writer = (SqlLedger(own_schema.url, own_schema.desk, SettableClock()) for _ in range(2))
    seen: list[int] = []
    ended = threading.Event()

    def follow() -> None:
        while not ended.is_set() or seen[-1:] != [30]:
            try:
                ledger.wait(seen[-1] if seen else 0, 40)
                seen.extend(event.seq for event in ledger.read(after=seen[-1] if seen else 0))
            except BackendError:
                time.sleep(0.05)

    with ThreadPoolExecutor(1) as threads:
        following = threads.submit(follow)
        for number in range(1, 31):
            if number % 10 == 0:
                cluster.stop("immediate")
                cluster.start()
            elif number % 3 == 0:
                end_sessions(own_schema)
            acknowledged(writer)
        ended.set()
        following.result(30)
    assert seen == list(range(1, 31))
    ledger.close()
    writer.close()


def end_sessions(database: Database) -> None:
    """Let the server end every other session of this role."""
    with database.session() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = current_user AND pid <> pg_backend_pid()"
        )


def acknowledged(ledger: SqlLedger) -> None:
    """Append one event under a key, again until it is acknowledged."""
    key = f"{ledger}-{time.monotonic()}"
    while True:
        try:
            ledger.append([DRAFT], key=key)
            return
        except BackendError:
            time.sleep(0.05)


def test_a_desk_is_not_woken_by_another(ledger: SqlLedger, schema: Database) -> None:
    other = SqlLedger(schema.url, f"{schema.desk}-2", SettableClock())
    assert len({dialect.channel(desk) for desk in (schema.desk, f"{schema.desk}-2", "x" * 63, "啊" * 63)}) == 4
    assert all(len(dialect.channel(desk).encode()) < 64 for desk in ("x", "啊" * 63))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(ledger.wait, 0, 1.0)
        time.sleep(0.3)
        other.append([DRAFT])
        assert waiting.result() == 0
    other.close()
    drop(schema.url, [f"{schema.desk}-2"])


def test_a_connection_that_cannot_listen_still_learns_the_head(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "channel", lambda desk: "\0")
    assert ledger.wait(0, 0.3) == 0
    monkeypatch.undo()
    ledger.append([DRAFT])
    assert ledger.wait(0, 5) == 1


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


AT = instant("2026-01-27T08:00:00+08:00")
LARGE = "".join(map(chr, range(0x4E00, 0x4E00 + 7000)))


def _session(store: SqlStore, n: int) -> None:
    store.accounts.open_session(Session(f"s{n}", f"l{n}", LARGE, AT))


GROWING: dict[str, Callable[[SqlLedger, SqlStore, int], object]] = {
    "append": lambda ledger, store, n: ledger.append([replace(DRAFT, payload={"text": LARGE})]),
    "save_source": lambda ledger, store, n: store.crawl.save_source(SourceState(f"s/{n}", "s", AT, detail=LARGE)),
    "save_post": lambda ledger, store, n: store.crawl.save_post(PostState(f"p{n}", "s", 1, LARGE, "", AT, AT)),
    "first_fetched": lambda ledger, store, n: store.crawl.first_fetched(f"a{n}", f"{n:064}", AT),
    "assign": lambda ledger, store, n: store.stories.assign(
        f"p{n}", range(n * 99, n * 99 + 99), DAY, DAY, lambda _: None
    ),
    "add": lambda ledger, store, n: store.accounts.add(Account(f"l{n}", f"p{n}", LARGE, Role.DUTY, None, "zh", "")),
    "save": lambda ledger, store, n: store.accounts.save(Account(f"l{n}", f"p{n}", LARGE, Role.DUTY, None, "zh", "")),
    "open_session": lambda ledger, store, n: _session(store, n),
    "failed": lambda ledger, store, n: store.accounts.failed(LARGE[:500] + str(n), AT),
    "deliveries": lambda ledger, store, n: store.deliveries.save(Delivery(n, "c", "s", 0, AT, None, LARGE)),
    "captured": lambda ledger, store, n: store.captured.save(Captured(n, 1, LARGE, None, None, AT)),
    "alarms": lambda ledger, store, n: store.alarms.replace([SourceAlarm("s", "r", AT, LARGE * (n % 1000 + 1))]),
    "cursors": lambda ledger, store, n: store.cursors.set(f"{n}" + LARGE[:500], n),
}
# They write in place or make room: on a full disk they may succeed, and must not fail in another way.
IN_PLACE: tuple[Callable[[SqlStore], object], ...] = (
    lambda store: store.stories.expire(DAY),
    lambda store: store.accounts.extend_session("s0", AT),
    lambda store: store.accounts.close_sessions(login="l0"),
    lambda store: store.accounts.erase("l0"),
)


def test_every_method_is_tried_on_a_full_disk() -> None:
    parts = ("crawl", "stories", "accounts", "deliveries", "captured", "alarms", "cursors")
    kinds = (SqlCrawlStates, SqlStories, SqlAccounts, SqlDeliveries, SqlCaptureResults, SqlSourceAlarms, SqlCursors)
    methods = {
        f"{part}.{name}"
        for part, kind in zip(parts, kinds, strict=True)
        for name, function in vars(kind).items()
        if not name.startswith("_") and "writing(" in inspect.getsource(function)
    }
    assert len(methods) == len(GROWING) - 1 + len(IN_PLACE)


def test_each_write_says_that_the_disk_is_full_and_each_read_goes_on(small: Path, own_schema: Database) -> None:
    there = own_schema.with_setting("default_tablespace=small")
    ledger, store = SqlLedger(there.url, there.desk, SettableClock()), SqlStore(there.url, there.desk)
    ballast = fill(small)
    kept = {}
    for name, write in GROWING.items():
        kept[name], full = until_full(lambda n, write=write: write(ledger, store, n))  # type: ignore[misc]
        assert "磁盘已满" in full.sentence("zh")
    for change in IN_PLACE:
        with suppress(StorageFull):
            change(store)
    assert ledger.verify() == ledger.head() == ledger.wait(0, 0.1) == len(ledger.read()) == kept["append"]
    assert len(store.crawl.sources()) == kept["save_source"]
    assert len(store.deliveries.recent(9999)) == kept["deliveries"]
    assert len(store.accounts.all()) == len(store.accounts.names()) >= kept["add"]
    ballast.unlink()
    for n, write in enumerate(GROWING.values(), 5000):
        write(ledger, store, n)
    ledger.close()
    store.close()
