"""How fast the ledger appends and is verified: `python -m tests.bench.ledger [EVENTS]`, a million by default.

Appends are timed one event at a time, each durable before the next. The ledger to verify is written straight into its
table, with the same bytes and hashes as appends give, because a million of them would take a quarter of an hour.
"""

from __future__ import annotations

import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from huiying.checkpoint import issue
from huiying.core import codec
from huiying.core.model import Draft, Role
from huiying.verify import verify
from tests.attacks.office import Office, noted, opened

APPENDS = 2000


def main() -> None:
    """Print both figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="huiying-bench-") as folder:
        office = Office(Path(folder) / "desk")
        appends(office)
        fill(office, count)
        verified(office)


def appends(office: Office) -> None:
    """Time single appends."""
    with office.ledger() as ledger:
        ledger.append([opened("A1")])
        took = []
        for _ in range(APPENDS):
            began = time.perf_counter()
            ledger.append([noted("A1")])
            took.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(took, n=100)
    print(f"append: p50 {statistics.median(took):.2f} ms, p99 {cuts[98]:.2f} ms ({APPENDS} events, one a transaction)")


def fill(office: Office, count: int) -> None:
    """Write events up to `count` into the table."""
    with office.ledger() as ledger:
        (last,) = ledger.read(after=ledger.head() - 1)
    with sqlite3.connect(office.file) as database:
        rows = _rows(last.seq, last.chain, count)
        database.executemany("INSERT INTO events (seq, alert, raw, leaf, chain) VALUES (?, ?, ?, ?, ?)", rows)
    database.close()
    print(f"ledger: {office.file.stat().st_size / 2**20:.0f} MB")


def _rows(seq: int, chain: bytes, count: int) -> Iterator[tuple[int, str | None, bytes, bytes, bytes]]:
    at = codec.instant("2026-06-01T00:00:00Z")
    while seq < count:
        seq += 1
        draft = Draft(
            "noted", "A1", "P-duty", Role.DUTY, "water-bureau", payload={"text": "已电话核实，供水单位正在抢修。" * 4}
        )
        raw = codec.event_bytes(draft, office_desk, seq, at)
        leaf = codec.leaf_hash(raw)
        chain = codec.chain_hash(chain, leaf)
        yield seq, draft.alert, raw, leaf, chain


office_desk = "county"


def verified(office: Office) -> None:
    """Time a full verification, a checkpoint and the tail's verification."""
    with office.ledger() as ledger:
        for name, act in (
            ("full verification", lambda: verify(ledger.stored)),
            ("checkpoint", lambda: issue(ledger, office.data, "by_hand")),
        ):
            began = time.perf_counter()
            result = act()
            print(f"{name}: {time.perf_counter() - began:.1f} s")
            assert isinstance(result, str) or result.bad is None, result
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
