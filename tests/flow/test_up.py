"""`huiying up` and its neighbours as a new user runs them: real processes, real signals."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from huiying.core.reports import read_reports
from huiying.demo import make
from huiying.wiring import ROLES
from tests.flow.office import free_port, wait_for

ENVIRONMENT = os.environ | {"HUIYING_LANGUAGE": "en", "COLUMNS": "200"}


def huiying(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "huiying", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENVIRONMENT | more, check=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("up") / "demo"
    make(folder, free_port(), "en")
    return folder


def port_of(folder: Path) -> int:
    found = re.search(r"(?m)^port = (\d+)", (folder / "huiying.toml").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1])


@pytest.fixture
def running(demo: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "huiying", "up", str(demo)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)
    try:
        wait_for(lambda: answers(demo), 60)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()  # type: ignore[union-attr]
        wait_for(lambda: not children(demo), 10)


def answers(folder: Path) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port_of(folder)}/login", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def children(folder: Path) -> dict[str, int]:
    """Return the process numbers of the roles that run on `folder`."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    found = re.findall(rf"(?m)^\s*(\d+) .*-m huiying (\w+) {re.escape(str(folder))} --parent", listed)
    return {role: int(pid) for pid, role in found}


def test_four_roles_run_one_that_dies_comes_back_and_ctrl_c_stops_all(
    demo: Path, running: subprocess.Popen[str]
) -> None:
    before = children(demo)
    assert before.keys() == set(ROLES)
    os.kill(before["process"], signal.SIGKILL)
    wait_for(lambda: children(demo).get("process", before["process"]) != before["process"], 10)
    began = time.monotonic()
    running.send_signal(signal.SIGINT)
    assert running.wait(10) == 0
    assert time.monotonic() - began < 5.5
    assert children(demo) == {}


def test_children_end_when_the_supervisor_is_killed(demo: Path, running: subprocess.Popen[str]) -> None:
    running.kill()
    running.wait()
    wait_for(lambda: not children(demo), 15)


def test_a_second_role_on_the_same_desk_is_refused(demo: Path, running: subprocess.Popen[str]) -> None:
    wait_for(lambda: (demo / "data" / "process.beat").exists())
    refused = huiying("process", demo)
    assert refused.returncode == 1
    assert "already runs" in refused.stderr


def test_a_ledger_put_back_to_an_earlier_state_is_said_on_the_duty_page(demo: Path, tmp_path: Path) -> None:
    desk, earlier = tmp_path / "desk", tmp_path / "earlier.sqlite"
    shutil.copytree(demo, desk, ignore=shutil.ignore_patterns("health", "verified.json", "checkpoints"))
    source = desk / "data" / "ledger.sqlite"
    with closing(sqlite3.connect(source)) as ledger, closing(sqlite3.connect(earlier)) as file:
        ledger.backup(file)
    kept = desk / "data" / "checkpoints" / "latest"
    with role("watch", desk):
        wait_for(lambda: kept.exists() and "proof" not in told(desk), 60)
    # The day's checkpoint may stand in the ledger already, from a test before: a note that covers no more events than
    # the earlier state would show nothing, so the second one covers the first.
    for _ in range(2):
        assert huiying("checkpoint", desk).returncode == 0
    for beside in source.parent.glob("ledger.sqlite*"):
        beside.unlink()
    shutil.copy(earlier, source)
    with role("watch", desk):
        wait_for(lambda: "proof" in told(desk), 60)


