"""What readings keep, off the reactor's thread and many at once: one transaction for all that wait, not one for each.

reading ─ await ─► waiting ─ one thread, while it is busy more gather ─► store, captures ─► each reading goes on

A call comes back when what it gave is durable, so the order of a reading's steps is what it would be alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from typing import Any, Generic, TypeVar

from huiying.core.errors import BackendError, StorageFull
from huiying.core.model import Response
from huiying.core.ports import Captures
from huiying.core.states import PostState, SourceState, Store

T = TypeVar("T")
R = TypeVar("R")
_Outcome = list[R] | Exception
IN_A_ROW = 2  # that fail alone: then it is the backend, not what it was given


class Gathered(Generic[T, R]):
    """Calls that wait for each other: what came while one was made is the next one."""

    def __init__(self, act: Callable[[Sequence[T]], Sequence[R]], thread: Executor) -> None:
        self._act = act
        self._thread = thread
        self._waiting: list[tuple[Sequence[T], asyncio.Future[list[R]]]] = []
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, given: Sequence[T]) -> list[R]:
        """Return what the act makes of `given`, or raise what it raises; no call is made for nothing."""
        if not given:
            return []
        answered: asyncio.Future[list[R]] = asyncio.get_running_loop().create_future()
        self._waiting.append((given, answered))
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return await answered

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                calls = [given for given, _ in batch]
                outcomes = await asyncio.get_running_loop().run_in_executor(self._thread, _together, self._act, calls)
                for (_, answered), outcome in zip(batch, outcomes, strict=True):
                    _answer(answered, outcome)
        finally:
            self._running = None


class Keeping:
    """What is kept of sources, posts and pages. Captures are used from this one thread only."""

    def __init__(self, store: Store, captures: Captures) -> None:
        crawl = store.crawl
        self._thread = ThreadPoolExecutor(1, "keep")
        self.sources: Gathered[SourceState, Any] = Gathered(_silent(crawl.save_sources), self._thread)
        self.posts: Gathered[PostState, Any] = Gathered(_silent(crawl.save_posts), self._thread)
        self.pages: Gathered[tuple[str, str, datetime], datetime] = Gathered(crawl.all_first_fetched, self._thread)
        self.captures: Gathered[Response, str] = Gathered(captures.put_all, self._thread)

    def close(self) -> None:
        """Wait until the last call has ended; the ports themselves stay open."""
        self._thread.shutdown()


def _silent(act: Callable[[Sequence[T]], None]) -> Callable[[Sequence[T]], list[None]]:
    def acted(given: Sequence[T]) -> list[None]:
        act(given)
        return [None] * len(given)

    return acted


def _together(act: Callable[[Sequence[T]], Sequence[R]], calls: Sequence[Sequence[T]]) -> list[_Outcome[R]]:
    """Act once for all `calls`; where that fails once for each, so that nobody fails for what another one gave."""
    try:
        results = iter(act([one for given in calls for one in given]))
        return [[next(results) for _ in given] for given in calls]
    except StorageFull as cause:
        return [cause] * len(calls)
    except Exception as cause:  # noqa: BLE001 — handed to whoever waits
        return [cause] if len(calls) == 1 else _one_by_one(act, calls)


def _one_by_one(act: Callable[[Sequence[T]], Sequence[R]], calls: Sequence[Sequence[T]]) -> list[_Outcome[R]]:
    outcomes: list[_Outcome[R]] = []
    for given in calls:
        last = outcomes[-IN_A_ROW:]
        if len(last) == IN_A_ROW and all(isinstance(one, BackendError) for one in last):
            outcomes.append(last[-1])
            continue
        try:
            outcomes.append(list(act(given)))
        except Exception as cause:  # noqa: BLE001 — handed to whoever waits
            outcomes.append(cause)
    return outcomes


def _answer(answered: asyncio.Future[list[R]], outcome: _Outcome[R]) -> None:
    if answered.cancelled():
        return
    if isinstance(outcome, Exception):
        answered.set_exception(outcome)
    else:
        answered.set_result(outcome)
