"""A role as a process: signals, the parent's death, the loop over ticks, what is seen of it from outside.

tick ─► records handled ─► again at once │ nothing to do ─► wait │ BackendError ─► say so, wait longer, try again
not its turn ─► stand by
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from alerts.view import AlertView
from huiying import wiring
from huiying.core.codec import instant_text
from huiying.core.doubt import doubted
from huiying.core.errors import BackendError
from huiying.core.model import Topic
from huiying.core.ports import Clock
from huiying.core.probing import Probing, probes_of
from huiying.logs import AGAIN, log_to_stderr, masked
from huiying.metrics import Metrics, port_of
from huiying.recorded import Recorded
from huiying.sampling import ALERTS_EVERY, SOURCES_EVERY, crawl_sampler, watch_sampler
from huiying.scheduled import Scheduled, running
from huiying.sealing import Sealing
from huiying.second_file import second_folder
from huiying.undeclared import refuse_undeclared
from huiying.witnessing import Witnessing, over_http

__all__ = ["Beat", "Stopping", "forever", "log_to_stderr", "observe", "run"]

_IDLE = 0.1  # seconds; an alert's way through three loops stays well below its 3 s
_BROKEN = 2.0
_STANDBY = 1.0

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


def run(role: str, folder: Path, secrets: Mapping[str, str], parent: int | None = None, worker: int = 1) -> None:
    """Run `role` on the desk in `folder` until it is told to stop; `worker` numbers its processes on this machine."""
    log_to_stderr()
    told = Stopping(parent)
    runtime = wiring.open_desk(folder, secrets, role, worker)
    refuse_undeclared(runtime.data)
    metrics = Metrics(role, worker, runtime.data, wiring.system_now)
    probing = observe(runtime, metrics)
    stopping = metrics.turning(told)
    try:
        if section := runtime.machine.metrics:
            metrics.serve(section.host, port_of(section, role, worker))
        probing.start()
        _RUN[role](runtime, metrics, stopping)
    finally:
        probing.close()
        metrics.close()
        runtime.close()


def observe(runtime: wiring.Runtime, metrics: Metrics) -> Probing:
    """Let `metrics` see every call of the runtime's ports; return what asks ledger and store now and then."""
    runtime.log = metrics.observed("log", runtime.log)
    runtime.ledger = metrics.observed("ledger", runtime.ledger)
    runtime.store = metrics.observed("store", runtime.store)
    runtime.captures = metrics.observed("captures", runtime.captures)
    runtime.observed = metrics.observed
    return Probing(metrics.health, probes_of(runtime.ledger, runtime.store))


def _crawl(runtime: wiring.Runtime, metrics: Metrics, stopping: Callable[[], bool]) -> None:
    active = wiring.turn_of(runtime, "crawl")
    metrics.standing(False)
    while not active():
        if stopping():
            return
        time.sleep(_STANDBY)
    metrics.standing(True)
    metrics.sample(SOURCES_EVERY, crawl_sampler(metrics, runtime.store, runtime.clock))
    # The reactor runs once a process: one that loses its turn ends, and whoever started it starts the next standby.
    wiring.crawl(runtime, stopping, active)


def _process(runtime: wiring.Runtime, metrics: Metrics, stopping: Callable[[], bool]) -> None:
    with wiring.exclusive(runtime, "process"):
        indexing, work = wiring.indexing(runtime), wiring.process(runtime)
        metrics.counted(Topic.POSTS_READY, indexing.counters)
        metrics.counted(Topic.POSTS_FOUND, work.counters)
        beat, second = (Beat(runtime.data / _beat(name, runtime), runtime.clock) for name in ("process", "index"))
        with Beside("index", lambda ends: forever("index", indexing.tick, ends, second, metrics)) as beside:
            forever("process", work.tick, lambda: stopping() or beside.failed(), beat, metrics)


def _watch(runtime: wiring.Runtime, metrics: Metrics, stopping: Callable[[], bool]) -> None:
    active = wiring.turn_of(runtime, "watch")
    view = AlertView(runtime.ledger, runtime.store.projection, not doubted(runtime.data))
    metrics.sample(ALERTS_EVERY, watch_sampler(metrics, view, runtime.store, runtime.clock))
    work = wiring.watch(runtime)
    metrics.counted(Topic.POSTS_READY, work.counters)
    turn = _Seen(active)
    sealing = sealing_of(runtime, metrics)
    seal = lambda ends: _sealing(sealing, ends, turn)  # noqa: E731
    beat = Beat(runtime.data / _beat("watch", runtime), runtime.clock)
    reports = scheduled_of(runtime)
    with Beside("sealing", seal) as beside, running(reports.tick, lambda: turn.last):
        forever("watch", work.tick, lambda: stopping() or beside.failed(), beat, metrics, turn)


class _Seen:
    """Whether it is this process's turn, as it was last asked: what runs beside the loop asks nobody itself."""

    def __init__(self, active: Callable[[], bool]) -> None:
        self._active = active
        self.last = False

    def __call__(self) -> bool:
        self.last = self._active()
        return self.last


