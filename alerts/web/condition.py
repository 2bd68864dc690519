"""What works and what does not, as pages and probes are told: asked beside all requests, so that it comes at once.

probes (threads, every 2 s) ─► Health ─┐
the roles' reports ────────────────────┴─► degraded ─► cached 2 s ─► sentences, /healthz, /readyz
"""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime

from fastapi import Request

from alerts.degraded import Degraded, degraded
from alerts.web.services import Services
from alerts.wording import Wording
from huiying.core.health import Health
from huiying.core.probing import Probing, probes_of

EVERY = 2.0  # seconds
NEEDS = ("ledger", "store")


class Condition:
    """The condition of one desk process. For any thread; nothing here waits for a backend but its own threads."""

    def __init__(self, services: Services) -> None:
        self.health = services.health or Health("desk", NEEDS, services.clock.now, time.monotonic)
        self._reports = services.reports
        self._lock = threading.Lock()
        self._held: tuple[float, tuple[Degraded, ...]] | None = None
        self._probing = Probing(self.health, probes_of(services.ledger, services.store, services.index), EVERY)

    async def turn(self) -> None:
        """Ask the backends until cancelled, and show once a second that the event loop turns."""
        self._probing.start()
        try:
            while True:
                self.health.turned()
                await asyncio.sleep(1)
        finally:
            self._probing.close()

    def ask(self) -> None:
        """Ask each backend once, now, and forget what was held."""
        self._probing.ask()
        self._held = None

    def degraded(self) -> tuple[Degraded, ...]:
        """Return what is degraded, at most 2 s old."""
        with self._lock:
            if self._held is None or time.monotonic() - self._held[0] > EVERY:
                found = degraded(self.health.degraded(), self._reports(), self.health.now())
                self._held = (time.monotonic(), found)
            return self._held[1]

    def sentences(self, wording: Wording) -> list[str]:
        """Return one sentence for each degraded part: what, since when, what still works."""
        now = self.health.now()
        return [
            wording.text(f"degraded.{each.part}", at=_since(each.since, now, wording), n=each.waiting)
            for each in self.degraded()
        ]


def condition_of(request: Request) -> Condition:
    """Return the condition of the process that answers."""
    condition: Condition = request.app.state.condition
    return condition


def _since(at: datetime, now: datetime, wording: Wording) -> str:
    """Return the minute, with the day where it is another one, in the office's zone."""
    same = at.astimezone(wording.zone).date() == now.astimezone(wording.zone).date()
    return f"{at.astimezone(wording.zone):%H:%M}" if same else wording.short(at)
