"""The composition root: a desk's folder becomes a runtime, and a runtime becomes a role. Names every backend, alone.

folder ─ open_desk ─► Runtime(machine, clock, log, ledger, store, captures) ─► crawl | process | watch | desk

A role's own packages are imported when it is built: a role that died is back in half the time.
"""

from __future__ import annotations

import asyncio
import fcntl
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import IO, TYPE_CHECKING

from alerts.events import EventType
from alerts.view import AlertView
from huiying.backends.captures_folder import FolderCaptures
from huiying.backends.clock_system import FileClock, SystemClock
from huiying.backends.index_tantivy import TantivyIndex
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.snapshot_sqlite import snapshot
from huiying.backends.store_sql import SqlStore
from huiying.core.codec import instant_text
from huiying.core.config import Desk, Machine
from huiying.core.config_files import read_desk, read_machine
from huiying.core.errors import BackendError, Refused
from huiying.core.model import Event
from huiying.core.ports import Captures, Clock, Ledger

if TYPE_CHECKING:
    from alerts.web.services import Services
    from pipeline.reading import Tagger

__all__ = ["ROLES", "Recorded", "Runtime", "open_desk", "snapshot"]

ROLES = ("crawl", "process", "watch", "desk")
_PAGE = 1000


@dataclass(slots=True)
class Runtime:
    """One opened desk. `close` releases everything; a runtime is used by one role."""

    folder: Path
    machine: Machine
    clock: Clock
    log: SqliteLog
    ledger: SqlLedger
    store: SqlStore
    captures: FolderCaptures
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def data(self) -> Path:
        """Return the folder that the machine keeps its data in."""
        return self.folder / self.machine.data

    def view(self) -> AlertView:
        """Return a view of the ledger's alerts, caught up."""
        view = AlertView(self.ledger)
        view.catch_up()
        return view

    def index(self, writer: bool) -> TantivyIndex:
        """Open the search index; only `process` writes."""
        index = TantivyIndex(self.data / "index", writer=writer)
        self._open.callback(index.close)
        return index

    def close(self) -> None:
        """Release every backend."""
        self._open.close()


def open_desk(folder: Path) -> Runtime:
    """Open the desk in `folder`. Raises ConfigError where it is none, Refused for simulated time in an office's."""
    machine = read_machine(folder)
    data = folder / machine.data
    if not (data / "ledger.sqlite").exists():
        raise Refused("no_ledger", folder=str(folder))
    with ExitStack() as opened:
        clock: Clock = FileClock(data / "clock") if machine.clock == "simulated" else SystemClock()
        ledger = SqlLedger(f"sqlite:///{data / 'ledger.sqlite'}", machine.desk, clock)
        opened.callback(ledger.close)
        kind = kind_of(ledger)  # an emptied ledger is none
        if machine.clock == "simulated" and kind == "office":
            raise Refused("simulated_office")
        log = SqliteLog(data / "log", clock)
        opened.callback(log.close)
        store = SqlStore(f"sqlite:///{data / 'store.sqlite'}")
        opened.callback(store.close)
        captures = FolderCaptures(data / "captures")
        opened.callback(captures.close)
        return Runtime(folder, machine, clock, log, ledger, store, captures, opened.pop_all())


def new_ledger(folder: Path, machine: Machine, clock: Clock | None = None) -> SqlLedger:
    """Open the ledger in `folder`, making its file where there is none."""
    data = folder / machine.data
    data.mkdir(parents=True, exist_ok=True)
    return SqlLedger(f"sqlite:///{data / 'ledger.sqlite'}", machine.desk, clock or SystemClock())


def system_now() -> datetime:
    """Return the machine's present instant in UTC."""
    return SystemClock().now()


def simulated_clock(data: Path) -> FileClock:
    """Return the simulated clock of a demonstration or test desk's data folder."""
    return FileClock(data / "clock")


def kind_of(ledger: Ledger) -> str:
    """Return "office", "demonstration" or "test" from the first event."""
    first = ledger.read(limit=1)
    if not first or first[0].type != EventType.LEDGER_CREATED:
        raise Refused("no_ledger", folder="")
    return str(first[0].payload["kind"])


