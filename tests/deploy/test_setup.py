"""deploy/setup-debian, with programs of the test's own in place of apt-get: what it asks for, and what it says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.programs import DEPLOY, program


def script(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/bash\n{body}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A machine with next to no programs, where everybody is root and apt-get writes down what it is asked."""
    for name in ("env", "find"):
        (tmp_path / name).symlink_to(program(name))
    script(tmp_path, "id", "echo 0")
    script(tmp_path, "apt-get", f'echo "$*" >> {tmp_path}/asked; [[ "$*" != *"$REFUSED" ]]')
    for name in ("mkdir", "tee"):
        script(tmp_path, name, "exit 0")
    return tmp_path


def setup(machine: Path, mode: str, refused: str = "nothing") -> subprocess.CompletedProcess[str]:
    own = {"PATH": str(machine), "REFUSED": refused}
    command = ["/bin/bash", str(DEPLOY / "setup-debian"), mode]
    return subprocess.run(command, env=own, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_servers_are_asked_for_one_by_one(bare: Path) -> None:
    done = setup(bare, "servers")
    assert done.returncode == 0, done.stderr
    asked = [line.split()[-1] for line in (bare / "asked").read_text().splitlines()[1:]]
    assert {"openjdk-17-jre-headless", "maven", "docker-compose", "caddy", "systemd", "curl"} <= set(asked)


def test_what_could_not_be_installed_is_said_in_one_sentence_and_the_rest_is_installed(bare: Path) -> None:
    done = setup(bare, "servers", refused="maven")
    assert (done.returncode, done.stderr) == (1, "Could not be installed: maven.\n")
    assert "caddy" in (bare / "asked").read_text()


def test_a_mode_that_does_not_exist_is_refused(bare: Path) -> None:
    assert setup(bare, "everything").returncode == 2
    assert not (bare / "asked").exists()


def test_it_can_be_run() -> None:
    assert os.access(DEPLOY / "setup-debian", os.X_OK)
