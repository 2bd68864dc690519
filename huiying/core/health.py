"""Whether a role lives and what it needs answers: kept from what was seen, asked by listeners and pages.

loop turns ─► turned     every call of a backend ─► answered │ failed ─► degraded since when ─► living, ready, report
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from huiying.core.codec import instant_text

TURN = 60.0  # seconds; a loop that has not turned for so long hangs
ANSWER = 30.0  # seconds; an answer or a failure older than this says nothing any more
PILED_UP = 1000  # records; some minutes of work for one process


class Health:
    """What one process has seen of its loop and its backends. For any thread.

    `needs` are the backends without which the role is not ready. `now` tells real time, `seconds` is a monotonic count.
    """

    def __init__(
        self, role: str, needs: Iterable[str], now: Callable[[], datetime], seconds: Callable[[], float]
    ) -> None:
        self.role = role
        self.now = now
        self.needs = frozenset(needs)
        self._seconds = seconds
        self._turned = seconds()
        self._answered: dict[str, tuple[float, datetime]] = {}
        self._failing: dict[tuple[str, bool], tuple[float, datetime]] = {}
        self._asked: dict[str, tuple[float, datetime]] = {}
        self._told: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def turned(self) -> None:
        """Remember that the loop has come round."""
        self._turned = self._seconds()

    def living(self) -> bool:
        """Say whether the loop has turned within the last minute."""
        return self._seconds() - self._turned <= TURN

    def asking(self, backend: str) -> None:
        """Remember that `backend` is asked regularly from now on: its silence counts, needed or not."""
        with self._lock:
            self._asked[backend] = (self._seconds(), self.now())

    def answered(self, backend: str, writing: bool = False) -> None:
        """Remember an answer. One to a reading call does not make good a failure of a writing one."""
        with self._lock:
            self._answered[backend] = (self._seconds(), self.now())
            self._failing.pop((backend, False), None)
            if writing:
                self._failing.pop((backend, True), None)

    def failed(self, backend: str, writing: bool = False) -> None:
        """Remember a failure; the first of a row is what "since" tells."""
        with self._lock:
            before = self._standing((backend, writing))
            self._failing[backend, writing] = (self._seconds(), before or self.now())

    def tell(self, part: str, since: datetime | None) -> None:
        """Remember that `part`, which is no backend, is not as it should be since then; None: that it is."""
        with self._lock:
            self._told.pop(part, None) if since is None else self._told.update({part: since})

    def degraded(self) -> dict[str, datetime]:
        """Return each backend that fails, or has fallen silent though it is asked, with the instant since when, and
        each part that was told of."""
        with self._lock:
            found = dict(self._told)
            for backend, writing in list(self._failing):
                since = self._standing((backend, writing))
                if since is not None:
                    found[backend] = min(since, found.get(backend, since))
            for backend in (self.needs | self._asked.keys()) - found.keys():
                last = self._answered.get(backend) or self._asked.get(backend)
                if last is not None and self._seconds() - last[0] > ANSWER:
                    found[backend] = last[1]
        return found

    def ready(self) -> bool:
        """Say whether the loop turns and each backend that is needed has answered within the last 30 s."""
        with self._lock:
            answers = [self._answered.get(backend) for backend in self.needs]
            fresh = all(last is not None and self._seconds() - last[0] <= ANSWER for last in answers)
        return fresh and self.living()

    def report(self) -> dict[str, object]:
        """Return what /readyz says: no address, no secret, no error's text."""
        degraded = self.degraded()
        since = instant_text(min(degraded.values())) if degraded else None
        return {"ready": self.ready(), "role": self.role, "degraded": sorted(degraded), "since": since}

    def _standing(self, key: tuple[str, bool]) -> datetime | None:
        last = self._failing.get(key)
        return last[1] if last is not None and self._seconds() - last[0] <= ANSWER else None


@dataclass(frozen=True, slots=True)
class RoleReport:
    """What a role of this machine last said of itself at `at` (real time, UTC): what fails since when, and how many
    records wait in each topic that is piling up, and since when."""

    role: str
    at: datetime
    degraded: Mapping[str, datetime] = field(default_factory=dict)
    waiting: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
