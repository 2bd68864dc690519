"""`huiying up`: the four roles as child processes on this machine, one status line.

start ─► a role that dies is started again (at once, then after 1, 2, 4 … 30 s) ─► Ctrl-C ─► all stopped within 5 s

A child is told our process number and ends by itself when we are gone, so that no role is ever left behind.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from rich.console import Console

from huiying.core.errors import HuiyingError
from huiying.core.messages import text
from huiying.wiring import ROLES

_GRACE = 4.0  # seconds from the request to stop until a role is killed; 5 s is the promise
_STEADY = 60.0  # a role that ran this long starts with a clean slate


@dataclass(slots=True)
class Child:
    """One supervised process and how often it was started."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    began: float = 0
    starts: int = 0
    failures: int = 0
    again: float = 0
    _out: IO[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it; what it writes is appended to its log file."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._out = self.log.open("ab")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._out, start_new_session=True
        )
        self.began = time.monotonic()
        self.starts += 1

    def alive(self) -> bool:
        """Say whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def look(self) -> None:
        """Start the process again when it has died and its wait is over."""
        now = time.monotonic()
        if self.alive():
            if now - self.began > _STEADY:
                self.failures = 0
            return
        if self._out is not None:
            self._out.close()
            self._out = None
            self.again = now + (min(30.0, 2.0 ** (self.failures - 1)) if self.failures else 0)
            self.failures += 1
        if now >= self.again:
            self.start()


def role_command(role: str, folder: Path) -> list[str]:
    """Return the command line that runs `role` on `folder` as our child."""
    return [sys.executable, "-m", "huiying", role, str(folder), "--parent", str(os.getpid())]


def free_port(host: str, port: int) -> None:
    """Refuse a port that somebody else listens on, before four processes are started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as cause:
            code = "port_in_use" if cause.errno == errno.EADDRINUSE else "address_unusable"
            raise HuiyingError(code, host=host, port=port, detail=cause.strerror or "") from cause


def supervise(
    folder: Path,
    data: Path,
    address: str,
    language: str,
    others: Sequence[tuple[str, Sequence[str]]] = (),
    stopping: Callable[[], bool] | None = None,
) -> None:
    """Run the four roles and `others` (name, command) until Ctrl-C or SIGTERM; then stop them within 5 s."""
    told = _Told()
    stop = stopping or told
    commands = [*others, *((role, role_command(role, folder)) for role in ROLES)]
    children = [Child(name, command, data / "logs" / f"{name}.log") for name, command in commands]
    console = Console()
    try:
        with console.status("") as status:
            while not stop():
                for child in children:
                    child.look()
                status.update(_line(children, address, language))
                time.sleep(0.2)
    finally:
        _stop(children)
    console.print(text("up.stopped", language))


class _Told:
    def __init__(self) -> None:
        self._told = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell)

    def _tell(self, *_: object) -> None:
        self._told = True

    def __call__(self) -> bool:
        return self._told


def _line(children: Sequence[Child], address: str, language: str) -> str:
    """Return the status line: each process with a mark, restarts where there were any, the address."""
    parts = []
    for child in children:
        mark = "●" if child.alive() else "○"
        again = f" ({text('up.restarts', language, n=child.starts - 1)})" if child.starts > 1 else ""
        parts.append(f"{mark} {text(f'role_name.{child.name}', language)}{again}")
    return f"{'  '.join(parts)}  {address}  {text('up.ctrl_c', language)}"


def _stop(children: Sequence[Child]) -> None:
    running = [child.process for child in children if child.process is not None and child.alive()]
    for process in running:
        process.send_signal(signal.SIGTERM)
    until = time.monotonic() + _GRACE
    for process in running:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
