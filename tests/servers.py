"""Servers for tests: one PostgreSQL for the session, and a database of its own for every test, on every backend.

DATABASE_URL ─or─ a throw-away cluster of Debian's PostgreSQL ─► postgresql ─► database: a schema a test, then dropped

A test module says `pytest_plugins = ("tests.servers",)`. A missing server skips on a laptop and fails where CI is set.
Every test that takes one of these fixtures is marked "servers". PYTEST_DONT_REWRITE: modules import this before it is a
plugin.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import Signals
from typing import TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
from sqlalchemy import Connection, inspect
from sqlalchemy.schema import DropSchema

from huiying.backends import postgresql as dialect
from huiying.backends import sql
from huiying.core.errors import HuiyingError

T = TypeVar("T")
_PROGRAMS = Path("/usr/lib/postgresql/15/bin")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "servers: needs a real server: PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes a `database` over every backend that has one."""
    if "database" in metafunc.fixturenames:
        every = ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)]
        metafunc.parametrize("database", every, indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs a server."""
    if {"cluster", "postgresql"} & set(getattr(item, "fixturenames", ())):
        item.add_marker("servers")


def absent(reason: str) -> None:
    """Skip for want of a server, or fail where CI is set."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class Database:
    """An empty place for one desk's ledger and store."""

    dialect: str
    url: str
    desk: str

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Open a transaction of the test's own, past the ports."""
        engine = sql.engine(self.url, self.desk)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def execute(self, *statements: str) -> None:
        """Execute `statements` past the ports, in one transaction."""
        with self.session() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        with self.session() as connection:
            return inspect(connection).get_table_names(None if self.dialect == "sqlite" else self.desk)

    def with_setting(self, setting: str) -> Database:
        """Return the same place on PostgreSQL, reached with `setting`, as "lock_timeout=50ms"."""
        mark = "&" if "?" in self.url else "?"
        return replace(self, url=f"{self.url}{mark}{urlencode({'options': f'-c {setting}'}, quote_via=quote)}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let another session hold every table of PostgreSQL for itself."""
        with self.session() as connection:
            for table in self.tables():
                # LOCK TABLE needs a right on the events that their owner has not.
                connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN held integer")
            yield
            connection.rollback()


@dataclass
class Cluster:
    """A PostgreSQL server in a folder. `url` is of a role that owns the database and is no superuser."""

    folder: Path
    port: int = 0
    password: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def url(self) -> str:
        return self._url("huiying", "huiying")

    @property
    def superuser(self) -> str:
        """The same database, for the one role that no right is refused."""
        return self._url("postgres", "huiying")

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.password}@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Make the cluster, start it, and make the role and its database.

        Texts compare in Chinese order by default, so that a comparison which counts on code points must say so.
        """
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                shutil.chown(path, "postgres", "postgres")
        locale = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=zh")
        access = ("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}")
        self._run("initdb", "-D", self.folder / "data", *locale, *access)
        self.start()
        engine = dialect.engine(self._url("postgres", "postgres"), "public")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"CREATE ROLE huiying LOGIN PASSWORD '{self.password}'")
            connection.exec_driver_sql("CREATE DATABASE huiying OWNER huiying")
        engine.dispose()

    def start(self) -> None:
        """Start the server and wait until it answers; the first time on a free port, which it keeps."""
        self.port = self.port or free_port()
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c authentication_timeout=5s"
        self._run("pg_ctl", "start", "-w", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options)

    def stop(self, how: str = "fast") -> None:
        """Stop the server: "fast" ends sessions in order, "immediate" as a crash would."""
        self._run("pg_ctl", "stop", "-w", "-m", how, "-D", self.folder / "data")

    def signal(self, number: Signals) -> None:
        """Send `number` to the server and to every process that serves a session."""
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """End every process of the server as a power cut does."""
        pids = self._processes()
        self.signal(Signals.SIGKILL)
        until = time.monotonic() + 10
        # One that was begun in between ends by itself; while any is left the server refuses to start.
        while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def _processes(self) -> list[int]:
        main = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, children)]

    @contextmanager
    def down(self) -> Iterator[None]:
        """Stop the server, and start it again in the end."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def remove(self) -> None:
        """Stop the server if it runs, and delete everything."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str | Path) -> None:
        # The server refuses to run as root.
        user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        command = [*user, str(_PROGRAMS / program), *map(str, arguments)]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{program}: {done.stderr}{log.read_text() if log.exists() else ''}")


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A throw-away cluster that a test may stop, start and fill up."""
    if not (_PROGRAMS / "postgres").exists():
        absent("PostgreSQL 15 is not installed: apt-get install postgresql-15")
    # A folder of pytest's own cannot be entered by the user postgres.
    made = Cluster(Path(tempfile.mkdtemp(prefix="huiying-pg-")))
    try:
        made.make()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> str:
    """The address of a PostgreSQL database."""
    given = os.environ.get("DATABASE_URL")
    return given or request.getfixturevalue("cluster").url


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the backend that the test runs over."""
    if request.param == "sqlite":
        yield Database("sqlite", f"sqlite:///{tmp_path / 'database.sqlite'}", "desk")
    else:
        yield from _schema(request.getfixturevalue("postgresql"))


@pytest.fixture
def schema(postgresql: str) -> Iterator[Database]:
    """An empty schema on PostgreSQL."""
    yield from _schema(postgresql)


@pytest.fixture
def own_schema(cluster: Cluster) -> Iterator[Database]:
    """An empty schema in the throw-away cluster."""
    yield from _schema(cluster.url)


def _schema(url: str) -> Iterator[Database]:
    made = Database("postgresql", url, f"t-{uuid4().hex[:12]}")
    yield made
    drop(made.url, [made.desk])


def drop(url: str, desks: Sequence[str]) -> None:
    """Drop the schemas of `desks`."""
    engine = sql.engine(url, "public")
    with engine.begin() as connection:
        for desk in desks:
            connection.execute(DropSchema(desk, cascade=True, if_exists=True))
    engine.dispose()


def at_once(*acts: Callable[[], T]) -> list[T | Exception]:
    """Begin every one of `acts` at the same time in a thread of its own; return what each returned or raised."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        start.wait()
        try:
            return act()
        except HuiyingError as refused:
            return refused

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))