@contextmanager
def role(name: str, folder: Path) -> Iterator[None]:
    """Run one role until the `with` ends."""
    process = subprocess.Popen([sys.executable, "-m", "huiying", name, str(folder)], env=ENVIRONMENT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def told(folder: Path) -> list[str]:
    """Return what the roles of `folder` say is degraded: the duty page has a sentence for each."""
    return [part for report in read_reports(folder / "data") for part in report.degraded]


def test_a_port_in_use_is_said_before_anything_starts(demo: Path) -> None:
    with socket.create_server(("127.0.0.1", port_of(demo))):
        refused = huiying("up", demo)
    assert refused.returncode == 1
    assert "in use" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_offices_own_desk_from_init_to_apply(tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    made = huiying(
        *("init", desk, "--desk", "d", "--title", "T", "--contact", "a@b.cn"),
        *("--area", "110105000000", "--area-name", "某区"),
    )
    assert made.returncode == 0, made.stderr
    assert (desk / "data" / "ledger.key").stat().st_mode & 0o077 == 0
    again = huiying("init", desk, "--desk", "d", "--title", "T", "--contact", "a", "--area", "1", "--area-name", "x")
    assert (again.returncode, "nothing was changed" in again.stderr) == (1, True)
    unready = huiying("up", desk)
    assert (unready.returncode, "huiying apply" in unready.stderr) == (1, True)
    added = huiying(
        "users", "add", "boss", "--role", "supervisor", "--name", "N", "--desk", desk, HUIYING_PASSWORD="p" * 9
    )
    assert added.returncode == 0, added.stderr
    wrong = huiying("apply", desk, "--as", "boss", HUIYING_PASSWORD="wrong-password")
    assert (wrong.returncode, "password do not match" in wrong.stderr) == (1, True)
    applied = huiying("apply", desk, "--as", "boss", HUIYING_PASSWORD="p" * 9)
    assert "event 2" in applied.stdout, applied.stderr
    assert "nothing was recorded" in huiying("apply", desk, "--as", "boss", HUIYING_PASSWORD="p" * 9).stdout
    verified = huiying("verify", desk)
    assert "2 events verified" in verified.stdout
    figures = huiying("figures", desk, "--period", "2026-Q3")
    assert "no alert fell due" in figures.stdout, figures.stderr


def test_check_says_what_is_wrong_and_what_differs(tmp_path: Path, demo: Path) -> None:
    copy = tmp_path / "copy"
    archive = tmp_path / "desk.tar.gz"
    assert huiying("backup", archive, "--desk", demo).returncode == 0
    restored = huiying("restore", archive, copy)
    assert "verified" in restored.stdout, restored.stderr
    rules = copy / "rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert "rules.toml" in huiying("check", copy).stdout
    outlet = '\n[[outlets]]\nid = "x"\nname = "x"\ntier = "county"\nhosts = ["weibo.com"]\n'
    outlets = copy / "outlets.toml"
    outlets.write_text(outlets.read_text(encoding="utf-8") + outlet, encoding="utf-8")
    checked = huiying("check", copy)
    assert checked.returncode == 1
    assert "error:" in checked.stdout
    outlets.write_text("[[outlets]]\nid = 'x'\nnam = 'x'\n", encoding="utf-8")
    assert re.search(r'outlets.toml line 3.*"nam".*"name"', huiying("check", copy).stdout)


def test_a_damaged_backup_restores_nothing(tmp_path: Path, demo: Path) -> None:
    archive = tmp_path / "desk.tar.gz"
    huiying("backup", archive, "--desk", demo)
    damaged = bytearray(archive.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    archive.write_bytes(damaged)
    refused = huiying("restore", archive, tmp_path / "new")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "new").exists()


def test_an_emptied_or_changed_ledger_is_used_by_no_command(tmp_path: Path, demo: Path) -> None:
    archive, copy = tmp_path / "desk.tar.gz", tmp_path / "copy"
    huiying("backup", archive, "--desk", demo)
    huiying("restore", archive, copy)
    ledger = copy / "data" / "ledger.sqlite"
    direct = sqlite3.connect(ledger)
    direct.execute("DROP TRIGGER events_no_update")
    direct.execute("UPDATE events SET raw = CAST(replace(CAST(raw AS TEXT), 'rules', 'rulez') AS BLOB) WHERE seq = 2")
    direct.commit()
    direct.close()
    for command in (("verify", copy), ("check", copy), ("figures", copy, "--period", "2026"), ("up", copy)):
        refused = huiying(*command)
        assert (refused.returncode, "does not match its hash" in refused.stderr) == (1, True), refused.stderr
        assert "Traceback" not in refused.stderr
    ledger.write_bytes(b"")
    emptied = huiying("verify", copy)
    assert (emptied.returncode, "no ledger" in emptied.stderr) == (2, True), emptied.stderr


def test_a_wrong_option_of_init_leaves_nothing_behind(tmp_path: Path) -> None:
    common = ("--title", "T", "--area-name", "某区")
    wrong = (
        ("--desk", "BAD NAME", "--contact", "a@b.cn", "--area", "110105000000"),
        ("--desk", "d", "--contact", "nomail", "--area", "110105000000"),
        ("--desk", "d", "--contact", "a@b.cn", "--area", "1234"),
    )
    for options in wrong:
        refused = huiying("init", tmp_path / "desk", *common, *options)
        assert (refused.returncode, "Correct it" in refused.stderr) == (1, True), refused.stderr
        assert not (tmp_path / "desk").exists()


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    options = ("--desk", "d", "--title", "T", "--contact", "a@b.cn", "--area", "110105000000", "--area-name", "某区")
    refused = huiying("init", tmp_path / "file", *options)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