class Recorded:
    """The newest configuration in the ledger, followed by number; roles run this, never the files."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen = 0
        self._newest: Event | None = None
        self._desk: tuple[int, Desk] | None = None

    def __call__(self) -> tuple[int, Desk]:
        """Return (event number, configuration). None recorded is Refused with the command that records one."""
        texts = self.texts()
        if self._newest is None:
            raise Refused("no_configuration")
        if self._desk is None or self._desk[0] != self._newest.seq:
            self._desk = self._newest.seq, read_desk(texts)
        return self._desk

    def texts(self) -> Mapping[str, str]:
        """Return the recorded files' texts by name, none before the first record."""
        while events := self._ledger.read(after=self._seen, limit=_PAGE):
            for event in events:
                if event.type == EventType.CONFIGURATION_CHANGED:
                    self._newest = event
            self._seen = events[-1].seq
        return {} if self._newest is None else self._newest.payload["files"]


def only_one(data: Path, role: str) -> IO[str]:
    """Hold the lock of `role` on this data folder until the returned file is closed; a second holder is Refused."""
    lock = (data / f"{role}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        lock.close()
        raise Refused("role_running", role=role) from cause
    return lock


def crawl(runtime: Runtime, stopping: Callable[[], bool]) -> None:
    """Run the crawl role until `stopping`."""
    from crawlers import run as crawling

    with only_one(runtime.data, "crawl"):
        recorded = Recorded(runtime.ledger)
        recorded()
        asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
        crawling.start(recorded, runtime.machine, runtime.log, runtime.store, runtime.captures, runtime.clock, stopping)


def process(runtime: Runtime) -> Callable[[], int]:
    """Return the process role's tick: it handles one batch and returns how many records that were."""
    from pipeline.run import Process, refill

    recorded = Recorded(runtime.ledger)
    recorded()
    filling = runtime.data / "index.filling"
    if not (runtime.data / "index").exists():
        # A restored backup has no index: it is a projection, filled again from POSTS_READY by a group of its own.
        filling.write_text(f"index {instant_text(runtime.clock.now())} {token_hex(4)}", encoding="ascii")
    index = runtime.index(writer=True)
    if filling.exists():
        refill(runtime.log, index, filling.read_text(encoding="ascii"))
        filling.unlink()
    work = Process(recorded, runtime.machine.desk, runtime.log, index, runtime.store, runtime.clock)
    return work.tick


def watch(runtime: Runtime, secrets: Mapping[str, str]) -> Callable[[], int]:
    """Return the watch role's tick. `secrets` are the channels' HMAC keys by name."""
    import httpx

    from alerts.watch import Watch
    from pipeline.reading import namer, read_page

    Recorded(runtime.ledger)()
    client = httpx.Client(timeout=10, follow_redirects=False, trust_env=False)
    work = Watch(
        runtime.ledger,
        runtime.log,
        runtime.store,
        runtime.captures,
        runtime.clock,
        runtime.machine,
        read_page,
        namer,
        secrets,
        client,
    )
    return work.tick


def services(runtime: Runtime) -> Services:
    """Return what the desk's pages and API are built on."""
    from alerts.office import Office
    from alerts.web.services import Services
    from pipeline import highlight

    view = runtime.view()
    newest = NewestTagger(Recorded(runtime.ledger))
    return Services(
        machine=runtime.machine,
        clock=runtime.clock,
        ledger=runtime.ledger,
        view=view,
        office=Office(runtime.ledger, view, runtime.clock, lambda reference: held(runtime.captures, reference)),
        index=runtime.index(writer=False),
        store=runtime.store,
        captures=runtime.captures,
        cut=lambda text: newest().query(text),
        highlight=highlight.spans,
        place_name=lambda code: newest().place_name(code),
    )


class NewestTagger:
    """The tagger of the newest recorded configuration, made anew when another one is recorded. For any thread."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._lock = threading.Lock()
        self._made: tuple[int, Tagger] | None = None

    def __call__(self) -> Tagger:
        """Return the tagger."""
        with self._lock:
            number, desk = self._recorded()
            if self._made is None or self._made[0] != number:
                from pipeline.reading import Tagger

                self._made = number, Tagger(desk)
            return self._made[1]


def held(captures: Captures, reference: str) -> bool:
    """Say whether the capture is held; a folder that cannot be read is still a BackendError."""
    try:
        captures.get(reference)
    except BackendError as missing:
        if missing.code != "capture_missing":
            raise
        return False
    return True


def desk(runtime: Runtime, stopping: Callable[[], bool]) -> None:
    """Run the desk role until `stopping`."""
    from alerts.web import serve

    Recorded(runtime.ledger)()
    serve.run(services(runtime), runtime.machine.host, runtime.machine.port, stopping)
