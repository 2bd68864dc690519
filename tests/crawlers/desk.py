"""A desk of test sites, and the crawl role over it: one working configuration of small outlets on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from crawlers import run
from huiying.backends.captures_folder import FolderCaptures
from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.store_sql import SqlStore
from huiying.core import codec
from huiying.core.config import Area, Calendar, Desk, Machine, Outlet, Policy, Source, Steps, Term
from huiying.core.consume import Buried
from huiying.core.model import CaptureWanted, Found, Tier, Topic
from huiying.core.ports import Log
from huiying.core.states import SourceState, Store
from tests.clock import SettableClock
from tests.crawlers.reactor import submit
from tests.site import Site

T = TypeVar("T")
MACHINE = Machine(desk="ceshi", title="测试", contact="duty@example.cn")
DATE = "2026-01-27 07:30"
PAGE = "<h1>某镇停水</h1><p>管道破裂。</p>"
ID = "bao/1"  # the one source of the office
_TERM = Term(minutes=30)
_STEPS = Steps(acknowledge=_TERM, assign=_TERM, reply=_TERM, resolve=_TERM, publish=_TERM, confirm=_TERM)


def outlet(id: str, address: str, host: str, **more: Any) -> Outlet:
    """Return a test outlet with one feed that is read every 60 s."""
    kept = {"sources": (Source(kind="feed", address=address, every=60),), "pace": 0, "test_site": True} | more
    return Outlet(id=id, name=id, tier=Tier.CITY, hosts=(host,), **kept)


def entry(site: Site, number: int, title: str = "某镇停水", **more: str) -> dict[str, str]:
    """Return a feed's entry for page `number` of `site`."""
    return {"title": title, "link": site.url(f"/{number}.html"), "pubDate": DATE, "description": "通知"} | more


def desk(*outlets: Outlet) -> Desk:
    """Return a desk that reads `outlets`."""
    return Desk(
        area=Area(code="420500000000", name="测试市"),
        outlets=outlets,
        topics=(),
        rules=(),
        policy=Policy(version="1", levels={"1": _STEPS, "2": _STEPS, "3": _STEPS, "4": _STEPS}),
        units=(),
        calendar=Calendar(),
    )


class Office:
    """The ports of one desk in a folder, and the role that can be begun and ended over them."""

    def __init__(self, folder: Path, *outlets: Outlet) -> None:
        self.folder = folder
        self.clock = SettableClock("2026-01-27T08:00:00+08:00")
        self.desk = desk(*outlets)
        self.number = 1
        self.log = SqliteLog(folder / "log", self.clock)
        self.store = SqlStore(f"sqlite:///{folder / 'store.sqlite'}")
        self.captures = FolderCaptures(folder / "captures")
        self._ended = threading.Event()
        self._role: Future[None] | None = None

    def begin(
        self, log: Callable[[Log], Any] = lambda log: log, store: Callable[[Store], Any] = lambda store: store
    ) -> None:
        """Start the crawl role on the reactor; `log` and `store` may wrap its own ports."""
        self._ended.clear()

        async def role() -> None:
            kept_log, kept_store = SqliteLog(self.folder / "log", self.clock), self._store()
            kept = FolderCaptures(self.folder / "captures")
            try:
                await run.run(
                    lambda: (self.number, self.desk),
                    MACHINE,
                    log(kept_log),
                    store(kept_store),
                    kept,
                    self.clock,
                    self._ended.is_set,
                )
            finally:
                for port in (kept_log, kept_store, kept):
                    port.close()

        self._role = submit(role)

    def end(self) -> None:
        """Stop the role and wait for it."""
        self._ended.set()
        if self._role is not None:
            self._role.result(10)
            self._role = None

    def close(self) -> None:
        """End the role and release the ports."""
        self.end()
        for port in (self.log, self.store, self.captures):
            port.close()

    def found(self) -> list[Found]:
        """Return POSTS_FOUND from its beginning."""
        return [codec.decode(Found, one.value) for one in self.log.poll(Topic.POSTS_FOUND, "test", 1000)]

    def dead(self) -> list[Buried]:
        """Return DEAD from its beginning."""
        return [codec.decode(Buried, one.value) for one in self.log.poll(Topic.DEAD, "test", 1000)]

    def state(self, source: str) -> SourceState | None:
        """Return the state of `source`."""
        return self.store.crawl.source(source)

    def want(self, event: int, address: str, day: int = 0) -> None:
        """Ask for a capture, or for a later look."""
        wanted = CaptureWanted(MACHINE.desk, event, "a1", address, 1, day)
        self.log.append(Topic.CAPTURES_WANTED, [(str(event), codec.encode(wanted))])

    def read_again(self, source: str, seconds: float = 61) -> SourceState:
        """Move the clock on and wait for the reading that falls due; return the state after it."""
        self.clock.forward(seconds=seconds)
        return self.wait_read(source)

    def wait_read(self, source: str) -> SourceState:
        """Wait until `source` has been read at the clock's instant."""

        def read() -> SourceState | None:
            state = self.state(source)
            return state if state and state.attempted == self.clock.now() else None

        return until(read)

    def _store(self) -> SqlStore:
        return SqlStore(f"sqlite:///{self.folder / 'store.sqlite'}")


def until(get: Callable[[], T | None], seconds: float = 10) -> T:
    """Wait for `get` to return something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := get():
            return value
        time.sleep(0.02)
    raise AssertionError(f"nothing within {seconds} s")
