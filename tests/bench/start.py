"""How long the alerts of a ledger take to stand in memory: `python -m tests.bench.start [ALERTS]`, 20,000 by default.

The year of `tests.bench.figures` lies in a ledger file. A role folds it from the first event, or begins with the
store's projection, in turns in one run; processor time, so that what else runs on the machine matters less.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from alerts.view import AlertView
from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.store_sql import SqlStore
from huiying.core import codec
from huiying.core.model import Draft, Event, Role
from huiying.core.ports import Ledger
from huiying.core.states import Projection
from tests.bench.figures import WEEKS, year
from tests.clock import SettableClock

ROUNDS = 3
DESK = "yunze"


def main() -> None:
    """Print both medians, their ratio, and what saving costs."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="huiying-bench-") as folder:
        file = Path(folder) / "ledger.sqlite"
        ledger, store = (
            SqlLedger(f"sqlite:///{file}", DESK, SettableClock()),
            SqlStore(f"sqlite:///{folder}/store.sqlite"),
        )
        fill(file, year(-(-wanted // WEEKS)))
        view = caught_up(ledger, store.projection)
        print(f"{len(view.alerts())} alerts, {ledger.head()} events")
        print(f"saved as a whole: {took(view.keep):.2f} s, {size(store) / 2**20:.0f} MB")
        took_by: dict[str, list[float]] = {"anew": [], "projection": []}
        del view
        for _ in range(ROUNDS):
            took_by["anew"].append(took(lambda: caught_up(ledger, None)))
            took_by["projection"].append(took(lambda: caught_up(ledger, store.projection)))
        anew, begun = (statistics.median(took_by[name]) for name in ("anew", "projection"))
        print(
            f"folded from the first event: {anew:.2f} s; with the projection: {begun:.2f} s; ratio {anew / begun:.1f}"
        )
        print(f"saved after one entry more: {one_more(ledger, store) * 1000:.1f} ms")
        store.close()
        ledger.close()


def caught_up(ledger: Ledger, projection: Projection | None) -> AlertView:
    """Return a view of the whole ledger."""
    view = AlertView(ledger, projection)
    view.catch_up()
    return view


def one_more(ledger: Ledger, store: SqlStore) -> float:
    """Return the median seconds of saving what one note changes."""
    view = caught_up(ledger, store.projection)
    alert = view.alerts()[0].id
    saves = []
    for _ in range(20):
        ledger.append([Draft("noted", alert, "p", Role.DUTY, payload={"text": "已电话核实。"})])
        view.catch_up()
        saves.append(took(view.keep))
    return statistics.median(saves)


def took(act: Callable[[], object]) -> float:
    """Return the processor seconds that `act` takes."""
    began = time.process_time()
    act()
    return time.process_time() - began


def size(store: SqlStore) -> int:
    """Return how many bytes the pieces have."""
    saved = store.projection.load()
    return sum(len(piece.body) for piece in saved[1]) if saved else 0


def fill(file: Path, events: Iterable[Event]) -> None:
    """Write `events` into the table of a new ledger, with the bytes and hashes that appending them one by one gives."""
    with sqlite3.connect(file) as database:
        database.executemany("INSERT INTO events (seq, alert, raw, leaf, chain) VALUES (?, ?, ?, ?, ?)", rows(events))
    database.close()


def rows(events: Iterable[Event]) -> Iterator[tuple[int, str | None, bytes, bytes, bytes]]:
    """Yield the rows of `events`, numbered from 1 on."""
    chain = codec.GENESIS
    for event in events:
        draft = Draft(
            event.type, event.alert, event.actor, event.role, event.unit, event.claimed_at, payload=event.payload
        )
        raw = codec.event_bytes(draft, DESK, event.seq, event.recorded_at)
        leaf = codec.leaf_hash(raw)
        chain = codec.chain_hash(chain, leaf)
        yield event.seq, event.alert, raw, leaf, chain


if __name__ == "__main__":
    main()
