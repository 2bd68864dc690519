"""The posts and responses written for the demonstration, read from `posts.toml` and `responses.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Written:
    """One post. It stands since `hours` before the start, or is the `turn`-th published while the demonstration runs.

    `topic` and `place` name the problem that it reports; ordinary news has neither. `near` says why it only looks like
    one, `reprint` and `follows` which post it copies or takes up again.
    """

    id: int
    outlet: str
    title: str
    text: tuple[str, ...]
    hours: float | None = None
    turn: int | None = None
    topic: str | None = None
    place: str | None = None
    near: str | None = None
    reprint: int | None = None
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """A page that the county may publish on the problem of `post`: `kind` is "reply" or "outcome"."""

    post: int
    kind: str
    title: str
    text: tuple[str, ...]


def written() -> tuple[Written, ...]:
    """Return every post in the file's order."""
    return tuple(Written(**entry | {"text": paragraphs(entry["text"])}) for entry in _entries("posts"))


def responses() -> tuple[Response, ...]:
    """Return every response in the file's order."""
    return tuple(Response(**entry | {"text": paragraphs(entry["text"])}) for entry in _entries("responses"))


def paragraphs(text: str) -> tuple[str, ...]:
    """Return the lines of `text` that hold something, without blanks around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _entries(name: str) -> list[dict[str, Any]]:
    file = resources.files("huiying.example") / f"{name}.toml"
    entries: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))[name]
    return entries
