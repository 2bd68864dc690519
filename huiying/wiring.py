"""The composition root: a desk's folder becomes a runtime, and a runtime becomes a role. Names every backend, alone.

folder ─ open_desk ─► Runtime(machine, clock, log, ledger, store, captures) ─► crawl | process | watch | desk

            embedded                     servers
log         SQLite files                 [log] kafka
index       a folder                     [index] elasticsearch
ledger      SQLite, own file             [ledger] postgresql
store       SQLite                       [store] postgresql, the same
captures    a folder                     a folder that the machines share

Any mixture works. A role's own packages are imported when it is built: a role that died is back in half the time.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from alerts.events import EventType
from alerts.view import AlertView
from huiying.backends.captures_folder import FolderCaptures
from huiying.backends.clock_system import FileClock, SystemClock
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.postgresql import database
from huiying.backends.snapshot_sqlite import snapshot
from huiying.backends.store_sql import SqlStore
from huiying.core.codec import instant_text
from huiying.core.config import Machine
from huiying.core.config_files import read_machine
from huiying.core.doubt import doubted
from huiying.core.errors import Refused
from huiying.core.model import Topic
from huiying.core.ports import Captures, Clock, Index, Ledger, Log
from huiying.core.reports import read_reports
from huiying.core.states import Store
from huiying.present import system_now
from huiying.recorded import NewestTagger, Recorded
from huiying.second_file import second_folder

if TYPE_CHECKING:
    from alerts.watch import Watch
    from alerts.web.services import Services
    from crawlers.run import Crawl
    from huiying.core.health import Health
    from huiying.core.ports import Turn
    from huiying.papers import DeskPapers
    from pipeline.indexing import Indexing
    from pipeline.run import Process

__all__ = ["ROLES", "Runtime", "open_desk", "snapshot", "system_now"]

ROLES = ("crawl", "process", "watch", "desk")
# Seconds for one request to the index: a page must not make a person wait as long as a writer may.
_PATIENCE, _PAGE_PATIENCE = 10.0, 5.0
NO_SECRETS: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class Runtime:
    """One opened desk. `close` releases everything; a runtime is used by one role.

    `secrets` are passwords and keys by name. `process` names a role's process among all of the desk; `worker` is its
    number on this machine, from 1. `observed` is put around every port, by its name.
    """

    folder: Path
    machine: Machine
    secrets: Mapping[str, str] = field(repr=False)
    process: str | None
    worker: int
    clock: Clock
    log: Log
    ledger: Ledger
    store: Store
    captures: Captures
    observed: Callable[[str, Any], Any] = lambda name, port: port
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def data(self) -> Path:
        """Return the folder that this machine keeps its data in."""
        return self.folder / self.machine.data

    def view(self) -> AlertView:
        """Return a view of the ledger's alerts, caught up."""
        view = AlertView(self.ledger, self.store.projection, not doubted(self.data))
        view.catch_up()
        return view

    def index(self, writer: bool) -> Index:
        """Open the search index; only `process` writes."""
        index: Index
        if self.machine.index.elasticsearch:
            from huiying.backends.index_elastic import ElasticIndex, ElasticSettings

            settings = ElasticSettings.of(self.machine, self.secrets, patience=_PATIENCE if writer else _PAGE_PATIENCE)
            index = ElasticIndex(settings, writer=writer)
        else:
            from huiying.backends.index_tantivy import TantivyIndex

            index = TantivyIndex(self.data / "index", writer=writer)
        self._open.callback(index.close)
        observed: Index = self.observed("index", index)
        return observed

    def another_log(self, name: str) -> Log:
        """Return a log for another thread of this process, which reads as the member `name` of its own."""
        member = f"{self.process}-{name}" if self.process else None
        log = _log(self.machine, self.data, self.clock, self.secrets, member)
        self._open.callback(log.close)
        observed: Log = self.observed("log", log)
        return observed

    def turn(self, role: str) -> Turn:
        """Return the right to be the one active process of `role` over all machines of this desk."""
        from huiying.backends.turn import FileTurn, SqlTurn

        turn: Turn
        if url := database(self.machine, self.secrets):
            turn = SqlTurn(url, self.machine.desk, role)
        else:
            turn = FileTurn(self.data / f"{role}.turn")
        self._open.callback(turn.close)
        return turn

    def on_close(self, act: Callable[[], object]) -> None:
        """Let `act` happen when this is closed."""
        self._open.callback(act)

    def close(self) -> None:
        """Release every backend."""
        self._open.close()


