"""A whole office on this machine for tests: a desk's folder under a simulated clock, the four real roles as processes.

with RunningOffice(folder, texts, start) as office:
    office.at("2026-01-28T08:00:00+08:00")     move the clock and wait until every role has nothing left to do
    office.kill("process")                     kill -9, and start it again
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from alerts.events import EventType
from huiying.apply import apply
from huiying.core.codec import instant
from huiying.core.model import Event, Topic
from huiying.core.states import SourceState
from huiying.figure import events as all_events
from huiying.init import create_ledger
from huiying.people import new_account
from huiying.wiring import ROLES, Runtime, open_desk, simulated_clock
from tests.flow.profile import EMBEDDED, Profile

PASSWORD = "not-a-secret"
ACCOUNTS = (("duty", None), ("unit", "bureau"), ("supervisor", None), ("auditor", None))


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class RunningOffice:
    """See the module. `texts` are the desk's files by name without huiying.toml; without `start` time is real."""

    def __init__(
        self,
        folder: Path,
        texts: Mapping[str, str],
        start: str | None,
        roles: tuple[str, ...] = ROLES,
        profile: Profile = EMBEDDED,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self._roles = roles
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._clients: list[httpx.Client] = []
        folder.mkdir(parents=True)
        machine = f'desk = "{profile.desk}"\ntitle = "t"\ncontact = "a@b.cn"\nport = {self.port}\n'
        machine += 'clock = "simulated"\n' if start else ""
        for name, text in {**texts, "huiying.toml": machine + profile.toml}.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "secrets").mkdir()
        for name, secret in profile.secrets.items():
            (folder / "secrets" / name).write_text(secret, encoding="utf-8")
        self.data = folder / "data"
        self.data.mkdir()
        self.clock = simulated_clock(self.data)
        if start:
            self.clock.set(instant(start))
        create_ledger(folder, "test", self.clock if start else None, profile.secrets)
        self.runtime: Runtime = open_desk(folder, profile.secrets)
        for role, unit in ACCOUNTS:
            self.runtime.store.accounts.add(new_account(role, PASSWORD, role, role, unit, "zh"))
        supervisor = self.runtime.store.accounts.by_login("supervisor")
        assert supervisor is not None
        apply(folder, self.runtime.ledger, supervisor)

    def __enter__(self) -> Self:
        for role in self._roles:
            self.start(role)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        for role in list(self._processes):
            self.stop(role)
        self.runtime.close()

    def start(self, role: str) -> None:
        """Start `role` as a process of its own ("process-2": the second of its kind); it says what it does in logs/."""
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        kind, _, worker = role.partition("-")
        with (logs / f"{role}.log").open("ab") as out:
            command = [sys.executable, "-m", "huiying", kind, str(self.folder)]
            command += ["--worker", worker] if worker and kind == "process" else []
            self._processes[role] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def stop(self, role: str) -> None:
        """Ask `role` to stop, and see that it does within 5 s."""
        process = self._processes.pop(role)
        process.send_signal(signal.SIGTERM)
        process.wait(5)

    def kill(self, role: str, again: bool = True) -> None:
        """Kill `role` with -9 and start it `again`."""
        process = self._processes.pop(role)
        process.kill()
        process.wait()
        if again:
            self.start(role)

    def at(self, when: str | datetime) -> None:
        """Move the clock to `when` and wait until nothing is left to do at that instant."""
        self.clock.set(instant(when) if isinstance(when, str) else when)
        self.settle()

    def settle(self, patience: float = 120) -> None:
        """Wait until every due source is read, every topic consumed, and watch has looked at the clock, twice."""
        until = time.monotonic() + patience
        quiet = 0
        while quiet < 2:
            self._complain()
            quiet = quiet + 1 if self.idle() else 0
            assert time.monotonic() < until, f"never idle: {self.waiting()}"
            time.sleep(0.05)

    def idle(self) -> bool:
        """Say whether no role has anything left to do at the clock's instant."""
        return not self.waiting()

    def waiting(self) -> list[str]:
        """Name what is left to do."""
        now = self.clock.now()
        log = self.runtime.log
        left = [f"{id} due" for id, state in self._sources().items() if state is None or state.due <= now]
        for topic, group in (
            (Topic.POSTS_FOUND, "process"),
            (Topic.POSTS_READY, "watch"),
            (Topic.POSTS_READY, "index"),
            (Topic.CAPTURES_WANTED, "crawl"),
        ):
            left += [f"{topic} {count}" for count in log.size(topic, group)[1:] if count]
        left += [f"capture of {seq}" for seq in self._uncaptured()]
        for role in ("process", "watch"):
            beat = self.data / f"{role}.beat"
            if role in self._processes and (not beat.exists() or instant(beat.read_text()) < now):
                left.append(f"{role} has not looked")
        return left

    def _uncaptured(self) -> set[int]:
        """Return the events whose page is neither captured nor given up; the tests' pages always answer."""
        events = self.events()
        asked = {event.seq for event in events if event.type in (EventType.REPLIED, EventType.OUTCOME_PUBLISHED)}
        return asked - {
            event.payload["of"] for event in events if event.type in (EventType.CAPTURED, EventType.CAPTURE_FAILED)
        }

    def _sources(self) -> dict[str, SourceState | None]:
        if "crawl" not in self._processes:
            return {}
        known = {state.source: state for state in self.runtime.store.crawl.sources()}
        desk = self.runtime.view().desk()
        assert desk is not None
        return {id: known.get(id) for outlet in desk[1].outlets for id, _ in outlet.source_ids()}

    def _complain(self) -> None:
        for role, process in self._processes.items():
            if process.poll() is not None:
                said = (self.folder / "logs" / f"{role}.log").read_text(encoding="utf-8")[-3000:]
                raise AssertionError(f"{role} ended with {process.returncode}: {said}")

    def events(self) -> list[Event]:
        """Return the whole ledger."""
        return all_events(self.runtime)

    def client(self, login: str) -> httpx.Client:
        """Return an API client that is logged in as `login`."""
        base = f"http://127.0.0.1:{self.port}"
        client = httpx.Client(base_url=base, headers={"Origin": base}, timeout=30, trust_env=False)
        self._clients.append(client)
        wait_for(lambda: _answers(client), 30)
        answer = client.post("/api/v1/session", json={"login": login, "password": PASSWORD})
        assert answer.status_code in (200, 201), answer.text
        client.headers["X-Huiying-Token"] = answer.json()["token"]
        return client


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/login").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(condition: Callable[[], bool], patience: float = 20) -> None:
    """Wait until `condition` holds; fail after `patience` seconds."""
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def plain(title: str) -> str:
    """Return a newspaper's title without its page, blanks and punctuation."""
    return re.sub(r"\W", "", re.sub(r"^\d+版\S*\s*-\s*", "", title.strip()))
