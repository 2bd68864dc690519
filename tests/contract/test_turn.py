"""The contract of the turn, one sentence of the port a test, over both locks; and who follows whom, how soon."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from huiying.backends import turn as module
from huiying.backends.turn import FileTurn, SqlTurn
from huiying.core.ports import Turn
from tests.servers import Cluster, Database

pytest_plugins = ("tests.servers",)

Make = Callable[..., Turn]
ROOT = Path(__file__).parents[2]
# Writes the instant, on the clock that all processes of a machine share, and whether the turn was held then.
SAMPLER = """
import sys, time
from huiying.backends.turn import SqlTurn
turn = SqlTurn(sys.argv[1], sys.argv[2], "watch")
with open(sys.argv[3], "a", buffering=1) as told:
    while True:
        told.write(f"{int(turn.held())} {time.monotonic()}\\n")
        time.sleep(0.02)
"""


@pytest.fixture
def make(database: Database, tmp_path: Path) -> Iterator[Make]:
    """Make turns of one desk, on the backend that the test runs over."""
    made: list[Turn] = []

    def one(role: str = "watch", desk: str = database.desk) -> Turn:
        if database.dialect == "sqlite":
            made.append(FileTurn(tmp_path / f"{desk}-{role}.turn"))
        else:
            made.append(SqlTurn(database.url, desk, role))
        return made[-1]

    yield one
    for turn in made:
        turn.close()


def until(true: Callable[[], bool], seconds: float = 15) -> float:
    """Wait until `true`; return how many seconds that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "never"
        time.sleep(0.02)
    return time.monotonic() - began


def test_one_has_the_turn_and_another_when_it_is_given_up(make: Make) -> None:
    first, second = make(), make()
    until(first.held)
    assert not any(second.held() for _ in range(20))
    first.close()
    assert until(second.held) < 5
    assert not first.held()


def test_roles_and_desks_do_not_share_their_turns(make: Make) -> None:
    turns = [make("watch"), make("crawl"), make("watch", desk="another")]
    for turn in turns:
        until(turn.held)
    assert all(turn.held() for turn in turns)


def test_asking_never_waits_for_a_server_and_one_that_is_away_makes_nobody_active() -> None:
    turn = SqlTurn("postgresql://huiying@192.0.2.1/huiying", "desk", "watch")
    began = time.monotonic()
    assert not turn.held()
    assert time.monotonic() - began < 1
    turn.close()


def test_a_folder_that_cannot_be_written_makes_nobody_active(tmp_path: Path) -> None:
    turn = FileTurn(tmp_path / "absent" / "watch.turn")
    assert not turn.held()
    (tmp_path / "absent").mkdir()
    assert turn.held()
    turn.close()


def test_a_loop_that_hangs_loses_the_turn(schema: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HANGS", 1.0)
    hanging, standby = SqlTurn(schema.url, schema.desk, "watch"), SqlTurn(schema.url, schema.desk, "watch")
    until(hanging.held)
    assert until(standby.held) > 1
    assert not hanging.held()
    hanging.close()
    standby.close()


def test_a_server_that_takes_no_writes_gives_the_turn_all_the_same(schema: Database) -> None:
    frozen = schema.with_setting("default_transaction_read_only=on")
    turn = SqlTurn(frozen.url, frozen.desk, "watch")
    until(turn.held)
    turn.close()


def test_while_the_server_hangs_nobody_is_active_and_nobody_waits(own_schema: Database, cluster: Cluster) -> None:
    turn = SqlTurn(own_schema.url, own_schema.desk, "watch")
    until(turn.held)
    postmaster = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=True)
    backends = [int(pid) for pid in children.stdout.split()]
    for pid in (postmaster, *backends):
        os.kill(pid, signal.SIGSTOP)
    try:
        assert until(lambda: not turn.held()) < module.LEASE + 1
        began = time.monotonic()
        assert not turn.held()
        assert time.monotonic() - began < 0.5
    finally:
        for pid in (postmaster, *backends):
            os.kill(pid, signal.SIGCONT)
    until(turn.held)
    turn.close()


