"""A daily histogram as rectangles of an SVG 1000 wide and 100 high, with the numbers beside it as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

_MOST = 92  # days drawn; a longer range shows its newest


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its rectangle stands."""

    day: str
    count: int
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Bars:
    """The days in order, gaps filled with zero, and the highest count."""

    days: tuple[Bar, ...]
    highest: int


def bars(counts: Mapping[str, int]) -> Bars:
    """Return the rectangles for counts by day ("2026-01-27")."""
    if not counts:
        return Bars((), 0)
    first, last = date.fromisoformat(min(counts)), date.fromisoformat(max(counts))
    first = max(first, last - timedelta(days=_MOST - 1))
    days = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    highest, step = max(counts.values()), 1000 // max(len(days), 7)
    drawn = []
    for number, day in enumerate(days):
        count = counts.get(day, 0)
        height = max(2, count * 100 // highest) if count else 0
        drawn.append(Bar(day, count, number * step, 100 - height, max(step - 2, 2), height))
    return Bars(tuple(drawn), highest)
