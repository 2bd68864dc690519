"""Migrations: there and back again with what is held, a newer database is refused, on both dialects."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from huiying.backends import sql
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.store_sql import SqlStore
from huiying.core.errors import Refused
from huiying.core.model import Draft, Role
from huiying.core.states import Captured
from tests.clock import SettableClock
from tests.servers import Database

pytest_plugins = ("tests.servers",)

NEXT = '''"""A revision as the next version may bring it."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("{table}", sa.Column("more", sa.String))


def downgrade() -> None:
    op.drop_column("{table}", "more")
'''
TABLES = {"ledger": "events", "store": "cursors"}


def head(what: str) -> str:
    config = Config()
    config.set_main_option("script_location", str(sql._MIGRATIONS / what))
    config.set_main_option("path_separator", "os")
    return str(ScriptDirectory.from_config(config).get_current_head())


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes this the program's next version, with one more revision of ledger and store."""
    place = tmp_path / "migrations"
    shutil.copytree(sql._MIGRATIONS, place)
    for what, table in TABLES.items():
        (place / what / "versions" / "next.py").write_text(NEXT.format(head=head(what), table=table), encoding="utf-8")
    return lambda: monkeypatch.setattr(sql, "_MIGRATIONS", place)


def begun(what: str, database: Database) -> list[object]:
    """Open `what`, let it hold something if it holds nothing, and return what it holds."""
    if what == "ledger":
        ledger = SqlLedger(database.url, database.desk, SettableClock())
        held: list[object] = list(
            ledger.read() or ledger.append([Draft("noted", "A1", "p", Role.DUTY, payload={"text": "停水"})])
        )
        assert ledger.verify() == 1
        ledger.close()
    else:
        store = SqlStore(database.url, database.desk)
        if not store.cursors.get("hooks"):
            store.cursors.set("hooks", 7)
        held = [store.cursors.get("hooks")]
        store.close()
    return held


def to_the_beginning(what: str, database: Database) -> None:
    while back(what, database):
        pass


def back(what: str, database: Database) -> str | None:
    engine = sql.engine(database.url, database.desk)
    try:
        return sql.migrate_back(engine, what)
    finally:
        engine.dispose()


@pytest.mark.parametrize("what", TABLES)
def test_a_newer_database_is_refused_until_it_was_taken_back(
    database: Database, what: str, newer: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = sql._MIGRATIONS
    before = begun(what, database)
    newer()
    assert begun(what, database) == before
    monkeypatch.setattr(sql, "_MIGRATIONS", known)
    for use in (begun, back):
        with pytest.raises(Refused, match="schema_newer") as refused:
            use(what, database)
        assert "next" in refused.value.sentence("zh")
    newer()
    assert back(what, database) == head_before(known, what)
    monkeypatch.setattr(sql, "_MIGRATIONS", known)
    assert begun(what, database) == before
    newer()
    assert begun(what, database) == before


def head_before(place: Path, what: str) -> str:
    return max(file.name[:4] for file in (place / what / "versions").glob("0*.py"))


@pytest.mark.parametrize("what", TABLES)
def test_going_back_never_loses_what_is_held(database: Database, what: str) -> None:
    before = begun(what, database)
    with pytest.raises(Refused, match="no_way_back"):
        to_the_beginning(what, database)
    assert begun(what, database) == before


@pytest.mark.parametrize("what", TABLES)
def test_every_revision_leads_back_to_nothing_while_nothing_is_held(database: Database, what: str) -> None:
    engine = sql.opened(database.url, database.desk, what)
    made = set(database.tables())
    while sql.migrate_back(engine, what):
        pass
    assert set(database.tables()) == {sql.version_table(engine, what)}
    sql.migrate(engine, what)
    assert set(database.tables()) == made
    engine.dispose()
    begun(what, database)


def test_results_of_captures_from_before_are_of_day_0_and_later_looks_keep_the_way_back_closed(
    database: Database,
) -> None:
    at = SettableClock().now()
    first = Captured(5, 1, "http://a/", "ref", at, at)
    store = SqlStore(database.url, database.desk)
    store.captured.save(first)
    store.close()
    while back("store", database) != "0002":
        pass
    store = SqlStore(database.url, database.desk)
    assert store.captured.of(5) == [first]
    store.captured.save(replace(first, day=7))
    assert store.captured.of(5, 7) == [replace(first, day=7)]
    store.close()
    with pytest.raises(Refused, match="no_way_back"):
        to_the_beginning("store", database)
