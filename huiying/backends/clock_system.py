"""The machine's clock, and the simulated one that demonstration and test ledgers may run under."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from huiying.core.codec import instant, instant_text
from huiying.core.errors import BackendError


class SystemClock:
    """The time of this machine. A step backwards of the machine's clock is not passed on."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        self._last = max(self._last, time.time_ns() // 1000)
        return datetime.fromtimestamp(self._last // 1_000_000, UTC).replace(microsecond=self._last % 1_000_000)


class FileClock:
    """A simulated time that stands in a file, the same for all processes, and moves only when another is written."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """Return the instant that stands in the file. A missing or unreadable file is a BackendError."""
        try:
            return instant(self._file.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as cause:
            raise BackendError("clock_file", file=str(self._file)) from cause

    def set(self, at: datetime) -> None:
        """Move the time to `at`, never back: an earlier instant is a ValueError."""
        if self._file.exists() and at < self.now():
            raise ValueError("a simulated clock does not go back")
        beside = self._file.with_suffix(".new")
        beside.write_text(instant_text(at), encoding="ascii")
        os.replace(beside, self._file)
