"""What the commands share: language, secrets, an opened desk, sentences. Nothing else reads the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from huiying.core.errors import HuiyingError
from huiying.core.messages import LANGUAGES, text

if TYPE_CHECKING:
    from rich.progress import Progress

    from huiying.wiring import Runtime

_SECRET = "HUIYING_SECRET_"


def language() -> str:
    """Return the language of the command's sentences: HUIYING_LANGUAGE, Chinese where it is not set."""
    wanted = os.environ.get("HUIYING_LANGUAGE", "zh")
    return wanted if wanted in LANGUAGES else "zh"


def secrets(folder: Path) -> Mapping[str, str]:
    """Return passwords and keys by name: files of `secrets/` in the folder, those that systemd and containers give,
    and HUIYING_SECRET_NAME over them."""
    held = {}
    given = [os.environ[name] for name in ("CREDENTIALS_DIRECTORY", "HUIYING_SECRETS") if os.environ.get(name)]
    for place in (folder / "secrets", *map(Path, given)):
        for file in sorted(place.iterdir()) if place.is_dir() else ():
            if file.is_file():
                held[file.name] = _secret(file)
    for name, value in os.environ.items():
        if name.startswith(_SECRET):
            held[name.removeprefix(_SECRET).lower().replace("_", "-")] = value
    return held


def _secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as cause:
        detail = getattr(cause, "strerror", None) or type(cause).__name__
        raise HuiyingError("secret_unreadable", file=str(file), detail=detail) from cause


@contextmanager
def opened(folder: Path) -> Iterator[Runtime]:
    """Open the desk in `folder` for one command, and close it."""
    from huiying.wiring import open_desk

    runtime = open_desk(folder, secrets(folder))
    try:
        yield runtime
    finally:
        runtime.close()


def say(key: str, /, **fields: object) -> None:
    """Print a sentence of the catalogue."""
    typer.echo(text(f"cli.{key}", language(), **fields))


def complain(wrong: HuiyingError) -> None:
    """Print the sentence of an error on standard error."""
    typer.echo(wrong.sentence(language()), err=True)


@contextmanager
def progress(key: str) -> Iterator[Progress]:
    """Show on standard error that something is going on."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        bar.add_task(text(f"cli.{key}", language()), total=None)
        yield bar


def password(prompt: str, confirm: bool) -> str:
    """Return HUIYING_PASSWORD, or what is typed without being shown."""
    given = os.environ.get("HUIYING_PASSWORD")
    return given or typer.prompt(text(f"cli.{prompt}", language()), hide_input=True, confirmation_prompt=confirm)
