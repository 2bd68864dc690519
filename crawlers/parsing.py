"""Bodies are read in a process of its own: a hostile one costs that process, and never holds up the reactor.

reactor ─ await ─► thread ─ pipe ─► child: read_body ─ pipe ─► items
                                    └─ too long, too large, crashed ─► Unreadable, and the next body gets a new child

Measured with feedparser 6.0.14: 4 MB of "<a " in a description are not read within 40 s; 2 kB of nested entities take
76 MB. Neither can be stopped from inside, since the time passes in regular expressions.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import structlog

from crawlers.bodies import read_body
from crawlers.items import Item, Unreadable
from crawlers.sitemaps import Index
from huiying.core.config import Source
from huiying.core.errors import BackendError

logger = structlog.get_logger("huiying.crawl")

COMPUTING = 6.0  # seconds of the processor for one body; 34 kB take 0.07
STARTING = 30.0  # seconds in which a child is ready; the first one imports the libraries
PATIENCE = 8.0  # seconds by the clock on the wall
MEMORY = 48 * 2**20  # bytes above what reading a small feed leaves; 2 MB with 25,000 items take 46 MB
_SPAWNING = multiprocessing.get_context("forkserver")
_WARM = b'<rss version="2.0"><channel><item><title>a</title><pubDate>2026-01-27</pubDate></item></channel></rss>'

Task = tuple[Source, bytes, str | None, str]
Read = list[Item] | Index | Unreadable


class Parser:
    """Reads one body after the other in a child that lasts until one of them breaks it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "parser")
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._closed = False

    async def __call__(self, source: Source, body: bytes, content_type: str | None, address: str) -> Read:
        """Return what `read_body` does, or Unreadable where that takes too long or too much. May raise BackendError."""
        task = (source, body, content_type, address)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.read, task)

    def read(self, task: Task) -> Read:
        """Read one body in the calling thread; never two at once."""
        pipe = self._begun()
        try:
            pipe.send(task)
            if pipe.poll(PATIENCE):
                read: Read = pipe.recv()
                return read
        except (EOFError, OSError):
            pass
        ended = self._end()
        logger.warning("parser_ended", address=task[3], exit=ended)
        return Unreadable("too_heavy", f"exit {ended}")

    def close(self) -> None:
        """End the child, and with it what it is reading."""
        self._closed = True
        if (child := self._child) is not None:
            with suppress(ValueError):  # the reading thread has just ended it
                child.kill()
        self._thread.shutdown(cancel_futures=True)
        self._end()

    def _begun(self) -> Connection:
        if self._closed:
            raise BackendError("parser_failed", detail="closed")
        if self._child is None or self._pipe is None or not self._child.is_alive():
            self._end()
            # What the children need is imported once, in the process that they are forked from.
            _SPAWNING.set_forkserver_preload(["crawlers.parsing"])
            self._pipe, theirs = _SPAWNING.Pipe()
            child = _SPAWNING.Process(target=_serve, args=(theirs,), name="parser", daemon=True)
            child.start()
            self._child = child  # only now: whoever closes meanwhile cannot kill what has not begun
            theirs.close()
            if self._closed:
                raise BackendError("parser_failed", detail="closed")
            self._wait(self._pipe)
        return self._pipe

    def _wait(self, pipe: Connection) -> None:
        """Wait until the child is ready: what it needs to start is not the first body's time."""
        try:
            if not pipe.poll(STARTING):
                raise EOFError
            pipe.recv()
        except (EOFError, OSError) as cause:
            raise BackendError("parser_failed", detail=f"exit {self._end()}") from cause

    def _end(self) -> int | None:
        """Kill the child; return its exit code."""
        child, pipe, self._child, self._pipe = self._child, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if child is None:
            return None
        child.kill()
        child.join()
        code = child.exitcode
        child.close()
        return code


def _serve(pipe: Connection) -> None:
    """Read bodies until the other end is closed. The kernel ends this process when one takes longer than COMPUTING."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the role's end closes the pipe
    read_body(Source(kind="feed", address=""), _WARM, None, "")
    read_body(Source(kind="list", address="", items="a"), b"<a>a</a>", None, "")
    held = _data() + MEMORY
    with suppress(OSError, ValueError):  # where a service may not limit itself, its unit's MemoryMax is left
        resource.setrlimit(resource.RLIMIT_DATA, (held, held))
    pipe.send(None)
    while True:
        try:
            task: Task = pipe.recv()
            signal.setitimer(signal.ITIMER_PROF, COMPUTING)
            pipe.send(_read(task))
            signal.setitimer(signal.ITIMER_PROF, 0)
        except (EOFError, MemoryError):  # after a MemoryError the heap is in pieces
            return


def _read(task: Task) -> Read:
    try:
        return read_body(*task)
    except MemoryError:
        raise
    except Exception as cause:  # noqa: BLE001 — the role logs it: what breaks a parser cannot be read
        return Unreadable("not_a_feed", f"{type(cause).__name__} {cause}"[:200])


def _data() -> int:
    """Return the bytes of this process that RLIMIT_DATA counts."""
    found = re.search(r"VmData:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) * 1024 if found else 0
