"""docs/servers.md: every command in it exists, and every file that it copies."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.deploy.programs import ROOT, complaint, tracked

MANUAL = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")
BLOCKS = "".join(re.findall(r"```sh\n(.*?)```", MANUAL, re.DOTALL))
SPANS = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", MANUAL, flags=re.DOTALL))
UNITS = {file.split("/")[-1] for file in tracked() if file.startswith("deploy/systemd/")}


def commands() -> list[list[str]]:
    """Return the arguments of every `huiying …` of the manual, alone or in a container."""
    lines = [re.sub(r"\s+#.*", "", line) for line in (*BLOCKS.splitlines(), *SPANS)]
    starts = re.compile(r"^(huiying|docker compose run --rm( --volume \S+)? huiying) (?=[a-z])")
    return [shlex.split(line[found.end() :]) for line in lines if (found := starts.match(line))]


def test_the_manual_has_commands() -> None:
    assert {arguments[0] for arguments in commands()} >= {
        "init",
        "users",
        "check",
        "apply",
        "backup",
        "restore",
        "verify",
    }


@pytest.mark.parametrize("arguments", commands(), ids=shlex.join)
def test_a_command_of_the_manual_exists(arguments: list[str]) -> None:
    assert complaint(arguments) is None


def test_every_unit_that_is_named_exists() -> None:
    named = re.findall(r"systemctl [a-z -]*?(?:start|stop|restart|edit|--now) ([^`\n#]+)", MANUAL)
    units = {word for line in named for word in line.split() if word.startswith("huiying")}
    assert len(units) > 6
    for unit in units:
        file = re.sub(r"@\d+$", "@", unit)
        assert file in UNITS or f"{file}.service" in UNITS, unit


def test_every_file_of_deploy_that_is_named_exists() -> None:
    named = set(re.findall(r"\bdeploy/[\w./*-]+", MANUAL)) - {"deploy/compose/secrets/"}
    assert named
    for file in named:
        pattern = re.compile(re.escape(file).replace(r"\*", "[^/]*") + r"(/.*)?")
        assert any(pattern.fullmatch(held) for held in tracked()), file
