"""The image's recipe: who it runs as, what it copies, and that its own install steps make a command that runs."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.programs import DEPLOY, ROOT, complaint, run, tracked


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their arguments; lines that go on are joined."""
    written = re.sub(r"(?m)^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    lines = re.sub(r"\\\n\s*", " ", written).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line.strip()]


def stages() -> list[list[tuple[str, str]]]:
    made: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            made.append([])
        made[-1].append((name, rest))
    return made


def only(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for instruction, rest in stage if instruction == name]


def sources() -> list[str]:
    """Return what is copied out of the tree."""
    copies = [rest for rest in only(instructions(), "COPY") if not rest.startswith("--from=")]
    return [source for rest in copies for source in rest.split()[:-1]]


def test_every_instruction_is_one_of_dockers() -> None:
    known = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL"}
    assert {name for name, _ in instructions()} <= known | {"USER", "VOLUME", "WORKDIR"}
    # An instruction in JSON's form that is no JSON becomes a shell's line without a word.
    for name in ("CMD", "ENTRYPOINT"):
        assert all(isinstance(json.loads(rest), list) for rest in only(instructions(), name))
    health = only(instructions(), "HEALTHCHECK")[0]
    compile(json.loads(health[health.index("[") :])[2], "HEALTHCHECK", "exec")


def test_both_stages_are_on_the_same_python() -> None:
    bases = [only(stage, "FROM")[0].split(" AS ")[0] for stage in stages()]
    assert bases == ["python:3.11-slim-bookworm"] * 2


def test_the_last_stage_has_no_compiler_no_shell_form_and_a_number_for_its_user() -> None:
    last = stages()[-1]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", only(last, "USER")[-1])
    assert not re.search(r"apt-get|gcc|build-essential|pip ", " ".join(only(last, "RUN")))
    order = [name for name, _ in last]
    assert order.index("USER") > max(number for number, name in enumerate(order) if name in ("RUN", "COPY"))


def test_every_copied_source_is_in_git_and_reaches_the_build() -> None:
    files = tracked()
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    for source in sources():
        assert any(file == source or file.startswith(f"{source}/") for file in files), source
        assert let_in(source, rules), source
    assert not let_in("demo", rules)
    assert not let_in("deploy/compose", rules)
    assert not let_in(".git", rules)


def let_in(path: str, rules: list[str]) -> bool:
    """Say whether .dockerignore lets `path` into the build: the last rule that names it or a parent decides."""
    taken = True
    above = [path, *map(str, Path(path).parents)]
    for rule in rules:
        if any(fnmatch.fnmatch(each, rule.removeprefix("!")) for each in above if each != "."):
            taken = rule.startswith("!")
    return taken


def test_what_the_image_starts_exists() -> None:
    last = stages()[-1]
    assert json.loads(only(last, "ENTRYPOINT")[0]) == ["huiying"]
    assert complaint(json.loads(only(last, "CMD")[0])) is None


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.environ.get("HUIYING_PROFILE") != "long", reason="installs everything anew: make long")
def test_the_images_own_install_steps_make_a_command_that_runs(tmp_path: Path) -> None:
    source, venv = tmp_path / "src", tmp_path / "huiying"
    for file in tracked():
        if any(file == wanted or file.startswith(f"{wanted}/") for wanted in sources()):
            (source / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, source / file)
    for step in only(stages()[0], "RUN"):
        here = step.replace("python3 -m venv", "python3.11 -m venv").replace("/opt/huiying", str(venv))
        subprocess.run(["/bin/sh", "-c", here], cwd=source, check=True, timeout=800)
    assert run(venv / "bin/huiying", "version", cwd="/").returncode == 0
    made = run(venv / "bin/huiying", "demo", "--help", cwd="/")
    assert made.returncode == 0, made.stderr
    assert not list(venv.glob("bin/pip*"))
    assert not list(venv.glob("lib/python3.11/site-packages/tests"))
