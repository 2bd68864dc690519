"""The systemd units are valid, confined, and start commands that exist."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.deploy.programs import DEPLOY, complaint, program, run

UNITS = DEPLOY / "systemd"
SERVICES = sorted(file.name for file in UNITS.glob("*.service"))
ROLES = ["huiying-crawl.service", "huiying-desk.service", "huiying-process@.service", "huiying-watch.service"]
COMMAND = "/opt/huiying/bin/huiying"


def setting(unit: str, key: str) -> list[str]:
    return re.findall(rf"(?m)^{key}=(.*)$", (UNITS / unit).read_text(encoding="utf-8"))


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as on a machine where the command is this one."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for unit in folder.glob("*.service"):
        here = str(Path(sys.executable).parent / "huiying")
        unit.write_text(unit.read_text(encoding="utf-8").replace(COMMAND, here), encoding="utf-8")
    return folder


def test_there_is_a_unit_for_each_role_and_for_one_machine() -> None:
    assert set(SERVICES) == {*ROLES, "huiying.service", "huiying-verify.service", "huiying-backup.service"}


@pytest.mark.parametrize("unit", SERVICES)
def test_a_unit_is_confined(installed: Path, unit: str) -> None:
    done = run(program("systemd-analyze"), "security", "--offline=true", "--no-pager", installed / unit)
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level[1]) <= 1.5  # the promise is 3.0


@pytest.mark.parametrize("unit", [*SERVICES, *sorted(file.name for file in UNITS.glob("*.timer")), "huiying.target"])
def test_a_unit_is_valid(installed: Path, unit: str) -> None:
    named = installed / unit.replace("@.", "@1.")
    if named.name != unit:
        (installed / unit).rename(named)
    done = run(program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", named)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", SERVICES)
def test_every_command_and_option_of_a_unit_exists(unit: str) -> None:
    for line in setting(unit, "ExecStart"):
        words = shlex.split(line.replace("$$", "$").replace("%%", "%").replace("%i", "1"))
        if words[:2] == ["/bin/sh", "-c"]:
            words = shlex.split(words[2].removeprefix("exec "))
        assert words[0] == COMMAND
        assert complaint(words[1:]) is None


def test_a_command_that_does_not_exist_is_noticed() -> None:
    assert complaint(["crawl", "/etc/huiying"]) is None
    assert complaint(["users", "list", "--desk", "/etc/huiying"]) is None
    assert complaint(["users", "lists"])
    assert complaint(["crawls", "/etc/huiying"])
    assert complaint(["crawl", "/etc/huiying", "--no-such-option"])


@pytest.mark.parametrize("unit", [*ROLES, "huiying.service"])
def test_a_role_comes_back_and_has_time_to_end(unit: str) -> None:
    assert setting(unit, "Restart") == ["always"]
    assert setting(unit, "StartLimitIntervalSec") == ["0"]
    assert int(setting(unit, "TimeoutStopSec")[0]) > 5
    assert setting(unit, "WantedBy") == ["multi-user.target" if unit == "huiying.service" else "huiying.target"]


def test_every_unit_shares_one_confinement() -> None:
    assert (UNITS / "huiying.service.d" / "hardening.conf").resolve() == UNITS / "huiying-.service.d" / "hardening.conf"
    weaker = re.compile(r"(?m)^(User|ProtectSystem|NoNewPrivileges|CapabilityBoundingSet|SystemCallFilter)=")
    assert [unit for unit in SERVICES if weaker.search((UNITS / unit).read_text(encoding="utf-8"))] == []


def test_user_and_folders_are_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    made = run(program("systemd-sysusers"), f"--root={tmp_path}", UNITS / "sysusers.conf")
    assert made.returncode == 0, made.stderr
    assert re.search(r"(?m)^huiying:x?!?:.*:/var/lib/huiying:", (tmp_path / "etc/passwd").read_text())
    made = run(program("systemd-tmpfiles"), "--create", f"--root={tmp_path}", UNITS / "tmpfiles.conf")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "etc/huiying/data").readlink() == Path("/var/lib/huiying")
    assert (tmp_path / "etc/credstore").stat().st_mode & 0o777 == 0o700
    written = {path for unit in SERVICES for path in setting(unit, "ReadWritePaths")}
    assert all((tmp_path / path.removeprefix("/")).is_dir() for path in written)


def test_an_administrators_command_gets_the_roles_user_desk_and_secrets(tmp_path: Path) -> None:
    (tmp_path / "huiying.duty-room").write_text("密 钥\n")
    (tmp_path / "runuser").write_text('#!/bin/sh\necho "$HUIYING_SECRET_DUTY_ROOM|$HUIYING_DESK|$*"\n')
    (tmp_path / "runuser").chmod(0o755)
    told = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HUIYING_CREDSTORE": str(tmp_path)}
    done = run(UNITS / "huiying", "users", "list", env=told)
    assert done.stdout == f"密 钥|/etc/huiying|-u huiying -- {COMMAND} users list\n"
