"""The crawl role: ticks, asks what is due, reads it, and captures what the ledger wants.

APScheduler ─ 0.2 s ─► schedule.due ─► Reader.read, one outlet at a time each ─► POSTS_FOUND, SourceState
            └ 0.5 s ─► Wanted.step ─► captures, Captured
Ticks are of real time; what is due is decided under the clock, which may be simulated and stand still or jump.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from crawlers.aside import Aside
from crawlers.boundary import refuse_outlet
from crawlers.engine import Engine, on_reactor
from crawlers.fetch import Fetcher
from crawlers.keeping import Keeping
from crawlers.outcomes import Failure, failed
from crawlers.parsing import Parser
from crawlers.posts import Posts
from crawlers.reading import Reader, Sought
from crawlers.resolver import GuardedResolver
from crawlers.schedule import Trouble, due
from crawlers.wanted import Wanted
from huiying.core import checks
from huiying.core.addresses import host
from huiying.core.config import Desk, Machine, Outlet
from huiying.core.errors import BackendError, HuiyingError, Refused
from huiying.core.ports import Captures, Clock, Log
from huiying.core.states import SourceState, Store

logger = structlog.get_logger("huiying.crawl")

TICK = 0.2  # seconds
WANTED_TICK = 0.5  # seconds; a wanted capture is tried within 10 s
HOLD = 5  # seconds that a source rests after the store or the log failed

DeskOf = Callable[[], tuple[int, Desk]]


def start(
    desk_of: DeskOf,
    machine: Machine,
    log: Log,
    store: Store,
    captures: Captures,
    clock: Clock,
    stopping: Callable[[], bool],
) -> None:
    """Run the role in this thread until `stopping` says so; once a process, because scrapy's reactor is."""
    on_reactor(lambda: run(desk_of, machine, log, store, captures, clock, stopping))


async def run(
    desk_of: DeskOf,
    machine: Machine,
    log: Log,
    store: Store,
    captures: Captures,
    clock: Clock,
    stopping: Callable[[], bool],
) -> None:
    """Run the role on the reactor's loop until `stopping` says so; ends within 5 s of it.

    `desk_of` returns the number of the recorded configuration and the configuration; it is asked at every tick.
    """
    async with opened(desk_of, machine, log, store, captures, clock) as crawl:
        scheduler = AsyncIOScheduler(timezone=UTC)
        for job, seconds in ((crawl.tick, TICK), (crawl.tick_wanted, WANTED_TICK)):
            scheduler.add_job(job, "interval", seconds=seconds, max_instances=1, coalesce=True, misfire_grace_time=None)
        scheduler.start()
        try:
            while not stopping():
                await asyncio.sleep(0.05)
        finally:
            scheduler.shutdown(wait=False)


@asynccontextmanager
async def opened(
    desk_of: DeskOf, machine: Machine, log: Log, store: Store, captures: Captures, clock: Clock
) -> AsyncIterator[Crawl]:
    """Yield the role's work on the reactor's loop, for whoever gives it its ticks."""
    engine = Engine(machine.contact, clock)
    fetcher = Fetcher(engine, clock, engine.resolver.refused)
    aside, keeping, parser = Aside(log), Keeping(store, captures), Parser()
    posts = Posts(machine.desk, fetcher, aside, store, keeping, clock)
    wanted = Wanted(machine.desk, fetcher, aside, store, keeping, clock)
    reader = Reader(fetcher, parser, posts, store, keeping, clock)
    crawl = Crawl(desk_of, reader, wanted, store, clock, engine.resolver)
    await engine.start()
    try:
        yield crawl
    finally:
        await crawl.stop()
        await engine.stop()
        parser.close()
        aside.close()
        keeping.close()


