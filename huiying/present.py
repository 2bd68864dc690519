"""The present instant, for what needs no desk: beside the composition root, so that it costs none of its imports."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from huiying.backends.clock_system import SystemClock

if TYPE_CHECKING:
    from huiying.core.ports import Clock


def system_clock() -> Clock:
    """Return the machine's clock."""
    return SystemClock()


def system_now() -> datetime:
    """Return the machine's present instant in UTC."""
    return SystemClock().now()