def open_desk(
    folder: Path, secrets: Mapping[str, str] = NO_SECRETS, role: str | None = None, worker: int = 1
) -> Runtime:
    """Open the desk in `folder`, as the process `worker` of `role` where it is one.

    Raises ConfigError where it is no desk, Refused for one without a ledger and for simulated time in an office's.
    """
    machine = read_machine(folder)
    data = folder / machine.data
    url = database(machine, secrets)
    if url is None and not (data / "ledger.sqlite").exists():
        raise Refused("no_ledger", folder=str(folder))
    data.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        clock: Clock = FileClock(data / "clock") if machine.clock == "simulated" else SystemClock()
        ledger = new_ledger(folder, machine, clock, secrets)
        opened.callback(ledger.close)
        kind = kind_of(ledger, folder)  # an emptied ledger is none
        if machine.clock == "simulated" and kind == "office":
            raise Refused("simulated_office")
        process = f"{socket.gethostname()}-{role}-{worker}" if role else None
        log = _log(machine, data, clock, secrets, process)
        opened.callback(log.close)
        store = SqlStore(url, machine.desk) if url else SqlStore(f"sqlite:///{data / 'store.sqlite'}")
        opened.callback(store.close)
        captures = FolderCaptures(folder / machine.captures if machine.captures else data / "captures")
        opened.callback(captures.close)
        return Runtime(
            folder=folder,
            machine=machine,
            secrets=secrets,
            process=process,
            worker=worker,
            clock=clock,
            log=log,
            ledger=ledger,
            store=store,
            captures=captures,
            _open=opened.pop_all(),
        )


def _log(machine: Machine, data: Path, clock: Clock, secrets: Mapping[str, str], member: str | None) -> Log:
    if machine.log.kafka:
        from huiying.backends.log_kafka import KafkaLog
        from huiying.backends.log_kafka_settings import KafkaSettings

        return KafkaLog(KafkaSettings.of(machine, secrets, member))
    from huiying.backends.log_sqlite import SqliteLog

    return SqliteLog(data / "log", clock)


def new_ledger(
    folder: Path, machine: Machine, clock: Clock | None = None, secrets: Mapping[str, str] = NO_SECRETS
) -> SqlLedger:
    """Open the ledger of the desk in `folder`, making its file or its schema where there is none."""
    data = folder / machine.data
    data.mkdir(parents=True, exist_ok=True)
    url = database(machine, secrets) or f"sqlite:///{data / 'ledger.sqlite'}"
    return SqlLedger(url, machine.desk, clock or SystemClock())


def simulated_clock(data: Path) -> FileClock:
    """Return the simulated clock of a demonstration or test desk's data folder."""
    return FileClock(data / "clock")


def kind_of(ledger: Ledger, folder: Path) -> str:
    """Return "office", "demonstration" or "test" from the first event; without one the desk in `folder` has none."""
    first = ledger.read(limit=1)
    if not first or first[0].type != EventType.LEDGER_CREATED:
        raise Refused("no_ledger", folder=str(folder))
    return str(first[0].payload["kind"])


def copy_out(runtime: Runtime, what: str, file: Path) -> None:
    """Write `what` ("ledger" or "store") to the new SQLite file `file`, whatever holds it."""
    from huiying.backends import copying

    copying.copy_out(_place_of(runtime.machine, runtime.secrets, runtime.data, what), runtime.machine.desk, what, file)


def copy_in(machine: Machine, secrets: Mapping[str, str], what: str, file: Path) -> None:
    """Bring `what` from the SQLite file `file` to the PostgreSQL that `machine` names, where none may stand yet."""
    from huiying.backends import copying

    copying.copy_in(file, _place_of(machine, secrets, file.parent, what), machine.desk, what)


def _place_of(machine: Machine, secrets: Mapping[str, str], data: Path, what: str) -> str:
    return database(machine, secrets) or f"sqlite:///{data / f'{what}.sqlite'}"


def exclusive(runtime: Runtime, role: str) -> IO[str]:
    """Hold this role's lock on this machine until the returned file is closed; a second holder is Refused.

    Several workers of `process` need a log and an index that let them; one more is Refused.
    """
    if role == "process" and runtime.machine.log.kafka and runtime.machine.index.elasticsearch:
        return _only_one(runtime.data, f"process-{runtime.worker}")
    if runtime.worker > 1:
        raise Refused("one_worker", worker=runtime.worker)
    return _only_one(runtime.data, role)


