"""`huiying demo` as a new user runs it: interrupted at any moment, twice at once, on a port in use; then it works."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from huiying import demo
from huiying.core.config_files import read_machine
from huiying.core.errors import Refused
from tests.flow.office import free_port, wait_for

ENVIRONMENT = os.environ | {"HUIYING_LANGUAGE": "en", "COLUMNS": "200"}


def start(folder: Path, port: int, *options: str) -> subprocess.Popen[str]:
    """Start the command in a session of its own, as a terminal would."""
    command = [sys.executable, "-m", "huiying", "demo", str(folder), "--port", str(port), *options]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=ENVIRONMENT, start_new_session=True, **streams)  # type: ignore[call-overload]


def until(process: subprocess.Popen[str], folder: Path, reached: Callable[[Path], bool]) -> None:
    """Wait until `reached`, or until the process has ended."""
    wait_for(lambda: reached(folder) or process.poll() is not None, 120)


def interrupted(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C: every process of the terminal's group gets it. Return what was said, within 30 s."""
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    return said


def left_over(folder: Path) -> list[str]:
    """Return the processes that still run on `folder` or on what is made for it."""
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [
        line for line in listed.splitlines() if re.search(rf"huiying .*{re.escape(str(folder))}(\.making)?( |$)", line)
    ]


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "ledger": lambda folder: (folder.with_name("demo.making") / "data" / "ledger.sqlite").exists(),
    "playing": lambda folder: (folder.with_name("demo.making") / "replay.log").exists(),
    "played": lambda folder: (folder.with_name("demo.making") / "data" / "captures").exists(),
}
RUNNING: Callable[[Path], bool] = lambda folder: (folder / "data" / "logs" / "desk.log").exists()  # noqa: E731


def test_ctrl_c_at_any_moment_is_one_sentence_leaves_nothing_running_and_the_next_run_works(tmp_path: Path) -> None:
    folder, port = tmp_path / "demo", free_port()
    for reached in MOMENTS.values():
        shutil.rmtree(folder.with_name("demo.making"), ignore_errors=True)  # else the next moment is there at once
        process = start(folder, port)
        until(process, folder, reached)
        said = interrupted(process)
        assert "Interrupted. Nothing half done is kept" in said, said
        assert "Traceback" not in said
        assert process.returncode == 130
        assert not folder.exists()
        wait_for(lambda: not left_over(folder), 10)
    process = start(folder, port, "--no-past")
    until(process, folder, RUNNING)
    said = interrupted(process)
    assert said.rstrip().endswith("Stopped."), said
    assert "Traceback" not in said
    assert process.returncode == 0
    wait_for(lambda: not left_over(folder), 10)
    assert read_machine(folder).clock == "system"


def test_a_second_one_on_the_same_folder_is_refused_in_one_sentence_and_hurts_nothing(tmp_path: Path) -> None:
    folder, port = tmp_path / "demo", free_port()
    first = start(folder, port)
    try:
        until(first, folder, MOMENTS["playing"])
        for other in (port, free_port()):
            second = start(folder, other)
            said, _ = second.communicate(timeout=60)
            assert (second.returncode, len(said.splitlines())) == (1, 1), said
            assert said.startswith(f"The demonstration in {folder} is being made or runs.")
        assert MOMENTS["ledger"](folder)
    finally:
        interrupted(first)


def test_a_port_in_use_is_said_before_anything_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for host, offset in (("127.0.0.1", 0), ("127.0.0.7", 1)):
        port = free_port()
        with socket.create_server((host, port + offset)):
            process = start(folder, port)
            said, _ = process.communicate(timeout=60)
        assert (process.returncode, len(said.splitlines())) == (1, 1), said
        assert f"Port {port + offset} on {host} cannot be used" in said
        assert not folder.exists()


@pytest.mark.parametrize("past", [True, False])
def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, past: bool) -> None:
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Refused, match="demo_not_empty"):
        demo.make_beside(tmp_path, free_port(), "en", past)
    assert [file.name for file in tmp_path.iterdir()] == ["letters.txt"]


def test_one_that_runs_holds_its_folder_and_one_that_was_killed_does_not(tmp_path: Path) -> None:
    folder, port = tmp_path / "demo", free_port()
    process = start(folder, port, "--no-past")
    try:
        until(process, folder, RUNNING)
        second = start(folder, port)
        said, _ = second.communicate(timeout=60)
        assert (second.returncode, "is being made or runs" in said) == (1, True), said
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
    wait_for(lambda: not left_over(folder), 15)
    log = folder / "data" / "logs" / "crawl.log"
    before = log.stat().st_size
    again = start(folder, port)
    until(again, folder, lambda _: log.stat().st_size > before)
    assert interrupted(again).rstrip().endswith("Stopped.")
