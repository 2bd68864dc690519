"""Reports that are issued by themselves, as jobs beside watch's loop.

every 20 s ─► which are due (alerts.reports.due) ─► issue, each under a key of its own: once, whatever is killed
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from alerts.reports.due import due
from huiying.core.config import Calendar
from huiying.core.errors import BackendError, HuiyingError
from huiying.core.ports import Clock, Ledger
from huiying.issuing import issue

EVERY = 20.0  # seconds of real time; under a simulated clock the instant is the clock's own

logger = structlog.get_logger("huiying.scheduled")


class Scheduled:
    """The reports of one ledger. `second` is the second file's folder; `calendar` the one recorded last."""

    def __init__(
        self, ledger: Ledger, data: Path, second: Path, clock: Clock, calendar: Callable[[], Calendar]
    ) -> None:
        self._ledger = ledger
        self._data = data
        self._second = second
        self._clock = clock
        self._calendar = calendar
        self._said: dict[str, str] = {}

    def tick(self) -> int:
        """Issue what is due; return how many. What cannot be issued is said once, and tried again at the next tick."""
        first = self._ledger.read(limit=1)
        if not first:
            return 0
        names = due(self._clock.now(), first[0].recorded_at, _Issued(self._ledger), self._calendar())
        return sum(self._issued(name) for name in names)

    def _issued(self, name: str) -> bool:
        try:
            seq = issue(self._ledger, self._data, self._second, self._clock, name, _key(name))
        except (HuiyingError, OSError) as failed:
            if self._said.get(name) != str(failed):
                logger.error("report_not_issued", period=name, error=str(failed))
            self._said[name] = str(failed)
            return False
        logger.info("report_issued", period=name, seq=seq)
        return True


class _Issued(Container[str]):
    """The periods whose report was issued by itself."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __contains__(self, name: object) -> bool:
        return bool(self._ledger.by_key(_key(str(name))))


def _key(name: str) -> str:
    return f"report:{name}"


@contextmanager
def running(tick: Callable[[], int], active: Callable[[], bool]) -> Iterator[None]:
    """Call `tick` every 20 s in a thread of its own while the `with` lasts and this process is the `active` one."""

    def turn() -> None:
        """Do one turn; a backend that fails is met again at the next."""
        try:
            if active():
                tick()
        except BackendError as failed:
            logger.error("backend failed", error=str(failed))

    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(turn, "interval", seconds=EVERY, max_instances=1, coalesce=True, misfire_grace_time=None)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