def _only_one(data: Path, name: str) -> IO[str]:
    lock = (data / f"{name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        lock.close()
        raise Refused("role_running", role=name) from cause
    return lock


def turn_of(runtime: Runtime, role: str) -> Callable[[], bool]:
    """Say at each call whether this process is the active one of `role`: over all machines with PostgreSQL.

    Without it there is one machine, where a second process is Refused, so that nobody waits for nothing.
    """
    if database(runtime.machine, runtime.secrets):
        return runtime.turn(role).held
    lock = exclusive(runtime, role)
    runtime.on_close(lock.close)
    return lambda: True


def crawl(runtime: Runtime, stopping: Callable[[], bool], active: Callable[[], bool]) -> None:
    """Run the crawl role until `stopping`, or until this process is not the `active` one any more."""
    from crawlers import run as crawling

    recorded = Recorded(runtime.ledger)
    recorded()
    asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
    ends = lambda: stopping() or not active()  # noqa: E731
    crawling.start(recorded, runtime.machine, runtime.log, runtime.store, runtime.captures, runtime.clock, ends)


def crawling(runtime: Runtime) -> AbstractAsyncContextManager[Crawl]:
    """Return the crawl role's work for a loop that gives it its ticks; inside `crawlers.engine.on_reactor` only."""
    from crawlers import run as crawling

    recorded = Recorded(runtime.ledger)
    recorded()
    return crawling.opened(recorded, runtime.machine, runtime.log, runtime.store, runtime.captures, runtime.clock)


def process(runtime: Runtime) -> Process:
    """Return the process role's work on posts that were found."""
    from pipeline.run import Process

    recorded = Recorded(runtime.ledger)
    recorded()
    kept = runtime.machine.log.retention.days()
    return Process(recorded, runtime.machine.desk, runtime.log, runtime.store, runtime.clock, kept)


def indexing(runtime: Runtime) -> Indexing:
    """Return the process role's work on the index, for a thread of its own: an index that is away delays no alert."""
    from huiying import reindex
    from pipeline.indexing import GROUP, Indexing

    data = runtime.data
    group = GROUP if runtime.machine.index.elasticsearch else _group_of(runtime, GROUP)
    return Indexing(
        runtime.another_log("index"),
        runtime.index(writer=True),
        runtime.clock,
        group=group,
        months=runtime.machine.index.months,
        wanted=(lambda: reindex.wanted(data)) if runtime.worker == 1 else lambda: None,
        done=lambda request: reindex.done(data, request),
    )


def _group_of(runtime: Runtime, first: str) -> str:
    """Return the log group that fills the embedded index. Where there is none of today's fields a new one begins."""
    from huiying.backends.index_tantivy import begun

    named = runtime.data / "index.group"
    if not begun(runtime.data / "index"):
        held, waiting = runtime.log.size(Topic.POSTS_READY, first)
        again = f"{first} {instant_text(runtime.clock.now())} {token_hex(4)}"
        named.write_text(first if held == waiting else again, encoding="ascii")
    return named.read_text(encoding="ascii") if named.exists() else first


def watch(runtime: Runtime) -> Watch:
    """Return the watch role's work; the channels' HMAC keys are among the runtime's secrets."""
    import httpx

    from alerts.mail import Mailer
    from alerts.watch import Watch
    from pipeline.reading import namer, read_page

    desk = Recorded(runtime.ledger)()[1]
    client = httpx.Client(timeout=10, follow_redirects=False, trust_env=False)
    return Watch(
        runtime.ledger,
        runtime.log,
        runtime.store,
        runtime.captures,
        runtime.clock,
        runtime.machine,
        read_page,
        namer,
        runtime.secrets,
        client,
        Mailer(runtime.machine, desk.calendar.zone, papers(runtime)),
        not doubted(runtime.data),
    )


def services(runtime: Runtime, health: Health | None = None) -> Services:
    """Return what the desk's pages and API are built on; `health` is what this process knows of its backends."""
    from alerts.office import Office
    from alerts.web.services import Services
    from pipeline import highlight, stories
    from pipeline.reading import read_page

    view = runtime.view()
    newest = NewestTagger(Recorded(runtime.ledger))
    return Services(
        machine=runtime.machine,
        clock=runtime.clock,
        ledger=runtime.ledger,
        view=view,
        office=Office(runtime.ledger, view, runtime.clock, runtime.captures),
        index=runtime.index(writer=False),
        store=runtime.store,
        captures=runtime.captures,
        cut=lambda text: newest().query(text),
        phrase=lambda text: newest().words(text),
        highlight=highlight.spans,
        shared=stories.shared,
        read_page=read_page,
        personal=lambda words: newest().personal(words),
        place_name=lambda code: newest().place_name(code),
        place_codes=lambda name: newest().place_codes(name),
        health=health,
        reports=lambda: read_reports(runtime.data),
        papers=papers(runtime),
    )


def papers(runtime: Runtime) -> DeskPapers:
    """Return the desk's printed reports."""
    from huiying.papers import TEMPLATE, DeskPapers

    second = second_folder(runtime.folder, runtime.data, runtime.machine.checkpoints)
    machine, names = runtime.machine, runtime.store.accounts.names
    template = runtime.folder / TEMPLATE
    return DeskPapers(runtime.ledger, runtime.data, second, runtime.clock, machine.desk, machine.title, names, template)