def sealing_of(runtime: wiring.Runtime, metrics: Metrics) -> Sealing:
    """Return what verifies the ledger and issues its checkpoints; a doubt stands in the role's report."""
    recorded = Recorded(runtime.ledger)
    second = second_folder(runtime.folder, runtime.data, runtime.machine.checkpoints)
    zone = lambda: recorded()[1].calendar.zone  # noqa: E731
    told = lambda since: metrics.health.tell("proof", since)  # noqa: E731
    return Sealing(
        runtime.ledger,
        runtime.data,
        second,
        runtime.clock,
        zone,
        told,
        _witnessed(runtime, metrics, second),
        runtime.store.projection,
    )


def scheduled_of(runtime: wiring.Runtime) -> Scheduled:
    """Return what issues the reports that are due by themselves."""
    recorded = Recorded(runtime.ledger)
    second = second_folder(runtime.folder, runtime.data, runtime.machine.checkpoints)
    return Scheduled(runtime.ledger, runtime.data, second, runtime.clock, lambda: recorded()[1].calendar)


def _witnessed(runtime: wiring.Runtime, metrics: Metrics, second: Path) -> Callable[[], None]:
    """Return what sends the newest checkpoint to the witness, if huiying.toml names one."""
    named = runtime.machine.witness
    if named is None:
        return lambda: None
    missed = lambda since: metrics.health.tell("witness", since)  # noqa: E731
    return Witnessing(runtime.ledger, second, runtime.clock, over_http(named.url, named.key), missed).tick


def _sealing(sealing: Sealing, ends: Callable[[], bool], turn: _Seen) -> None:
    trouble = Trouble("sealing")
    while not ends():
        try:
            if turn.last:
                sealing.tick()
                trouble.over()
        except BackendError as failed:
            trouble.met(failed)
        time.sleep(_STANDBY)


def _desk(runtime: wiring.Runtime, metrics: Metrics, stopping: Callable[[], bool]) -> None:
    from alerts.web import serve
    from huiying.rules_file import FolderRules

    Recorded(runtime.ledger)()
    services = replace(wiring.services(runtime, metrics.health), rules=FolderRules(runtime.folder, runtime.ledger))
    serve.run(services, runtime.machine.host, runtime.machine.port, stopping)


_RUN = {"crawl": _crawl, "process": _process, "watch": _watch, "desk": _desk}


def _beat(name: str, runtime: wiring.Runtime) -> str:
    return f"{name}.beat" if runtime.worker == 1 else f"{name}-{runtime.worker}.beat"


class Beside:
    """A loop in a thread of its own while the `with` lasts. What breaks it ends the process: half a role is none."""

    def __init__(self, name: str, loop: Callable[[Callable[[], bool]], None]) -> None:
        self._ended = threading.Event()
        self._broke: BaseException | None = None
        self._loop = loop
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        try:
            self._loop(self._ended.is_set)
        except BaseException as cause:  # noqa: BLE001 — raised again in the main thread
            self._broke = cause

    def failed(self) -> bool:
        """Say whether the loop broke."""
        return self._broke is not None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if self._broke is not None:
            raise self._broke


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


class Trouble:
    """Says that a backend fails when it begins and then once a minute, and when it is over: a loop meets it often."""

    def __init__(self, role: str, seconds: Callable[[], float] = time.monotonic) -> None:
        self._role = role
        self._seconds = seconds
        self._code = ""
        self._said = 0.0
        self._times = 0

    def met(self, failed: BackendError) -> None:
        """Hear of a failure."""
        self._times += 1
        now = self._seconds()
        if failed.code == self._code and now - self._said < AGAIN:
            return
        self._code, self._said = failed.code, now
        said = {"error": masked(str(failed)), "sentence": masked(failed.sentence("zh")), "times": self._times}
        logger.error("backend failed", role=self._role, **said)

    def over(self) -> None:
        """Hear that a tick succeeded."""
        if self._code:
            logger.info("backend answers again", role=self._role, code=self._code, times=self._times)
            self._code, self._times = "", 0


def forever(
    role: str,
    tick: Callable[[], int],
    stopping: Callable[[], bool],
    beat: Beat,
    metrics: Metrics,
    active: Callable[[], bool] = lambda: True,
) -> None:
    """Call `tick` until `stopping`, while this process is the `active` one of its role.

    A backend that fails is tried again, since nothing was acknowledged.
    """
    trouble = Trouble(role)
    while not stopping():
        try:
            wait = _turn(tick, beat, metrics, active)
            trouble.over()
        except BackendError as failed:
            trouble.met(failed)
            wait = _BROKEN
        except OSError as failed:
            logger.error("beat failed", role=role, error=str(failed))
            wait = _BROKEN
        time.sleep(wait)


def _turn(tick: Callable[[], int], beat: Beat, metrics: Metrics, active: Callable[[], bool]) -> float:
    """Do one tick if it is this process's turn; return how many seconds to wait before the next."""
    standing = active()
    metrics.standing(standing)
    if not standing:
        return _STANDBY
    began = time.monotonic()
    beat.begin()
    handled = tick()
    metrics.observe_tick(time.monotonic() - began)
    if not handled:
        beat.idle()
    return 0.0 if handled else _IDLE