class Sampled:
    """A process of its own that asks for the turn fifty times a second."""

    def __init__(self, database: Database, told: Path) -> None:
        self.told = told
        told.touch()
        command = [sys.executable, "-c", SAMPLER, database.url, database.desk, str(told)]
        self.process = subprocess.Popen(command, cwd=ROOT)

    def samples(self) -> list[tuple[bool, float]]:
        """Return (held, when), oldest first."""
        lines = self.told.read_text(encoding="ascii").split("\n")[:-1]
        return [(line[0] == "1", float(line[2:])) for line in lines]

    def holds(self) -> bool:
        """Say whether its newest answer is yes."""
        return any(held for held, _ in self.samples()[-1:])

    def send(self, what: signal.Signals) -> None:
        """Send a signal to this process."""
        self.process.send_signal(what)


@contextmanager
def two(database: Database, folder: Path) -> Iterator[tuple[Sampled, Sampled]]:
    """Yield the active process and its standby; they are ended in the end."""
    active = Sampled(database, folder / "active")
    standby = None
    try:
        until(active.holds)
        standby = Sampled(database, folder / "standby")
        until(lambda: len(standby.samples()) > 20)
        assert not standby.holds()
        yield active, standby
    finally:
        for one in (active, standby):
            if one is not None:
                one.process.kill()
                one.process.wait()


def never_both(first: Sampled, second: Sampled) -> None:
    """Say that no instant lies between two answers "yes" of one process and two of the other."""
    spans = []
    for who, one in enumerate((first, second)):
        samples = one.samples()
        spans += [(a[1], b[1], who) for a, b in pairwise(samples) if a[0] and b[0]]
    spans.sort()
    for before, after in pairwise(spans):
        assert before[2] == after[2] or after[0] >= before[1], (before, after)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_standby_follows_within_ten_seconds(schema: Database, tmp_path: Path, how: signal.Signals) -> None:
    with two(schema, tmp_path) as (active, standby):
        active.send(how)
        took = until(standby.holds)
        print(f"{how.name}: {took:.1f} s")
        assert took < 10
        if how is signal.SIGSTOP:
            seen = len(active.samples())
            active.send(signal.SIGCONT)
            until(lambda: len(active.samples()) > seen + 50)
            assert not any(held for held, _ in active.samples()[seen:])
        assert standby.holds()
        never_both(active, standby)


def test_after_the_server_restarted_exactly_one_is_active(
    own_schema: Database, cluster: Cluster, tmp_path: Path
) -> None:
    with two(own_schema, tmp_path) as (active, standby):
        for how in ("fast", "immediate"):
            cluster.stop(how)
            until(lambda: not active.holds() and not standby.holds())
            cluster.start()
            took = until(lambda: active.holds() or standby.holds())
            print(f"restarted ({how}): {took:.1f} s")
        time.sleep(1)
        assert active.holds() != standby.holds()
        never_both(active, standby)


def test_a_session_that_the_server_ended_is_followed_by_one_active_process(schema: Database, tmp_path: Path) -> None:
    with two(schema, tmp_path) as (active, standby), schema.session() as connection:
        for _ in range(3):
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
            until(lambda: not active.holds() and not standby.holds())
            until(lambda: active.holds() != standby.holds())
        never_both(active, standby)


@contextmanager
def through_a_line(port: int) -> Iterator[tuple[int, Callable[[], None]]]:
    """Yield a port that leads to `port`, and what cuts it: both ends stay open and hear nothing any more."""
    whole = threading.Event()
    whole.set()
    ends: list[socket.socket] = []

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if whole.is_set():
                    target.sendall(data)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near = listening.accept()[0]
                far = socket.create_connection(("127.0.0.1", port))
                ends.extend((near, far))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1], whole.clear
        listening.shutdown(socket.SHUT_RDWR)
    for end in ends:
        end.close()


def test_a_standby_follows_within_ten_seconds_of_a_cut_line(own_schema: Database, cluster: Cluster) -> None:
    with through_a_line(cluster.port) as (port, cut):
        far = SqlTurn(own_schema.url.replace(f":{cluster.port}/", f":{port}/"), own_schema.desk, "watch")
        near = SqlTurn(own_schema.url, own_schema.desk, "watch")
        until(far.held)
        assert not near.held()
        cut()
        stopped = until(lambda: not far.held())
        took = stopped + until(near.held)
        print(f"cut: {took:.1f} s")
        assert stopped < module.LEASE + 1
        assert took < 10
        assert not far.held()
        near.close()
        far.close()
