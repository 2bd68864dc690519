"""`huiying demo`: the example desk with its invented outlets, in a demonstration ledger that is never convertible.

folder ─► files of the example ─► ledger (demonstration) ─► accounts ─► configuration recorded ─► outlets + four roles
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from huiying.apply import apply
from huiying.core.codec import instant_text
from huiying.core.config_files import read_machine
from huiying.core.config_text import MACHINE_FILE
from huiying.core.errors import HuiyingError, Refused
from huiying.core.messages import text
from huiying.example.make import ACCOUNTS, make_desk, unit_accounts
from huiying.example.site import addresses, serve
from huiying.init import create_ledger
from huiying.past import HOUR, quarter_of, replay
from huiying.people import new_account
from huiying.roles import Stopping, log_to_stderr
from huiying.terminal import progress
from huiying.up import free_port, supervise
from huiying.wiring import kind_of, open_desk, simulated_clock, system_now

_SIMULATED = '\nclock = "simulated"\n'
_ADDRESSES = "addresses"  # the file that remembers which port the invented outlets were given


def run(folder: Path, port: int, language: str, past: bool = True) -> None:
    """Make the demonstration desk in `folder` if it is not there, and run it on `port` until Ctrl-C.

    It is made beside the folder and takes its place when it is whole, with its `past` when the quarter has been played
    to the end: what was broken off is made anew.
    """
    folder = folder.absolute()
    if not (folder / MACHINE_FILE).exists():
        make_beside(folder, port, language, past)
        print(text("cli.demo_made", language, folder=folder))
    with _alone(folder, folder):
        if read_machine(folder).port != port:
            _move(folder, port, language)
        machine = read_machine(folder)
        runtime = open_desk(folder)
        try:
            runtime.ledger.verify()
            if kind_of(runtime.ledger, folder) != "demonstration":
                raise Refused("demo_not_demonstration", folder=str(folder))
        finally:
            runtime.close()
        outlets = int((folder / _ADDRESSES).read_text(encoding="ascii"))
        _free(machine.host, machine.port, outlets, folder)
        address = f"http://{machine.host}:{machine.port}/"
        _introduce(folder, address, outlets, language)
        site = [
            sys.executable,
            "-m",
            "huiying",
            "outlets-site",
            str(outlets),
            str(folder),
            "--parent",
            str(os.getpid()),
        ]
        supervise(folder, folder / machine.data, address, language, others=[("outlets", site)])


def make_beside(folder: Path, port: int, language: str, past: bool) -> None:
    """Make the desk beside `folder` and move it there; its `past` quarter is played by the real roles.

    Refused where the folder holds something else, where another demonstration is being made there, and before anything
    is made for a port in use.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise Refused("demo_not_empty", folder=str(folder))
    making = folder.with_name(f"{folder.name}.making")
    making.mkdir(parents=True, exist_ok=True)
    with _alone(making, folder):
        for left in making.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        _free("127.0.0.1", port, port + 1, folder)
        until = system_now()
        make(making, port, language, quarter_of(until)[1] if past else None)
        if past:
            _play(making, port + 1, until, language)
            go_live(making)
        if folder.exists():  # an empty one that somebody made for it
            folder.rmdir()
        making.rename(folder)


@contextmanager
def _alone(held: Path, folder: Path) -> Iterator[None]:
    """Hold the lock of the directory `held`, which a renamed one keeps; Refused while another process holds it."""
    handle = os.open(held, os.O_RDONLY)
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as cause:
        raise Refused("demo_running", folder=str(folder)) from cause


def _free(host: str, port: int, outlets: int, folder: Path) -> None:
    """Refuse a port in use, the pages' or the invented outlets'."""
    hosts = [str(urlsplit(page).hostname) for page in addresses(outlets).values()]
    for name, number in ((host, port), *((each, outlets) for each in hosts)):
        try:
            free_port(name, number)
        except HuiyingError as cause:
            raise Refused("demo_port", host=name, port=number, folder=str(folder)) from cause


