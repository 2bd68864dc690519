"""A disk of 4 MB under PostgreSQL's tables, for tests that fill it up. PYTEST_DONT_REWRITE: imported, then a plugin."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from huiying.backends import postgresql
from huiying.core.errors import StorageFull
from tests.servers import Cluster, absent


@pytest.fixture
def small(cluster: Cluster) -> Iterator[Path]:
    """A tablespace "small" on a file system of 4 MB; the server's log of transactions stays where it is."""
    disk = cluster.folder / "small"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,uid=postgres,mode=0700", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        absent(f"mounting a small file system needs root: {mounted.stderr}")
    mighty = postgresql.engine(cluster.superuser, "public").execution_options(isolation_level="AUTOCOMMIT")
    try:
        with mighty.connect() as connection:
            connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{disk}'")
            connection.exec_driver_sql("GRANT CREATE ON TABLESPACE small TO huiying")
            yield disk
            connection.exec_driver_sql("DROP TABLESPACE small")
    finally:
        mighty.dispose()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


def until_full(act: Callable[[int], object]) -> tuple[int, StorageFull]:
    """Call `act` until the disk is full; return how many calls were acknowledged, and the error."""
    for done in range(1000):
        try:
            act(done)
        except StorageFull as full:
            return done, full
    raise AssertionError("the disk never filled")


def fill(disk: Path) -> Path:
    """Leave no byte free; return the file that holds the room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast
