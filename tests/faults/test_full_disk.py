"""A disk that fills up: one sentence, nothing acknowledged is lost, and work goes on once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from huiying.backends.ledger_sql import SqlLedger
from huiying.backends.log_sqlite import SqliteLog
from huiying.backends.store_sql import SqlStore
from huiying.core.errors import StorageFull
from huiying.core.model import Draft, Role, Topic
from huiying.core.states import SourceState
from tests.clock import SettableClock


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB with a file on it that can be deleted to make room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"cannot mount a small file system: {mounted.stderr}")
        pytest.skip("mounting a small file system needs root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free; return the file that holds the room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    return ballast


def until_full(act: Callable[[int], object]) -> tuple[int, StorageFull]:
    """Call `act` until the disk is full; return how many calls were acknowledged, and the error."""
    for done in range(1000):
        try:
            act(done)
        except StorageFull as full:
            return done, full
    raise AssertionError("the disk never filled")


def test_the_ledger_refuses_and_goes_on(small: Path) -> None:
    ledger = SqlLedger(f"sqlite:///{small / 'ledger.sqlite'}", "d", SettableClock())
    draft = Draft("noted", "A1", "p", Role.DUTY, payload={"text": "x" * 20_000})
    ledger.append([draft])
    ballast = fill(small)
    done, full = until_full(lambda _: ledger.append([draft]))
    acknowledged = done + 1
    assert "磁盘已满" in full.sentence("zh")
    assert ledger.head() == acknowledged
    ballast.unlink()
    assert ledger.append([draft])[0].seq == acknowledged + 1
    assert ledger.verify() == acknowledged + 1
    ledger.close()


def test_the_log_refuses_and_goes_on(small: Path) -> None:
    log = SqliteLog(small / "log", SettableClock())
    log.append(Topic.POSTS_FOUND, [("a", b"1")])
    ballast = fill(small)
    acknowledged = 1 + until_full(lambda _: log.append(Topic.POSTS_FOUND, [("b", bytes(20_000))]))[0]
    assert log.size(Topic.POSTS_FOUND, "g")[0] == acknowledged
    ballast.unlink()
    log.append(Topic.POSTS_FOUND, [("c", b"3")])
    assert log.size(Topic.POSTS_FOUND, "g")[0] == acknowledged + 1
    log.close()


def test_the_store_refuses_and_goes_on(small: Path) -> None:
    clock = SettableClock()
    store = SqlStore(f"sqlite:///{small / 'store.sqlite'}")
    ballast = fill(small)
    large = "x" * 20_000
    saved, _ = until_full(
        lambda done: store.crawl.save_source(SourceState(f"s/{done:03}", "s", clock.now(), detail=large))
    )
    assert len(store.crawl.sources()) == saved
    ballast.unlink()
    store.crawl.save_source(SourceState("t/1", "t", clock.now()))
    assert len(store.crawl.sources()) == saved + 1
    store.close()
