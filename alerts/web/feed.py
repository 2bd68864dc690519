"""The live feed: one background task watches the ledger's head for all streams; each stream reads from its own number.

ledger.wait(the head known) ─► wake ─► each stream: ledger.read(after its number) ─► server-sent events, id = number
                                     nothing for 5 s ─► heartbeat with the head, the server's time

A stream holds no events of its own: a client that comes back with Last-Event-ID gets what it missed from the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import structlog
from fastapi.sse import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from huiying.core.codec import instant_text
from huiying.core.errors import BackendError
from huiying.core.model import Event
from huiying.core.ports import Clock, Ledger

WAIT = 0.5  # seconds; a server that stops waits for the thread that waits
HEARTBEAT = 5.0
RETRY = 1000  # milliseconds until a browser connects again
_PAGE = 500
logger = structlog.get_logger("huiying.desk")


class Feed:
    """The streams of one desk process. Used from the event loop only."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._head = 0
        self._changed = asyncio.Event()
        self._closed = False

    async def watch(self) -> None:
        """Follow the ledger's head until cancelled; a ledger that cannot be read is tried again."""
        while True:
            try:
                head = await run_in_threadpool(self._ledger.wait, self._head, WAIT)
            except BackendError as cause:
                logger.warning("feed_ledger_unreadable", detail=str(cause))
                await asyncio.sleep(WAIT)
            else:
                if head != self._head:
                    self._head = head
                    self._wake()

    def close(self) -> None:
        """End every stream, so that none holds the server when it stops."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def stream(self, after: int, alive: Callable[[], bool]) -> AsyncIterator[ServerSentEvent]:
        """Yield every event above `after`, then those to come; `alive` is asked at each heartbeat (in a thread)."""
        yield self._heartbeat(retry=RETRY)
        while not self._closed:
            changed = self._changed
            events = await self._read(after)
            for event in events:
                yield told(event)
                after = event.seq
            if events:
                continue
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT)
            except TimeoutError:
                if not await run_in_threadpool(alive):
                    return
                yield self._heartbeat()

    async def _read(self, after: int) -> list[Event]:
        try:
            return await run_in_threadpool(self._ledger.read, after, _PAGE)
        except BackendError as cause:
            logger.warning("feed_ledger_unreadable", detail=str(cause))
            return []

    def _heartbeat(self, retry: int | None = None) -> ServerSentEvent:
        beat = {"head": self._head, "at": instant_text(self._clock.now())}
        return ServerSentEvent(event="heartbeat", data=beat, retry=retry)


def told(event: Event) -> ServerSentEvent:
    """Return the event as the stream tells it: number, type and alert; pages fetch the rest."""
    data = {"seq": event.seq, "type": event.type, "alert": event.alert}
    return ServerSentEvent(event="event", id=str(event.seq), data=data)