def go_live(folder: Path) -> None:
    """Let the desk in `folder` go on under the machine's own clock."""
    file = folder / MACHINE_FILE
    file.write_text(file.read_text(encoding="utf-8").replace(_SIMULATED, ""), encoding="utf-8")
    (folder / read_machine(folder).data / "clock").unlink()


def _play(folder: Path, outlets: int, until: datetime, language: str) -> None:
    """Play the quarter in a process of its own, since scrapy's reactor runs once a process; show how far it is."""
    argv = [sys.executable, "-m", "huiying", "demo-past", str(outlets), str(folder), instant_text(until)]
    log = folder / "replay.log"
    with (
        progress("replaying") as bar,
        log.open("w", encoding="utf-8") as said,
        # In a group of its own Ctrl-C ends this process alone, which then ends that one.
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True) as playing,
    ):
        assert playing.stdout
        try:
            for line in playing.stdout:
                done, total = (int(part) for part in line.split())
                bar.update(bar.task_ids[0], completed=done, total=total)
        except BaseException:
            playing.kill()
            raise
    if playing.returncode:
        raise Refused("demo_not_played", log=str(log))


def play_past(port: int, folder: Path, until: datetime) -> None:
    """Play the past quarter; say on standard output after each day how many of how many hours are done."""
    from crawlers.engine import on_reactor

    log_to_stderr()
    runtime = open_desk(folder)
    begun = runtime.clock.now()
    total = int((until - begun) / HOUR)
    said = -1

    def told(now: datetime) -> None:
        """Say how far it is, once a day of the play."""
        nonlocal said
        if (day := (now - begun).days) != said:
            said = day
            print(int((now - begun) / HOUR), total, flush=True)

    try:
        on_reactor(lambda: replay(runtime, port, until, told))
    finally:
        runtime.close()


def make(folder: Path, port: int, language: str, begin: datetime | None = None) -> None:
    """Write the files, create the ledger and the accounts, and record the configuration in the supervisor's name.

    With `begin` the desk stands under the simulated clock, which shows that instant.
    """
    make_desk(folder, port + 1)
    _move(folder, port, language)
    (folder / _ADDRESSES).write_text(str(port + 1), encoding="ascii")
    clock = None
    if begin:
        file = folder / MACHINE_FILE
        file.write_text(file.read_text(encoding="utf-8") + _SIMULATED, encoding="utf-8")
        data = folder / read_machine(folder).data
        data.mkdir()
        clock = simulated_clock(data)
        clock.set(begin)
    create_ledger(folder, "demonstration", clock)
    runtime = open_desk(folder)
    try:
        for each in (*ACCOUNTS, *(unit_accounts() if begin else ())):
            account = new_account(each.login, each.password, each.name, str(each.role), each.unit, language)
            runtime.store.accounts.add(account)
        supervisor = next(each for each in runtime.store.accounts.all() if each.login == "zhuren")
        apply(folder, runtime.ledger, supervisor)
    finally:
        runtime.close()


def _move(folder: Path, port: int, language: str) -> None:
    """Write the pages' port and the language into the machine's file; the outlets keep the port they were given."""
    file = folder / MACHINE_FILE
    written = re.sub(r"(?m)^port = \d+", f"port = {port}", file.read_text(encoding="utf-8"))
    file.write_text(re.sub(r'(?m)^language = "\w+"', f'language = "{language}"', written), encoding="utf-8")


def serve_outlets(port: int, folder: Path, parent: int | None) -> None:
    """Serve the invented outlets until told to stop; what was published is kept in the data folder."""
    log_to_stderr()
    data = folder / read_machine(folder).data
    asyncio.run(serve(port, Stopping(parent), system_now, data))


def _introduce(folder: Path, address: str, outlets: int, language: str) -> None:
    print(text("cli.demo_ready", language, address=address))
    print(text("cli.demo_accounts", language))
    for each in ACCOUNTS:
        role = text(f"role.{each.role}", language)
        fields = {"login": each.login, "password": each.password, "role": role, "name": each.name}
        print(text("cli.demo_account", language, **fields))
    print(text("cli.demo_publish", language, address=addresses(outlets)["publish"]))
    print(text("cli.demo_stop", language, folder=folder), flush=True)
