"""A role as a process: signals, the parent's death, the loop over ticks, and what is logged when a backend fails.

tick ─► records handled ─► again at once │ nothing to do ─► wait │ BackendError ─► say so, wait longer, try again
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from huiying import wiring
from huiying.core.codec import instant_text
from huiying.core.errors import BackendError
from huiying.core.ports import Clock

_IDLE = 0.1  # seconds; an alert's way through three loops stays well below its 3 s
_BROKEN = 2.0

logger = structlog.get_logger("huiying.role")


class Stopping:
    """True once the process was told to end, or the process that started it has gone."""

    def __init__(self, parent: int | None = None) -> None:
        self._told = False
        self._parent = parent
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell)

    def _tell(self, *_: object) -> None:
        self._told = True

    def __call__(self) -> bool:
        """Say whether to stop."""
        return self._told or (self._parent is not None and os.getppid() != self._parent)


def log_to_stderr() -> None:
    """Write one JSON line an event to standard error, with the instant in UTC; of libraries, warnings only."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Never the frames' locals: a password or a key may stand in one.
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def run(role: str, folder: Path, secrets: Mapping[str, str], parent: int | None = None) -> None:
    """Run `role` on the desk in `folder` until it is told to stop."""
    log_to_stderr()
    stopping = Stopping(parent)
    runtime = wiring.open_desk(folder)
    try:
        if role == "crawl":
            wiring.crawl(runtime, stopping)
        elif role == "desk":
            wiring.desk(runtime, stopping)
        else:
            with wiring.only_one(runtime.data, role):
                tick = wiring.process(runtime) if role == "process" else wiring.watch(runtime, secrets)
                forever(role, tick, stopping, Beat(runtime.data / f"{role}.beat", runtime.clock))
    finally:
        runtime.close()


class Beat:
    """A file with the instant (UTC) at which a role last began a tick that found nothing left to do."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._began = self._written = datetime.min.replace(tzinfo=UTC)

    def begin(self) -> None:
        """Remember when the tick began."""
        self._began = self._clock.now()

    def idle(self) -> None:
        """Write the remembered instant, once a second at most."""
        if self._began - self._written >= timedelta(seconds=1):
            beside = self._file.with_suffix(".new")
            beside.write_text(instant_text(self._began), encoding="ascii")
            os.replace(beside, self._file)
            self._written = self._began


def forever(role: str, tick: Callable[[], int], stopping: Callable[[], bool], beat: Beat) -> None:
    """Call `tick` until `stopping`; a backend that fails is tried again, since nothing was acknowledged."""
    while not stopping():
        wait = 0.0
        try:
            beat.begin()
            if not tick():
                beat.idle()
                wait = _IDLE
        except BackendError as failed:
            logger.error("backend failed", role=role, error=str(failed), sentence=failed.sentence("zh"))
            wait = _BROKEN
        except OSError as failed:
            logger.error("beat failed", role=role, error=str(failed))
            wait = _BROKEN
        time.sleep(wait)