class Crawl:
    """What is read now, and what each source's state is. The only writer of the crawl state."""

    def __init__(
        self,
        desk_of: DeskOf,
        reader: Reader,
        wanted: Wanted,
        store: Store,
        clock: Clock,
        resolver: GuardedResolver,
    ) -> None:
        self._desk_of = desk_of
        self._reader = reader
        self._wanted = wanted
        self._store = store
        self._clock = clock
        self._resolver = resolver
        self._number = -1
        self._checks = 0
        self._desk: Desk | None = None
        self._sought: dict[str, Sought] = {}
        self._states: dict[str, SourceState] = {}
        self._readings: dict[str, asyncio.Task[None]] = {}
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def tick(self) -> None:
        """Begin a reading of each source that is due and not being read."""
        try:
            self._configure()
            self._hurry()
        except HuiyingError as cause:
            logger.warning("configuration_unread", detail=str(cause))
            return
        idle = [(id, sought.source) for id, sought in self._sought.items() if id not in self._readings]
        for waiting in due(self._states, idle, self._clock.now()):
            self._readings[waiting.source] = asyncio.ensure_future(self._read(self._sought[waiting.source]))

    async def tick_wanted(self) -> None:
        """Move the wanted captures on."""
        if self._desk is None:
            return
        try:
            await self._wanted.step(self._desk)
        except BackendError as cause:
            logger.warning("captures_wanted_unread", detail=str(cause))

    async def settle(self) -> None:
        """Read what is due and capture what is wanted at this instant, until nothing is left."""
        await self.tick()
        while self._readings:
            await asyncio.gather(*self._readings.values(), return_exceptions=True)
        await self.settle_wanted()

    async def settle_wanted(self) -> None:
        """Capture what is wanted at this instant, until nothing is left."""
        await self.tick_wanted()
        while under_way := self._wanted.under_way():
            await asyncio.gather(*under_way, return_exceptions=True)
            await self.tick_wanted()

    async def stop(self) -> None:
        """Give up readings and captures under way: both come again."""
        self._wanted.cancel()
        running = list(self._readings.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _read(self, sought: Sought) -> None:
        """Read one source; the outlet's others wait, so that ids, versions and order do not depend on speed."""
        try:
            async with self._one_at_a_time[sought.outlet.id]:
                state = self._states.get(sought.id) or self._begun(sought)
                for new in await self._reader.read(sought, state, self._sought):
                    self._states[new.source] = new
        except BackendError as cause:
            logger.warning("reading_not_kept", source=sought.id, detail=str(cause))
            await asyncio.sleep(HOLD)
        finally:
            del self._readings[sought.id]

    def _configure(self) -> None:
        number, desk = self._desk_of()
        if number == self._number:
            return
        states = {state.source: state for state in self._store.crawl.sources()}
        sought: dict[str, Sought] = {}
        for outlet in desk.outlets:
            if refused := refuse_outlet(outlet):
                self._refuse(outlet, refused, states)
                continue
            sought |= {id: Sought(id, outlet, source) for id, source in outlet.source_ids()}
        self._resolver.loopback = frozenset(
            host(f"http://{name}") for outlet in desk.outlets if outlet.test_site for name in outlet.hosts
        )
        self._number, self._desk, self._sought, self._states = number, desk, sought, states
        self._reader.reconfigured()

    def _hurry(self) -> None:
        """Let the sources be due that a person asked for since."""
        number, now = checks.asked(self._store.cursors), self._clock.now()
        if number == self._checks:
            return
        for id in self._sought:
            state = self._states.get(id)
            if state is not None and checks.wanted(self._store.cursors, state, now):
                self._states[id] = replace(state, due=min(state.due, now))
        self._checks = number

    def _refuse(self, outlet: Outlet, refused: Refused, states: dict[str, SourceState]) -> None:
        """Show each source of an outlet that must not be read as refused; nothing of it is fetched."""
        logger.warning("outlet_refused", outlet=outlet.id, detail=str(refused))
        now = self._clock.now()
        for id, source in outlet.source_ids():
            state = states.get(id) or SourceState(id, outlet.id, now)
            shown = failed(
                replace(state, failures=0), Failure(Trouble.REFUSED, f"refused_outlet {refused}"), source, now
            )
            self._store.crawl.save_source(shown)

    def _begun(self, sought: Sought) -> SourceState:
        return SourceState(sought.id, sought.outlet.id, self._clock.now())
