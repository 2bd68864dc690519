"""A clock that a test sets."""

from __future__ import annotations

from datetime import datetime, timedelta

from huiying.core.codec import instant


class SettableClock:
    """Stands still until it is moved."""

    def __init__(self, at: str | datetime = "2026-01-27T08:00:00+08:00") -> None:
        self.at = instant(at) if isinstance(at, str) else at

    def now(self) -> datetime:
        """Return the instant that was set."""
        return self.at

    def set(self, at: str | datetime) -> None:
        """Move to `at`."""
        self.at = instant(at) if isinstance(at, str) else at

    def forward(self, **by: float) -> None:
        """Move on by a timedelta's arguments."""
        self.at += timedelta(**by)
