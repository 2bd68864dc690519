"""The log beside the reactor: a broker that is away holds a call for seconds, and must not hold up every outlet.

reactor ─ await ─► one thread, one call after the other ─► log
A cancelled call goes on in its thread: what it wrote comes again, as after a kill.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from huiying.core.ports import Log

T = TypeVar("T")


class Aside:
    """A log that is called from the reactor's thread and used from a thread of its own."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._thread = ThreadPoolExecutor(1, "log")

    async def __call__(self, act: Callable[[Log], T]) -> T:
        """Return what `act` does with the log, or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, self._log)

    def close(self) -> None:
        """Wait until the last call has ended; the log itself stays open."""
        self._thread.shutdown()
