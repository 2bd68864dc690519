"""Captures that the ledger asks for: official pages as evidence, fetched as politely as everything else.

CAPTURES_WANTED ─► official host? robots, pace ─► captures ─► first_fetched ─► Captured ─► commit
Each request runs by itself, so that a slow host holds up no other; what is done is committed in the topic's order.
"""

from __future__ import annotations

import asyncio

import structlog

from crawlers.aside import Aside
from crawlers.boundary import owns
from crawlers.fetch import Fetcher, Missed, header
from crawlers.keeping import Keeping
from crawlers.seen_text import seen_hash
from huiying.core import codec
from huiying.core.addresses import canonical
from huiying.core.config import Desk, Outlet
from huiying.core.consume import bury
from huiying.core.errors import BackendError, Dead
from huiying.core.model import CaptureWanted, Response, Topic
from huiying.core.ports import Clock, Record
from huiying.core.states import Captured, Store

logger = structlog.get_logger("huiying.crawl")

GROUP = "crawl"
AT_ONCE = 256
REST = 1  # seconds before a capture that could not be kept begins anew


class Wanted:
    """Polls the topic and keeps what is under way in memory; a kill makes the uncommitted come again."""

    def __init__(self, desk: str, fetcher: Fetcher, log: Aside, store: Store, keeping: Keeping, clock: Clock) -> None:
        self._desk = desk
        self._fetcher = fetcher
        self._log = log
        self._store = store
        self._keeping = keeping
        self._clock = clock
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def step(self, desk: Desk) -> None:
        """Commit what is done, begin what is new. A BackendError leaves everything to the next step."""
        records = await self._log(lambda log: log.poll(Topic.CAPTURES_WANTED, GROUP, AT_ONCE))
        done = self._done(records)
        if done:
            await self._log(lambda log: log.commit(GROUP, done))
            for record in done:
                del self._under_way[record.position]
        for record in records[len(done) :]:
            if record.position not in self._under_way:
                self._under_way[record.position] = asyncio.ensure_future(self._handle(record, desk))

    def under_way(self) -> list[asyncio.Task[None]]:
        """Return the captures that are not committed yet."""
        return list(self._under_way.values())

    def cancel(self) -> None:
        """Give up what is under way; it comes again."""
        for task in self._under_way.values():
            task.cancel()

    def _done(self, records: list[Record]) -> list[Record]:
        """Return the leading records that are done; one that failed is forgotten, so that it begins anew."""
        done = []
        for record in records:
            task = self._under_way.get(record.position)
            if task is None or not task.done():
                break
            if task.cancelled() or task.exception() is not None:
                del self._under_way[record.position]
                break
            done.append(record)
        return done

    async def _handle(self, record: Record, desk: Desk) -> None:
        try:
            await self._capture(codec.decode(CaptureWanted, record.value), desk)
        except Dead as why:
            await self._bury(record, why)
        except BackendError as cause:
            logger.warning("capture_not_kept", detail=str(cause))
            await asyncio.sleep(REST)
            raise
        except Exception:
            logger.exception("capture_broke")
            await asyncio.sleep(REST)
            raise

    async def _bury(self, record: Record, why: Dead) -> None:
        try:
            await self._log(lambda log: bury(log, record, why))
        except BackendError as cause:
            logger.warning("dead_not_kept", detail=str(cause))
            await asyncio.sleep(REST)
            raise

    async def _capture(self, wanted: CaptureWanted, desk: Desk) -> None:
        known = self._store.captured.of(wanted.event, wanted.day)
        if wanted.desk != self._desk or any(one.attempt == wanted.attempt for one in known):
            return
        outlet = _outlet(desk, wanted)
        if outlet is None:
            answer: Response | Missed = Missed("not_official", wanted.address)
        else:
            answer = await self._fetcher.fetch(outlet, wanted.address)
        result = await self._kept(wanted, answer)
        self._store.captured.save(result)
        logger.info("captured", capture_of=wanted.event, address=wanted.address, failure=result.failure)

    async def _kept(self, wanted: CaptureWanted, answer: Response | Missed) -> Captured:
        if isinstance(answer, Missed):
            return self._failed(wanted, answer.code)
        if not (200 <= answer.status < 300 and answer.body):
            # Of a later look the answer itself is what shows that the page is gone.
            shown = (await self._keeping.captures([answer]))[0] if wanted.day and answer.body else None
            return self._failed(wanted, f"http_{answer.status}", shown)
        [reference] = await self._keeping.captures([answer])
        digest = seen_hash(answer.body, header(answer, "content-type"))
        [first] = await self._keeping.pages([(canonical(wanted.address), digest, answer.fetched)])
        return Captured(wanted.event, wanted.attempt, wanted.address, reference, first, answer.fetched, day=wanted.day)

    def _failed(self, wanted: CaptureWanted, code: str, shown: str | None = None) -> Captured:
        return Captured(wanted.event, wanted.attempt, wanted.address, shown, None, self._clock.now(), code, wanted.day)


def _outlet(desk: Desk, wanted: CaptureWanted) -> Outlet | None:
    """Return the outlet that the address belongs to: an official one for evidence, any one for a later look."""
    try:
        owners = (outlet for outlet in desk.outlets if owns(outlet, wanted.address))
        return next((outlet for outlet in owners if outlet.official or wanted.day), None)
    except ValueError:
        return None
