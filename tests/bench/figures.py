"""How long the figures of a year take: `python -m tests.bench.figures [ALERTS]`, 20,000 by default; processor time.

One week of alerts goes through the real lifecycle, all kinds of endings among them; the other weeks are that week with
every instant moved, since deciding on 20,000 alerts one by one would take longer than anyone waits for a benchmark.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from alerts.figures import figures, figures_of
from alerts.folded import fold_all
from alerts.periods import period
from alerts.vocabulary import CommandType as C
from huiying.core import codec
from huiying.core.model import Event
from tests.alerts.scene import CHIEF, DUTY, UNIT
from tests.properties.histories import History

WEEKS = 52
ROUNDS = 5
START = "2026-01-05T09:00:00+08:00"
INSTANT = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def main() -> None:
    """Print how many alerts and events there are, and the median times of their figures."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    events = year(-(-wanted // WEEKS))
    alerts = sum(event.type == "opened" for event in events)
    print(f"{alerts} alerts, {len(events)} events")
    whole = period("2026", "Asia/Shanghai")
    cutoff = events[-1].recorded_at
    print(f"from the events: {median(partial(figures, events, whole, cutoff)):.2f} s")
    folded = fold_all(events)
    del events  # the page holds the alerts folded, and no event
    made = figures_of(folded, whole, cutoff, list)
    assert made.rate is not None
    print(f"{made.rate.part.count} of {made.rate.whole.count} that fell due handled correctly")
    print(f"from alerts that are folded: {median(partial(figures_of, folded, whole, cutoff, list)):.2f} s")
    print(f"their JSON: {median(made.to_json):.2f} s, {len(made.to_json()) / 2**20:.1f} MB")


def median(act: Callable[[], object]) -> float:
    """Return the median processor seconds that `act` takes."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        act()
        took.append(time.process_time() - began)
    return statistics.median(took)


def week(count: int) -> list[Event]:
    """Return the events of `count` alerts opened within a week: every third handled whole, the others left half-way."""
    history = History(now=codec.instant(START))
    history.beat()
    for number in range(count):
        alert = history.open(number)
        history.go(alert, 6 if number % 3 else number % 6, named=True)
        if number % 10 == 1:
            history.act(alert, C.NOTE, DUTY)
        if number % 17 == 1:
            history.act(alert, C.REOPEN, CHIEF)
        if number % 13 == 2:
            history.act(alert, C.RETURN, UNIT)
        history.now += timedelta(days=5) / count
    return history.events


def year(per_week: int) -> list[Event]:
    """Return the events of a year, numbered on."""
    made: list[Event] = []
    first = week(per_week)
    for number in range(WEEKS):
        made += (moved(event, number, len(first)) for event in first)
    return sorted(made, key=lambda event: event.seq)


def moved(event: Event, weeks: int, length: int) -> Event:
    """Return `event` so many weeks later, of an alert and with a number of its own."""

    def later(found: re.Match[bytes]) -> bytes:
        return codec.instant_text(codec.instant(found[0].decode()) + timedelta(weeks=weeks)).encode()

    raw = INSTANT.sub(later, event.raw)
    read = codec.read_event(raw, codec.leaf_hash(raw), event.chain)
    seq, alert = event.seq + weeks * length, f"{event.alert}-{weeks}" if event.alert else None
    payload = dict(read.payload)
    if isinstance(payload.get("of"), int):
        payload["of"] += weeks * length
    return replace(read, seq=seq, alert=alert, payload=payload)


if __name__ == "__main__":
    main()
