"""Writers killed at any instant: nothing that was acknowledged is lost, nothing half written, and all of it verifies.

A killed process, not a power cut: that needs `synchronous=FULL`, which the ledger's contract looks at.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from huiying.backends.ledger_sql import SqlLedger
from huiying.core import codec
from huiying.core.model import Draft, Role
from huiying.verify import verify
from tests.attacks.office import DESK, Office
from tests.clock import SettableClock

KILLS = 300 if os.environ.get("HUIYING_PROFILE") == "long" else 12
WRITERS = 2
FORKED = multiprocessing.get_context("fork")  # a fresh interpreter each time would take most of the test's time


def write(file: Path, name: str, acknowledged: Connection) -> None:
    """Append one or two events at a time for ever, and tell each number once it is durable."""
    with closing(SqlLedger(f"sqlite:///{file}", DESK, SettableClock("2026-03-10T10:00:00+08:00"))) as ledger:
        count = 0
        while True:
            count += 1
            drafts = [Draft("noted", None, name, Role.DUTY, payload={"text": f"{name} {count}"})] * (1 + count % 2)
            for event in ledger.append(drafts, key=f"{name} {count}"):
                acknowledged.send((event.seq, codec.canonical(event.payload), event.chain))


def told(waiting: Connection) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield what was acknowledged before the end."""
    try:
        while True:
            yield waiting.recv()
    except EOFError:
        return


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "desk")


def test_nothing_that_was_acknowledged_is_lost_by_kills(office: Office) -> None:
    drawn = random.Random(20260310)
    known: dict[int, tuple[bytes, bytes]] = {}
    for kill in range(KILLS // WRITERS):
        before = len(known)
        for seq, payload, chain in killed(office.file, kill, drawn):
            assert seq not in known
            known[seq] = payload, chain
        assert len(known) > before
    with office.ledger() as ledger:
        assert verify(ledger.stored).exit_code == 0
        stored = {row.seq: row for row in ledger.stored()}
        for seq, (payload, chain) in known.items():
            event = codec.read_event(*stored[seq][2:])
            assert (codec.canonical(event.payload), event.chain) == (payload, chain)
    written = Counter(codec.read_event(*row[2:]).payload["text"] for seq, row in stored.items() if seq > 1)
    # What is appended together stands together.
    assert {text: 1 + int(text.split()[-1]) % 2 for text in written} == written


def killed(file: Path, kill: int, drawn: random.Random) -> list[tuple[int, bytes, bytes]]:
    """Let writers write, kill them after some have been acknowledged; return everything that was."""
    writers = []
    for number in range(WRITERS):
        ours, theirs = FORKED.Pipe(duplex=False)
        writer = FORKED.Process(target=write, args=(file, f"w{kill}.{number}", theirs), daemon=True)
        writer.start()
        theirs.close()
        writers.append((writer, ours))
    found = []
    for writer, ours in writers:
        found += [ours.recv() for _ in range(drawn.randrange(1, 40))]
        writer.join(drawn.random() / 100)
    for writer, _ in writers:
        writer.kill()
    for writer, ours in writers:
        writer.join()
        found += told(ours)
        ours.close()
    return found
