"""What one role tells Prometheus: a registry of its own, filled by the observed ports, the loop and samplers.

observed ports ─► errors, appended, waiting ┐
loop ─► tick seconds, last tick, turns      ├─► registry ─► listener
samplers (a thread, every 15 to 60 s)       ┘
Conventions of names: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from structlog import get_logger

from huiying import __version__
from huiying.core.config import MetricsSection
from huiying.core.consume import Counters
from huiying.core.errors import BackendError
from huiying.core.health import PILED_UP, Health
from huiying.core.model import Topic
from huiying.core.reports import write_report
from huiying.listener import Listener
from huiying.observed import Observed, ObservedLog

NEEDS = {
    "crawl": ("ledger", "store", "log"),
    "process": ("ledger", "store", "log"),
    "watch": ("ledger", "store", "log"),
    "desk": ("ledger", "store"),
}
OFFSETS = {"crawl": 0, "watch": 1, "desk": 2}
_FIRST_WORKER = 3  # process worker 1
_REPORT_EVERY = 5.0  # seconds
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

P = TypeVar("P")
logger = get_logger("huiying.metrics")


def port_of(section: MetricsSection, role: str, worker: int) -> int:
    """Return where this role listens: crawl +0, watch +1, desk +2, process worker n +2+n."""
    return section.port + (OFFSETS[role] if role in OFFSETS else _FIRST_WORKER - 1 + worker)


class Metrics:
    """The instruments of one role's process, and its health. For any thread.

    `now` tells real time. `data` is the data folder: its disk is measured, and the role's report is written there.
    """

    def __init__(self, role: str, worker: int, data: Path, now: Callable[[], datetime]) -> None:
        self.registry = CollectorRegistry()
        self.health = Health(role, NEEDS[role], now, time.monotonic)
        self._worker = worker
        self._data = data
        self._reported = float("-inf")
        self._piled: dict[str, tuple[int, datetime]] = {}
        self._closed = threading.Event()
        self._listener: Listener | None = None
        self._records = _Records()
        self.registry.register(self._records)
        self._build()
        Info("huiying_build", "Version of the program.", registry=self.registry).info(
            {"version": __version__, "role": role, "worker": str(worker)}
        )
        self._disk()

    def _build(self) -> None:
        registry = self.registry
        self._tick = Histogram(
            "huiying_tick_seconds", "Length of the loop's ticks.", buckets=_BUCKETS, registry=registry
        )
        self._errors = Counter(
            "huiying_backend_errors", "Calls of a backend that failed.", ["backend"], registry=registry
        )
        self._appended = Counter(
            "huiying_records_appended", "Records appended to the log.", ["topic"], registry=registry
        )
        self._last_tick = self.gauge("huiying_last_tick_timestamp_seconds", "End of the last tick that succeeded.")
        self._last_turn = self.gauge("huiying_last_turn_timestamp_seconds", "When the loop last came round.")
        self._held = self.gauge("huiying_records_held", "Records that a topic holds.", "topic")
        self._lag = self.gauge("huiying_records_waiting", "Records not yet committed.", "topic", "group")
        self._active = self.gauge("huiying_active", "1: this process is the active one; 0: it stands by.")
        self._active.set(1)
        degraded = self.gauge("huiying_backends_degraded", "Backends that fail or have fallen silent.")
        degraded.set_function(lambda: len(self.health.degraded()))
        # Labels from the beginning: an increase from nothing would not be seen.
        for backend in ("ledger", "store", "log", "index", "captures"):
            self._errors.labels(backend)
        for topic in Topic:
            self._appended.labels(topic)

    def _disk(self) -> None:
        free = self.gauge("huiying_data_free_bytes", "Free bytes of the data folder's disk.")
        size = self.gauge("huiying_data_size_bytes", "Size of the data folder's disk in bytes.")
        free.set_function(lambda: shutil.disk_usage(self._data).free)
        size.set_function(lambda: shutil.disk_usage(self._data).total)

    # ---- what the roles and the wiring call

    def observed(self, name: str, port: P) -> P:
        """Return `port` ("log", "ledger", "store", "index" or "captures") so that each of its calls is seen."""
        made = ObservedLog(port, self) if name == "log" else Observed(name, port, self)
        return cast(P, made)

    def counted(self, topic: Topic, counters: Counters) -> None:
        """Show the loop's own counts of the records of `topic`: done, retried, dead."""
        self._records.add(topic, counters)

    def observe_tick(self, seconds: float) -> None:
        """Remember a tick that succeeded."""
        self._tick.observe(seconds)
        self._last_tick.set(self.health.now().timestamp())

    def standing(self, active: bool) -> None:
        """Tell whether this process is the active one of its role. One that stands by has nothing to poll."""
        self._active.set(int(active))
        if not active:
            self.health.answered("log")

    def turning(self, stopping: Callable[[], bool]) -> Callable[[], bool]:
        """Return `stopping` so that whoever asks it, which every loop does, is seen to turn."""

        def asked() -> bool:
            self.health.turned()
            self._last_turn.set(self.health.now().timestamp())
            if time.monotonic() - self._reported >= _REPORT_EVERY:
                self._reported = time.monotonic()
                self._report()
            return stopping()

        return asked

    def sample(self, every: float, take: Callable[[], None]) -> None:
        """Call `take` every so many seconds in a thread of its own; where a backend fails the old values stand."""
        threading.Thread(target=self._sampling, args=(every, take), name="sampling", daemon=True).start()

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """Return a new gauge of this registry."""
        return Gauge(name, text, labels, registry=self.registry)

    def serve(self, host: str, port: int) -> int:
        """Listen (port 0: any free one) until `close`; return the port."""
        self._listener = Listener(host, port, self.registry, self.health)
        return self._listener.port

    def close(self) -> None:
        """Stop listening and sampling."""
        self._closed.set()
        if self._listener is not None:
            self._listener.close()

    # ---- what the observed ports tell

    def answered(self, backend: str, writing: bool) -> None:
        """Pass on that a backend answered."""
        self.health.answered(backend, writing)

    def failed(self, backend: str, writing: bool) -> None:
        """Count a failure."""
        self._errors.labels(backend).inc()
        self.health.failed(backend, writing)

    def appended(self, topic: Topic, count: int) -> None:
        """Count records appended."""
        self._appended.labels(topic).inc(count)

    def size(self, topic: Topic, group: str, held: int, waiting: int) -> None:
        """Show what a topic holds and what waits in it.

        Groups that fill an index are called "index" and an instant; they are one label, and no backlog of posts.
        """
        self._held.labels(topic).set(held)
        name, _, passing = group.partition(" ")
        self._lag.labels(topic, name).set(waiting)
        if passing:
            return
        if waiting < PILED_UP:
            self._piled.pop(str(topic), None)
        else:
            since = self._piled.get(str(topic), (0, self.health.now()))[1]
            self._piled[str(topic)] = (waiting, since)

    def piled(self) -> dict[str, tuple[int, datetime]]:
        """Return the topics in which records pile up: how many wait, and since when."""
        return dict(self._piled)

    def _report(self) -> None:
        try:
            write_report(self._data, self.health, self._worker, self.piled())
        except OSError as cause:
            logger.warning("report_not_written", error=str(cause))

    def _sampling(self, every: float, take: Callable[[], None]) -> None:
        while not self._closed.is_set():
            try:
                take()
            except BackendError as cause:
                logger.debug("not_sampled", error=str(cause))
            self._closed.wait(every)


class _Records(Collector):
    """Reads the loops' counters when it is asked, so that a record is counted where it is handled and nowhere else."""

    def __init__(self) -> None:
        self._counters: dict[Topic, Counters] = {}

    def add(self, topic: Topic, counters: Counters) -> None:
        """Count the records of `topic` too."""
        self._counters[topic] = counters

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the counts by outcome."""
        family = self._family()
        for topic, counters in list(self._counters.items()):
            for outcome in ("done", "retried", "dead"):
                family.add_metric([topic, outcome], getattr(counters, outcome))
        yield family

    def describe(self) -> Iterable[CounterMetricFamily]:
        """Name the family, so that nothing else takes its name."""
        return [self._family()]

    def _family(self) -> CounterMetricFamily:
        return CounterMetricFamily(
            "huiying_records", "Records handled, each counted once.", labels=["topic", "outcome"]
        )
