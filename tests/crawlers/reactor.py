"""Scrapy's reactor for the tests: it can run once a process, so it has a thread for the whole session."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar

from crawlers.engine import on_reactor

T = TypeVar("T")


@cache
def loop() -> asyncio.AbstractEventLoop:
    """Return the running loop of the reactor, started at the first call."""
    began: Future[asyncio.AbstractEventLoop] = Future()

    async def stay() -> None:
        began.set_result(asyncio.get_running_loop())
        await asyncio.Event().wait()

    threading.Thread(target=on_reactor, args=(stay,), daemon=True, name="reactor").start()
    return began.result(10)


def submit(main: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
    """Run `main` on the reactor's loop; the future ends with it."""
    return asyncio.run_coroutine_threadsafe(main(), loop())
