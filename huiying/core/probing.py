"""Ask backends now and then whether they answer, each in a thread of its own: one that hangs holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from huiying.core.errors import BackendError
from huiying.core.health import Health
from huiying.core.ports import Index, Ledger
from huiying.core.states import Store

EVERY = 5.0  # seconds
_NO_POST = "0" * 32

Probe = Callable[[], object]


def probes_of(ledger: Ledger, store: Store, index: Index | None = None) -> dict[str, Probe]:
    """Return the cheapest question to each; all three may be asked from any thread."""
    probes: dict[str, Probe] = {"ledger": lambda: ledger.head(), "store": lambda: store.cursors.get("probe")}
    if index is not None:
        probes["index"] = lambda: index.get(_NO_POST)
    return probes


class Probing:
    """Asks until closed. `close` waits for no answer."""

    def __init__(self, health: Health, probes: Mapping[str, Probe], every: float = EVERY) -> None:
        self._health = health
        self._probes = probes
        self._every = every
        self._closed = threading.Event()

    def start(self) -> None:
        """Begin to ask, in one daemon thread a backend."""
        for name, probe in self._probes.items():
            self._health.asking(name)
            threading.Thread(target=self._run, args=(name, probe), name=f"probe-{name}", daemon=True).start()

    def ask(self) -> None:
        """Ask each once, now, in this thread."""
        for name, probe in self._probes.items():
            self._ask(name, probe)

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()

    def _run(self, name: str, probe: Probe) -> None:
        while not self._closed.is_set():
            self._ask(name, probe)
            self._closed.wait(self._every)

    def _ask(self, name: str, probe: Probe) -> None:
        try:
            probe()
        except BackendError:
            if not self._closed.is_set():
                self._health.failed(name)
        else:
            self._health.answered(name)
