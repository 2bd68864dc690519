"""What tests of deploy/ run: programs of the system, and the one command line that all of them describe."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.core
from typer.main import get_command

from huiying.cli import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
_YAML = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"


def program(name: str) -> str:
    """Return the path of a program; skip without it, or fail where CI is set."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not installed: deploy/setup-debian servers"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `command` and return what it wrote."""
    return subprocess.run(
        list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options
    )


def yaml(file: Path) -> Any:
    """Read a YAML file with Debian's python3-yaml, which docker-compose brings along."""
    program("docker-compose")
    done = subprocess.run(
        ["/usr/bin/python3", "-c", _YAML], input=file.read_bytes(), capture_output=True, check=True, timeout=30
    )
    return json.loads(done.stdout)


def tracked() -> set[str]:
    """Return the files of the tree that git holds or would take."""
    listed = run(program("git"), "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard")
    return set(listed.stdout.splitlines())


def complaint(arguments: Sequence[str]) -> str | None:
    """Say what the command would not understand of `huiying ARGUMENTS`, None where it understands all of it."""
    command, name, rest = get_command(app), "huiying", list(arguments)
    try:
        while isinstance(command, typer.core.TyperGroup):
            context = command.make_context(name, rest)
            found, inner, rest = command.resolve_command(context, rest)
            assert inner is not None
            command, name = inner, str(found)
        command.make_context(name, rest)
    except Exception as wrong:
        # typer brings a click of its own, whose errors it does not name in public.
        if not hasattr(wrong, "format_message"):
            raise
        return f"huiying {shlex.join(arguments)}: {wrong.format_message()}"
    return None
